"""Searches that compare trials on fewer folds, because seconds are scarce."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes import FakeExecutor, FakeTime, make_tuner
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from autotune import Auto, AutoTunedClassifier
from autotune.evaluation import Outcome
from autotune.execution.processes._executor import ProcessExecutor
from autotune.history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
    Key,
)
from autotune.results._selection import rank
from autotune.schedule import Full, Racing
from autotune.search import RandomSearcher
from autotune.space import Space
from autotune.timing._clock import Clock
from autotune.timing._fold_subset import FewerFolds, compare_as_far_as_known, warn_of_default
from autotune.timing._reserve import Reserve

X, Y = load_iris(return_X_y=True)
ORDER = [3, 0, 4, 1, 2]


class FakeTask:
    """Five folds of as many rows."""

    X = X
    folds = tuple(StratifiedKFold(5).split(X, Y))


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
        ([1.0], 2.0, 0.0, 1, (0, 3)),  # the first one may have had to warm up
        ([1.0], 1.9, 0.0, 1, (3,)),
        ([1.0], 0.1, 3.0, 1, (3,)),
        ([1.0], 4.0, 0.0, 3, (0, 1, 3, 4)),
        ([9.0, 1.0], 13.0, 0.0, 1, (0, 1, 2, 3, 4)),  # the first one did have to warm up
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


def test_the_order_in_which_workers_finish_does_not_count():
    """Check that a fold that ended before those in front of it does not make them two."""
    history = History(5)
    trial = history.add({}, "default")
    rule = fewer_folds(1.0)
    for fold in (ORDER[4], ORDER[0]):
        evaluation = Evaluation(trial.number, fold, fit_time=1.0)
        history.record(evaluation)
        rule(evaluation, history, ORDER)
        assert history.compared_folds == (ORDER[0],)


def test_the_start_of_the_workers_does_not_count():
    """Check that the number of folds is left as it is until a worker was ready."""
    history, delays = History(5), [True, False]
    evaluation = first_trial(history, [1.0])
    clock = Clock(5.0, FakeTime())
    rule = FewerFolds(clock, lambda trial: 0.0, 1, lambda folds: None, starting=delays.pop)
    rule(evaluation, history, ORDER)
    assert history.compared_folds == (0, 3)
    history.compared_folds = (0, 1, 2, 3, 4)
    rule(evaluation, history, ORDER)
    assert len(history.compared_folds) == 5


def test_the_first_trial_that_succeeds_tells():
    """Check that failures tell nothing, nor other trials, nor any once a trial is complete."""
    history, rule = History(5), fewer_folds(1.0)
    rule(first_trial(history, [1.0], CRASHED), history, ORDER)
    assert len(history.compared_folds) == 5
    history.set_status(history[0], CRASHED)
    first, second = (first_trial(history, [1.0]) for _ in range(2))
    rule(second, history, ORDER)
    assert len(history.compared_folds) == 5
    rule(first, history, ORDER)
    assert history.compared_folds == (3,)
    history.set_status(history[1], COMPLETE)
    fewer_folds(100.0)(second, history, ORDER)
    assert history.compared_folds == (3,)


@pytest.mark.parametrize(("left", "widened"), [(19.0, True), (18.9, False), (None, True)])
def test_a_run_that_has_the_time_returns_to_all_folds(left, widened):
    """Check that complete trials are then taken up again, and others are not."""
    history, told = History(5), []
    first_trial(history, [1.0])
    first_trial(history, [1.0])
    history.set_status(history[0], COMPLETE)
    history.set_status(history[1], FAILED)
    history[0].evaluations[Key(3)].scores = {"score": 0.5}
    history.compared_folds = (3,)
    fewer_folds(left, told=told).reconsider(history)
    assert history.compared_folds == ((0, 1, 2, 3, 4) if widened else (3,))
    assert told == ([(0, 1, 2, 3, 4)] if widened else [])
    assert [t.status for t in history] == [RUNNING if widened else COMPLETE, FAILED]


def test_folds_are_chosen_anew_if_nothing_is_known():
    """Check that a run that was killed before its first evaluation was written begins anew."""
    history = History(5)
    history.compared_folds = (3,)
    fewer_folds(0.1).reconsider(history)
    assert history.compared_folds == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("narrow", [False, True])
def test_evaluations_of_lower_fidelity_tell_nothing(narrow):
    """Check that a halving search goes on whose only successes were on little."""
    history = History(5)
    trial = history.add({}, "random")
    history.record(Evaluation(trial.number, 3, 0.5, fit_time=1.0))
    history.compared_folds = (3,) if narrow else history.compared_folds
    clock = Clock(0.1, FakeTime())
    reserve = Reserve(FakeTask, 0.1, refit=True)
    FewerFolds(clock, reserve.predict, 1, lambda folds: None).reconsider(history)
    assert history.compared_folds == (0, 1, 2, 3, 4)


def test_trials_taken_up_again_are_not_forgotten():
    """Check that their missing folds are asked for when another trial is the best by then."""
    history, scheduler = History(5), Racing(5, eps=0.0)
    trials = [history.add({}, "test") for _ in range(2)]
    for trial in trials:
        for fold in scheduler.order[:2]:
            history.record(Evaluation(trial.number, fold, scores={"score": 1.0}))
        scheduler.begin(trial)
        for evaluation in list(trial.evaluations.values()):
            assert scheduler.report(evaluation, history) == []
    asked = []
    while (request := scheduler.next()) is not None:
        asked.append((request.trial, request.fold))
        evaluation = Evaluation(request.trial, request.fold, scores={"score": 1.0})
        history.record(evaluation)
        for trial, status in scheduler.report(evaluation, history):
            history.set_status(trial, status)
    assert sorted(asked) == sorted((t, f) for t in (0, 1) for f in scheduler.order[2:])
    assert {trial.status for trial in trials} == {COMPLETE}


@pytest.mark.parametrize("n_workers", [1, 2, 8])
def test_scarce_seconds(n_workers):
    """Check the rule in a search: with time for few evaluations there are several trials."""
    now = FakeTime()

    def answer(job):
        now.seconds += 1.0 / n_workers
        evaluation = job.evaluation(fit_time=1.0)
        evaluation.scores = {"score": job.params["C"]}
        return Outcome(evaluation)

    clock = Clock(8.0 / n_workers, now)
    history = History(5)
    tuner = make_tuner(
        executor=FakeExecutor(answer, n_workers=n_workers),
        scheduler=Racing(5, eps=0.0),
        history=history,
        clock=clock,
        n_trials=None,
        fewer_folds=FewerFolds(clock, lambda trial: 0.0, n_workers, lambda folds: None),
    )
    tuner.run()
    assert len(history.compared_folds) == 2
    complete = [trial for trial in history if trial.status == COMPLETE]
    assert len(complete) >= 2
    assert {key.fold for trial in complete for key in trial.evaluations} <= (
        {*history.compared_folds} if n_workers == 1 else {*range(5)}
    )


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("n_compared", [1, 2, 4])
def test_all_trials_are_compared_on_the_same_folds(n_compared, n_workers):
    """Check that trials are complete with these folds, and the best of them is the winner."""

    def answer(job):
        evaluation = job.evaluation(fit_time=1.0)
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
        assert {key.fold for key in trial.evaluations} >= set(compared)
        assert history.score(trial) == pytest.approx(trial.params["C"] + np.mean(compared) / 100)
    if n_workers == 1:
        assert len(executor.jobs) == 5 * n_compared


@pytest.mark.parametrize(
    ("seconds", "left", "refit", "n_workers", "can_end"),
    [
        ([1.0, 1.0], 3.0, 0.0, 1, True),
        ([1.0, 1.0], 2.9, 0.0, 1, False),
        ([1.0, 1.0], 3.9, 1.0, 1, False),  # it would have to be fitted once more
        ([2.0, 1.0], 3.0, 0.0, 1, True),
        ([1.0, 1.0], 1.5, 0.0, 2, True),
        ([1.0] * 5, 0.0, 0.0, 1, True),  # it has ended
        ([], 0.0, 0.0, 1, True),  # nothing is known
    ],
)
def test_what_can_end_in_time(seconds, left, refit, n_workers, can_end):
    """Check whether there is time for the missing folds, once another trial is complete."""
    history, rule = History(5), fewer_folds(left, refit, n_workers)
    first_trial(history, [1.0] * 5)
    first_trial(history, seconds)
    for evaluation in history.evaluations():
        evaluation.scores = {"score": 1.0}
    assert rule.can_end(history[1], history)
    history.set_status(history[0], COMPLETE)
    assert rule.can_end(history[1], history) == can_end


def slow_trials(scheduler, seconds, seen=()):
    """Return a search on five folds whose trial 1 takes four times as long as the others."""
    now = FakeTime()
    history = History(5)
    history.trials += seen

    def answer(job):
        duration = 4.0 if job.trial == 1 else 1.0
        now.seconds += duration
        evaluation = job.evaluation(fit_time=duration)
        evaluation.scores = {"score": job.params["C"]}
        return Outcome(evaluation)

    clock = Clock(seconds, now)
    tuner = make_tuner(
        executor=FakeExecutor(answer),
        scheduler=scheduler,
        history=history,
        clock=clock,
        n_trials=4,
        can_end=FewerFolds(clock, lambda trial: 0.0, 1, lambda folds: None).can_end,
    )
    tuner.run()
    return history


def test_a_trial_that_cannot_end_leaves_its_time_to_others():
    """Check that it is paused after its first fold, and goes on where there is time again."""
    history = slow_trials(Racing(5, eps=0.0), 20.0)
    assert [t.status for t in history] == [COMPLETE, INTERRUPTED, COMPLETE, COMPLETE]
    assert [len(t.evaluations) for t in history] == [5, 1, 5, 5]
    resumed = slow_trials(Racing(5, eps=0.0), 100.0, history.trials)
    assert {t.status for t in resumed} == {COMPLETE}
    assert [len(t.evaluations) for t in resumed] == [5] * 4


@pytest.mark.parametrize(
    ("seconds", "n_folds"),
    [(7.0, [2, 1]), (8.9, [2, 1]), (9.0, [2, 2]), (11.0, [2, 2, 1]), (15.0, [2, 2, 2])],
)
def test_seconds_that_are_left_bring_a_comparison(seconds, n_folds):
    """Check that a trial is begun for one fold if few others are compared, on two at most."""
    now, history = FakeTime(), History(5)

    def answer(job):
        now.seconds += 2.0
        return Outcome(job.evaluation(fit_time=2.0, scores={"score": 1.0}))

    clock = Clock(seconds, now)
    rule = FewerFolds(clock, lambda trial: 1.0, 1, lambda folds: None)
    make_tuner(
        searcher=_FitsIn(2.0),
        executor=FakeExecutor(answer),
        scheduler=Racing(5, eps=0.0),
        history=history,
        clock=clock,
        reserve=lambda history: 1.0,
        n_trials=None,
        fewer_folds=rule,
        can_end=rule.can_end,
    ).run()
    assert [len(trial.evaluations) for trial in history] == n_folds
    assert clock.left() >= 1.0  # for the last fit


class _FitsIn(RandomSearcher):
    """Knows that every evaluation takes so many seconds."""

    def __init__(self, seconds):
        super().__init__(Space.parse({"C": (0.0, 1.0)}), 0)
        self.seconds = seconds

    def ask(self, history, seconds=math.inf):
        return super().ask(history) if seconds >= self.seconds else None


def test_only_racing_sets_trials_aside():
    """Check that another scheduler's evaluations are all begun, as long as there is time."""
    history = slow_trials(Full(5), 20.0)
    assert [t.status for t in history] == [COMPLETE, INTERRUPTED]
    assert [len(t.evaluations) for t in history] == [5, 4]


