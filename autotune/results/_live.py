"""One line that is rewritten in place, on a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from importlib import import_module
from shutil import get_terminal_size
from typing import Any

NAME = "[autotune] "  # what lines of progress begin with
_INTERVAL = 0.1  # seconds between updates of a notebook, which is slower than evaluations may be


class LiveLine(ABC):
    """A line that is rewritten until it is closed."""

    @abstractmethod
    def show(self, text: str) -> None:
        """Rewrite the line."""

    @abstractmethod
    def close(self, text: str) -> None:
        """Rewrite the line for the last time."""


class TerminalLine(LiveLine):
    """The last line of a terminal."""

    def show(self, text: str) -> None:
        # A line that wraps could not be rewritten.
        room = get_terminal_size().columns - 1
        text = text if len(text) <= room else text.removeprefix(NAME)
        print(f"\r\x1b[2K{text[:room]}", end="", flush=True)

    def close(self, text: str) -> None:
        print(f"\r\x1b[2K{text}", flush=True)


class NotebookLine(LiveLine):
    """An output of the running cell, of which the saved notebook holds only the last text."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._next = 0.0

    def show(self, text: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            self.close(text)

    def close(self, text: str) -> None:
        data = {"text/plain": text}
        if self._handle is None:
            display = import_module("IPython.display").display
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def make_live_line() -> LiveLine | None:
    """Return a line for the current standard output, None if that is a file or a pipe."""
    if is_terminal(sys.stdout):
        return TerminalLine()
    return NotebookLine() if _is_notebook(sys.stdout) else None


def is_terminal(stream: Any) -> bool:
    """Return whether a standard stream is a terminal; it may be None, or only have ``write``."""
    return hasattr(stream, "isatty") and stream.isatty()


def _is_notebook(stream: Any) -> bool:
    """Return whether a standard stream is shown in a cell of a notebook."""
    return type(stream).__module__.partition(".")[0] == "ipykernel"
