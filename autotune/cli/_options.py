"""Parsers of option values."""

from __future__ import annotations

import argparse
import math
from typing import Any

from .._budget import Budget, check_budget


def budget(text: str) -> Budget:
    """Return the budget that an argument stands for."""
    limits: dict[str, Any] = {}
    try:
        for part in text.split(","):
            parsed = check_budget(int(part) if part.strip().lstrip("+-").isdigit() else part)
            name = "trials" if parsed.trials else "seconds"
            if name in limits:
                raise ValueError(f"two limits in {name}")
            limits[name] = getattr(parsed, name)
        return Budget(**limits)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"must be a positive number of trials (40), a duration (90s, 5min, 1h30min), or "
            f"both (40,90s); got {text!r}"
        ) from error


def marks(text: str) -> tuple[str, ...]:
    """Return the texts in a comma-separated list."""
    return tuple(mark.strip() for mark in text.split(",") if mark.strip())


def share(text: str) -> float:
    """Return a share of the rows."""
    value = _number(float, text)
    if value is None or not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to below 1; got {text!r}")
    return value


def folds(text: str) -> int:
    """Return a number of folds."""
    return _whole(text, 2)


def amount(text: str) -> int:
    """Return a number of things."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """Return a seed."""
    return _whole(text, 0, 2**32 - 1)


def jobs(text: str) -> int:
    """Return a number of jobs."""
    value = _number(int, text)
    if not value:
        raise argparse.ArgumentTypeError(f"must be a whole number other than 0; got {text!r}")
    return value


def _whole(text: str, least: int, most: float = math.inf) -> int:
    """Return a whole number within bounds."""
    value = _number(int, text)
    if value is None or not least <= value <= most:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of at least {least}; got {text!r}"
        )
    return value


def _number(kind: Any, text: str) -> Any:
    """Return the number that a text is, None if it is none."""
    try:
        return kind(text)
    except ValueError:
        return None
