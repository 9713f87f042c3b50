"""What may be spent: trials, seconds, and limits on one evaluation."""

from __future__ import annotations

import math
import numbers
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

DEFAULT_TRIALS = 50  # where neither the user nor an exhausted space ends the search

_UNITS = {
    "ms": 0.001,
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
}
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")

ACCEPTED = (
    "a positive whole number of trials (40), a duration ('90s', '5min', '1h30min', "
    "datetime.timedelta), a Budget(trials=..., seconds=...), or None"
)


@dataclass(frozen=True)
class Budget:
    """What one ``fit`` may spend; the first limit reached ends the search.

    Parameters
    ----------
    trials : int or None, default=None
        Number of configurations that may be tried, the default included.
    seconds : float, str, timedelta or None, default=None
        Wall time of ``fit``, search and refit together. A number counts seconds; a string
        needs a unit (``"90s"``, ``"5min"``, ``"1h30min"``).

    Raises
    ------
    TypeError, ValueError
        When a limit is not a positive, finite number; the message names it.

    Notes
    -----
    With neither trials nor seconds, the search ends after the whole grid (a grid search
    over choices) or 50 trials.

    Examples
    --------
    >>> from autotune import Budget
    >>> Budget(trials=40, seconds="5min")
    Budget(trials=40, seconds=300.0)
    """

    trials: int | None = None
    seconds: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "trials", _check_trials("Budget(trials=...)", self.trials))
        object.__setattr__(self, "seconds", _check_seconds("Budget(seconds=...)", self.seconds))

    def __repr__(self) -> str:
        limits = {"trials": self.trials, "seconds": self.seconds}
        given = ", ".join(f"{name}={value}" for name, value in limits.items() if value is not None)
        return f"Budget({given})"


def check_budget(budget: Any) -> Budget:
    """Return what the user wrote as a Budget."""
    if budget is None:
        return Budget()
    if isinstance(budget, Budget):
        return budget
    if isinstance(budget, numbers.Integral) and not isinstance(budget, bool):
        return Budget(trials=_check_trials("budget", budget))
    if isinstance(budget, str | timedelta):
        return Budget(seconds=_check_seconds("budget", budget))
    raise TypeError(f"budget must be {ACCEPTED}; got {budget!r}")


def _check_trials(name: str, trials: Any) -> int | None:
    """Return a number of trials, or say what is wrong with it."""
    if trials is None:
        return None
    if not isinstance(trials, numbers.Integral) or isinstance(trials, bool):
        raise TypeError(f"{name} must be {ACCEPTED}; got {trials!r}")
    if trials < 1:
        raise ValueError(f"{name} must be {ACCEPTED}; got {trials!r}")
    return int(trials)


def _check_seconds(name: str, duration: Any) -> float | None:
    """Return a duration in seconds, or say what is wrong with it."""
    if duration is None:
        return None
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        seconds = _parse_duration(name, duration)
    elif isinstance(duration, numbers.Real) and not isinstance(duration, bool):
        seconds = float(duration)
    else:
        raise TypeError(f"{name} must be {ACCEPTED}; got {duration!r}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{name} must be {ACCEPTED}; got {duration!r}")
    return seconds


def _parse_duration(name: str, text: str) -> float:
    """Return the seconds that ``"1h30min"`` and its like stand for."""
    rest, seconds = text.strip().lower(), 0.0
    while rest:
        match = _PART.match(rest)
        if match is None or match[2] not in _UNITS:
            raise ValueError(f"{name} must be {ACCEPTED}; got {text!r}")
        seconds += float(match[1]) * _UNITS[match[2]]
        rest = rest[match.end() :]
    if not seconds:
        raise ValueError(f"{name} must be {ACCEPTED}; got {text!r}")
    return seconds


class Clock:
    """Tells what is left of a budget's seconds.

    Parameters
    ----------
    seconds : float or None
        The wall time that may pass; None: no limit.
    spent : float, default=0.0
        Seconds that an earlier, interrupted run has spent already.
    now : callable, default=time.monotonic
        The source of time.
    """

    def __init__(self, seconds: float | None, spent: float = 0.0, now: Any = time.monotonic):
        self.seconds = seconds
        self._now = now
        self._start = now() - spent

    def elapsed(self) -> float:
        """Return the seconds that have passed."""
        return float(self._now() - self._start)

    def left(self) -> float:
        """Return the seconds that are left, infinite without a limit."""
        return math.inf if self.seconds is None else self.seconds - self.elapsed()
