"""Independent random draws."""

from __future__ import annotations

from .._budget import Budget
from ..search import RandomSearcher, Searcher
from ..space import Space
from ._contract import Strategy


class Random(Strategy):
    """Random search without repetition, like ``RandomizedSearchCV``.

    Examples
    --------
    >>> from autotune import Random
    >>> Random()
    Random()
    """

    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        return RandomSearcher(space, seed, self.n_trials(space, budget))
