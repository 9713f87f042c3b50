"""Every configuration of a grid."""

from __future__ import annotations

from .._budget import Budget
from ..search import GridSearcher, Searcher
from ..space import Choice, Space
from ._checks import check_count
from ._contract import Strategy


class Grid(Strategy):
    """Grid search, like ``GridSearchCV``.

    Parameters
    ----------
    points : int, default=5
        Number of grid points of an interval or a distribution: evenly spaced with both ends
        included, geometrically for a log interval, at quantiles for a distribution. Lists of
        choices are used in full.

    Notes
    -----
    Without a limit on trials or seconds, the whole grid is evaluated if the space has only
    choices, and 50 points of it otherwise. A grid that is larger than the budget is visited
    in random order.

    Examples
    --------
    >>> from autotune import Grid
    >>> Grid(points=3)
    Grid(points=3)
    """

    def __init__(self, *, points: int = 5):
        self.points = points

    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        points = check_count("strategy__points", self.points, 1)
        n_trials = self.n_trials(space, budget)
        in_order = budget.seconds is None or n_trials is not None
        return GridSearcher(space, seed, n_trials, points, in_order)

    def n_trials(self, space: Space, budget: Budget) -> int | None:
        if budget.trials is None and budget.seconds is None and _only_choices(space):
            return None
        return super().n_trials(space, budget)


def _only_choices(space: Space) -> bool:
    """Return whether a space consists of lists of choices."""
    dimensions = (d for subspace in space.subspaces for d in subspace.values())
    return all(isinstance(dimension, Choice) for dimension in dimensions)
