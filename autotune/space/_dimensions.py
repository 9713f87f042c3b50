"""One parameter's range: the contract of a dimension, choices and intervals."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ._sameness import describe, distinct, value_key
from ._values import is_integer, is_number, numbers_of


class Dimension(ABC):
    """The range of one parameter.

    Attributes
    ----------
    kind : {"choice", "ordinal", "int", "float"}
        What ``encode`` sees; "ordinal" is a list of numbers, which it sees by their rank.
    n : int
        Number of distinct values, 0 if it is not known or not finite.
    size : int or float
        Number of points of ``grid(None)``, ``math.inf`` for a continuous range.
    uniform : bool
        True if ``sample`` draws every point of ``grid(None)`` with the same probability.
    """

    kind: str
    n: int = 0
    size: int | float = math.inf
    uniform: bool = False

    @property
    def constant(self) -> bool:
        """True if there is a single value."""
        return self.n == 1

    @abstractmethod
    def sample(self, rng: np.random.RandomState) -> Any:
        """Draw a value."""

    @abstractmethod
    def grid(self, points: int | None) -> Sequence[Any]:
        """Return about ``points`` values spread over the range; None stands for all."""

    @abstractmethod
    def __contains__(self, value: object) -> bool:
        """Return whether a value lies in the range; never raises."""

    @abstractmethod
    def encode(self, value: Any) -> float:
        """Place a value of the range in [0, 1]."""

    @abstractmethod
    def decode(self, u: float) -> Any:
        """Return the value at a place in [0, 1]."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a readable text that is the same in every process."""

    def nearest(self, value: Any, otherwise: Any) -> Any:
        """Return the value of the range that is nearest to another value of any kind.

        This is the value itself if the range contains it, and ``otherwise`` if there is no notion
        of nearness, as between a string and numbers.
        """
        if value in self:
            return value
        is_comparable = is_number(value) and value == value
        return self._nearest_number(value) if is_comparable else otherwise

    def _nearest_number(self, value: float) -> Any:
        """Return the nearest value to a number that lies outside the range."""
        return self.decode(self.encode(value))

    def key(self, value: Any) -> Hashable:
        """Return what two values share when they are the same point of the range."""
        return value_key(value)

    def index(self, value: Any) -> int | None:
        """Return the position of a value that is listed by ``choices``, or None."""
        return None

    @property
    def choices(self) -> Sequence[Any]:
        """The values that can be named by their position."""
        return ()

    def _identity(self) -> Hashable:
        """Return what equal dimensions share."""
        return self.fingerprint()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dimension) or type(self) is not type(other):
            return False
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fingerprint()})"


