"""Independent random draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..history import History, derive_seed
from ..space import Space
from ._contract import Searcher
from ._seen import Seen, draw_unseen


class RandomSearcher(Searcher):
    """Draws each configuration at random, and none of them twice."""

    name = "random"

    def __init__(self, space: Space, seed: int, n_trials: int | None = None):
        super().__init__(space, seed, n_trials)
        self._seen = Seen(space)

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        rng = np.random.RandomState(derive_seed(self.seed, len(history)))
        return draw_unseen(self.space, self._seen.update(history), rng)
