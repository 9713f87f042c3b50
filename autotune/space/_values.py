"""Kinds of values: numbers, estimators, containers; and conversion to Python's own types."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

import numpy as np


def native(value: Any) -> Any:
    """Turn a numpy scalar into the Python object that it stands for."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return value


def plain(value: Any) -> Any:
    """Return a value with Python's numbers for numpy's, in lists and tuples too."""
    if type(value) in (list, tuple):
        items = [plain(item) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return type(value)(items) if changed else value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.longdouble):
        return float(value)  # its item would be itself
    is_scalar = isinstance(value, np.number | np.bool_ | np.str_)
    return value.item() if is_scalar and not isinstance(value, np.timedelta64) else value


def is_endless(value: Any) -> bool:
    """Return whether a container holds itself, or is nested too deeply to be walked through."""
    try:
        return _holds_itself(value, ())
    except RecursionError:
        return True


def _holds_itself(value: Any, outer: tuple[int, ...]) -> bool:
    """Return whether a container holds itself or one of those that it lies in."""
    if type(value) not in (list, tuple, dict):
        return False
    if id(value) in outer:
        return True
    items = value.values() if isinstance(value, dict) else value
    return any(_holds_itself(item, (*outer, id(value))) for item in items)


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a real number; a bool is none, nor is a duration."""
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool | np.timedelta64)


def is_integer(value: Any) -> TypeGuard[int]:
    """Return whether a value has an integer type; a bool has none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def numbers_of(value: Any) -> tuple[float, ...]:
    """Return a number, or those that a tuple or list consists of; else nothing."""
    items = value if isinstance(value, tuple | list) else (value,)
    if all(is_number(item) and item == item for item in items):
        return tuple(map(_to_float, items))
    return ()


def _to_float(number: float) -> float:
    """Return a number as a float, infinite if it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number > 0 or -1)


def is_estimator(value: Any) -> bool:
    """Return whether a value is an object with ``get_params``."""
    return hasattr(value, "get_params") and not isinstance(value, type)
