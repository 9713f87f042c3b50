"""What is said when trials fail, and when a search ends because all do."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneOut

from autotune import AutoTunedClassifier, AutoTunedRegressor, Budget
from autotune.history import (
    COMPLETE,
    CRASHED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
)
from autotune.results._failures import SameError, check_any_success, warn_of_failures
from autotune.space import Space

X, y = (data[::3] for data in load_iris(return_X_y=True))
STRATEGIES = ["grid", "random", "bayes", "racing", "auto", "halving", "hyperband"]


class Broken(ClassifierMixin, BaseEstimator):
    """Raises the same error whatever its parameters are, or one that quotes them."""

    def __init__(self, level=1.0, kind="a", quotes=False):
        self.level = level
        self.kind = kind
        self.quotes = quotes

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        raise RuntimeError(f"no licence for level {self.level}" if self.quotes else "no licence")


class GoodKind(Broken):
    """Succeeds with one of its kinds."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.kind != "good":
            raise RuntimeError("no licence")
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def n_failed(model, space, **settings):
    """Return how many trials a search begins in which all fail."""
    search = AutoTunedClassifier(model, space, **{"cv": 3, "random_state": 0, **settings})
    with pytest.raises(
        ValueError, match=r"all of the \d+ trials failed(.|\n)*RuntimeError: no lic"
    ):
        search.fit(X, y)
    return len(search.history_)


@pytest.mark.parametrize("include_default", [True, False])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_mistake_that_nothing_cures_ends_the_search(strategy, include_default):
    """Check that a few trials with the same error are enough, with each strategy."""
    space = {"level": (0.0, 1.0), "kind": ["a", "b"]}
    settings = {"strategy": strategy, "include_default": include_default, "budget": 40}
    assert 5 <= n_failed(Broken(), space, **settings) <= 12


def test_it_ends_in_workers_too():
    """Check that a budget in seconds is not used up either."""
    budget = Budget(trials=400, seconds="300s")
    assert n_failed(Broken(), {"level": (0.0, 1.0)}, budget=budget, n_jobs=2) < 20


def test_a_continued_search_knows(tmp_path):
    """Check that the same fit, started again, ends at once."""
    settings = {"budget": 40, "storage": tmp_path / "tuning.db"}
    space = {"level": (0.0, 1.0)}
    assert n_failed(Broken(), space, **settings) == n_failed(Broken(), space, **settings)


def test_messages_that_quote_the_configuration():
    """Check that the search goes on where errors depend on the configuration."""
    assert n_failed(Broken(quotes=True), {"level": (0.0, 1.0)}, budget=12) == 12


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize(
    "space",
    [
        {"kind": ["bad", "good"], "level": (0.0, 1.0)},
        {"kind": ["worse", *"bcdefg", "good"], "level": [1.0, 2.0]},
        [{"level": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, {"kind": ["good"]}],
    ],
)
def test_what_can_still_be_cured_is_searched(space):
    """Check that each choice and each sub-space is tried before a search is given up."""
    search = AutoTunedClassifier(
        GoodKind(kind="bad"), space, strategy="grid", include_default=False, cv=2, budget=40
    )
    assert search.fit(X, y).best_params_["kind"] == "good"


def make_history(statuses, error="Traceback\nRuntimeError: x", **settings):
    """Return a history of trials with one evaluation each."""
    history = History(1, **settings)
    for number, status in enumerate(statuses):
        trial = history.add({"a": number}, "test")
        history.set_status(trial, status)
        if status in (FAILED, CRASHED, TIMEOUT):
            history.record(Evaluation(number, 0, status=status, error=error))
        if status == COMPLETE:
            history.record(Evaluation(number, 0, scores={"score": 1.0}))
    return history


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            "F: [10:00:00] a/b.cc:24: Unknown type\nStack:\n  [bt] (0) lib.so\n\n",
            "F: a/b.cc:24: Unk",
        ),
        ("ValueError: \nAll the 3 fits failed.\nMore", "ValueError: All the 3 fits failed."),
        ("m.E: first\nnote of the error", "m.E: first"),
        (f"E: outer:\n{(TRACE := 'Traceback (most recent call last):')}\n  File x\nI: in", "I: in"),
    ],
)
def test_messages_of_several_lines(error, message):
    """Check that a warning quotes the line that says what is wrong."""
    history = make_history([COMPLETE, FAILED], f"{TRACE}\n  File x, line 1\n    f()\n{error}")
    with pytest.warns(FitFailedWarning, match=rf"1 of them with: {re.escape(message)}"):
        warn_of_failures(history, {COMPLETE})


