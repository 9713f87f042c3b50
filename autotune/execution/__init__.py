"""WHERE evaluations run, and how one is carried out."""

from ._build import CHOSEN, build
from ._contract import REFIT, Executor, Job, Outcome
from ._evaluate import Task
from ._executor import make_executor

__all__ = [
    "CHOSEN",
    "REFIT",
    "Executor",
    "Job",
    "Outcome",
    "Task",
    "build",
    "make_executor",
]
