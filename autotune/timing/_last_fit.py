"""The number of rows for which there is time in the last fit."""

from __future__ import annotations

import math

from ..evaluation import Task
from ..history import COMPLETE, FULL, History, Trial
from ._clock import Clock
from ._constants import (
    FEWEST_ROWS,
    LARGER_STEP,
    MARGIN,
    REPEAT_MARGIN,
    RESTART_SHARE,
    STAND_IN_SPEED,
    TELLING_STEP,
    TOLERANCE,
    TOLERANCE_SHARE,
)
from ._fit_time import FitTime
from ._reserve import longest_fit, searched_share
from ._subsample import Subsample

Measured = list[tuple[float, float]]  # shares of all rows, and the seconds of fits on them


class LastFitTime:
    """Predicts the duration of the last fit from the winner's fits in the search.

    Parameters
    ----------
    task : Task
    clock : Clock
    subsample : Subsample
        The subsample of the search.

    Attributes
    ----------
    searched : float
        The rows of a fit in the search, as a share of all rows.
    """

    def __init__(self, task: Task, clock: Clock, subsample: Subsample):
        self._clock = clock
        self._exponent = subsample.exponent
        self._fidelity = subsample.share
        self.searched = searched_share(task, subsample)

    @property
    def tolerance(self) -> float:
        """The seconds by which last fits may exceed the budget."""
        return max(TOLERANCE_SHARE * (self._clock.seconds or 0.0), TOLERANCE)

    def left(self) -> float:
        """Return the remaining seconds of the budget."""
        return max(self._clock.left_for_refit(), 0.0)

    def need(self, trial: Trial, share: float) -> float:
        """Return a cautious duration of a fit on a share of all rows, infinite if unknown."""
        fits = [e for e in trial.evaluations.values() if e.fidelity == self._fidelity]
        if not fits or any(e.status != COMPLETE for e in fits):
            return math.inf
        return MARGIN * FitTime([self._in_search(trial)], self._exponent).expected(share)

    def has_time(self, trial: Trial) -> bool:
        """Return whether a trial can be fitted on all rows."""
        fit_time = FitTime([self._in_search(trial)], self._exponent)
        return fit_time.cautious(FULL) <= self.left() + self.tolerance

    def share_within(self, seconds: float, trial: Trial) -> float:
        """Return the share of the rows on which a trial can be fitted in a given time."""
        rows = FitTime([self._in_search(trial)]).rows(seconds / MARGIN)
        return min(max(rows, FEWEST_ROWS), FULL)

    def measured(self, trial: Trial) -> Measured:
        """Return the share and the seconds of a trial's fit in the search, if one ended."""
        known = any(key.fidelity == self._fidelity for key in trial.evaluations)
        return [self._in_search(trial)] if known else []

    def to_repeat(self, measured: Measured) -> float:
        """Return the seconds to reserve for another fit on the rows of the search."""
        if not measured:
            return 0.0
        _, seconds = measured[-1]
        return max(REPEAT_MARGIN * seconds, RESTART_SHARE * (self._clock.seconds or 0.0))

    def larger_share(self, measured: Measured, kept: float = 0.0) -> float | None:
        """Return a larger share of the rows whose fit should end in time, or None.

        ``measured`` are earlier fits of the same model; the seconds ``kept`` are not to be used.
        """
        if not measured or measured[-1][0] >= FULL:
            return None
        seconds = max(self.left() - kept, 0.0) / MARGIN
        share = min(FitTime(measured, self._exponent).rows(seconds), FULL)
        return share if share >= min(LARGER_STEP * measured[-1][0], FULL) else None

    def _in_search(self, trial: Trial) -> tuple[float, float]:
        """Return the share of the rows that a trial was fitted on, and the seconds."""
        return self.searched, longest_fit(trial, self._fidelity)


def usable_fits(measured: Measured) -> Measured:
    """Return fits by rows; only the largest if the sizes are too similar to extrapolate."""
    measured = sorted(measured)
    return measured if measured[-1][0] >= TELLING_STEP * measured[0][0] else measured[-1:]


def stand_in(best: Trial, history: History) -> Trial | None:
    """Return the trial that is refitted if the winner's refit takes too long.

    It is not worse than the default, if there is one: the best of those that are at least ten
    times faster to fit or, failing that, the fastest.
    """
    complete = [t for t in history if t.can_win]
    defaults = [history.score(trial) for trial in complete if trial.origin == "default"]
    floor = max(defaults, default=-math.inf)
    others = [t for t in complete if t is not best and history.score(t) >= floor]
    if best.status != COMPLETE or not others:
        return None
    seconds = {trial.number: longest_fit(trial, history.share) for trial in (best, *others)}
    fast = [t for t in others if seconds[t.number] < STAND_IN_SPEED * seconds[best.number]]
    if fast:
        return max(fast, key=history.score)
    return min(others, key=lambda trial: seconds[trial.number])
