"""Values in few characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._texts import model_name, short_repr
from ..space import is_number

_LONGEST = 60


def value_text(value: Any) -> str:
    """Return a parameter's value: of an estimator, a class or a function its name."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return model_name(value)
    if isinstance(value, float | np.floating):
        return number_text(float(value))
    if isinstance(value, str):
        return shorten(value)
    return shorten(getattr(value, "__name__", None) or short_repr(value))


def number_text(number: float) -> str:
    """Return four digits of a number."""
    return f"{number:.4g}" if not is_whole(number) else f"{number:.0f}"


def is_whole(number: float) -> bool:
    """Return whether a number is whole and is written without a power of ten."""
    return is_number(number) and abs(number) < 1e7 and float(number).is_integer()


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Return texts as people list them."""
    return f" {last} ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
