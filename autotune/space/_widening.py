"""Spaces with room beyond their bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ._dimensions import Dimension, Interval
from ._space import Space
from ._values import is_number

LOW, HIGH = "low", "high"
_ROOM = 0.5  # of an interval's length, on either side
_FACTOR = 10.0  # by which the end of a logarithmic one moves at least
_AT_END = 0.05  # of an interval's length; what is as near to an end lies on it

Accepts = Callable[[Mapping[str, Dimension], str, Any], bool]


def widen(space: Space, accepts: Accepts) -> Space:
    """Return a space whose intervals reach further, as far as the model accepts the new ends.

    Each end moves by half of the interval's length; by that of its logarithm, and at least a
    factor of 10, if it is logarithmic. The ends 0 and 1 of other intervals, which are those of
    shares and penalties, stay where they are; no end crosses 0.

    Parameters
    ----------
    space : Space
    accepts : callable
        ``accepts(subspace, name, value)`` returns whether a parameter may have a value.
    """
    widened = []
    for subspace in space.subspaces:
        wide = dict(subspace)
        for name, dimension in subspace.items():
            if isinstance(dimension, Interval):
                ends = {
                    end: value
                    for end, value in _further(dimension).items()
                    if accepts(subspace, name, value)
                }
                wide[name] = _with_ends(dimension, ends)
        widened.append(wide)
    return Space(widened)


def move_ends(space: Space, wide: Space, ends: Collection[tuple[str, str]]) -> Space:
    """Return a space with some ends, given as (name, LOW or HIGH), where a wider space has them."""
    moved = []
    for subspace, wider in zip(space.subspaces, wide.subspaces, strict=True):
        dimensions = dict(subspace)
        for name, dimension in subspace.items():
            if isinstance(dimension, Interval):
                new = {end: getattr(wider[name], end) for end in (LOW, HIGH) if (name, end) in ends}
                dimensions[name] = _with_ends(dimension, new)
        moved.append(dimensions)
    return Space(moved)


def enclose(space: Space, wide: Space, configurations: Iterable[Mapping[str, Any]]) -> Space:
    """Return a space with those ends moved beyond which configurations of a wider one lie."""
    ends = set()
    for params in (params for params in configurations if params not in space):
        for subspace in space.subspaces:
            for name in subspace.keys() & params.keys():
                dimension, value = subspace[name], params[name]
                if isinstance(dimension, Interval) and is_number(value):
                    ends |= {(name, LOW)} if value < dimension.low else set()
                    ends |= {(name, HIGH)} if value > dimension.high else set()
    return move_ends(space, wide, ends) if ends else space


def movable_ends(space: Space, wide: Space) -> set[tuple[str, str]]:
    """Return the ends that a wider space has elsewhere."""
    return {
        (name, end)
        for subspace, wider in zip(space.subspaces, wide.subspaces, strict=True)
        for name, dimension in subspace.items()
        for end in (LOW, HIGH)
        if getattr(dimension, end, None) != getattr(wider[name], end, None)
    }


def ends_of(space: Space, params: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the ends of intervals on which a configuration of a space lies."""
    ends = set()
    for subspace in space.subspaces:
        if params not in Space([subspace]):
            continue
        for name, dimension in subspace.items():
            if isinstance(dimension, Interval):
                value, place = params[name], dimension.encode(params[name])
                if value == dimension.low or place < _AT_END:
                    ends.add((name, LOW))
                if value == dimension.high or place > 1.0 - _AT_END:
                    ends.add((name, HIGH))
    return ends


def _further(interval: Interval) -> dict[str, float]:
    """Return the ends of an interval that can move, and where to."""
    low, high = interval.low, interval.high
    if interval.log:
        factor = max((high / low) ** _ROOM, _FACTOR)
        ends = {LOW: low / factor, HIGH: high * factor}
    else:
        room = _ROOM * (high - low)
        ends = {LOW: low - room, HIGH: high + room}
        if low > 0:
            ends[LOW] = max(ends[LOW], low / 2)
        if high < 0:
            ends[HIGH] = min(ends[HIGH], high / 2)
        ends = {end: value for end, value in ends.items() if getattr(interval, end) not in (0, 1)}
    if interval.integer:
        ends = {end: (math.floor if end == LOW else math.ceil)(v) for end, v in ends.items()}
        ends = {end: max(value, 1) if low >= 1 else value for end, value in ends.items()}
    return {end: value for end, value in ends.items() if math.isfinite(value)}


def _with_ends(interval: Interval, ends: Mapping[str, float]) -> Interval:
    """Return an interval with other ends."""
    low, high = ends.get(LOW, interval.low), ends.get(HIGH, interval.high)
    return Interval(low, high, interval.log, interval.integer)