class Choice(Dimension):
    """One of several values of any kind.

    A value that is listed twice is drawn twice as often and appears twice in a grid, as in
    scikit-learn's ``ParameterGrid``; it has one place in the encoding.

    All numbers have one type, like the bounds of an interval. If all are integers, only
    integers are meant, because ``max_features=1`` differs from 1.0. If one is a float, all are
    real numbers, so that ``[0.1, 1, 10]`` contains 1.0 and ``[0.1, 1.0]`` contains 1, unless
    the list contains both 1 and 1.0 as two choices.

    Parameters
    ----------
    values : sequence
        The choices, kept as they are; at least one.
    weights : sequence of float or None
        Their probabilities; None for equal ones.
    """

    kind = "choice"

    def __init__(self, values: Sequence[Any], weights: Sequence[float] | None = None):
        self.values = tuple(values)
        self.weights = None if weights is None else tuple(float(w) for w in weights)
        self._distinct = distinct(self.values)
        self._places = {value_key(value): i for i, value in enumerate(self._distinct)}
        self._reals = _places_of_reals(self._distinct)
        self._cumulated = None if weights is None else np.cumsum(weights) / sum(weights)
        self.n = len(self._distinct)
        self.size = len(self.values)
        self.uniform = self.weights is None or len(set(self.weights)) == 1

    def __getstate__(self) -> dict[str, Any]:
        """Return the arguments alone: not every format has the keys of values as keys."""
        return {"values": self.values, "weights": self.weights}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # derives the rest anew

    def sample(self, rng: np.random.RandomState) -> Any:
        """Draw a choice."""
        if self._cumulated is None:
            return self.values[rng.randint(len(self.values))]
        place = np.searchsorted(self._cumulated, rng.random_sample(), side="right")
        return self.values[min(int(place), len(self.values) - 1)]

    def grid(self, points: int | None) -> Sequence[Any]:
        """Return all choices."""
        return self.values

    def __contains__(self, value: object) -> bool:
        return self.index(value) is not None

    def encode(self, value: Any) -> float:
        """Place the i-th of k distinct values in the middle of the i-th of k equal parts."""
        return (self._place(value) + 0.5) / self.n

    def decode(self, u: float) -> Any:
        """Return the value in whose part of [0, 1] a place lies."""
        return self._distinct[min(int(u * self.n), self.n - 1)]

    def nearest(self, value: Any, otherwise: Any) -> Any:
        """Return the value, or the choice whose number or numbers are nearest.

        Numbers are compared by their ratio where all are positive. Of tuples, as of layer
        sizes, those of the same length are nearest. The first among equals is taken.
        """
        place = self.index(value)
        if place is not None:
            return self._distinct[place]
        target = numbers_of(value)
        known = [(numbers_of(choice), choice) for choice in self._distinct]
        numeric = [(numbers, choice) for numbers, choice in known if _is_finite(numbers)]
        if not target or not numeric:
            return otherwise
        low = min(min(numbers) for numbers, _ in numeric)
        high = max(max(numbers) for numbers, _ in numeric)
        scale = math.log if low > 0 else float
        goal = [scale(min(max(number, low), high)) for number in target]

        def distance(numbers: tuple[float, ...]) -> tuple[int, float]:
            pairs = zip(map(scale, numbers), goal, strict=False)
            return abs(len(numbers) - len(goal)), sum(abs(one - other) for one, other in pairs)

        return min(numeric, key=lambda pair: distance(pair[0]))[1]

    @property
    def choices(self) -> Sequence[Any]:
        """The distinct values."""
        return self._distinct

    def index(self, value: Any) -> int | None:
        """Return the position of a value among the distinct ones."""
        place = self._places.get(value_key(value))
        return self._reals.get(value) if place is None and is_number(value) else place

    def _place(self, value: Any) -> int:
        """Return the position of a value that is listed."""
        place = self.index(value)
        if place is None:
            raise KeyError(value)
        return place

    def key(self, value: Any) -> Hashable:
        """Return what the listed value shares with its copies."""
        return value_key(self._distinct[self._place(value)])

    def _identity(self) -> Hashable:
        return tuple(map(value_key, self.values)), self.weights

    def fingerprint(self) -> str:
        """Return the choices as a list, with their weights if they have any."""
        weights = "" if self.weights is None else f" with weights {list(self.weights)}"
        return describe(list(self.values)) + weights


