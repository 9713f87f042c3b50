"""Schedulers: the contract that all of them keep, and what each promises beyond it."""

from __future__ import annotations

import numpy as np
import pytest
import strategies
from fakes import FakeExecutor, as_outcome, make_tuner
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune import Halving, Hyperband
from autotune.evaluation import Job
from autotune.history._seeds import derive_seed
from autotune.schedule import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    Full,
    History,
    Plan,
    Racing,
    Request,
)
from autotune.testing import scheduler_checks

SCHEDULERS = {
    "full": lambda plan, seed: Full(plan.n_folds),
    "racing": lambda plan, seed: Racing(plan.n_folds, seed),
    "racing that drops none": lambda plan, seed: Racing(plan.n_folds, seed, eps=0.0),
    "halving": Halving(factor=2, min_resources=0.2).scheduler,
    "halving of folds": Halving().scheduler,
    "halving on one rung": Halving(min_resources=1.0).scheduler,
    "hyperband": Hyperband(factor=2, min_resources=0.2).scheduler,
}
each_scheduler = pytest.mark.parametrize("make", SCHEDULERS.values(), ids=SCHEDULERS.keys())
each_check = pytest.mark.parametrize(
    "check", [pytest.param(check, id=name) for name, check in scheduler_checks()]
)


def requests(scheduler):
    """Return everything that a scheduler wants to be run now."""
    return list(iter(scheduler.next, None))


def report(scheduler, history, request, answer=1.0):
    """Record the outcome of a request and return what the scheduler decides."""
    job = Job(request.trial, request.fold, {}, 0, request.fidelity, phase=request.phase)
    evaluation = as_outcome(job, answer).evaluation
    history.record(evaluation)
    ended = scheduler.report(evaluation, history)
    for trial, status in ended:
        history.set_status(trial, status)
    return ended


# The contract


@each_scheduler
@each_check
def test_the_contract(make, check):
    """Check that every scheduler keeps the contract."""
    check(make)


@each_scheduler
@given(
    table=strategies.answer_tables,
    n_folds=st.integers(1, 4),
    n_workers=st.integers(1, 5),
    seed=strategies.seeds,
)
@settings(deadline=None, max_examples=40)
def test_every_trial_is_decided(make, table, n_folds, n_workers, seed):
    """Check that no evaluation is asked for twice, and each trial ends once, with a status."""
    asked, decided = [], []
    scheduler = make(Plan(n_folds, 90, 2, 90), seed)
    ask, tell, close = scheduler.next, scheduler.report, scheduler.close

    def recording_next():
        request = ask()
        if request is not None:
            asked.append(request)
        return request

    def recording_report(evaluation, history):
        ended = tell(evaluation, history)
        decided.extend(trial.number for trial, _ in ended)
        return ended

    def recording_close():
        ended = close()
        decided.extend(trial.number for trial, _ in ended)
        return ended

    scheduler.next, scheduler.report = recording_next, recording_report
    scheduler.close = recording_close
    executor = FakeExecutor(
        lambda job: table[derive_seed(seed, job.trial, job.fold) % len(table)],
        n_workers,
        np.random.RandomState(seed),
    )
    tuner = make_tuner(executor=executor, n_folds=n_folds, scheduler=scheduler)
    tuner.run()
    assert len(set(asked)) == len(asked)
    evaluated = [Request(e.trial, *e.key) for e in tuner.history.evaluations()]
    assert set(evaluated) <= set(asked)
    assert all(0 <= request.fold < n_folds and 0 < request.fidelity <= 1 for request in asked)
    assert sorted(decided) == list(range(5))
    assert RUNNING not in {trial.status for trial in tuner.history}


# Full


def test_full_runs_all_folds_in_order():
    """Check that trials are evaluated one after another, fold by fold, on all rows."""
    history, scheduler = History(2), Full(2)
    scheduler.begin(history.add({}, "test"))
    scheduler.begin(history.add({}, "test"))
    expected = [Request(0, 0), Request(0, 1), Request(1, 0), Request(1, 1)]
    assert requests(scheduler) == expected
    assert [len(report(scheduler, history, request)) for request in expected] == [0, 1, 0, 1]


def test_full_continues_with_the_folds_that_are_missing():
    """Check that a trial of an interrupted run is not evaluated again."""
    history, scheduler = History(3), Full(3)
    trial = history.add({}, "test")
    history.record(Evaluation(0, 1, scores={"score": 1.0}))
    scheduler.begin(trial)
    assert [request.fold for request in requests(scheduler)] == [0, 2]


