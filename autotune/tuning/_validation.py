"""Validation of parameters and data."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import (
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedShuffleSplit,
    check_cv,
)
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, check_random_state, get_tags, indexable

from .._texts import short_repr, warn
from ..compat import clone, is_own_score, num_samples, only_predicts, to_numpy
from ..defaults import date_columns
from ..ensembles import FEWEST_FOLDS, LEAST_SHARE, MOST_FOLDS
from ..evaluation import Fold, Models, class_labels, is_built_in
from ._target import warn_of_column

_UNSUPERVISED = ("clusterer", "density_estimator", "outlier_detector")
_SHUFFLING = (RepeatedKFold, RepeatedStratifiedKFold, ShuffleSplit, StratifiedShuffleSplit)
FINAL_MODELS = ("auto", "refit", "folds", "ensemble")
_PREDICTIONS = ("predict", "predict_proba", "decision_function")


def check_model(name: str, model: Any, *, classifier: bool) -> None:
    """Check that a model is an estimator instance of the right kind."""
    kind = "classifier" if classifier else "regressor"
    rule = f"{name} must be an instance of a {kind} with fit and get_params"
    if isinstance(model, type):
        raise TypeError(f"{rule}; got the class {model.__name__}: write {model.__name__}()")
    if not (hasattr(model, "fit") and hasattr(model, "get_params")):
        more = "; the only texts are 'boosting' and 'families'" if isinstance(model, str) else ""
        raise TypeError(f"{rule}{more}; got {short_repr(model)}")
    _check_supervised(rule, model)
    if classifier and is_regressor(model):
        raise TypeError(f"{rule}; got the regressor {short_repr(model)}: use AutoTunedRegressor")
    if not classifier and is_classifier(model):
        raise TypeError(f"{rule}; got the classifier {short_repr(model)}: use AutoTunedClassifier")
    _check_cloneable(name, model)


def _check_supervised(rule: str, model: Any) -> None:
    """Refuse an unsupervised model, also as the last step of a pipeline."""
    last = model
    while isinstance(last, Pipeline) and last.steps:
        last = last.steps[-1][1]
    if _is_unsupervised(last):
        where = "" if last is model else f"a {type(model).__name__} that ends in "
        raise TypeError(
            f"{rule}; got {where}{short_repr(last)}, and {type(last).__name__} is unsupervised: "
            "it learns nothing from a target y"
        )


def _is_unsupervised(model: Any) -> bool:
    """Return whether a model is unsupervised by its tags or methods."""
    try:
        tags = get_tags(model)
    except (AttributeError, TypeError):  # a placeholder such as "passthrough", or no tags
        return False
    if tags.estimator_type is not None:
        return tags.estimator_type in _UNSUPERVISED
    predicts = any(hasattr(model, method) for method in _PREDICTIONS)
    return not predicts and not tags.target_tags.required


def _check_cloneable(name: str, model: Any) -> None:
    """Check that a model can be cloned from its parameters."""
    try:
        params = model.get_params(deep=False)
        if isinstance(params, dict):
            clone(model)
    except Exception as error:  # whatever the model's own code raises
        raise TypeError(
            f"{name} must be a model that sklearn.base.clone can copy from what its get_params "
            f"returns; got a {type(model).__name__}, with which that raises "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(params, dict):
        raise TypeError(
            f"{name} must be a model whose get_params returns a dict; that of "
            f"{type(model).__name__} returns {short_repr(params)}"
        )


def check_settings(owner: Any) -> None:
    """Check the parameters that are not checked elsewhere."""
    for name in ("include_default", "return_train_score", "warm_start", "keep_predictions"):
        _check_type(name, getattr(owner, name), bool | np.bool_, "True or False")
    if not is_built_in(owner.estimator) and not Models.of(owner.estimator).members:
        raise ValueError("estimator must be a model or a list of at least one; got an empty list")
    refit = owner.refit
    if not (isinstance(refit, bool | str) or callable(refit)):
        raise TypeError(
            f"refit must be True, False, a scorer's name or a callable; got {short_repr(refit)}"
        )
    _check_choice("final_model", owner.final_model, FINAL_MODELS)
    if owner.final_model == "ensemble" and callable(refit):
        raise ValueError(
            "final_model='ensemble' needs a score by which trials are chosen, so refit must not "
            f"be a callable; got refit={short_repr(refit)}"
        )
    error_score = owner.error_score
    if not (isinstance(error_score, str) and error_score == "raise"):
        _check_type("error_score", error_score, numbers.Real, "'raise' or a number")
    if owner.n_jobs is not None:
        _check_type("n_jobs", owner.n_jobs, numbers.Integral, "None or an integer other than 0")
        if owner.n_jobs == 0:
            raise ValueError("n_jobs must be None or an integer other than 0; got 0")
    _check_type("verbose", owner.verbose, numbers.Integral | np.bool_, "a number of at least 0")
    if owner.verbose < 0:
        raise ValueError(f"verbose must be a number of at least 0; got {owner.verbose!r}")

    _check_seed(owner.random_state)


def _check_seed(random_state: Any) -> None:
    """Check ``random_state``, without drawing from it."""
    try:
        check_random_state(random_state)
    except Exception:  # of scikit-learn, or of the repr that it asks for
        raise ValueError(
            "random_state must be None, an integer from 0 to 2**32 - 1, or a "
            f"numpy.random.RandomState; got {short_repr(random_state)}"
        ) from None


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Check a parameter that is one of some names."""
    rule = f"{name} must be one of {', '.join(map(repr, choices))}; got {short_repr(value)}"
    if not isinstance(value, str):
        raise TypeError(rule)
    if value not in choices:
        raise ValueError(rule)


