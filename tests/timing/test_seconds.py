from __future__ import annotations

import os
import time
import warnings

import numpy as np
import psutil
import pytest
from estimators import Faulty, Forking, FullHang
from sklearn.exceptions import FitFailedWarning
from waiting import PATIENCE, Stopwatch, until

from autotune import AutoTunedClassifier, Budget
from autotune.execution.processes import _pool, _worker_state

X = np.arange(120.0).reshape(60, 2)
y = np.arange(60) % 3 // 2

FATES = {  # fault: status, what the error says
    "hang": ("timeout", "did not end within"),
    "hang_in_c": ("timeout", "did not end within"),
    "stop": ("timeout", "did not end within"),
    "exit": ("crashed", "exited with code 3"),
    "segfault": ("crashed", "SIGSEGV"),
    "kill": ("crashed", "SIGKILL"),
    "leak": ("crashed", "memory limit of 500 MB"),
    "raise": ("failed", "this configuration does not work"),
}


def count_files() -> int:
    """Return the number of open files, without those of servers that wait for another fit."""
    if not hasattr(psutil.Process, "num_fds"):
        return 0
    n_idle = len(_pool.idle_servers())  # closes the connections to those that have ended
    return psutil.Process().num_fds() - n_idle


def fit(model: AutoTunedClassifier, seconds: float, match: str | None = None) -> list[str]:
    """Fit, check that the promise is kept, and return what was warned of."""
    files = count_files()
    with Stopwatch() as watch, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert watch.seconds <= seconds + max(0.05 * seconds, 1.0)
    assert model.predict(X).shape == y.shape
    assert count_files() <= files
    messages = [str(warning.message) for warning in caught]
    if match is not None:
        assert any(match in message for message in messages), messages
    return messages


def tuned(estimator, space, **parameters) -> AutoTunedClassifier:
    parameters = {"strategy": "grid", "cv": 2, "include_default": False, **parameters}
    return AutoTunedClassifier(estimator, space, **parameters)


def status(model, **params) -> set[str]:
    """Return the statuses of the trials with these parameters."""
    matching = [t for t in model.history_ if params.items() <= t.params.items()]
    return {trial.status for trial in matching}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_candidate_that_hangs(n_jobs):
    """Check that a hanging candidate costs its own time and no other candidate."""
    model = tuned(
        Faulty(),
        {"fault": ["hang_in_c", "none", "exit"]},
        budget=Budget(seconds=60, seconds_per_trial=3),
        n_jobs=n_jobs,
    )
    fit(model, 60, match="2 of 3 trials failed")
    assert status(model, fault="none") == {"complete"}
    assert status(model, fault="hang_in_c") == {"timeout"}
    assert status(model, fault="exit") == {"crashed"}
    assert model.best_params_["fault"] == "none"


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_fault(n_jobs, monkeypatch):
    """Check that each fault ends as it should, is reported, and innocents are complete."""
    monkeypatch.setattr(_worker_state, "EOF_GRACE", PATIENCE)  # that the server may take
    model = tuned(
        Faulty(),
        {"fault": ["none", *FATES, "memory_error"], "C": [1.0]},
        budget=Budget(seconds=60, seconds_per_trial=4, memory="500MB"),
        n_jobs=n_jobs,
    )
    fit(model, 60, match="of 10 trials failed")
    assert status(model, fault="none") == {"complete"}
    for fault, (expected, error) in FATES.items():
        (trial,) = [t for t in model.history_ if t.params["fault"] == fault]
        assert trial.status == expected, (fault, trial.error)
        assert error in trial.error, fault


@pytest.mark.slow
@pytest.mark.parametrize(("n_jobs", "fault"), [(1, "hang"), (2, "hang_in_c")])
def test_the_budget_ends_what_hangs(n_jobs, fault):
    """Check that a budget without a limit for one trial ends a candidate that hangs."""
    model = tuned(Faulty(), {"fault": ["none", fault]}, budget="10s", n_jobs=n_jobs)
    model.include_default = True  # it comes first; the order of a grid's points is the search's
    fit(model, 10)
    assert status(model, fault="none") == {"complete"}
    assert status(model, fault=fault) <= {"timeout", "interrupted"}
    assert model.best_params_ == {"fault": "none"}


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_default_that_hangs_in_the_folds(n_jobs):
    """Check that without any complete trial the default is fitted, within the budget."""
    slow_in_folds = _SlowInFolds()
    model = tuned(slow_in_folds, {"C": [1.0, 2.0]}, budget="8s", n_jobs=n_jobs)
    model.include_default = True
    fit(model, 8, match="no trial ended within the budget")
    assert model.best_params_ == {"C": 1.0}


@pytest.mark.slow
def test_a_default_that_always_hangs():
    """Check that the fit ends in time, with an error, if not even the default can be fitted."""
    model = tuned(Faulty(fault="hang"), {"C": [1.0, 2.0]}, budget="6s")
    model.include_default = True
    with (
        Stopwatch() as watch,
        pytest.warns(FitFailedWarning, match="no trial ended within the budget"),
        pytest.raises(TimeoutError, match=r"the refit of trial 0 failed: .* did not end within"),
    ):
        model.fit(X, y)
    assert watch.seconds < 7


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_refit_that_hangs(n_jobs):
    """Check that a winner that hangs on all rows gives way to the fastest complete trial."""
    model = tuned(FullHang(rows=40), {"C": [0.5, 2.0]}, budget="8s", n_jobs=n_jobs)
    fit(model, 8, match="is used instead")
    results = model.cv_results_  # in a budget of seconds, a grid is visited in random order
    ranks = dict(zip(results["param_C"], results["rank_test_score"], strict=True))
    assert ranks == {2.0: 1, 0.5: 2}
    assert model.best_params_ == {"C": 0.5}
    assert model.best_estimator_.C == 0.5


@pytest.mark.slow
def test_what_a_candidate_started_ends_with_the_fit(tmp_path):
    """Check that the processes of candidates that hang are gone after the fit."""
    note = tmp_path / "note"
    model = tuned(
        Forking(str(note), detached=True),
        {"fault": ["hang", "none"]},
        budget=Budget(seconds=12, seconds_per_trial=2),
    )
    fit(model, 12)
    pid = int(note.read_text())
    until(lambda: not psutil.pid_exists(pid))  # nor a zombie


def test_a_model_that_cannot_travel_is_fitted_here():
    """Check that a fitted model that cannot be sent back is fitted again in this process."""
    model = tuned(_HoldsGenerator(), {"C": [1.0, 2.0]}, budget=Budget(seconds=20, trials=2))
    fit(model, 20)
    assert next(model.best_estimator_.stream_) == os.getpid()


class _SlowInFolds(Faulty):
    """Hangs on a part of the rows."""

    def __init__(self, C=1.0):
        super().__init__("none", C)

    def fit(self, X, y):
        if len(X) < 60:
            time.sleep(3600)
        return super().fit(X, y)


class _HoldsGenerator(Faulty):
    """Holds something that cannot be pickled, once it is fitted."""

    def __init__(self, C=1.0):
        super().__init__("none", C)

    def fit(self, X, y):
        self.stream_ = (os.getpid() for _ in range(1))
        return super().fit(X, y)