def warming_up(seconds, n_workers=1, *, rng=None, slow=()):
    """Return a search whose first evaluation takes three times as long as the others.

    The evaluations that are named in ``slow``, by trial and place in the order, never end.
    """
    now, scheduler, history = FakeTime(), Racing(5, eps=0.0), History(5)

    def answer(job):
        if (job.trial, scheduler.order.index(job.fold)) in slow:
            now.seconds += job.seconds
            return "timeout"
        duration = 1.0 if any(True for _ in history.evaluations()) else 3.0
        now.seconds += duration / n_workers
        evaluation = job.evaluation(fit_time=duration)
        evaluation.scores = {"score": job.params["C"]}
        return Outcome(evaluation)

    clock = Clock(seconds, now)
    rule = FewerFolds(clock, lambda trial: 1.0, n_workers, lambda folds: None)
    make_tuner(
        executor=FakeExecutor(answer, n_workers=n_workers, rng=rng),
        scheduler=scheduler,
        history=history,
        clock=clock,
        reserve=lambda history: 1.0,
        n_trials=None,
        defaults=[({"C": 0.9}, True)],
        fewer_folds=rule,
        can_end=rule.can_end,
    ).run()
    return history


@pytest.mark.parametrize("n_workers", [1, 2, 3])
@pytest.mark.parametrize("seconds", np.arange(8.0, 40.0).tolist())
def test_the_default_is_complete(seconds, n_workers):
    """Check that it has all folds that count, though more of them count after a slow start."""
    rng = np.random.RandomState(int(seconds)) if n_workers > 1 else None
    history = warming_up(seconds / n_workers, n_workers, rng=rng)
    assert history[0].status == COMPLETE
    assert np.isfinite(history.score(history[0]))
    assert len(history) > 1 or n_workers > 1


