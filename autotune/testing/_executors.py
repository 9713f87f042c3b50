"""Checks of executors."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from ..evaluation import Job, Outcome, Task
from ..execution import Executor, InlineExecutor
from ..history import COMPLETE, FAILED, REFIT, Key
from . import _jobs
from ._checks import Check, named, require
from ._endings import ENDING_CHECKS
from ._jobs import (
    FAILURE,
    MOMENT,
    MakeExecutor,
    Room,
    Unsendable,
    collect,
    collect_some,
    hold,
    probe_task,
    require_complete,
    require_silence,
    run,
    runs_here,
)


def check_executor(make_executor: MakeExecutor) -> None:
    """Check that an executor keeps the contract of :class:`autotune.execution.Executor`.

    Parameters
    ----------
    make_executor : callable
        ``make_executor(task)`` returns a new executor for a
        :class:`~autotune.evaluation.Task`, whose ``run(job)`` returns the outcome of a
        :class:`~autotune.evaluation.Job`. The task can be pickled.

    Raises
    ------
    AssertionError
        With the name of the first check that fails, and the reason.

    Notes
    -----
    Small models are fitted, in about fifteen executors, one after another. Jobs write to a
    temporary folder that the workers and this process must share. An executor that runs jobs in
    the thread that collects them is not asked to return before they end.

    Examples
    --------
    >>> from autotune.execution import InlineExecutor
    >>> from autotune.testing import check_executor
    >>> check_executor(InlineExecutor)
    """
    for _, check in executor_checks():
        check(make_executor)


def executor_checks() -> Iterator[tuple[str, Check]]:
    """Yield the checks of :func:`check_executor` one by one.

    Yields
    ------
    name : str
    check : callable
        ``check(make_executor)`` raises an AssertionError if the executor does not pass.

    Examples
    --------
    One test for each check:

    >>> import pytest
    >>> from autotune.execution import InlineExecutor
    >>> from autotune.testing import executor_checks
    >>> @pytest.mark.parametrize(("name", "check"), executor_checks())
    ... def test_my_executor(name, check):
    ...     check(InlineExecutor)
    """
    return named(_CHECKS)


def _feed(executor: Executor, jobs: list[Job]) -> list[Outcome]:
    """Run jobs, as many at a time as the contract allows; return their outcomes."""
    waiting, outcomes = deque(jobs), []
    flying: list[tuple[int, Key]] = []
    while waiting or flying:
        while waiting and len(flying) < executor.n_workers + executor.n_prefetch:
            job = waiting.popleft()
            executor.submit(job)
            flying.append((job.trial, job.key))
        for outcome in collect_some(executor):
            key = _key(outcome)
            require(key in flying, f"an outcome is of {key!r}, but in flight were {flying!r}")
            flying.remove(key)
            outcomes.append(outcome)
    return outcomes


def _key(outcome: Outcome) -> tuple[int, Key]:
    """Return which evaluation of which trial an outcome is of."""
    evaluation = outcome.evaluation
    return evaluation.trial, evaluation.key


def check_attributes(make: MakeExecutor) -> None:
    """Check that it is an executor that says how many jobs it takes and whether it can kill."""
    with make(probe_task()) as executor:
        require(isinstance(executor, Executor), f"{executor!r} is no Executor")
        for name, least in (("n_workers", 1), ("n_prefetch", 0)):
            number = getattr(executor, name)
            require(
                isinstance(number, int) and not isinstance(number, bool) and number >= least,
                f"{name} is {number!r}, which is no integer of at least {least}",
            )
        can_kill = executor.can_kill
        require(isinstance(can_kill, bool), f"can_kill is {can_kill!r}")


def check_each_job_has_one_outcome(make: MakeExecutor) -> None:
    """Check that no outcome is lost, none comes twice, and each names its job."""
    with make(probe_task()) as executor, Room() as room:
        n_jobs = 3 * (executor.n_workers + executor.n_prefetch) + 2
        deeds = ("fit", "raise", "fit")
        jobs = [room.job(i, deeds[i % 3], fold=i % 2) for i in range(n_jobs)]
        params = [dict(job.params) for job in jobs]
        outcomes = _feed(executor, jobs)
        require_silence(executor)
        require([job.params for job in jobs] == params, "the parameters of a job were changed")
        for outcome in outcomes:
            evaluation = outcome.evaluation
            expected = FAILED if deeds[evaluation.trial % 3] == "raise" else COMPLETE
            require(evaluation.status == expected, f"instead of {expected!r}, a job is {outcome!r}")


def check_scores_are_those_of_this_process(make: MakeExecutor) -> None:
    """Check that scores and models do not depend on where a job runs."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
    rows = np.arange(60)
    task = Task(
        estimator=DecisionTreeClassifier(splitter="random"),
        X=X,
        y=y,
        folds=[(rows[rows % 3 != fold], rows[rows % 3 == fold]) for fold in range(3)],
        scorer=_score,
        stratify=True,
    )
    jobs = [
        Job(trial, key.fold, {"max_depth": depth}, trial, key.fidelity, phase=key.phase)
        for trial, depth in enumerate((1, 2, None))
        for key in (Key(0), Key(1), Key(2), Key(0, 0.5), Key(None, phase=REFIT))
    ]
    with InlineExecutor(task) as inline:
        expected = {_key(outcome): _result(outcome, X) for outcome in _feed(inline, jobs)}
    with make(task) as executor:
        for outcome in _feed(executor, jobs):
            found = _result(outcome, X)
            require(
                found == expected[_key(outcome)],
                f"(trial, key) {_key(outcome)} came to {found!r} instead of "
                f"{expected[_key(outcome)]!r}",
            )


