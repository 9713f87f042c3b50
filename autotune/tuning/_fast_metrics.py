"""Metrics that are computed thousands of times for one ensemble, without checks of their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ..compat import is_own_score, metric_of
from ..results import describe_metric

FastMetric = Callable[[np.ndarray, np.ndarray], Any]
"""Of the numbers of the classes and votes for each, or of targets and predictions."""


def fast_metric(scorer: Any, models: Any) -> FastMetric | None:
    """Return what computes the metric of a scorer for some models, None if it is not known."""
    name = describe_metric(scorer, models).name
    if is_own_score(scorer):
        return _OWN.get(name)
    known = metric_of(scorer)
    if known is None:
        return None
    options = {key: value for key, value in known[2].items() if value is not None}
    return _FAST.get(" ".join([name, *map(str, options.values())]))


def _log_loss(codes: np.ndarray, votes: np.ndarray) -> Any:
    own = votes[np.arange(len(codes)), codes] / votes.sum(axis=1)
    return np.log(np.clip(own, np.finfo(float).eps, 1.0)).mean()


def _accuracy(codes: np.ndarray, votes: np.ndarray) -> Any:
    return (votes.argmax(axis=1) == codes).mean()


def _balanced_accuracy(codes: np.ndarray, votes: np.ndarray) -> Any:
    hits, n_rows, _ = _counts(codes, votes)
    return (hits[n_rows > 0] / n_rows[n_rows > 0]).mean()


def _f1_macro(codes: np.ndarray, votes: np.ndarray) -> Any:
    hits, n_rows, n_predicted = _counts(codes, votes)
    both = n_rows + n_predicted
    return (2 * hits[both > 0] / both[both > 0]).mean()


def _counts(codes: np.ndarray, votes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how many rows of each class are predicted rightly, are there, and are predicted."""
    predicted, n_classes = votes.argmax(axis=1), votes.shape[1]
    hits = np.bincount(codes[predicted == codes], minlength=n_classes)
    n_rows, n_predicted = (np.bincount(each, minlength=n_classes) for each in (codes, predicted))
    return hits, n_rows, n_predicted


def _roc_auc(codes: np.ndarray, votes: np.ndarray) -> Any:
    return _area(codes == 1, votes[:, 1]) if votes.shape[1] == 2 else np.nan


def _roc_auc_ovr(codes: np.ndarray, votes: np.ndarray) -> Any:
    if votes.shape[1] == 2:
        return _roc_auc(codes, votes)
    return np.mean([_area(codes == i, votes[:, i]) for i in range(votes.shape[1])])


def _area(is_positive: np.ndarray, values: np.ndarray) -> Any:
    """Return the area under the ROC curve, from the sum of the ranks of the positive rows."""
    n_positive = is_positive.sum()
    n_pairs = n_positive * (len(is_positive) - n_positive)
    if not n_pairs:
        return np.nan
    ranks = rankdata(values)[is_positive]
    return (ranks.sum() - n_positive * (n_positive + 1) / 2) / n_pairs


def _absolute_error(y: np.ndarray, values: np.ndarray) -> Any:
    return -np.abs(y - values).mean()


def _squared_error(y: np.ndarray, values: np.ndarray) -> Any:
    return -np.square(y - values).mean()


def _root_squared_error(y: np.ndarray, values: np.ndarray) -> Any:
    return -np.sqrt(np.square(y - values).mean())


def _r2(y: np.ndarray, values: np.ndarray) -> Any:
    spread = np.square(y - y.mean()).mean()
    return 1.0 + _squared_error(y, values) / spread if spread else np.nan


_OWN: dict[str, FastMetric] = {"accuracy": _accuracy, "R²": _r2}  # of models' ``score``
_FAST: dict[str, FastMetric] = {  # by the metric's name and the values of its options
    "accuracy": _accuracy,
    "balanced accuracy": _balanced_accuracy,
    "f1 macro": _f1_macro,
    "log loss": _log_loss,
    "mean absolute error": _absolute_error,
    "mean squared error": _squared_error,
    "r2": _r2,
    "roc auc": _roc_auc,
    "roc auc ovr": _roc_auc_ovr,
    "root mean squared error": _root_squared_error,
}