def test_folds_that_count_again_are_evaluated():
    """Check that a fold is not forgotten that did not count for a while."""
    history, scheduler = History(5), Racing(5, eps=0.0)
    trial = history.add({}, "default")
    scheduler.begin(trial)
    asked = []
    for n_folds in (5, 3, 4, 5, 5):
        history.compared_folds = tuple(sorted(scheduler.order[:n_folds]))
        request = scheduler.next()
        asked.append(request and request.fold)
        if request is not None:
            evaluation = Evaluation(0, request.fold, scores={"score": 1.0})
            history.record(evaluation)
            scheduler.report(evaluation, history)
    assert [fold for fold in asked if fold is not None] == scheduler.order


def test_a_trial_ends_with_a_fold_that_no_longer_counts():
    """Check that it is complete when the last of its evaluations side by side is not compared."""
    history, scheduler = History(3), Racing(3, eps=0.0)
    trial = history.add({}, "default")
    scheduler.begin(trial)
    folds = [scheduler.next().fold for _ in range(3)]
    ended = []
    for place, compared in ((0, folds), (2, folds[:1])):
        history.compared_folds = tuple(sorted(compared))
        evaluation = Evaluation(0, folds[place], scores={"score": 1.0})
        history.record(evaluation)
        ended += scheduler.report(evaluation, history)
    assert ended == [(trial, COMPLETE)]


