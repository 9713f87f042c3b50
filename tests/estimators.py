"""Toy estimators and tasks that go wrong in every way that matters, on demand.

They import little, so that worker processes load them at once.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from waiting import PATIENCE

from autotune.evaluation._job import Job, Outcome
from autotune.history import FAILED, REFIT


def _hang() -> None:
    while True:
        time.sleep(3600)


def _hang_in_c() -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")  # exponential, and holds the interpreter's lock


def _raise() -> None:
    raise ValueError("this configuration does not work")


def _leak() -> None:
    blocks = [np.ones(4_000_000) for _ in range(20)]  # 32 MB each
    time.sleep(PATIENCE)
    raise AssertionError(f"nobody minded {len(blocks)} blocks")


def _raise_memory_error() -> None:
    raise MemoryError("Unable to allocate 1. PiB")


def _close_files() -> None:
    os.closerange(3, 256)
    _hang()


FAULTS = {
    "none": lambda: None,
    "raise": _raise,
    "sys_exit": lambda: sys.exit("stop"),
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    "memory_error": _raise_memory_error,
    "hang": _hang,
    "hang_in_c": _hang_in_c,
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill_parent": lambda: (os.kill(os.getppid(), signal.SIGKILL), _hang()),
    "close_files": _close_files,
    "leak": _leak,
    "print": lambda: print("a word from the fit"),
}


class Faulty(ClassifierMixin, BaseEstimator):
    """A classifier that predicts the commonest class, if its ``fit`` gets that far.

    Parameters
    ----------
    fault : str, default="none"
        A key of ``FAULTS``.
    C : float, default=1.0
        Has no effect; something to tune.
    """

    def __init__(self, fault: str = "none", C: float = 1.0):
        self.fault = fault
        self.C = C

    def fit(self, X: Any, y: Any) -> Faulty:
        FAULTS[self.fault]()
        self.classes_, counts = np.unique(y, return_counts=True)
        self.commonest_ = self.classes_[counts.argmax()]
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.full(np.shape(X)[0], self.commonest_)


class Forking(Faulty):
    """Starts a process that sleeps for ever, writes its number to a file, then fails.

    Parameters
    ----------
    note : str
        The file.
    detached : bool, default=False
        The process has its own session.
    fault, C
        As in ``Faulty``.
    """

    def __init__(self, note: str = "", detached: bool = False, fault: str = "none", C: float = 1.0):
        super().__init__(fault, C)
        self.note = note
        self.detached = detached

    def fit(self, X: Any, y: Any) -> Forking:
        command = [sys.executable, "-S", "-c", "import time; time.sleep(3600)"]
        # The child keeps every file open, as one that was forked would.
        child = subprocess.Popen(command, start_new_session=self.detached, close_fds=False)
        Path(self.note).write_text(str(child.pid))
        return super().fit(X, y)


class ToyTask:
    """A task without folds and scorers: a job names a method, or the parameters of ``Faulty``.

    Parameters
    ----------
    data : object
        What a real task would fit on.
    """

    def __init__(self, data: Any = None):
        self.data = data

    def run(self, job: Job) -> Outcome:
        """Carry out a job; an exception becomes a failed evaluation."""
        outcome = Outcome(job.evaluation(scores={"score": 1.0}))
        params = dict(job.params)
        try:
            function = params.pop("call", None)
            if function is not None:
                outcome.model = function(self.data)
            else:
                model = (Forking if "note" in params else Faulty)(**params)
                model.fit(np.zeros((4, 1)), np.array([0, 1, 1, 1]))
                outcome.model = model if job.phase == REFIT else None
        except Exception as error:  # what a fit raises is data
            outcome.evaluation.status = FAILED
            outcome.evaluation.scores = {}
            outcome.evaluation.error = traceback.format_exc()
            outcome.exception = error
        return outcome


class Moody(ClassifierMixin, BaseEstimator):
    """A classifier that predicts the commonest class and goes wrong where it is told to.

    Parameters
    ----------
    mood : {"good", "fit", "predict", "warn"}, default="good"
        Where it raises, or that it warns in ``fit``.
    level : float, default=0.0
        Has no effect but that scorers may read it; something to tune.
    """

    def __init__(self, mood: str = "good", level: float = 0.0):
        self.mood = mood
        self.level = level

    def fit(self, X: Any, y: Any) -> Moody:
        if self.mood == "fit":
            raise RuntimeError(f"no fit at level {self.level}")
        if self.mood == "warn":
            warnings.warn("a word of caution", UserWarning, stacklevel=2)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.commonest_ = self.classes_[counts.argmax()]
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X: Any) -> np.ndarray:
        if self.mood == "predict":
            raise RuntimeError(f"no prediction at level {self.level}")
        return np.full(np.shape(X)[0], self.commonest_)


class Recorded(np.ndarray):
    """An array that notes in a file whenever it is pickled or unpickled, and where."""

    log: Path | None = None  # only what ``of`` made has one, not what is cut from it

    @classmethod
    def of(cls, array: np.ndarray, log: Path) -> Recorded:
        recorded = np.array(array).view(cls)
        recorded.log = log
        return recorded

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.log is None:
            return super().__reduce_ex__(protocol)
        _note(self.log, "pickled")
        return _unpickle_recorded, (np.array(self), self.log)


def _unpickle_recorded(array: np.ndarray, log: Path) -> Recorded:
    _note(log, "unpickled")
    return Recorded.of(array, log)


def _note(log: Path, event: str) -> None:
    with log.open("a") as file:
        file.write(f"{event} {os.getpid()}\n")


class FullHang(Faulty):
    """Hangs where ``C`` is over 1 and there are more than ``rows`` rows, as a refit has.

    Parameters
    ----------
    fault, C
        As in ``Faulty``; predicts better, the larger ``C`` is.
    rows : int, default=100
        The largest number of rows that it can bear.
    """

    def __init__(self, fault: str = "none", C: float = 1.0, rows: int = 100):
        super().__init__(fault, C)
        self.rows = rows

    def fit(self, X: Any, y: Any) -> FullHang:
        if self.C > 1 and len(X) > self.rows:
            _hang()
        return super().fit(X, y)

    def score(self, X: Any, y: Any) -> float:
        return float(self.C)


class Scripted(RegressorMixin, BaseEstimator):
    """A regressor whose scores are known beforehand; score it with ``scripted_score``.

    Parameters
    ----------
    first, repeat : float or str
        Its score where the validation rows stand together, as in a ``KFold`` that does not
        shuffle, and elsewhere; a text is the message of an exception.
    pause : float
        Seconds that its ``fit`` takes.
    """

    def __init__(self, first: Any = 0.5, repeat: Any = 0.5, pause: float = 0.0):
        self.first = first
        self.repeat = repeat
        self.pause = pause

    def fit(self, X: Any, y: Any) -> Scripted:
        time.sleep(self.pause)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.zeros(len(X))


def scripted_score(model: Scripted, X: Any, y: Any) -> float:
    """Return the score that the model was given; the first column of X numbers the rows."""
    together = np.ptp(X[:, 0]) + 1 == len(X)
    score = model.first if together else model.repeat
    if isinstance(score, str):
        raise ValueError(score)
    return score


class Silent:
    """Answers no question: whoever asks for its text, truth, length or equality gets an error."""

    def _refuse(self, *args):
        raise RuntimeError("ask me nothing")

    __repr__ = __bool__ = __len__ = __eq__ = __ne__ = __hash__ = _refuse


class SilentModel(Silent, ClassifierMixin, BaseEstimator):
    """A model that answers no question about itself, and takes any values."""

    def __init__(self, first=None, second=None):
        self.first = first
        self.second = second

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y, sample_weight=None):
        return 0.5
