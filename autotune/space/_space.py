"""All configurations that may be tried: sub-spaces of dimensions."""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._dimensions import Dimension
from ._json import from_json, to_json
from ._parse import parse_space
from ._sameness import value_key


@dataclass(frozen=True, slots=True)
class Feature:
    """One place of the vector that ``Space.encode`` makes.

    Attributes
    ----------
    name : str
        The parameter; empty for the index of the sub-space.
    kind : {"choice", "ordinal", "int", "float"}
        What is encoded; "ordinal" is a list of numbers, of which the i-th smallest of n is
        at ``(i + 0.5) / n``.
    n : int
        Number of distinct choices, listed numbers or integers; 0 if unknown or not finite.
    subspaces : tuple of int
        The sub-spaces in which it is active.
    """

    name: str
    kind: str
    n: int
    subspaces: tuple[int, ...]


class Grid(Sequence[dict[str, Any]]):
    """A grid that makes its configurations on demand, in the order of ``ParameterGrid``.

    ``size`` is its length also where ``len`` cannot say it (beyond ``sys.maxsize``).
    """

    def __init__(self, axes: Sequence[Mapping[str, Sequence[Any]]]):
        self._axes = axes
        self._sizes = [math.prod(len(values) for values in grid.values()) for grid in axes]
        self.size = sum(self._sizes)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for axes, size in zip(self._axes, self._sizes, strict=True):
            for i in range(size):
                yield _grid_point(axes, i)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        i = operator.index(index)
        if i < 0:
            i += self.size
        if i >= 0:
            for axes, size in zip(self._axes, self._sizes, strict=True):
                if i < size:
                    return _grid_point(axes, i)
                i -= size
        raise IndexError(f"the grid has {self.size} configurations, got index {index}")


def _grid_point(axes: Mapping[str, Sequence[Any]], index: int) -> dict[str, Any]:
    """Return one configuration of a grid; the last name varies fastest."""
    places = {}
    for name in reversed(list(axes)):
        index, places[name] = divmod(index, len(axes[name]))
    return {name: values[places[name]] for name, values in axes.items()}


