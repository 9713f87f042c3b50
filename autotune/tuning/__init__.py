"""One `fit`: the checked problem, the search, the conclusion, the last fit."""

from ._run import Run
from ._scoring import make_router, make_scoring

__all__ = ["Run", "make_router", "make_scoring"]
