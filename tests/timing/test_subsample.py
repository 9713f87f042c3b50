"""Searches on a share of the rows, from the first fit to the last."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from estimators import FullHang
from fakes import FakeExecutor, FakeTime, add_trial
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale
from sklearn.svm import SVC

from autotune import Auto, AutoTunedClassifier, read_history
from autotune.history import Evaluation, History, Key, Trial
from autotune.timing._clock import Clock
from autotune.timing._first_model import Fitted
from autotune.timing._subsample import Subsample
from autotune.tuning import _first_fits
from autotune.tuning._last_fit import Refit

X, y = load_breast_cancer(return_X_y=True)
N_TRAIN = 379  # rows of two of three folds
FEWER = Subsample(0.5, 1.0)


class Counted(ClassifierMixin, BaseEstimator):
    """Predicts the larger class, and says how many rows it has seen."""

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, X, y, sample_weight=None):
        assert sample_weight is None or len(sample_weight) == len(X)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.larger_ = self.classes_[counts.argmax()]
        self.n_rows_ = len(X)
        return self

    def predict(self, X):
        return np.full(len(X), self.larger_)

    def score(self, X, y, sample_weight=None):
        return 1 - self.n_rows_ / 1000 + self.C / 1e6


@pytest.fixture
def measured(monkeypatch):
    """Have every search believe that half of the rows are what it can afford; count them."""
    calls = []

    def measure(*arguments):
        calls.append(arguments)
        return FEWER

    monkeypatch.setattr(_first_fits, "measure_subsample", measure)
    return calls


def tuned(estimator=None, **parameters) -> AutoTunedClassifier:
    settings = {"budget": "60s", "cv": 3, "random_state": 0, "strategy": Auto(n_repeats=1)}
    space = {"C": [1.0, 2.0, 3.0]}
    return AutoTunedClassifier(estimator or Counted(), space, **{**settings, **parameters})


def test_trials_see_fewer_rows_and_the_winner_all(measured):
    """Check that only the final model is fitted on all rows."""
    model = tuned().fit(X, y)
    assert model.history_.share == 0.5
    assert model.best_score_ == pytest.approx(1 - 190 / 1000, abs=1e-3)
    assert model.best_estimator_.n_rows_ == len(X)
    assert len(measured) == 1
    frame = model.history_.to_frame()
    assert set(frame["fidelity"]) == {0.5}
    assert set(zip(frame["phase"], frame["fold"], strict=True)) == {
        (phase, fold) for phase in ("search", "comparison") for fold in range(3)
    }
    assert frame["score_score"].to_numpy() == pytest.approx(1 - 190 / 1000, abs=2e-3)


@pytest.mark.parametrize("n_repeats", [0, 1])
@pytest.mark.parametrize(("rise", "C"), [(0.0, 3.0), (1e-6, 3.0), (3e-6, 1.0)], ids=str)
def test_the_winner_has_what_the_default_will_have(rise, C, n_repeats, monkeypatch):
    """Check that a gain of 2e-6 counts only where the default is not expected to rise by more."""
    monkeypatch.setattr(
        _first_fits, "measure_subsample", lambda *arguments: Subsample(0.5, 1.0, rise=rise)
    )
    strategy = Auto(n_repeats=n_repeats)
    model = tuned(strategy=strategy).fit(X, y)
    assert model.best_params_ == {"C": C}
    assert model.best_estimator_.C == C
    assert max(model.cv_results_["mean_test_score"]) - model.default_score_ == pytest.approx(2e-6)
    if C == 1.0:  # the others would win anyway
        without = tuned(strategy=strategy, include_default=False).fit(X, y)
        assert without.best_params_ == {"C": 3.0}
        chosen = tuned(strategy=strategy, refit=lambda results: 2).fit(X, y)
        assert chosen.best_index_ == 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"budget": 3},
        {"strategy": Auto(subsample=False)},
        {"strategy": "random"},
        {"strategy": "racing"},
    ],
)
def test_other_searches_take_all_rows(measured, parameters):
    """Check that nothing is measured without a limit in seconds, or where it is not wanted."""
    model = tuned(**parameters).fit(X, y)
    assert measured == []
    assert model.history_.share == 1.0
    assert model.best_score_ == pytest.approx(1 - N_TRAIN / 1000, abs=2e-3)


def test_precomputed_kernels_take_all_rows(measured):
    """Check that a model that needs all columns of a kernel is left alone."""
    scaled = scale(X)
    kernel = scaled @ scaled.T
    model = tuned(SVC(kernel="precomputed"), strategy="auto", budget="30s").fit(kernel, y)
    assert measured == []
    assert model.predict(kernel).shape == y.shape


def test_a_regular_search_measures_and_takes_all_rows():
    """Check that a fast model on few rows is searched on all of them."""
    assert tuned().fit(X, y).history_.share == 1.0


def test_weights_are_cut_with_the_rows(measured):
    """Check that what belongs to rows goes with them."""
    model = tuned().fit(X, y, sample_weight=np.ones(len(X)))
    assert {trial.status for trial in model.history_} == {"complete"}


def test_an_interrupted_measurement_is_made_again(measured, monkeypatch):
    """Check that a fit interrupted before anything was known does not go on with all rows."""

    def interrupt(*arguments):
        raise KeyboardInterrupt

    model = tuned()
    with monkeypatch.context() as patch:
        patch.setattr(_first_fits, "measure_subsample", interrupt)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
    model.set_params(warm_start=True).fit(X, y)
    assert len(measured) == 1
    assert model.history_.share == 0.5


def test_warm_start_keeps_the_share(measured):
    """Check that a search that is continued goes on as it began."""
    model = tuned(warm_start=True).fit(X, y)
    n_evaluations = sum(1 for _ in model.history_.evaluations())
    model.set_params(budget="90s").fit(X, y)
    assert len(measured) == 1
    assert model.history_.share == 0.5
    assert sum(1 for _ in model.history_.evaluations()) == n_evaluations


def test_storage_keeps_the_share(measured, tmp_path):
    """Check that a search that is found on disk goes on as it began."""
    path = tmp_path / "tuning.db"
    first = tuned(storage=path).fit(X, y)
    again = tuned(storage=path).fit(X, y)
    assert len(measured) == 1
    assert again.history_.share == 0.5
    assert again.best_params_ == first.best_params_
    frame = read_history(path)
    assert len(frame) == sum(1 for _ in first.history_.evaluations())
    assert set(frame["fidelity"]) == {0.5}


@pytest.mark.slow
def test_the_final_model_sees_as_many_rows_as_there_is_time_for(measured):
    """Check that a winner that hangs on all rows is fitted on those of the search."""
    model = tuned(FullHang(C=2.0, rows=250), budget="6s", strategy=Auto(n_repeats=0))
    with pytest.warns(UserWarning, match=r"not enough to fit this model on all rows.* of 569"):
        model.fit(X, y)
    assert model.best_params_["C"] > 1
    assert model.predict(X).shape == y.shape


def test_no_warning_without_a_reason(measured):
    """Check that a search on fewer rows whose winner sees all of them is silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tuned().fit(X, y)


