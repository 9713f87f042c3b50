"""How many rows a search can afford to train on, found out by trying."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..evaluation import REFIT, Job, Outcome
from ..execution import Executor
from ..history import COMPLETE, INTERRUPTED, TIMEOUT, Evaluation
from ..schedule import fewest_rows
from ._clock import Clock
from ._first_model import FirstModel
from ._fit_time import FASTEST, USUAL_EXPONENT, Growth

SMALL = 3000  # training rows below which the search takes all of them
_START = 0.25  # share of the fewest rows that a search takes, for the first trial fit
_FACTOR = 4.0  # by which each trial fit has more rows than the one before
_ROOM = 1.5  # times the rows of a trial fit that there must be
_WARM = 0.2  # of the time that a fit may take: one that takes longer has not only warmed up
_SHARE = 0.05  # of the budget, which no trial fit after the second is expected to exceed
_SCORED = 0.03  # of the budget: if the first model takes longer, nothing is scored before it grows
_ENOUGH_TIME = 0.01  # of the budget: two fits, the second of which takes as long, tell enough
_LIMIT = 0.1  # of the budget, after which a trial fit is given up
_LEAST_EVALUATIONS = 2  # evaluations that must be affordable, or else the search takes fewer rows
_NEARLY_ALL = 0.7  # share of the rows above which leaving some out saves too little
_REFIT = 1.25  # times what the last fit is expected to take, which is kept for it
_FOR_SEARCH = 0.4  # share of the budget that is for the search in any case
VALIDATED = 10_000  # validation rows of a fold that are scored where not all training rows are used


@dataclass(frozen=True)
class Scale:
    """On what a search is done, as far as time allows.

    Attributes
    ----------
    share : float
        The share of the training rows that the search can afford, in (0, 1].
    exponent : float
        The seconds of a fit grow with the number of rows to this power.
    folds : sequence of int or None
        The folds on which the search compares trials; None: all.
    rise : float
        By how much the default's score is expected to be better on all rows than on those of
        the search, as far as trial fits have told.
    """

    share: float = 1.0
    exponent: float = 1.5
    folds: Sequence[int] | None = None
    rise: float = 0.0


def measure(
    executor: Executor,
    params: dict[str, Any],
    seed: int,
    clock: Clock,
    n_rows: int,
    n_classes: int,
    n_folds: int,
    metric: str,
    first: FirstModel | None = None,
) -> Scale:
    """Fit a configuration to more and more rows until its time on all of them can be told.

    If fewer than two evaluations on all rows were affordable beside the last fit, the share is
    such that two are, but there are 2000 rows and 50 a class at least. On still fewer rows there
    would be time for more, but their order there says less about that on all rows: it is better
    to compare them on a single fold, see ``FewerFolds``. Two sizes are tried, unless a fit on
    the first must be given up, and more until a fit takes long enough to tell.

    Parameters
    ----------
    executor : Executor
    params : dict
        The default.
    seed : int
        Of the configuration's estimators.
    clock : Clock
        With a limit.
    n_rows, n_classes, n_folds : int
        Training rows of a fold; classes, 0 for regression; folds.
    metric : str
        The name of the score that decides.
    first : FirstModel or None
        Is fitted on the fewest rows before anything else is tried, and on all rows, if that
        can end in time, before the search gets what is left.
    """
    assert clock.seconds is not None
    least = fewest_rows(n_classes)
    if n_rows < SMALL or least * _ROOM > n_rows:
        return Scale()
    measured: list[tuple[float, float]] = []
    scored: list[tuple[int, float]] = []
    rows, limit = _START * least, _LIMIT * clock.seconds
    if first is not None:
        seconds = first.begin(round(rows))
        if first.error is not None:  # the search will say how it fails
            return Scale()
        measured = [(round(rows), max(seconds, FASTEST))]
        if first.fitted is None or seconds > _SCORED * clock.seconds:
            rows = math.inf
    while rows * _ROOM <= n_rows:
        share = round(rows) / n_rows
        job = Job(0, 0, params, seed, share, limit, n_test=VALIDATED)
        evaluation = _try(executor, job, clock, first=not measured)
        seconds = max(evaluation.whole_seconds, FASTEST)
        if evaluation.status == TIMEOUT:  # so nothing is known of its growth
            measured = [(round(rows), seconds)]
            break
        if evaluation.status != COMPLETE:  # the search will say how it fails
            return Scale()
        if measured and measured[-1][0] == round(rows):  # only the first fit has to warm up
            measured.pop()
        measured.append((round(rows), seconds))
        scored.append((round(rows), evaluation.scores.get(metric, math.nan)))
        if len(measured) > 1 and _tells_enough(seconds, clock.seconds):
            break
        rows *= _FACTOR
    if first is not None and first.fitted is not None:
        measured = first.grow(measured)
    growth = Growth(measured)
    left, refit = clock.left(), growth.seconds(n_rows * n_folds / max(n_folds - 1, 1))
    # More workers than evaluations do not make one end sooner.
    n_workers = min(executor.n_workers, _LEAST_EVALUATIONS)
    affordable = max(left - _REFIT * refit, _FOR_SEARCH * left) * n_workers
    taken = float(n_rows)
    if growth.seconds(n_rows) * _LEAST_EVALUATIONS > affordable:
        taken = max(growth.rows(affordable / _LEAST_EVALUATIONS), least)
        taken = n_rows if taken > _NEARLY_ALL * n_rows else taken
    if taken >= n_rows:
        return Scale(exponent=max(Scale.exponent, growth.exponent))
    rise = _rise(scored, n_rows / taken)
    return Scale(taken / n_rows, growth.between(taken, n_rows), rise=rise)


def _rise(scored: list[tuple[int, float]], factor: float) -> float:
    """Return by how much a score rises with so many times the rows, 0 if that is unknown.

    It goes on to rise with the logarithm of the rows as between the last two sizes; most
    learning curves rise less and less.
    """
    if len(scored) < 2:
        return 0.0
    (fewer, low), (more, high) = scored[-2:]
    rise = (high - low) / math.log(more / fewer) * math.log(factor)
    return max(rise, 0.0) if math.isfinite(rise) else 0.0


def _tells_enough(seconds: float, budget: float) -> bool:
    """Return whether another trial fit, of more rows, is not needed or too dear."""
    dear = seconds * _FACTOR**USUAL_EXPONENT > _SHARE * budget
    return dear or seconds > _ENOUGH_TIME * budget


def _try(executor: Executor, job: Job, clock: Clock, *, first: bool) -> Evaluation:
    """Return what a trial fit comes to.

    The first fit in a process also loads what is loaded late: if cheap, it is made again.
    """
    assert job.seconds is not None
    evaluation = _run(executor, job, clock)
    cheap = evaluation.status == COMPLETE and evaluation.whole_seconds <= _WARM * job.seconds
    if first and cheap:
        evaluation = min(evaluation, _run(executor, job, clock), key=lambda e: e.whole_seconds)
    return evaluation


def _run(executor: Executor, job: Job, clock: Clock) -> Evaluation:
    """Return the evaluation that a job comes to; the end of the budget interrupts it."""
    executor.submit(job)
    outcomes: list[Outcome] = []
    while not outcomes:
        outcomes = executor.collect(max(clock.left(), 0.0))
        if not outcomes and clock.left() <= 0 and executor.cancel(job):
            return Evaluation(job.trial, job.fold, job.fidelity, status=INTERRUPTED)
    return outcomes[0].evaluation


class SharedOut(Executor):
    """Runs the evaluations of a search on a share of the training rows.

    They are scored on 10,000 rows of each validation fold at most, the same for all trials.

    What a job and its evaluation call full fidelity is that share. Fits on all rows, after
    the search, stay what they are.

    Parameters
    ----------
    executor : Executor
    share : float
        In (0, 1].
    """

    def __init__(self, executor: Executor, share: float):
        self.can_kill = executor.can_kill
        self.n_prefetch = executor.n_prefetch
        self._executor = executor
        self._share = share
        self._sent: dict[tuple[int, int, float], tuple[Job, Job]] = {}  # as told, as run

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it may change
        return self._executor.n_workers

    def submit(self, job: Job) -> None:
        sent = job
        if job.fold != REFIT:
            sent = replace(job, fidelity=self._share * job.fidelity, n_test=VALIDATED)
        self._sent[job.trial, job.fold, sent.fidelity] = job, sent
        self._executor.submit(sent)

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        outcomes = self._executor.collect(timeout)
        for outcome in outcomes:
            evaluation = outcome.evaluation
            key = evaluation.trial, evaluation.fold, evaluation.fidelity
            told, _ = self._sent.pop(key)
            evaluation.fidelity = told.fidelity
        return outcomes

    def cancel(self, job: Job) -> bool:
        for key, (told, sent) in self._sent.items():
            if told is job:
                cancelled = self._executor.cancel(sent)
                if cancelled:
                    del self._sent[key]
                return cancelled
        return False

    def close(self) -> None:
        """Do nothing: whoever made the executor closes it."""
