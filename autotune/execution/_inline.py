"""Evaluations in this process, one after another, and in its threads."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from sklearn import config_context, get_config

from ..evaluation import Job, Outcome
from ._contract import Executor
from ._watched import run_watched


class InlineExecutor(Executor):
    """Runs a job when its result is asked for.

    A job with a limit runs in a thread, and is given up when that is reached: the thread cannot
    be ended while it is in compiled code, but the search goes on.
    """

    def __init__(self, task: Any):
        self.task = task
        self._jobs: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        if not self._jobs:
            return []
        job = self._jobs.popleft()
        return [self.task.run(job) if job.seconds is None else run_watched(self.task, job)]

    def close(self) -> None:
        self._jobs.clear()


class ThreadExecutor(Executor):
    """Runs jobs in threads, for models that release the interpreter's lock."""

    def __init__(self, task: Any, n_workers: int):
        self.task = task
        self.n_workers = n_workers
        self._config = get_config()
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="autotune")
        self._running: set[Future] = set()

    def submit(self, job: Job) -> None:
        self._running.add(self._pool.submit(self._run, job))

    def _run(self, job: Job) -> Outcome:
        """Run a job under the configuration of the thread that made the executor."""
        with config_context(**self._config):
            return self.task.run(job)

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        done, self._running = wait(self._running, timeout, FIRST_COMPLETED)
        return [future.result() for future in done]

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
