"""The loop: asks, submits, records, and stops when it must."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import FakeExecutor, FakeTime, as_outcome, make_tuner

from autotune.evaluation import Job
from autotune.execution import FuturesExecutor, InlineExecutor
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
    Listener,
)
from autotune.schedule import Full
from autotune.search import GridSearcher, RandomSearcher
from autotune.space import Space
from autotune.timing._clock import Clock


def summary(history):
    """Return what two runs share if they came to the same."""
    return [
        (
            trial.params,
            trial.status,
            sorted((key, e.scores) for key, e in trial.evaluations.items()),
        )
        for trial in history
    ]


def score_of(job):
    """Return a score that follows from the configuration and the fold."""
    return job.params["C"] + job.fold / 100


class Slow(FakeExecutor):
    """Takes ``seconds`` of fake time for each job."""

    def __init__(self, now, seconds, **settings):
        super().__init__(**settings)
        self.now, self.seconds = now, seconds

    def collect(self, timeout=None):
        self.now.seconds += self.seconds
        return super().collect(timeout)


# Budgets


@pytest.mark.parametrize("n_trials", [1, 2, 7])
@pytest.mark.parametrize("n_workers", [1, 3, 20])
def test_the_number_of_trials_is_kept(n_trials, n_workers):
    """Check that exactly the trials allowed are run, on all folds, whoever runs them."""
    executor = FakeExecutor(score_of, n_workers, np.random.RandomState(0))
    tuner = make_tuner(executor=executor, n_trials=n_trials, n_folds=3)
    tuner.run()
    assert len(tuner.history) == n_trials
    assert len(executor.jobs) == 3 * n_trials
    assert {trial.status for trial in tuner.history} == {COMPLETE}


def test_results_do_not_depend_on_who_finishes_first():
    """Check that grid and random give the same history whatever the workers do."""
    runs = []
    for n_workers, rng in [(1, None), (4, np.random.RandomState(1)), (9, np.random.RandomState(2))]:
        tuner = make_tuner(executor=FakeExecutor(score_of, n_workers, rng), n_trials=8)
        tuner.run()
        runs.append(summary(tuner.history))
    assert runs[0] == runs[1] == runs[2]


def test_seeds_belong_to_trials():
    """Check that all folds of a trial share a seed, and no two trials do."""
    executor = FakeExecutor(n_workers=4, rng=np.random.RandomState(0))
    make_tuner(executor=executor, n_folds=3, n_trials=6).run()
    seeds = {}
    for job in executor.jobs:
        seeds.setdefault(job.trial, set()).add(job.seed)
    assert [len(own) for own in seeds.values()] == [1] * 6
    assert len(set.union(*seeds.values())) == 6


def test_nothing_is_started_after_the_end():
    """Check a budget of seconds: what is kept for the refit is not spent on the search."""
    now = FakeTime()
    executor = Slow(now, 1.0)
    tuner = make_tuner(
        executor=executor,
        n_trials=None,
        clock=Clock(9.0, now),
        reserve=lambda history: 0.5 + 0.5 * min(len(history), 5),
    )
    tuner.run()
    assert now.seconds - 1000.0 == 7.0
    assert len(executor.jobs) == 7
    assert [job.seconds for job in executor.jobs[:3]] == [6.0, 7.0, 4.125]
    assert [trial.status for trial in tuner.history] == [COMPLETE] * 3 + [INTERRUPTED]


@pytest.mark.parametrize(
    ("n_folds", "n_workers", "expected"),
    [
        (1, 1, [10.0]),  # there is nothing to share the time with
        (3, 1, [5.0, 6.75, 8.0]),  # half as much again as a third of 10, a half of 9, all of 8
        (3, 2, [10.0, 10.0, 9.0]),  # two workers share the folds
    ],
)
def test_an_evaluation_gets_what_its_trial_can_afford(n_folds, n_workers, expected):
    """Check that one evaluation that hangs cannot use up a budget of seconds."""
    now = FakeTime()
    executor = Slow(now, 1.0)
    executor.n_workers = n_workers
    make_tuner(executor=executor, n_folds=n_folds, n_trials=1, clock=Clock(10.0, now)).run()
    assert [job.seconds for job in executor.jobs] == expected


def test_the_time_that_asking_takes_counts():
    """Check that a proposal that comes after the end is not begun."""
    now = FakeTime()

    class Ponderous(RandomSearcher):
        def ask(self, history, seconds=None):
            now.seconds += 4.0
            return super().ask(history)

    space = Space.parse({"C": (0.0, 1.0)})
    executor = FakeExecutor()
    tuner = make_tuner(
        searcher=Ponderous(space, 0), executor=executor, n_trials=None, clock=Clock(10.0, now)
    )
    tuner.run()
    assert len(tuner.history) == 2
    assert all(job.seconds > 0 for job in executor.jobs)


def test_a_spent_budget_starts_nothing():
    """Check that a budget that an earlier run has spent leaves no trial behind."""
    clock = Clock(10.0, FakeTime())
    clock.spend(11.0)
    tuner = make_tuner(clock=clock)
    tuner.run()
    assert len(tuner.history) == 0


def test_a_trial_has_its_own_limit():
    """Check that what the earlier folds took is missing for the later ones."""

    def answer(job):
        outcome = as_outcome(job, 1.0)
        outcome.evaluation.fit_time, outcome.evaluation.score_time = 1.5, 0.5
        return outcome

    executor = FakeExecutor(answer)
    make_tuner(executor=executor, n_folds=4, n_trials=1, seconds_per_trial=5.0).run()
    assert [job.seconds for job in executor.jobs] == [5.0, 3.0, 1.0, 0.0]


def test_without_a_limit_jobs_have_none():
    """Check that jobs may take for ever, and are waited for as long, without seconds."""
    executor = FakeExecutor()
    make_tuner(executor=executor).run()
    assert {job.seconds for job in executor.jobs} == {None}
    assert set(executor.waits) == {None}


@pytest.mark.parametrize(("share", "n_test"), [(1.0, None), (0.25, 10_000)])
def test_jobs_have_the_rows_of_the_search(share, n_test):
    """Check that a search on fewer rows also scores no more than 10,000 of each fold."""
    executor, history = FakeExecutor(), History(2)
    history.share = share
    make_tuner(executor=executor, history=history, scheduler=Full(2, share)).run()
    assert {(job.fidelity, job.n_test) for job in executor.jobs} == {(share, n_test)}
    assert {key for trial in history for key in trial.evaluations} == {Key(0, share), Key(1, share)}


class Stuck(FakeExecutor):
    """Ends a job only when it is waited for without a limit, or cancelled."""

    def __init__(self, now, can_cancel):
        super().__init__(n_workers=2)
        self.now, self.can_cancel = now, can_cancel

    def collect(self, timeout=None):
        assert len(self.waits) < 20, "the loop spins"
        if timeout is None:
            self.now.seconds += 60.0
            return super().collect()
        self.waits.append(timeout)
        self.now.seconds += timeout
        return []

    def cancel(self, job):
        if self.can_cancel:
            self.flying.remove(job)
        return self.can_cancel


@pytest.mark.parametrize("can_cancel", [False, True])
def test_what_outlasts_the_budget_is_cancelled_or_waited_for(can_cancel):
    """Check that the loop neither hangs on what can be cancelled nor spins on what cannot."""
    now = FakeTime()
    tuner = make_tuner(executor=Stuck(now, can_cancel), clock=Clock(10.0, now), n_folds=4)
    tuner.run()
    assert [trial.status for trial in tuner.history] == [INTERRUPTED]
    assert len(tuner.history[0].evaluations) == (0 if can_cancel else 2)
    assert now.seconds - 1000.0 < (10.5 if can_cancel else 131)


def test_an_exhausted_space_ends_the_search():
    """Check that a grid ends without a budget, and what is in flight is still recorded."""
    space = Space.parse({"C": [1, 2, 3]})
    executor = FakeExecutor(n_workers=5, rng=np.random.RandomState(0))
    searcher = GridSearcher(space, 0, None, None, True)
    tuner = make_tuner(searcher=searcher, executor=executor, n_trials=None)
    tuner.run()
    assert [trial.params["C"] for trial in tuner.history] == [1, 2, 3]
    assert {trial.status for trial in tuner.history} == {COMPLETE}


def test_the_number_of_workers_may_change():
    """Check that workers who join are used, and that fewer of them end nothing in flight."""
    counts, in_flight = iter([1, 3, 4, 1, 1, 2] + [2] * 100), []

    class Elastic(FakeExecutor):
        def submit(self, job):
            self.jobs.append(job)
            self.flying.append(job)

        def collect(self, timeout=None):
            in_flight.append(len(self.flying))
            self.n_workers = next(counts)
            return super().collect(timeout)

    executor = Elastic()
    tuner = make_tuner(executor=executor, n_trials=8)
    tuner.run()
    assert {trial.status for trial in tuner.history} == {COMPLETE}
    assert in_flight[:7] == [1, 1, 3, 4, 3, 2, 2]


# Defaults


def test_defaults_come_first():
    """Check numbers, origins and eligibility of the defaults."""
    defaults = [({"C": 5.0}, False), ({"C": 0.5}, True)]
    tuner = make_tuner(defaults=defaults, n_trials=4)
    tuner.run()
    assert [trial.origin for trial in tuner.history] == ["default"] * 2 + ["random"] * 2
    assert [trial.eligible for trial in tuner.history] == [False, True, True, True]
    assert [trial.params for trial in tuner.history][:2] == [{"C": 5.0}, {"C": 0.5}]


def test_more_defaults_than_trials():
    """Check that the budget ends the defaults too."""
    tuner = make_tuner(defaults=[({"C": 0.1 * i}, True) for i in range(5)], n_trials=2)
    tuner.run()
    assert len(tuner.history) == 2


# Failures


@pytest.mark.parametrize("status", [FAILED, TIMEOUT, CRASHED])
@pytest.mark.parametrize("n_workers", [1, 4])
def test_a_failure_is_a_row(status, n_workers):
    """Check that what fails, hangs or dies is recorded with its error, and the rest goes on."""
    executor = FakeExecutor(
        lambda job: status if job.trial == 1 and job.fold == 0 else 0.5,
        n_workers,
        np.random.RandomState(3),
    )
    tuner = make_tuner(executor=executor)
    tuner.run()
    assert [trial.status for trial in tuner.history] == [COMPLETE, status] + [COMPLETE] * 3
    assert tuner.history[1].error == f"it {status}"


@pytest.mark.parametrize("with_exception", [True, False])
def test_raise_errors(with_exception):
    """Check that the first exception is raised again, or its text if it did not survive."""
    error = KeyError("C")

    def answer(job):
        outcome = as_outcome(job, FAILED if job.trial == 2 else 1.0)
        outcome.exception = error if with_exception and job.trial == 2 else None
        return outcome

    tuner = make_tuner(executor=FakeExecutor(answer), raise_errors=True)
    with pytest.raises(KeyError if with_exception else RuntimeError) as caught:
        tuner.run()
    assert caught.value is error or "it failed" in str(caught.value)
    assert [trial.status for trial in tuner.history] == [COMPLETE, COMPLETE, INTERRUPTED]


def test_an_unusable_score_is_not_raised():
    """Check that ``error_score='raise'`` is about exceptions, as in scikit-learn."""
    tuner = make_tuner(executor=FakeExecutor(lambda job: math.nan), raise_errors=True)
    tuner.run()
    assert {trial.status for trial in tuner.history} == {FAILED}


class Interrupting(FakeExecutor):
    """Raises when waited for the n-th time."""

    def __init__(self, n, error, **settings):
        super().__init__(**settings)
        self.n, self.error = n, error

    def collect(self, timeout=None):
        if len(self.waits) == self.n:
            raise self.error
        return super().collect(timeout)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), SystemExit(1)], ids=repr)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(error, n):
    """Check that an interruption leaves a consistent history, and that a new tuner ends it."""
    history = History(2)
    executor = Interrupting(n, error, answer=score_of, n_workers=3)
    with pytest.raises(type(error)):
        make_tuner(executor=executor, history=history, n_trials=6).run()
    assert {trial.status for trial in history} <= {COMPLETE, INTERRUPTED}
    assert all((len(trial.evaluations) == 2) == (trial.status == COMPLETE) for trial in history)

    again = FakeExecutor(score_of, 3)
    make_tuner(executor=again, history=history, n_trials=6).run()
    assert len(again.jobs) == 12 - n
    undisturbed = make_tuner(executor=FakeExecutor(score_of, 3), n_trials=6)
    undisturbed.run()
    assert summary(history) == summary(undisturbed.history)


def test_a_trial_that_was_recorded_but_not_concluded_is_concluded():
    """Check resumption after a kill between the last evaluation and the trial's status."""
    history, heard = History(2), []

    class Recording(Listener):
        def ended(self, trial, history):
            heard.append((trial.number, trial.status))

    history.add({"C": 0.5}, "random")
    history.add({"C": 0.6}, "random")
    history.add({"C": 0.7}, "random")
    for fold in (0, 1):
        history.record(Evaluation(0, fold, scores={"score": 1.0}))
    history.record(Evaluation(1, 1, status=CRASHED, error="killed"))
    executor = FakeExecutor()
    make_tuner(executor=executor, history=history, n_trials=3, listeners=[Recording()]).run()
    assert [trial.status for trial in history] == [COMPLETE, CRASHED, COMPLETE]
    assert heard == [(0, COMPLETE), (1, CRASHED), (2, COMPLETE)]
    assert [job.trial for job in executor.jobs] == [2, 2]


