"""Configurations as human-readable JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .._texts import choice_text, short_repr
from ._dimensions import Dimension

Subspaces = Sequence[Mapping[str, Dimension]]


def to_json(subspaces: Subspaces, found: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """Write a configuration of the sub-space with index ``found``."""
    result = {}
    for name, dimension in subspaces[found].items():
        value = params[name]
        place = dimension.index(value)
        if _is_native(value):
            result[name] = value
        elif place is not None:
            # The same index means something else in another sub-space.
            where = {"subspace": found} if len(subspaces) > 1 else {}
            result[name] = {"choice": place, **where, "repr": choice_text(value)}
        else:
            result[name] = _write_drawn(name, dimension, value)
    return result


def _is_native(value: Any) -> bool:
    """Return whether JSON gives back exactly this value."""
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (bool, int, str)


def _write_drawn(name: str, dimension: Dimension, value: Any) -> Any:
    """Write a value that is no choice: a number of some other type, or a drawn sequence."""
    if dimension.kind == "int":
        return int(value)
    if dimension.kind == "float":
        return float(value)
    if _is_native(value):
        return value
    if type(value) in (tuple, list):
        return {type(value).__name__: [_write_drawn(name, dimension, item) for item in value]}
    raise ValueError(f"space[{name!r}] drew a value that JSON cannot hold: {short_repr(value)}")


def from_json(subspaces: Subspaces, obj: Any) -> dict[str, Any] | None:
    """Read a configuration of the first sub-space that it fits, None if there is none."""
    if not isinstance(obj, Mapping):
        return None
    for i, subspace in enumerate(subspaces):
        if obj.keys() != subspace.keys():
            continue
        try:
            return {name: _read(i, dimension, obj[name]) for name, dimension in subspace.items()}
        except LookupError:
            continue
    return None


def _read(subspace: int, dimension: Dimension, written: Any) -> Any:
    """Read one value; LookupError if the range does not hold it."""
    if isinstance(written, Mapping):
        if "choice" in written:
            return _read_choice(subspace, dimension, written)
        value = _read_drawn(written)
    else:
        value = written
    if value not in dimension:
        raise LookupError(value)
    place = dimension.index(value)
    return value if place is None else dimension.choices[place]


def _read_choice(subspace: int, dimension: Dimension, written: Mapping[str, Any]) -> Any:
    """Read a choice by its index; LookupError if it belongs elsewhere."""
    place = written["choice"]
    if type(place) is not int or place < 0 or written.get("subspace", subspace) != subspace:
        raise LookupError(place)
    return dimension.choices[place]


def _read_drawn(written: Any) -> Any:
    """Read a drawn sequence."""
    if not isinstance(written, Mapping):
        return written
    for kind in (tuple, list):
        if written.keys() == {kind.__name__}:
            return kind(map(_read_drawn, written[kind.__name__]))
    raise LookupError(written)
