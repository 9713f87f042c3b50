"""WHICH configuration is evaluated next."""

from ._bayes import BayesSearcher
from ._contract import Searcher
from ._grid import GridSearcher
from ._model import GPSearcher
from ._portfolio import PortfolioSearcher
from ._random import RandomSearcher

__all__ = [
    "BayesSearcher",
    "GPSearcher",
    "GridSearcher",
    "PortfolioSearcher",
    "RandomSearcher",
    "Searcher",
]
