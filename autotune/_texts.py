"""Short representations of values, and warnings that point at the user's code."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
REPR_LENGTH = 200
_TRACEBACK = "Traceback (most recent call last):"
_CLOCK = re.compile(r"\[\d\d:\d\d:\d\d\] ")  # which XGBoost puts before its messages
_PACKAGES = {"autotune", "contextlib", "joblib", "sklearn"}  # not the user's code


def short_repr(value: Any) -> str:
    """Return a repr for a reader: without memory addresses and not endless; never raises."""
    try:
        text = " ".join(ADDRESS.sub("", repr(value)).split())
    except Exception:  # of a user's class; what is shown must not hide what is wrong
        return f"<{type(value).__name__} without a repr>"
    return text if len(text) <= REPR_LENGTH else text[: REPR_LENGTH - 3] + "..."


def choice_text(value: Any, longest: int = REPR_LENGTH) -> str:
    """Return a repr that is not long; of an estimator with a long one, the name of its class."""
    text = short_repr(value)
    if len(text) >= longest and hasattr(value, "get_params") and not isinstance(value, type):
        text = model_name(value)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def headline(error: str) -> str:
    """Return the line of an error that says what is wrong.

    Of a traceback, it is the one that names the exception; what a message quotes after it, such as
    a stack of C++, is left out. An error that quotes another traceback is named by the last one.
    """
    _, found, text = error.rpartition(_TRACEBACK)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()] or [""]
    if not found:
        return lines[-1]
    named = [line for line in lines if not line[0].isspace()] or lines[-1:]
    line = " ".join(named[:2]) if " " not in named[0] else named[0]  # only the class
    return _CLOCK.sub("", line)


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
