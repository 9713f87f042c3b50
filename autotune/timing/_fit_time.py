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
    """Predicts the duration of a fit from other fits of the same model.

    Trees stop growing once they have enough rows, so the duration of boosting flattens; for
    other models it is linear with a fixed part, or a power of the number of rows. Two fits cannot
    distinguish these cases. Therefore ``cautious`` never predicts less than a straight line, for
    callers that must not run out of time, whereas ``expected`` is the most likely duration.

    Parameters
    ----------
    measured : sequence of (rows, seconds)
        At least one fit, with increasing rows, which may be shares of all rows.
    exponent : float, default=1.2
        The assumed power of the number of rows if there is only one fit.

    Attributes
    ----------
    exponent : float
        The assumed power, or that of the last two fits.
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
        """Return the duration of a fit if it grows linearly or faster."""
        power = max(self.exponent, 1.0)
        return self._fixed + (self._seconds - self._fixed) * (rows / self._reached) ** power

    def rows(self, seconds: float) -> float:
        """Return the number of rows for which ``cautious`` predicts a duration; 0 if none."""
        share = (seconds - self._fixed) / (self._seconds - self._fixed)
        return self._reached * max(share, 0.0) ** (1 / max(self.exponent, 1.0))

    def expected(self, rows: float) -> float:
        """Return the expected duration of a fit, which may flatten."""
        if len(self._measured) == 1:
            return self._power(rows)
        if rows <= self._reached:
            return self.cautious(rows)
        if len(self._measured) < BEND_FITS:
            return self._between_line_and_power(rows)
        return self._bent(rows)

    def exponent_between(self, fewer: float, more: float) -> float:
        """Return the power with which ``cautious`` grows between two numbers of rows."""
        ratio = self.cautious(more) / self.cautious(fewer)
        return max(math.log(ratio) / math.log(more / fewer), FLATTEST)

    def _power(self, rows: float) -> float:
        """Return the duration if it grows with a power of the rows, possibly below one."""
        return self._seconds * (rows / self._reached) ** max(self.exponent, 0.0)

    def _between_line_and_power(self, rows: float) -> float:
        """Return the weighted geometric mean of both predictions if the curve flattens."""
        straight = self.cautious(rows)
        if self.exponent >= 1:
            return straight
        return straight ** (1 - POWER_WEIGHT) * self._power(rows) ** POWER_WEIGHT

    def _bent(self, rows: float) -> float:
        """Return the duration if its slope continues to fall, with half the power."""
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
