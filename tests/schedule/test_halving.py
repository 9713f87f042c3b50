"""Successive halving and Hyperband: who is promoted and when, at what cost, and what remains."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import strategies
from fakes import FakeExecutor, as_outcome, make_tuner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, Halving, Hyperband, Random
from autotune.evaluation import Job
from autotune.history import (
    COMPLETE,
    DROPPED,
    FAILED,
    FULL,
    RUNNING,
    TIMEOUT,
    History,
    Key,
)
from autotune.history._seeds import derive_seed
from autotune.schedule import Halving as HalvingScheduler
from autotune.schedule import Plan, Request, Rung

PLAN = Plan(n_folds=5, n_train=900, n_classes=2, amount=900)
LARGE = Plan(n_folds=5, n_train=60_000, n_classes=2, amount=60_000)
TREES = Plan(n_folds=5, n_train=900, n_classes=2, amount=90)
LADDER = [Rung(1 / 9, 1), Rung(1 / 3, 1), Rung(FULL, 1), Rung(FULL, 3)]


class Search:
    """Trials of one scheduler, evaluated one after another; their scores are their levels."""

    def __init__(self, scheduler, *, n_trials=0):
        self.scheduler = scheduler
        self.history = History(scheduler.n_folds)
        for _ in range(n_trials):
            self.begin(0.0)

    def begin(self, level, origin="test", answer=None):
        trial = self.history.add({"level": level, "answer": answer}, origin)
        self.scheduler.begin(trial)
        return trial

    def answer(self, request):
        trial = self.history[request.trial]
        answer = trial.params["answer"] or (lambda request: trial.params["level"])
        job = Job(request.trial, request.fold, {}, 0, request.fidelity, phase=request.phase)
        evaluation = as_outcome(job, answer(request)).evaluation
        self.history.record(evaluation)
        for ended, status in self.scheduler.report(evaluation, self.history):
            self.history.set_status(ended, status)

    def run(self):
        """Carry out whatever is wanted; return it."""
        done = []
        while (request := self.scheduler.next()) is not None:
            self.answer(request)
            done.append(request)
        return done

    def finish(self):
        """End the search; return the number of trials on each rung and their statuses."""
        self.scheduler.drain()
        self.run()
        for trial, status in self.scheduler.close():
            self.history.set_status(trial, status)
        return [trial.status for trial in self.history]


# The rule


def test_the_best_climbs_as_soon_as_it_is_in_the_best_third():
    """Check that nothing waits for a rung to fill, and that ties go to the earliest."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    fold = search.run()[0].fold
    for level in (0.1, 0.2):
        search.begin(level)
        assert [(r.fidelity, r.fold) for r in search.run()] == [(1 / 9, fold)]
    search.begin(0.2)
    assert search.run() == [Request(3, fold, 1 / 9), Request(2, fold, 1 / 3)]
    search.begin(0.1)
    search.begin(0.1)
    assert [r.trial for r in search.run()] == [4, 5]  # the best third of five is one, promoted
    search.begin(0.05)
    assert search.run() == [Request(6, fold, 1 / 9), Request(3, fold, 1 / 3)]


def test_the_first_trial_and_the_defaults_are_evaluated_in_full():
    """Check that there is an incumbent at once, which no trial is compared with."""
    search = Search(HalvingScheduler(LADDER))
    search.begin(1.0)
    search.begin(0.9, origin="default")
    assert [(r.trial, r.fidelity) for r in search.run()] == [(0, FULL)] * 3 + [(1, FULL)] * 3
    assert [trial.status for trial in search.history] == [COMPLETE, COMPLETE]
    for level in (0.1, 0.2, 0.3):
        search.begin(level)
    assert [(r.trial, r.fidelity) for r in search.run()][-1] == (4, 1 / 3)


def test_the_cost_of_a_budget():
    """Check that of 81 trials a third reaches each further rung, and at last one the top."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    rng = np.random.RandomState(0)
    for level in sorted(rng.random_sample(81), reverse=True):  # the best first: no misjudgement
        search.begin(level)
        search.run()
    statuses = search.finish()
    n_at = Counter((e.fidelity, e.fold) for e in search.history.evaluations() if e.trial > 0)
    fold = search.scheduler.order[0]
    top = {(FULL, other): 1 for other in range(3)}
    assert n_at == {(1 / 9, fold): 81, (1 / 3, fold): 27, **top, (FULL, fold): 9} | {
        (FULL, other): 3 for other in range(3) if other != fold
    }
    assert Counter(statuses) == {COMPLETE: 4, DROPPED: 78}
    assert search.history[1].status == COMPLETE


def test_someone_reaches_the_top_however_few_there_are():
    """Check that two trials end with the better one complete, the other dropped."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    search.begin(0.1)
    search.begin(0.2)
    assert len(search.run()) == 3 + 2
    assert search.finish() == [COMPLETE, DROPPED, COMPLETE]


