"""What a space may depend on besides the model: the size of the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import issparse

from ..compat import num_samples, to_numpy

_FOLD = 0.5  # of the rows train in a fold at least
_SURE = 0.8  # of the share that a rare class has is left in a fold


@dataclass(frozen=True, eq=False)
class Facts:
    """Sizes of the data that reach an estimator in a fit on a fold; None if unknown.

    Attributes
    ----------
    rows, features : int or None
    target : ndarray or None
    sparse : bool
        Whether the data may be a sparse matrix.
    """

    rows: int | None = None
    features: int | None = None
    target: np.ndarray | None = None
    sparse: bool = False

    @classmethod
    def of(cls, X: Any, y: Any) -> Facts | None:
        """Return the facts about all data; None without data."""
        if X is None:
            return None
        rows = max(int(_FOLD * num_samples(X)), 1)
        target = None if y is None else to_numpy(y)
        return cls(rows, _count_features(X), target, issparse(X))

    @property
    def size(self) -> int | None:
        """The lesser of rows and features."""
        return _least(self.rows, self.features)

    @property
    def other_rows(self) -> int | None:
        """The number of other rows, which can be neighbours."""
        return None if self.rows is None else self.rows - 1

    @property
    def other_features(self) -> int | None:
        """The number of features but one."""
        return None if self.features is None else self.features - 1

    @property
    def few_rows(self) -> int | None:
        """A number of rows that is rare."""
        return None if self.rows is None else self.rows // 20

    @property
    def targets(self) -> int | None:
        """Number of targets."""
        return None if self.target is None else math.prod(self.target.shape[1:])

    @property
    def pairs(self) -> int | None:
        """The least of rows, features and targets."""
        return _least(self.rows, self.features, self.targets)

    @property
    def nu(self) -> float | None:
        """Largest ``nu`` of a support vector machine that two of the classes allow."""
        if self.target is None or self.rows is None:
            return None
        counts = _class_counts(self.target)
        return _SURE * 2 * counts.min() / (counts.min() + counts.max())

    @property
    def rarest(self) -> int | None:
        """The number of rows of the rarest class."""
        if self.target is None:
            return None
        return int(_SURE * _FOLD * _class_counts(self.target).min())

    @property
    def rare_neighbors(self) -> int | None:
        """The number of other rows of the rarest class."""
        rarest = self.rarest
        return None if rarest is None else rarest - 1

    def reshaped(self, features: int | None = None, *, sparse: bool = False) -> Facts:
        """Return the facts after a step that changes the features."""
        return replace(self, features=features, sparse=sparse)

    def resampled(self) -> Facts:
        """Return the facts after a step that leaves each class the rows of the rarest at least."""
        rarest = self.rarest
        return replace(self, rows=None if rarest is None else 2 * rarest)


def _class_counts(target: np.ndarray) -> np.ndarray:
    """Return how many rows each class has."""
    return np.unique(target, return_counts=True)[1]


def _least(*numbers: int | None) -> int | None:
    """Return the least of some numbers, None if one is unknown."""
    known = [number for number in numbers if number is not None]
    return min(known) if len(known) == len(numbers) else None


def _count_features(X: Any) -> int | None:
    """Return the number of columns of a table, None of anything else."""
    try:
        shape = getattr(X, "shape", None) or np.shape(X)
    except ValueError:  # lists of different lengths
        return None
    return shape[1] if len(shape) == 2 else None


@dataclass(frozen=True)
class UpTo:
    """An interval whose upper bound is limited by a fact.

    Parameters
    ----------
    fact : str
        An attribute of `Facts`.
    low, high : int or float
        The interval where the fact does not bound it.
    prior : str
    """

    fact: str
    low: float
    high: float
    prior: str = "uniform"

    def resolve(self, facts: Facts | None) -> tuple[Any, ...] | None:
        """Return the interval for some data; None if there is none or a fact is unknown."""
        high = self.high
        if facts is not None:
            bound = getattr(facts, self.fact)
            if bound is None:
                return None
            high = min(high, bound)
        if high <= self.low:
            return None
        return (self.low, high) if self.prior == "uniform" else (self.low, high, self.prior)


@dataclass(frozen=True)
class Dense:
    """A range that is for dense data only.

    Parameters
    ----------
    values : list or tuple
    """

    values: list[Any] | tuple[Any, ...]

    def resolve(self, facts: Facts | None) -> Any:
        """Return the range for some data, None if these are sparse."""
        return None if facts is not None and facts.sparse else _resolve(self.values, facts)


def resolved(space: Mapping[str, Any], facts: Facts | None) -> dict[str, Any]:
    """Return a space in which data-dependent ranges are intervals."""
    ranges = {name: _resolve(values, facts) for name, values in space.items()}
    return {name: values for name, values in ranges.items() if values is not None}


def _resolve(values: Any, facts: Facts | None) -> Any:
    """Return a range for some data; a list is a copy, which users may change."""
    if isinstance(values, UpTo | Dense):
        return values.resolve(facts)
    return list(values) if type(values) is list else values
