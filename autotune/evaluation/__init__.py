"""HOW one evaluation is carried out: job, task, build, fidelity, prefix reuse."""

from ._build import CHOSEN, build
from ._fidelity import count_classes, count_rows, count_units
from ._job import Fold, Job, Outcome
from ._prefix import PrefixCache
from ._task import Task, note_warnings

__all__ = [
    "CHOSEN",
    "Fold",
    "Job",
    "Outcome",
    "PrefixCache",
    "Task",
    "build",
    "count_classes",
    "count_rows",
    "count_units",
    "note_warnings",
]