class Space:
    """A search space: one or several sub-spaces, each a range for every of its parameters.

    Made by :meth:`parse`. A configuration is a dict of parameters, in the order of their
    names; it lies in the space if one of the sub-spaces has exactly its names and holds its
    values.

    Attributes
    ----------
    subspaces : tuple of dict of str to Dimension
        Names in sorted order.
    names : tuple of str
        All parameters, sorted.
    size : int or float
        Number of configurations, ``math.inf`` if any range is continuous.
    uniform : bool
        True if a finite space holds only ranges whose values are equally likely, so that
        drawing from the full grid is random search.
    features : tuple of Feature
        What ``encode`` produces.

    Examples
    --------
    >>> from autotune.space import Space
    >>> space = Space.parse({"C": (0.1, 100.0, "log-uniform"), "kernel": ["linear", "rbf"]})
    >>> {"C": 1.0, "kernel": "rbf"} in space
    True
    >>> list(space.grid(2))[:2]
    [{'C': 0.1, 'kernel': 'linear'}, {'C': 0.1, 'kernel': 'rbf'}]
    """

    def __init__(self, subspaces: Sequence[Mapping[str, Dimension]]):
        self.subspaces = tuple({n: subspace[n] for n in sorted(subspace)} for subspace in subspaces)
        self.names = tuple(sorted({name for subspace in self.subspaces for name in subspace}))
        sizes = [[dim.size for dim in subspace.values()] for subspace in self.subspaces]
        finite = all(math.isfinite(size) for subsizes in sizes for size in subsizes)
        self.size = sum(map(math.prod, sizes)) if finite else math.inf
        self.uniform = finite and all(
            dim.uniform for subspace in self.subspaces for dim in subspace.values()
        )
        self.features, self._places = _lay_out(self.subspaces)

    @classmethod
    def parse(cls, spec: Any) -> Space:
        """Read what a user wrote.

        Parameters
        ----------
        spec : dict, list of dict, or Space
            Ranges by parameter name. A range is a list of choices; ``(low, high)`` for an
            interval, of integers if both are; ``(low, high, "log-uniform")``; a frozen scipy
            distribution or anything with ``rvs``; a dimension of scikit-optimize; or a single
            value. A list of dicts is the union of its members.

        Returns
        -------
        Space

        Raises
        ------
        TypeError, ValueError
            If it is not a space; the message names the parameter, the rule and the value.
        """
        return spec if isinstance(spec, Space) else cls(parse_space(spec))

    def sample(self, rng: np.random.RandomState) -> dict[str, Any]:
        """Draw a configuration, the sub-space first, as ``ParameterSampler`` does.

        Parameters
        ----------
        rng : numpy.random.RandomState

        Returns
        -------
        dict
        """
        subspace = self.subspaces[rng.randint(len(self.subspaces))]
        return {name: dimension.sample(rng) for name, dimension in subspace.items()}

    def grid(self, points: int | None = 5) -> Grid:
        """Return a grid, which makes its configurations on demand.

        Parameters
        ----------
        points : int or None, default=5
            Number of values of an interval or a distribution, at least 1; lists of choices
            are always complete. None takes every value, which a finite space allows.

        Returns
        -------
        Grid
            A sequence in the order of scikit-learn's ``ParameterGrid``.
        """
        if points is not None and points < 1:
            raise ValueError(f"points must be at least 1, or None for all, got {points!r}")
        return Grid([{n: dim.grid(points) for n, dim in sub.items()} for sub in self.subspaces])

    def __contains__(self, params: object) -> bool:
        return self._find(params) is not None

    def _find(self, params: Any) -> int | None:
        """Return the index of the first sub-space that holds a configuration."""
        if not isinstance(params, Mapping):
            return None
        for i, subspace in enumerate(self.subspaces):
            if len(params) == len(subspace) and all(
                name in params and params[name] in dimension for name, dimension in subspace.items()
            ):
                return i
        return None

    def _index(self, params: Any) -> int:
        """Return the index of the first sub-space that holds a configuration, or raise."""
        found = self._find(params)
        if found is None:
            raise ValueError(f"params must lie in the space {self!r}, got {params!r}")
        return found

    def key(self, params: Mapping[str, Any]) -> Hashable:
        """Return what two configurations share exactly when they are the same.

        Parameters
        ----------
        params : dict
            Any configuration, in the space or not.

        Returns
        -------
        hashable
        """
        found = self._find(params)
        if found is None:
            return tuple((name, value_key(params[name])) for name in sorted(params))
        return tuple((n, dim.key(params[n])) for n, dim in self.subspaces[found].items())

    def encode(self, params: Mapping[str, Any]) -> np.ndarray:
        """Turn a configuration into numbers.

        Parameters
        ----------
        params : dict
            A configuration of the space.

        Returns
        -------
        ndarray of shape (n_features,)
            In [0, 1]; NaN for features of other sub-spaces.

        Raises
        ------
        ValueError
            If the configuration lies outside the space.
        """
        found = self._index(params)
        vector = [math.nan] * len(self.features)
        if len(self.subspaces) > 1:
            vector[0] = (found + 0.5) / len(self.subspaces)
        places = self._places[found]
        for name, dimension in self.subspaces[found].items():
            if name in places:
                vector[places[name]] = dimension.encode(params[name])
        return np.array(vector, dtype=float)

    def decode(self, vector: Any) -> dict[str, Any]:
        """Turn numbers into a configuration, the inverse of ``encode``.

        Parameters
        ----------
        vector : array-like of shape (n_features,)
            Clipped to [0, 1]; places of other sub-spaces are ignored, and NaN in a place
            that counts stands for the middle.

        Returns
        -------
        dict
        """
        numbers = [_clip(u) for u in np.asarray(vector, dtype=float).tolist()]
        if len(numbers) != len(self.features):
            raise ValueError(f"vector must have {len(self.features)} numbers, got {len(numbers)}")
        k = len(self.subspaces)
        found = min(int(numbers[0] * k), k - 1) if k > 1 else 0
        places = self._places[found]
        return {
            name: dimension.decode(numbers[places[name]] if name in places else 0.5)
            for name, dimension in self.subspaces[found].items()
        }

    def to_json(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Turn a configuration into what ``json.dumps`` accepts.

        Strings, numbers, booleans and None stand for themselves; any other choice is
        ``{"choice": index, "repr": text}``, with ``"subspace"`` if there are several.

        Parameters
        ----------
        params : dict
            A configuration of the space.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            If the configuration lies outside the space, or holds a value that an object with
            ``rvs`` drew and that JSON cannot express.
        """
        found = self._index(params)
        return to_json(self.subspaces, found, params)

    def from_json(self, obj: Any) -> dict[str, Any]:
        """Return the configuration that ``to_json`` wrote.

        Parameters
        ----------
        obj : dict
            What ``to_json`` returned, before or after a trip through ``json``.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            If it does not fit the space.
        """
        params = from_json(self.subspaces, obj)
        if params is None:
            raise ValueError(f"obj must be a configuration of the space {self!r}, got {obj!r}")
        return params

    def fingerprint(self) -> str:
        """Return a readable text that is the same for equal spaces in every process.

        Returns
        -------
        str
        """
        texts = [
            "{" + ", ".join(f"{n!r}: {dim.fingerprint()}" for n, dim in subspace.items()) + "}"
            for subspace in self.subspaces
        ]
        return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"

    def __repr__(self) -> str:
        return f"Space({self.fingerprint()})"


def _clip(u: float) -> float:
    """Move a number into [0, 1], NaN into its middle."""
    return 0.5 if u != u else min(max(u, 0.0), 1.0)


def _lay_out(
    subspaces: Sequence[Mapping[str, Dimension]],
) -> tuple[tuple[Feature, ...], list[dict[str, int]]]:
    """Return the features, and for each sub-space the place of each parameter that varies.

    A parameter with the same range in several sub-spaces has one feature, so that a model
    learns about it from all of them.
    """
    shared: dict[tuple[str, Dimension], list[int]] = {}
    for name in sorted({name for subspace in subspaces for name in subspace}):
        for i, subspace in enumerate(subspaces):
            if name in subspace and not subspace[name].constant:
                shared.setdefault((name, subspace[name]), []).append(i)
    features = []
    if len(subspaces) > 1:
        features.append(Feature("", "choice", len(subspaces), tuple(range(len(subspaces)))))
    places: list[dict[str, int]] = [{} for _ in subspaces]
    for (name, dimension), members in shared.items():
        for i in members:
            places[i][name] = len(features)
        features.append(Feature(name, dimension.kind, dimension.n, tuple(members)))
    return tuple(features), places
