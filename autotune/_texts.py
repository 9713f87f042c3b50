"""Short representations of values, and warnings that point at the user's code."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
REPR_LENGTH = 200
_MOST_KEPT = 20_000  # characters of an error or a warning
_MOST_TOLD = 500  # characters of what is said of an error in a line
_TRACEBACK = "Traceback (most recent call last):"
_CLOCK = re.compile(r"\[\d\d:\d\d:\d\d\] ")  # which XGBoost puts before its messages
_PACKAGES = {"autotune", "contextlib", "joblib", "sklearn"}  # not the user's code


def short_repr(value: Any) -> str:
    """Return a repr for a reader: without memory addresses and not endless; never raises."""
    try:
        text = " ".join(ADDRESS.sub("", repr(value)).split())
    except Exception:  # of a user's class; what is shown must not hide what is wrong
        return f"<{type(value).__name__} without a repr>"
    return _cut(text, REPR_LENGTH)


def _cut(text: str, longest: int) -> str:
    """Return the beginning of a text that is longer than some number of characters."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def writable(text: str) -> str:
    """Return a text that UTF-8 and SQLite can hold: without lone surrogates and NUL."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def kept_text(text: str) -> str:
    """Return a message for the record: one that can be written, and not endless."""
    n_left_out, half = len(text) - _MOST_KEPT, _MOST_KEPT // 2
    if n_left_out > 0:
        text = f"{text[:half]}\n[... {n_left_out} characters ...]\n{text[-half:]}"
    return writable(text)


def choice_text(value: Any, longest: int = REPR_LENGTH) -> str:
    """Return a repr that is not long; of an estimator with a long one, the name of its class."""
    text = short_repr(value)
    if len(text) >= longest and hasattr(value, "get_params") and not isinstance(value, type):
        text = model_name(value)
    return _cut(text, longest)


def headline(error: str) -> str:
    """Return the line of an error that says what is wrong.

    Of a traceback, it is the one that names the exception; what a message quotes after it, such as
    a stack of C++, is left out. An error that quotes another traceback is named by the last one.
    """
    _, found, text = error.rpartition(_TRACEBACK)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()] or [""]
    line = lines[-1]
    if found:
        named = [line for line in lines if not line[0].isspace()] or lines[-1:]
        line = " ".join(named[:2]) if " " not in named[0] else named[0]  # only the class
    return _cut(_CLOCK.sub("", line), _MOST_TOLD)


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