# How many rows the last fit has


class FakeTask:
    """A hundred rows, half of which a fold trains on."""

    X = np.zeros((100, 1))
    folds = ((np.arange(50), np.arange(50, 100)),)


def last_fit(seconds, *, budget=10.0, known, exponent=1.0, can_kill=True, error=TimeoutError):
    """Return the shares that are fitted in turn, and the last that is; check the warnings.

    ``seconds`` says how long a fit on a share takes, ``error`` how one ends that is too long.
    """
    now, shares = FakeTime(), []
    executor = FakeExecutor()
    executor.can_kill = can_kill
    refit = Refit(FakeTask, executor, Clock(budget, now), 0, None, Subsample(0.2, exponent))

    def fit(trial, limit, share):
        shares.append(share)
        now.seconds += min(seconds(share), limit)
        if seconds(share) > limit:
            raise error
        return Fitted(share, share, seconds(share))  # its share stands for the model

    refit._fit = fit
    trial = Trial(0, {}, "default")
    trial.evaluations[Key(0, 0.2)] = Evaluation(0, 0, 0.2, fit_time=known)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, reached, _ = refit.run(trial, None)
    texts = [str(one.message) for one in caught]
    assert any("not enough to fit" in text for text in texts) == (reached < 1)
    assert any("failed (no memory)" in text for text in texts) == (error is not TimeoutError)
    assert now.seconds <= 1000.0 + budget
    return shares, reached


