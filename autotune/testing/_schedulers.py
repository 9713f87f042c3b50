"""Checks of schedulers."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..schedule import (
    COMPLETE,
    CRASHED,
    ENDS,
    FAILED,
    FULL,
    INTERRUPTED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
    Key,
    Plan,
    Request,
    Scheduler,
    Trial,
)
from ._checks import Check, named, require
from ._loop import GOOD, N_TRIALS, Loop

MakeScheduler = Callable[[Plan, int], Scheduler]

PLANS = [Plan(n, rows, 3, rows) for n, rows in ((1, 90), (2, 90), (3, 90), (5, 90), (3, 30_000))]
TABLES: tuple[tuple[Any, ...], ...] = (
    GOOD,
    (0.5,),
    (0.5, FAILED, 0.7, TIMEOUT, 0.2, CRASHED, math.nan),
    (FAILED,),
    (math.nan, math.inf, -math.inf, 1e308),
)


def check_scheduler(make_scheduler: MakeScheduler) -> None:
    """Check that a scheduler keeps the contract of :class:`autotune.schedule.Scheduler`.

    Parameters
    ----------
    make_scheduler : callable
        ``make_scheduler(plan, seed)`` returns a new scheduler for a
        :class:`~autotune.schedule.Plan` and an int, as ``scheduler`` of a
        :class:`~autotune.strategies.Strategy` does.

    Raises
    ------
    AssertionError
        With the name of the first check that fails, and the reason.

    Notes
    -----
    Nothing is fitted: made-up searches of seven trials are carried out, with one worker and
    several, on 1 to 5 folds.

    Examples
    --------
    >>> from autotune import Halving
    >>> from autotune.testing import check_scheduler
    >>> check_scheduler(Halving(factor=2).scheduler)
    """
    for _, check in scheduler_checks():
        check(make_scheduler)


def scheduler_checks() -> Iterator[tuple[str, Check]]:
    """Yield the checks of :func:`check_scheduler` one by one.

    Yields
    ------
    name : str
    check : callable
        ``check(make_scheduler)`` raises an AssertionError if the scheduler does not pass.

    Examples
    --------
    One test for each check:

    >>> import pytest
    >>> from autotune import Racing
    >>> from autotune.testing import scheduler_checks
    >>> @pytest.mark.parametrize(("name", "check"), scheduler_checks())
    ... def test_my_scheduler(name, check):
    ...     check(Racing(eps=0.1).scheduler)
    """
    return named(_CHECKS)


def _loops(make: MakeScheduler, tables: Sequence[Sequence[Any]] = TABLES) -> Iterator[Loop]:
    """Yield searches of all kinds that have come to their end."""
    for plan in PLANS:
        for table in tables:
            for n_workers, cancels in ((1, True), (3, True), (3, False)):
                history = History(plan.n_folds)
                yield Loop(make(plan, 1), history, table, n_workers, cancels=cancels).run()


def _cut_loops(make: MakeScheduler) -> Iterator[tuple[Plan, Loop]]:
    """Yield searches that were cut short, with what they planned for."""
    for plan in PLANS:
        for n_workers in (1, 3):
            for n_reports in range(0, 3 * plan.n_folds, 2):
                loop = Loop(make(plan, 1), History(plan.n_folds), GOOD, n_workers)
                yield plan, loop.run(n_reports)


def check_attributes(make: MakeScheduler) -> None:
    """Check that it is a scheduler that knows its folds and the order in which they begin."""
    for plan in PLANS:
        scheduler = make(plan, 1)
        require(isinstance(scheduler, Scheduler), f"{scheduler!r} is no Scheduler")
        require(
            scheduler.n_folds == plan.n_folds,
            f"n_folds is {scheduler.n_folds!r} for {plan.n_folds} folds",
        )
        require(
            sorted(scheduler.order) == list(range(plan.n_folds)),
            f"order is {scheduler.order!r} for {plan.n_folds} folds",
        )


def check_nothing_happens_before_a_trial_begins(make: MakeScheduler) -> None:
    """Check that a scheduler without trials asks for nothing and ends nothing."""
    for plan in PLANS:
        scheduler = make(plan, 1)
        for moment in ("at first", "after drain"):
            request = scheduler.next()
            require(request is None, f"{moment}, next returned {request!r} without any trial")
            scheduler.drain()
        ended = scheduler.close()
        require(ended == [], f"close returned {ended!r} without any trial")


def check_requests_lie_in_the_plan(make: MakeScheduler) -> None:
    """Check that the folds and fidelities that are asked for exist."""
    for loop in _loops(make):
        n_folds = loop.history.n_folds
        for request, _ in loop.asked:
            require(
                0 <= request.fold < n_folds and 0 < request.fidelity <= FULL,
                f"next returned {request!r}, with {n_folds} folds and fidelities in (0, 1]",
            )


def check_nothing_is_asked_for_twice(make: MakeScheduler) -> None:
    """Check that no evaluation is named twice."""
    for loop in _loops(make):
        require(not loop.repeated, f"next returned {loop.repeated[:1]!r} a second time")


def check_nothing_is_asked_for_after_the_end_of_a_trial(make: MakeScheduler) -> None:
    """Check that what was planned for a trial is forgotten when it ends."""
    for loop in _loops(make):
        for request, status in loop.asked:
            require(status == RUNNING, f"next returned {request!r} when that trial was {status!r}")


def check_every_trial_ends_once(make: MakeScheduler) -> None:
    """Check that all trials begin, and each is given its end, by ``report`` or by ``close``."""
    for loop in _loops(make):
        begun = len(loop.history)
        require(begun == N_TRIALS, f"next returned None when only {begun} trials had begun")
        ends = Counter(trial.number for trial, _, _ in loop.ended)
        for trial in loop.history:
            require(
                ends[trial.number] == 1,
                f"trial {trial.number} was ended {ends[trial.number]} times; its evaluations "
                f"are {sorted(trial.evaluations)!r}",
            )


def check_ended_trials_are_those_of_the_history(make: MakeScheduler) -> None:
    """Check that trials that run are ended, the history's own, with a status that is an end."""
    for loop in _loops(make):
        for trial, before, status in loop.ended:
            require(status in ENDS, f"a trial was ended as {status!r}, which is none of {ENDS}")
            require(before == RUNNING, f"a trial that was {before!r} was ended as {status!r}")
            require(
                any(trial is known for known in loop.history),
                f"{trial!r} was ended, which is not in the history",
            )