# Stops, drops and listeners


def test_a_callback_may_stop_the_search():
    """Check that nothing is begun after a stop, and what is in flight is still recorded."""

    def answer(job):
        outcome = as_outcome(job, 1.0)
        outcome.stop = (job.trial, job.fold) == (1, 0)
        return outcome

    executor = FakeExecutor(answer, n_workers=2)
    tuner = make_tuner(executor=executor)
    tuner.run()
    assert len(executor.jobs) == 4
    assert [trial.status for trial in tuner.history] == [COMPLETE, COMPLETE]


class Dropping(Full):
    """Drops each odd trial after its first evaluation."""

    def report(self, evaluation, history):
        trial = history[evaluation.trial]
        if trial.number % 2 and trial.status == "running":
            self._queue = type(self._queue)(r for r in self._queue if r.trial != trial.number)
            return [(trial, DROPPED)]
        return super().report(evaluation, history)


@pytest.mark.parametrize("n_workers", [1, 5])
def test_a_scheduler_may_drop_trials(n_workers):
    """Check that a dropped trial stays dropped, also when its evaluations in flight arrive."""
    executor = FakeExecutor(n_workers=n_workers, rng=np.random.RandomState(0))
    tuner = make_tuner(executor=executor, n_folds=3, n_trials=6, scheduler=Dropping(3))
    tuner.run()
    assert [trial.status for trial in tuner.history] == [COMPLETE, DROPPED] * 3
    if n_workers == 1:
        assert [len(trial.evaluations) for trial in tuner.history] == [3, 1] * 3


