"""WHICH configuration is evaluated next."""

from ._bayes import BayesSearcher
from ._contract import Searcher
from ._grid import GridSearcher
from ._random import RandomSearcher

__all__ = ["BayesSearcher", "GridSearcher", "RandomSearcher", "Searcher"]
