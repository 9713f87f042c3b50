"""HOW FAR each configuration is evaluated."""

from ._contract import Request, Scheduler
from ._full import Full
from ._racing import Racing

__all__ = ["Full", "Racing", "Request", "Scheduler"]
