"""Lists of numbers, which are ordered."""

from __future__ import annotations

import bisect
import math
import sys
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from ._dimensions import Choice
from ._values import is_number

_FEWEST = 3  # numbers that make an order: any two values have one
_WIDE = 10.0  # times the smallest number that the largest is of a geometric list, at least
_UNEVEN = 0.25  # distance from its rank up to which a number is placed by its value


class Ordinal(Choice):
    """One of several values, at least three of which are numbers: these have an order.

    It is drawn, cut into a grid, written and compared as any other choice. In the encoding
    its numbers come first, in ascending order, whatever their order in the list. What else it
    holds, such as None or ``"sqrt"``, has no place among them and follows.

    Parameters
    ----------
    values : sequence
        Such that ``is_ordered`` is true.

    Attributes
    ----------
    numbers : tuple of int or float
        In ascending order.
    symbols : tuple
        The other values.
    places : ndarray of shape (n_numbers,)
        Where the numbers lie between 0 and 1: by their logarithms if they span a factor of
        ten and are more even on that scale, else by their values, and by their ranks if even
        these are far from even.
    """

    def __init__(self, values: Sequence[Any]):
        super().__init__(values)
        self.numbers = tuple(sorted(filter(_has_rank, self._distinct)))
        self.symbols = tuple(value for value in self._distinct if not _has_rank(value))
        self.kind = "choice" if self.symbols else "ordinal"
        self._ranked = (*self.numbers, *self.symbols)
        ranks = {self._place(value): i for i, value in enumerate(self._ranked)}
        self._ranks = [ranks[place] for place in range(self.n)]
        self.places, self._is_log = _spread(np.array(self.numbers, dtype=float))

    def __getstate__(self) -> dict[str, Any]:
        return {"values": self.values}

    def encode(self, value: Any) -> float:
        """Place the i-th of k ranked values in the middle of the i-th of k equal parts."""
        return (self._ranks[self._place(value)] + 0.5) / self.n

    def decode(self, u: float) -> Any:
        """Return the value in whose part of [0, 1] a place lies."""
        return self._ranked[min(int(u * self.n), self.n - 1)]

    def snap(self, units: np.ndarray) -> np.ndarray:
        """Return where the values at some places are."""
        return (np.minimum(np.floor(units * self.n), self.n - 1) + 0.5) / self.n

    def nearest(self, value: Any, otherwise: Any) -> Any:
        """Return the value itself or the listed number that is nearest on their scale.

        Of two the lower one, and ``otherwise`` for what is no number.
        """
        place = self.index(value)
        if place is not None:
            return self._distinct[place]
        if not (is_number(value) and value == value):
            return otherwise
        numbers, number = self.numbers, value
        end = bisect.bisect_left(numbers, number)
        if end in (0, len(numbers)):
            return numbers[max(end - 1, 0)]
        low, high = numbers[end - 1 : end + 1]
        if number == high:  # infinity, perhaps
            return high
        if self._is_log:
            return low if number / low <= high / number else high
        return low if number - low <= high - number else high


def is_ordered(values: Sequence[Any]) -> bool:
    """Return whether three values or more are numbers, no two of which are equal, as 1 and 1.0."""
    numbers = list(filter(_has_rank, values))
    n_numbers = len(set(numbers))
    return n_numbers >= _FEWEST and n_numbers == len({(type(n), n) for n in numbers})


def _has_rank(value: Any) -> TypeGuard[float]:
    """Return whether a value is a number among floats; NaN has no order."""
    if type(value) is float:
        return value == value
    if not is_number(value):
        return False
    return abs(value) <= sys.float_info.max


def _spread(numbers: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the places of ascending numbers in [0, 1], and whether these are logarithmic."""
    by_value, unevenness = _stretch(numbers)
    if 0 < numbers[0] <= numbers[-1] / _WIDE:
        by_log, unevenness_of_logs = _stretch(np.log(numbers))
        if unevenness_of_logs < unevenness:
            return by_log, True
    if unevenness <= _UNEVEN:
        return by_value, False
    return np.linspace(0.0, 1.0, len(numbers)), False


def _stretch(numbers: np.ndarray) -> tuple[np.ndarray, float]:
    """Return numbers moved to [0, 1], and how far they are from even; inf if some coincide."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinity, or beyond half of all floats
        places = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    if not (np.diff(places) > 0).all():
        return places, math.inf
    return places, float(np.abs(places - np.linspace(0.0, 1.0, len(numbers))).max())