def test_nobody_is_promoted_for_want_of_others_while_something_runs():
    """Check that the better one may still come."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    search.run()
    search.begin(0.1)
    search.begin(0.2)
    first, second = search.scheduler.next(), search.scheduler.next()
    search.scheduler.drain()
    search.answer(first)
    assert search.scheduler.next() is None
    search.answer(second)
    assert search.scheduler.next().trial == 2


@pytest.mark.parametrize(
    ("answer", "status"), [("failed", FAILED), (float("nan"), FAILED), ("timeout", TIMEOUT)]
)
def test_who_fails_makes_room(answer, status):
    """Check that a failure ends a trial at once, and the next best takes its place."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    search.begin(0.9, answer=lambda request: 0.9 if request.fidelity < 0.2 else answer)
    search.begin(0.5)
    search.begin(0.1)
    search.run()
    assert search.finish() == [COMPLETE, status, COMPLETE, DROPPED]
    assert len(search.history[1].evaluations) == 2


def test_what_the_end_cuts_short_is_not_dropped():
    """Check that closing ends who waits for a promotion, not who is being evaluated."""
    search = Search(HalvingScheduler(LADDER), n_trials=1)
    search.run()
    search.begin(0.5)
    search.run()
    search.begin(0.4)
    search.scheduler.next()
    search.begin(0.3)
    assert search.scheduler.close() == [(search.history[1], DROPPED)]


