"""How far each configuration is evaluated."""

from ..history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    ENDS,
    FAILED,
    FULL,
    INTERRUPTED,
    RUNNING,
    SEARCH,
    STATUSES,
    TIMEOUT,
    Evaluation,
    History,
    Key,
    Trial,
)
from ._comparison import ComparisonScheduler
from ._contract import Plan, Request, Scheduler
from ._full import Full, verdict
from ._halving import Halving
from ._racing import Racing
from ._rungs import Rung, fewest_rows, make_rungs

__all__ = [
    "COMPLETE",
    "CRASHED",
    "DROPPED",
    "ENDS",
    "FAILED",
    "FULL",
    "INTERRUPTED",
    "RUNNING",
    "SEARCH",
    "STATUSES",
    "TIMEOUT",
    "ComparisonScheduler",
    "Evaluation",
    "Full",
    "Halving",
    "History",
    "Key",
    "Plan",
    "Racing",
    "Request",
    "Rung",
    "Scheduler",
    "Trial",
    "fewest_rows",
    "make_rungs",
    "verdict",
]