# What decides where the clock cut trials short


def searched(*rows, n_folds=3):
    """Return a history of trials: status, scores of the first folds, and fields."""
    history = History(n_folds)
    for status, scores, *fields in rows:
        trial = history.add({}, "default" if not len(history) else "test", *fields)
        history.set_status(trial, status)
        for fold, score in enumerate(scores):
            known = status != TIMEOUT or fold < len(scores) - 1
            evaluation = Evaluation(trial.number, fold, fit_time=1.0, scores={"score": score})
            if not known:
                evaluation.status, evaluation.error, evaluation.scores = TIMEOUT, "too slow", {}
            history.record(evaluation)
    return history


@pytest.mark.parametrize(
    ("rows", "folds", "winner"),
    [
        # The default was better on the folds that both have.
        ([(INTERRUPTED, [0.9, 0.9]), (COMPLETE, [0.8, 0.8, 0.99])], (0, 1), 0),
        ([(INTERRUPTED, [0.9]), (COMPLETE, [0.9, 0.8, 0.99])], (0,), 0),
        ([(TIMEOUT, [0.9, 0.9, 0.0]), (COMPLETE, [0.8, 0.8, 0.99])], (0, 1), 0),
        # It was not, or nothing is known of it.
        ([(INTERRUPTED, [0.9, 0.7]), (COMPLETE, [0.8, 0.9, 0.1])], (0, 1, 2), 1),
        ([(INTERRUPTED, []), (COMPLETE, [0.8, 0.9, 0.1])], (0, 1, 2), 1),
        ([(TIMEOUT, [0.0]), (COMPLETE, [0.8, 0.9, 0.1])], (0, 1, 2), 1),
        # It cannot win, or racing dropped it.
        ([(INTERRUPTED, [0.9, 0.9], False), (COMPLETE, [0.8, 0.8, 0.8])], (0, 1, 2), 1),
        ([(DROPPED, [0.9, 0.9]), (COMPLETE, [0.8, 0.8, 0.8])], (0, 1, 2), 1),
        # Another trial is better than it on its folds, though not on all.
        (
            [
                (INTERRUPTED, [0.8]),
                (COMPLETE, [0.7, 0.9, 0.9]),
                (COMPLETE, [0.9, 0.1, 0.1]),
            ],
            (0,),
            2,
        ),
        # Nothing that may win is complete.
        ([(COMPLETE, [0.9] * 3, False), (INTERRUPTED, [0.5, 0.5])], (0, 1), 1),
        (
            [
                (COMPLETE, [0.9] * 3, False),
                (INTERRUPTED, [0.5, 0.5]),
                (INTERRUPTED, [0.7]),
                (INTERRUPTED, [0.6, 0.6]),
            ],
            (0, 1),
            3,
        ),
        (
            [(COMPLETE, [0.9] * 3, False), (INTERRUPTED, [0.5, 0.5]), (INTERRUPTED, [0.7])],
            (0,),
            2,
        ),
        ([(INTERRUPTED, [0.5]), (INTERRUPTED, [0.7, 0.7])], (0,), 1),
        ([(FAILED, [np.nan]), (INTERRUPTED, [0.7, 0.7])], (0, 1), 1),
    ],
)
def test_what_was_measured_decides(rows, folds, winner):
    """Check on which folds trials are compared in the end, and which one is the best."""
    history = searched(*rows)
    reduced = compare_as_far_as_known(history, None)
    assert history.compared_folds == folds
    assert reduced == (len(folds) < 3)
    assert rank(history, "score").argmin() == winner
    assert history[winner].status == COMPLETE


