"""Local worker processes that can be killed."""

from ._executor import ProcessExecutor, WorkerStartError
from ._shared import SharedProcesses

__all__ = ["ProcessExecutor", "SharedProcesses", "WorkerStartError"]
