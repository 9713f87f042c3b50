"""What tests of executors share: making jobs, waiting for outcomes, looking for leftovers."""

from __future__ import annotations

import gc
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from waiting import PATIENCE, until

from autotune.evaluation._job import Job
from autotune.execution.processes import _pool, _server_link
from autotune.execution.processes._executor import ProcessExecutor
from autotune.history import COMPLETE, REFIT, SEARCH


def job(trial: int = 0, seconds: float | None = None, fold: int | None = 0, **params) -> Job:
    """Return a job, a last fit if it has no fold."""
    phase = REFIT if fold is None else SEARCH
    return Job(trial, fold, params, seed=trial, seconds=seconds, phase=phase)


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


def meet(executor: ProcessExecutor, folder: Path) -> set[int]:
    """Wait until all workers are there at the same time, and return their numbers."""
    paths = [folder / f"worker-{trial}" for trial in range(executor.n_workers)]

    def wait_for_others(path: Path) -> int:
        path.touch()
        until(lambda: all(other.exists() for other in paths))
        return os.getpid()

    for trial, path in enumerate(paths):
        executor.submit(call(lambda data, path=path: wait_for_others(path), trial))
    return {outcome.model for outcome in collect(executor, len(paths))}


def expire(executor: ProcessExecutor) -> None:
    """Let the time of every job be up that a worker runs under a limit of ``PATIENCE``."""
    for worker in executor._workers.values():
        worker.began -= PATIENCE


def hold_servers(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """End the idle servers, and return a file without which no other is up."""
    gate, command = folder / "gate", _server_link.command

    def wait_first(*arguments):
        *start, program = command(*arguments)
        wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
        return [*start, wait + program]

    monkeypatch.setattr(_server_link, "command", wait_first)
    _pool.close()
    return gate


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, be it this very moment."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def lines(path: Path) -> list[str]:
    """Return the lines of a file, none if it is not there yet."""
    return path.read_text().splitlines() if path.exists() else []


def read_pid(path: Path) -> int:
    """Return the process number in a file as soon as it is there."""
    return int(until(lambda: lines(path))[0])


def belongings() -> set:
    """Return this process's open files, its threads and all processes below it.

    To be compared one by one: what other tests have left to the collector or to a time limit
    may go in the meantime, and must not make up for something new. Servers that wait for
    another search end first.
    """
    _pool.close()
    gc.collect()
    return {*_open_files(), *threading.enumerate(), *psutil.Process().children(recursive=True)}


def _open_files() -> set[tuple[int, int, int]]:
    """Return the open files, each by its number and by what it is."""
    files = set()
    for number in os.listdir("/dev/fd") if os.path.isdir("/dev/fd") else []:
        with suppress(OSError):  # the one with which the folder was read
            status = os.fstat(int(number))
            files.add((int(number), status.st_dev, status.st_ino))
    return files


def shared_folders() -> list[Path]:
    """Return the folders with data for workers."""
    return list(Path(os.environ["JOBLIB_TEMP_FOLDER"]).glob("autotune-*"))