ALONE, SECOND, CUT = (COMPLETE, [0.5] * 3), (COMPLETE, [0.6, 0.4, 0.6]), (INTERRUPTED, [0.7])


@pytest.mark.parametrize(
    ("rows", "compared", "folds", "winner"),
    [
        ([ALONE, (INTERRUPTED, [0.7, 0.7])], (0, 1, 2), (0, 1), 1),
        ([ALONE, (INTERRUPTED, [0.4, 0.7])], (0, 1, 2), (0, 1), 1),
        ([ALONE, (INTERRUPTED, [0.4]), (TIMEOUT, [0.6, 0.0])], (0, 1, 2), (0,), 2),
        ([ALONE, (INTERRUPTED, [0.3])], (0, 1, 2), (0,), 0),
        ([ALONE, (INTERRUPTED, [0.7], False)], (0, 1, 2), (0, 1, 2), 0),
        ([ALONE, (DROPPED, [0.1]), CUT], (0, 1, 2), (0, 1, 2), 0),
        ([ALONE, SECOND, CUT], (0, 1, 2), (0, 1, 2), 1),
        ([ALONE, SECOND, CUT], (0, 1), (0,), 2),
        ([ALONE, SECOND, (COMPLETE, [0.4] * 3), CUT], (0, 1), (0, 1), 0),
    ],
)
def test_a_trial_that_is_cut_is_compared_if_few_others_are(rows, compared, folds, winner):
    """Check that its folds decide, but only where folds may be saved."""
    for saves in (True, False):
        history = searched(*rows)
        history.compared_folds = compared
        best = winner if saves else rank(history, "score").argmin()
        assert compare_as_far_as_known(history, None, may_save_folds=saves) == (
            saves and folds != compared
        )
        assert history.compared_folds == (folds if saves else compared)
        assert rank(history, "score").argmin() == best


@pytest.mark.parametrize("rows", [[], [(INTERRUPTED, [])], [(FAILED, [np.nan]), (TIMEOUT, [0.0])]])
def test_where_nothing_was_measured_nothing_changes(rows):
    """Check that nothing is made of trials without any score."""
    history = searched(*rows)
    before = [trial.status for trial in history]
    assert not compare_as_far_as_known(history, None)
    assert [trial.status for trial in history] == before
    assert history.compared_folds == (0, 1, 2)


