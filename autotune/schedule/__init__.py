"""HOW FAR each configuration is evaluated."""

from ._contract import Plan, Request, Scheduler
from ._finals import Finals
from ._full import Full
from ._halving import Halving
from ._racing import Racing
from ._rungs import Rung, fewest_rows, make_rungs

__all__ = [
    "Finals",
    "Full",
    "Halving",
    "Plan",
    "Racing",
    "Request",
    "Rung",
    "Scheduler",
    "fewest_rows",
    "make_rungs",
]
