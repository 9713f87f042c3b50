"""Evaluations in any executor of ``concurrent.futures``."""

from __future__ import annotations

import math
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ThreadPoolExecutor, wait
from concurrent.futures import Executor as Pool
from dataclasses import dataclass
from typing import Any

import sklearn
from joblib.parallel import ParallelBackendBase

from ..evaluation import Job, Outcome
from ..history import CRASHED
from ._contract import ClusterLostError, Executor
from ._packing import failure
from ._payload import Payload
from ._pool_worker import forget, read_answer, run

LOOK = 0.5  # seconds between looks at whether there is a pool


class FuturesBackend(ParallelBackendBase):
    """A joblib backend that runs jobs in an executor of ``concurrent.futures``.

    Evaluations then run in the pool. With a budget in seconds, each one runs in a process of its
    own on the machine of the pool's worker, so that it can be killed if it takes too long.

    Parameters
    ----------
    pool : concurrent.futures.Executor
        The caller must shut it down.
    n_workers : int
        The number of workers of the pool, used for ``n_jobs=-1`` and ``n_jobs=None``.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import joblib
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from autotune import AutoTunedClassifier
    >>> from autotune.execution import FuturesBackend
    >>> X, y = load_iris(return_X_y=True)
    >>> model = AutoTunedClassifier(DecisionTreeClassifier(), budget=10, random_state=0)
    >>> with ThreadPoolExecutor(2) as pool:
    ...     with joblib.parallel_config(backend=FuturesBackend(pool, 2)):
    ...         model = model.fit(X, y)
    >>> len(model.history_)
    10
    """

    supports_retrieve_callback = True

    def __init__(self, pool: Pool, n_workers: int, **settings: Any):
        super().__init__(**settings)
        self.pool = pool
        self.n_workers = self.default_n_jobs = n_workers

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Return how many jobs run at the same time."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None or n_jobs >= self.n_workers:
            return self.n_workers
        return n_jobs if n_jobs > 0 else max(1, self.n_workers + 1 + n_jobs)

    def submit(self, func: Any, callback: Any = None) -> Future:
        """Run a joblib batch in the pool."""
        future = self.pool.submit(func)
        future.add_done_callback(callback)
        return future

    apply_async = submit  # as older versions of joblib call it

    def retrieve_result_callback(self, out: Future) -> Any:
        """Return the result of a batch."""
        return out.result()


@dataclass(eq=False)
class _PendingJob:
    """A job without an outcome; ``due`` is its deadline."""

    job: Job
    payload: Payload
    due: float


class FuturesExecutor(Executor):
    """Runs jobs in an executor of ``concurrent.futures``.

    Parameters
    ----------
    task : Task
    pool : concurrent.futures.Executor
        Its workers must be able to import this package.
    n_workers : int
        The number of jobs that the pool runs at the same time.
    shutdown : bool, default=False
        Whether ``close`` shuts the pool down.

    Raises
    ------
    TypeError
        If the task cannot be pickled, except with a ``ThreadPoolExecutor``.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from autotune.execution import FuturesExecutor
    >>> from autotune.testing import check_executor
    >>> check_executor(lambda task: FuturesExecutor(task, ThreadPoolExecutor(2), 2, shutdown=True))
    """

    def __init__(self, task: Any, pool: Pool, n_workers: int, *, shutdown: bool = False):
        self._n_workers = n_workers
        self._pool = pool
        self._shutdown = shutdown
        self._task = Payload((task, sklearn.get_config()), "the estimator, the data or the scoring")
        if not isinstance(pool, ThreadPoolExecutor):
            self._task.pack()
        self._jobs: dict[Future, _PendingJob] = {}
        self._outcomes: list[Outcome] = []

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # a cluster's changes
        return self._n_workers

    def submit(self, job: Job) -> None:
        due = math.inf if job.seconds is None else time.monotonic() + job.seconds
        self._send(_PendingJob(job, Payload(job, "the configuration"), due), self._task.key)

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while self._jobs and not self._outcomes:
            left = max(end - time.monotonic(), 0.0)
            done, others = wait(self._jobs, min(left, LOOK), FIRST_COMPLETED)
            for future in done | {other for other in others if other.cancelled()}:
                self._settle(future)
            if not left or not (self._outcomes or self._keeps_waiting()):
                break
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def cancel(self, job: Job) -> bool:
        for future, pending in self._jobs.items():
            if pending.job is job and self._cancel(future):
                del self._jobs[future]
                return True
        return False

    def close(self) -> None:
        for future in self._jobs:
            self._cancel(future)
        self._jobs.clear()
        forget(self._task.key)
        if self._shutdown:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _cancel(self, future: Future) -> bool:
        """Cancel a job that has no outcome yet; return whether that was possible."""
        return future.cancel() or future.done()

    def _keeps_waiting(self) -> bool:
        """Return whether there is no news for the caller."""
        return True

    def _send(self, pending: _PendingJob, task: Payload | str) -> None:
        """Send a job to the pool, with the task or its key."""
        try:
            future = self._pool.submit(run, task, pending.payload)
        except RuntimeError as error:  # it is broken, or was shut down
            raise _lost(error) from error
        self._jobs[future] = pending

    def _settle(self, future: Future) -> None:
        """Record the outcome of a job."""
        pending = self._jobs.pop(future)
        error = BrokenExecutor("it was shut down") if future.cancelled() else future.exception()
        if error is not None:
            self._outcomes.append(self._crash(pending.job, error))
        elif future.result() is None:
            self._send(pending, self._task)
        else:
            self._outcomes.append(read_answer(future.result(), pending.job))

    def _crash(self, job: Job, error: BaseException) -> Outcome:
        """Return the outcome of a job whose future raised."""
        if isinstance(error, BrokenExecutor):
            raise _lost(error) from error
        outcome = failure(job, f"{type(error).__name__}: {error}", CRASHED)
        outcome.exception = error
        return outcome


def _lost(error: BaseException) -> ClusterLostError:
    """Return the error for a pool that was lost."""
    return ClusterLostError(f"the pool of workers can no longer be used: {error}")
