"""HOW FAR each configuration is evaluated."""

from ._contract import Request, Scheduler
from ._full import Full

__all__ = ["Full", "Request", "Scheduler"]
