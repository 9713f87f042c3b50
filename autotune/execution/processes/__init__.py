"""Worker processes of this machine, which can be killed at any moment."""

from ._executor import ProcessExecutor, WorkerStartError

__all__ = ["ProcessExecutor", "WorkerStartError"]
