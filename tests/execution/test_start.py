"""Searches whose workers start late or never: the budget is kept, and the reason is said."""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pytest
from estimators import Faulty
from fakes import FakeExecutor, FakeTime
from sklearn.tree import DecisionTreeClassifier
from test_processes import script
from waiting import PATIENCE, until
from workers import is_gone

from autotune import AutoTunedClassifier
from autotune.evaluation import Job, Outcome
from autotune.execution import WorkerStartError
from autotune.execution.processes import _pool
from autotune.execution.processes import _server_link as _servers
from autotune.history import COMPLETE, INTERRUPTED, Evaluation, Key, Trial
from autotune.timing._clock import Clock
from autotune.tuning._last_fit import Refit

X = np.arange(120.0).reshape(60, 2)
y = np.arange(60) % 3 // 2


@pytest.fixture(autouse=True)
def _no_server():
    """Let each test begin and end without a server."""
    _pool.close()
    yield
    _pool.close()


def fit(
    model, seconds: float, space=None, strategy="random"
) -> tuple[AutoTunedClassifier, list[str]]:
    """Fit within a budget, check that it is kept, and return what was warned of."""
    if space is None:
        space = {"max_depth": [None, 1, 9]} if hasattr(model, "max_depth") else {"C": (1, 9)}
    tuned = AutoTunedClassifier(
        model, space, strategy=strategy, cv=2, budget=f"{seconds}s", random_state=0
    )
    began = time.monotonic()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tuned.fit(X, y)
    # A server that never starts would be waited for 60 s.
    assert time.monotonic() - began < seconds + 30
    assert tuned.predict(X).shape == y.shape
    return tuned, [str(warning.message) for warning in caught]


@pytest.fixture
def never(monkeypatch):
    """Have servers hang before they are up."""
    hang = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(_servers, "command", lambda *_: hang)


def test_a_well_known_model_needs_no_worker(never):
    """Check that the default is evaluated and fitted, and what was missing is said."""
    tuned, messages = fit(DecisionTreeClassifier(), 3.0)
    assert [trial.status for trial in tuned.history_][:1] == [COMPLETE]
    assert tuned.default_score_ == tuned.best_score_
    assert any("2 evaluations ended within 3 s" in m and "still starting" in m for m in messages)


def test_a_default_outside_of_the_space_is_moved_first(never):
    """Check that what needs no worker is not a default that cannot win."""
    tuned, _ = fit(DecisionTreeClassifier(), 3.0, {"max_depth": (2, 9)}, "bayes")
    assert [trial.status for trial in tuned.history_][:2] == [INTERRUPTED, COMPLETE]
    assert tuned.best_params_ == {"max_depth": 9}


def test_another_model_is_fitted_without_a_search(never):
    """Check that a model that waited for workers in vain is fitted in the end."""
    tuned, messages = fit(Faulty(), 1.0)
    assert not list(tuned.history_.evaluations())
    assert any("0 evaluations ended within 1 s" in m and "still starting" in m for m in messages)


def test_a_model_that_hangs_says_what_took_the_time(never):
    """Check that the error tells that the fit took long, and that no worker was there."""
    message = r"did not end within .* s in this process; worker processes were still starting"
    with pytest.raises(TimeoutError, match=message):
        fit(Endless(), 1.0)


class Endless(Faulty):
    def fit(self, X, y):
        while True:
            time.sleep(0.01)


