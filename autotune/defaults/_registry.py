"""The registry of built-in spaces."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .._texts import short_repr
from ..space import Space
from . import (
    _bayes,
    _boosting,
    _decomposition,
    _discriminant,
    _forest,
    _kernel,
    _libraries,
    _linear,
    _neighbors,
    _neural,
    _preparation,
    _samplers,
    _svm,
    _text_steps,
    _tree,
)
from ._facts import Facts, resolved
from ._libraries import ALIASES

SubSpaces = list[dict[str, Any]]
T = TypeVar("T")
# A space that depends on how the model was set up is a function of its parameters.
Entry = dict[str, Any] | SubSpaces | Callable[[Mapping[str, Any]], dict[str, Any] | SubSpaces]

FAMILIES = (
    _boosting,
    _libraries,
    _forest,
    _tree,
    _linear,
    _svm,
    _kernel,
    _neighbors,
    _bayes,
    _discriminant,
    _neural,
    _preparation,
    _decomposition,
    _text_steps,
    _samplers,
)
# Keyed by "package.Class", not by the class, so that no model is imported to be known, and
# without the modules between the two, which are private in scikit-learn and may change.
_ENTRIES: dict[str, Entry] = {
    name: entry for family in FAMILIES for name, entry in family.SPACES.items()
}
_registered: dict[type, Entry] = {}  # by the user


def known_models() -> tuple[str, ...]:
    """Return the ``package.Class`` of every model with a built-in space, sorted."""
    return tuple(sorted(_ENTRIES))


def register_space(cls: type, space: Any) -> None:
    """Register the built-in space of a class, for ``space="auto"`` and `default_space`.

    It also applies to subclasses, in this process only, and replaces an existing one.

    Parameters
    ----------
    cls : type
        The class of an estimator.
    space : dict, list of dict, callable or None
        In the syntax of the ``space`` parameter. A callable gets the estimator's parameters,
        as ``get_params(deep=False)`` returns them, and returns a dict or a list of dicts. None
        removes the registered space.

    Raises
    ------
    TypeError, ValueError
        If ``cls`` is not a class or ``space`` not a valid space.

    Examples
    --------
    >>> from sklearn.linear_model import QuantileRegressor
    >>> from autotune import default_space, register_space
    >>> class Median(QuantileRegressor):
    ...     pass
    >>> register_space(Median, {"alpha": (0.001, 1.0, "log-uniform")})
    >>> default_space(Median())
    {'alpha': (0.001, 1.0, 'log-uniform')}
    """
    if not isinstance(cls, type):
        raise TypeError(f"cls must be the class of an estimator; got {short_repr(cls)}")
    if space is None:
        _registered.pop(cls, None)
        return
    if not callable(space):
        Space.parse(space)  # raises if it is invalid
    _registered[cls] = space


def own_spaces(estimator: Any, facts: Facts | None = None) -> SubSpaces:
    """Return the sub-spaces of the estimator without nested ones; [] if unknown."""
    cls = type(estimator)
    registered = next((_registered[base] for base in cls.__mro__ if base in _registered), None)
    entry = nearest_entry(cls, _ENTRIES) if registered is None else registered
    if entry is None:
        return []
    params = estimator.get_params(deep=False)
    found = entry(params) if callable(entry) else entry
    defaults = default_params(cls)
    own = nearest_entry(cls, ALIASES) or {}
    spaces = []
    for space in found if isinstance(found, list) else [found]:
        kept = {
            _own_name(name, own, params): values
            for name, values in resolved(space, facts).items()
            if (registered is not None or name in params or name in defaults)
            and not _is_chosen(values, params.get(name), defaults.get(name))
        }
        if kept and (registered is not None or kept not in spaces):
            spaces.append(kept)
    return spaces


def _own_name(name: str, aliases: Mapping[str, tuple[str, ...]], params: Mapping[str, Any]) -> str:
    """Return the alias by which the user has set a parameter, or its name."""
    return next((a for a in aliases.get(name, ()) if params.get(a) is not None), name)


def nearest_entry(cls: type, table: Mapping[str, T]) -> T | None:
    """Return a table's entry for the nearest known class among the bases."""
    for base in cls.__mro__:
        package = base.__module__.partition(".")[0]
        entry = table.get(f"{package}.{base.__qualname__}")
        if entry is not None:
            return entry
    return None


def default_params(cls: type) -> dict[str, Any]:
    """Return the default values in the signature of a class."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _is_chosen(values: Any, value: Any, default: Any) -> bool:
    """Return whether the user chose one of several kinds (a metric, weights), which is kept.

    Intervals are searched even if the user set a number.
    """
    if not isinstance(values, list) or value is default:
        return False
    # Types first: comparing an array with a default would not give a truth value.
    return type(value) is not type(default) or bool(value != default)
