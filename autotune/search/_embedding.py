"""An embedding of encoded configurations in which distances are meaningful."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..space import Dimension, Feature, Interval, Ordinal, Space

_MOST_CELLS = 128  # a distribution of more integers is treated as continuous


class Embedding:
    """Turns vectors of ``Space.encode`` into points for a stationary kernel.

    - A number is one column, also one of a list: it is where the list's own scale has it. What
      else such a list holds is in the middle of that column and has a column of its own.
    - A choice among more than two is one column per choice, a one in the chosen one, so that
      all choices have the same distance; the columns share one length scale.
    - A feature that its sub-space lacks is put in the middle of its range (at the centre of
      the choices): its expected distance to a feature that is present is the smallest there.
      Two points that both lack it do not differ in it. The index of the sub-space, itself a
      choice, makes up the distance between presence and absence.

    As all of this places points in a Euclidean space, every stationary kernel stays positive
    definite.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    groups : ndarray of int, shape (n_columns,)
        The feature that each column belongs to.
    active : ndarray of bool, shape (n_subspaces, n_features)
        Which features each sub-space has.
    is_choice : ndarray of bool, shape (n_features,)
        Which features have no order, or values that have no place in it.
    cells : ndarray of shape (n_features,)
        The distance between neighbouring numbers of a list, 0 for other features.
    n_levels : dict of int to int
        The number of levels of each feature that is a choice; see ``levels``.
    """

    def __init__(self, space: Space):
        features = space.features
        self.n_features = len(features)
        self.n_subspaces = len(space.subspaces)
        members = [[i in f.subspaces for f in features] for i in range(self.n_subspaces)]
        self.active = np.array(members, dtype=bool).reshape(self.n_subspaces, len(features))
        self.is_choice = np.array([f.kind == "choice" for f in features], dtype=bool)
        dimensions = [_dimension(space, feature) for feature in features]
        self.cells = np.array([1 / f.n if f.kind == "ordinal" else 0.0 for f in features])
        columns = [_columns(*pair) for pair in zip(features, dimensions, strict=True)]
        widths = [make(np.array([0.5])).shape[1] for make in columns]
        self.groups = np.repeat(np.arange(len(features)), widths)
        self._ends = np.cumsum(widths, dtype=int)
        self._numbers = np.array([make is _number_column for make in columns], dtype=bool)
        self._columns = {j: make for j, make in enumerate(columns) if not self._numbers[j]}
        listed = [len(d.numbers) if isinstance(d, Ordinal) else 1 for d in dimensions]
        self._n_choices = {j: f.n for j, f in enumerate(features) if f.kind == "choice"}
        self._n_together = {j: listed[j] for j in self._n_choices}
        self.n_levels = {j: n - listed[j] + 1 for j, n in self._n_choices.items()}
        self._snaps = [_snap(*pair) for pair in zip(features, dimensions, strict=True)]

    def __call__(self, units: np.ndarray) -> np.ndarray:
        """Return the points, shape (n, n_columns), of snapped or encoded vectors."""
        points = np.empty((len(units), len(self.groups)))
        numbers = units[:, self._numbers]
        points[:, self._ends[self._numbers] - 1] = np.where(np.isnan(numbers), 0.5, numbers)
        for j, columns in self._columns.items():
            placed = columns(units[:, j])
            points[:, self._ends[j] - placed.shape[1] : self._ends[j]] = placed
        return points

    def levels(self, units: np.ndarray, feature: int) -> np.ndarray:
        """Return the level of a choice in each snapped vector, -1 where it is absent.

        A level is one of the choices, but the numbers of a list that also holds other values
        are one level together.
        """
        n = self._n_choices[feature]
        places = np.where(np.isnan(units[:, feature]), 0.0, units[:, feature])
        choices = np.minimum((places * n).astype(int), n - 1)
        levels = np.maximum(choices - self._n_together[feature] + 1, 0)
        return np.where(np.isnan(units[:, feature]), -1, levels)

    def subspace(self, units: np.ndarray) -> np.ndarray:
        """Return the index of the sub-space of each vector."""
        if self.n_subspaces == 1:
            return np.zeros(len(units), dtype=int)
        return np.minimum((units[:, 0] * self.n_subspaces).astype(int), self.n_subspaces - 1)

    def snap(self, units: np.ndarray) -> np.ndarray:
        """Return what ``Space.encode`` says of the configurations that vectors decode to.

        Choices and integers move to their own places, features of other sub-spaces to NaN.
        """
        snapped = units.copy()
        for j, snap in enumerate(self._snaps):
            if snap is not None:
                snapped[:, j] = snap(units[:, j])
        snapped[~self.active[self.subspace(units)]] = np.nan
        return snapped


def _dimension(space: Space, feature: Feature) -> Dimension | None:
    """Return the range of a feature, None for the index of the sub-space."""
    return space.subspaces[feature.subspaces[0]].get(feature.name)


def _columns(feature: Feature, dimension: Dimension | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that computes the columns of one feature."""
    if isinstance(dimension, Ordinal):
        return partial(_ordered_columns, dimension)
    if feature.kind != "choice":
        return _number_column
    return partial(_one_hot_columns, feature.n) if feature.n > 2 else _binary_column


def _number_column(units: np.ndarray) -> np.ndarray:
    """Return the column of a number, in the middle where it is absent."""
    return np.where(np.isnan(units), 0.5, units)[:, None]


def _binary_column(units: np.ndarray) -> np.ndarray:
    """Return the column of one of two choices."""
    return _number_column(np.where(np.isnan(units), np.nan, units > 0.5))


def _one_hot_columns(n: int, units: np.ndarray) -> np.ndarray:
    """Return a column for each of more than two choices."""
    absent = np.isnan(units)[:, None]
    chosen = np.minimum(np.floor(units * n), n - 1)[:, None]
    hot = np.where(absent, 1 / n, chosen == np.arange(n))
    return hot * np.sqrt(0.5)  # two choices are at distance one, as the ends of a range


def _ordered_columns(dimension: Ordinal, units: np.ndarray) -> np.ndarray:
    """Return a column for the numbers of a list and one for each symbol among them."""
    n_numbers, n_symbols = len(dimension.numbers), len(dimension.symbols)
    absent = np.isnan(units)
    ranks = np.where(absent, 0, np.minimum(np.floor(units * dimension.n), dimension.n - 1))
    ranks = ranks.astype(int)
    is_number = ~absent & (ranks < n_numbers)
    place = np.where(is_number, dimension.places[np.minimum(ranks, n_numbers - 1)], 0.5)
    symbols = n_numbers + np.arange(n_symbols)
    hot = np.where(absent[:, None], 1 / dimension.n, ranks[:, None] == symbols)
    return np.column_stack([place, hot * np.sqrt(0.5)])


def _snap(
    feature: Feature, dimension: Dimension | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return a function that snaps positions to values, None for features without gaps."""
    if isinstance(dimension, Ordinal) or (isinstance(dimension, Interval) and dimension.integer):
        return dimension.snap
    if feature.kind == "choice":
        return partial(_nearest, (np.arange(feature.n) + 0.5) / feature.n)
    if dimension is not None and feature.kind == "int" and 0 < feature.n <= _MOST_CELLS:
        places = np.unique([dimension.encode(value) for value in dimension.grid(None)])
        return partial(_nearest, places)
    return None


def _nearest(places: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the nearest of some places, in ascending order, to each number."""
    return places[np.searchsorted((places[1:] + places[:-1]) / 2, units)]
