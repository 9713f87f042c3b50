"""Waiting for what a test expects."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

PATIENCE = 150.0  # seconds; only a broken package uses them up


def until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return what it then said."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


class Stopwatch:
    """Counts the seconds of a ``with`` block, but for those in which this process stood still.

    So that a promise in seconds can be checked to the second on a busy machine.
    """

    def __enter__(self) -> Stopwatch:
        self._stalls = 0.0
        self._ended = Event()
        self._thread = Thread(target=self._look_for_stalls, daemon=True)
        self._thread.start()
        self._began = time.monotonic()
        return self

    def __exit__(self, *exc_info: object) -> None:
        took = time.monotonic() - self._began
        self._ended.set()
        self._thread.join()
        self.seconds = took - self._stalls

    def _look_for_stalls(self) -> None:
        """Add up the times by which this thread wakes up late."""
        last = time.monotonic()
        while not self._ended.wait(0.01):
            now = time.monotonic()
            late, last = now - last - 0.01, now
            if late > 0.1:  # less is as usual
                self._stalls += late
