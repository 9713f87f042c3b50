"""The default that is fitted before the search."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from estimators import FullHang
from fakes import FakeExecutor, FakeTime, add_trial, as_outcome
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer

from autotune import AutoTunedClassifier
from autotune.execution import ClusterLostError, WorkerStartError
from autotune.history import History, Key
from autotune.schedule import Plan
from autotune.timing._clock import Clock
from autotune.timing._first_model import FirstModel, Fitted
from autotune.timing._subsample import Subsample, measure_subsample
from autotune.tuning import _first_fits
from autotune.tuning._last_fit import Refit

X, y = load_breast_cancer(return_X_y=True)
N_ROWS = 100_000
N_FOLDS = 5

# How the seconds of a fit on all rows, 8, are less on a share of them.
MEASURED = [0.07, 0.15, 0.21, 1.0]
GROWTH = {
    "linear": lambda share: share,
    "part fixed": lambda share: 0.1 + 0.9 * share,
    # As measured for gradient boosting on 500, 2,000, 8,000 and 100,000 rows.
    "boosting": lambda share: float(
        np.exp(np.interp(np.log(share), np.log([0.005, 0.02, 0.08, 1]), np.log(MEASURED)))
    ),
    "square root": lambda share: share**0.5,
    "kernel": lambda share: share**2,
}


class Fits:
    """Fits whose seconds are known, on a clock that moves with them."""

    def __init__(self, seconds, budget, *, overhead=0.0, error=None):
        self.now = FakeTime()
        self.clock = Clock(budget, self.now)
        self.shares = []  # of the fits of the default on a share of all rows
        self._seconds = seconds
        self._error = error
        self.first = FirstModel(self.fit, N_ROWS, self.clock)
        self.now.seconds += overhead

    def fit(self, share, limit):
        self.shares.append(share)
        if self._error is not None:
            raise self._error
        seconds = self._seconds(share)
        self.now.seconds += min(seconds, limit)
        if seconds > limit:
            raise TimeoutError
        return Fitted(f"model of {share}", share, seconds)

    def answer(self, job):
        """Carry out a trial fit on a share of the training rows of a fold."""
        seconds = self._seconds(job.fidelity * (N_FOLDS - 1) / N_FOLDS)
        self.now.seconds += min(seconds, job.seconds)
        outcome = as_outcome(job, "timeout" if seconds > job.seconds else 0.5)
        outcome.evaluation.fit_time = min(seconds, job.seconds)
        return outcome

    def measure(self, n_rows=N_ROWS * (N_FOLDS - 1) // N_FOLDS):
        executor = FakeExecutor(self.answer)
        plan = Plan(N_FOLDS, n_rows, 2, n_rows)
        return measure_subsample(executor, {}, 0, self.clock, plan, "score", self.first)


@pytest.mark.parametrize(
    ("growth", "factor"),
    [
        (growth, factor)
        for growth in GROWTH
        # The fits that tell how the seconds grow take half of those of the last, here.
        for factor in ([2.5, 5.0] if growth == "square root" else [1.5, 1.7, 2.5, 5.0, 20.0])
    ],
)
def test_the_default_is_fitted_on_all_rows_where_there_is_time(growth, factor):
    """Check that it is, and that the search gets the most part of what is left."""
    fits = Fits(lambda share: 8.0 * GROWTH[growth](share), 8.0 * factor, overhead=0.5)
    fits.measure()
    assert fits.first.is_whole
    assert fits.first.fitted.model == "model of 1.0"
    assert fits.clock.elapsed() <= 8.0 * (1 + 0.35 * factor)
    assert fits.shares == sorted(fits.shares)


@pytest.mark.parametrize("growth", GROWTH)
@pytest.mark.parametrize("factor", [0.02, 0.1, 0.3, 0.6])
def test_there_is_a_model_where_there_is_no_time_for_all_rows(growth, factor):
    """Check that the default is there on fewer rows, and that time is left for more."""
    fits = Fits(lambda share: 80.0 * GROWTH[growth](share), 80.0 * factor)
    fits.measure()
    if 80.0 * GROWTH[growth](500 / N_ROWS) > 0.9 * 80.0 * factor:
        assert fits.first.fitted is None
        assert len(fits.shares) == 1
        return
    assert 0 < fits.first.fitted.share < 1
    assert fits.clock.left() > 0 or 1.0 in fits.shares


@pytest.mark.parametrize(("n_rows", "warm_up"), [(4000, 0.3), (N_ROWS, 0.45)])
def test_what_is_loaded_late_is_not_taken_for_slow(n_rows, warm_up):
    """Check that a first fit that only warmed up leaves time for all rows, and for a search."""
    fits = Fits(lambda share: 0.2 * share + warm_up * (len(fits.shares) == 1), 3.0)
    fits.first = FirstModel(fits.fit, n_rows, fits.clock)
    scale = fits.measure(n_rows * (N_FOLDS - 1) // N_FOLDS)
    assert fits.shares[:2] == [500 / n_rows] * 2
    assert scale.share == 1.0
    assert fits.first.leaves_time(n_rows)


def test_a_model_that_is_slow_from_the_beginning_is_not_tried_twice():
    """Check that a first fit that took a large part of the time is believed."""
    fits = Fits(lambda share: 1.0 + share, 3.0)
    fits.measure(3200)
    assert fits.shares.count(500 / N_ROWS) == 1


def test_a_lost_cluster_is_no_failure_of_the_model():
    """Check that the search, which meets the loss again, tells of it."""
    fits = Fits(lambda share: share, 2.0, error=ClusterLostError("gone"))
    fits.measure()
    assert fits.first.fitted is None
    assert fits.first.error is None


def test_nothing_is_fitted_twice_that_is_cheap():
    """Check that a model that takes a hundredth of the budget is fitted on few rows only."""
    fits = Fits(lambda share: 1.0 * share, 100.0)
    assert fits.measure() == Subsample()
    assert fits.shares == [500 / N_ROWS]


def test_the_first_model_is_small_data_s_last():
    """Check that nothing is fitted before a search on few rows."""
    fits = Fits(lambda share: share, 2.0)
    assert fits.measure(2000) == Subsample()
    assert fits.first.fitted is None
    assert fits.shares == []


@pytest.mark.parametrize("error", [MemoryError("no room"), ValueError("bad value")])
def test_a_model_that_fails_is_left_to_the_search(error):
    """Check that a failure is kept, and that the search is told nothing of the time."""
    fits = Fits(lambda share: share, 2.0, error=error)
    assert fits.measure() == Subsample()
    assert fits.first.error is error
    assert len(fits.shares) == 1


def test_workers_that_do_not_start_are_no_failure_of_the_model():
    """Check that whoever began the search meets that error."""
    fits = Fits(lambda share: share, 2.0, error=WorkerStartError("no processes"))
    with pytest.raises(WorkerStartError):
        fits.measure()


def test_a_fit_on_all_rows_that_fails_leaves_the_smaller_model():
    """Check that the model on fewer rows stays, and the error is known."""
    fits = Fits(lambda share: 8.0 * share, 40.0)
    whole = fits.fit

    def fit(share, limit):
        if share == 1.0:
            raise MemoryError("no room")
        return whole(share, limit)

    fits.first._fit = fit
    scale = fits.measure()
    assert 0 < fits.first.fitted.share < 1
    assert str(fits.first.error) == "no room"
    assert scale.share > 0


def test_nothing_is_expected_where_nothing_is_known():
    """Check that a default that was never fitted does not keep a search from beginning."""
    fits = Fits(lambda share: share, 10.0)
    assert fits.first.expect(N_ROWS) == 0.0
    assert fits.first.leaves_time(N_ROWS)


@pytest.mark.parametrize(("left", "leaves"), [(8.1, True), (7.9, False)])
def test_whether_another_model_can_be_fitted(left, leaves):
    """Check that a search without time for another fit on all rows is known."""
    fits = Fits(lambda share: 8.0 * share, 8.0 + left)
    assert fits.first.leaves_time(N_ROWS)
    fits.first._measure(N_ROWS, 99.0)
    assert fits.first.leaves_time(500) == leaves


def test_whether_a_search_on_fewer_rows_can_be_made():
    """Check that there must be time for two of its fits where the default has few rows."""
    fits = Fits(lambda share: 8.0 * share, 5.0)
    fits.first.grow([(500, fits.first.begin(500))])
    assert not fits.first.is_whole
    left = fits.clock.left()
    assert fits.first.leaves_time(0.4 * left / 8.0 * N_ROWS)
    assert not fits.first.leaves_time(0.6 * left / 8.0 * N_ROWS)


# Whole searches


class Counted(ClassifierMixin, BaseEstimator):
    """Knows how many rows it has seen; the larger C, the better it is."""

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_rows_ = len(X)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        return self.C / 10


class Talkative(Counted):
    """Says how many rows it sees."""

    def fit(self, X, y):
        warnings.warn(f"{len(X)} rows", UserWarning, stacklevel=2)
        return super().fit(X, y)


def scripted(*shares):
    """Return a measurement in which the default is fitted on shares of the rows in turn."""

    def measure(executor, params, seed, clock, plan, metric, first):
        for share in shares:
            first._measure(round(share * len(X)), 60.0)
        return Subsample(0.5, 1.0)

    return measure


@pytest.fixture
def fitted_first(monkeypatch):
    """Have every search begin with a default on all rows."""
    monkeypatch.setattr(_first_fits, "measure_subsample", scripted(0.1, 1.0))


def tuned(estimator=None, **parameters):
    settings = {"budget": "60s", "cv": 3, "random_state": 0} | parameters
    settings = {"space": {"C": [1.0, 2.0, 3.0]}, **settings}
    return AutoTunedClassifier(Counted() if estimator is None else estimator, **settings)


def test_the_default_on_all_rows_is_the_result_where_nothing_is_better(fitted_first):
    """Check that it is not fitted again if it wins, and is what a plain fit is."""
    model = tuned(Counted(C=9.0), space={"C": [9.0, 2.0, 3.0]}).fit(X, y)
    assert model.best_index_ == 0
    assert model.best_estimator_.n_rows_ == len(X)
    assert model.best_estimator_.C == 9.0
    assert model.refit_time_ < 60.0


def test_a_better_configuration_is_fitted_on_all_rows(fitted_first):
    """Check that the winner of the search replaces it if there is time."""
    model = tuned().fit(X, y)
    assert model.best_params_ == {"C": 3.0}
    assert model.best_estimator_.n_rows_ == len(X)


@pytest.mark.slow
def test_a_better_configuration_that_cannot_be_fitted_on_all_rows(fitted_first):
    """Check that a model on all rows is never replaced by one on fewer."""
    model = tuned(FullHang(C=1.0, rows=250), budget="6s")
    with pytest.warns(UserWarning, match="own parameters, which was fitted on all rows, is used"):
        model.fit(X, y)
    assert model.best_index_ == 0
    assert model.best_params_["C"] == 1.0


@pytest.mark.parametrize(
    ("parameters", "n_first"),
    [
        ({}, 2),
        ({"refit": False}, 0),
        ({"include_default": False}, 0),
        ({"strategy": "racing"}, 0),
        ({"budget": 3}, 0),
        ({"estimator": Counted(C=9.0)}, 0),  # outside the space
    ],
)
def test_when_there_is_a_first_model(parameters, n_first, monkeypatch):
    """Check that one is fitted only where it could be the result, and seconds are scarce."""
    seen = []
    monkeypatch.setattr(
        _first_fits, "measure_subsample", lambda *arguments: seen.append(arguments) or Subsample()
    )
    tuned(**parameters).fit(X, y)
    firsts = [arguments[-1] for arguments in seen]
    assert bool(n_first) == any(first is not None for first in firsts)


def test_there_is_a_model_though_no_other_fit_ends(monkeypatch):
    """Check that the default on few rows is used, with one warning of them."""
    monkeypatch.setattr(_first_fits, "measure_subsample", scripted(0.3))
    model = tuned(FullHang(C=2.0, rows=175), budget="4s")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    texts = [str(one.message) for one in caught]
    assert sum("it was fitted on 171 of 569" in text for text in texts) == 1
    assert any("no trial ended within the budget" in text for text in texts)
    assert model.best_params_["C"] == 2.0
    assert model.predict(X).shape == y.shape


def test_warnings_of_the_first_model_are_those_of_the_result(fitted_first):
    """Check that what the model that is used warns of is told once, and nothing else."""
    with pytest.warns(UserWarning, match="569 rows") as caught:
        tuned(Talkative(), space={"C": [0.0, 1.0]}).fit(X, y)
    assert len(caught) == 1


def test_a_failure_on_more_rows_is_told(monkeypatch):
    """Check that an error that only more rows cause is not swallowed."""

    def measure(*arguments):
        arguments[-1]._measure(57, 60.0)
        arguments[-1].error = MemoryError("no room")
        return Subsample()

    monkeypatch.setattr(_first_fits, "measure_subsample", measure)
    with pytest.warns(UserWarning, match=r"as there was time for \(MemoryError: no room\)"):
        tuned().fit(X, y)


# The last fit after it


class FakeTask:
    """A hundred rows, half of which a fold trains on."""

    X = np.zeros((100, 1))
    folds = ((np.arange(50), np.arange(50, 100)),)


def last_fit(best, *, share, seconds, known=(1.0, 1.0), searched=1.0, left=5.0, error=TimeoutError):
    """Return which of two trials is refitted, the model, the shares tried, and the warnings.

    The default was fitted on a share of the rows before; a fit of the other trial takes so many
    seconds on all rows.
    """
    now, tried = FakeTime(), []
    clock = Clock(10.0, now)
    first = FirstModel(None, 100, clock)
    first.fitted = Fitted("first", share, known[0] * share, [(UserWarning, "of the first")])
    history = History(1)
    history.share = searched
    trials = [add_trial(history, {}, [0.5], "default"), add_trial(history, {}, [0.6])]
    for trial, one in zip(trials, known, strict=True):
        trial.evaluations[Key(0, searched)].fit_time = one * 0.5 * searched
    refit = Refit(FakeTask, FakeExecutor(), clock, 0, None, Subsample(searched, 1.0), first=first)
    refit._executor.can_kill = True
    now.seconds += 10.0 - left

    def fit(trial, limit, share=1.0):
        tried.append(share)
        now.seconds += min(seconds * share, limit)
        if seconds * share > limit:
            raise error
        return Fitted(f"fitted on {share:g}", share, seconds * share)

    refit._fit = fit
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        used, model, _ = refit.run(trials[best], history)
    return used.number, model, tried, [str(one.message) for one in caught]


def test_a_default_on_all_rows_is_not_fitted_again():
    """Check that it is the result at once, and says what it warned of."""
    assert last_fit(0, share=1.0, seconds=1.0) == (0, "first", [], ["of the first"])


@pytest.mark.parametrize("searched", [0.2, 1.0])
def test_a_winner_with_time_is_fitted_on_all_rows(searched):
    """Check that nothing is said of the first model then."""
    assert last_fit(1, share=1.0, seconds=3.0, searched=searched) == (1, "fitted on 1", [1.0], [])


@pytest.mark.parametrize(
    ("known", "seconds", "error", "tried", "reason"),
    [
        (9.0, 9.0, TimeoutError, [], "there was no time"),
        (4.0, 9.0, TimeoutError, [1.0], "there was no time"),
        (4.0, 9.0, MemoryError("full"), [1.0], r"could not be fitted on all rows (MemoryError"),
    ],
)
def test_a_winner_without_time_gives_way(known, seconds, error, tried, reason):
    """Check that the default on all rows is used, with one warning that says why."""
    found = last_fit(1, share=1.0, seconds=seconds, known=(1.0, known), error=error)
    used, model, shares, (told, repeated) = found
    assert (used, model, shares) == (0, "first", tried)
    assert reason in told
    assert told.startswith("trial 1 is the best of the search")
    assert repeated == "of the first"


def test_a_default_on_few_rows_is_fitted_on_more():
    """Check that the seconds that are left are used where it wins."""
    used, model, tried, _ = last_fit(0, share=0.1, seconds=2.0, searched=0.2)
    assert (used, model, tried) == (0, "fitted on 1", [1.0])


def test_a_default_on_few_rows_is_kept_where_more_take_too_long():
    """Check that the rows of the model are told of."""
    used, model, tried, told = last_fit(0, share=0.2, seconds=99.0, searched=0.2)
    assert (used, model) == (0, "first")
    assert len(tried) == 1
    assert any("it was fitted on 20 of 100" in text for text in told)


def test_the_first_model_is_there_if_the_winner_on_few_rows_is_not():
    """Check that no TimeoutError is raised where there is a model."""
    used, model, _, told = last_fit(1, share=0.1, seconds=999.0, searched=0.2)
    assert (used, model) == (0, "first")
    assert sum("it was fitted on 10 of 100" in text for text in told) == 1


def test_the_first_model_is_there_if_a_stand_in_is_not():
    """Check that it is used where neither the winner nor a faster trial could be fitted."""
    used, model, tried, told = last_fit(1, share=0.1, seconds=999.0)
    assert (used, model) == (0, "first")
    assert len(tried) == 2
    assert any("it was fitted on 10 of 100" in text for text in told)
