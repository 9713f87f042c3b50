"""Defaults that cannot win: when they are evaluated, and what they become in the space."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes import FakeExecutor, FakeTime, add_trial, as_outcome, make_tuner
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, Budget
from autotune.evaluation import Job
from autotune.history import (
    COMPLETE,
    CRASHED,
    FAILED,
    INTERRUPTED,
    TIMEOUT,
    Evaluation,
    History,
    Key,
)
from autotune.schedule import Halving, Racing, Rung
from autotune.timing import Clock, Reference
from autotune.tuning._candidates import make_candidates

X, y = load_iris(return_X_y=True)
OUTSIDE = ({"C": 5.0}, False)


def timed(seconds_of):
    """Return an answer to jobs that takes as long as a function of the job says."""

    def answer(job):
        outcome = as_outcome(job, job.params["C"])
        outcome.evaluation.fit_time = seconds_of(job)
        return outcome

    return answer


def run(seconds_of, reference_seconds, **settings):
    """Run a search with a default outside of the space; return tuner and trials in order."""
    executor = FakeExecutor(timed(seconds_of), settings.pop("n_workers", 1))
    settings.setdefault("defaults", [OUTSIDE])
    tuner = make_tuner(executor=executor, reference_seconds=reference_seconds, **settings)
    tuner.run()
    return tuner, [job.trial for job in executor.jobs]


# When it is evaluated


def test_without_a_limit_it_is_first():
    """Check that a default that cannot win is trial 0 where seconds do not count."""
    tuner, order = run(lambda job: 1.0, math.inf, n_trials=3)
    assert order == [0, 0, 1, 1, 2, 2]
    assert tuner.history[0].status == COMPLETE


def test_it_waits_until_its_time_is_known():
    """Check that it follows the first trial that ended, if all of its folds fit."""
    tuner, order = run(lambda job: 1.0, 4.0, n_trials=4)
    assert order == [1, 1, 0, 0, 2, 2, 3, 3]
    assert [trial.origin for trial in tuner.history] == ["default", *["random"] * 3]
    assert tuner.history.score(tuner.history[0]) == 5.0


def test_it_is_left_out_where_it_would_cost_too_much():
    """Check that it is not evaluated where not even one fold is sure to fit."""
    tuner, order = run(lambda job: 1.0, 1.4, n_trials=3)
    assert order == [1, 1, 2, 2]
    assert tuner.history[0].status == INTERRUPTED
    assert math.isnan(tuner.history.score(tuner.history[0]))


def test_it_gets_the_folds_that_fit_when_nothing_else_is_left():
    """Check that it comes last, on some folds, where all of them do not fit."""
    tuner, order = run(lambda job: 1.0, 3.4, n_trials=3, n_folds=5)
    assert order == [1] * 5 + [2] * 5 + [0, 0]
    assert tuner.history[0].status == INTERRUPTED


@pytest.mark.parametrize("n_workers", [1, 2, 7])
@pytest.mark.parametrize("factor", [0.5, 1.0, 20.0])
def test_it_never_costs_more_than_its_seconds(n_workers, factor):
    """Check that its evaluations may not take more, however slow they turn out."""
    allowed = 10.0

    def seconds(job):
        return min(factor, job.seconds) if job.trial == 0 else 1.0

    tuner, _ = run(seconds, allowed, n_workers=n_workers, n_trials=9, n_folds=4)
    evaluations = tuner.history[0].evaluations.values()
    assert evaluations
    assert sum(e.seconds for e in evaluations) <= allowed + 1e-9


def test_promised_seconds_count():
    """Check that seconds which a running evaluation may still take are not promised again."""
    history = History(2)
    trial = history.add({"C": 5.0}, "default", eligible=False)
    add_trial(history, {"C": 0.5}, [0.1, 0.1])
    reference = Reference(history, 4.0)
    first = reference.next((), math.inf, idle=False)
    job = Job(0, first.fold, 1.0, {}, 0, reference.allowance(trial, (), math.inf))
    second = reference.next([job], math.inf, idle=False)
    assert {first.fold, second.fold} == {0, 1}
    assert job.seconds + reference.allowance(trial, [job], math.inf) == 4.0
    full = Job(0, 0, 1.0, {}, 0, 4.0)
    assert reference.next([full], math.inf, idle=True) is None
    assert reference.allowance(trial, [full], math.inf) == 0.0


def test_the_trial_most_like_it_tells_its_time():
    """Check that a default's time is that of the same model, not that of another one."""
    history = History(1)
    for params, eligible in (({"m": "a"}, False), ({"m": "b"}, False)):
        history.add(params, "default", eligible=eligible)
    for model, seconds in (("a", 9.0), ("b", 1.0)):
        add_trial(history, {"m": model, "C": 1}, [0.5]).evaluations[Key(0)].fit_time = seconds
    assert Reference(history, 4.0).next((), math.inf, idle=True).trial == 1