def test_listeners_hear_everything_once_and_in_order():
    """Check that listeners are told of each submission, evaluation and end."""
    heard = []

    class Recording(Listener):
        def submitting(self, trial, request):
            heard.append(("submitting", trial.number, request.fold))

        def evaluated(self, evaluation, history):
            assert history[evaluation.trial].evaluations[evaluation.key] is evaluation
            heard.append(("evaluated", evaluation.trial, evaluation.fold))

        def ended(self, trial, history):
            heard.append(("ended", trial.number, trial.status))

    make_tuner(n_trials=2, listeners=[Listener(), Recording()]).run()
    per_trial = [
        [
            *(("submitting", i, 0), ("evaluated", i, 0)),
            *(("submitting", i, 1), ("evaluated", i, 1), ("ended", i, COMPLETE)),
        ]
        for i in (0, 1)
    ]
    assert heard == per_trial[0] + per_trial[1]


def test_listeners_hear_of_trials_that_are_cut_short_and_go_on():
    """Check that the end of the search, and its continuation, are told like any other status."""
    history, heard = History(2), []

    class Recording(Listener):
        def changed(self, evaluations, trials, history):
            heard.append([(trial.number, trial.status) for trial in trials])

    def answer(job):
        outcome = as_outcome(job, 1.0)
        outcome.stop = job.fold == 0
        return outcome

    make_tuner(executor=FakeExecutor(answer), history=history, listeners=[Recording()]).run()
    assert heard == [[], [(0, INTERRUPTED)]]
    heard.clear()
    make_tuner(history=history, n_trials=1, listeners=[Recording()]).run()
    assert heard == [[(0, RUNNING)], [(0, COMPLETE)]]


