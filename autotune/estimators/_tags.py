"""The combined tags of several models."""

from __future__ import annotations

from copy import copy
from dataclasses import fields, is_dataclass
from typing import Any

# What limits the whole race only if it limits every model; all else is enabled by one model.
_NEED_ALL = {"array_api_support", "pairwise", "positive_only", "required", "requires_fit"}


def combine_tags(tags: list[Any]) -> Any:
    """Return the tags of several models: those that do not support the data fail and cannot win."""
    combined = copy(tags[0])
    for field in fields(combined):
        values = [getattr(one, field.name) for one in tags]
        if isinstance(values[0], bool):
            rule = all if field.name in _NEED_ALL else any
            setattr(combined, field.name, rule(values))
        elif all(map(is_dataclass, values)):
            setattr(combined, field.name, combine_tags(values))
    return combined