def test_hyperband_deals_trials_out():
    """Check the shares of the brackets, and that each promotes its own best."""
    rungs = LADDER[1:]
    scheduler = HalvingScheduler(rungs, n_brackets=3)
    search = Search(scheduler)
    firsts = Counter()
    for number in range(36):
        search.begin(number / 100)
        firsts[scheduler._rung[number]] += 1
    # Algorithm 1 begins 9, 5 and 3 trials; the first trial of all is in full.
    n_of = Counter(scheduler._bracket(number) for number in range(17))
    assert n_of == {0: 9, 1: 5, 2: 3}
    assert firsts[2] == 1 + 3 * 2 + (scheduler._bracket(34) == 2) + (scheduler._bracket(35) == 2)
    search.run()
    for bracket, rung in ((0, 0), (0, 1), (1, 1)):
        place = scheduler._places[bracket][rung]
        assert {scheduler._bracket(trial) for _, trial in place.ranking} == {bracket}
        assert place.promoted == {t for _, t in place.ranking[: len(place.ranking) // 3]}


# Properties, whatever the workers do


ladders = st.lists(st.sampled_from([0.1, 0.2, 0.4, 0.7]), unique=True, max_size=3).map(sorted)


@given(
    table=strategies.answer_tables,
    fidelities=ladders,
    n_folds=st.integers(2, 3),
    factor=st.sampled_from([1.5, 2.0, 3.0]),
    bracketed=st.booleans(),
    n_workers=st.integers(1, 4),
    seed=strategies.seeds,
)
@settings(deadline=None, max_examples=60)
def test_only_the_best_are_promoted(table, fidelities, n_folds, factor, bracketed, n_workers, seed):
    """Check each promotion against the history at that moment, and the statuses at the end."""
    rungs = [*(Rung(f, 1) for f in fidelities), Rung(FULL, n_folds)]
    n_brackets = len(rungs) if bracketed else 1
    scheduler = HalvingScheduler(rungs, seed % 100, factor, n_brackets)
    fold = np.random.RandomState(seed % 100).permutation(n_folds)[0]
    executor = FakeExecutor(
        lambda job: table[derive_seed(seed, job.trial, job.fold) % len(table)],
        n_workers,
        np.random.RandomState(seed),
    )
    tuner = make_tuner(executor=executor, n_folds=n_folds, scheduler=scheduler, n_trials=12)
    asked = []
    ask = scheduler.next

    def checked_next():
        request = ask()
        if request is None:
            return None
        assert request not in asked
        levels = [rung.fidelity for rung in rungs]
        level = levels.index(request.fidelity)
        before = [r for r in asked if r.trial == request.trial]
        if before and level > 0 and before[-1].fidelity != request.fidelity:
            assert before[-1].fidelity == levels[level - 1]
            check_promotion(request.trial, Key(fold, levels[level - 1]))
        asked.append(request)
        return request

    def check_promotion(number, key):
        bracket = scheduler._bracket(number)
        rivals = [
            (-t.evaluations[key].scores["score"], t.number)
            for t in tuner.history
            if t.number > 0
            and scheduler._bracket(t.number) == bracket
            and t.status in (RUNNING, COMPLETE)
            and key in t.evaluations
        ]
        better = sorted(rivals)[: int(len(rivals) / factor)]
        if number not in [n for _, n in better]:  # for want of anything else to do
            running = {t.number for t in tuner.history if t.status == RUNNING}
            assert len(tuner.history) == 12
            assert not running & {job.trial for job in executor.flying}

    scheduler.next = checked_next
    tuner.run()
    statuses = Counter(trial.status for trial in tuner.history)
    assert RUNNING not in statuses
    assert len(tuner.history) == 12
    assert len(list(tuner.history.evaluations())) == len(asked)
    for trial in tuner.history:
        whole = all(Key(fold) in trial.evaluations for fold in range(n_folds))
        assert whole >= (trial.status == COMPLETE)
        assert trial.status != DROPPED or np.isnan(tuner.history.score(trial))
    if statuses[DROPPED]:
        assert statuses[COMPLETE]


def test_no_worker_waits_while_trials_may_begin():
    """Check that every worker is busy until the last trial has begun."""

    class Busy(FakeExecutor):
        def collect(self, timeout=None):
            assert len(self.flying) == self.n_workers or len(tuner.history) == 60
            return super().collect(timeout)

    executor = Busy(lambda job: job.params["C"], 4, np.random.RandomState(0))
    tuner = make_tuner(
        executor=executor, n_folds=3, n_trials=60, scheduler=HalvingScheduler(LADDER)
    )
    tuner.run()
    assert {trial.status for trial in tuner.history} == {COMPLETE, DROPPED}


@pytest.mark.parametrize("n_brackets", [1, 4])
def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(n_brackets):
    """Check, for each moment of a search, that one continued there comes to the same."""

    def search(history, n_left):
        def answer(job):
            if executor.n_left == 0:
                raise InterruptedError
            executor.n_left -= 1
            return np.sin(100 * job.params["C"]) + 0.3 * job.fold * job.fidelity

        executor = FakeExecutor(answer)
        executor.n_left = n_left
        scheduler = HalvingScheduler(LADDER, n_brackets=n_brackets)
        make_tuner(
            executor=executor, n_folds=3, n_trials=14, scheduler=scheduler, history=history
        ).run()

    def summary(history):
        return [(t.params, t.status, sorted(t.evaluations)) for t in history]

    whole = History(3)
    search(whole, -1)
    n_evaluations = len(list(whole.evaluations()))
    assert n_evaluations > 20
    for moment in range(1, n_evaluations):
        history = History(3)
        with pytest.raises(InterruptedError):
            search(history, moment)
        history.trials = [trial for trial in history if trial.evaluations]
        search(history, -1)
        assert summary(history) == summary(whole)


# The strategies


@pytest.mark.parametrize(
    ("strategy", "plan", "amounts"),
    [
        (Halving(), PLAN, []),  # too few rows: only folds are saved
        (Halving(), LARGE, [6667, 20_001]),
        (Halving(factor=10), LARGE, [2000]),
        (Halving(factor=10), Plan(5, 60_000, 100, 60_000), [5000]),
        (Halving(min_resources="smallest"), PLAN, [20, 60, 180]),
        (Halving(min_resources="smallest"), Plan(5, 900, 0, 900), [10, 30, 90, 270]),
        (Halving(min_resources=0.5), PLAN, [450]),
        (Halving(min_resources=0.6), PLAN, []),
        (Halving(min_resources=100), PLAN, [100, 300]),
        (Halving(factor=2, min_resources=100), PLAN, [100, 200, 400]),
        (Halving(resource="n_estimators"), TREES, [10, 30]),
        (Halving(resource="n_estimators", min_resources="smallest"), TREES, [1, 3, 9, 27]),
        (Halving(resource="n_estimators"), Plan(5, 900, 2, 1), []),
        (Halving(factor=1.5, min_resources=1, resource="n"), Plan(5, 900, 2, 5), [1, 2, 3]),
    ],
)
def test_rungs(strategy, plan, amounts):
    """Check what trials are given on each rung."""
    rungs = strategy.scheduler(plan, 0).rungs
    assert [round(rung.fidelity * plan.amount) for rung in rungs[:-2]] == amounts
    assert rungs[-2:] == (Rung(FULL, 1), Rung(FULL, plan.n_folds))
    assert all(rung.n_folds == 1 for rung in rungs[:-1])


@pytest.mark.parametrize("everything", [1.0, 900])
def test_with_all_of_the_resource_there_is_one_rung(everything):
    """Check the degenerate setting, and that one fold is not evaluated twice."""
    assert Halving(min_resources=everything).scheduler(PLAN, 0).rungs == (Rung(FULL, 5),)
    assert Halving().scheduler(Plan(1, 900, 2, 900), 0).rungs == (Rung(FULL, 1),)
    assert len(Hyperband().scheduler(LARGE, 0)._places) == 4


RULE = "strategy__min_resources must be "


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"factor": 1}, ValueError, "strategy__factor must be a number of at least 1.5; got 1"),
        ({"factor": float("inf")}, ValueError, "strategy__factor must be a number of at least"),
        ({"factor": "3"}, TypeError, "strategy__factor must be a number of at least 1.5; got '3'"),
        ({"factor": True}, TypeError, "strategy__factor must be a number of at least 1.5"),
        ({"min_resources": "exhaust"}, ValueError, f"{RULE}'auto', 'smallest', an integer or a"),
        ({"min_resources": None}, TypeError, f"{RULE}'auto', 'smallest', an integer or a share"),
        ({"min_resources": True}, TypeError, f"{RULE}'auto', 'smallest', an integer or a share"),
        ({"min_resources": 1.5}, ValueError, f"{RULE}'auto', 'smallest', an integer or a share"),
        ({"min_resources": 0}, ValueError, f"{RULE}an integer from 1 to 900, the maximum"),
        ({"min_resources": 901}, ValueError, f"{RULE}an integer from 1 to 900, the maximum"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("strategy", [Halving, Hyperband])
def test_bad_parameters(strategy, settings, error, message):
    """Check that a bad parameter is refused under the name that sets it."""
    with pytest.raises(error) as caught:
        strategy(**settings).scheduler(PLAN, 0)
    assert str(caught.value).startswith(message)


def fitted(model, space, X, y, strategy, **settings):
    """Return a tuned classifier."""
    settings = {"cv": 3, "random_state": 0, **settings}
    return AutoTunedClassifier(model, space, strategy=strategy, **settings).fit(X, y)


DIGITS = tuple(data[:300] for data in load_digits(return_X_y=True))
DEPTHS = {"max_depth": (1, 12), "min_samples_leaf": (1, 9)}


@pytest.mark.parametrize("strategy", [Halving(min_resources=1.0), Hyperband(min_resources=1.0)])
def test_one_rung_is_random_search(strategy):
    """Check that with all of the resource at once the results are those of random search."""
    ours = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, strategy, budget=8).cv_results_
    theirs = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, Random(), budget=8).cv_results_
    assert ours["params"] == theirs["params"]
    for name in theirs:
        if name != "params" and "time" not in name:
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert set(ours["n_resources"]) == {200}
    assert set(ours) - set(theirs) == {"n_resources"}


