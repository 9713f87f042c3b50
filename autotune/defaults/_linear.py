"""Built-in search spaces: linear models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Bischl 2021 searches the penalty s of glmnet in 1e-4..1e4 and its mix, here l1_ratio, in
# 0..1. s is relative to the number of rows, as alpha of Lasso and ElasticNet is; C is about
# 1 / (n s) and alpha of Ridge about n s.
#
# C: auto-sklearn and FLAML 0.03..32768 for logistic regression; above 1e3 the penalty is
#   as good as absent and the solver slow.
# l1_ratio: without 0, where coordinate descent warns and Ridge is the better tool. It is
#   not searched for LogisticRegression: how to ask for it changed in scikit-learn 1.8.
# solver, penalty: stay as the model has them.
_PENALTY = (1e-4, 1e4, "log-uniform")
_CLASS_WEIGHT = [None, "balanced"]


def _logistic_regression(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of LogisticRegression; without a penalty C is ignored with a warning."""
    space: dict[str, Any] = {"class_weight": _CLASS_WEIGHT}
    if params.get("penalty", "l2") is not None:
        space["C"] = (1e-4, 1e3, "log-uniform")
    return space


# auto-sklearn: alpha 1e-7..0.1, average, penalty l1, l2, elasticnet; eta0 1e-7..0.1, of
# which only the upper decades matter to the decreasing rate of the regressor.
_SGD_CLASSIFIER = {
    "alpha": (1e-7, 0.1, "log-uniform"),
    "penalty": ["l2", "l1"],
    "average": [False, True],
    "class_weight": _CLASS_WEIGHT,
}
_SGD_REGRESSOR = {
    "alpha": (1e-7, 0.1, "log-uniform"),
    "eta0": (1e-4, 0.1, "log-uniform"),
    "average": [False, True],
}

# auto-sklearn's ranges for ARD regression. The priors are all but flat, so the gain is
# small wherever they lie.
_BAYESIAN_RIDGE = {
    "alpha_1": (1e-10, 1e-3, "log-uniform"),
    "alpha_2": (1e-10, 1e-3, "log-uniform"),
    "lambda_1": (1e-10, 1e-3, "log-uniform"),
    "lambda_2": (1e-10, 1e-3, "log-uniform"),
}

SPACES: dict[str, Any] = {
    "sklearn.LogisticRegression": _logistic_regression,
    "sklearn.RidgeClassifier": {"alpha": _PENALTY, "class_weight": _CLASS_WEIGHT},
    "sklearn.SGDClassifier": _SGD_CLASSIFIER,
    "sklearn.Ridge": {"alpha": _PENALTY},
    "sklearn.Lasso": {"alpha": _PENALTY},
    "sklearn.ElasticNet": {"alpha": _PENALTY, "l1_ratio": (0.05, 1.0)},
    "sklearn.SGDRegressor": _SGD_REGRESSOR,
    "sklearn.BayesianRidge": _BAYESIAN_RIDGE,
}
