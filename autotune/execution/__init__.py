"""WHERE evaluations run, and how one is carried out."""

from ..evaluation import (
    CHOSEN,
    REFIT,
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
from ..history import COMPLETE, CRASHED, FAILED, FULL, TIMEOUT, Evaluation
from ._contract import ClusterLostError, Executor
from ._executor import local_parallelism, make_executor
from ._futures import FuturesBackend, FuturesExecutor
from ._inline import InlineExecutor
from ._packing import UnsendableError
from ._watched import run_watched
from .processes import WorkerStartError

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
    "FuturesBackend",
    "FuturesExecutor",
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