@pytest.mark.parametrize("status", [FAILED, CRASHED, TIMEOUT])
def test_where_all_others_fail_it_is_tried(status):
    """Check that there is something to fall back on where no configuration succeeds."""

    def answer(job):
        return 1.0 if job.trial == 0 else status

    tuner = make_tuner(
        executor=FakeExecutor(answer), defaults=[OUTSIDE], n_trials=4, reference_seconds=3.0
    )
    tuner.run()
    assert [t.status for t in tuner.history] == [COMPLETE, status, status, status]


@pytest.mark.parametrize("status", [FAILED, CRASHED, TIMEOUT])
def test_its_own_failures_are_rows(status):
    """Check the status of a default outside the space that fails."""

    def answer(job):
        return status if job.trial == 0 else 0.5

    tuner = make_tuner(
        executor=FakeExecutor(answer), defaults=[OUTSIDE], n_trials=3, reference_seconds=3.0
    )
    tuner.run()
    assert [t.status for t in tuner.history] == [status, COMPLETE, COMPLETE]


def test_several_share_the_seconds():
    """Check that the defaults of several models may together take what one may."""
    defaults = [({"C": 5.0}, False), ({"C": 0.5}, True), ({"C": 7.0}, False)]
    _, order = run(lambda job: 1.0, 5.0, defaults=defaults, n_trials=4)
    assert order == [1, 1, 0, 0, 3, 3, 2, 2]
    _, order = run(lambda job: 1.0, 4.0, defaults=defaults, n_trials=4)
    assert order == [1, 1, 0, 0, 3, 3, 2]


def test_it_is_not_raced():
    """Check that racing does not drop what is only reported, however bad it is."""

    def answer(job):
        return -9.0 if job.trial == 0 else job.params["C"] + job.fold / 1000

    tuner = make_tuner(
        executor=FakeExecutor(answer),
        scheduler=Racing(5),
        history=History(5),
        defaults=[OUTSIDE],
        n_trials=6,
        reference_seconds=9.0,
    )
    tuner.run()
    assert tuner.history[0].status == COMPLETE
    assert tuner.history.score(tuner.history[0]) == -9.0


def test_halving_comes_to_an_end():
    """Check that a scheduler which is not told of it does not wait for it."""
    rungs = [Rung(0.1, 1), Rung(1.0, 1), Rung(1.0, 3)]
    tuner, order = run(
        lambda job: 1.0,
        0.1,
        scheduler=Halving(rungs),
        history=History(3),
        n_folds=3,
        n_trials=9,
    )
    assert 0 not in order
    assert any(t.status == COMPLETE for t in tuner.history)


@pytest.mark.parametrize("n_done", [0, 1, 2])
def test_an_interrupted_search_goes_on_with_it(n_done):
    """Check that a later run concludes it with the folds that it misses."""
    history = History(2)
    history.add({"C": 5.0}, "default", eligible=False)
    for fold in range(n_done):
        history.record(Evaluation(0, fold, scores={"score": 5.0}))
    history.set_status(history[0], INTERRUPTED)
    add_trial(history, {"C": 0.5}, [0.1, 0.1])
    _, order = run(lambda job: 1.0, 9.0, history=history, n_trials=3)
    assert order == [0] * (2 - n_done) + [2, 2]
    assert [t.status for t in history] == [COMPLETE] * 3


def test_the_budget_s_end_is_its_end():
    """Check that what is left of the budget limits it, too."""
    now = FakeTime()
    limits = []

    def seconds(job):
        limits.append((job.trial, job.seconds))
        now.seconds += 1.0
        return 1.0

    run(seconds, 9.0, clock=Clock(6.5, now), n_trials=None)
    (_, first), (_, second) = [limit for limit in limits if limit[0] == 0]
    assert first == 4.5 / 2
    assert second == 3.5


def test_it_is_not_begun_where_the_search_is_about_to_end():
    """Check that no evaluation is begun that the end of the search would cut short."""
    now = FakeTime()

    def seconds(job):
        now.seconds += 1.0
        return 1.0

    tuner, order = run(seconds, 9.0, clock=Clock(3.2, now), n_trials=2)
    assert order == [1, 1]
    assert tuner.history[0].status == INTERRUPTED


# What a fit makes of it


def fit(space, strategy="auto", budget=6, model=None, **settings):
    """Return a fitted search on small data."""
    model = DecisionTreeClassifier(random_state=0) if model is None else model
    return AutoTunedClassifier(
        model, space, strategy=strategy, budget=budget, cv=3, random_state=0, **settings
    ).fit(X, y)


