"""Jobs with prescribed behaviour, for the checks."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from ..evaluation import Job, Outcome, Task
from ..execution import Executor
from ..history import COMPLETE, REFIT, SEARCH
from ._checks import require

MakeExecutor = Callable[[Any], Executor]

PATIENCE = 30.0  # seconds after which nothing more is hoped for
MOMENT = 0.2  # seconds in which something that must not happen would happen
LOOK = 0.01  # seconds between looks at a file
FAILURE = "this configuration does not work"
TWO_FOLDS = [(np.arange(0, 8), np.arange(8, 12)), (np.arange(4, 12), np.arange(4))]


class Probe(ClassifierMixin, BaseEstimator):
    """A classifier with prescribed behaviour in ``fit``, which it records in a folder.

    Parameters
    ----------
    deed : str
        ``"fit"``, which does nothing else, or one of ``_DEEDS``.
    folder : str
        Where it writes files about its progress, and waits for others.
    number : int
        Identifies its files.
    """

    def __init__(self, deed: Any = "fit", folder: str = "", number: int = 0):
        self.deed = deed
        self.folder = folder
        self.number = number

    def fit(self, X: Any, y: Any) -> Probe:
        here = f"{os.getpid()} {threading.get_ident()}"
        _write(Path(self.folder, "log"), f"{self.number}\n", os.O_APPEND)
        _write(self._path("begun"), here, os.O_TRUNC)
        _DEEDS.get(self.deed, lambda probe: None)(self)
        _write(self._path("ended"), here, os.O_TRUNC)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.full(len(X), self.classes_[0])

    def _path(self, what: str) -> Path:
        """Return the file that says something about this job."""
        return Path(self.folder, f"{what}-{self.number}")


def _write(path: Path, text: str, how: int) -> None:
    """Write text to a file, without an object that an ended thread would leave open."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | how)
    os.write(file, text.encode())
    os.close(file)


class Unpicklable(Exception):
    """An exception that cannot be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("it stays where it was raised")


class Unloadable(Exception):
    """An exception that can be pickled, but not unpickled."""

    def __reduce__(self) -> Any:
        return _refuse_to_load, ()


class Unsendable:
    """A value that can be copied but not pickled."""

    def __deepcopy__(self, memo: Any) -> Unsendable:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("it stays where it was made")


def _refuse_to_load() -> None:
    raise RuntimeError("it cannot be unpickled")


def _raise(error: BaseException) -> None:
    raise error


def _wait(probe: Probe) -> None:
    """Wait until the gate is open, for longer than any check waits."""
    gate, end = probe._path("gate"), time.monotonic() + 2 * PATIENCE
    while not gate.exists() and gate.parent.exists():
        if time.monotonic() > end:
            raise TimeoutError("the job was not released")
        time.sleep(LOOK)


def _keep_a_lock(probe: Probe) -> None:
    probe.lock_ = threading.Lock()


_DEEDS = {
    "raise": lambda probe: _raise(ValueError(FAILURE)),
    "raise what cannot be pickled": lambda probe: _raise(Unpicklable(FAILURE)),
    "raise what cannot be unpickled": lambda probe: _raise(Unloadable(FAILURE)),
    "raise SystemExit": lambda probe: _raise(SystemExit(FAILURE)),
    "wait": _wait,
    "pause": lambda probe: time.sleep(0.3),
    "exit": lambda probe: os._exit(3),
    "die": lambda probe: os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM)),
    "keep a lock": _keep_a_lock,
}


def _score(estimator: Any, X: Any, y: Any) -> float:
    return float(np.mean(estimator.predict(X) == y))


def probe_task() -> Task:
    """Return a task whose jobs do what their parameters say."""
    X, y = np.zeros((12, 1)), np.tile([0, 1], 6)
    return Task(estimator=Probe(), X=X, y=y, folds=TWO_FOLDS, scorer=_score)


class Room:
    """A folder in which jobs record what they do, and wait to be released."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="check-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)

    def __enter__(self) -> Room:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: Any, traceback: TracebackType | None
    ) -> None:
        self._folder.cleanup()  # for jobs that wait, all gates are open now

    def job(
        self,
        number: int,
        deed: Any = "fit",
        *,
        fold: int | None = 0,
        seconds: float | None = None,
    ) -> Job:
        """Return a job, a last fit if it has no fold; its number is that of its trial."""
        params = {"deed": deed, "folder": str(self.path), "number": number}
        phase = REFIT if fold is None else SEARCH
        return Job(number, fold, params, seed=number, seconds=seconds, phase=phase)

    def has(self, what: str, number: int) -> bool:
        """Return whether a job has noted that it has ``"begun"`` or ``"ended"``."""
        return (self.path / f"{what}-{number}").exists()

    def open(self, *numbers: int) -> None:
        """Let jobs go on."""
        for number in numbers:
            (self.path / f"gate-{number}").touch()

    def begun(self) -> list[int]:
        """Return the numbers of the jobs, in the order in which they began for the first time."""
        log = self.path / "log"
        return list(dict.fromkeys(map(int, log.read_text().split()))) if log.exists() else []

    def ran_here(self, number: int) -> bool:
        """Return whether a job ran in the thread that asks."""
        where = (self.path / f"begun-{number}").read_text()
        return where == f"{os.getpid()} {threading.get_ident()}"


