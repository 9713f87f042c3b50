"""Errors that end the command with a one-line message and an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

OK, FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning)\b")


class CliError(Exception):
    """Ends the command.

    Parameters
    ----------
    message : str
    code : int, default=2
        The exit code: 2 where the user can mend the call or the data, 1 where the search failed.
    """

    def __init__(self, message: str, code: int = USAGE):
        super().__init__(message)
        self.code = code


def require(module: str, what_for: str) -> Any:
    """Return an optional module, or name the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module, what_for) from error


def check_installed(module: str, what_for: str, extra: str = "cli") -> None:
    """Check, without importing it, that an optional module is there."""
    if find_spec(module) is None:
        raise _missing(module, what_for, extra)


def _missing(module: str, what_for: str, extra: str = "cli") -> CliError:
    """Return the error for an optional module that is not installed."""
    package = module.partition(".")[0]
    return CliError(
        f"{what_for} needs {package}, which is not installed: "
        f"pip install 'autotune-sklearn[{extra}]'"
    )


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the most similar name, whatever its case, or None if none is similar."""
    lower = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), lower, n=1)
    return lower[close[0]] if close else None


def one_line(text: str) -> str:
    """Return a message without its line breaks; of a traceback only what was raised."""
    head, found, traceback = text.partition("Traceback (most recent call last):")
    if not found:
        return " ".join(text.split())
    lines = traceback.splitlines()
    raised = [number for number, line in enumerate(lines) if _EXCEPTION.match(line)]
    return " ".join(f"{head} {' '.join(lines[raised[-1] :] if raised else lines[-1:])}".split())
