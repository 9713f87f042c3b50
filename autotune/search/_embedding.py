"""From encoded configurations to points between which distances mean something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..space import Feature, Interval, Space

_MOST_CELLS = 128  # a distribution of more integers is treated as continuous


class Embedding:
    """Turns vectors of ``Space.encode`` into points for a stationary kernel.

    - A number is one column.
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
        Which features have no order.
    """

    def __init__(self, space: Space):
        features = space.features
        self._features = features
        self.n_features = len(features)
        self.n_subspaces = len(space.subspaces)
        members = [[i in f.subspaces for f in features] for i in range(self.n_subspaces)]
        self.active = np.array(members, dtype=bool).reshape(self.n_subspaces, len(features))
        self.is_choice = np.array([f.kind == "choice" for f in features], dtype=bool)
        widths = [f.n if _is_one_hot(f) else 1 for f in features]
        self.groups = np.repeat(np.arange(len(features)), widths)
        self._ends = np.cumsum(widths, dtype=int)
        self._snaps = [_snap(space, f) for f in features]

    def __call__(self, units: np.ndarray) -> np.ndarray:
        """Return the points, shape (n, n_columns), of snapped or encoded vectors."""
        points = np.empty((len(units), len(self.groups)))
        for j, (feature, end) in enumerate(zip(self._features, self._ends, strict=True)):
            columns = _columns(feature, units[:, j])
            points[:, end - columns.shape[1] : end] = columns
        return points

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


def _is_one_hot(feature: Feature) -> bool:
    """Return whether a feature needs a column per choice."""
    return feature.kind == "choice" and feature.n > 2


def _columns(feature: Feature, units: np.ndarray) -> np.ndarray:
    """Return the columns of one feature."""
    absent = np.isnan(units)
    if _is_one_hot(feature):
        chosen = np.minimum(np.floor(units * feature.n), feature.n - 1)
        hot = np.where(absent[:, None], 1 / feature.n, chosen[:, None] == np.arange(feature.n))
        return hot * np.sqrt(0.5)  # two choices are at distance one, as the ends of a range
    if feature.kind == "choice":
        units = np.where(absent, np.nan, units > 0.5)
    return np.where(absent, 0.5, units)[:, None]


def _snap(space: Space, feature: Feature) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what moves places to those of values, None for features without gaps."""
    if feature.kind == "choice":
        return partial(_nearest, (np.arange(feature.n) + 0.5) / feature.n)
    dimension = space.subspaces[feature.subspaces[0]][feature.name]
    if isinstance(dimension, Interval) and dimension.integer:
        return dimension.snap
    if feature.kind == "int" and 0 < feature.n <= _MOST_CELLS:
        places = np.unique([dimension.encode(value) for value in dimension.grid(None)])
        return partial(_nearest, places)
    return None


def _nearest(places: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Return the nearest of some places, in ascending order, to each number."""
    return places[np.searchsorted((places[1:] + places[:-1]) / 2, units)]