def check_only_a_finite_mean_completes_a_trial(make: MakeScheduler) -> None:
    """Check that a trial is complete only with a score on all folds that are compared."""
    for loop in _loops(make):
        for trial in loop.history:
            require(
                trial.status != COMPLETE or np.isfinite(loop.history.score(trial)),
                f"a trial was ended as 'complete' whose fold scores are "
                f"{loop.history.fold_scores(trial).tolist()!r}",
            )


def check_some_trial_is_complete(make: MakeScheduler) -> None:
    """Check that a search in which nothing fails has a winner."""
    for loop in _loops(make, [GOOD, (0.5,)]):
        statuses = {trial.status for trial in loop.history}
        require(
            COMPLETE in statuses,
            f"no trial was complete in a search without failures, but all {sorted(statuses)!r}",
        )


def check_folds_begin_in_order(make: MakeScheduler) -> None:
    """Check that the folds of each trial begin in the scheduler's ``order``."""
    for loop in _loops(make):
        for trial in loop.history:
            folds = [request.fold for request, _ in loop.asked if request.trial == trial.number]
            begun = list(dict.fromkeys(folds))
            order = [fold for fold in loop.scheduler.order if fold in begun]
            require(begun == order, f"folds began as {begun!r}, but the order says {order!r}")


def check_the_same_seed_gives_the_same_requests(make: MakeScheduler) -> None:
    """Check that what is asked for follows from the plan, the seed and the outcomes."""
    for plan in PLANS:
        one, two = (Loop(make(plan, 3), History(plan.n_folds), GOOD, 2).run() for _ in range(2))
        require(one.asked == two.asked, "with the same seed and outcomes, requests differed")


def check_the_history_is_left_alone(make: MakeScheduler) -> None:
    """Check that no call changes the history; the tuner gives trials their status."""
    for plan in PLANS:
        history = History(plan.n_folds)
        watched = _Watched(make(plan, 1), history)
        Loop(watched, history, TABLES[2], 2).run()
        require(not watched.changed_by, f"{watched.changed_by[:1]!r} changed the history")


class _Watched(Scheduler):
    """Wraps a scheduler, and records changes of the history."""

    def __init__(self, scheduler: Scheduler, history: History):
        super().__init__(scheduler.n_folds)
        self.changed_by: list[str] = []
        self._scheduler = scheduler
        self._history = history

    def _call(self, name: str, *args: Any) -> Any:
        """Call a method and look at the history before and afterwards."""
        before = repr(vars(self._history))
        answer = getattr(self._scheduler, name)(*args)
        if repr(vars(self._history)) != before:
            self.changed_by.append(name)
        return answer

    def begin(self, trial: Trial) -> None:
        self._call("begin", trial)

    def next(self) -> Request | None:
        return self._call("next")

    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        return self._call("report", evaluation, history)

    def drain(self) -> None:
        self._call("drain")

    def close(self) -> list[tuple[Trial, str]]:
        return self._call("close")