def collect(executor: Executor, n_jobs: int) -> list[Outcome]:
    """Return the outcomes of the jobs that an executor was given."""
    outcomes: list[Outcome] = []
    end = time.monotonic() + PATIENCE
    while len(outcomes) < n_jobs and time.monotonic() < end:
        outcomes += executor.collect(end - time.monotonic())
    numbers = [outcome.evaluation.trial for outcome in outcomes]
    require(
        len(outcomes) == n_jobs,
        f"{n_jobs} jobs were to end, but there are outcomes of the jobs {numbers!r}",
    )
    return outcomes


def collect_some(executor: Executor) -> list[Outcome]:
    """Return the outcomes of jobs that end next, at least one."""
    end = time.monotonic() + PATIENCE
    while not (outcomes := executor.collect(end - time.monotonic())):
        require(time.monotonic() < end, f"no outcome came within {PATIENCE:g} s")
    return outcomes


def run(executor: Executor, job: Job) -> Outcome:
    """Return the outcome of a job, the only one in flight."""
    executor.submit(job)
    return collect(executor, 1)[0]


def hold(executor: Executor, room: Room, *jobs: Job) -> None:
    """Start jobs that wait, and return when all of them have begun."""
    for job in jobs:
        executor.submit(job)
    end = time.monotonic() + PATIENCE
    while missing := [job.trial for job in jobs if not room.has("begun", job.trial)]:
        outcomes = executor.collect(5 * LOOK)  # some executors start jobs meanwhile
        require(not outcomes, f"there are outcomes of jobs that still run: {outcomes!r}")
        require(
            time.monotonic() < end,
            f"of {len(jobs)} jobs in flight {len(missing)} never began beside the others",
        )


def runs_here(executor: Executor, room: Room) -> bool:
    """Return whether an executor runs jobs in the thread that collects them."""
    number = 1_000_000
    run(executor, room.job(number))
    return room.ran_here(number)


def require_complete(outcome: Outcome) -> None:
    """Fail unless a job ended as it should."""
    evaluation = outcome.evaluation
    require(
        evaluation.status == COMPLETE,
        f"a job that works ended as {evaluation.status!r}: {evaluation.error}",
    )


def require_silence(executor: Executor) -> None:
    """Fail if there are outcomes where none is due."""
    outcomes = executor.collect(MOMENT)
    require(outcomes == [], f"collect returned {outcomes!r} when no job was left")