def test_a_last_fit_on_all_rows_comes_first():
    """Check that nothing else is fitted where all rows are affordable."""
    assert last_fit(lambda share: share, known=0.1) == ([1.0], 1.0)


def test_a_last_fit_that_was_faster_than_expected_is_followed_by_another():
    """Check that the seconds that are left go into a model that has seen more rows."""
    shares, reached = last_fit(lambda share: 1 + 2 * share, known=1.2)
    assert shares[-1] == reached == 1.0
    assert 0.4 < shares[0] < 0.6


def test_a_last_fit_that_takes_too_long_leaves_what_there_is():
    """Check that the model on fewer rows is used when the next one does not end in time."""
    shares, reached = last_fit(lambda share: 2.0 if share < 0.7 else 99.0, known=1.2)
    assert len(shares) == 2
    assert reached == shares[0] < 0.7


def test_a_last_fit_has_the_rows_of_the_search_at_least():
    """Check that the fit whose time is known is made where no larger one ends."""
    assert last_fit(lambda share: 1.0 if share <= 0.1 else 99.0, known=1.0)[1] == 0.1
    assert last_fit(lambda share: 4.0, known=5.0) == ([0.1], 0.1)


def test_a_last_fit_that_fails_on_more_rows_leaves_what_there_is():
    """Check that the model in hand is not lost, and the warning says why there is no other."""
    shares, reached = last_fit(
        lambda share: 1 + 2 * share if share < 0.7 else 99.0,
        known=1.2,
        error=MemoryError("no memory"),
    )
    assert reached == shares[0] < 0.7


def test_nothing_follows_where_nothing_can_be_ended():
    """Check that one fit is all where another could not be given up."""
    shares, reached = last_fit(lambda share: 1 + 2 * share, known=1.2, can_kill=False)
    assert shares == [reached]


@pytest.mark.parametrize(
    ("known", "divisible", "share"),
    [(0.01, True, 1.0), (0.24, True, 0.5), (60.0, True, 0.05), (0.24, False, 1.0)],
)
def test_a_stand_in_has_as_many_rows_as_there_is_time_for(known, divisible, share):
    """Check the last fit after one that took too long: half of the tolerated 0.6 s are left."""
    now, shares, history = FakeTime(), [], History(1)
    refit = Refit(FakeTask, FakeExecutor(), Clock(10.0, now), 0, None, divisible=divisible)
    now.seconds += 9.0

    def fit(trial, limit, share=1.0):
        if trial is best:
            now.seconds += limit
            raise TimeoutError("too slow")
        shares.append(share)
        return Fitted("model", share, limit)

    refit._fit = fit
    default, best = (add_trial(history, {}, [score]) for score in (0.5, 0.6))
    default.evaluations[Key(0)].fit_time = known
    best.evaluations[Key(0)].fit_time = 2 * known
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        used, _, limit = refit.run(best, history)
    assert used is default
    assert limit == pytest.approx(0.3)
    assert shares == [pytest.approx(share)]
    texts = [str(one.message) for one in caught]
    assert "is used instead" in texts[0]
    assert any("not enough to fit" in text for text in texts) == (share < 1)