class Interval(Dimension):
    """All numbers between two bounds, both included.

    Parameters
    ----------
    low, high : int or float
        The bounds, ``low < high``; positive if ``log``.
    log : bool
        Whether the logarithm is spread evenly instead of the number.
    integer : bool
        Whether only integers are meant.
    """

    def __init__(self, low: float, high: float, log: bool = False, integer: bool = False):
        self.low = int(low) if integer else float(low)
        self.high = int(high) if integer else float(high)
        self.log = log
        self.integer = integer
        self.kind = "int" if integer else "float"
        self.uniform = integer and not log
        # An integer owns the unit cell around it, so that those at the ends lose nothing.
        start, end = (self.low - 0.5, self.high + 0.5) if integer else (self.low, self.high)
        self._start = math.log(start) if log else start
        self._span = (math.log(end) if log else end) - self._start
        if integer:
            self.n = int(self.high - self.low + 1)
            self.size = self.n

    def sample(self, rng: np.random.RandomState) -> int | float:
        """Draw a number, evenly on the (logarithmic) line."""
        if self.uniform:
            return rng.randint(int(self.low), int(self.high) + 1, dtype="int64").item()
        return self.decode(rng.random_sample())

    def grid(self, points: int | None) -> Sequence[int | float]:
        """Return ``points`` numbers at equal (logarithmic) distances, both bounds included."""
        if self.integer and (points is None or points >= self.n):
            return range(int(self.low), int(self.high) + 1)
        if points is None:
            raise ValueError(f"a continuous range has no full grid, got {self.fingerprint()}")
        if points == 1:
            return [self.decode(0.5)]
        spread = np.geomspace if self.log else np.linspace
        values = spread(self.low, self.high, points).tolist()
        values[0], values[-1] = self.low, self.high  # not left to rounding
        return _distinct_integers(values, int(self.high)) if self.integer else values

    def __contains__(self, value: object) -> bool:
        if not is_number(value) or (self.integer and not is_integer(value)):
            return False
        return bool(self.low <= value <= self.high)

    def encode(self, value: Any) -> float:
        """Place a number on the (logarithmic) line between the bounds."""
        value = float(value)
        u = ((math.log(value) if self.log else value) - self._start) / self._span
        return min(max(u, 0.0), 1.0)

    def decode(self, u: float) -> int | float:
        """Return the number at a place between the bounds; the ends are exact."""
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        value = self._start + u * self._span
        if self.log:
            value = math.exp(value)
        if self.integer:
            value = math.floor(value + 0.5)
        return min(max(value, self.low), self.high)

    def _nearest_number(self, value: float) -> int | float:
        """Return the nearer end, or the integer that is nearest."""
        if value <= self.low:
            return self.low
        if value >= self.high:
            return self.high
        return math.floor(value + 0.5) if self.integer else float(value)

    def snap(self, units: np.ndarray) -> np.ndarray:
        """Return where the numbers at some places are: integers have one place each."""
        if not self.integer:
            return units
        line = self._start + units * self._span
        values = np.clip(np.floor((np.exp(line) if self.log else line) + 0.5), self.low, self.high)
        snapped = ((np.log(values) if self.log else values) - self._start) / self._span
        return np.clip(snapped, 0.0, 1.0)

    def key(self, value: Any) -> Hashable:
        """Return the number itself: in a float interval 1 and 1.0 are the same point."""
        return int(value) if self.integer else float(value)

    def fingerprint(self) -> str:
        """Return the interval as a user writes it."""
        return f"({self.low!r}, {self.high!r}" + (', "log-uniform")' if self.log else ")")


class Steps(Dimension):
    """Whole numbers at equal distances, too many to be listed.

    Parameters
    ----------
    values : range
        In ascending order, with a step above 1.
    """

    kind = "int"
    uniform = True

    def __init__(self, values: range):
        self.values = values
        self._places = Interval(0, (values[-1] - values[0]) // values.step, integer=True)
        self.n = self._places.n
        self.size = self.n

    def sample(self, rng: np.random.RandomState) -> int:
        """Draw a number."""
        return self.values[int(self._places.sample(rng))]

    def grid(self, points: int | None) -> Sequence[int]:
        """Return ``points`` numbers at equal distances, both ends included."""
        if points is None or points >= self.n:
            return self.values
        return [self.values[int(place)] for place in self._places.grid(points)]

    def __contains__(self, value: object) -> bool:
        return is_integer(value) and int(value) in self.values

    def encode(self, value: Any) -> float:
        """Place a number at its place among all."""
        return self._places.encode(self.values.index(int(value)))

    def decode(self, u: float) -> int:
        """Return the number at a place in [0, 1]."""
        return self.values[int(self._places.decode(u))]

    def _nearest_number(self, value: float) -> int:
        """Return the number that is nearest, the smaller of two."""
        first, last = self.values[0], self.values[-1]
        place = (min(max(value, first), last) - first) / self.values.step
        return self.values[math.ceil(place - 0.5)]

    def key(self, value: Any) -> Hashable:
        """Return the number itself."""
        return int(value)

    def fingerprint(self) -> str:
        """Return the range as a user writes it."""
        return repr(self.values)


def _places_of_reals(values: Sequence[Any]) -> dict[float, int]:
    """Return the positions of numbers among values if they are real, else nothing.

    They are if one of them is a float, and none is listed both as an integer and as a float.
    """
    numbers = [(value, i) for i, value in enumerate(values) if is_number(value)]
    places = dict(numbers)
    has_float = any(not is_integer(value) for value in places)
    return places if has_float and len(places) == len(numbers) else {}


def _is_finite(numbers: Sequence[float]) -> bool:
    """Return whether there are numbers, and all of them finite."""
    return bool(numbers) and all(map(math.isfinite, numbers))


def _distinct_integers(values: Sequence[float], high: int) -> list[int]:
    """Round ascending numbers to integers up to ``high``, moving up those already taken."""
    result: list[int] = []
    for i, value in enumerate(values):
        lowest = result[-1] + 1 if result else round(value)
        result.append(min(max(round(value), lowest), high - (len(values) - 1 - i)))
    return result
