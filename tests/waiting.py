"""Waiting for what a test expects."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 150.0  # seconds; only a broken package uses them up


def until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return what it then said."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found
