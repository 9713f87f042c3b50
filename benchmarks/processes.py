"""What worker processes cost: the start, a round trip, a replacement, the end.

Run as ``python benchmarks/processes.py``; all numbers are medians.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from sklearn.svm import SVC

from autotune.evaluation._job import Job, Outcome
from autotune.execution.processes._executor import ProcessExecutor
from autotune.history import Evaluation

N_STARTS = 5
N_TRIPS = 2000


class Task:
    """Holds a model and 8 MB of data; sleeps or does nothing."""

    def __init__(self):
        self.model = SVC()
        self.X = np.zeros((10_000, 100))

    def run(self, job: Job) -> Outcome:
        """Sleep as long as the job says."""
        time.sleep(job.params.get("sleep", 0.0))
        return Outcome(Evaluation(job.trial, job.fold))


def run(executor: ProcessExecutor, seconds: float | None = None, **params: float) -> float:
    """Return the seconds that a job takes, there and back."""
    began = time.perf_counter()
    executor.submit(Job(0, 0, params, seed=0, seconds=seconds))
    while not executor.collect():
        pass
    return time.perf_counter() - began


def measure(launcher: str, n_workers: int) -> dict[str, float]:
    """Return milliseconds of each step."""
    steps: dict[str, list[float]] = {}
    for _ in range(N_STARTS):
        began = time.perf_counter()
        executor = ProcessExecutor(Task(), n_workers, launcher=launcher)
        steps.setdefault("construction", []).append(time.perf_counter() - began)
        run(executor)
        steps.setdefault("first result", []).append(time.perf_counter() - began)
        trips = [run(executor) for _ in range(N_TRIPS)]
        steps.setdefault("round trip", []).append(statistics.median(trips))
        steps.setdefault("overrun at a kill", []).append(run(executor, 0.1, sleep=60.0) - 0.1)
        steps.setdefault("result after a kill", []).append(run(executor))
        executor.submit(Job(0, 0, {"sleep": 60.0}, seed=0))
        began = time.perf_counter()
        executor.close()
        steps.setdefault("close", []).append(time.perf_counter() - began)
    return {step: 1000 * statistics.median(times) for step, times in steps.items()}


for launcher in ("fork", "spawn"):
    for n_workers in (1, 2):
        print(f"{launcher}, {n_workers} workers, in milliseconds")
        for step, milliseconds in measure(launcher, n_workers).items():
            print(f"  {step:20} {milliseconds:9.2f}")
