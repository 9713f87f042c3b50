"""Where evaluations run."""

from ._contract import ClusterLostError, Executor
from ._executor import local_parallelism, make_executor
from ._futures import FuturesBackend, FuturesExecutor
from ._inline import InlineExecutor
from ._packing import UnsendableError
from ._watched import run_watched
from .processes import WorkerStartError

__all__ = [
    "ClusterLostError",
    "Executor",
    "FuturesBackend",
    "FuturesExecutor",
    "InlineExecutor",
    "UnsendableError",
    "WorkerStartError",
    "local_parallelism",
    "make_executor",
    "run_watched",
]
