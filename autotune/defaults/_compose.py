"""Built-in spaces of whole estimators: own parameters and those of everything nested."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from ._example import example_space
from ._registry import SubSpaces, own_spaces

# A union of more sub-spaces cannot be explored within any usual budget.
MAX_SUBSPACES = 32


def default_space(estimator: Any, prefix: str = "") -> dict[str, Any] | SubSpaces:
    """Return the built-in search space of an estimator.

    Pipelines, column transformers, ensembles and meta-estimators are searched for models
    with a built-in space; their parameters are named as in ``set_params``. Numeric
    parameters are searched whatever their present value; a parameter that chooses among
    kinds (``class_weight``, ``weights``, ``activation``) is searched only where the
    estimator has scikit-learn's default, and a ``kernel`` or ``metric`` is never changed.

    Parameters
    ----------
    estimator : estimator instance
        Fitted or not; it is not changed.
    prefix : str, default=""
        Put before every name, for an estimator that is itself nested: ``"svc__"``.

    Returns
    -------
    dict or list of dict
        In the syntax of the ``space`` parameter: a list holds choices, a tuple
        ``(low, high)`` or ``(low, high, "log-uniform")`` is an interval, and a list of
        dicts is a union of sub-spaces.

    Raises
    ------
    ValueError
        If neither the estimator nor anything nested in it has a built-in space.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from autotune.defaults import default_space
    >>> default_space(make_pipeline(StandardScaler(), Ridge()))
    {'ridge__alpha': (0.0001, 10000.0, 'log-uniform')}
    """
    spaces = _collect(estimator, prefix)
    if not spaces:
        raise ValueError(_unknown_message(estimator))
    return spaces[0] if len(spaces) == 1 else spaces


def has_default_space(estimator: Any) -> bool:
    """Say whether `default_space` knows a space for the estimator.

    Parameters
    ----------
    estimator : estimator instance

    Returns
    -------
    bool
    """
    return bool(_collect(estimator, ""))


def _collect(estimator: Any, prefix: str) -> SubSpaces:
    """Return the sub-spaces of the estimator and all that is nested in it, [] if none."""
    own = [
        {f"{prefix}{name}": values for name, values in space.items()}
        for space in own_spaces(estimator)
    ]
    unions = [own] if own else []
    for name, child in _children(estimator):
        nested = _collect(child, f"{prefix}{name}__")
        if nested:
            unions.append(nested)
    return _product(unions)


def _children(estimator: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the object of every estimator directly below this one."""
    # deep=True lists the members of steps, transformers and estimators by their names; what
    # lies deeper has "__" in its name and is reached through its own parent.
    for name, value in estimator.get_params(deep=True).items():
        if "__" not in name and is_estimator(value):
            yield name, value


def is_estimator(value: Any) -> bool:
    """Say whether the value is an estimator instance."""
    return hasattr(value, "fit") and hasattr(value, "get_params") and not isinstance(value, type)


def _product(unions: list[SubSpaces]) -> SubSpaces:
    """Return every combination of one sub-space of each union, merged."""
    if not unions:
        return []
    if math.prod(map(len, unions)) > MAX_SUBSPACES:
        # max() returns the first of equals.
        unions = [[max(union, key=len)] for union in unions]
    return [
        {name: values for space in combination for name, values in space.items()}
        for combination in product(*unions)
    ]


def _unknown_message(estimator: Any) -> str:
    """Say that there is no space and show how one is written for this very estimator."""
    name = type(estimator).__name__
    nested = [type(child).__name__ for _, child in _children(estimator)]
    where = f"{name}, nor for anything in it ({', '.join(nested)})" if nested else name
    example = example_space(estimator) or "{'parameter': (low, high), 'other': [choice, choice]}"
    return (
        f"space='auto': there is no built-in search space for {where}. Write the space: a "
        f"dict from the names of parameters to ranges, for example space={example}. A list "
        "holds choices, (low, high) is an interval, (low, high, 'log-uniform') one on a log "
        "scale."
    )
