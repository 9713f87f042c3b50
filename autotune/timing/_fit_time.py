"""How the seconds of a fit grow with the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

FASTEST = 1e-4  # seconds, below which differences do not matter
USUAL_EXPONENT = 1.2
_STEEPEST = 2.5  # the largest power of the rows that seconds may grow with
_FLATTEST = 0.8  # the smallest: what does not depend on the rows here may do so elsewhere


class Growth:
    """Predicts the seconds of a fit: they grow like a straight line, or a power above one.

    Parameters
    ----------
    measured : sequence of (rows, seconds)
        With increasing rows; the last two count. Rows may be shares of all rows.
    exponent : float
        The power of the rows that is believed while there is one measurement only.
    """

    def __init__(self, measured: Sequence[tuple[float, float]], exponent: float = USUAL_EXPONENT):
        self._reached, self._seconds = measured[-1]
        self.exponent, self._fixed = exponent, 0.0
        if len(measured) > 1:
            fewer, fast = measured[-2]
            exponent = math.log(self._seconds / fast) / math.log(self._reached / fewer)
            self.exponent = min(exponent, _STEEPEST)
            if self.exponent < 1.0:  # part of the time does not depend on the rows
                slope = (self._seconds - fast) / (self._reached - fewer)
                self._fixed = min(max(fast - slope * fewer, 0.0), 0.9 * self._seconds)

    def seconds(self, rows: float) -> float:
        """Return the seconds of a fit."""
        power = max(self.exponent, 1.0)
        return self._fixed + (self._seconds - self._fixed) * (rows / self._reached) ** power

    def rows(self, seconds: float) -> float:
        """Return the rows that can be fitted in some seconds, 0 if there is no time at all."""
        share = (seconds - self._fixed) / (self._seconds - self._fixed)
        return self._reached * max(share, 0.0) ** (1 / max(self.exponent, 1.0))

    def between(self, fewer: float, more: float) -> float:
        """Return the power of the rows with which seconds grow from fewer rows to more."""
        exponent = math.log(self.seconds(more) / self.seconds(fewer)) / math.log(more / fewer)
        return max(exponent, _FLATTEST)