@pytest.mark.parametrize("strategy", ["halving", "hyperband"])
def test_few_rows_save_folds(strategy):
    """Check that by default a small data set is halved over folds: never over its rows."""
    search = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, strategy, budget=10)
    assert {e.fidelity for e in search.history_.evaluations()} == {FULL}
    n_folds = [len(trial.evaluations) for trial in search.history_]
    assert n_folds[0] == 3
    assert set(n_folds) == {1, 3}
    assert [status == COMPLETE for status in search.cv_results_["status"]] == [
        n == 3 for n in n_folds
    ]


@pytest.mark.parametrize("strategy", [Halving, Hyperband])
def test_trees_are_saved_on_real_data(strategy):
    """Check, on breast cancer, that a forest is tuned with few trees and refitted with all."""
    X, y = load_breast_cancer(return_X_y=True)
    space = {"max_depth": (1, 8), "max_features": (0.1, 1.0), "min_samples_leaf": (1, 20)}
    search = fitted(
        RandomForestClassifier(27),
        space,
        X,
        y,
        strategy(resource="n_estimators", min_resources=3),
        budget=20,
    )
    results = search.cv_results_
    assert len(search.best_estimator_.estimators_) == 27
    assert set(results["n_resources"]) == {3, 9, 27}
    assert set(results["status"]) == {COMPLETE, DROPPED}
    fits = sum(round(27 * e.fidelity) for e in search.history_.evaluations())
    assert fits < 0.5 * 20 * 3 * 27
    assert search.best_score_ >= search.default_score_ > 0.9


