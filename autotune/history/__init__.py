"""WHAT HAPPENED: trials, their evaluations, and who is told."""

from ._history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    ENDS,
    FAILED,
    FULL,
    INTERRUPTED,
    RUNNING,
    STATUSES,
    TIMEOUT,
    Evaluation,
    History,
    Trial,
)
from ._listener import Listener
from ._seeds import derive_seed, seed_estimator

__all__ = [
    "COMPLETE",
    "CRASHED",
    "DROPPED",
    "ENDS",
    "FAILED",
    "FULL",
    "INTERRUPTED",
    "RUNNING",
    "STATUSES",
    "TIMEOUT",
    "Evaluation",
    "History",
    "Listener",
    "Trial",
    "derive_seed",
    "seed_estimator",
]
