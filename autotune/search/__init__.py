"""Which configuration is evaluated next."""

from ..history import (
    COMPLETE,
    CRASHED,
    DROPPED,
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
from ..space import Choice, Dimension, Distribution, Draws, Feature, Grid, Interval, Space
from ._allocation import FamilySearcher
from ._bayes import BayesSearcher
from ._contract import Searcher
from ._grid import GridSearcher
from ._model import GPSearcher
from ._portfolio import MOVED_DEFAULT, PortfolioSearcher
from ._random import RandomSearcher
from ._seen import Seen, draw_unseen
from ._widening import WideningSearcher

__all__ = [
    "COMPLETE",
    "CRASHED",
    "DROPPED",
    "FAILED",
    "FULL",
    "INTERRUPTED",
    "MOVED_DEFAULT",
    "RUNNING",
    "STATUSES",
    "TIMEOUT",
    "BayesSearcher",
    "Choice",
    "Dimension",
    "Distribution",
    "Draws",
    "Evaluation",
    "FamilySearcher",
    "Feature",
    "GPSearcher",
    "Grid",
    "GridSearcher",
    "History",
    "Interval",
    "PortfolioSearcher",
    "RandomSearcher",
    "Searcher",
    "Seen",
    "Space",
    "Trial",
    "WideningSearcher",
    "draw_unseen",
]