EXECUTABLES = {
    "": "sys.executable is empty",
    "/no/such/python": "No such file or directory",
    "/bin/false": "The worker server ended",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the programs are those of Linux")
@pytest.mark.parametrize("executable", EXECUTABLES)
def test_without_an_interpreter(executable, monkeypatch):
    """Check that the search goes on in this process, with one warning that says why."""
    monkeypatch.setattr(sys, "executable", executable)
    tuned, messages = fit(DecisionTreeClassifier(), 30.0)  # the space is exhausted long before
    assert len(tuned.history_) > 1
    (message,) = messages
    assert EXECUTABLES[executable] in message
    assert "this process" in message


LIMITED = """
import os, resource, sys, warnings
import numpy as np
from sklearn.tree import DecisionTreeClassifier
from autotune import AutoTunedClassifier

X = np.random.default_rng(0).normal(size=(400, 20))
y = (X[:, 0] > 0).astype(int)

{limit}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", UserWarning)
    tuned = AutoTunedClassifier(
        DecisionTreeClassifier(), {{"max_depth": (1, 9)}}, strategy="random", budget="30s"
    ).fit(X, y)
print(len(tuned.history_) > 1, [str(w.message) for w in caught if w.category is UserWarning])
"""
LIMITS = {
    "a full disk": (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))",
        "File too large",
    ),
    "no temporary folder": ("os.environ['JOBLIB_TEMP_FOLDER'] = '/proc'", "/proc/"),
    "no more files": (
        "used = len(os.listdir('/proc/self/fd'))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))",
        "Too many open files",
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")
@pytest.mark.parametrize("limit", LIMITS)
def test_limits_of_the_machine(limit, tmp_path):
    """Check that where workers cannot have what they need, the search goes on in this process."""
    change, reason = LIMITS[limit]
    with script(LIMITED.format(limit=change), tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert output.startswith("True ["), output
    assert reason in output
    assert output.count("this process") == 1


SLOW = """
import os, sys, time
from pathlib import Path

Path("slow_library.py").write_text('''
import os, time
if os.environ.get("SLOW"): time.sleep(600)
from sklearn.tree import DecisionTreeClassifier
class Slow(DecisionTreeClassifier): pass
''')
from slow_library import Slow
os.environ["SLOW"] = "1"
import warnings
from sklearn.datasets import load_iris
from autotune import AutoTunedClassifier

X, y = load_iris(return_X_y=True)
began = time.monotonic()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", UserWarning)
    model = AutoTunedClassifier(Slow(), {"max_depth": (1, 9)}, budget="8s").fit(X, y)
print(time.monotonic() - began < 16, model.score(X, y) > 0.9, [str(w.message) for w in caught])
"""


@pytest.mark.slow
def test_a_library_that_takes_long_to_import(tmp_path):
    """Check that the budget is kept, the model is fitted, and the library is named."""
    with script(SLOW, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert output.startswith("True True ["), output
    assert "worker processes were still importing 'slow_library'" in output


class LateExecutor(FakeExecutor):
    """Ends no job; says that one begins after some seconds, or raises.

    Parameters
    ----------
    now : FakeTime
    begins : float
        Seconds.
    error : Exception or None
    """

    can_kill = True

    def __init__(self, now: FakeTime, begins: float, error: Exception | None = None):
        super().__init__()
        self.now, self.begins, self.error = now, begins, error
        self.cancelled: list[float] = []

    @property
    def delay(self) -> str:
        return "" if self.now() >= self.begins + 1000 else "no worker yet"

    def has_begun(self, job: Job) -> bool:
        return not self.delay

    def submit(self, job: Job) -> None:
        if self.error is not None:
            raise self.error

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        assert timeout is not None
        self.now.seconds += timeout
        return []

    def cancel(self, job: Job) -> bool:
        self.cancelled.append(self.now.seconds - 1000)
        return True


class QuickTask:
    """Fits in this process at once."""

    estimator = None
    X = np.zeros((100, 1))
    folds = ((np.arange(50), np.arange(50, 100)),)

    def run(self, job: Job) -> Outcome:
        return Outcome(job.evaluation(), model="here")


def last_fit(known: float | None, begins: float, error=None):
    """Return what a refit of 10 s comes to, and when it was taken from the workers."""
    now = FakeTime()
    executor = LateExecutor(now, begins, error)
    refit = Refit(QuickTask(), executor, Clock(10.0, now), 0, None)
    trial = Trial(0, {}, "default")
    if known is not None:
        trial.evaluations[Key(0)] = Evaluation(0, 0, fit_time=known)
    return refit._fit(trial, 10.0).model, executor.cancelled


@pytest.mark.parametrize(("known", "taken"), [(0.1, []), (None, [5.0])])
def test_a_last_fit_that_cannot_begin(known, taken):
    """Check that it is made in this process: at once if it is fast, else after half the time."""
    assert last_fit(known, begins=99.0) == ("here", taken)


def test_a_last_fit_that_has_begun_is_not_made_here():
    """Check that what a worker has been given has all the time, and is a timeout then."""
    with pytest.raises(TimeoutError, match=r"it did not end within 10 s$"):
        last_fit(None, begins=4.0)


def test_a_last_fit_without_workers():
    """Check that it is made in this process, with a warning, when workers cannot be started."""
    error = WorkerStartError("worker processes cannot be started: no room")
    with pytest.warns(UserWarning, match="no room; the last fit is made in this process"):
        assert last_fit(None, 99.0, error)[0] == "here"


def test_what_is_starting_when_fit_ends_is_not_left(never):
    """Check that a server that never comes up ends with the pool."""
    fit(DecisionTreeClassifier(), 0.5)
    (server,) = until(lambda: _pool.idle_servers() - {None})
    _pool.close()
    until(lambda: is_gone(server))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the program is that of Linux")
def test_many_rows_without_workers(monkeypatch):
    """Check that a search that goes on in this process takes as few rows as it has time for."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    rows = np.random.default_rng(0).normal(size=(20_000, 2))
    model = SlowOnManyRows()
    tuned = AutoTunedClassifier(model, {"C": (0.1, 1.0)}, cv=2, budget="8s", random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tuned.fit(rows, (rows[:, 0] > 0).astype(int))
    assert sum("cannot be started" in str(warning.message) for warning in caught) == 1
    assert tuned.history_.share < 1
    assert tuned.history_[0].status == COMPLETE


class SlowOnManyRows(Faulty):
    def fit(self, X, y):
        end = time.monotonic() + 40 * (len(X) / 20_000) ** 2
        while time.monotonic() < end:
            time.sleep(0.01)
        return super().fit(X, y)
