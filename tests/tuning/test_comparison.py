"""The final comparison of the best trials on repeats of the folds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from estimators import Scripted, scripted_score
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)
from waiting import Stopwatch

from autotune import Auto, AutoTunedRegressor, Budget
from autotune._texts import short_repr
from autotune.execution.processes import ProcessExecutor
from autotune.history import (
    COMPARISON,
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    SEARCH,
    TIMEOUT,
    Evaluation,
    History,
)
from autotune.schedule import ComparisonScheduler, Request
from autotune.tuning._comparison import FinalComparison
from autotune.tuning._repeats import RepeatedFolds

N_FOLDS = 2
X = np.column_stack([np.arange(30.0), np.ones(30)])
Y = np.linspace(0, 1, 30)
LUCKY, GOOD, POOR = (0.9, 0.4), (0.8, 0.7), (0.1, 0.9)


def make_history(*rows, n_repeat_folds=2 * N_FOLDS):
    """Return a history of trials that have one score on all first and one on all repeated folds."""
    history = History(N_FOLDS, n_repeat_folds=n_repeat_folds)
    for number, (first, repeat) in enumerate(rows):
        trial = history.add({}, "test" if number else "default")
        history.set_status(trial, COMPLETE)
        record(history, number, range(N_FOLDS), first)
        if repeat is not None:
            record(history, number, range(n_repeat_folds), repeat, phase=COMPARISON)
    return history


def record(history, number, folds, outcome, fit_time=1.0, phase=SEARCH):
    """Record evaluations that all have one score, or one status."""
    for fold in folds:
        evaluation = Evaluation(number, fold, phase=phase, fit_time=fit_time)
        if isinstance(outcome, str):
            evaluation.status = outcome
        else:
            evaluation.scores = {"score": outcome}
        history.record(evaluation)


def comparison(history, n=3, **settings):
    return FinalComparison(history, lambda n_trials: n, **settings)


def numbers(trials):
    return [trial.number for trial in trials]


def tuned(*kinds, n_repeats=2, n_finalists=3, **settings):
    """Return a regressor that tries the default and some scripted configurations."""
    kinds = ((0.5, 0.5), *kinds)  # the default can win inside the space only
    space = [{"first": [first], "repeat": [repeat]} for first, repeat in kinds]
    strategy = Auto(n_finalists=n_finalists, n_repeats=n_repeats, eps=0.0)
    settings = {"strategy": strategy, "budget": 20, "cv": 3, "random_state": 0, **settings}
    return AutoTunedRegressor(Scripted(), space, scoring=scripted_score, **settings)


def repeat_rows(model):
    """Return the rows of ``to_frame`` that belong to repeated folds."""
    return repeat_rows_of(model.history_)


def repeat_rows_of(history):
    frame = history.to_frame()
    return frame[frame["phase"] == COMPARISON]


# Who takes part.


@pytest.mark.parametrize(
    ("n", "expected"), [(1, [2, 0]), (2, [2, 0, 3]), (3, [2, 0, 3, 1]), (9, [2, 0, 3, 1])]
)
def test_the_finalists_are_the_best_and_the_default(n, expected):
    """Check that the best is named first, then the default, then the others by their score."""
    history = make_history(*((first, None) for first in (0.1, 0.7, 0.9, 0.8)))
    assert numbers(comparison(history, n).finalists()) == expected


def test_who_cannot_win_takes_no_part():
    """Check that trials that failed, were dropped or may not win are no finalists."""
    history = make_history(*((first, None) for first in (0.9, 0.8, 0.7, math.inf, 0.5)))
    history.trials[0] = replace(history[0], eligible=False)
    history.set_status(history[1], DROPPED)
    history.set_status(history[2], FAILED)
    assert numbers(comparison(history).finalists()) == [4]
    assert comparison(history).field(math.inf) == []  # nobody to compare it with


@pytest.mark.parametrize(
    ("n_rows", "n_trials", "expected"),
    [(499, 200, 10), (499, 50, 10), (499, 20, 4), (500, 200, 3), (500, 4, 2), (499, 1, 2)],
)
def test_the_usual_number_of_finalists(n_rows, n_trials, expected):
    """Check that few rows have more finalists, and few trials fewer."""
    assert Auto().count_finalists(n_rows, n_trials) == expected
    assert Auto(n_finalists=7).count_finalists(n_rows, n_trials) == 7


@pytest.mark.parametrize(
    ("parameter", "value", "error", "message"),
    [
        ("n_finalists", 0, ValueError, "'auto' or an integer of at least 1; got 0"),
        ("n_finalists", "all", ValueError, "'auto' or an integer of at least 1; got 'all'"),
        ("n_finalists", 2.0, TypeError, "'auto' or an integer of at least 1; got 2.0"),
        ("n_finalists", True, TypeError, "'auto' or an integer of at least 1; got True"),
        ("n_repeats", -1, ValueError, "an integer of at least 0; got -1"),
        ("n_repeats", "2", TypeError, "an integer of at least 0; got '2'"),
    ],
)
def test_bad_parameters(parameter, value, error, message):
    """Check that fit names the parameter, the rule and the value."""
    model = AutoTunedRegressor(Ridge(), strategy=Auto(**{parameter: value}), budget=2)
    with pytest.raises(error, match=f"strategy__{parameter} must be {message}"):
        model.fit(X, Y)


# What they may cost.


@pytest.mark.parametrize(
    ("seconds", "n_workers", "expected"),
    [
        (math.inf, 1, [2, 0, 3, 1]),
        (10.0, 1, [2, 0, 3, 1]),
        (9.9, 1, [2, 0, 3]),
        (5.0, 1, [2, 0]),
        (4.9, 1, []),
        (4.9, 2, [2, 0, 3]),
        (-1.0, 1, []),
    ],
)
def test_the_field_is_those_for_whom_there_is_time(seconds, n_workers, expected):
    """Check that one repeat (2 folds of 1.25 s) of all that start fits into the time."""
    history = make_history(*((first, None) for first in (0.1, 0.7, 0.9, 0.8)))
    assert numbers(comparison(history, n_workers=n_workers).field(seconds)) == expected


def test_the_comparison_is_skipped_if_there_is_no_time_for_the_best():
    """Check that a best trial that is too slow leaves nobody."""
    history = make_history((0.5, None), (0.9, None), (0.8, None))
    record(history, 1, range(N_FOLDS), 0.9, fit_time=100.0)
    assert comparison(history).field(50.0) == []
    record(history, 1, range(N_FOLDS), 0.9, fit_time=0.1)
    assert numbers(comparison(history).field(4.0)) == [1, 0]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1000, 10.0), (80, 8.0), (50, 5.0), (49, 0.0), (None, 0.0)]
)
def test_a_tenth_of_the_seconds_is_kept_at_most(seconds, expected):
    """Check that the search keeps what two trials need (4 folds each), if a tenth is enough."""
    history = make_history((0.5, None), (0.9, None))
    assert comparison(history, seconds=seconds).reserve() == pytest.approx(expected)


def test_the_reserve_follows_the_search():
    """Check that nothing is kept while there is nobody to compare, and nothing twice."""
    history = make_history((0.5, None))
    contest = comparison(history, seconds=1000)
    assert contest.reserve() == 0
    trial = history.add({}, "test")
    record(history, 1, range(N_FOLDS), 0.9)
    history.set_status(trial, COMPLETE)
    contest.ended(trial, history)
    assert contest.reserve() == pytest.approx(10.0)
    record(history, 1, range(2 * N_FOLDS), 0.9, phase=COMPARISON)
    contest.ended(trial, history)
    assert contest.reserve() == pytest.approx(5.0)


def test_folds_come_one_after_another():
    """Check that all trials run on a fold before the next, and none goes on after a failure."""
    history = make_history((0.5, None), (0.9, None))
    record(history, 1, [0], 0.9, phase=COMPARISON)
    scheduler = ComparisonScheduler(3, list(history), 0.5)
    expected = [(0, 0), (1, 0), (0, 1)]
    for number, fold in expected:
        assert scheduler.next() == Request(number, fold, 0.5, COMPARISON)
    failed = Evaluation(0, 0, 0.5, COMPARISON, FAILED)
    history.record(failed)
    assert scheduler.report(failed, history) == []
    for number, fold in [(1, 1), (1, 2)]:
        assert scheduler.next() == Request(number, fold, 0.5, COMPARISON)
    assert scheduler.next() is None


# Who wins.


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0.5, 0.5), LUCKY, GOOD], 2),  # the best of the first folds is not that of all
        ([(0.5, 0.5), GOOD, (0.79, 0.7)], 1),
        ([(0.5, 0.5), GOOD, GOOD], 1),  # the earliest among equals
        ([(0.5, 0.5), (0.8, 0.7), (0.7, 0.75)], 1),
        ([(0.5, 0.7), LUCKY, GOOD], 0),  # no gain over the default on the repeated folds
        ([(0.5, 0.71), GOOD], 0),
        ([(0.5, 0.69), GOOD], 1),
        ([(0.9, 0.9), GOOD], 0),
        ([(0.5, FAILED), LUCKY], 1),
        ([(0.5, 0.5), (0.9, FAILED), GOOD], 2),
        ([(0.5, 0.5), (0.9, CRASHED), GOOD], 2),
        ([(0.5, 0.5), (0.9, math.nan), GOOD], 2),
        ([(0.5, 0.5), (0.9, math.inf), GOOD], 2),
        ([(0.5, FAILED), (0.9, FAILED)], None),
        ([(0.5, 0.5), (0.9, None), GOOD], None),  # the best did not take part
        ([(0.5, None), (0.9, None)], None),
        ([(0.5, None), (0.9, 0.9), (0.8, 0.95)], 1),  # there was no time for the default
        ([(-1e308, -1e308), (1e308, 1e308)], None),  # its mean is not finite
    ],
)
def test_the_winner(rows, expected):
    """Check who wins by the mean over first and repeated folds, and against the default."""
    winner = comparison(make_history(*rows)).winner()
    assert (None if winner is None else winner.number) == expected


def test_only_folds_that_all_have_finished_count():
    """Check that a second repeat that was cut short counts as far as it is paired."""
    history = make_history((0.5, None), (0.9, None), (0.8, None))
    for number, score in enumerate((0.5, 0.7, 0.85)):
        record(history, number, [0, 1], score, phase=COMPARISON)
    assert comparison(history).winner() is history[2]
    record(history, 1, [2, 3], 99.0, phase=COMPARISON)
    record(history, 2, [2], 0.0, phase=COMPARISON)
    assert comparison(history).winner() is history[2]
    record(history, 0, [2], 0.0, phase=COMPARISON)
    assert comparison(history).winner() is history[1]


def test_less_than_a_repeat_decides_nothing():
    """Check that the search decides if not all finalists have finished a whole repeat."""
    history = make_history((0.5, None), (0.9, None))
    record(history, 0, [0, 1], 0.5, phase=COMPARISON)
    record(history, 1, [0], 0.4, phase=COMPARISON)
    assert comparison(history).winner() is None
    record(history, 1, [1], 0.4, phase=COMPARISON)
    assert comparison(history).winner() is history[0]


@pytest.mark.parametrize(("limit", "expected"), [(None, 1), (100.0, 1), (2.0, 2)])
def test_the_end_of_the_budget_is_no_failure(limit, expected):
    """Check that a fold that was cut short is left out, one over the trial's limit a failure."""
    history = make_history((0.5, 0.5), (0.9, 0.8), GOOD)
    record(history, 1, [3], TIMEOUT, phase=COMPARISON)
    record(history, 2, [3], 99.0, phase=COMPARISON)
    winner = comparison(history, seconds_per_trial=limit).winner()
    assert winner is history[expected]


