"""Checks of the parameters of strategies."""

from __future__ import annotations

import numbers
from typing import Any


def check_bool(name: str, value: Any) -> bool:
    """Return a switch, or raise an error if it is not a bool."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return value


def check_count(name: str, value: Any, smallest: int) -> int:
    """Return an integer that is large enough, or raise an error."""
    rule = f"{name} must be an integer of at least {smallest}; got {value!r}"
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(rule)
    if value < smallest:
        raise ValueError(rule)
    return int(value)
