"""Which built-in space belongs to which model."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import _bayes, _boosting, _forest, _linear, _neighbors, _neural, _svm, _tree

SubSpaces = list[dict[str, Any]]
T = TypeVar("T")
# A space that depends on how the model was set up is a function of its parameters.
Entry = dict[str, Any] | Callable[[Mapping[str, Any]], dict[str, Any] | SubSpaces]

# Keyed by "package.Class", not by the class, so that no model is imported to be known, and
# without the modules between the two, which are private in scikit-learn and may change.
_ENTRIES: dict[str, Entry] = {
    **_bayes.SPACES,
    **_boosting.SPACES,
    **_forest.SPACES,
    **_linear.SPACES,
    **_neighbors.SPACES,
    **_neural.SPACES,
    **_svm.SPACES,
    **_tree.SPACES,
}


def known_models() -> tuple[str, ...]:
    """Return the ``package.Class`` of every model with a built-in space, sorted."""
    return tuple(sorted(_ENTRIES))


def own_spaces(estimator: Any) -> SubSpaces:
    """Return the sub-spaces of the estimator itself, without its nested ones; [] if unknown."""
    entry = nearest_entry(type(estimator), _ENTRIES)
    if entry is None:
        return []
    params = estimator.get_params(deep=False)
    found = entry(params) if callable(entry) else entry
    defaults = _default_params(type(estimator))
    spaces = []
    for space in found if isinstance(found, list) else [found]:
        kept = {
            name: values
            for name, values in space.items()
            if name in params and not _is_chosen(values, params[name], defaults.get(name))
        }
        if kept and kept not in spaces:
            spaces.append(kept)
    return spaces


def nearest_entry(cls: type, table: Mapping[str, T]) -> T | None:
    """Return a table's entry for the nearest known class among the bases."""
    for base in cls.__mro__:
        package = base.__module__.partition(".")[0]
        entry = table.get(f"{package}.{base.__qualname__}")
        if entry is not None:
            return entry
    return None


def _default_params(cls: type) -> dict[str, Any]:
    """Return the default values in the signature of the class."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _is_chosen(values: Any, value: Any, default: Any) -> bool:
    """Say whether the user took one of several kinds (a metric, weights), which we then keep.

    Numbers are what tuning is for, so an interval is searched whatever the value was.
    """
    if not isinstance(values, list) or value is default:
        return False
    # Types first: comparing an array with a default would not give a truth value.
    return type(value) is not type(default) or bool(value != default)
