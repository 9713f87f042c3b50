"""What is known of a metric: its name, its direction and its bounds."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import (
    balanced_accuracy_score,
    check_scoring,
    get_scorer,
    get_scorer_names,
    make_scorer,
    mean_squared_error,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from autotune.results._metric import UNKNOWN, Metric, clip, describe_metric

INF = math.inf


class OwnScore(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def score(self, X, y):
        return 7.0


def length(model, X, y):
    return len(y)


@pytest.mark.parametrize(
    ("scorer", "name", "sign", "bounds"),
    [
        (get_scorer("accuracy"), "accuracy", 1, (0, 1)),
        (get_scorer("f1_macro"), "f1", 1, (0, 1)),
        (get_scorer("roc_auc_ovr"), "roc auc", 1, (0, 1)),
        (get_scorer("matthews_corrcoef"), "matthews corrcoef", 1, (-1, 1)),
        (get_scorer("r2"), "r2", 1, (-INF, 1)),
        (get_scorer("neg_log_loss"), "log loss", -1, (-INF, 0)),
        (get_scorer("neg_max_error"), "max error", -1, (-INF, 0)),
        (make_scorer(mean_squared_error), "mean squared error", 1, (0, INF)),
        (make_scorer(balanced_accuracy_score, adjusted=True), "balanced accuracy", 1, (-INF, 1)),
        (make_scorer(length, greater_is_better=False), "length", -1, (-INF, INF)),
        (length, "", 1, (-INF, INF)),
    ],
    ids=range(11),
)
def test_scorers(scorer, name, sign, bounds):
    """Check what is known of scorers, and that no bound is a negative zero."""
    metric = describe_metric(scorer, ())
    assert (metric.name, metric.sign, metric.bounds) == (name, sign, bounds)
    assert "-0.0" not in repr(metric)


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ([LogisticRegression()], "accuracy"),
        ([make_pipeline(StandardScaler(), KNeighborsClassifier())], "accuracy"),
        ([TransformedTargetRegressor(Ridge())], "R²"),
        ([PoissonRegressor()], "D²"),
        ([LogisticRegression(), KNeighborsClassifier()], "accuracy"),
        ([OwnScore()], ""),
        ([LogisticRegression(), OwnScore()], ""),
    ],
    ids=str,
)
def test_own_scores(models, name):
    """Check what is known of a model's own score, and that no other is taken for it."""
    metric = describe_metric(check_scoring(models[0]), models)
    assert metric.name == name
    assert metric == UNKNOWN or metric.bounds[1] == 1


KNOWN = [name for name in get_scorer_names() if describe_metric(get_scorer(name), ()) != UNKNOWN]


@pytest.mark.parametrize("name", [name for name in KNOWN if not name.endswith("_samples")])
def test_bounds_hold(name):
    """Check that every metric keeps to its bounds, for perfect models and for guesses."""
    scorer = get_scorer(name)
    low, high = describe_metric(scorer, ()).bounds
    tasks = [
        (load_breast_cancer, [DecisionTreeClassifier(random_state=0), DummyClassifier()]),
        (load_diabetes, [DecisionTreeRegressor(random_state=0), DummyRegressor()]),
    ]
    scores = []
    for load, models in tasks:
        X, y = load(return_X_y=True)
        for model in models:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # guesses leave some metrics undefined
                try:
                    scores.append(scorer(model.fit(X[::2], y[::2]), X, y))
                except (ValueError, AttributeError):  # not for this task
                    continue
    assert all(low <= score <= high or np.isnan(score) for score in scores)
    assert np.isfinite(scores).any()


def test_values_and_intervals():
    """Check that a loss is shown as itself, and that intervals end where the metric does."""
    loss = Metric("loss", -1, (-INF, 0.0))
    assert loss.value(-0.25) == 0.25
    assert str(loss.value(0.0)) == "0.0"
    assert clip((-0.2, 0.1), loss) == (-0.2, 0.0)
    assert clip((0.9, 1.1), Metric(bounds=(0.0, 1.0))) == (0.9, 1.0)
    assert clip((0.9, 1.1), UNKNOWN) == (0.9, 1.1)
    assert np.isnan(clip((np.nan, np.nan), loss)).all()


@pytest.mark.parametrize(
    ("scoring", "balanced"),
    [
        ("balanced_accuracy", True),
        ("f1_macro", True),
        ("recall_macro", True),
        ("accuracy", False),
        ("f1_weighted", False),
        ("roc_auc", False),
    ],
)
def test_whether_rare_classes_count_as_much(scoring, balanced):
    """Check which metrics give each class the same weight."""
    assert describe_metric(get_scorer(scoring), []).balanced is balanced