@pytest.mark.parametrize("status", [TIMEOUT, CRASHED])
def test_full_gives_up_what_had_to_be_killed(status):
    """Check that the remaining folds of a killed trial are forgotten, other trials' are not."""
    history, scheduler = History(3), Full(3)
    scheduler.begin(history.add({}, "test"))
    scheduler.begin(history.add({}, "test"))
    first = scheduler.next()
    assert report(scheduler, history, first, status) == [(history[0], status)]
    assert [request.trial for request in requests(scheduler)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([0.1, 0.2], COMPLETE),
        ([0.1, "failed"], FAILED),
        (["failed", 0.1], FAILED),
        ([0.1, float("nan")], FAILED),
        ([float("inf"), 0.1], FAILED),
        ([float("inf"), float("-inf")], FAILED),
        ([1e308, 1e308], FAILED),
    ],
)
def test_only_a_finite_mean_completes_a_trial(answers, status):
    """Check the status that scores and failures come to."""
    history, scheduler = History(2), Full(2)
    scheduler.begin(history.add({}, "test"))
    for request, answer in zip(requests(scheduler), answers, strict=True):
        report(scheduler, history, request, answer)
    assert history[0].status == status


# Racing


def race(tables, n_folds, **settings):
    """Evaluate trials one after another, each fold by fold; return the history."""
    history, scheduler = History(n_folds), Racing(n_folds, **settings)
    for table in tables:
        scheduler.begin(history.add({}, "test"))
        while (request := scheduler.next()) is not None:
            report(scheduler, history, request, float(table[request.fold]))
    return history


def noisy_tables(n_trials, n_folds, seed):
    """Return fold scores with an effect of the trial, of the fold, and noise."""
    rng = np.random.RandomState(seed)
    trials = rng.normal(0.0, 0.03, (n_trials, 1))
    folds = rng.normal(0.0, 0.05, (1, n_folds))
    return 0.8 + trials + folds + rng.normal(0.0, 0.01, (n_trials, n_folds))


@pytest.mark.parametrize("n_folds", [2, 3, 5, 10])
def test_racing_without_a_test_is_full_cross_validation(n_folds):
    """Check that eps=0 evaluates every fold of every trial."""
    history = race(noisy_tables(20, n_folds, 0), n_folds, eps=0.0)
    assert {trial.status for trial in history} == {COMPLETE}
    assert all(len(trial.evaluations) == n_folds for trial in history)


@pytest.mark.parametrize(("n_folds", "share"), [(3, 0.85), (5, 0.75), (10, 0.65)])
def test_racing_saves_folds_and_keeps_the_best(n_folds, share):
    """Check, over 40 races of 30 trials, that folds are saved and the best is kept."""
    n_evaluations = n_kept = 0
    for seed in range(40):
        tables = noisy_tables(30, n_folds, seed)
        history = race(tables, n_folds, seed=seed)
        n_evaluations += len(list(history.evaluations()))
        n_kept += history[int(tables.mean(axis=1).argmax())].status == COMPLETE
    assert n_evaluations < share * 40 * 30 * n_folds
    assert n_kept >= 38


def test_racing_drops_the_hopeless_after_one_fold():
    """Check that a trial far below the best, seen on one fold, is given up at once."""
    tables = [[0.9, 0.91, 0.89, 0.9, 0.92], [0.5, 0.5, 0.5, 0.5, 0.5]]
    history = race(tables, 5)
    assert [trial.status for trial in history] == [COMPLETE, DROPPED]
    assert len(history[1].evaluations) == 1


def test_racing_ends_a_trial_at_its_first_failure():
    """Check that a score that is no number ends a trial."""
    history = race([[0.9, 0.9, 0.9], [np.nan, np.nan, np.nan]], 3)
    assert history[1].status == FAILED
    assert len(history[1].evaluations) == 1


def test_racing_tests_again_when_the_best_changes():
    """Check that a trial under way is dropped when another one becomes far better than it."""
    history, scheduler = History(3), Racing(3)
    for _ in range(3):
        scheduler.begin(history.add({}, "test"))
    for request in requests(scheduler):
        if request.trial == 0:
            report(scheduler, history, request, 0.5 + 0.01 * request.fold)
    slow, good = (Request(trial, scheduler.order[0]) for trial in (1, 2))
    assert report(scheduler, history, slow, 0.51) == []
    ended = []
    for fold in scheduler.order:
        ended += report(scheduler, history, Request(2, fold), 0.95 + 0.01 * fold)
    assert good.fold == slow.fold
    assert ended == [(history[2], COMPLETE), (history[1], DROPPED)]


def test_racing_holds_folds_back_until_drained():
    """Check that one fold of a trial runs at a time, but all of them when no trial follows."""
    history, scheduler = History(4), Racing(4)
    scheduler.begin(history.add({}, "test"))
    for request in requests(scheduler):  # the first trial: nothing to compare it with
        report(scheduler, history, request, 0.5 + 0.1 * request.fold)
    scheduler.begin(history.add({}, "test"))
    assert len(requests(scheduler)) == 1
    scheduler.drain()
    assert len(requests(scheduler)) == 3


def test_an_ineligible_default_drops_nobody():
    """Check that a default outside the space, however good, is no incumbent."""
    history, scheduler = History(3), Racing(3)
    scheduler.begin(history.add({}, "default", eligible=False))
    for request in requests(scheduler):
        report(scheduler, history, request, 0.99)
    scheduler.begin(history.add({}, "test"))
    while (request := scheduler.next()) is not None:
        report(scheduler, history, request, 0.1)
    assert history[1].status == COMPLETE
