"""Built-in spaces of composite estimators: their parameters and those of nested ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from .._texts import short_repr
from ._example import example_space
from ._facts import Facts
from ._preparation import KEEP_FEATURES, MAKE_SPARSE
from ._registry import SubSpaces, own_spaces

# A union of more sub-spaces cannot be explored within any usual budget.
MAX_SUBSPACES = 32
# Beyond as many parameters only the first one of each step before a model is searched.
MAX_DIMENSIONS = 10


def default_space(estimator: Any, X: Any = None, y: Any = None) -> dict[str, Any]:
    """Return the built-in search space of an estimator as a dict to print, change and pass on.

    Pipelines, column transformers, ensembles and meta-estimators are searched for models and
    steps with a built-in space; their parameters are named as in ``set_params``. Numeric
    parameters are searched whatever their current value; a parameter that chooses among
    kinds (``class_weight``, ``weights``, ``activation``) is searched only if the estimator
    has scikit-learn's default, and a ``kernel`` or ``metric`` is never changed.

    With ``space="auto"`` some models have a union of spaces; for example, `SVC` has one with
    numbers for ``gamma`` and one with ``"scale"``. This function returns the first of the
    largest ones.

    Parameters
    ----------
    estimator : estimator instance
        Fitted or not; it is not changed.
    X : array-like of shape (n_samples, n_features), default=None
        The training data, which limit some ranges: the number of neighbours by the rows of a
        fold, the number of components by the features. If the number of features is unknown,
        for example after an encoder, such parameters are omitted. None: as for large data.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
        The target, which limits ``nu`` and the components of partial least squares.

    Returns
    -------
    dict
        In the syntax of the ``space`` parameter: a list holds choices, a tuple
        ``(low, high)`` or ``(low, high, "log-uniform")`` is an interval.

    Raises
    ------
    TypeError
        If ``estimator`` is not an estimator.
    ValueError
        If neither the estimator nor anything nested in it has a built-in space.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from autotune import default_space
    >>> space = default_space(make_pipeline(StandardScaler(), Ridge()))
    >>> space
    {'ridge__alpha': (0.0001, 10000.0, 'log-uniform')}
    >>> space | {"ridge__fit_intercept": [True, False], "ridge__alpha": (0.1, 10.0)}
    {'ridge__alpha': (0.1, 10.0), 'ridge__fit_intercept': [True, False]}
    """
    if not is_estimator(estimator):
        raise TypeError(f"estimator must be an instance of a model; got {short_repr(estimator)}")
    spaces = auto_space(estimator, X=X, y=y)
    return max(spaces, key=len) if isinstance(spaces, list) else spaces


def auto_space(
    estimator: Any, prefix: str = "", X: Any = None, y: Any = None
) -> dict[str, Any] | SubSpaces:
    """Return the space for ``space="auto"``: a dict, or a list of dicts for a union.

    Parameters
    ----------
    estimator, X, y
        As for `default_space`.
    prefix : str, default=""
        A prefix for every name, for an estimator that is itself nested: ``"svc__"``.

    Returns
    -------
    dict or list of dict

    Raises
    ------
    ValueError
        If neither the estimator nor anything nested in it has a built-in space.
    """
    spaces = _collect(estimator, prefix, Facts.of(X, y))
    if not spaces:
        raise ValueError(_unknown_message(estimator))
    return spaces[0] if len(spaces) == 1 else spaces


def has_default_space(estimator: Any) -> bool:
    """Return whether `default_space` knows a space for the estimator.

    Parameters
    ----------
    estimator : estimator instance

    Returns
    -------
    bool
    """
    return bool(_collect(estimator, "", None))


def _collect(estimator: Any, prefix: str, facts: Facts | None) -> SubSpaces:
    """Return the sub-spaces of the estimator and all nested ones, [] if none."""
    own = [
        {f"{prefix}{name}": values for name, values in space.items()}
        for space in own_spaces(estimator, facts)
    ]
    unions = [own] if own else []
    steps: list[SubSpaces] = []
    for name, child, seen in _children(estimator, facts):
        nested = _collect(child, f"{prefix}{name}__", seen)
        if nested:
            (steps if _is_step(child) else unions).append(nested)
    if _n_dimensions(unions + steps) > MAX_DIMENSIONS:
        steps = [[_first_of_each(space) for space in union[:1]] for union in steps]
    return _product(unions + steps)


def _is_step(estimator: Any) -> bool:
    """Return whether an estimator prepares data for a model: a transformer or a sampler."""
    return not hasattr(estimator, "predict")


def _n_dimensions(unions: list[SubSpaces]) -> int:
    """Return how many parameters are searched together."""
    return sum(max(map(len, union)) for union in unions)


def _first_of_each(space: dict[str, Any]) -> dict[str, Any]:
    """Return the first parameter of each step, which matters most."""
    first = {name.rpartition("__")[0]: name for name in reversed(space)}
    return {name: values for name, values in space.items() if name in first.values()}


def _children(estimator: Any, facts: Facts | None) -> Iterator[tuple[str, Any, Facts | None]]:
    """Yield name, object and facts of every estimator directly below this one."""
    # deep=True lists the members of steps, transformers and estimators by their names; what
    # lies deeper has "__" in its name and is reached through its own parent.
    seen = {} if facts is None else _facts_of_members(estimator, facts)
    for name, value in estimator.get_params(deep=True).items():
        if "__" not in name and is_estimator(value):
            yield name, value, seen.get(name, facts)


def _facts_of_members(estimator: Any, facts: Facts) -> dict[str, Facts]:
    """Return facts about the data of members, if they differ."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    seen = {"final_estimator": facts.reshaped()}
    for name, step in estimator.steps if isinstance(estimator, Pipeline) else ():
        seen[name] = facts
        if hasattr(step, "fit_resample"):
            facts = facts.resampled()
        elif type(step).__name__ not in KEEP_FEATURES and is_estimator(step):
            stays_sparse = facts.sparse and hasattr(step, "get_support")
            facts = facts.reshaped(sparse=stays_sparse or _makes_sparse(step))
    if isinstance(estimator, ColumnTransformer):
        seen["remainder"] = facts.reshaped(sparse=facts.sparse)
        for name, _, columns in estimator.transformers:
            is_listed = isinstance(columns, list | tuple)
            n_features = len(columns) if is_listed else None
            seen[name] = facts.reshaped(n_features, sparse=facts.sparse)
    return seen


def _makes_sparse(step: Any) -> bool:
    """Return whether a step, or one within it, may return a sparse matrix."""
    return any(
        getattr(value, "sparse_output", False) or type(value).__name__ in MAKE_SPARSE
        for value in (step, *step.get_params(deep=True).values())
    )


def is_estimator(value: Any) -> bool:
    """Return whether the value is an estimator instance."""
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
    """Return an error message with an example of a space for this estimator."""
    name = type(estimator).__name__
    nested = [type(child).__name__ for _, child, _ in _children(estimator, None)]
    where = f"{name}, nor for anything in it ({', '.join(nested)})" if nested else name
    example = example_space(estimator) or "{'parameter': (low, high), 'other': [choice, choice]}"
    return (
        f"space='auto': there is no built-in search space for {where}. Write the space: a "
        f"dict from the names of parameters to ranges, for example space={example}. A list "
        "holds choices, (low, high) is an interval, (low, high, 'log-uniform') one on a log "
        "scale."
    )