def asks_for_average(owner: Any) -> bool:
    """Return whether the user wants an average of models in the end."""
    return owner.final_model in ("folds", "ensemble")


def check_final_model(owner: Any, y: Any, *, classifier: bool) -> None:
    """Check that fold models can predict new rows, and that classes are those of one output."""
    if asks_for_average(owner) and get_tags(owner).input_tags.pairwise:
        raise ValueError(
            "final_model must be 'refit' for a kernel or distance matrix, of which each fold has "
            f"other columns; got {owner.final_model!r}"
        )
    changed: dict[str, Any] = {}
    if asks_for_average(owner):
        changed["final_model"] = "refit"
    if owner.keep_predictions:
        changed["keep_predictions"] = False
    if not classifier or not changed:
        return
    if class_labels(y) is None:
        name, plain = next(iter(changed.items()))
        raise ValueError(
            f"{name} must be {plain!r} for a classifier of several outputs; "
            f"got {getattr(owner, name)!r}"
        )
    takes_columns = any(get_tags(m).target_tags.multi_output for m in owner._models().values())
    if takes_columns and len(getattr(y, "shape", ())) > 1:  # others warn by themselves
        warn_of_column()


def choose_final_model(
    owner: Any, y: Any, scoring: Any, folds: list[Fold], *, classifier: bool
) -> str:
    """Return the final model: if that is left open, an ensemble where built-in models allow one."""
    if owner.final_model != "auto":
        return owner.final_model
    share = min(len(train) for train, _ in folds) / num_samples(y)
    allows = (
        owner._may_average()
        and (only_predicts(scoring.deciding) or is_own_score(scoring.deciding))
        and (not classifier or class_labels(y) is not None)
        and FEWEST_FOLDS <= len(folds) <= MOST_FOLDS
        and share >= LEAST_SHARE
    )
    return "ensemble" if allows else "refit"


def _check_type(name: str, value: Any, types: Any, rule: str) -> None:
    """Check the type of one parameter; a bool does not count as a number."""
    is_wrong_bool = isinstance(value, bool) and rule.startswith(("'raise'", "None"))
    if not isinstance(value, types) or is_wrong_bool:
        raise TypeError(f"{name} must be {rule}; got {short_repr(value)}")


def check_data(X: Any, y: Any, owner: Any) -> tuple[Any, Any]:
    """Return X and y in a form that can be indexed by rows."""
    if y is None:
        raise ValueError(
            f"This {type(owner).__name__} requires y to be passed, but the target y is None"
        )
    for name, data in (("X", X), ("y", y)):
        _check_countable(name, data)
    return indexable(X, y)


def check_weights(X: Any, params: dict[str, Any]) -> None:
    """Check weights and groups of rows, also those for a step of a pipeline.

    There must be one for each row, and no weight may be missing or infinite.
    """
    n_rows = num_samples(X)
    for name, values in params.items():
        kind = name.rpartition("__")[2]
        if kind not in ("sample_weight", "groups") or not hasattr(values, "__len__"):
            continue
        if len(values) != n_rows:
            raise ValueError(
                f"{name} must have one value for each of the {n_rows} rows of X; got "
                f"{len(values)}: {short_repr(values)}"
            )
        if kind == "sample_weight" and to_numpy(values).dtype.kind == "f":
            assert_all_finite(to_numpy(values), input_name=name)


