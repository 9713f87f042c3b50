"""The clock of a budget in seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Clock:
    """Tells what is left of a budget's seconds.

    Parameters
    ----------
    seconds : float or None
        The wall time that may pass; None: no limit.
    now : callable, default=time.monotonic
        The source of time.
    """

    def __init__(self, seconds: float | None, now: Callable[[], float] = time.monotonic):
        self.seconds = seconds
        self._now = now
        self._start = now()
        self._spent_earlier = 0.0

    def timer(self, seconds: float | None) -> Clock:
        """Return a clock that begins now, with a limit of its own."""
        return Clock(seconds, self._now)

    def elapsed(self) -> float:
        """Return the seconds that have passed, those of earlier runs included."""
        return float(self._now() - self._start) + self._spent_earlier

    def spend(self, seconds: float) -> None:
        """Count seconds that earlier runs of the search have spent already."""
        self._spent_earlier += seconds

    def left(self) -> float:
        """Return the seconds that are left, infinite without a limit."""
        return math.inf if self.seconds is None else self.seconds - self.elapsed()

    def left_for_refit(self) -> float:
        """Return the seconds that are left for the last fit, infinite without a limit.

        Those that earlier runs have spent do not count: the promise that is kept here is that
        of this call, and a search that is complete already leaves it time enough.
        """
        return self.left() + self._spent_earlier
