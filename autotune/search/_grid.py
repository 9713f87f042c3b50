"""Every configuration of a grid, or a random part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._history import History
from .._seeds import derive_seed
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
        self.in_order = in_order and (n_trials is None or self.grid.size <= n_trials)
        self._walk: Iterator[dict[str, Any]] = iter(())
        self._n_proposed = -1

    def ask(self, history: History) -> dict[str, Any] | None:
        n_proposed = sum(trial.origin != "default" for trial in history)
        if n_proposed != self._n_proposed:  # a new or a resumed history
            self._walk = self._points(history)
            for _ in range(n_proposed):
                next(self._walk, None)
        self._n_proposed = n_proposed + 1
        return next(self._walk, None)

    def _points(self, history: History) -> Iterator[dict[str, Any]]:
        """Yield the grid without the points that the defaults have covered."""
        rng = np.random.RandomState(derive_seed(self.seed))
        covered = {self.space.key(t.params) for t in history if t.origin == "default"}
        for params in self.grid if self.in_order else shuffled(self.grid, rng):
            if not covered or self.space.key(params) not in covered:
                yield params