def test_the_first_context_travels_with_the_job():
    """Check that the callback context of a listener reaches the job."""

    class Giving(Listener):
        def submitting(self, trial, request):
            return f"context {trial.number}.{request.fold}"

    executor = FakeExecutor()
    make_tuner(executor=executor, n_trials=1, listeners=[Listener(), Giving()]).run()
    assert [job.callback_context for job in executor.jobs] == ["context 0.0", "context 0.1"]


def test_a_listener_that_raises_leaves_a_consistent_history():
    """Check that the error reaches the caller, and nothing is left running."""

    class Refusing(Listener):
        def evaluated(self, evaluation, history):
            raise ValueError("refit must name a metric")

    tuner = make_tuner(listeners=[Refusing()])
    with pytest.raises(ValueError, match="refit must name a metric"):
        tuner.run()
    assert [trial.status for trial in tuner.history] == [INTERRUPTED]


def test_times_are_told_since_the_beginning_of_fit():
    """Check ``started`` and ``ended`` of an evaluation."""
    now = FakeTime()

    def answer(job):
        outcome = as_outcome(job, 1.0)
        outcome.evaluation.fit_time, outcome.evaluation.score_time = 1.5, 0.25
        return outcome

    executor = Slow(now, 2.0, answer=answer)
    tuner = make_tuner(executor=executor, clock=Clock(None, now), n_trials=1)
    tuner.run()
    evaluations = list(tuner.history.evaluations())
    assert [(e.started, e.ended) for e in evaluations] == [(0.25, 2.0), (2.25, 4.0)]


def _in_threads(task):
    return FuturesExecutor(task, ThreadPoolExecutor(3), 3, shutdown=True)


@pytest.mark.parametrize("make", [InlineExecutor, _in_threads])
def test_real_executors_give_the_same_history(make):
    """Check the loop over a task of its own in this process and its threads."""

    class Task:
        def run(self, job: Job):
            return as_outcome(job, score_of(job))

    expected = make_tuner(executor=FakeExecutor(score_of))
    expected.run()
    with make(Task()) as executor:
        tuner = make_tuner(executor=executor)
        tuner.run()
    assert summary(tuner.history) == summary(expected.history)
