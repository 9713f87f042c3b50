"""Starting points: configurations that did well on other data come first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..history import History
from ..space import Space
from ._contract import Searcher
from ._seen import Seen

STARTING_POINT = "portfolio"  # the origin of such a trial
MOVED_DEFAULT = "moved default"  # of one that is the model's own but for what the space forbids


class PortfolioSearcher(Searcher):
    """Proposes a list of configurations, in its order, then what another searcher proposes.

    Parameters
    ----------
    points : sequence of dict
        In the space.
    searcher : Searcher
        Is asked when all points were tried, and whether there is time for them.
    origin : str, default="portfolio"
        What the history says of where the points came from.
    """

    def __init__(
        self,
        points: Sequence[dict[str, Any]],
        searcher: Searcher,
        origin: str = STARTING_POINT,
    ):
        super().__init__(searcher.space, searcher.seed, searcher.n_trials)
        self.points = list(points)
        self.searcher = searcher
        self.name = searcher.name
        self._origin = origin
        self._keys = {self.space.key(point) for point in self.points}
        self._seen = Seen(self.space)

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        seen = self._seen.update(history)
        for point in self.points:
            if point not in seen and self.affords(point, history, seconds):
                return dict(point)
        return self.searcher.ask(history, seconds)

    def join(self, union: Space) -> None:
        super().join(union)
        self.searcher.join(union)

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        return self.searcher.affords(params, history, seconds)

    def origin(self, params: dict[str, Any]) -> str:
        is_point = self.space.key(params) in self._keys
        return self._origin if is_point else self.searcher.origin(params)