# Repeated folds.


@pytest.mark.parametrize(
    ("cv", "expected"),
    [
        (None, 2),
        (3, 2),
        (np.int64(3), 2),
        (KFold(3, shuffle=True), 2),
        (KFold(3, shuffle=True, random_state=np.random.RandomState(0)), 2),
        (StratifiedKFold(3, shuffle=True, random_state=1), 2),
        (RepeatedKFold(n_splits=3, n_repeats=2), 2),
        (ShuffleSplit(3), 2),
        (StratifiedShuffleSplit(3), 2),
        (KFold(3), 0),
        (StratifiedKFold(3), 0),
        (TimeSeriesSplit(3), 0),
        (GroupKFold(3), 0),
        (LeaveOneOut(), 0),
        (list(KFold(3).split(X)), 0),
        (type("Own", (KFold,), {})(3, shuffle=True), 0),
    ],
    ids=short_repr,  # without addresses, which differ between processes
)
def test_where_folds_can_be_drawn_anew(cv, expected):
    """Check that folds are redrawn only where their order cannot mean anything."""
    y = np.arange(30) % 2
    repeats = RepeatedFolds(2, cv, y, {"groups": None}, classifier=True)
    assert repeats.n_repeats == expected
    assert RepeatedFolds(2, cv, y, {"groups": y}, classifier=True).n_repeats == 0
    assert RepeatedFolds(0, cv, y, {}, classifier=True).draw(X, y, 0) == []
    folds = repeats.draw(X, y, seed=7)
    assert len(folds) % 2 == 0
    assert bool(folds) == bool(expected)
    for again, (train, test) in zip(repeats.draw(X, y, seed=7), folds, strict=True):
        assert np.array_equal(again[0], train)
        assert np.array_equal(again[1], test)
        assert np.isin(train, test).sum() == 0
    others = repeats.draw(X, y, seed=8)
    assert not folds or any(
        not np.array_equal(a[1], b[1]) for a, b in zip(others, folds, strict=True)
    )


