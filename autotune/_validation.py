"""Checks of parameters and data, before anything is fitted."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags, indexable

Fold = tuple[np.ndarray, np.ndarray]


def check_model(name: str, model: Any, *, classifier: bool) -> None:
    """Check that a model is an unfitted-able instance of the right kind."""
    kind = "classifier" if classifier else "regressor"
    rule = f"{name} must be an instance of a {kind} with fit and get_params"
    if isinstance(model, type):
        raise TypeError(f"{rule}; got the class {model.__name__}: write {model.__name__}()")
    if not (hasattr(model, "fit") and hasattr(model, "get_params")):
        raise TypeError(f"{rule}; got {model!r}")
    if classifier and is_regressor(model):
        raise TypeError(f"{rule}; got the regressor {model!r}: use AutoTunedRegressor")
    if not classifier and is_classifier(model):
        raise TypeError(f"{rule}; got the classifier {model!r}: use AutoTunedClassifier")


def check_settings(owner: Any) -> None:
    """Check the parameters that no other part of the house checks."""
    for name in ("include_default", "return_train_score", "warm_start"):
        _check_type(name, getattr(owner, name), bool | np.bool_, "True or False")
    if isinstance(owner.estimator, list) and not owner.estimator:
        raise ValueError("estimator must be a model or a list of at least one; got an empty list")
    refit = owner.refit
    if not (isinstance(refit, bool | str) or callable(refit)):
        raise TypeError(f"refit must be True, False, a scorer's name or a callable; got {refit!r}")
    error_score = owner.error_score
    if error_score != "raise":
        _check_type("error_score", error_score, numbers.Real, "'raise' or a number")
    if owner.n_jobs is not None:
        _check_type("n_jobs", owner.n_jobs, numbers.Integral, "None or an integer other than 0")
        if owner.n_jobs == 0:
            raise ValueError("n_jobs must be None or an integer other than 0; got 0")
    _check_type("verbose", owner.verbose, numbers.Integral | np.bool_, "a number of at least 0")
    if owner.verbose < 0:
        raise ValueError(f"verbose must be a number of at least 0; got {owner.verbose!r}")


def _check_type(name: str, value: Any, types: Any, rule: str) -> None:
    """Check the type of one parameter; a bool is no number here."""
    is_wrong_bool = isinstance(value, bool) and rule.startswith(("'raise'", "None"))
    if not isinstance(value, types) or is_wrong_bool:
        raise TypeError(f"{name} must be {rule}; got {value!r}")


def check_data(X: Any, y: Any, owner: Any) -> tuple[Any, Any]:
    """Return X and y in a form that can be indexed by rows."""
    if y is None and get_tags(owner).target_tags.required:
        raise ValueError(
            f"This {type(owner).__name__} requires y to be passed, but the target y is None"
        )
    return indexable(X, y)


def check_folds(cv: Any, X: Any, y: Any, split_params: dict, *, classifier: bool) -> list[Fold]:
    """Return the folds, drawn once, as arrays of row numbers."""
    splitter = check_cv(cv, y, classifier=classifier)
    folds = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(X, y, **split_params)]
    if not folds:
        raise ValueError(f"cv must yield at least one fold; got {cv!r}, which yields none")
    n_splits = splitter.get_n_splits(X, y, **split_params)
    if len(folds) != n_splits:
        raise ValueError(
            f"cv must yield as many folds as its get_n_splits says; got {len(folds)} folds, "
            f"get_n_splits says {n_splits}"
        )
    for number, (train, test) in enumerate(folds):
        if not len(train) or not len(test):
            raise ValueError(
                f"cv must yield folds with training and test rows; fold {number} has "
                f"{len(train)} and {len(test)}"
            )
    return folds
