"""Built-in search spaces: linear models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._facts import UpTo

# Bischl 2021 searches the penalty s of glmnet in 1e-4..1e4 and its mix, here l1_ratio, in
# 0..1. s is relative to the number of rows, as alpha of Lasso and ElasticNet is; C is about
# 1 / (n s) and alpha of Ridge about n s.
#
# C: auto-sklearn and FLAML 0.03..32768 for logistic regression; above 1e3 the penalty is
#   as good as absent and the solver slow.
# l1_ratio: without 0, where coordinate descent warns and Ridge is the better tool. Of
#   LogisticRegression it is searched where the user mixes the penalties.
# solver, penalty: stay as the model has them.
_PENALTY = (1e-4, 1e4, "log-uniform")
_CLASS_WEIGHT = [None, "balanced"]


def _logistic_regression(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of LogisticRegression; without a penalty C is ignored with a warning."""
    space: dict[str, Any] = {"class_weight": _CLASS_WEIGHT}
    if params.get("penalty", "l2") is not None:
        space["C"] = (1e-4, 1e3, "log-uniform")
    if params.get("solver") == "saga" and _is_mixed(params):
        space["l1_ratio"] = (0.0, 1.0)
    return space


def _is_mixed(params: Mapping[str, Any]) -> bool:
    """Return whether both penalties are in use, as written before and since scikit-learn 1.8."""
    return params.get("penalty") == "elasticnet" or 0 < (params.get("l1_ratio") or 0) < 1


# auto-sklearn: alpha 1e-7..0.1, average, penalty l1, l2, elasticnet; eta0 1e-7..0.1, of
# which only the upper decades matter to the decreasing rate of the regressor.
_SGD_CLASSIFIER = {
    "alpha": (1e-7, 0.1, "log-uniform"),
    "penalty": ["l2", "l1"],
    "average": [False, True],
    "class_weight": _CLASS_WEIGHT,
}
_L1_RATIO = {"l1_ratio": (0.0, 1.0)}


def _sgd(space: dict[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return the space of stochastic gradient descent, with the mix of penalties if any."""
    return lambda params: space | (_L1_RATIO if params.get("penalty") == "elasticnet" else {})


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

# auto-sklearn also searches the threshold above which a feature is left out.
_ARD = {**_BAYESIAN_RIDGE, "threshold_lambda": (1e3, 1e5, "log-uniform")}

# Without a penalty alpha means nothing; the default has none.
_PERCEPTRON = {
    "penalty": ["l2", "l1", "elasticnet"],
    "alpha": (1e-7, 0.1, "log-uniform"),
    "class_weight": _CLASS_WEIGHT,
}

# epsilon: Huber 1964 finds 1.345 to lose 5 % on normal errors; from about 3 on no row counts as
#   an outlier.
_HUBER = {"epsilon": (1.01, 3.0), "alpha": (1e-6, 1e2, "log-uniform")}

# alpha: relative to the number of rows, in all of these.
_PER_ROW = (1e-5, 10.0, "log-uniform")
_MIXED = {"alpha": _PENALTY, "l1_ratio": (0.05, 1.0)}
_NONZERO = {"n_nonzero_coefs": UpTo("features", 1, 500, "log-uniform")}

SPACES: dict[str, Any] = {
    "sklearn.ARDRegression": _ARD,
    "sklearn.CCA": {"n_components": UpTo("pairs", 1, 20)},
    "sklearn.GammaRegressor": {"alpha": _PER_ROW},
    "sklearn.HuberRegressor": _HUBER,
    "sklearn.Lars": _NONZERO,
    "sklearn.LassoLars": {"alpha": _PER_ROW},
    "sklearn.LassoLarsIC": {"criterion": ["aic", "bic"]},
    "sklearn.MultiTaskElasticNet": _MIXED,
    "sklearn.MultiTaskLasso": {"alpha": _PENALTY},
    "sklearn.OrthogonalMatchingPursuit": _NONZERO,
    "sklearn.PLSCanonical": {"n_components": UpTo("pairs", 1, 20)},
    "sklearn.PLSRegression": {"n_components": UpTo("size", 1, 40, "log-uniform")},
    "sklearn.Perceptron": _PERCEPTRON,
    "sklearn.PoissonRegressor": {"alpha": _PER_ROW},
    "sklearn.QuantileRegressor": {"alpha": _PER_ROW},
    "sklearn.TweedieRegressor": {"alpha": _PER_ROW},
    "sklearn.LogisticRegression": _logistic_regression,
    "sklearn.RidgeClassifier": {"alpha": _PENALTY, "class_weight": _CLASS_WEIGHT},
    "sklearn.SGDClassifier": _sgd(_SGD_CLASSIFIER),
    "sklearn.Ridge": {"alpha": _PENALTY},
    "sklearn.Lasso": {"alpha": _PENALTY},
    "sklearn.ElasticNet": {"alpha": _PENALTY, "l1_ratio": (0.05, 1.0)},
    "sklearn.SGDRegressor": _sgd(_SGD_REGRESSOR),
    "sklearn.BayesianRidge": _BAYESIAN_RIDGE,
}
