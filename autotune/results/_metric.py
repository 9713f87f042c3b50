"""Metrics: name, direction and bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import TweedieRegressor
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from ..compat import is_own_score, metric_of

_INF = math.inf
_UNBOUNDED = (-_INF, _INF)
_NAMES = {  # functions of `sklearn.metrics`, by the values that they can have
    (0.0, 1.0): "accuracy_score average_precision_score balanced_accuracy_score "
    "completeness_score f1_score fbeta_score fowlkes_mallows_score homogeneity_score "
    "jaccard_score ndcg_score normalized_mutual_info_score precision_score rand_score "
    "recall_score roc_auc_score top_k_accuracy_score v_measure_score",
    (-1.0, 1.0): "adjusted_rand_score cohen_kappa_score matthews_corrcoef",
    (-_INF, 1.0): "d2_absolute_error_score d2_brier_score d2_log_loss_score d2_pinball_score "
    "d2_tweedie_score explained_variance_score r2_score",
    (0.0, _INF): "brier_score_loss hamming_loss hinge_loss log_loss max_error "
    "mean_absolute_error mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss "
    "mean_poisson_deviance mean_squared_error mean_squared_log_error median_absolute_error "
    "root_mean_squared_error root_mean_squared_log_error zero_one_loss",
}
# A release may lack some of them.
_BOUNDS = {
    getattr(metrics, name, None): bounds
    for bounds, names in _NAMES.items()
    for name in names.split()
}


@dataclass(frozen=True)
class Metric:
    """What is known about a metric.

    Attributes
    ----------
    name : str
        Its usual name; "" if unknown.
    sign : {1, -1}
        -1 if a score is the negative of a loss.
    bounds : tuple of float
        Bounds of every score, as far as known.
    balanced : bool
        Whether all classes have the same weight.
    """

    name: str = ""
    sign: int = 1
    bounds: tuple[float, float] = _UNBOUNDED
    balanced: bool = False

    def value(self, score: float) -> float:
        """Return a score without the negative sign of losses."""
        return score if self.sign > 0 else 0.0 - score  # zero has no sign


UNKNOWN = Metric()


_ACCURACY = Metric("accuracy", bounds=(0.0, 1.0))
_R2 = Metric("R²", bounds=(-_INF, 1.0))
_D2 = Metric("D²", bounds=(-_INF, 1.0))
_OWN_SCORES = {  # methods of scikit-learn's models
    ClassifierMixin.score: _ACCURACY,
    DummyClassifier.score: _ACCURACY,
    KNeighborsClassifier.score: _ACCURACY,
    RadiusNeighborsClassifier.score: _ACCURACY,
    RegressorMixin.score: _R2,
    DummyRegressor.score: _R2,
    TweedieRegressor.score: _D2,  # also of the Gamma and Poisson regressors
}


def describe_metric(scorer: Any, models: Iterable[Any]) -> Metric:
    """Return what is known about the metric of a scorer for some models.

    Parameters
    ----------
    scorer : callable
        Scikit-learn's metrics, and the ``score`` methods of its models, are known.
    models : iterable of estimator
    """
    if is_own_score(scorer):
        known = {_own_metric(model) for model in models}
        return known.pop() if len(known) == 1 else UNKNOWN
    found = metric_of(scorer)
    if found is None:
        return UNKNOWN
    function, sign, options = found
    low, high = _bounds_of(function)
    if options.get("adjusted"):  # balanced accuracy less what guessing reaches
        low = -_INF
    name = getattr(function, "__name__", "").removesuffix("_score").replace("_", " ")
    balanced = function is metrics.balanced_accuracy_score or options.get("average") == "macro"
    return Metric(name, sign, (low, high) if sign > 0 else (-high, 0.0 - low), balanced)


def _bounds_of(function: Any) -> tuple[float, float]:
    """Return the bounds of a function of scikit-learn."""
    return next((bounds for known, bounds in _BOUNDS.items() if known is function), _UNBOUNDED)


def _own_metric(model: Any) -> Metric:
    """Return the metric of a model's own ``score``."""
    if hasattr(model, "steps"):  # a Pipeline asks its last step
        return _own_metric(model.steps[-1][1])
    score = getattr(type(model), "score", None)
    return next((metric for known, metric in _OWN_SCORES.items() if known is score), UNKNOWN)


def clip(interval: tuple[float, float], metric: Metric) -> tuple[float, float]:
    """Clip an interval to the bounds of the metric."""
    low, high = np.clip(interval, *metric.bounds)
    return float(low), float(high)