def test_repeats_are_repeats_of_another_order():
    """Check that each repeat has all rows once, in folds unlike the first and each other."""
    repeats = RepeatedFolds(2, 3, Y, {}, classifier=False)
    folds = [tuple(test) for _, test in repeats.draw(X, Y, seed=0)]
    first = [tuple(test) for _, test in KFold(3).split(X)]
    assert len({*folds, *first}) == 9
    for repeat in (folds[:3], folds[3:]):
        assert sorted(row for test in repeat for row in test) == list(range(30))


def test_a_splitter_is_not_changed():
    """Check that the user's splitter keeps its seed."""
    cv = KFold(3, shuffle=True, random_state=5)
    RepeatedFolds(2, cv, Y, {}, classifier=False).draw(X, Y, 0)
    assert cv.random_state == 5


# In ``fit``.


def test_the_winner_of_fit():
    """Check that repeated folds change the winner, and the results tell of the first folds only."""
    model = tuned(LUCKY, GOOD, POOR, (0.2, 0.2), (0.3, 0.3)).fit(X, Y)
    assert model.best_params_ == {"first": 0.8, "repeat": 0.7}
    assert model.best_score_ == pytest.approx(0.8)
    assert model.best_index_ != np.argmin(model.cv_results_["rank_test_score"])
    assert model.n_splits_ == 3
    assert max(model.cv_results_["mean_test_score"]) == pytest.approx(0.9)
    assert not [name for name in model.cv_results_ if name.startswith("split3")]
    rows = repeat_rows(model)
    assert rows.groupby("trial").size().tolist() == [6, 6, 6]  # the default is the third best
    assert sorted(set(rows["fold"])) == list(range(6))
    assert model.best_estimator_.first == 0.8


