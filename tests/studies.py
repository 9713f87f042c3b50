"""What tests of storage share: a toy study, child processes that carry it out, comparisons."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import sys
import tempfile
import time
import warnings
from contextlib import closing
from functools import cache
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import KFold
from waiting import PATIENCE

from autotune import AutoTunedClassifier, Bayes
from autotune.storage import _journal
from autotune.storage._database import open_to_write

N_ROWS, N_FOLDS, REFIT = 24, 3, "refit"
# The first column numbers the rows, so that a fit can tell which fold it is.
X = np.column_stack([np.arange(N_ROWS), np.tile([0.1, 0.4, 0.6, 0.9], N_ROWS // 4)])
Y = (X[:, 1] > 0.5).astype(int)

STRATEGIES: dict[str, dict[str, Any]] = {
    "grid": {"space": {"cut": [0.0, 0.2, 0.5, 0.7], "shift": [0, 1]}, "budget": None},
    "random": {"space": {"cut": (0.0, 1.0), "shift": (0, 5)}, "budget": 8},
    "bayes": {"space": {"cut": (0.0, 1.0), "shift": (0, 5)}, "budget": 8},
}


class Cut(ClassifierMixin, BaseEstimator):
    """Predicts by a fixed threshold, and reports each fit to the file that TOY_LOG names.

    TOY_HOLD is the number of the first fit that does not end by itself, so that whoever wants
    to meet the study in the middle need not hurry, or a file with that number, which ``let_go``
    raises; TOY_KILL is the number of the last one.

    Parameters
    ----------
    cut : float
        The threshold.
    shift : int
        Makes the score depend on the rows, so that folds differ.
    """

    def __init__(self, cut: float = 0.5, shift: int = 0):
        self.cut = cut
        self.shift = shift

    def fit(self, X: Any, y: Any) -> Cut:
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        rows = set(X[:, 0].astype(int))
        size = N_ROWS // N_FOLDS
        missing = [fold for fold in range(N_FOLDS) if fold * size not in rows]
        self._report(missing[0] if missing else REFIT)
        return self

    def _report(self, fold: int) -> None:
        """Write which fit this is; pause, and end the process, where that is asked for."""
        log = os.environ.get("TOY_LOG")
        if log is None:
            return
        n_stored = count_evaluations(os.environ["TOY_DB"]) if "TOY_DB" in os.environ else None
        entry = {"cut": float(self.cut), "shift": int(self.shift), "fold": fold, "n": n_stored}
        with Path(log).open("a") as file:
            file.write(json.dumps(entry) + "\n")
        n_fits = len(Path(log).read_text().splitlines())
        if os.environ.get("TOY_KILL", "never") in (str(n_fits), "refit" if fold == REFIT else ""):
            os.kill(os.getpid(), signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while n_fits >= _first_held() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(float(os.environ.get("TOY_PAUSE", "0")))

    def predict(self, X: Any) -> np.ndarray:
        noise = np.sin(X[:, 0] * (1 + self.shift)) / 4
        return self.classes_[(X[:, 1] + noise > self.cut).astype(int)]


def _first_held() -> float:
    """Return the number of the first fit that does not end by itself."""
    hold = os.environ.get("TOY_HOLD", "inf")
    return float(Path(hold).read_text() if os.sep in hold else hold)


def let_go(hold: Path, number: float) -> None:
    """Let fits end, up to a number, that a file holds."""
    new = hold.with_suffix(".new")
    new.write_text(str(number))
    new.replace(hold)  # nobody reads half of it


def open_without_waiting(path: Any) -> sqlite3.Connection:
    """Open a storage file for a writer that does not wait for the disk."""
    connection = open_to_write(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def count_evaluations(path: Any) -> int:
    """Return how many evaluations another connection sees in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM evaluations").fetchone()[0]


def tuner(strategy: str = "random", **settings: Any) -> AutoTunedClassifier:
    """Return an estimator that tunes the toy model."""
    settings = {"random_state": 0, "cv": KFold(N_FOLDS), **STRATEGIES[strategy], **settings}
    # The design of a Bayesian search depends on the budget unless it is said.
    method = Bayes(n_initial=4, n_candidates=50) if strategy == "bayes" else strategy
    return AutoTunedClassifier(Cut(), settings.pop("space"), strategy=method, **settings)


def entries(log: Path) -> list[dict[str, Any]]:
    """Return what fits have reported."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def identity(entry: dict[str, Any]) -> tuple:
    """Return which evaluation a fit belongs to."""
    return entry["cut"], entry["shift"], entry["fold"]


def stored(path: Path) -> set[tuple]:
    """Return the identities of the evaluations in a file, of whatever study."""
    statement = "SELECT params, fold FROM evaluations JOIN trials USING (study, trial)"
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        rows = connection.execute(statement).fetchall() if tables else []
    return {(*(json.loads(p)[name] for name in ("cut", "shift")), fold) for p, fold in rows}


def check_integrity(path: Path) -> None:
    """Check that SQLite finds nothing wrong in a file."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def summary(model: AutoTunedClassifier) -> dict[str, Any]:
    """Return what two fits share if they came to the same: all results but the times."""
    results = {
        name: np.ma.filled(column, None).tolist() if isinstance(column, np.ndarray) else column
        for name, column in model.cv_results_.items()
        if not name.endswith("_time")
    }
    return {
        "results": repr(results),  # NaN is NaN here
        "best": (model.best_index_, model.best_params_, model.best_score_),
        "predictions": model.predict(X).tolist(),
    }


@cache
def _context() -> Any:
    """Return what starts children that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["studies"])
    with pytest.MonkeyPatch.context() as patch:
        # The server looks for the modules where Python does, not where pytest does.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        ensure_running()
    return context


def start(function: Any, *args: Any, **environment: Any) -> Any:
    """Start a function in a child process with some environment variables."""
    variables = {name: str(value) for name, value in environment.items()}
    for name in ("TMPDIR", "JOBLIB_TEMP_FOLDER"):
        variables[name] = os.environ[name]
    child = _context().Process(target=_call, args=(function, args, variables))
    child.start()
    return child


def run(function: Any, *args: Any, **environment: Any) -> int:
    """Carry out a function in a child process and return its exit code."""
    child = start(function, *args, **environment)
    child.join(PATIENCE)
    assert child.exitcode is not None, "the child did not end"
    return child.exitcode


def _call(function: Any, args: tuple, variables: dict[str, str]) -> None:
    os.environ.update(variables)
    tempfile.tempdir = variables["TMPDIR"]
    _journal.open_to_write = open_without_waiting
    warnings.simplefilter("error")
    function(*args)


def fit(strategy: str, settings: dict[str, Any]) -> None:
    """Carry out the toy study; for a child."""
    tuner(strategy, **settings).fit(X, Y)