def _check_countable(name: str, data: Any) -> None:
    """Check that the rows of X or y can be counted."""
    try:
        if data is not None:
            num_samples(data)
    except TypeError:
        return  # scikit-learn will say what is wrong, in clear words
    except Exception as error:
        raise ValueError(
            f"{name} must be an array, a frame or a sequence with one entry per row; its "
            f"{type(data).__name__} raised {type(error).__name__}: {error}"
        ) from error


def check_folds(cv: Any, X: Any, y: Any, split_params: dict, *, classifier: bool) -> list[Fold]:
    """Return the folds, drawn once, as arrays of row numbers."""
    splitter = _make_splitter(cv, y, classifier=classifier)
    n_rows = num_samples(X)
    try:
        drawn = list(splitter.split(X, y, **split_params))
    except ValueError as error:
        raise ValueError(
            f"cv={short_repr(cv)} cannot make folds of these {n_rows} rows: {error}"
        ) from error
    folds = [_check_fold(number, fold, n_rows) for number, fold in enumerate(drawn)]
    if not folds:
        advice = ": an iterator can be used once, so pass a list" if hasattr(cv, "__next__") else ""
        raise ValueError(
            f"cv must yield at least one fold; got {short_repr(cv)}, which yields none{advice}"
        )
    n_splits = splitter.get_n_splits(X, y, **split_params)
    if len(folds) != n_splits:
        raise ValueError(
            f"cv must yield as many folds as its get_n_splits says; got {len(folds)} folds, "
            f"get_n_splits says {n_splits}"
        )
    return folds


def warn_of_dates(cv: Any, X: Any) -> None:
    """Warn if folds shuffle rows that have dates: the order in time is not guessed."""
    if not (isinstance(cv, _SHUFFLING) or getattr(cv, "shuffle", False)):
        return
    names = date_columns(X)
    if names:
        more = ", ..." if len(names) > 1 else ""
        warn(
            f"X has dates ({short_repr(names[0])}{more}), but cv={short_repr(cv)} shuffles the "
            "rows: models are scored on rows earlier than some that they are fitted on. If they "
            "are to predict later rows, sort the rows by time and use cv=TimeSeriesSplit()",
        )


def _make_splitter(cv: Any, y: Any, *, classifier: bool) -> Any:
    """Return the splitter for the parameter ``cv``."""
    if isinstance(cv, type):
        raise TypeError(
            f"cv must be a splitter; got the class {cv.__name__}: write {cv.__name__}()"
        )
    if isinstance(cv, list | tuple):
        for number, fold in enumerate(cv):
            _check_pair(number, fold)
    try:
        return check_cv(cv, y, classifier=classifier)
    except TypeError:
        raise
    except Exception as error:  # also of the object's own methods, which are asked for its text
        raise ValueError(
            "cv must be None, a number of folds from 2 on, a splitter, or an iterable of training "
            f"and test rows; got {short_repr(cv)} ({error})"
        ) from error


def _check_fold(number: int, fold: Any, n_rows: int) -> Fold:
    """Return a fold, which may be slices or masks, as arrays of row numbers."""
    train, test = _check_pair(number, fold)
    rows = _row_numbers(number, train, n_rows), _row_numbers(number, test, n_rows)
    if not len(rows[0]) or not len(rows[1]):
        raise ValueError(
            f"cv must yield folds with training and test rows; fold {number} has "
            f"{len(rows[0])} and {len(rows[1])}"
        )
    return rows


def _check_pair(number: int, fold: Any) -> tuple[Any, Any]:
    """Return the training and test rows of a fold."""
    try:
        train, test = fold
    except (TypeError, ValueError):
        raise ValueError(
            f"cv must yield pairs of training and test rows; fold {number} is {short_repr(fold)}"
        ) from None
    return train, test


def _row_numbers(number: int, rows: Any, n_rows: int) -> np.ndarray:
    """Return ``rows``, which may be slices or masks, as row numbers."""
    rule = f"cv must yield row numbers of X, from 0 to {n_rows - 1}, or masks of its rows"
    if not isinstance(rows, slice):
        rows = to_numpy(rows)
        rows = rows if rows.size else rows.astype(int)  # numpy takes an empty list for floats
    try:
        numbers = np.arange(n_rows)[rows]
    except IndexError as error:
        raise ValueError(f"{rule}; fold {number} does not: {error}") from None
    if numbers.ndim != 1:
        raise ValueError(f"{rule}; fold {number} has an array of {numbers.ndim} dimensions")
    return numbers
