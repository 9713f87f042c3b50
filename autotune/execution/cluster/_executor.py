"""Evaluations on a Dask cluster."""

from __future__ import annotations

import math
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

import dask
from distributed import rejoin, secede
from distributed.worker import thread_state

from ...evaluation import Job, Outcome
from ...history import CRASHED
from .._contract import ClusterLostError, Executor
from .._packing import failure
from ._client import LOOK, Cluster
from ._task import Parcel, read_answer

SILENT = 3 * LOOK  # seconds without an answer that say nothing yet


class DaskExecutor(Executor):
    """Runs jobs on the cluster of a ``distributed.Client``.

    Workers may join, leave and die while the search runs: the number of jobs in flight follows
    the cluster's number of threads, and what a lost worker ran is run again. In a task of the
    same cluster, the thread leaves the worker's pool while it waits, so that searches within
    searches cannot block each other.

    The cluster is lost when its client is closed, or when it has not answered, or has had no
    worker that is not frozen, for as long as Dask waits for a connection
    (``distributed.comm.timeouts.connect``, 30 seconds by default) or for ``patience``,
    whichever is longer. Where a job in flight may take only so many seconds, it is lost as soon
    as it has been silent for longer than the job has left, so that there is time to use what is
    known.

    Parameters
    ----------
    task : Task
    client : distributed.Client
    killable : bool, default=False
        Jobs must be able to be ended from outside: the workers run them in processes of their
        own.
    memory : int or None, default=None
        Bytes that a job may use, where it has a process of its own.
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
        parcel = Parcel(task, killable=killable, memory=memory)
        self._cluster = Cluster(client, parcel, alone=killable)
        timeout = dask.config.get("distributed.comm.timeouts.connect")
        self._patience = max(dask.utils.parse_timedelta(timeout), patience)
        self._jobs: dict[Future, Job] = {}
        self._due: dict[Future, float] = {}  # when a job should have ended
        self._outcomes: list[Outcome] = []
        self._away = False  # whether this thread has left the pool of a worker
        self._told = 0  # the number of workers that the caller knows of
        self._cluster.wait_for_workers(SILENT)

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it changes with the cluster
        """Threads of the cluster, now."""
        self._told = self._count()
        return self._told

    @property
    def delay(self) -> str:
        """That no worker has answered yet, empty if one has."""
        return "" if self._cluster.has_answered else "no worker of the Dask cluster has answered"

    def has_begun(self, job: Job) -> bool:
        """Tell whether a job may run: not while no worker has ever answered."""
        return self._cluster.has_answered

    def submit(self, job: Job) -> None:
        due = math.inf if job.seconds is None else time.monotonic() + job.seconds
        self._check_cluster(due)
        try:
            future = self._cluster.run(job)
        except Exception as error:  # picklers raise what the objects' code raises
            message = f"The configuration could not be sent: {type(error).__name__}: {error}"
            self._outcomes.append(failure(job, message))
            return
        self._jobs[future], self._due[future] = job, due

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait for at least one job to end, at most ``timeout`` seconds; return the ended.

        Return early, with nothing, when there is room for more jobs because a worker joined.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        while self._jobs and not self._outcomes:
            self._leave_pool()
            left = end - time.monotonic()
            done, _ = wait(self._jobs, min(LOOK, max(left, 0.0)), FIRST_COMPLETED)
            if not done:
                self._check_cluster(min(self._due[future] for future in self._jobs))
            for future in done:
                self._settle(future)
            if left <= 0 or self._count() > self._told:
                break
        if not self._jobs:
            self._enter_pool()
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def cancel(self, job: Job) -> bool:
        for future, other in self._jobs.items():
            if other is job:
                del self._jobs[future], self._due[future]
                self._cluster.cancel(future)
                return True
        return False

    def close(self) -> None:
        for future in self._jobs:
            self._cluster.cancel(future)
        self._jobs.clear()
        self._cluster.close(LOOK)
        self._enter_pool()

    def _count(self) -> int:
        """Return the number of the cluster's threads, one if it has none."""
        return max(1, sum(self._cluster.threads.values()))

    def _check_cluster(self, due: float = math.inf) -> None:
        """Raise if the cluster is lost, for a job that should end by some time."""
        if self._client.status in ("closing", "closed"):
            raise _lost(f"the client is {self._client.status}")
        patience = min(max(SILENT, due - time.monotonic()), self._patience)
        if self._cluster.silence > patience:
            raise _lost(f"{self._cluster.trouble}, for {self._cluster.silence:.0f} s")

    def _settle(self, future: Future) -> None:
        """Note the outcome of a job that has ended."""
        if future.cancelled():  # not by us
            raise _lost("its client was closed")
        job = self._jobs.pop(future)
        del self._due[future]
        error = future.exception()
        if error is None:
            self._outcomes.append(read_answer(future.result(), job))
            return
        self._check_cluster()
        outcome = failure(job, f"{type(error).__name__}: {error}", CRASHED)
        outcome.exception = error
        self._outcomes.append(outcome)

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


def _lost(reason: str) -> ClusterLostError:
    """Return the error that says why there is no cluster any more."""
    return ClusterLostError(f"the Dask cluster cannot be reached: {reason}")
