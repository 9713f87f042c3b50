"""The size of the subsample that a search can afford, measured by fits of the default."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._budget import FASTEST
from ..evaluation import Job, Outcome
from ..execution import Executor
from ..history import COMPLETE, FULL, INTERRUPTED, TIMEOUT, Evaluation
from ..schedule import Plan, fewest_rows
from ._clock import Clock
from ._constants import (
    LEAST_EVALUATIONS,
    LEAST_SEARCH,
    MARGIN,
    MOST_VALIDATION_ROWS,
    NEARLY_ALL,
    SMALL_ROWS,
    TRIAL_EXPENSIVE,
    TRIAL_FACTOR,
    TRIAL_INFORMATIVE,
    TRIAL_LIMIT,
    TRIAL_ROOM,
    TRIAL_SCORED,
    TRIAL_START,
    UNMEASURED_EXPONENT,
    USUAL_EXPONENT,
    WARM_UP,
)
from ._first_model import FirstModel
from ._fit_time import FitTime


@dataclass(frozen=True)
class Subsample:
    """The rows and folds that a search uses.

    Attributes
    ----------
    share : float
        The share of the training rows that the search can afford, in (0, 1].
    exponent : float
        The duration of a fit grows with this power of the number of rows.
    folds : sequence of int or None
        The folds on which the search compares trials; None: all.
    rise : float
        The expected gain in the default's score from the subsample to all rows, extrapolated
        from trial fits.
    """

    share: float = FULL
    exponent: float = UNMEASURED_EXPONENT
    folds: Sequence[int] | None = None
    rise: float = 0.0


def validation_rows(share: float) -> int | None:
    """Return the maximum number of rows scored per validation fold, None if all are.

    It is limited only if the search uses a subsample.
    """
    return None if share == FULL else MOST_VALIDATION_ROWS


def measure_subsample(
    executor: Executor,
    params: dict[str, Any],
    seed: int,
    clock: Clock,
    plan: Plan,
    metric: str,
    first: FirstModel | None = None,
) -> Subsample:
    """Fit a configuration on increasing numbers of rows until its time on all can be predicted.

    If there is no time for two evaluations on all rows besides the last fit, the share is reduced
    so that there is, but to no fewer than 2000 rows and 50 rows per class. Smaller subsamples
    would leave time for more trials but rank them poorly: it is better to compare trials on a
    single fold, see ``FewerFolds``.

    Parameters
    ----------
    executor : Executor
    params : dict
        The default.
    seed : int
        The seed of the estimators.
    clock : Clock
        With a limit.
    plan : Plan
        Numbers of training rows, classes and folds.
    metric : str
        The name of the deciding score.
    first : FirstModel or None
        It is fitted on the fewest rows before anything else and, if there is time, on all rows
        before the search.
    """
    least = fewest_rows(plan.n_classes)
    if plan.n_train < SMALL_ROWS or least * TRIAL_ROOM > plan.n_train:
        return Subsample()
    fits = _TrialFits(executor, Job(0, 0, params, seed), clock, plan.n_train, metric)
    if not fits.run(TRIAL_START * least, first):  # the search will say how the default fails
        return Subsample()
    if first is not None and first.fitted is not None:
        fits.measured = first.grow(fits.measured)
    fit_time = FitTime(fits.measured)
    rows = _affordable_rows(fit_time, clock.left(), plan, executor.n_workers)
    if rows == plan.n_train:
        return Subsample(exponent=max(UNMEASURED_EXPONENT, fit_time.exponent))
    share, exponent = rows / plan.n_train, fit_time.exponent_between(rows, plan.n_train)
    return Subsample(share, exponent, rise=_rise(fits.scored, 1 / share))


def _affordable_rows(fit_time: FitTime, left: float, plan: Plan, n_workers: int) -> float:
    """Return the training rows for which two evaluations and the last fit are affordable."""
    n_rows = plan.n_train * plan.n_folds / max(plan.n_folds - 1, 1)
    # More workers than evaluations do not make one end sooner.
    n_workers = min(n_workers, LEAST_EVALUATIONS)
    for_search = max(left - MARGIN * fit_time.cautious(n_rows), LEAST_SEARCH * left)
    seconds = for_search * n_workers / LEAST_EVALUATIONS
    if fit_time.cautious(plan.n_train) <= seconds:
        return plan.n_train
    rows = max(fit_time.rows(seconds), fewest_rows(plan.n_classes))
    return plan.n_train if rows > NEARLY_ALL * plan.n_train else rows


class _TrialFits:
    """Fits and scores the default on increasing numbers of training rows of the first fold.

    Parameters
    ----------
    executor : Executor
    job : Job
        The evaluation on all rows.
    clock : Clock
        With a limit.
    n_rows : int
        Training rows of a fold.
    metric : str
        The name of the deciding score.

    Attributes
    ----------
    measured : list of (rows, seconds)
        With increasing rows.
    scored : list of (rows, score)
    """

    def __init__(self, executor: Executor, job: Job, clock: Clock, n_rows: int, metric: str):
        assert clock.seconds is not None
        self._executor = executor
        self._job = replace(job, seconds=TRIAL_LIMIT * clock.seconds, n_test=MOST_VALIDATION_ROWS)
        self._clock = clock
        self._budget = clock.seconds
        self._n_rows = n_rows
        self._metric = metric
        self.measured: list[tuple[float, float]] = []
        self.scored: list[tuple[float, float]] = []

    def run(self, rows: float, first: FirstModel | None) -> bool:
        """Fit until the prediction is reliable; return whether the default can be fitted.

        At least two sizes are tried, unless the first fit is killed, and more until a fit takes
        long enough.
        """
        if first is not None and not self._begin(round(rows), first):
            return first.error is None
        while rows * TRIAL_ROOM <= self._n_rows:
            evaluation = self._fit(round(rows))
            seconds = max(evaluation.whole_seconds, FASTEST)
            if evaluation.status == TIMEOUT:  # so nothing is known of how the seconds grow
                self.measured = [(round(rows), seconds)]
                return True
            if evaluation.status != COMPLETE:
                return False
            self._note(round(rows), seconds, evaluation)
            if len(self.measured) > 1 and self._is_enough(seconds):
                return True
            rows *= TRIAL_FACTOR
        return True

    def _begin(self, rows: int, first: FirstModel) -> bool:
        """Fit the first model; return whether it leaves time for fits that are scored."""
        seconds = first.begin(rows)
        self.measured = [(rows, max(seconds, FASTEST))]
        return first.fitted is not None and seconds <= TRIAL_SCORED * self._budget

    def _note(self, rows: int, seconds: float, evaluation: Evaluation) -> None:
        """Record a fit; it replaces an earlier warm-up on as many rows."""
        if self.measured and self.measured[-1][0] == rows:
            self.measured.pop()
        self.measured.append((rows, seconds))
        self.scored.append((rows, evaluation.scores.get(self._metric, math.nan)))

    def _is_enough(self, seconds: float) -> bool:
        """Return whether another fit, on more rows, is unnecessary or too expensive."""
        expensive = seconds * TRIAL_FACTOR**USUAL_EXPONENT > TRIAL_EXPENSIVE * self._budget
        return expensive or seconds > TRIAL_INFORMATIVE * self._budget

    def _fit(self, rows: int) -> Evaluation:
        """Return the result of a fit on some rows.

        The first fit in a process includes lazy imports: if it is quick, it is repeated.
        """
        job = replace(self._job, fidelity=rows / self._n_rows)
        evaluation = self._run(job)
        fast = evaluation.whole_seconds <= WARM_UP * TRIAL_LIMIT * self._budget
        if not self.measured and evaluation.status == COMPLETE and fast:
            evaluation = min(evaluation, self._run(job), key=lambda e: e.whole_seconds)
        return evaluation

    def _run(self, job: Job) -> Evaluation:
        """Return the evaluation of a job, which the end of the budget interrupts."""
        self._executor.submit(job)
        outcomes: list[Outcome] = []
        while not outcomes:
            outcomes = self._executor.collect(max(self._clock.left(), 0.0))
            if not outcomes and self._clock.left() <= 0 and self._executor.cancel(job):
                return job.evaluation(status=INTERRUPTED)
        return outcomes[0].evaluation


def _rise(scored: list[tuple[float, float]], factor: float) -> float:
    """Return the gain in score from multiplying the rows by a factor, 0 if unknown.

    It is extrapolated linearly in the logarithm of the rows from the last two sizes; most
    learning curves flatten.
    """
    if len(scored) < 2:
        return 0.0
    (fewer, low), (more, high) = scored[-2:]
    rise = (high - low) / math.log(more / fewer) * math.log(factor)
    return max(rise, 0.0) if math.isfinite(rise) else 0.0
