"""Checks of the parameters of strategies."""

from __future__ import annotations

import numbers
from typing import Any


def check_bool(name: str, value: Any) -> bool:
    """Return whether a switch is on, or say that it is none."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return value


def check_count(name: str, value: Any, smallest: int) -> int:
    """Return a whole number that is large enough, or say what is wrong with it."""
    rule = f"{name} must be an integer of at least {smallest}; got {value!r}"
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(rule)
    if value < smallest:
        raise ValueError(rule)
    return int(value)
