"""The parameters of a model: one rule for spaces, resources and error messages."""

from __future__ import annotations

import inspect
import sys
from difflib import get_close_matches
from typing import Any

from ..compat import clone

_SIMILAR = 0.85  # similarity from which a word is taken for a misspelling
_NOBODYS = "no_parameter_has_this_name"


def find_parameter(model: Any, name: str) -> tuple[Any, str] | None:
    """Return the estimator that a parameter belongs to, with its name there; None if to none.

    A model has the parameters that ``get_params`` lists and those that ``set_params`` accepts.
    If ``set_params`` accepts any name, the constructor must name the parameter. If the
    constructor accepts any name too, as for the aliases of LightGBM, the library's own list
    decides or, without one, every name is valid unless it looks like a misspelling.

    Parameters
    ----------
    model : estimator
    name : str
        May reach into nested estimators, as in ``set_params``.
    """
    own = model.get_params(deep=True)
    outer, _, last = name.rpartition("__")
    if name in own:
        return (own.get(outer), last) if outer else (model, name)
    head, _, rest = name.partition("__")
    inner = own.get(head)
    if rest and hasattr(inner, "get_params") and not isinstance(inner, type):
        return find_parameter(inner, rest)
    return (model, name) if _has_unlisted(model, name, own) else None


def suggest(model: Any, name: str, prefix: str = "") -> str:
    """Return a suggestion for an unknown name, without a prefix."""
    own = model.get_params(deep=True)
    known = sorted({*own, *_constructor_names(model)} - {name})
    nested = [other for other in known if _is_nested(name, other) or _is_nested(other, name)]
    lower = {other.lower(): other for other in known}
    close = nested or [lower[other] for other in get_close_matches(name.lower(), lower, n=1)]
    if close:
        return f"did you mean {close[0].removeprefix(prefix)!r}?"
    return f"it has {', '.join(other.removeprefix(prefix) for other in known) or 'none'}"


def _is_nested(name: str, other: str) -> bool:
    """Return whether a name is another one with steps before it, whatever its case."""
    return other.lower().endswith(f"__{name.lower()}")


def _has_unlisted(model: Any, name: str, own: dict[str, Any]) -> bool:
    """Return whether a model has a parameter that its ``get_params`` does not list."""
    if not _can_set(model, name):
        return False
    named = _constructor_names(model)
    if name in named:
        return True
    if not _can_set(model, _NOBODYS):
        return True
    if not _takes_any_name(model):
        return False
    head, _, rest = name.partition("__")
    if rest:
        return head in own  # passed on by wrappers of networks, as module__width
    listed = _lightgbm_names(model)
    return not _looks_misspelt(name, named | set(own)) if listed is None else name in listed


def _constructor_names(model: Any) -> set[str]:
    """Return the parameters that the constructors of a model's class and its bases name."""
    names: set[str] = set()
    for cls in type(model).__mro__:
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        parameters = _signature(cls)
        names |= {name for name, parameter in parameters.items() if parameter.kind in kinds}
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
            break  # nothing is handed on to the bases
    return names


def _takes_any_name(model: Any) -> bool:
    """Return whether a model's constructor takes names that it does not list."""
    kinds = {parameter.kind for parameter in _signature(type(model)).values()}
    return inspect.Parameter.VAR_KEYWORD in kinds


def _signature(cls: type) -> dict[str, inspect.Parameter]:
    """Return the parameters of a class's constructor, if it has a signature."""
    try:
        return dict(inspect.signature(cls).parameters)
    except (TypeError, ValueError):
        return {}


def _can_set(model: Any, name: str) -> bool:
    """Return whether ``set_params`` takes a name."""
    try:
        clone(model).set_params(**{name: None})
    except Exception:  # its own way to say no
        return False
    return True


def _lightgbm_names(model: Any) -> frozenset[str] | None:
    """Return all parameters of LightGBM with their aliases; None for other models."""
    module = sys.modules.get("lightgbm.basic")
    if module is None or not isinstance(model, sys.modules["lightgbm"].LGBMModel):
        return None
    try:
        table = module._ConfigAliases._get_all_param_aliases()
    except Exception:  # it is private, so that it may change
        return None
    return frozenset(table) | {alias for aliases in table.values() for alias in aliases}


def _looks_misspelt(name: str, known: set[str]) -> bool:
    """Return whether a name, or one of its words, is nearly, but not quite, a known one."""
    if get_close_matches(name, known, n=1, cutoff=_SIMILAR):
        return True
    words = {_singular(word) for other in known for word in other.split("_")}
    return any(
        word not in words and get_close_matches(word, words, n=1, cutoff=_SIMILAR)
        for word in map(_singular, name.split("_"))
    )


def _singular(word: str) -> str:
    """Return a word without its plural's s."""
    return word.removesuffix("s")