def test_a_limit_of_a_trial_is_not_the_end_of_the_search():
    """Check that a trial that took longer than it may does not win with the folds it has."""
    rows = (TIMEOUT, [0.9, 0.9, 0.0]), (COMPLETE, [0.8, 0.8, 0.8])
    assert not compare_as_far_as_known(searched(*rows), 2.5)
    assert compare_as_far_as_known(searched(*rows), 99.0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((INTERRUPTED, [0.7, 0.7]), r"on 2 of 3 folds \(the search ended.* is better on those"),
        ((INTERRUPTED, []), r"on 0 of 3 folds \(the search ended.*the gain from tuning is unknown"),
        ((TIMEOUT, [0.7, 0.0]), r"on 1 of 3 folds \(too slow\): the winner is better on those"),
    ],
)
def test_a_default_that_is_not_in_the_race_is_told_of(row, message):
    """Check that there is one warning that says why."""
    history = searched(row, (COMPLETE, [0.8, 0.8, 0.8]))
    with pytest.warns(UserWarning, match=message) as caught:
        warn_of_default(history)
    assert len(caught) == 1


@pytest.mark.parametrize(
    "row",
    [(COMPLETE, [0.7] * 3), (DROPPED, [0.1]), (FAILED, [np.nan]), (INTERRUPTED, [0.7], False)],
)
def test_a_default_that_was_in_the_race_is_not(row):
    """Check that nothing is said of a default that ended, nor of one that cannot win."""
    warn_of_default(searched(row, (COMPLETE, [0.8, 0.8, 0.8])))


# Whole searches


@pytest.fixture
def affordable(monkeypatch):
    """Have every search believe that it has time for so many evaluations after the first."""
    answer = {"n": 5.0}
    monkeypatch.setattr(FewerFolds, "_affordable", lambda self, trial, history: answer["n"])
    monkeypatch.setattr(ProcessExecutor, "delay", "")  # workers are ready at once
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


@pytest.mark.parametrize("storage", [False, True])
def test_the_best_of_trials_that_could_not_end_wins(storage, tmp_path, monkeypatch):
    """Check that the winner is in the space, has a score, and is complete in a later fit."""

    def can_end(self, trial, history):
        return trial.number == 0 or len(trial.evaluations) < 2

    monkeypatch.setattr(FewerFolds, "can_end", can_end)
    space = {"var_smoothing": [1e-3, 1e-1, 10.0]}
    path = tmp_path / "tuning.db" if storage else None
    settings = {"budget": "60s", "cv": StratifiedKFold(5), "random_state": 0, "storage": path}
    model = AutoTunedClassifier(GaussianNB(), space, warm_start=True, **settings).fit(X, Y)
    assert len(model.history_.compared_folds) in (2, 3)  # an evaluation may have been waiting
    assert model.best_params_["var_smoothing"] in space["var_smoothing"]
    assert model.best_score_ == np.nanmax(model.cv_results_["mean_test_score"][1:])
    assert np.isfinite(model.default_score_)
    assert "complete" in model.cv_results_["status"][1:]
    monkeypatch.undo()
    model.fit(X, Y)
    assert model.history_.compared_folds == (0, 1, 2, 3, 4)
    assert "interrupted" not in model.cv_results_["status"]
    assert len(model.history_) == 4


def by_smoothing(model, X, y):
    """Return a score that does not depend on the fold."""
    return model.var_smoothing


def test_a_default_without_time_is_told_of(monkeypatch):
    """Check that a fit whose default was left out says so, and that the best trial wins."""

    def can_end(self, trial, history):
        return trial.number > 0 or len(trial.evaluations) < 2

    monkeypatch.setattr(FewerFolds, "can_end", can_end)
    with pytest.warns(UserWarning, match=r"own parameters was evaluated on [23] of 5 folds"):
        model = tuned(strategy="racing", scoring=by_smoothing).fit(X, Y)
    assert np.isnan(model.default_score_)
    assert model.best_params_ == {"var_smoothing": 1e-1}
    assert model.history_.compared_folds == (0, 1, 2, 3, 4)


def test_paused_trials_are_compared_with_the_default(monkeypatch):
    """Check that the best of them wins on the folds that they share if all but it are paused."""

    def can_end(self, trial, history):
        return trial.number == 0 or len(trial.evaluations) < 2

    monkeypatch.setattr(FewerFolds, "can_end", can_end)
    model = tuned(scoring=by_smoothing).fit(X, Y)
    assert model.best_params_ == {"var_smoothing": 1e-1}
    assert len(model.history_.compared_folds) in (2, 3)  # an evaluation may have been waiting
    assert (model.default_score_, model.best_score_) == pytest.approx((1e-9, 1e-1))
