"""Ctrl-C ends the workers, keeps what is known and raises ``KeyboardInterrupt``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from copy import deepcopy
from pathlib import Path

import numpy as np
import psutil
import pytest
import studies
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.tree import DecisionTreeClassifier
from studies import X, Y, check_integrity, entries, identity, start, stored, summary, tuner
from waiting import PATIENCE, until

from autotune import AutoTunedClassifier, Budget
from autotune.schedule import Full, Racing
from autotune.tuning import _search

WAYS = {
    "inline": {},
    "workers": {"n_jobs": 2},
    "seconds": {"budget": Budget(trials=8, seconds=120)},
}


def interrupted_fit(report: Path, settings: dict) -> None:
    """Fit until interrupted, and write what is left; for a child."""
    os.setsid()
    model = tuner(**settings)
    try:
        model.fit(X, Y)
    except KeyboardInterrupt:
        found = {"raised": True}
    else:
        found = {"raised": False}
    found["evaluations"] = sum(1 for _ in model.history_.evaluations())
    found["statuses"] = sorted({trial.status for trial in model.history_})
    found["children"] = len(psutil.Process().children(recursive=True))
    try:
        model.predict(X)
    except NotFittedError:
        found["predict"] = "not fitted"
    del os.environ["TOY_HOLD"]
    best = max(map(model.history_.score, model.history_), key=lambda score: (score == score, score))
    found["finished"] = deepcopy(model).finish(X, Y).best_score_ == best
    again = model.set_params(warm_start=True).fit(X, Y)
    found["summary"] = summary(again)
    report.write_text(json.dumps(found, default=repr))


def interrupt(log: Path, report: Path, settings: dict, *, group: bool, n_fits: int) -> dict:
    """Interrupt a child in the middle of the search; return its report."""
    child = start(interrupted_fit, report, settings, TOY_LOG=log, TOY_HOLD=n_fits)
    until(lambda: len(entries(log)) >= n_fits)
    (os.killpg if group else os.kill)(child.pid, signal.SIGINT)
    child.join(PATIENCE)
    assert child.exitcode == 0
    return json.loads(report.read_text())


@pytest.mark.parametrize("group", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("way", WAYS)
def test_interrupted(way, group, tmp_path):
    """Check that what had ended is in the history and on the disk, and nothing else goes on.

    A terminal interrupts the whole group of processes, ``kill`` only one.
    """
    log, path = tmp_path / "log", tmp_path / "tuning.db"
    settings = {"storage": path, "warm_start": True, **WAYS[way]}
    found = interrupt(log, tmp_path / "report", settings, group=group, n_fits=7)
    assert found["raised"]
    assert found["evaluations"] >= 7 - 2 * settings.get("n_jobs", 1)
    assert "running" not in found["statuses"]
    assert "failed" not in found["statuses"]
    assert found["children"] == 0
    assert found["predict"] == "not fitted"
    assert found["finished"]
    expected = json.loads(json.dumps(summary(tuner().fit(X, Y)), default=repr))
    assert found["summary"] == expected
    check_integrity(path)
    n_runs = len([entry for entry in entries(log) if entry["fold"] != studies.REFIT])
    n_in_flight = n_runs - len(stored(path))
    assert 0 <= n_in_flight <= 2 * settings.get("n_jobs", 1)


def fit_in_the_background(report: Path, settings: dict) -> None:
    """Fit while Ctrl-C is ignored, as under ``nohup``, and write what is left; for a child."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    model = tuner(**settings).fit(X, Y)
    report.write_text(json.dumps(summary(model), default=repr))


@pytest.mark.parametrize("way", WAYS)
def test_ignored(way, tmp_path):
    """Check that where Ctrl-C is ignored it ends neither the search nor any worker."""
    log, report, hold = tmp_path / "log", tmp_path / "report", tmp_path / "hold"
    studies.let_go(hold, 1)
    child = start(fit_in_the_background, report, WAYS[way], TOY_LOG=log, TOY_HOLD=hold)
    for n_fits in range(1, 12):
        until(lambda n=n_fits: len(entries(log)) >= n)
        os.killpg(child.pid, signal.SIGINT)
        studies.let_go(hold, n_fits + 1)
    studies.let_go(hold, np.inf)
    child.join(PATIENCE)
    assert child.exitcode == 0
    expected = json.loads(json.dumps(summary(tuner().fit(X, Y)), default=repr))
    assert json.loads(report.read_text()) == expected


