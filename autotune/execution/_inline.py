"""Evaluations in the main process, one after another."""

from __future__ import annotations

from collections import deque
from typing import Any

from ..evaluation import Job, Outcome
from ._contract import Executor
from ._watched import run_watched


class InlineExecutor(Executor):
    """Runs a job when its outcome is collected.

    A job with a time limit runs in a thread and is abandoned when it exceeds the limit: a thread
    cannot be killed while it runs compiled code, but the search continues.
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