def test_messages_that_differ_in_numbers():
    """Check that they are counted as one kind of failure."""
    history = make_history([RUNNING] * 3)
    for number in range(3):
        history.record(Evaluation(number, 0, status=FAILED, error=f"E: got {number / 2}"))
    with pytest.warns(FitFailedWarning, match="3 of them with: E: got 0.0"):
        warn_of_failures(history, {COMPLETE})


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([FAILED] * 5, True),
        ([FAILED] * 5 + [RUNNING], True),
        ([FAILED] * 4, False),
        ([COMPLETE] + [FAILED] * 9, False),
        ([FAILED] * 9 + [TIMEOUT], False),
        ([CRASHED] * 9, False),
        ([], False),
    ],
)
def test_when_a_search_is_hopeless(statuses, expected):
    """Check that it takes five failures and nothing else."""
    space = Space.parse({"a": (0, 100)})
    assert SameError(make_history(statuses), space).ends_search == expected


@pytest.mark.parametrize("cut", [INTERRUPTED, RUNNING, TIMEOUT])
@pytest.mark.parametrize("failed", [FAILED, CRASHED])
def test_a_trial_that_was_cut_hides_no_failure(cut, failed):
    """Check that the cause is told where some trials failed and the others were cut."""
    message = "^2 of the 3 trials failed, and the others did not end within the budget, so "
    for statuses in ([failed, failed, cut], [cut, failed, failed]):
        with pytest.raises(ValueError, match=message + r"(.|\n)*RuntimeError: x$"):
            check_any_success(make_history(statuses))


def test_an_evaluation_that_failed_before_the_cut():
    """Check that a trial that can no longer succeed has failed, though the clock ended it."""
    history = make_history([FAILED])
    history.set_status(history[0], INTERRUPTED)
    with pytest.raises(ValueError, match="all of the 1 trials failed"):
        check_any_success(history)


@pytest.mark.parametrize("error_score", [np.nan, 0.0])
def test_trials_that_were_merely_cut(error_score):
    """Check that the model is used as it is where nothing failed."""
    history = make_history([RUNNING, TIMEOUT, INTERRUPTED], error_score=error_score)
    history.record(Evaluation(0, 0, scores={"score": 1.0}))
    with pytest.warns(FitFailedWarning, match="no trial ended within the budget"):
        assert not check_any_success(history)


class NaNScore(Ridge):
    """Has a score that is no number, and may say why."""

    def score(self, X, y, sample_weight=None):
        if self.alpha > 1:
            warnings.warn(f"alpha={self.alpha} is too large for these data", stacklevel=2)
        return float("nan")


@pytest.mark.parametrize("action", ["always", "ignore"])
@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (
            Ridge(),
            {"cv": LeaveOneOut()},
            r"UndefinedMetricWarning: R\^2 score is not well-defined ",
        ),
        (NaNScore(alpha=9), {"cv": 2}, "UserWarning: alpha=9 is too large for these data"),
    ],
)
def test_scores_that_are_no_numbers(model, settings, message, action):
    """Check that the warning that says why is quoted, also if the user ignores warnings."""
    search = AutoTunedRegressor(model, {"alpha": [10, 20]}, strategy="grid", **settings)
    with warnings.catch_warnings():
        warnings.resetwarnings()  # the suite makes errors of them
        warnings.simplefilter(action)
        with pytest.raises(ValueError, match=rf"'score' is nan, after the warning {message}"):
            search.fit(X[:8, :3], X[:8, 3])


def fails_on_ten(estimator, X, y):
    """Raise where ten rows are scored."""
    if len(y) == 10:
        raise RuntimeError("too few rows")
    return 0.5


def test_failures_that_count():
    """Check that a trial with a fold that counts as a number is complete, with a warning."""
    rows = np.arange(len(y))
    search = AutoTunedClassifier(
        GoodKind(),
        {"kind": ["good"], "level": [1.0, 2.0]},
        strategy="grid",
        include_default=False,
        scoring=fails_on_ten,
        cv=[(rows[10:], rows[:10]), (rows[:20], rows[20:])],
        error_score=0.25,
    )
    message = r"2 evaluations failed and were scored with error_score=0.25; 2 .*Error: too few rows"
    with pytest.warns(FitFailedWarning, match=message) as caught:
        search.fit(X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    results = search.cv_results_
    assert results["status"].tolist() == [COMPLETE, COMPLETE]
    assert all("too few rows" in error for error in results["error"])
    assert search.best_score_ == pytest.approx(0.375)
    assert search.expected_score_ == pytest.approx(0.375)


@pytest.mark.filterwarnings("ignore:.*evaluations failed and were scored")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_failures_count_with_each_strategy(strategy):
    """Check that a search in which each trial fails on a fold has a winner and a last fit."""
    rows = np.arange(len(y))
    search = AutoTunedClassifier(
        GoodKind(kind="good"),
        {"level": (0.0, 1.0)},
        strategy=strategy,
        budget=4,
        scoring=fails_on_ten,
        cv=[(rows[10:], rows[:10]), (rows[:20], rows[20:]), (rows[30:], rows[:20])],
        error_score=0,
        random_state=0,
    )
    assert search.fit(X, y).best_score_ == pytest.approx(1 / 3)
    assert search.predict(X).shape == y.shape
