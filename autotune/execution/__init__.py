"""WHERE evaluations run, and how one is carried out."""

from ._build import CHOSEN, build
from ._contract import REFIT, Executor, Job, Outcome
from ._evaluate import Task
from ._executor import make_executor
from ._inline import InlineExecutor
from ._processes import WorkerStartError
from ._shipping import UnsendableError

__all__ = [
    "CHOSEN",
    "REFIT",
    "Executor",
    "InlineExecutor",
    "Job",
    "Outcome",
    "Task",
    "UnsendableError",
    "WorkerStartError",
    "build",
    "make_executor",
]
