"""Built-in search spaces: boosted trees."""

from __future__ import annotations

from typing import Any

# The number of rounds stays as the model has it: raced against the learning rate it favours
# large rates, and it buys little for its price (400 rounds in place of 100, each with its
# best rate: log loss -2 % on one data set and +5 % on another, at three times the cost).
#
# learning_rate: auto-sklearn 0.01..1, AutoGluon 0.005..0.2, TabRepo 0.005..0.1; with a fixed
#   hundred rounds anything below 0.01 is underfitted.
# max_leaf_nodes: auto-sklearn 3..2047, TabRepo 16..255; the winners in auto-sklearn 2's
#   portfolio have 4 to 53.
# min_samples_leaf: auto-sklearn 1..200, FLAML 2..129, TabRepo 2..60.
# l2_regularization: FLAML 2**-10..2**10, Binder 2020 1e-4..1e3 (lambda of xgboost); below
#   1e-3 it is lost in the sum of the hessians of a leaf.
# max_features: TabRepo 0.4..1 (feature_fraction), Bischl 2021 0.1..1 (colsample).
_HIST_GRADIENT_BOOSTING = {
    "learning_rate": (0.01, 0.5, "log-uniform"),
    "max_leaf_nodes": (4, 128, "log-uniform"),
    "min_samples_leaf": (1, 100, "log-uniform"),
    "l2_regularization": (1e-3, 100.0, "log-uniform"),
    "max_features": (0.3, 1.0),
}

# learning_rate, max_depth, subsample: Bischl 2021 for xgboost (1e-4..1, 1..20, 0.1..1),
#   narrowed to what a hundred exact-split rounds can use and pay for.
# min_samples_leaf, max_features: as for HistGradientBoosting.
_GRADIENT_BOOSTING = {
    "learning_rate": (0.01, 0.5, "log-uniform"),
    "max_depth": (1, 8),
    "min_samples_leaf": (1, 100, "log-uniform"),
    "subsample": (0.4, 1.0),
    "max_features": (0.2, 1.0),
}

# auto-sklearn: n_estimators 50..500, learning_rate 0.01..2. Unlike in a forest, more rounds
# can overfit here, and they trade with the rate. The depth of the base tree comes from the
# tree's own space when the user gives one.
_ADA_BOOST = {
    "n_estimators": (25, 250, "log-uniform"),
    "learning_rate": (0.01, 2.0, "log-uniform"),
}

SPACES: dict[str, Any] = {
    "sklearn.HistGradientBoostingClassifier": _HIST_GRADIENT_BOOSTING,
    "sklearn.HistGradientBoostingRegressor": _HIST_GRADIENT_BOOSTING,
    "sklearn.GradientBoostingClassifier": _GRADIENT_BOOSTING,
    "sklearn.GradientBoostingRegressor": _GRADIENT_BOOSTING,
    "sklearn.AdaBoostClassifier": _ADA_BOOST,
    "sklearn.AdaBoostRegressor": _ADA_BOOST,
}
