"""Every configuration of a grid, or a random part of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from ..history import History, derive_seed
from ..space import Space
from ._contract import Searcher
from ._seen import shuffled


class GridSearcher(Searcher):
    """Walks through the grid in scikit-learn's order.

    If the budget may end before the grid does, the points come in random order, so that
    every parameter varies, not only the last.

    Parameters
    ----------
    space, seed, n_trials
        As in the contract.
    points : int or None
        Number of points into which an interval is cut; None: every integer of it.
    in_order : bool
        False: random order whatever the number of trials.
    """

    name = "grid"

    def __init__(
        self, space: Space, seed: int, n_trials: int | None, points: int | None, in_order: bool
    ):
        super().__init__(space, seed, n_trials)
        self.grid = space.grid(points)
        self.in_order = in_order
        self._walk: Iterator[dict[str, Any]] = iter(())
        self._n_known = -1

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        if len(history) != self._n_known:  # another history than the one of the last call
            self._walk = self._points(history)
        self._n_known = len(history) + 1
        return next(self._walk, None)

    def _points(self, history: History) -> Iterator[dict[str, Any]]:
        """Yield the grid without the points that are in the history.

        A point that the grid holds twice is proposed twice, unless it is the default's.
        """
        key = self.space.key
        known = [trial for trial in history if trial.params in self.space]
        defaults = {key(trial.params) for trial in known if trial.origin == "default"}
        proposed = Counter(key(trial.params) for trial in known if trial.origin != "default")
        rng = np.random.RandomState(derive_seed(self.seed))
        n_defaults = sum(trial.origin == "default" for trial in history)
        in_order = self.in_order and self._is_affordable(defaults, n_defaults)
        for params in self.grid if in_order else shuffled(self.grid, rng):
            if known and key(params) in defaults:
                continue
            if proposed and proposed[key(params)]:
                proposed[key(params)] -= 1
                continue
            yield params

    def _is_affordable(self, covered: set[Hashable], n_defaults: int) -> bool:
        """Return whether the budget allows for the defaults and the rest of the grid."""
        if self.n_trials is None:
            return True
        if self.grid.size > self.n_trials:
            return False
        n_left = sum(self.space.key(params) not in covered for params in self.grid)
        return n_left + n_defaults <= self.n_trials
