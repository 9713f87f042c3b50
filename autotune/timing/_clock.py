"""The clock of a budget in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Clock:
    """Measures the remaining time of a budget.

    Parameters
    ----------
    seconds : float or None
        The limit on the wall time; None: no limit.
    now : callable, default=time.monotonic
        The source of time.
    """

    def __init__(self, seconds: float | None, now: Callable[[], float] = time.monotonic):
        self.seconds = seconds
        self._now = now
        self._start = now()
        self._spent_earlier = 0.0

    def timer(self, seconds: float | None) -> Clock:
        """Return a clock that starts now, with its own limit."""
        return Clock(seconds, self._now)

    def elapsed(self) -> float:
        """Return the elapsed seconds, including earlier runs."""
        return float(self._now() - self._start) + self._spent_earlier

    def spend(self, seconds: float) -> None:
        """Count seconds spent by earlier runs of the search."""
        self._spent_earlier += seconds

    def left(self) -> float:
        """Return the remaining seconds, infinite without a limit."""
        return math.inf if self.seconds is None else self.seconds - self.elapsed()

    def left_for_refit(self) -> float:
        """Return the remaining seconds for the last fit, infinite without a limit.

        Time spent by earlier runs does not count: the limit applies to the current call, and a
        search that is already complete leaves enough time.
        """
        return self.left() + self._spent_earlier
