"""Budgets: limits on trials, on time, and on single evaluations."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ._texts import short_repr

DEFAULT_TRIALS = 50  # if neither the user nor an exhausted space ends the search
FASTEST = 1e-4  # seconds, below which differences do not matter

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
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")

_TRIALS = "a positive whole number of trials (40)"
_DURATION = "a duration ('90s', '5min', '1h30min', datetime.timedelta)"
ACCEPTED = f"{_TRIALS}, {_DURATION}, a Budget(trials=..., seconds=...), or None"


@dataclass(frozen=True)
class Budget:
    """Limits of one ``fit``; the search ends when the first one is reached.

    Parameters
    ----------
    trials : int or None, default=None
        Maximum number of configurations, including the default.
    seconds : float, str, timedelta or None, default=None
        Wall time of ``fit``, including the refit. A number means seconds; a string needs a
        unit (``"90s"``, ``"5min"``, ``"1h30min"``).
    seconds_per_trial : float, str, timedelta or None, default=None
        Total time of the evaluations of one configuration; one that takes longer is killed and
        recorded with status ``"timeout"``.
    memory : int, str or None, default=None
        Memory of one evaluation, in bytes or as a string such as ``"500MB"``; one that uses more
        is killed and recorded with status ``"crashed"``. Linux only.
    predict_seconds_per_row : float, str, timedelta or None, default=None
        Seconds that the final model may take to predict a row, measured in batches of up to 1000.
        A configuration that is slower does not win if another complete one is fast enough, and
        models that would make an average too slow are left out of it.

    Raises
    ------
    TypeError, ValueError
        If a limit is not a positive, finite number; the message names it.

    Notes
    -----
    With a limit on time or memory, evaluations run in worker processes that can be killed.
    Without a limit on trials or seconds, the search ends after the whole grid (for a grid
    search over choices) or 50 trials.

    Examples
    --------
    >>> from autotune import Budget
    >>> Budget(trials=40, seconds="5min")
    Budget(trials=40, seconds=300.0)
    """

    trials: int | None = None
    seconds: Any = None
    seconds_per_trial: Any = None
    memory: Any = None
    predict_seconds_per_row: Any = None

    def __post_init__(self) -> None:
        for name, (rule, check) in _CHECKS.items():
            value = check(f"Budget({name}=...) must be {rule}", getattr(self, name))
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        limits = {name: getattr(self, name) for name in _CHECKS}
        given = ", ".join(f"{name}={value}" for name, value in limits.items() if value is not None)
        return f"Budget({given})"

    @property
    def needs_killing(self) -> bool:
        """Whether an evaluation may have to be killed."""
        limits = (self.seconds, self.seconds_per_trial, self.memory)
        return any(limit is not None for limit in limits)


def check_budget(budget: Any) -> Budget:
    """Return what the user wrote as a Budget."""
    rule = f"budget must be {ACCEPTED}"
    if budget is None:
        return Budget()
    if isinstance(budget, Budget):
        return budget
    if _is_whole(budget):
        return Budget(trials=_check_trials(rule, budget))
    if isinstance(budget, str | timedelta):
        return Budget(seconds=_check_seconds(rule, budget))
    raise TypeError(f"{rule}; got {short_repr(budget)}")


def _is_whole(value: Any) -> bool:
    """Return whether a value is a whole number; numpy's durations count as such, but are none."""
    no_number = isinstance(value, bool) or type(value).__name__ == "timedelta64"
    return isinstance(value, numbers.Integral) and not no_number


def _check_trials(rule: str, trials: Any) -> int | None:
    """Return a number of trials, or say what is wrong with it."""
    if trials is None:
        return None
    if not _is_whole(trials):
        raise TypeError(f"{rule}; got {short_repr(trials)}")
    if trials < 1:
        raise ValueError(f"{rule}; got {trials!r}")
    return int(trials)


def _check_seconds(rule: str, duration: Any) -> float | None:
    """Return a duration in seconds, or say what is wrong with it."""
    if duration is None:
        return None
    if isinstance(duration, timedelta):
        seconds = duration.total_seconds()
    elif isinstance(duration, str):
        seconds = _parse_duration(duration)
    elif isinstance(duration, numbers.Real) and not isinstance(duration, bool):
        seconds = _to_float(duration)
    else:
        raise TypeError(f"{rule}; got {short_repr(duration)}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{rule}; got {duration!r}")
    return seconds


def _to_float(number: Any) -> float:
    """Return a number as a float, infinite if it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _parse_duration(text: str) -> float:
    """Return the seconds that ``"1h30min"`` and its like stand for, NaN if it is no duration."""
    rest, seconds = text.strip().lower(), 0.0
    while rest:
        match = _PART.match(rest)
        if match is None or match[2] not in _UNITS:
            return math.nan
        seconds += float(match[1]) * _UNITS[match[2]]
        rest = rest[match.end() :]
    return seconds


def _check_memory(rule: str, memory: Any) -> int | None:
    """Return a number of bytes, or say what is wrong with it."""
    if memory is None:
        return None
    if isinstance(memory, str):
        match = _PART.fullmatch(memory.lower())
        known = match is not None and match[2] in _SIZES
        n_bytes = float(match[1]) * _SIZES[match[2]] if match and known else math.nan
    elif isinstance(memory, numbers.Integral) and not isinstance(memory, bool):
        n_bytes = _to_float(memory)
    else:
        raise TypeError(f"{rule}; got {short_repr(memory)}")
    if not (math.isfinite(n_bytes) and n_bytes >= 1):
        raise ValueError(f"{rule}; got {memory!r}")
    return int(n_bytes)


_SECONDS = f"a positive number of seconds, {_DURATION}, or None"
_MEMORY = "a positive whole number of bytes, a size such as '500MB' or '2GB', or None"
_CHECKS: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    "trials": (f"{_TRIALS}, or None", _check_trials),
    "seconds": (_SECONDS, _check_seconds),
    "seconds_per_trial": (_SECONDS, _check_seconds),
    "memory": (_MEMORY, _check_memory),
    "predict_seconds_per_row": (_SECONDS, _check_seconds),
}
