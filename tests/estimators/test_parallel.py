from __future__ import annotations

import os
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
import threadpoolctl
from estimators import ToyTask
from joblib.externals.loky import get_reusable_executor
from joblib.parallel import (
    MultiprocessingBackend,
    ParallelBackendBase,
    SequentialBackend,
    ThreadingBackend,
)
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
from waiting import until
from workers import lines

from autotune import AutoTunedClassifier
from autotune.execution import make_executor

SPACE = {"C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.1]}
X, y = load_iris(return_X_y=True)


class Witness(ClassifierMixin, BaseEstimator):
    """Notes in which process it is fitted, beside how many, and with how many threads.

    Its fit does not end before so many have begun, so that those that run side by side meet.
    """

    def __init__(self, note="", C=1.0, meet=1):
        self.note = note
        self.C = C
        self.meet = meet

    def fit(self, X, y):
        begin = time.time()
        with Path(f"{self.note}.begun").open("a") as file:
            file.write("a fit\n")
        until(lambda: len(lines(Path(f"{self.note}.begun"))) >= self.meet)
        np.ones((2, 2)) @ np.ones((2, 2))
        threads = max(pool["num_threads"] for pool in threadpoolctl.threadpool_info())
        joblib_workers = joblib.effective_n_jobs(-1)
        time.sleep(0.05)  # so that there is time for one too many
        line = f"{os.getpid()} {begin} {time.time()} {threads} {joblib_workers}\n"
        with Path(self.note).open("a") as file:
            file.write(line)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def read(note):
    """Return the processes, the largest number of fits at once, and of threads in a fit."""
    rows = [line.split() for line in note.read_text().splitlines()]
    spans = [(float(begin), float(end)) for _, begin, end, _, _ in rows]
    at_once = max(sum(b <= begin < e for b, e in spans) for begin, _ in spans)
    threads = max(int(threads) for *_, threads, _ in rows)
    workers = max(int(workers) for *_, workers in rows)
    return {int(row[0]) for row in rows}, at_once, threads, workers


def tuned(note, meet=1, **parameters):
    space = {"C": [float(number) for number in range(6)]}
    return AutoTunedClassifier(
        Witness(str(note), meet=meet), space, strategy="grid", cv=2, refit=False, **parameters
    )


@pytest.mark.parametrize(
    ("backend", "n_jobs", "elsewhere"),
    [
        ("sequential", 2, False),
        ("threading", 2, False),
        ("loky", None, True),
        ("loky", 2, True),
        ("multiprocessing", 2, True),
    ],
)
def test_backends(tmp_path, backend, n_jobs, elsewhere):
    """Check that each joblib backend gives the same results, where and as wide as it says."""
    note = tmp_path / "note"
    alone = AutoTunedClassifier(SVC(), SPACE, strategy="grid", cv=3).fit(X, y)
    with joblib.parallel_config(backend, n_jobs=2):
        model = AutoTunedClassifier(SVC(), SPACE, strategy="grid", cv=3, n_jobs=n_jobs).fit(X, y)
        width = 1 if backend == "sequential" else 2
        tuned(note, width, n_jobs=n_jobs).fit(X, y)
    for name in ("mean_test_score", "rank_test_score"):
        np.testing.assert_array_equal(model.cv_results_[name], alone.cv_results_[name])
    pids, at_once, _, _ = read(note)
    assert (os.getpid() not in pids) == elsewhere
    assert at_once == width


@pytest.mark.slow
def test_all_cores(tmp_path):
    """Check that n_jobs=-1 uses each core once."""
    note = tmp_path / "note"
    tuned(note, n_jobs=-1).fit(X, y)
    _, at_once, threads, workers = read(note)
    assert at_once <= joblib.cpu_count()
    assert threads == 1 or joblib.cpu_count() == 1
    assert workers == 1


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [{}, {"n_jobs": None, "budget": "20s"}, {"n_jobs": 2}])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_inside_a_parallel_cross_validation(tmp_path, backend, parameters):
    """Check that searches inside parallel jobs start no more work than there is room for."""
    note = tmp_path / "note"
    model = tuned(note, **parameters).set_params(refit=True)
    with joblib.parallel_config(backend):
        cross_val_score(model, X, y, cv=2, n_jobs=2)
    if backend == "loky":
        get_reusable_executor().shutdown()  # its processes keep a server each
    pids, at_once, threads, workers = read(note)
    assert at_once <= 2 * (parameters.get("n_jobs") or 1)
    assert len(pids) <= 4 + (parameters.get("n_jobs") or 0)
    assert threads <= max(1, joblib.cpu_count() // 2) or backend == "threading"
    assert workers <= joblib.cpu_count()


def test_no_jobs():
    """Check that n_jobs=0 is refused."""
    with pytest.raises(ValueError, match=r"n_jobs must be .*; got 0"):
        AutoTunedClassifier(SVC(), SPACE, n_jobs=0).fit(X, y)


class Elsewhere(MultiprocessingBackend):
    """Is like Ray's: made from a local backend, for more cores than this machine has."""

    def effective_n_jobs(self, n_jobs):
        return 10_000


class Faraway(SequentialBackend):
    """Says nothing of where it runs."""


class Own(ParallelBackendBase):
    """Is somebody's own, and made from nothing."""

    def effective_n_jobs(self, n_jobs):
        return 10_000


class Sharing(ThreadingBackend):
    """Runs in threads of this process, whatever else it does."""


class Isolated(ThreadingBackend):
    """Does not."""

    supports_sharedmem = False


@pytest.fixture
def backends():
    """Register backends that nobody knows, for one test."""
    kinds = {
        "far.away": Faraway,
        "ray": Elsewhere,
        "own": Own,
        "sharing": Sharing,
        "isolated": Isolated,
    }
    for name, kind in kinds.items():
        joblib.register_parallel_backend(name, kind)
    yield
    for name in kinds:
        del joblib.parallel.BACKENDS[name]


CORES = joblib.cpu_count()
SEVERAL = "in .* of this machine" if CORES > 1 else "in this process"
INSTEAD = {
    ("ray", 2): (rf"'ray' \(.*\.Elsewhere\).* {SEVERAL}", min(2, CORES)),
    ("ray", 1): (r"'ray' \(.*\.Elsewhere\).* in this process", 1),
    ("ray", None): (r"'ray' \(.*\.Elsewhere\).* in this process", 1),
    ("own", -1): (rf"'own' \(.*\.Own\).* {SEVERAL}", CORES),
    ("own", None): (r"'own' \(.*\.Own\).* in this process", 1),
    ("far.away", -1): (r"'far.away' \(.*\.Faraway\)", CORES),
    ("isolated", 10_000): (r"'isolated' \(.*\.Isolated\)", CORES),
}


@pytest.mark.parametrize(("backend", "n_jobs"), INSTEAD)
def test_unknown_backends(backend, n_jobs, backends):
    """Check that an unknown backend is said, and what runs instead with how many jobs."""
    message, n_workers = INSTEAD[backend, n_jobs]
    with (
        joblib.parallel_config(backend=backend, n_jobs=n_jobs),
        pytest.warns(UserWarning, match=f"joblib backend {message}") as caught,
        make_executor(ToyTask(), None) as executor,
    ):
        assert executor.n_workers == n_workers
    assert len(caught) == 1


@pytest.mark.parametrize("name", ["loky", "multiprocessing", "threading", "sequential", "sharing"])
def test_known_backends(name, backends):
    """Check that nothing is said of the backends that are known, and of threads by another name."""
    expected = 1 if name == "sequential" else 2
    with (
        joblib.parallel_config(backend=name, n_jobs=2),
        make_executor(ToyTask(), None) as executor,
    ):
        assert executor.n_workers == expected


def test_an_unknown_backend_and_a_budget_of_seconds(backends):
    """Check that the warning names the line of the user, and is right for a single worker."""
    model = AutoTunedClassifier(SVC(), SPACE, strategy="grid", cv=2, budget="60s", n_jobs=1)
    with (
        joblib.parallel_config(backend="ray"),
        pytest.warns(UserWarning, match="they run in a worker process instead") as caught,
    ):
        model.fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
