"""From a configuration to an estimator that can be fitted."""

from __future__ import annotations

import numbers
from typing import Any

from sklearn.base import clone

from .._seeds import seed_estimator

CHOSEN = "estimator"  # the parameter that names the model where several are in the race


def build(estimator: Any, params: dict[str, Any], seed: int) -> Any:
    """Return an unfitted copy of ``estimator`` with a configuration and a seed.

    ``estimator=None`` stands for a list of estimators: the configuration holds the chosen
    one as ``"estimator"`` and that one's parameters as ``"estimator__<name>"``.
    """
    params = {name: _copy(value) for name, value in params.items()}
    if estimator is None:
        built = params.pop(CHOSEN)
        params = {name.removeprefix(f"{CHOSEN}__"): value for name, value in params.items()}
    else:
        built = clone(estimator)
    if params:
        built.set_params(**params)
    seed_estimator(built, seed)
    return built


def _copy(value: Any) -> Any:
    """Return a copy of a parameter's value, so that a fit cannot change the space."""
    if value is None or isinstance(value, str | numbers.Number):
        return value
    return clone(value, safe=False)