def test_the_default_is_always_a_finalist():
    """Check that the default is compared even if others did better."""
    model = tuned(LUCKY, GOOD, (0.6, 0.6), (0.7, 0.6)).fit(X, Y)
    assert repeat_rows(model).groupby("trial").size()[0] == 6
    assert len(repeat_rows(model)) == 4 * 6


def test_the_default_is_kept():
    """Check that the default wins if the best of the search is no better on repeated folds."""
    model = tuned(LUCKY, (0.8, 0.5)).fit(X, Y)
    assert model.best_index_ == 0
    assert model.best_score_ == model.default_score_ == 0.5
    assert tuned(LUCKY, (0.8, 0.5), n_repeats=0).fit(X, Y).best_score_ == pytest.approx(0.9)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_repeats": 0},
        {"cv": TimeSeriesSplit(3)},
        {"cv": list(KFold(3).split(X))},
        {"cv": KFold(3)},
        {"refit": False},
        {"refit": lambda results: int(np.argmin(results["rank_test_score"]))},
        {"strategy": "random"},
        {"strategy": "racing"},
        {"strategy": "grid", "budget": None},
    ],
    ids=short_repr,  # without addresses, which differ between processes
)
def test_no_comparison(settings):
    """Check that without repeated folds, or a winner to be found, the search decides."""
    model = tuned(LUCKY, GOOD, **settings).fit(X, Y)
    assert len(repeat_rows(model)) == 0
    assert model.best_params_ == {"first": 0.9, "repeat": 0.4}


