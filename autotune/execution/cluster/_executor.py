"""Evaluations on a Dask cluster."""

from __future__ import annotations

import math
import time
from concurrent.futures import BrokenExecutor, Future
from typing import Any

import dask
from distributed import get_worker, rejoin, secede
from distributed.worker import thread_state

from ...evaluation import Job, Outcome
from .._contract import ClusterLostError
from .._futures import LOOK, FuturesExecutor
from ..processes import SharedProcesses
from ._client import Cluster

SILENT = 3 * LOOK  # seconds without an answer that say nothing yet


class DaskExecutor(FuturesExecutor):
    """Runs jobs on the cluster of a ``distributed.Client``.

    Workers may join, leave and die during the search: the number of running jobs follows the
    cluster's number of threads, and the jobs of a lost worker are run again. In a task of the
    same cluster, the thread leaves the worker's pool while it waits, so that searches within
    searches cannot block each other.

    The cluster is lost when its client is closed, or when it has not answered, or has had no
    worker that is not frozen, for as long as Dask waits for a connection
    (``distributed.comm.timeouts.connect``, 30 seconds by default) or for ``patience``,
    whichever is longer. If running jobs have a time limit, it is lost as soon as it has been
    silent for longer than the time that they have left, so that there is time to use the results
    so far.

    Parameters
    ----------
    task : Task
    client : distributed.Client
    killable : bool, default=False
        Whether jobs must be killable: they then run in processes that a worker's threads share.
    memory : int or None, default=None
        Bytes that a job may use if it has a process of its own.
    patience : float, default=0
        Seconds to wait for a worker, at least.

    Raises
    ------
    TypeError
        If the task cannot be pickled.
    """

    def __init__(
        self,
        task: Any,
        client: Any,
        *,
        killable: bool = False,
        memory: int | None = None,
        patience: float = 0.0,
    ):
        self.can_kill = killable
        self._client = client
        timeout = dask.config.get("distributed.comm.timeouts.connect")
        self._patience = max(dask.utils.parse_timedelta(timeout), patience)
        self._away = False  # whether this thread has left the pool of a worker
        self._cluster = Cluster(client, alone=killable)
        task = _Processes(task, memory) if killable else task
        super().__init__(task, self._cluster, 1, shutdown=True)
        self._cluster.open(self._task, SILENT)
        self._reported = self.n_workers  # the last number that the caller has seen

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it changes with the cluster
        """Threads of the cluster, now; one if it has none."""
        return max(1, sum(self._cluster.threads.values()))

    @property
    def delay(self) -> str:
        """That no worker has answered yet, empty if one has."""
        return "" if self._cluster.has_answered else "no worker of the Dask cluster has answered"

    def has_begun(self, job: Job) -> bool:
        """Return whether any worker has answered, so that jobs may be running."""
        return self._cluster.has_answered

    def submit(self, job: Job) -> None:
        self._check_cluster(math.inf if job.seconds is None else time.monotonic() + job.seconds)
        super().submit(job)

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait up to ``timeout`` seconds for a job to end; return all outcomes so far.

        Return early, without outcomes, if a worker has joined.
        """
        if self._jobs:
            self._leave_pool()
        outcomes = super().collect(timeout)
        if not self._jobs:
            self._enter_pool()
        return outcomes

    def close(self) -> None:
        super().close()
        self._enter_pool()

    def _cancel(self, future: Future) -> bool:
        return self._cluster.cancel(future)

    def _keeps_waiting(self) -> bool:
        self._check_cluster(min((pending.due for pending in self._jobs.values()), default=math.inf))
        reported, self._reported = self._reported, self.n_workers
        return self._reported <= reported

    def _check_cluster(self, due: float = math.inf) -> None:
        """Raise if the cluster is lost, for a job that should end by some time."""
        if self._client.status in ("closing", "closed"):
            raise _lost(f"the client is {self._client.status}")
        patience = min(max(SILENT, due - time.monotonic()), self._patience)
        if self._cluster.silence > patience:
            raise _lost(f"{self._cluster.trouble}, for {self._cluster.silence:.0f} s")

    def _crash(self, job: Job, error: BaseException) -> Outcome:
        if isinstance(error, BrokenExecutor):  # not by us
            raise _lost("its client was closed")
        self._check_cluster()
        return super()._crash(job, error)

    # Searches inside tasks

    def _leave_pool(self) -> None:
        """Let the worker start another task while this one waits, if this is one."""
        if not self._away and hasattr(thread_state, "execution_state"):
            secede()
            self._away = True

    def _enter_pool(self) -> None:
        """Undo ``_leave_pool``."""
        if self._away:
            self._away = False
            rejoin()


class _Processes(SharedProcesses):
    """Processes that are shared by the threads of a Dask worker."""

    def is_wanted(self) -> bool:
        task = get_worker().state.tasks.get(thread_state.key)
        return task is not None and task.state in ("executing", "long-running")


def _lost(reason: str) -> ClusterLostError:
    """Return the error for a cluster that was lost."""
    return ClusterLostError(f"the Dask cluster cannot be reached: {reason}")