def _score(estimator: Any, X: Any, y: Any) -> float:
    """Return a score that distinguishes models."""
    return float(np.mean(estimator.predict_proba(X)[np.arange(len(y)), y]))


def _result(outcome: Outcome, X: np.ndarray) -> tuple[str, dict[str, float], Any]:
    """Return what an outcome says, without its times."""
    model = outcome.model
    predictions = None if model is None else model.predict(X).tolist()
    return outcome.evaluation.status, outcome.evaluation.scores, predictions


def check_what_a_job_raises_is_its_failure(make: MakeExecutor) -> None:
    """Check that exceptions, those that cannot be pickled among them, become evaluations."""
    deeds = (
        "raise",
        "raise what cannot be pickled",
        "raise what cannot be unpickled",
        "raise SystemExit",
    )
    with make(probe_task()) as executor, Room() as room:
        for number, deed in enumerate(deeds):
            outcome = run(executor, room.job(number, deed))
            evaluation = outcome.evaluation
            require(
                evaluation.trial == number and evaluation.status == FAILED,
                f"a job that was to {deed} ended as {evaluation!r}",
            )
            kind = ValueError if deed == "raise" else BaseException
            require(
                isinstance(outcome.exception, kind),
                f"the exception of a job that was to {deed} is {outcome.exception!r}",
            )
            error = str(evaluation.error)
            require(FAILURE in error, f"the error of a job that was to {deed} is {error!r}")
        require_complete(run(executor, room.job(len(deeds))))


def check_what_cannot_be_sent_has_an_outcome(make: MakeExecutor) -> None:
    """Check that parameters and models that cannot be pickled are not lost in silence."""
    with make(probe_task()) as executor, Room() as room:
        jobs = [room.job(0, Unsendable()), room.job(1, "keep a lock", fold=None)]
        for job in jobs:
            outcome = run(executor, job)
            evaluation = outcome.evaluation
            works = evaluation.status == COMPLETE and (job.phase != REFIT or outcome.model)
            require(
                evaluation.trial == job.trial
                and (works or (evaluation.status == FAILED and evaluation.error)),
                f"what cannot be pickled came to {outcome!r}: neither complete nor an error",
            )
        require_complete(run(executor, room.job(2)))


def check_submit_returns_at_once(make: MakeExecutor) -> None:
    """Check that ``submit`` does not wait for the job."""
    with make(probe_task()) as executor, Room() as room:
        executor.submit(room.job(0, "wait"))
        room.open(0)
        (outcome,) = collect(executor, 1)
        error = outcome.evaluation.error
        require(outcome.evaluation.status == COMPLETE, f"submit waited for the job: {error}")


