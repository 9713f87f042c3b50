"""The record of a search: trials, their evaluations, and listeners."""

from ._frame import make_frame
from ._history import History, Listener
from ._seeds import derive_seed, seed_estimator
from ._trial import (
    COMPARISON,
    COMPLETE,
    CRASHED,
    DROPPED,
    ENDS,
    FAILED,
    FULL,
    INTERRUPTED,
    PHASES,
    REFIT,
    RUNNING,
    SEARCH,
    STATUSES,
    TIMEOUT,
    Evaluation,
    Key,
    Trial,
)

__all__ = [
    "COMPARISON",
    "COMPLETE",
    "CRASHED",
    "DROPPED",
    "ENDS",
    "FAILED",
    "FULL",
    "INTERRUPTED",
    "PHASES",
    "REFIT",
    "RUNNING",
    "SEARCH",
    "STATUSES",
    "TIMEOUT",
    "Evaluation",
    "History",
    "Key",
    "Listener",
    "Trial",
    "derive_seed",
    "make_frame",
    "seed_estimator",
]