@pytest.mark.parametrize("strategy", ["auto", "racing", "bayes"])
def test_the_moved_default_is_the_first_real_trial(strategy):
    """Check that the default is tried as what it is inside of the space, after itself."""
    space = {"max_depth": (2, 6), "min_samples_leaf": (3, 9), "criterion": ["entropy", "gini"]}
    history = fit(space, strategy).history_
    assert [(t.origin, t.eligible) for t in history][:2] == [
        ("default", False),
        ("moved default", True),
    ]
    assert history[1].params == {"max_depth": 6, "min_samples_leaf": 3, "criterion": "gini"}
    assert len(history) == 6


@pytest.mark.parametrize("strategy", ["grid", "random", "halving", "hyperband"])
def test_other_strategies_propose_what_they_did(strategy):
    """Check that a strategy without a model of the scores gets no trial of ours."""
    history = fit({"max_depth": [2, 3, 4], "min_samples_leaf": [3, 9]}, strategy).history_
    assert {t.origin for t in history} == {"default", history[1].origin}
    assert history[1].origin in ("grid", "random")


def test_the_space_and_nothing_else():
    """Check that without the default there is no moved one."""
    history = fit({"max_depth": (2, 6)}, "bayes", include_default=False).history_
    assert {t.origin for t in history} == {"bayes"}


def test_a_default_inside_is_not_moved():
    """Check that a default that may win is tried once."""
    history = fit({"min_samples_leaf": (1, 9)}, "bayes").history_
    assert [t.origin for t in history] == ["default", *["bayes"] * 5]


def test_each_of_several_models_is_moved():
    """Check the moved defaults of a list of models, one of which may win as it is."""
    tree, bayes = DecisionTreeClassifier(random_state=0), GaussianNB()
    space = [
        {"estimator": [tree], "estimator__max_depth": (2, 6)},
        {"estimator": [bayes], "estimator__var_smoothing": (1e-9, 1e-3, "log-uniform")},
    ]
    history = fit(space, "bayes", model=[tree, bayes]).history_
    assert [t.origin for t in history][:3] == ["default", "default", "moved default"]
    assert [t.eligible for t in history][:3] == [False, True, True]
    assert history[2].params["estimator__max_depth"] == 6


def test_with_seconds_the_default_outside_is_deferred():
    """Check that rows keep their numbers where the default's evaluations come later."""
    budget = Budget(trials=4, seconds=60)
    model = fit({"max_depth": (2, 6)}, budget=budget)
    first, second, *_ = model.history_
    assert (first.origin, first.status, second.origin) == ("default", COMPLETE, "moved default")
    assert min(e.started for e in first.evaluations.values()) >= max(
        e.ended for e in second.evaluations.values()
    )
    assert np.isfinite(model.default_score_)
    assert model.cv_results_["origin"][0] == "default"


def test_storage_goes_on_after_a_deferred_default(tmp_path):
    """Check that a search whose default was not evaluated can be continued."""
    space, path = {"max_depth": (2, 30)}, tmp_path / "s.db"
    fit(space, budget=Budget(trials=3, seconds=60), storage=path)
    history = fit(space, budget=Budget(trials=5, seconds=90), storage=path).history_
    assert [t.origin for t in history][:2] == ["default", "moved default"]
    assert len(history) == 5


def test_the_configuration_measured_first_is_one_that_may_win():
    """Check by which configuration the times of a search are judged beforehand."""
    tree = DecisionTreeClassifier()
    assert make_candidates(tree, {"max_depth": (2, 6)}).typical() == {"max_depth": 6}
    assert make_candidates(tree, {"max_depth": [None, 6]}).typical() == {"max_depth": None}


def test_both_class_weights_are_tried_early_under_a_balanced_metric():
    """Check that the starting points of a fit know whether rare classes count."""
    space = {"C": (0.1, 99.0), "gamma": ["scale", 0.01], "class_weight": [None, "balanced"]}
    for scoring, expected in (("balanced_accuracy", {"balanced"}), ("accuracy", {None})):
        history = fit(space, model=SVC(), scoring=scoring).history_
        weights = {origin: set() for origin in ("default", "portfolio")}
        for trial in history:
            weights.setdefault(trial.origin, set()).add(trial.params["class_weight"])
        assert weights["default"] == {None}
        assert weights["portfolio"] == expected


@pytest.mark.parametrize(
    ("C", "values", "tried"),
    [(1.0, [0.1, 1, 10], [1.0, 0.1, 10]), (1.0, [1, 10], [1.0, 1, 10]), (1, [0.1, 1.0], [1, 0.1])],
)
def test_a_default_is_found_in_a_list_of_numbers(C, values, tried):
    """Check that 1.0 is tried in place of 1 where a list has floats, and beside it elsewhere."""
    model = AutoTunedClassifier(SVC(C=C), {"C": values}, strategy="grid", cv=2).fit(X, y)
    found = [trial.params["C"] for trial in model.history_]
    assert found == tried
    assert list(map(type, found)) == list(map(type, tried))
    assert model.history_[0].eligible is (len(tried) == len(values))