def check_close_spares_what_the_budget_cut(make: MakeScheduler) -> None:
    """Check that ``close`` ends no trial of which an evaluation has been cut short."""
    for _, loop in _cut_loops(make):
        loop.fill()
        flying = {request.trial for request in loop.flying}
        for trial, status in loop.scheduler.close():
            require(
                trial.number not in flying,
                f"close ended trial {trial.number} as {status!r}, whose evaluations were in flight",
            )


def check_a_paused_trial_is_left_alone(make: MakeScheduler) -> None:
    """Check that a trial that was paused is neither asked for nor ended, and others are."""
    for plan in PLANS:
        for n_reports in range(1, 6):
            for place in (0, -1):  # of the oldest trial, or the newest
                loop = Loop(make(plan, 1), History(plan.n_folds), GOOD, 2).run(n_reports)
                running = [trial for trial in loop.history if trial.status == RUNNING]
                if running:
                    _pause(loop, running[place])


def _pause(loop: Loop, paused: Trial) -> None:
    """Pause a trial, search to the end, and fail unless it was left alone, if accepted."""
    accepted = loop.scheduler.pause(paused)
    require(isinstance(accepted, bool), f"pause returned {accepted!r}")
    if accepted:
        loop.history.set_status(paused, INTERRUPTED)
        loop.flying = [request for request in loop.flying if request.trial != paused.number]
    n_asked = len(loop.asked)
    loop.run()
    later = [request for request, _ in loop.asked[n_asked:] if request.trial == paused.number]
    require(not (accepted and later), f"next returned {later[:1]!r} after pause had returned True")
    for trial in loop.history:
        left = accepted and trial is paused
        require(
            trial.status == INTERRUPTED if left else trial.status in ENDS,
            f"trial {trial.number} was {trial.status!r} in the end; pause had returned "
            f"{accepted} for trial {paused.number}",
        )


def check_an_interrupted_search_goes_on(make: MakeScheduler) -> None:
    """Check that a new scheduler repeats nothing and comes to the end of the first one."""
    for plan, cut in _cut_loops(make):
        history = copy.deepcopy(cut.history)
        resumed = Loop(make(plan, 1), history, GOOD, cut.n_workers).resume().run()
        require(
            not resumed.repeated,
            f"in a search that goes on, next returned {resumed.repeated[:1]!r}, which had ended",
        )
        found = _summary(history)
        for number, (status, _) in enumerate(found):
            require(status in ENDS, f"trial {number} was not ended in a search that went on")
        if cut.n_workers == 1:
            expected = _summary(Loop(make(plan, 1), History(plan.n_folds)).run().history)
            require(
                found == expected,
                f"a search that went on came to {found!r} instead of {expected!r}",
            )


def _summary(history: History) -> list[tuple[str, list[Key]]]:
    """Return the status and the evaluations of each trial."""
    return [
        (trial.status, [evaluation.key for evaluation in trial.in_order()]) for trial in history
    ]


def check_fewer_folds_suffice(make: MakeScheduler) -> None:
    """Check that all trials end, too, where fewer folds are compared from the first one on."""
    for plan in PLANS:
        for n_workers in (1, 3):
            history = History(plan.n_folds)
            scheduler = make(plan, 1)
            history.compared_folds = tuple(scheduler.order[:1])
            loop = Loop(scheduler, history, GOOD, n_workers).run()
            statuses = [trial.status for trial in loop.history]
            require(
                RUNNING not in statuses and COMPLETE in statuses,
                f"with a single fold that is compared, trials came to {statuses!r}",
            )


_CHECKS = (
    check_attributes,
    check_nothing_happens_before_a_trial_begins,
    check_requests_lie_in_the_plan,
    check_nothing_is_asked_for_twice,
    check_nothing_is_asked_for_after_the_end_of_a_trial,
    check_every_trial_ends_once,
    check_ended_trials_are_those_of_the_history,
    check_only_a_finite_mean_completes_a_trial,
    check_some_trial_is_complete,
    check_folds_begin_in_order,
    check_the_same_seed_gives_the_same_requests,
    check_the_history_is_left_alone,
    check_close_spares_what_the_budget_cut,
    check_a_paused_trial_is_left_alone,
    check_an_interrupted_search_goes_on,
    check_fewer_folds_suffice,
)
