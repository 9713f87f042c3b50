"""Checks that a model can have the methods that the metric is computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

from sklearn.pipeline import Pipeline

from .._texts import model_name
from ..compat import response_methods
from ..evaluation import build
from ..space import Choice, Draws, is_number
from ._candidates import Candidates
from ._scoring import Scoring

_MOST_BUILT = 1000  # models, with more of which nothing is certain


def check_responses(scoring: Scoring, given: Any, candidates: Candidates) -> None:
    """Refuse a metric if no configuration has a method that it is computed from.

    Parameters
    ----------
    scoring : Scoring
    given : object
        The parameter ``scoring``.
    candidates : Candidates

    Raises
    ------
    ValueError
        If that is certain: some models have a method only once they are fitted.
    """
    for where, scorer in scoring.each.items():
        methods = response_methods(scorer)
        if not methods or _any_may_have(candidates, methods):
            continue
        names = dict.fromkeys(map(model_name, candidates.models.members))
        shown = f"={given!r}" if isinstance(given, str) else ""
        raise ValueError(
            f"{where}{shown} needs a model with {' or '.join(methods)}; got {', '.join(names)}, "
            "without it in every configuration of the space: use another metric or model, or "
            "wrap a classifier in CalibratedClassifierCV"
        )


def _any_may_have(candidates: Candidates, methods: tuple[str, ...]) -> bool:
    """Return whether any configuration may have one of some methods."""
    if any(_may_have(model, methods) for model in candidates.models.members):
        return True
    built = _built(candidates)
    return built is None or any(model is not None and _may_have(model, methods) for model in built)


def _may_have(model: Any, methods: tuple[str, ...]) -> bool:
    """Return whether a model has one of some methods, or may have it once it is fitted."""
    while isinstance(model, Pipeline) and model.steps:
        model = model.steps[-1][1]
    if any(_has(model, method) for method in methods):
        return True
    if not type(model).__module__.startswith("sklearn."):
        return True  # its ``fit`` may make one
    # In scikit-learn conditions are on parameters, and on models inside; one that is not given is
    # made by ``fit``.
    conditional = any(hasattr(type(model), method) for method in methods)
    params = model.get_params(deep=False)
    return conditional and any(
        value is None and name.endswith("estimator") for name, value in params.items()
    )


def _has(model: Any, method: str) -> bool:
    """Return whether a model has a method, or a property in its place that needs a fitted model."""
    try:
        return hasattr(model, method)
    except Exception:  # of the property
        return True


def _built(candidates: Candidates) -> Iterator[Any] | None:
    """Return all models that differ in more than numbers, None if there are too many or unknown."""
    subspaces = candidates.space.subspaces
    if any(isinstance(dimension, Draws) for each in subspaces for dimension in each.values()):
        return None
    choices = [
        {name: d.values for name, d in each.items() if isinstance(d, Choice) and not _is_numeric(d)}
        for each in subspaces
    ]
    if sum(math.prod(map(len, each.values())) for each in choices) > _MOST_BUILT:
        return None
    return (
        _build(candidates.estimator, dict(zip(each, values, strict=True)))
        for each in choices
        for values in product(*each.values())
    )


def _build(estimator: Any, params: dict[str, Any]) -> Any:
    """Return the model of a configuration, None if there can be none: the search records why."""
    try:
        return build(estimator, params, 0)
    except Exception:  # of its own code
        return None


def _is_numeric(choice: Choice) -> bool:
    """Return whether all values are numbers."""
    return all(map(is_number, choice.values))
