"""Cloning of estimators, including models that return copies of their parameters."""

from __future__ import annotations

import sys
from copy import copy
from typing import Any

import sklearn.base
from sklearn.base import BaseEstimator, _clone_parametrized

from ._libraries import library_of


def clone(estimator: Any, *, safe: bool = True) -> Any:
    """Return an unfitted copy, as scikit-learn's function does, also of models of CatBoost.

    CatBoost's ``get_params`` returns copies of lists and dicts, as of ``cat_features``, which
    scikit-learn takes for a constructor that changes its arguments.
    """
    if not _holds_catboost(estimator):
        return sklearn.base.clone(estimator, safe=safe)
    if isinstance(estimator, dict):
        return {name: clone(value, safe=safe) for name, value in estimator.items()}
    if isinstance(estimator, list | tuple):
        return type(estimator)([clone(value, safe=safe) for value in estimator])
    if library_of(estimator) == "catboost":
        return type(estimator)(**estimator.get_params())
    usual = BaseEstimator.__sklearn_clone__
    is_usual = getattr(type(estimator), "__sklearn_clone__", usual) is usual
    return clone_parametrized(estimator) if is_usual else estimator.__sklearn_clone__()


def clone_parametrized(estimator: Any) -> Any:
    """Return a copy made from what ``get_params`` returns, whatever else the class says."""
    params = estimator.get_params(deep=False)
    special = {name: value for name, value in params.items() if _holds_catboost(value)}
    shell = copy(estimator) if special else estimator
    for name in special:
        setattr(shell, name, None)
    cloned = _clone_parametrized(shell)
    for name, value in special.items():
        setattr(cloned, name, clone(value, safe=False))
    return cloned


def _holds_catboost(value: Any) -> bool:
    """Return whether a value is, or holds, a model of CatBoost."""
    if "catboost" not in sys.modules:
        return False
    if isinstance(value, dict):
        return any(map(_holds_catboost, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_catboost, value))
    if isinstance(value, type) or not hasattr(value, "get_params"):
        return False
    if library_of(value) == "catboost":
        return True
    return any(map(_holds_catboost, value.get_params(deep=False).values()))