def test_no_comparison_with_groups():
    """Check that folds are not redrawn where rows belong together."""
    model = tuned(LUCKY, GOOD, cv=GroupKFold(3)).fit(X, Y, groups=np.arange(30) // 10)
    assert len(repeat_rows(model)) == 0


def test_no_comparison_of_one():
    """Check that a trial alone is not evaluated again."""
    assert len(repeat_rows(tuned((0.5, 0.5), budget=1).fit(X, Y))) == 0


def test_a_finalist_that_fails():
    """Check that a finalist that fails on a repeated fold is excluded, and its error shown."""
    model = tuned((0.9, "out of luck"), GOOD).fit(X, Y)
    assert model.best_params_ == {"first": 0.8, "repeat": 0.7}
    (row,) = np.flatnonzero(model.cv_results_["mean_test_score"] > 0.85)
    assert "out of luck" in model.cv_results_["error"][row]
    assert model.cv_results_["status"][row] == "complete"
    assert len(repeat_rows(model)) == 6 + 6 + 1  # its other folds were saved


def test_all_finalists_fail():
    """Check that the search decides if nobody can be evaluated on repeated folds."""
    space = {"first": [0.6, 0.7], "repeat": ["out of luck"]}
    model = tuned().set_params(space=space, include_default=False).fit(X, Y)
    assert model.best_score_ == pytest.approx(0.7)
    assert len(repeat_rows(model)) == 2


def test_a_failure_that_raises():
    """Check that with error_score="raise" a failure in the final comparison ends the fit."""
    model = tuned((0.9, "out of luck"), GOOD, error_score="raise")
    with pytest.raises(ValueError, match="out of luck"):
        model.fit(X, Y)


def test_two_workers():
    """Check that the final comparison is the same with two workers."""
    one, two = (tuned(LUCKY, GOOD, POOR, n_jobs=n_jobs).fit(X, Y) for n_jobs in (1, 2))
    assert two.best_params_ == one.best_params_ == {"first": 0.8, "repeat": 0.7}
    assert len(repeat_rows(two)) == len(repeat_rows(one))
    assert two.expected_score_ == one.expected_score_


def test_the_seed_decides():
    """Check that the same seed gives the same final comparison, on real data."""
    x = np.random.RandomState(0).randn(60, 3)
    y = x[:, 0] + np.random.RandomState(1).randn(60)
    strategy = Auto(n_finalists=2, n_repeats=2)
    settings = {"strategy": strategy, "budget": 6, "cv": 3, "random_state": 3}
    one, two = (AutoTunedRegressor(Ridge(), **settings).fit(x, y) for _ in range(2))
    assert repeat_rows(one)["score_score"].tolist() == repeat_rows(two)["score_score"].tolist()
    first = one.history_.fold_scores(one.history_[0])
    assert not set(first) & set(one.history_.repeat_scores(one.history_[0]))
    per_fold = [sorted(group["trial"]) for _, group in repeat_rows(one).groupby("fold")]
    assert per_fold == [per_fold[0]] * 6


# Continued runs.


def test_nothing_is_evaluated_again(tmp_path):
    """Check that a fit that is repeated evaluates nothing and comes to the same."""
    settings = {"storage": tmp_path / "tuning.db"}
    one, two = (tuned(LUCKY, GOOD, POOR, **settings).fit(X, Y) for _ in range(2))
    assert len(repeat_rows(one)) == 18
    assert two.history_.to_frame().equals(one.history_.to_frame())
    assert two.best_params_ == one.best_params_
    assert two.expected_score_ == one.expected_score_


def test_refit_may_differ_between_runs(tmp_path):
    """Check that a run without a refit shares its study with one that has a final comparison."""
    settings = {"storage": tmp_path / "tuning.db"}
    tuned(LUCKY, GOOD, refit=False, **settings).fit(X, Y)
    model = tuned(LUCKY, GOOD, **settings).fit(X, Y)
    assert model.best_params_ == {"first": 0.8, "repeat": 0.7}
    again = tuned(LUCKY, GOOD, refit=False, **settings).fit(X, Y)
    assert again.best_params_ == {"first": 0.9, "repeat": 0.4}
    assert len(repeat_rows(again)) == 18


calls: list[bool] = []  # of `interrupted_score`, whether they were on repeated folds


def interrupted_score(model, x, y):
    """Return the score, but interrupt its seventh call on repeated folds."""
    calls.append(np.ptp(x[:, 0]) + 1 != len(x))
    if sum(calls) == 7 and len(calls) < 99:
        calls.extend([False] * 99)
        raise KeyboardInterrupt
    return scripted_score(model, x, y)


@pytest.mark.parametrize("stored", [False, True])
def test_an_interruption_loses_nothing(stored, tmp_path):
    """Check that after Ctrl-C in the final comparison only what is missing is evaluated."""
    calls.clear()
    settings = {"storage": tmp_path / "tuning.db"} if stored else {"warm_start": True}
    model = tuned(LUCKY, GOOD, POOR, **settings).set_params(scoring=interrupted_score)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert len(repeat_rows_of(model.history_)) == 6
    assert {trial.status for trial in model.history_} == {COMPLETE}
    calls[:] = [False] * 99
    model.fit(X, Y)
    assert sum(calls) == len(calls) - 99 == 12
    assert model.best_params_ == {"first": 0.8, "repeat": 0.7}


def test_a_larger_budget_brings_new_finalists():
    """Check that a warm start evaluates the new finalists on the repeated folds of the old."""
    model = tuned(LUCKY, GOOD, POOR, (0.3, 0.3), budget=2, warm_start=True).fit(X, Y)
    early = repeat_rows(model)
    model.set_params(budget=20).fit(X, Y)
    kept = repeat_rows(model).merge(early, on=["trial", "fold", "ended"])
    assert len(kept) == len(early) == 12
    assert model.best_params_ == {"first": 0.8, "repeat": 0.7}


# Budgets, callbacks, progress.


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_budget_of_seconds_covers_the_comparison(n_jobs):
    """Check that the comparison keeps to its share of the seconds and stays within the budget."""
    model = tuned(
        *((0.6 + 0.3 * i / 400, 0.7) for i in range(400)),
        budget="5s",
        n_jobs=n_jobs,
    ).set_params(estimator=Scripted(pause=0.01))
    with Stopwatch() as watch:
        model.fit(X, Y)
    assert watch.seconds < 5.6
    rows = repeat_rows(model)
    assert len(rows) >= 6
    assert len(model.history_) >= 10
    assert rows["started"].min() > 3  # after the search


@pytest.mark.slow  # workers must be ready well before the end of the budget
def test_no_time_for_the_comparison():
    """Check that slow models are not compared again, and the search has the whole budget."""
    kinds = [(0.6 + i / 1000, 0.7) for i in range(99)]
    model = tuned(*kinds, budget="8s").set_params(estimator=Scripted(pause=0.4)).fit(X, Y)
    assert len(repeat_rows(model)) == 0
    assert len(model.history_) > 3


def test_the_limit_of_a_trial_holds_for_each_repeat(monkeypatch):
    """Check that a finalist has all of it again, whatever it took in the search."""
    jobs, submit = [], ProcessExecutor.submit

    def note(self, job):
        jobs.append(job)
        submit(self, job)

    monkeypatch.setattr(ProcessExecutor, "submit", note)
    model = tuned(LUCKY, GOOD, budget=Budget(trials=3, seconds_per_trial=60)).fit(X, Y)
    assert set(repeat_rows(model)["status"]) == {COMPLETE}
    assert len(repeat_rows(model)) == 18
    assert min(job.seconds for job in jobs if job.phase == SEARCH) < 60
    first = [job.seconds for job in jobs if job.phase == COMPARISON and job.fold % 3 == 0]
    assert first == [60.0] * 6


def test_progress(capsys):
    """Check that progress shows the final comparison."""
    tuned(LUCKY, GOOD, verbose=1).fit(X, Y)
    assert capsys.readouterr().out.splitlines()[-1].endswith("| final comparison: 18 evaluations")


def test_callbacks():
    """Check that scikit-learn's callbacks see the final comparison as a task of its own."""
    pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
    from test_callbacks import EVALUATION, REFIT, Recorder

    recorder = Recorder()
    tuned(LUCKY, GOOD).set_callbacks(recorder).fit(X, Y)
    for name, count in (("search", 1), ("final comparison", 1), (EVALUATION, 9 + 18), (REFIT, 1)):
        told = recorder.count("begin", name), recorder.count("end", name)
        assert told == (count, count), name
    stopping = Recorder(stop_at=8)
    model = tuned(LUCKY, GOOD).set_callbacks(stopping).fit(X, Y)
    assert len(repeat_rows(model)) == 0
    assert model.best_params_ == {"first": 0.9, "repeat": 0.4}
