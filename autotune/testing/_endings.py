"""Checks of executors: killed jobs and closed executors."""

from __future__ import annotations

import threading
import time

from ..evaluation import Job, Outcome
from ..execution import Executor
from ..history import CRASHED, TIMEOUT
from . import _jobs
from ._checks import require
from ._jobs import (
    MOMENT,
    MakeExecutor,
    Room,
    collect,
    hold,
    probe_task,
    require_complete,
    require_silence,
    run,
    runs_here,
)

SHORT = 0.5  # seconds that are allowed to a job that takes longer
LIMIT = 2.0  # seconds that are allowed to a job that must not use them up while it waits


def check_a_cancelled_job_has_no_outcome(make: MakeExecutor) -> None:
    """Check that a job that ``cancel`` has ended has no outcome, and another one still has."""
    with make(probe_task()) as executor, Room() as room:
        first = room.job(0, "wait")
        if runs_here(executor, room):
            executor.submit(first)
        else:
            hold(executor, room, first)
        cancelled = _cancel(executor, first)
        require(
            cancelled or not executor.can_kill,
            "cancel returned False for a running job, though can_kill is True",
        )
        require(
            not (cancelled and _cancel(executor, first)), "cancel returned True twice for a job"
        )
        if not executor.can_kill:
            room.open(0)
        expected = [1] if cancelled else [0, 1]
        second = room.job(1)
        executor.submit(second)
        found = sorted(o.evaluation.trial for o in collect(executor, len(expected)))
        require(found == expected, f"there are outcomes of {found!r} instead of {expected!r}")
        require_silence(executor)
        require(not _cancel(executor, second), "cancel returned True for a job that had ended")


def _cancel(executor: Executor, job: Job) -> bool:
    """Return what ``cancel`` returns."""
    answer = executor.cancel(job)
    require(isinstance(answer, bool), f"cancel returned {answer!r}, which is no bool")
    return answer


def check_a_cancelled_job_does_not_begin(make: MakeExecutor) -> None:
    """Check that a prefetched job that is cancelled before it begins is never run."""
    with make(probe_task()) as executor, Room() as room:
        if not executor.n_prefetch or runs_here(executor, room):
            return
        n_workers = executor.n_workers
        first, later = range(n_workers), range(n_workers + 1, 2 * n_workers + 1)
        hold(executor, room, *(room.job(i, "wait") for i in first))
        prefetched = room.job(n_workers)
        executor.submit(prefetched)
        cancelled = _cancel(executor, prefetched)
        room.open(*first)
        collect(executor, n_workers + (not cancelled))
        # When these have begun, all workers are past what was submitted before.
        hold(executor, room, *(room.job(i, "wait") for i in later))
        begun = room.has("begun", n_workers)
        require(begun != cancelled, f"cancel returned {cancelled} for a job that began: {begun}")
        room.open(*later)
        collect(executor, n_workers)


def check_a_cancelled_job_frees_its_worker(make: MakeExecutor) -> None:
    """Check that, where jobs can be killed, others run in place of those that were cancelled."""
    with make(probe_task()) as executor, Room() as room:
        if not executor.can_kill:
            return
        first, second = (
            [room.job(i, "wait") for i in range(start, start + executor.n_workers)]
            for start in (0, 1000)
        )
        hold(executor, room, *first)
        for job in first:
            _cancel(executor, job)
        hold(executor, room, *second)
        room.open(*(job.trial for job in second))
        collect(executor, len(second))


def check_a_job_that_takes_too_long_is_ended(make: MakeExecutor) -> None:
    """Check that, where jobs can be killed, ``seconds`` are kept, at the cost of that job only."""
    with make(probe_task()) as executor, Room() as room:
        if executor.can_kill:
            job = room.job(0, "wait", seconds=SHORT)
            _require_fate(executor, room, job, TIMEOUT)


def check_a_job_that_loses_its_process_has_crashed(make: MakeExecutor) -> None:
    """Check that, where jobs can be killed, a process that ends costs its own job only."""
    for deed in ("exit", "die"):
        with make(probe_task()) as executor, Room() as room:
            if executor.can_kill:
                _require_fate(executor, room, room.job(0, deed), CRASHED)


def _require_fate(executor: Executor, room: Room, job: Job, status: str) -> None:
    """Fail unless a job comes to a status, and one beside it and a later one are complete."""
    bystanders = [1] if executor.n_workers > 1 else []
    hold(executor, room, *(room.job(number, "wait") for number in bystanders))
    evaluation = run(executor, job).evaluation
    require(
        (evaluation.trial, evaluation.status) == (job.trial, status) and evaluation.error,
        f"a job that was to end as {status!r} ended as {evaluation!r}",
    )
    room.open(*bystanders)
    for outcome in collect(executor, len(bystanders)):
        require_complete(outcome)
    require_complete(run(executor, room.job(2, seconds=_jobs.PATIENCE)))


def check_waiting_does_not_count(make: MakeExecutor) -> None:
    """Check that ``seconds`` are counted from the job's start, not from ``submit``."""
    with make(probe_task()) as executor, Room() as room:
        if not (executor.can_kill and executor.n_prefetch):
            return
        n_workers = executor.n_workers
        hold(executor, room, *(room.job(i, "wait") for i in range(n_workers)))
        executor.submit(room.job(n_workers, seconds=LIMIT))
        end = time.monotonic() + 1.1 * LIMIT
        outcomes: list[Outcome] = []
        while time.monotonic() < end and not outcomes:
            outcomes = executor.collect(MOMENT)
        require(not outcomes, f"a job's time was up before it began: {outcomes!r}")
        room.open(*range(n_workers))
        for outcome in collect(executor, n_workers + 1):
            require_complete(outcome)


def check_close_may_be_repeated(make: MakeExecutor) -> None:
    """Check that ``close`` raises nothing, whatever there is, and leaves no thread behind."""
    threads = set(threading.enumerate())
    for n_jobs in (0, 1, 2):
        with make(probe_task()) as executor, Room() as room:
            for number in range(min(n_jobs, executor.n_workers)):
                executor.submit(room.job(number, "pause"))
            executor.close()
            executor.close()
        executor.close()
    end = time.monotonic() + _jobs.PATIENCE
    while left := set(threading.enumerate()) - threads:
        require(time.monotonic() < end, f"these threads are left after close: {left!r}")
        time.sleep(_jobs.LOOK)


def check_close_ends_what_runs(make: MakeExecutor) -> None:
    """Check that, where jobs can be killed, ``close`` waits for none and none goes on."""
    with make(probe_task()) as executor, Room() as room:
        if not executor.can_kill:
            return
        numbers = range(executor.n_workers)
        hold(executor, room, *(room.job(i, "wait") for i in numbers))
        began = time.monotonic()
        executor.close()
        seconds = time.monotonic() - began
        require(seconds < _jobs.PATIENCE, f"close waited {seconds:.1f} s for jobs")
        room.open(*numbers)
        end = time.monotonic() + MOMENT
        while time.monotonic() < end:
            going_on = [i for i in numbers if room.has("ended", i)]
            require(not going_on, f"the jobs {going_on!r} went on after close")
            time.sleep(_jobs.LOOK)


ENDING_CHECKS = (
    check_a_cancelled_job_has_no_outcome,
    check_a_cancelled_job_does_not_begin,
    check_a_cancelled_job_frees_its_worker,
    check_a_job_that_takes_too_long_is_ended,
    check_a_job_that_loses_its_process_has_crashed,
    check_waiting_does_not_count,
    check_close_may_be_repeated,
    check_close_ends_what_runs,
)
