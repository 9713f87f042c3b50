"""Checks that the target suits the task and the scoring."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

from .._texts import short_repr, warn
from ..compat import describe_scorer, to_numpy
from ._scoring import Scoring

_MOST_SHOWN = 5  # labels
_ADVISED = ("pos_label", "average=", "multi_class")  # by which a scorer's error is known
_MISSING = ("NoneType", "NAType", "NaTType")  # the last two are pandas's


def check_target(y: Any, *, classifier: bool) -> None:
    """Check that a target has classes for a classifier, or numbers for a regressor.

    Raises
    ------
    ValueError
        If it does not, or has missing values.
    """
    if y is None or issparse(y):
        return
    values = _as_array(y)
    if values.dtype.kind in "cV":
        return  # models say what is wrong with complex numbers, and some take records
    _check_complete(values)
    if classifier:
        _check_classes(values)
    else:
        _check_numbers(values)


def one_column(y: Any) -> Any:
    """Return a target that is a column vector as one value per row, with a warning."""
    if getattr(y, "shape", np.shape(y))[1:] != (1,):
        return y
    warn_of_column()
    return y.iloc[:, 0] if hasattr(y, "iloc") else to_numpy(y).ravel()


def warn_of_column() -> None:
    """Warn of a column vector, as scikit-learn's models do."""
    warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples,), for example using ravel().",
        DataConversionWarning,
    )


def _as_array(y: Any) -> np.ndarray:
    """Return a target as an array."""
    try:
        return to_numpy(y)
    except ValueError as error:  # lists of different lengths
        raise ValueError(
            f"y must be one value per row, or as many for each row; got {short_repr(y)}"
        ) from error


def _check_complete(values: np.ndarray) -> None:
    """Refuse missing and infinite values."""
    if values.dtype.kind == "O" and any(map(_may_be_missing, _types(values))):
        for place, value in np.ndenumerate(values):
            if _is_missing(value):
                raise ValueError(
                    f"y must have no missing values; got {short_repr(value)} in row {place[0]}"
                )
    elif values.dtype.kind == "f":
        assert_all_finite(values, input_name="y")


def _types(values: np.ndarray) -> set[type]:
    """Return the types of the objects in an array."""
    return set(map(type, values.ravel().tolist()))


def _may_be_missing(kind: type) -> bool:
    """Return whether objects of a type can represent a missing value."""
    return kind.__name__ in _MISSING or issubclass(kind, float | np.floating)


def _is_missing(value: Any) -> bool:
    """Return whether a value is missing."""
    is_number = isinstance(value, float | np.floating)
    return bool(np.isnan(value)) if is_number else _may_be_missing(type(value))


def _check_classes(values: np.ndarray) -> None:
    """Refuse a target without classes, or with a single one."""
    if values.dtype.kind == "O":
        values = _of_one_kind(values)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the model repeats what is worth a warning
            check_classification_targets(values)
    except ValueError as error:
        raise ValueError(f"y must hold classes for a classifier. {error}") from error
    labels = np.unique(values)
    is_single = values.ndim == 1 or values.shape[1] == 1
    if is_single and len(labels) == 1 < len(values):  # a single row is too few for folds
        raise ValueError(f"y must have at least two classes; got one class: {_shown(labels)}")


def _of_one_kind(values: np.ndarray) -> np.ndarray:
    """Convert the numbers in an array of objects to types that scikit-learn supports."""
    types = _types(values)
    if all(issubclass(kind, numbers.Number | np.bool_) for kind in types):
        return np.array(values.tolist())
    if any(all(issubclass(kind, text) for kind in types) for text in (str, bytes)):
        return values
    raise ValueError(
        f"y must hold classes of one kind, numbers or text; got {_shown(values.ravel())}"
    )


def _check_numbers(values: np.ndarray) -> None:
    """Refuse a target that is not numeric."""
    try:
        if values.dtype.kind in "USMm":
            raise ValueError(f"its type is {values.dtype}")
        values.astype(float)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(
            f"y must hold numbers for a regressor; got {_shown(values.ravel())} ({error}): use "
            "AutoTunedClassifier if these are classes"
        ) from error


def _shown(labels: Any) -> str:
    """Return the first few labels for a message."""
    labels = labels[: _MOST_SHOWN + 1].tolist()
    texts = [short_repr(label) for label in labels[:_MOST_SHOWN]]
    return ", ".join(texts) + (", ..." if len(labels) > _MOST_SHOWN else "")


