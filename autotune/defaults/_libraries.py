"""Built-in search spaces: XGBoost, LightGBM and CatBoost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# As for HistGradientBoosting (see `_boosting`), the number of rounds stays as the model has it.
# Where the parameters mean the same, so are the ranges: what a hundred rounds can use of those of
# TabRepo and TabArena (LightGBM: rate 0.005..0.1, leaves 2..200 log, leaf 1..64 log, feature
# fraction 0.4..1), FLAML (leaves 4..2**15, leaf 2..129, both lambdas 2**-10..2**10) and Bischl
# 2021 (xgboost: eta 1e-4..1, max_depth 1..20, subsample and colsample 0.1..1, lambda 1e-3..1e3).
_RATE = (0.01, 0.5, "log-uniform")
_LEAF = (1, 100, "log-uniform")
_L2 = (1e-3, 100.0, "log-uniform")
_COLUMNS = (0.3, 1.0)
_ROWS = (0.4, 1.0)

# min_child_weight: Binder 2020 1..100; the sum of hessians, which is far below the number of
#   rows where probabilities are near 0 or 1, so that TabRepo begins at 0.5.
_XGBOOST = {
    "learning_rate": _RATE,
    "max_depth": (1, 10),
    "min_child_weight": (0.3, 100.0, "log-uniform"),
    "subsample": _ROWS,
    "colsample_bytree": _COLUMNS,
    "reg_lambda": _L2,
}
_XGBOOST_LINEAR = {
    "learning_rate": _RATE,
    "reg_lambda": (1e-5, 10.0, "log-uniform"),
    "reg_alpha": (1e-5, 1.0, "log-uniform"),
}
# A forest has no rate: its trees are averaged.
_XGBOOST_FOREST = {
    "max_depth": (2, 14),
    "min_child_weight": (0.3, 100.0, "log-uniform"),
    "subsample": (0.2, 0.95),
    "colsample_bynode": (0.1, 1.0),
    "reg_lambda": (1e-5, 10.0, "log-uniform"),
}


def _xgboost(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of XGBoost's models; the linear booster has no trees."""
    return _XGBOOST_LINEAR if params.get("booster") == "gblinear" else _XGBOOST


def _lightgbm(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of LightGBM's models; ``subsample`` counts only with a frequency."""
    space = {
        "learning_rate": _RATE,
        "num_leaves": (4, 128, "log-uniform"),
        "min_child_samples": _LEAF,
        "colsample_bytree": _COLUMNS,
        "reg_lambda": _L2,
    }
    kind = params.get("boosting_type")
    if kind == "rf":
        del space["learning_rate"]
    if kind != "goss" and (params.get("subsample_freq") or params.get("bagging_freq")):
        space["subsample"] = (0.2, 0.95) if kind == "rf" else _ROWS
    return space


# learning_rate: without one, CatBoost takes one that suits the rows and its thousand rounds, so
#   that the range lies around that; TabRepo and TabArena 0.005..0.1, Prokhorenkova et al. 2018
#   e**-7..1.
# depth: TabRepo and TabArena 4..8; shallower trees suit the smallest data.
# l2_leaf_reg: Prokhorenkova et al. 2018 1..10, TabArena 1e-4..5.
# random_strength: Prokhorenkova et al. 2018 1 and 20.
# rsm: TabArena 0.85..1; not on a GPU.
_CATBOOST = {
    "learning_rate": (0.01, 0.3, "log-uniform"),
    "depth": (2, 8),
    "l2_leaf_reg": (0.1, 30.0, "log-uniform"),
    "random_strength": (0.1, 20.0, "log-uniform"),
}


def _catboost(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of CatBoost's models, by how trees are grown and where."""
    space: dict[str, Any] = dict(_CATBOOST)
    if params.get("task_type") != "GPU":
        space["rsm"] = (0.4, 1.0)
    policy = params.get("grow_policy")
    if policy in ("Depthwise", "Lossguide"):
        space["min_data_in_leaf"] = _LEAF
    if policy == "Lossguide":
        space["max_leaves"] = (4, 64, "log-uniform")
    return space


SPACES: dict[str, Any] = {
    "catboost.CatBoostClassifier": _catboost,
    "catboost.CatBoostRanker": _catboost,
    "catboost.CatBoostRegressor": _catboost,
    "lightgbm.LGBMClassifier": _lightgbm,
    "lightgbm.LGBMRanker": _lightgbm,
    "lightgbm.LGBMRegressor": _lightgbm,
    "xgboost.XGBClassifier": _xgboost,
    "xgboost.XGBRegressor": _xgboost,
    "xgboost.XGBRanker": _xgboost,
    "xgboost.XGBRFClassifier": _XGBOOST_FOREST,
    "xgboost.XGBRFRegressor": _XGBOOST_FOREST,
}

# By what other names users set the parameters above; two names of one parameter are refused by
# CatBoost, and one of them is ignored by the others.
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "catboost.CatBoost": {
        "depth": ("max_depth",),
        "l2_leaf_reg": ("reg_lambda",),
        "learning_rate": ("eta",),
        "max_leaves": ("num_leaves",),
        "min_data_in_leaf": ("min_child_samples",),
        "rsm": ("colsample_bylevel",),
    },
    "lightgbm.LGBMModel": {
        "colsample_bytree": ("feature_fraction", "sub_feature"),
        "learning_rate": ("eta", "shrinkage_rate"),
        "min_child_samples": ("min_data_in_leaf", "min_data_per_leaf", "min_data"),
        "num_leaves": ("max_leaves", "max_leaf", "max_leaf_nodes", "num_leaf"),
        "reg_lambda": ("lambda_l2", "lambda", "l2_regularization"),
        "subsample": ("bagging_fraction", "bagging", "sub_row"),
    },
    "xgboost.XGBModel": {
        "learning_rate": ("eta",),
        "reg_alpha": ("alpha",),
        "reg_lambda": ("lambda",),
    },
}
