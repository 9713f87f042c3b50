"""WHERE evaluations run, and how one is carried out."""

from .._history import COMPLETE, CRASHED, FAILED, FULL, TIMEOUT, Evaluation
from ._build import CHOSEN, build
from ._contract import ClusterLostError, Executor
from ._evaluate import Task
from ._executor import local_parallelism, make_executor
from ._fidelity import count_classes, count_rows, count_units
from ._inline import InlineExecutor
from ._job import REFIT, Fold, Job, Outcome
from ._prefix import PrefixCache
from ._processes import WorkerStartError
from ._shipping import UnsendableError
from ._watched import run_watched

__all__ = [
    "CHOSEN",
    "COMPLETE",
    "CRASHED",
    "FAILED",
    "FULL",
    "REFIT",
    "TIMEOUT",
    "ClusterLostError",
    "Evaluation",
    "Executor",
    "Fold",
    "InlineExecutor",
    "Job",
    "Outcome",
    "PrefixCache",
    "Task",
    "UnsendableError",
    "WorkerStartError",
    "build",
    "count_classes",
    "count_rows",
    "count_units",
    "local_parallelism",
    "make_executor",
    "run_watched",
]