class _Perfect(ClassifierMixin, BaseEstimator):
    """Predicts given labels, to try scorers on."""

    def __init__(self, classes: Any = None):
        self.classes = classes

    @property
    def classes_(self) -> Any:
        return self.classes

    def predict(self, X: Any) -> Any:
        return self.classes[X]

    def predict_proba(self, X: Any) -> np.ndarray:
        return np.eye(len(self.classes))[X]

    def decision_function(self, X: Any) -> np.ndarray:
        scores = 2 * self.predict_proba(X) - 1
        return scores[:, 1] if len(self.classes) == 2 else scores


class _Constant(RegressorMixin, BaseEstimator):
    """Predicts given numbers, to try scorers on."""

    def __init__(self, predictions: Any = None):
        self.predictions = predictions

    def predict(self, X: Any) -> Any:
        return self.predictions


def check_metrics(scoring: Scoring, given: Any, y: Any, *, classifier: bool) -> None:
    """Check that scikit-learn's scorers support the target.

    For a classifier, each is tried on a few rows with the labels of y and perfect predictions; for
    a regressor, those that only predict are tried on y.

    Raises
    ------
    ValueError
        If one does not know the positive class, or how to average over several classes, or
        cannot score the numbers of y.
    """
    if y is None or issparse(y):
        return
    values = to_numpy(y)
    check = _try_labels if classifier else _try_numbers
    for where, scorer in scoring.each.items():
        described = describe_scorer(scorer)
        problem = None if described is None else check(scorer, described, values)
        if problem is not None:
            name = f"={given!r}" if isinstance(given, str) else ""
            raise ValueError(f"{where}{name} {problem}")


def _try_labels(scorer: Any, described: Any, values: np.ndarray) -> str | None:
    """Return why a scorer does not support labels, and what to write, or None."""
    if values.ndim > 1 and values.shape[1:] != (1,):
        if values.dtype.kind not in "biu":
            return None
        classes = np.unique(values, axis=0)  # combinations of labels
    else:
        classes = np.unique(values)
    problem = _error(scorer, classes[:3])
    return None if problem is None else _advice(described, classes, problem)


def _error(scorer: Any, classes: np.ndarray) -> str | None:
    """Return the error of a scorer for some labels, or None."""
    rows = np.tile(np.arange(len(classes)), 2)
    text = _raised(scorer, _Perfect(classes), rows, classes[rows])
    # Whatever it is, it is no matter of labels without these words.
    return text if text and any(word in text for word in _ADVISED) else None


def _raised(scorer: Any, model: Any, X: Any, y: Any) -> str | None:
    """Return the message of what a scorer raises, or None."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            scorer(model, X, y)
        except Exception as error:
            return str(error)
    return None


def _try_numbers(scorer: Any, described: Any, values: np.ndarray) -> str | None:
    """Return why a scorer supports neither the mean nor the best prediction of y, or None."""
    if "response_method" in described[1] or values.dtype.kind not in "iuf":
        return None
    mean = np.broadcast_to(values.mean(axis=0), values.shape)
    texts = [_raised(scorer, _Constant(best), values, values) for best in (mean, values)]
    return None if None in texts else f"cannot score this target y: {texts[-1]}"


def _advice(described: tuple[str, dict[str, Any]], classes: np.ndarray, problem: str) -> str:
    """Return advice for a scorer that does not support the labels."""
    metric, settings = described
    if classes.ndim > 1:
        change: dict[str, Any] = {"average": "macro"}
        why = f"scores one label, and y has {classes.shape[1]} in each row"
    elif "multi_class" in problem:
        change = {"response_method": "predict_proba", "multi_class": "ovr"}
        why = f"scores one class against another, and y has {len(classes)}"
    elif len(classes) > 2:
        change = {"average": "macro"}
        why = f"scores one class against another, and y has {len(classes)}"
    else:
        change = {"pos_label": classes[-1].item() if hasattr(classes[-1], "item") else classes[-1]}
        why = f"does not know which class is the positive one, and y has {_shown(classes)}"
    arguments = ", ".join(f"{k}={short_repr(v)}" for k, v in {**settings, **change}.items())
    return f"{why}: write make_scorer({metric}, {arguments}), for example ({problem})"
