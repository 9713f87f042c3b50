"""Searches that compare trials on fewer folds, because seconds are scarce."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeExecutor, FakeTime, make_tuner
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from autotune import Auto, AutoTunedClassifier
from autotune._budget import Clock
from autotune._folds import FewerFolds
from autotune._history import COMPLETE, CRASHED, FAILED, RUNNING, Evaluation, History
from autotune.execution import Outcome
from autotune.schedule import Racing

X, Y = load_iris(return_X_y=True)
ORDER = [3, 0, 4, 1, 2]


def fewer_folds(seconds, refit=0.0, n_workers=1, told=None):
    """Return the rule, with so many seconds left on a clock that stands still."""
    clock = Clock(seconds, FakeTime())
    return FewerFolds(clock, lambda trial: refit, n_workers, ([] if told is None else told).append)


def first_trial(history, seconds=(), status=COMPLETE):
    """Return the first evaluations of a trial; each took so many seconds."""
    trial = history.add({}, "default")
    evaluation = None
    for fold, duration in zip(ORDER, seconds, strict=False):
        evaluation = Evaluation(trial.number, fold, status=status, fit_time=duration)
        history.record(evaluation)
    return evaluation


@pytest.mark.parametrize(
    ("seconds", "left", "refit", "n_workers", "folds"),
    [
        ([1.0], 14.0, 0.0, 1, (0, 1, 2, 3, 4)),  # three times five, this one included
        ([1.0], 13.9, 0.0, 1, (0, 1, 3, 4)),
        ([1.0], 10.0, 2.0, 1, (0, 3, 4)),
        ([1.0], 5.0, 0.0, 1, (0, 3)),
        ([1.0], 4.0, 0.0, 1, (3,)),
        ([1.0], 0.1, 3.0, 1, (3,)),
        ([1.0], 4.0, 0.0, 3, (0, 1, 3, 4)),
        ([9.0, 1.0], 13.0, 0.0, 1, (0, 1, 2, 3, 4)),  # the first one had to warm up
        ([1.0, 1.0], 0.0, 0.0, 1, (0, 3)),  # what was evaluated counts
    ],
)
def test_as_many_folds_as_leave_time_for_three_trials(seconds, left, refit, n_workers, folds):
    """Check the number of folds, in the order in which they are evaluated."""
    history, told = History(5), []
    evaluation = first_trial(history, seconds)
    fewer_folds(left, refit, n_workers, told)(evaluation, history, ORDER)
    assert history.compared_folds == folds
    assert told == ([] if len(folds) == 5 else [folds])


def test_only_the_first_trial_tells():
    """Check that failures tell nothing, nor later trials, nor a trial that has ended."""
    history = History(5)
    evaluation = first_trial(history, [1.0], CRASHED)
    fewer_folds(1.0)(evaluation, history, ORDER)
    assert history.compared_folds == (0, 1, 2, 3, 4)
    history.add({}, "bayes")
    fewer_folds(1.0)(Evaluation(1, 3, fit_time=1.0), history, ORDER)
    assert history.compared_folds == (0, 1, 2, 3, 4)
    ended = History(5)
    evaluation = first_trial(ended, [1.0])
    ended[0].status = FAILED
    fewer_folds(1.0)(evaluation, ended, ORDER)
    assert ended.compared_folds == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(("left", "widened"), [(15.0, True), (14.9, False), (None, True)])
def test_a_run_that_has_the_time_returns_to_all_folds(left, widened):
    """Check that complete trials are then taken up again, and others are not."""
    history, told = History(5), []
    first_trial(history, [1.0])
    first_trial(history, [1.0])
    history[0].status, history[1].status = COMPLETE, FAILED
    history[0].evaluations[3, 1.0].scores = {"score": 0.5}
    history.compared_folds = (3,)
    fewer_folds(left, told=told).reconsider(history)
    assert history.compared_folds == ((0, 1, 2, 3, 4) if widened else (3,))
    assert told == ([(0, 1, 2, 3, 4)] if widened else [])
    assert [t.status for t in history] == [RUNNING if widened else COMPLETE, FAILED]


def test_nothing_is_reconsidered_without_a_trial():
    """Check that a run that was killed before its first evaluation begins as it was."""
    history = History(5)
    history.compared_folds = (3,)
    fewer_folds(100.0).reconsider(history)
    assert history.compared_folds == (3,)


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("n_compared", [1, 2, 4])
def test_all_trials_are_compared_on_the_same_folds(n_compared, n_workers):
    """Check that trials are complete with these folds, and the best of them is the winner."""

    def answer(job):
        evaluation = Evaluation(job.trial, job.fold, fit_time=1.0)
        evaluation.scores = {"score": job.params["C"] + job.fold / 100}
        return Outcome(evaluation)

    def fewer(evaluation, history, order):
        history.compared_folds = tuple(sorted(order[:n_compared]))

    scheduler = Racing(5, seed=1, eps=0.0)
    executor = FakeExecutor(answer, n_workers=n_workers)
    tuner = make_tuner(
        executor=executor, scheduler=scheduler, history=History(5), fewer_folds=fewer
    )
    tuner.run()
    history = tuner.history
    assert {trial.status for trial in history} == {COMPLETE}
    compared = scheduler.order[:n_compared]
    assert sorted(compared) == list(history.compared_folds)
    for trial in history:
        assert {fold for fold, _ in trial.evaluations} >= set(compared)
        assert history.score(trial) == pytest.approx(trial.params["C"] + np.mean(compared) / 100)
    if n_workers == 1:
        assert len(executor.jobs) == 5 * n_compared


# Whole searches


@pytest.fixture
def affordable(monkeypatch):
    """Have every search believe that it has time for so many evaluations after the first."""
    answer = {"n": 5.0}
    monkeypatch.setattr(FewerFolds, "_affordable", lambda self, trial: answer["n"])
    return answer


def tuned(**parameters):
    settings = {"budget": "60s", "cv": StratifiedKFold(5), "random_state": 0, **parameters}
    space = {"var_smoothing": [1e-9, 1e-3, 1e-1]}
    return AutoTunedClassifier(GaussianNB(), space, **settings)


def test_results_of_fewer_folds(affordable):
    """Check that the mean is that of the folds that count, and the others have no scores."""
    model = tuned().fit(X, Y)
    compared = list(model.history_.compared_folds)
    assert len(compared) == 2
    others = sorted({*range(5)} - {*compared})
    results = model.cv_results_
    complete = results["status"] == "complete"
    table = np.array([results[f"split{fold}_test_score"] for fold in range(5)])
    assert np.isnan(table[others]).all()
    assert table[compared][:, complete].mean(axis=0) == pytest.approx(
        results["mean_test_score"][complete]
    )
    assert table[compared][:, complete].std(axis=0) == pytest.approx(
        results["std_test_score"][complete]
    )
    assert np.isnan(results["mean_test_score"][~complete]).all()
    assert model.best_score_ == results["mean_test_score"][complete].max()
    assert model.n_splits_ == 5
    low, high = model.expected_score_interval_
    assert low <= model.expected_score_ <= high


def test_train_scores_of_fewer_folds(affordable):
    """Check that the mean of the training scores is that of the same folds."""
    results = tuned(return_train_score=True).fit(X, Y).cv_results_
    assert np.isfinite(results["mean_train_score"][0])


@pytest.mark.parametrize(
    "parameters",
    [{"budget": 3}, {"strategy": Auto(subsample=False)}, {"strategy": "racing"}],
)
def test_other_searches_take_all_folds(affordable, parameters):
    """Check that folds are saved only where seconds are scarce and it is wanted."""
    affordable["n"] = 0.0
    model = tuned(**parameters).fit(X, Y)
    assert model.history_.compared_folds == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("storage", [False, True])
@pytest.mark.parametrize("budget", ["90s", 8])
def test_a_later_fit_evaluates_the_missing_folds(affordable, storage, budget, tmp_path):
    """Check that nothing is evaluated twice, and everything that counts in the end."""
    path = tmp_path / "tuning.db" if storage else None
    model = tuned(warm_start=True, storage=path).fit(X, Y)
    first = model.history_
    before = {(e.trial, e.fold): e.ended for e in first.evaluations()}
    assert len(first.compared_folds) == 2
    affordable["n"] = 1000.0
    model.set_params(budget=budget).fit(X, Y)
    history = model.history_
    assert history.compared_folds == (0, 1, 2, 3, 4)
    after = {(e.trial, e.fold): e.ended for e in history.evaluations()}
    assert before.items() <= after.items()
    assert {t.status for t in history} <= {"complete", "dropped"}
    assert np.isfinite(history.score(history[model.best_index_]))


def test_storage_keeps_the_folds(affordable, tmp_path):
    """Check that a search that is found on disk goes on with the same folds."""
    path = tmp_path / "tuning.db"
    first = tuned(storage=path).fit(X, Y)
    again = tuned(storage=path).fit(X, Y)
    assert again.history_.compared_folds == first.history_.compared_folds
    assert len(first.history_.compared_folds) == 2
    assert again.best_params_ == first.best_params_
