"""Numbers as texts for readers."""

from __future__ import annotations

import numpy as np


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 trial" or "2,000 trials"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def score_text(value: float, sign: str = "") -> str:
    """Return a score with four decimals, one if it is large, two digits if it is tiny."""
    if not np.isfinite(value):
        return "-" if np.isnan(value) else f"{value}"
    if 0 < abs(value) < 0.0005:
        return f"{value:{sign}.2g}"
    return f"{value:{sign}.4f}" if abs(value) < 100 else f"{value:{sign},.1f}"


def seconds_text(seconds: float) -> str:
    """Return a duration in milliseconds or seconds."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