def test_resumed_elsewhere(tmp_path, monkeypatch):
    """Check that another process goes on with what was stored at the interrupt."""
    log, path = tmp_path / "log", tmp_path / "tuning.db"
    child = start(studies.fit, "random", {"storage": path}, TOY_LOG=log, TOY_HOLD=7)
    until(lambda: len(entries(log)) >= 7)
    os.kill(child.pid, signal.SIGINT)
    child.join(PATIENCE)
    assert child.exitcode == 1
    finished, n_before = stored(path), len(entries(log))
    assert len(finished) >= 6
    monkeypatch.setenv("TOY_LOG", str(log))
    model = tuner(storage=path).fit(X, Y)
    assert not {identity(entry) for entry in entries(log)[n_before:]} & finished
    assert summary(model) == summary(tuner().fit(X, Y))


def test_interrupted_between_the_end_of_a_fit_and_its_commit(tmp_path, monkeypatch):
    """Check that an evaluation that had ended is saved when the interrupt comes just then."""
    from autotune.storage import _journal

    def interrupted_row(evaluation):
        if len(seen) == 6:
            monkeypatch.undo()
            raise KeyboardInterrupt
        seen.append(evaluation)
        return original(evaluation)

    seen, original = [], _journal.to_row
    monkeypatch.setattr(_journal, "to_row", interrupted_row)
    path = tmp_path / "tuning.db"
    model = tuner(storage=path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert sum(1 for _ in model.history_.evaluations()) == 7
    assert studies.count_evaluations(path) == 7
    check_integrity(path)


IRIS = load_iris(return_X_y=True)
SPACE = {"max_depth": (1, 8), "min_samples_leaf": (1, 20)}
DEFAULTS = {"space": SPACE, "strategy": "random", "budget": 6, "cv": 3, "random_state": 0}
FINISH = "finish(X, y) ends the fit with the best of them"
CONTINUE = "set_params(warm_start=True).fit(X, y) continues the search"


class Interrupting(DecisionTreeClassifier):
    """A tree with which the user interrupts this process, as Ctrl-C does, at a chosen fit."""

    fits_left = 0  # until the interrupt
    at_refit = False

    def fit(self, X, y):
        Interrupting.fits_left -= 1
        if Interrupting.fits_left == 0 or (self.at_refit and len(y) == len(IRIS[1])):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(PATIENCE)
        return super().fit(X, y)


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that carries out a fit, interrupts it, and returns what was told."""
    monkeypatch.setattr(Interrupting, "fits_left", 0)
    monkeypatch.setattr(Interrupting, "at_refit", False)

    def fit(n_fits, **settings):
        Interrupting.fits_left, Interrupting.at_refit = n_fits, not n_fits
        model = AutoTunedClassifier(Interrupting(), **DEFAULTS | settings)
        with pytest.raises(KeyboardInterrupt) as interrupt:
            model.fit(*IRIS)
        Interrupting.fits_left, Interrupting.at_refit = 0, False
        return model, "".join(traceback.format_exception(interrupt.value))

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup has it ignored
    yield fit
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("strategy", "scheduler"), [("random", Full), ("racing", Racing)])
def test_interrupted_between_the_last_fold_and_its_report(strategy, scheduler, monkeypatch):
    """Check that a trial is complete when the interrupt comes before the scheduler says so."""

    def interrupted_report(self, evaluation, history):
        if len(history) == 3 and len(history[2].evaluations) == 3:
            monkeypatch.undo()
            raise KeyboardInterrupt
        return original(self, evaluation, history)

    original = scheduler.report
    monkeypatch.setattr(scheduler, "report", interrupted_report)
    settings = DEFAULTS | {"strategy": strategy}
    model = AutoTunedClassifier(DecisionTreeClassifier(max_features=1), **settings)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*IRIS)
    assert model.history_[2].status == "complete"
    best = max(model.history_.score(trial) for trial in model.history_ if trial.eligible)
    assert model.finish(*IRIS).best_score_ == best


@pytest.mark.parametrize("n_fits", [8, 0])
@pytest.mark.parametrize("strategy", ["random", "auto"])
def test_finish(n_fits, strategy, interrupted):
    """Check that the best model so far is fitted, after an interrupted search or refit."""
    state = np.random.RandomState(3)
    model, told = interrupted(n_fits, strategy=strategy, random_state=state)
    assert FINISH in told
    assert CONTINUE in told
    competing = [t for t in model.history_ if t.eligible and t.status == "complete"]
    n_evaluations = sum(1 for _ in model.history_.evaluations())
    with pytest.raises(NotFittedError):
        model.predict(IRIS[0])
    assert model.finish(*IRIS) is model
    assert model.best_score_ == max(map(model.history_.score, competing))
    assert sum(1 for _ in model.history_.evaluations()) == n_evaluations
    assert model.best_params_.items() <= model.best_estimator_.get_params().items()
    assert model.predict(IRIS[0]).shape == (150,)
    assert len(model.cv_results_["params"]) == len(model.history_)
    fitted = model.best_estimator_
    assert model.finish(*IRIS).best_estimator_ is fitted


def test_finish_equals_a_fit_that_ends_there(interrupted):
    """Check that the model has the seed and the results of a fit that ended by itself."""
    model, _ = interrupted(10)
    model.finish(*IRIS)
    ended = AutoTunedClassifier(Interrupting(), **DEFAULTS | {"budget": 3}).fit(*IRIS)
    for name in ("best_params_", "best_score_", "default_score_", "best_index_"):
        assert getattr(model, name) == getattr(ended, name)
    assert model.best_estimator_.random_state == ended.best_estimator_.random_state


def test_goes_on_by_the_call_that_the_message_names(interrupted):
    """Check that ``warm_start`` may be set after the interrupt, and that nothing is repeated."""
    model, told = interrupted(8)
    assert CONTINUE in told
    model.set_params(warm_start=True).fit(*IRIS)
    assert -Interrupting.fits_left == 3 * 6 - 7 + 1
    expected = AutoTunedClassifier(Interrupting(), **DEFAULTS).fit(*IRIS)
    assert model.best_params_ == expected.best_params_
    assert model.cv_results_["mean_test_score"].tolist() == pytest.approx(
        expected.cv_results_["mean_test_score"].tolist()
    )


def test_nothing_is_known(interrupted):
    """Check that the model is fitted as it is, with a warning, where no trial was complete."""
    model, told = interrupted(2)
    assert FINISH not in told
    assert "0 of 1 trials were complete" in told
    with pytest.warns(FitFailedWarning, match="untuned"):
        model.finish(*IRIS)
    assert model.best_params_ == {"max_depth": None, "min_samples_leaf": 1}
    assert model.predict(IRIS[0]).shape == (150,)


def test_interrupted_before_the_first_trial(monkeypatch):
    """Check that the call that the message names fits the model then, too."""

    def interrupt(*arguments):
        raise KeyboardInterrupt

    model = AutoTunedClassifier(Interrupting(), **DEFAULTS)
    with monkeypatch.context() as patch:
        patch.setattr(_search, "find_subsample", interrupt)
        with pytest.raises(KeyboardInterrupt) as told:
            model.fit(*IRIS)
    assert CONTINUE in told.value.__notes__[0]
    model.set_params(warm_start=True).fit(*IRIS)
    assert len(model.history_) == DEFAULTS["budget"]


def test_nothing_to_finish():
    """Check that ``finish`` without a search is refused, and that it checks the folds."""
    model = AutoTunedClassifier(Interrupting(), **DEFAULTS)
    with pytest.raises(NotFittedError, match="finish ends a fit of this AutoTunedClassifier"):
        model.finish(*IRIS)


def test_finish_with_other_folds(interrupted):
    """Check that results on other folds are not taken for those of these."""
    model, _ = interrupted(8)
    with pytest.raises(ValueError, match="it had 3 folds; got 4"):
        model.set_params(cv=4).finish(*IRIS)


def test_second_interrupt(interrupted):
    """Check that nothing is lost if ``finish`` is interrupted too."""
    model, _ = interrupted(8)
    Interrupting.at_refit = True
    with pytest.raises(KeyboardInterrupt):
        model.finish(*IRIS)
    Interrupting.at_refit = False
    assert model.finish(*IRIS).predict(IRIS[0]).shape == (150,)


SCRIPT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from autotune import AutoTunedClassifier
X, y = load_iris(return_X_y=True)
class Model(DummyClassifier):
    n_fits = 0
    def fit(self, X, y):
        Model.n_fits += 1
        if Model.n_fits == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return super().fit(X, y)

model = AutoTunedClassifier(Model(), {"random_state": (0, 9)}, cv=3, budget=5, strategy="random")
model.fit(X, y)
print(len(model.finish(X, y).predict(X)))
"""


@pytest.mark.parametrize("way", ["script", "session"])
def test_what_is_printed(way):
    """Check that a script's and a session's traceback say it, and that the session can go on."""
    interactive = {"script": ["-c", SCRIPT], "session": ["-i", "-q"]}[way]
    process = subprocess.run(
        [sys.executable, *interactive],
        input=SCRIPT if way == "session" else "",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert FINISH in process.stderr
    assert CONTINUE in process.stderr
    assert ("150" in process.stdout) == (way == "session")
