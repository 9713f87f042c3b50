"""The parameters of a space: their ranges, and where the chosen values lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ..pictures import Scale, Search
from ..space import Interval
from ._texts import number_text, shorten, value_text


@dataclass(frozen=True)
class Parameter:
    """A parameter that the chosen configuration has.

    Attributes
    ----------
    name : str
    value, untuned, searched : str
        Its value, the untuned model's ("" if that is not known) and the range.
    place : float
        Where the value lies between the ends of the range, 0 to 1; NaN where there is no
        range of numbers.
    share : float
        The share of the differences between scores in which it takes part; NaN if unknown.
    """

    name: str
    value: str
    untuned: str
    searched: str
    place: float
    share: float


def parameters_of(
    search: Search, scales: list[Scale], shares: Mapping[str, float]
) -> list[Parameter]:
    """Return the parameters of the chosen configuration, none if nothing was chosen."""
    if search.winner is None:
        return []
    by_name = {scale.name: scale for scale in scales}
    default = {} if search.default is None else search.default.params
    return [
        Parameter(
            name,
            value_text(value),
            value_text(default[name]) if name in default else "",
            _range(search, name),
            _place(by_name.get(name), search.winner),
            shares.get(name, np.nan),
        )
        for name, value in search.history[search.winner].params.items()
    ]


def _range(search: Search, name: str) -> str:
    """Return what was searched of a parameter."""
    dimensions = [space[name] for space in search.space.subspaces if name in space]
    if dimensions and all(dimension.choices for dimension in dimensions):
        choices = chain.from_iterable(dimension.choices for dimension in dimensions)
        return shorten(f"[{', '.join(dict.fromkeys(map(value_text, choices)))}]", 90)
    texts = dict.fromkeys(_range_text(dimension) for dimension in dimensions)
    return shorten(" or ".join(texts), 90)


def _range_text(dimension: Any) -> str:
    """Return a range; models are named."""
    if isinstance(dimension, Interval):
        low, high = number_text(dimension.low), number_text(dimension.high)
        return f"{low} to {high}" + (", logarithmic" if dimension.log else "")
    if dimension.choices:
        return f"[{', '.join(map(value_text, dimension.choices))}]"
    return str(dimension.fingerprint())


def _place(scale: Scale | None, number: int) -> float:
    """Return where a trial's number lies between the bounds, NaN if it has or they are none."""
    if scale is None or scale.bounds is None or scale.bounds[0] == scale.bounds[1]:
        return float("nan")
    value, low, high = scale.unit([scale.numbers[number], *scale.bounds])
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
