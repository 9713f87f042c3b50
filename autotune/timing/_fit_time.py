"""The fit-time model: the duration of a fit as a function of the number of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._budget import FASTEST
from ._constants import (
    BEND_FITS,
    BEND_WEIGHT,
    FLATTEST,
    MOST_FIXED,
    POWER_WEIGHT,
    STEEPEST,
    USUAL_EXPONENT,
)


class FitTime:
    """Predicts the seconds of a fit from those of other fits of the same model.

    Trees grow no further once they have enough rows, so that the seconds of boosting rise less
    and less; those of other models rise along a straight line from a fixed part, or with a power
    of the rows. Two fits do not tell which. ``cautious`` therefore never predicts less than a
    straight line, for whoever must not run out of time; ``expected`` is what is likely.

    Parameters
    ----------
    measured : sequence of (rows, seconds)
        Of at least one fit, with increasing rows, which may be shares of all rows.
    exponent : float, default=1.2
        The power of the rows with which the seconds grow, if there is one fit only.

    Attributes
    ----------
    exponent : float
        The power that is assumed, or that the last two fits show.
    """

    def __init__(self, measured: Sequence[tuple[float, float]], exponent: float = USUAL_EXPONENT):
        self._measured = [(rows, max(seconds, FASTEST)) for rows, seconds in measured]
        self._reached, self._seconds = self._measured[-1]
        self.exponent, self._fixed = exponent, 0.0
        if len(self._measured) > 1:
            fewer, fast = self._measured[-2]
            shown = math.log(self._seconds / fast) / math.log(self._reached / fewer)
            self.exponent = min(shown, STEEPEST)
            if self.exponent < 1.0:  # part of the time does not depend on the rows
                slope = (self._seconds - fast) / (self._reached - fewer)
                self._fixed = min(max(fast - slope * fewer, 0.0), MOST_FIXED * self._seconds)

    def cautious(self, rows: float) -> float:
        """Return the seconds of a fit if they grow along a straight line, or faster."""
        power = max(self.exponent, 1.0)
        return self._fixed + (self._seconds - self._fixed) * (rows / self._reached) ** power

    def rows(self, seconds: float) -> float:
        """Return the rows that ``cautious`` fits into some seconds, 0 if there is no time."""
        share = (seconds - self._fixed) / (self._seconds - self._fixed)
        return self._reached * max(share, 0.0) ** (1 / max(self.exponent, 1.0))

    def expected(self, rows: float) -> float:
        """Return the seconds that a fit is likely to take; they may rise less and less."""
        if len(self._measured) == 1:
            return self._power(rows)
        if rows <= self._reached:
            return self.cautious(rows)
        if len(self._measured) < BEND_FITS:
            return self._between_line_and_power(rows)
        return self._bent(rows)

    def exponent_between(self, fewer: float, more: float) -> float:
        """Return the power of the rows with which ``cautious`` grows from fewer rows to more."""
        growth = self.cautious(more) / self.cautious(fewer)
        return max(math.log(growth) / math.log(more / fewer), FLATTEST)

    def _power(self, rows: float) -> float:
        """Return the seconds if they grow with a power of the rows, be it below one."""
        return self._seconds * (rows / self._reached) ** max(self.exponent, 0.0)

    def _between_line_and_power(self, rows: float) -> float:
        """Return the weighted geometric mean of both predictions, if there is a bend at all."""
        straight = self.cautious(rows)
        if self.exponent >= 1:
            return straight
        return straight ** (1 - POWER_WEIGHT) * self._power(rows) ** POWER_WEIGHT

    def _bent(self, rows: float) -> float:
        """Return the seconds if their slope goes on to fall, but only with half the power."""
        straight = self.cautious(rows)
        (few, fast), (more, longer), (most, longest) = self._measured[-BEND_FITS:]
        before, slope = (longer - fast) / (more - few), (longest - longer) / (most - more)
        if not 0 < slope < before:
            return straight
        bend = math.log(slope / before) / math.log(math.sqrt(most / few))
        bend = BEND_WEIGHT * max(bend, -1.0)
        power, middle = 1 + bend, math.sqrt(more * most)
        rise = slope * middle**-bend * (rows**power - most**power) / power
        return min(longest + rise, straight)
