"""The score of the untuned model on the held-out rows."""

from __future__ import annotations

import math

from ..evaluation import Job, Task
from ..execution import Executor, WorkerStartError, make_executor
from ..history import COMPLETE, TIMEOUT, Evaluation, History, Trial
from ..results import seconds_text
from ..timing import KERNEL_EXPONENT, QUICK_FIT, START_LIMIT, Clock, FitTime
from ._errors import one_line


def most_seconds(history: History, untuned: Trial | None, n_rows: int, n_fold: float) -> float:
    """Return the seconds that a fit on all rows takes at most, infinity if nothing is known.

    They are those of the search, which took fewer rows, if the time grows quadratically.
    """
    evaluations = [] if untuned is None else untuned.evaluations.values()
    known = [e for e in evaluations if e.fidelity == history.share and e.status == COMPLETE]
    if not known:
        return math.inf
    measured = history.share * n_fold, max(evaluation.whole_seconds for evaluation in known)
    return FitTime([measured], KERNEL_EXPONENT).cautious(n_rows)


def score_untuned(task: Task, job: Job, most: float, *, tell: bool) -> tuple[float, str]:
    """Return the score of a model on the test rows of a job, NaN and the reason if it has none.

    A job with a limit in seconds runs where it can be ended, unless it is sure to be quick:
    ``most`` are the seconds that it takes at most. With ``tell`` the user is told to wait.
    """
    try:
        killable = job.seconds is not None and most > QUICK_FIT
        if tell and killable:
            limit = seconds_text(job.seconds or 0.0)
            print(f"[autotune] fitting the untuned model on all rows, for at most {limit}")
        with make_executor(task, 1, killable=killable) as executor:
            evaluation = _evaluate(executor, job)
    except WorkerStartError as error:
        return math.nan, one_line(str(error))
    if evaluation.status == COMPLETE:
        return float(evaluation.scores["score"]), ""
    if evaluation.status == TIMEOUT and job.seconds is not None:
        return math.nan, f"a fit on all rows takes more than {seconds_text(job.seconds)}"
    return math.nan, one_line(evaluation.error or evaluation.status)


def _evaluate(executor: Executor, job: Job) -> Evaluation:
    """Return what a job came to; one that does not end in time is given up."""
    executor.submit(job)
    clock = Clock(None if job.seconds is None else job.seconds + START_LIMIT)
    while True:
        left = clock.left()
        for outcome in executor.collect(None if math.isinf(left) else max(left, 0.0)):
            return outcome.evaluation
        if clock.left() <= 0:
            executor.cancel(job)
            return job.evaluation(status=TIMEOUT)
