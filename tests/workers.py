"""What tests of executors share: making jobs, waiting for outcomes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from autotune._history import COMPLETE
from autotune.execution._contract import Job
from autotune.execution._processes import ProcessExecutor

PATIENCE = 60.0  # seconds; only a broken executor uses them up


def job(trial: int = 0, seconds: float | None = None, fold: int = 0, **params) -> Job:
    return Job(trial, fold, params, seed=trial, seconds=seconds)


def call(function, trial: int = 0) -> Job:
    return job(trial, call=function)


def collect(executor: ProcessExecutor, n: int) -> list:
    """Return the next ``n`` outcomes."""
    outcomes: list = []
    end = time.monotonic() + PATIENCE
    while len(outcomes) < n and time.monotonic() < end:
        outcomes += executor.collect(end - time.monotonic())
    assert len(outcomes) == n
    return outcomes


def run(executor: ProcessExecutor, one: Job):
    """Return the outcome of one job."""
    executor.submit(one)
    return collect(executor, 1)[0]


def answer(executor: ProcessExecutor, function, trial: int = 0):
    """Return what a function returns in a worker."""
    outcome = run(executor, call(function, trial))
    assert outcome.evaluation.status == COMPLETE, outcome.evaluation.error
    return outcome.model


def until(condition) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def shared_folders() -> list[Path]:
    """Return the folders with data for workers."""
    return list(Path(os.environ["JOBLIB_TEMP_FOLDER"]).glob("autotune-*"))
