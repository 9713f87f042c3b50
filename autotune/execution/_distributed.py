"""Evaluations on a Dask cluster."""

from __future__ import annotations

import math
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from .._history import CRASHED, TIMEOUT, Evaluation
from ._contract import Executor, Job, Outcome


class DaskExecutor(Executor):
    """Runs jobs on the cluster of a ``distributed.Client``.

    The task is scattered to all workers once. Workers may join, leave and die while the
    search runs: the number of jobs in flight follows the cluster's number of threads, and
    Dask itself runs the jobs of a lost worker again. A job whose time is up is abandoned: it
    counts as ``"timeout"`` at once, but keeps its thread of the cluster until it ends.

    Parameters
    ----------
    task : Task
    client : distributed.Client
    """

    def __init__(self, task: Any, client: Any):
        self._client = client
        self._task = client.scatter(task, broadcast=True, hash=False)
        self._pool = client.get_executor(pure=False)
        self._jobs: dict[Future, tuple[Job, float]] = {}

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it changes with the cluster
        """Threads of the cluster, now."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, job: Job) -> None:
        end = math.inf if job.seconds is None else time.monotonic() + job.seconds
        self._jobs[self._pool.submit(_run, self._task, job)] = job, end

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        now = time.monotonic()
        until = min([end for _, end in self._jobs.values()], default=math.inf)
        until = until if timeout is None else min(until, now + timeout)
        patience = None if math.isinf(until) else max(until - now, 0.0)
        done, running = wait(self._jobs, patience, FIRST_COMPLETED)
        outcomes = [_outcome(future, self._jobs.pop(future)[0]) for future in done]
        for future in running:
            job, end = self._jobs[future]
            if end <= time.monotonic():
                outcomes.append(self._abandon(future, job))
        return outcomes

    def _abandon(self, future: Future, job: Job) -> Outcome:
        """Give up a job whose time is up."""
        del self._jobs[future]
        future.cancel()
        error = f"The evaluation did not end within {job.seconds:.3g} s"
        fit_time = job.seconds or 0.0
        return Outcome(
            Evaluation(job.trial, job.fold, job.fidelity, TIMEOUT, fit_time=fit_time, error=error)
        )

    def cancel(self, job: Job) -> bool:
        for future, (other, _) in list(self._jobs.items()):
            if other is job:
                del self._jobs[future]
                future.cancel()
                return True
        return False

    def close(self) -> None:
        for future in self._jobs:
            future.cancel()
        self._jobs.clear()
        self._pool.shutdown(wait=False)
        self._task.release()


def _run(task: Any, job: Job) -> Outcome:
    """Run a job; executed on a worker of the cluster."""
    return task.run(job)


def _outcome(future: Future, job: Job) -> Outcome:
    """Return a job's outcome, also where the cluster could not run it."""
    exception = future.exception()
    if exception is None:
        return future.result()
    evaluation = Evaluation(
        job.trial, job.fold, job.fidelity, CRASHED, error=f"{type(exception).__name__}: {exception}"
    )
    return Outcome(evaluation, exception=exception)
