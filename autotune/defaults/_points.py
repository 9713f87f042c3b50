"""Portfolios: for each model the configurations that are tried first, the best one first.

Printed by ``python benchmarks/portfolios.py --out points.jsonl`` (2026-11-22, scikit-learn
1.9.1), which says how they are chosen: on 13 data sets of the KEEL repository (``keel.TUNING``),
from published configurations (AutoGluon 2023, auto-sklearn 1 and 2) and random draws of the
built-in space. The regret is 0 for the best candidate on a data set and 1 for the model's
default. The comment on each entry is its reduction of the mean regret, and its time relative to the
default's. "Left out" is the mean regret after each entry on data sets that were not used
for the choice, compared with as many random candidates.
"""

from __future__ import annotations

from typing import Any


def _entries(names: tuple[str, ...], *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the rows of a table as configurations."""
    return [dict(zip(names, row, strict=True)) for row in rows]


# 67 candidates; regret of the default 0.94. Left out: 0.31 0.24; random: 0.58 0.42.
_HIST_GRADIENT_BOOSTING = _entries(
    ("l2_regularization", "learning_rate", "max_features", "max_leaf_nodes", "min_samples_leaf"),
    (0.0956, 0.0913, 0.428, 6, 7),  # gain 0.63, time 0.5
    (0.0627, 0.0553, 0.788, 4, 17),  # gain 0.11, time 0.7
)

# For regressors, chosen by cross-validated squared error on 15 of those data sets (at most 600
# rows; a column as target), in built-in spaces and in spaces without max_features where
# max_leaf_nodes is at least 15: the regret of the best of default and entries is 0.24 and 0.25,
# that of the classifier's 0.42 and 0.48. Left out, pairs chosen alike have 0.40 and 0.32.
_HIST_GRADIENT_BOOSTING_REGRESSION = _entries(
    (
        *("l2_regularization", "learning_rate", "max_depth", "max_features"),
        *("max_leaf_nodes", "min_samples_leaf"),
    ),
    (0.01, 0.08, 3, 0.7, 6, 5),  # time 0.6
    (1.0, 0.035, 3, 1.0, 4, 18),  # time 0.5
)

# 43 candidates; regret of the default 0.86. Left out: 0.43 0.22; random: 0.65 0.52.
_SVC = _entries(
    ("kernel", "C", "gamma"),
    ("rbf", 10.0, "scale"),  # gain 0.46, time 0.9
    ("rbf", 68.7, 0.000719),  # gain 0.17, time 1.0
)

# 7 candidates; regret of the default 0.38. Left out: 0.11 0.10; random: 0.28 0.19.
_LOGISTIC_REGRESSION = _entries(
    ("C",),
    (10.0,),  # gain 0.27, time 1.1
    (0.1,),  # gain 0.10, time 1.0
)

# 24 candidates; regret of the default 0.79. Left out: 0.36 0.27 0.21 0.18; random: 0.61 0.49
# 0.40 0.33.
_PERCEPTRON = _entries(
    ("activation", "alpha", "hidden_layer_sizes", "learning_rate_init"),
    ("tanh", 0.046, (32,), 0.0013),  # gain 0.43, time 0.7
    ("relu", 0.000361, (100,), 0.00311),  # gain 0.15, time 1.0
    ("relu", 5.46e-05, (256,), 0.000216),  # gain 0.06, time 1.9
    ("relu", 0.000826, (128, 128), 0.000251),  # gain 0.06, time 2.8
)

# 35 candidates; regret of the default 0.71. Left out: 0.37 0.10; random: 0.45 0.35.
_RANDOM_FOREST = _entries(
    ("max_features", "max_samples", "min_samples_leaf"),
    (0.588, 0.412, 5),  # gain 0.38, time 1.0
    (0.467, 0.991, 1),  # gain 0.26, time 1.5
)

# For metrics that give rare classes the weight of others, with balanced weights (see
# BALANCED_POINTS). Change of the balanced error in points, on those data sets (at most 600 rows):
_RANDOM_FOREST_BALANCED: list[dict[str, Any]] = [
    {"class_weight": "balanced"},  # -0.75
    {"max_features": 0.3, "min_samples_leaf": 12},  # +0.58, with the first the best pair: -1.61
]

# A regressor's default takes all features. With the classifier's entries the squared error
# becomes -9 +3 +42 +39 % (see below); these candidates are nearer to that default.
_RANDOM_FOREST_REGRESSION = _entries(
    ("max_features", "max_samples", "min_samples_leaf"),
    (0.75, 1.0, 1),
    (0.947, 0.617, 3),
)

# 19 candidates; regret of the default 1.00. Left out: 0.20 0.16; random: 0.72 0.51.
_NEIGHBORS = _entries(
    ("n_neighbors", "weights"),
    (20, "uniform"),  # gain 0.90, time 1.0
    (16, "distance"),  # gain 0.08, time 1.0
)

# 25 candidates; regret of the default 1.00. Left out: 0.07; random: 0.17. It had
# min_samples_split=12, too, which changes nothing beside such leaves.
_DECISION_TREE = _entries(
    ("ccp_alpha", "min_samples_leaf"),
    (0.000194, 58),  # gain 0.94, time 0.9
)

# 35 candidates; regret of the default 0.85. Left out: 0.42 0.26; random: 0.58 0.44.
_EXTRA_TREES = _entries(
    ("max_features", "min_samples_leaf"),
    (0.546, 3),  # gain 0.43, time 1.1
    (0.713, 1),  # gain 0.22, time 1.3
)

# 15 candidates; regret of the default 0.86. Left out: 0.25 0.23; random: 0.51 0.34.
_GRADIENT_BOOSTING = _entries(
    ("learning_rate", "max_depth", "max_features", "min_samples_leaf", "subsample"),
    (0.0766, 4, 0.295, 15, 0.486),  # gain 0.62, time 0.6
    (0.064, 3, 0.327, 1, 0.794),  # gain 0.10, time 0.8
)

# 11 candidates; regret of the default 0.44. Left out: 0.21 0.21; random: 0.34 0.26.
_LINEAR_SVC = _entries(
    ("C",),
    (1.95,),  # gain 0.27, time 1.0
    (60.5,),  # gain 0.06, time 1.2
)

# 21 candidates; regret of the default 0.92. Left out: 0.24 0.18 0.13; random: 0.45 0.27
# 0.18.
_SGD = _entries(
    ("alpha", "average", "penalty"),
    (2.67e-07, True, "l2"),  # gain 0.71, time 0.8
    (3.48e-05, True, "l2"),  # gain 0.12, time 1.2
    (0.000471, False, "l1"),  # gain 0.06, time 1.2
)

# 11 candidates; regret of the default 0.26. Left out: 0.16; random: 0.21.
_RIDGE = _entries(
    ("alpha",),
    (52.7,),  # gain 0.10, time 1.0
)

# 13 candidates; regret of the default 0.59. Left out: 0.30 0.06 0.05; random: 0.34 0.20 0.14.
_ADA_BOOST = _entries(
    ("learning_rate", "n_estimators"),
    (0.0146, 30),  # gain 0.28, time 0.8
    (0.0944, 110),  # gain 0.25, time 2.0
    (0.0111, 170),  # gain 0.06, time 3.2
)

# The following were not chosen by that script: the entries of HistGradientBoosting under their
# names in LightGBM, and the neighbours of published ones (pytabkit, TabRepo). Change of the log
# loss, first entry against default, 3-fold, on load_breast_cancer, load_wine, load_digits (600
# rows; CatBoost: without) and make_classification (800 rows, a tenth of the labels wrong), and of
# the squared error on the sets for regressors below (2026-11-27, xgboost 3.2, lightgbm 4.7,
# catboost 1.2.10 with 300 rounds):
_XGBOOST_NAMES = (
    *("colsample_bytree", "learning_rate", "max_depth", "min_child_weight"),
    *("reg_lambda", "subsample"),
)
_XGBOOST = _entries(
    _XGBOOST_NAMES,
    (0.4, 0.15, 4, 1.0, 1.0, 0.7),  # -6 -39 -17 -10 %
    (0.9, 0.08, 6, 1.0, 0.01, 0.65),  # -5 -26 -9 -14 %
)
_XGBOOST_REGRESSION = _entries(
    _XGBOOST_NAMES,
    (1.0, 0.12, 4, 1.0, 1.0, 0.8),  # -11 -38 -16 -12 %
    (0.9, 0.08, 6, 1.0, 0.01, 0.65),  # -10 -27 +73 +1 %
)
_LIGHTGBM_NAMES = (
    *("colsample_bytree", "learning_rate", "min_child_samples"),
    *("num_leaves", "reg_lambda"),
)
_LIGHTGBM = _entries(
    _LIGHTGBM_NAMES,
    (0.428, 0.0913, 7, 6, 0.0956),  # -30 -35 -31 -15 %
    (0.788, 0.0553, 17, 4, 0.0627),  # -25 -21 -21 -14 %
)
_LIGHTGBM_REGRESSION = _entries(
    _LIGHTGBM_NAMES,
    (1.0, 0.12, 7, 8, 0.1),  # +9 -10 -3 -13 %
)
_CATBOOST = _entries(
    ("depth", "l2_leaf_reg", "learning_rate", "random_strength", "rsm"),
    (4, 3.0, 0.05, 1.0, 0.8),  # +4 -12 +3 %; -5 -6 -10 -11 %; a third of the time
)

POINTS: dict[str, list[dict[str, Any]]] = {
    "catboost.CatBoostClassifier": _CATBOOST,
    "catboost.CatBoostRegressor": _CATBOOST,
    "lightgbm.LGBMClassifier": _LIGHTGBM,
    "lightgbm.LGBMRegressor": _LIGHTGBM_REGRESSION,
    "sklearn.AdaBoostClassifier": _ADA_BOOST,
    "sklearn.DecisionTreeClassifier": _DECISION_TREE,
    "sklearn.ExtraTreesClassifier": _EXTRA_TREES,
    "sklearn.GradientBoostingClassifier": _GRADIENT_BOOSTING,
    "sklearn.HistGradientBoostingClassifier": _HIST_GRADIENT_BOOSTING,
    "sklearn.KNeighborsClassifier": _NEIGHBORS,
    "sklearn.LinearSVC": _LINEAR_SVC,
    "sklearn.LogisticRegression": _LOGISTIC_REGRESSION,
    "sklearn.MLPClassifier": _PERCEPTRON,
    "sklearn.RandomForestClassifier": _RANDOM_FOREST,
    "sklearn.RidgeClassifier": _RIDGE,
    "sklearn.SGDClassifier": _SGD,
    "sklearn.SVC": _SVC,
    # Regressors share entries of the classifier, as the parameters mean the same. Change of the
    # squared error, best entry against default, 3-fold, on load_diabetes and make_friedman1, 2, 3
    # (800 rows, some noise), the target standardised; which entries are left out was seen there:
    "sklearn.ExtraTreesRegressor": _EXTRA_TREES,  # -8 +1 +1 +12 %
    "sklearn.GradientBoostingRegressor": _GRADIENT_BOOSTING,  # -11 +12 +26 +16 %
    "sklearn.HistGradientBoostingRegressor": _HIST_GRADIENT_BOOSTING_REGRESSION,
    "sklearn.KNeighborsRegressor": _NEIGHBORS,  # -14 -3 -1 -4 %
    # With the lower learning rates it ends before it has learnt.
    "sklearn.MLPRegressor": _PERCEPTRON[1:2],  # +18 -12 0 -19 %
    "sklearn.RandomForestRegressor": _RANDOM_FOREST_REGRESSION,  # -6 -1 -2 0 %
    "xgboost.XGBClassifier": _XGBOOST,
    "xgboost.XGBRegressor": _XGBOOST_REGRESSION,
}

# For metrics such as the balanced accuracy, where the space has balanced class weights: these
# hardly change a forest of pure leaves, so that it takes larger ones to make use of them.
BALANCED_POINTS: dict[str, list[dict[str, Any]]] = {
    "sklearn.RandomForestClassifier": _RANDOM_FOREST_BALANCED,
}