def check_without_jobs_collect_returns_at_once(make: MakeExecutor) -> None:
    """Check that nothing is waited for where nothing runs."""
    with make(probe_task()) as executor, Room() as room:
        for moment in ("at first", "after a job"):
            began = time.monotonic()
            outcomes = executor.collect(_jobs.PATIENCE)
            require(outcomes == [], f"collect returned {outcomes!r} when no job was left")
            seconds = time.monotonic() - began
            require(
                seconds < _jobs.PATIENCE, f"{moment}, collect waited {seconds:.1f} s without a job"
            )
            run(executor, room.job(0))


def check_collect_waits_for_a_job(make: MakeExecutor) -> None:
    """Check that ``collect`` returns something where a job runs and there is no timeout."""
    with make(probe_task()) as executor, Room() as room:
        for number in range(executor.n_workers):
            executor.submit(room.job(number, "pause"))
        outcomes = executor.collect()
        require(len(outcomes) > 0, "collect returned nothing, though a job was under way")
        collect(executor, executor.n_workers - len(outcomes))


def check_collect_returns_in_time(make: MakeExecutor) -> None:
    """Check that ``collect`` returns when its time is up, and the job goes on."""
    with make(probe_task()) as executor, Room() as room:
        if runs_here(executor, room):
            return
        hold(executor, room, room.job(0, "wait"))
        for timeout in (0.0, MOMENT):
            outcomes = executor.collect(timeout)
            require(outcomes == [], f"collect({timeout}) returned {outcomes!r} of a running job")
        require(not room.has("ended", 0), "collect did not return before the job had ended")
        room.open(0)
        require_complete(collect(executor, 1)[0])


def check_n_workers_jobs_run_side_by_side(make: MakeExecutor) -> None:
    """Check that as many jobs run as there are workers, and that prefetched ones wait."""
    with make(probe_task()) as executor, Room() as room:
        if runs_here(executor, room):
            require(executor.n_workers == 1, f"one thread is said to be {executor.n_workers}")
            return
        n_workers, n_prefetch = executor.n_workers, executor.n_prefetch
        hold(executor, room, *(room.job(i, "wait") for i in range(n_workers)))
        for number in range(n_workers, n_workers + n_prefetch):
            executor.submit(room.job(number))
        outcomes = executor.collect(MOMENT)
        early = [i for i in range(n_workers, n_workers + n_prefetch) if room.has("begun", i)]
        require(
            not outcomes and not early,
            f"{n_workers + max(len(early), len(outcomes))} jobs ran at the same time, but "
            f"n_workers is {n_workers}",
        )
        room.open(*range(n_workers))
        for outcome in collect(executor, n_workers + n_prefetch):
            require_complete(outcome)


def check_outcomes_come_as_jobs_end(make: MakeExecutor) -> None:
    """Check that a job that has ended is not held back by one that goes on."""
    with make(probe_task()) as executor, Room() as room:
        if executor.n_workers < 2:
            return
        hold(executor, room, room.job(0, "wait"), room.job(1, "wait"))
        for number in (1, 0):
            room.open(number)
            ended = [outcome.evaluation.trial for outcome in executor.collect()]
            require(ended == [number], f"job {number} had ended, but collect returned {ended!r}")


def check_jobs_begin_in_order(make: MakeExecutor) -> None:
    """Check that jobs that wait for the same worker begin in the order of ``submit``."""
    with make(probe_task()) as executor, Room() as room:
        held = range(executor.n_workers - 1)
        hold(executor, room, *(room.job(i, "wait") for i in held))
        expected = list(range(100, 106))
        waiting = deque(expected)
        n_flying = 0
        while waiting or n_flying:
            while waiting and n_flying < 1 + executor.n_prefetch:
                executor.submit(room.job(waiting.popleft()))
                n_flying += 1
            n_flying -= len(collect_some(executor))
        found = room.begun()[len(held) :]
        require(found == expected, f"jobs began as {found!r}, but were submitted as {expected!r}")
        room.open(*held)
        collect(executor, len(held))


_CHECKS = (
    check_attributes,
    check_each_job_has_one_outcome,
    check_scores_are_those_of_this_process,
    check_what_a_job_raises_is_its_failure,
    check_what_cannot_be_sent_has_an_outcome,
    check_submit_returns_at_once,
    check_without_jobs_collect_returns_at_once,
    check_collect_waits_for_a_job,
    check_collect_returns_in_time,
    check_n_workers_jobs_run_side_by_side,
    check_outcomes_come_as_jobs_end,
    check_jobs_begin_in_order,
    *ENDING_CHECKS,
)
