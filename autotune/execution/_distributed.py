"""Evaluations on a Dask cluster."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from .._history import CRASHED, Evaluation
from ._contract import Executor, Job, Outcome


class DaskExecutor(Executor):
    """Runs jobs on the cluster of a ``distributed.Client``.

    The task is scattered to all workers once. Workers may join, leave and die while the
    search runs: the number of jobs in flight follows the cluster's number of threads, and
    Dask itself runs the jobs of a lost worker again.

    Parameters
    ----------
    task : Task
    client : distributed.Client
    """

    def __init__(self, task: Any, client: Any):
        self._client = client
        self._task = client.scatter(task, broadcast=True, hash=False)
        self._pool = client.get_executor(pure=False)
        self._jobs: dict[Future, Job] = {}

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it changes with the cluster
        """Threads of the cluster, now."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, job: Job) -> None:
        self._jobs[self._pool.submit(_run, self._task, job)] = job

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        done, _ = wait(self._jobs, timeout, FIRST_COMPLETED)
        return [_outcome(future, self._jobs.pop(future)) for future in done]

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