def test_lower_fidelities_are_in_the_history_only():
    """Check that no score of fewer rows is taken for one of all."""
    strategy = Halving(min_resources=20)
    search = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, strategy, budget=12)
    frame = search.history_.to_frame()
    assert sorted(set(frame["fidelity"])) == pytest.approx([0.1, 0.3, 1.0])
    results = search.cv_results_
    scores = np.array([results[f"split{fold}_test_score"] for fold in range(3)]).T
    for trial, row in zip(search.history_, scores, strict=True):
        known = {key.fold for key in trial.evaluations if key.fidelity == FULL}
        assert {fold for fold in range(3) if np.isfinite(row[fold])} == known
    n_rows = {0.1: 20, 0.3: 60, 1.0: 200}
    highest = frame.groupby("trial")["fidelity"].max().round(3).map(n_rows)
    assert results["n_resources"].tolist() == highest.tolist()


@pytest.mark.parametrize("n_known", [3, 8, 13])
def test_a_stored_search_goes_on(n_known, tmp_path, monkeypatch):
    """Check that a fit that was broken off, started again, comes to what it would have."""
    monkeypatch.setattr(_Accuracy, "n_calls", 0)
    settings = {"strategy": Halving(min_resources=20), "budget": 9, "scoring": _Accuracy()}
    whole = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, **settings)
    n_whole = _Accuracy.n_calls
    settings["storage"] = tmp_path / "tuning.db"
    monkeypatch.setattr(_Accuracy, "last", n_whole + n_known)
    with pytest.raises(KeyboardInterrupt):
        fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, **settings)
    monkeypatch.setattr(_Accuracy, "last", math.inf)
    again = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, **settings)
    assert _Accuracy.n_calls == 2 * n_whole
    for ours, theirs in zip(again.history_, whole.history_, strict=True):
        assert (ours.params, ours.status) == (theirs.params, theirs.status)
        assert sorted((k, e.scores) for k, e in ours.evaluations.items()) == sorted(
            (k, e.scores) for k, e in theirs.evaluations.items()
        )


class _Accuracy:
    """A scorer that breaks a search off after its ``last`` score; it is described by its name."""

    n_calls = 0
    last = math.inf

    def __call__(self, estimator, X, y):
        if type(self).n_calls == self.last:
            raise KeyboardInterrupt
        type(self).n_calls += 1
        return estimator.score(X, y)

    def __repr__(self):
        return "accuracy"


def test_a_warm_start_compares_with_the_trials_of_the_last_fit():
    """Check that a larger budget repeats nothing, and ranks new trials among the known ones."""
    strategy = Halving(min_resources=20)
    search = fitted(DecisionTreeClassifier(), DEPTHS, *DIGITS, strategy, budget=10, warm_start=True)
    known = {(e.trial, *e.key): e.ended for e in search.history_.evaluations()}
    search.set_params(budget=20).fit(*DIGITS)
    now = {(e.trial, *e.key): e.ended for e in search.history_.evaluations()}
    assert known.items() <= now.items()
    assert len(search.history_) == 20
    promoted = [{t for t, _, f, _ in keys if round(200 * f) == 60} for keys in (known, now)]
    assert len(promoted[0]) == 3  # of nine
    assert promoted[0] < promoted[1]
    assert len(promoted[1]) <= 6  # of nineteen


@pytest.mark.parametrize("resource", ["n_samples", "n_estimators"])
def test_in_worker_processes(resource):
    """Check that workers know what a fidelity means, and that nothing fails there."""
    strategy = Halving(resource=resource, min_resources=0.2)
    space = {"max_depth": (1, 8)}
    search = AutoTunedClassifier(RandomForestClassifier(10), space, cv=2, random_state=0)
    search.set_params(strategy=strategy, budget=8, n_jobs=2).set_params(strategy__factor=2)
    search.fit(*DIGITS)
    amount = {"n_samples": 150, "n_estimators": 10}[resource]
    shares = set((search.cv_results_["n_resources"] / amount).round(2))
    assert {0.2, 1.0} <= shares <= {0.2, 0.4, 1.0}
    assert set(search.cv_results_["status"]) == {COMPLETE, DROPPED}
    alone = clone(search).set_params(n_jobs=1).fit(*DIGITS)
    for ours, theirs in zip(search.history_, alone.history_, strict=True):
        assert ours.params == theirs.params
        for key in ours.evaluations.keys() & theirs.evaluations.keys():
            assert ours.evaluations[key].scores == theirs.evaluations[key].scores
