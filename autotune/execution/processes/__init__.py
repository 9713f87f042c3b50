"""Worker processes of this machine, which can be killed at any moment."""

from ._executor import ProcessExecutor, WorkerStartError
from ._shared import SharedProcesses

__all__ = ["ProcessExecutor", "SharedProcesses", "WorkerStartError"]
