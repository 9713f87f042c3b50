"""WHERE evaluations run, and how one is carried out."""

from ..evaluation import (
    CHOSEN,
    Fold,
    Job,
    Outcome,
    PrefixCache,
    Task,
    build,
    count_classes,
    count_rows,
    count_units,
)
from ..history import (
    COMPARISON,
    COMPLETE,
    CRASHED,
    FAILED,
    FULL,
    REFIT,
    SEARCH,
    TIMEOUT,
    Evaluation,
    Key,
)
from ._contract import ClusterLostError, Executor
from ._executor import local_parallelism, make_executor
from ._inline import InlineExecutor
from ._packing import UnsendableError
from ._watched import run_watched
from .processes import WorkerStartError

__all__ = [
    "CHOSEN",
    "COMPARISON",
    "COMPLETE",
    "CRASHED",
    "FAILED",
    "FULL",
    "REFIT",
    "SEARCH",
    "TIMEOUT",
    "ClusterLostError",
    "Evaluation",
    "Executor",
    "Fold",
    "InlineExecutor",
    "Job",
    "Key",
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
