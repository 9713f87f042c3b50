"""The space of known configurations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ._dimensions import Choice, Dimension, Interval
from ._space import Space
from ._values import is_number

_LOG_RATIO = 100  # of the largest to the smallest number, from which a range is logarithmic


def span(configurations: Sequence[Mapping[str, Any]]) -> Space:
    """Return the smallest space that holds some configurations.

    Finite numbers span an interval, and all other values are choices. Configurations that differ
    in their parameters, or in which of them are numbers, are in different sub-spaces.
    """
    kinds = [{name: _is_finite(params[name]) for name in params} for params in configurations]
    values: dict[tuple[str, bool], list[Any]] = {}
    for kind, params in zip(kinds, configurations, strict=True):
        for part in kind.items():
            values.setdefault(part, []).append(params[part[0]])
    ranges = {part: _range(found, part[1]) for part, found in values.items()}
    distinct = dict.fromkeys(tuple(sorted(kind.items())) for kind in kinds)
    return Space([{part[0]: ranges[part] for part in kind} for kind in distinct])


def _is_finite(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return is_number(value) and abs(value) < math.inf


def _range(values: Sequence[Any], are_numbers: bool) -> Dimension:
    """Return the range that some values of a parameter span."""
    if not are_numbers or min(values) == max(values):
        return Choice(values)
    low, high = min(values), max(values)
    is_log = low > 0 and high >= _LOG_RATIO * low
    return Interval(low, high, is_log, all(isinstance(value, int) for value in values))
