"""Short representations of values, and warnings that point at the user's code."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
REPR_LENGTH = 200
_PACKAGES = {"autotune", "contextlib", "joblib", "sklearn"}  # not the user's code


def short_repr(value: Any) -> str:
    """Return a repr for a reader: without memory addresses and not endless; never raises."""
    try:
        text = " ".join(ADDRESS.sub("", repr(value)).split())
    except Exception:  # of a user's class; what is shown must not hide what is wrong
        return f"<{type(value).__name__} without a repr>"
    return text if len(text) <= REPR_LENGTH else text[: REPR_LENGTH - 3] + "..."


def last_line(error: str) -> str:
    """Return the line of a traceback that names the exception."""
    return (error.strip().splitlines() or [""])[-1]


def model_name(model: Any) -> str:
    """Return the class of a model, of that inside pipelines and scalers of the target."""
    steps, regressor = getattr(model, "steps", None), getattr(model, "regressor", None)
    if isinstance(steps, list) and steps:
        return model_name(steps[-1][1])
    has_model = hasattr(regressor, "fit") and not isinstance(regressor, type)
    return model_name(regressor) if has_model else type(model).__name__


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn in the name of the innermost line that is neither ours nor scikit-learn's."""
    level, frame = 1, sys._getframe()
    while frame is not None and _package(frame) in _PACKAGES:
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]  # ends the loop
    warnings.warn(message, category, stacklevel=level)


def _package(frame: Any) -> str:
    """Return the package to which a frame's code belongs."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]
