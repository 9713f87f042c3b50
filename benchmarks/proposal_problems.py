"""Test problems for `proposals.py`: tables of real models' scores, and known functions.

A table problem draws random configurations of a real model on real data, cross-validates
each once, and fits extremely randomised trees to the scores. The trees stand for the model
afterwards, so that thousands of searches cost minutes. Tables are made once and kept in a
folder outside the repository.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keel
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingClassifier
from sklearn.ensemble import HistGradientBoostingRegressor as HistGradientBoosting
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from autotune.space import Space

Params = dict[str, Any]

_C = (2.0**-5, 2.0**12, "log-uniform")
_GAMMA = (2.0**-15, 2.0**3, "log-uniform")
_BOOSTING = {
    "learning_rate": (0.01, 0.5, "log-uniform"),
    "max_leaf_nodes": (4, 128, "log-uniform"),
    "min_samples_leaf": (1, 100, "log-uniform"),
    "l2_regularization": (1e-3, 100.0, "log-uniform"),
    "max_features": (0.3, 1.0),
}
_PERCEPTRON = {
    "hidden_layer_sizes": [(100,), (32,), (256,), (64, 64), (128, 128), (256, 128)],
    "activation": ["relu", "tanh", "logistic"],
    "alpha": (1e-7, 10.0, "log-uniform"),
    "learning_rate_init": (1e-4, 0.03, "log-uniform"),
    "max_iter": (10, 60, "log-uniform"),
}
_KERNELS: list[dict[str, Any]] = [
    {"kernel": ["rbf"], "C": _C, "gamma": _GAMMA, "class_weight": [None, "balanced"]},
    {"kernel": ["linear"], "C": (1e-3, 1e2, "log-uniform"), "class_weight": [None, "balanced"]},
    {
        "kernel": ["poly"],
        "C": (1e-3, 1e2, "log-uniform"),
        "degree": (2, 4),
        "coef0": (0.0, 1.0),
        "class_weight": [None, "balanced"],
    },
]
_CLASSIFIERS: list[dict[str, Any]] = [
    {"model": ["svc"], "C": _C, "gamma": _GAMMA},
    {"model": ["logistic"], "C": (1e-4, 1e4, "log-uniform")},
    {
        "model": ["neighbors"],
        "n_neighbors": (1, 60, "log-uniform"),
        "weights": ["uniform", "distance"],
        "p": [1, 2],
    },
    {"model": ["perceptron"], **_PERCEPTRON},
]
_REGRESSORS: list[dict[str, Any]] = [
    {"model": ["svr"], "C": _C, "gamma": _GAMMA, "epsilon": (1e-3, 1.0, "log-uniform")},
    {"model": ["ridge"], "alpha": (1e-4, 1e4, "log-uniform")},
    {"model": ["boosting"], **_BOOSTING},
]
_LINEAR_BOOSTER = {
    "learning_rate": (1e-3, 1.0, "log-uniform"),
    "n_estimators": (8, 200, "log-uniform"),
    "reg_alpha": (1e-3, 1e3, "log-uniform"),
    "reg_lambda": (1e-3, 1e3, "log-uniform"),
}
_TREE_BOOSTER = {
    **_LINEAR_BOOSTER,
    "colsample_bytree": (0.1, 1.0),
    "gamma": (1e-4, 7.0, "log-uniform"),
    "max_depth": (1, 15),
    "min_child_weight": (1.0, 128.0, "log-uniform"),
    "subsample": (0.1, 1.0),
}
# As rbv2 (Binder 2020): twelve parameters, one of which decides which of the others there are.
_BOOSTERS: list[dict[str, Any]] = [
    {"booster": ["gbtree"], **_TREE_BOOSTER},
    {"booster": ["dart"], **_TREE_BOOSTER, "rate_drop": (0.0, 1.0), "skip_drop": (0.0, 1.0)},
    {"booster": ["gblinear"], **_LINEAR_BOOSTER},
]
_BOOSTER_DEFAULT = {
    "booster": "gbtree",
    "colsample_bytree": 1.0,
    "gamma": 1e-4,
    "learning_rate": 0.3,
    "max_depth": 6,
    "min_child_weight": 1.0,
    "n_estimators": 100,
    "reg_alpha": 1e-3,
    "reg_lambda": 1.0,
    "subsample": 1.0,
}
# A space as tutorials have it: wide ranges, and choices most of which do not matter.
_TUTORIAL_SVC = {
    "kernel": ["linear", "poly", "rbf", "sigmoid"],
    "C": (1e-3, 1e3, "log-uniform"),
    "gamma": (1e-4, 1e1, "log-uniform"),
    "class_weight": [None, "balanced"],
    "shrinking": [True, False],
}
_TUTORIAL_SVC_DEFAULT = {
    "kernel": "rbf",
    "C": 1.0,
    "gamma": 0.1,
    "class_weight": None,
    "shrinking": True,
}
_BOOSTING_DEFAULT = {
    "learning_rate": 0.1,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "l2_regularization": 1e-3,
    "max_features": 1.0,
}
_PERCEPTRON_DEFAULT = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "alpha": 1e-4,
    "learning_rate_init": 1e-3,
    "max_iter": 30,
}


def _xgboost(**params: Any) -> BaseEstimator:
    """Return a classifier of XGBoost."""
    import xgboost

    return xgboost.XGBClassifier(random_state=0, n_jobs=1, verbosity=0, **params)


def _xgboost_regressor(**params: Any) -> BaseEstimator:
    """Return a regressor of XGBoost."""
    import xgboost

    return xgboost.XGBRegressor(random_state=0, n_jobs=1, verbosity=0, **params)


_MODELS: dict[str, Callable[..., BaseEstimator]] = {
    "svc": SVC,
    "tutorial_svc": lambda **params: SVC(max_iter=50_000, **params),
    "xgboost": _xgboost,
    "xgboost_regressor": _xgboost_regressor,
    "svr": lambda **params: SVR(**params),
    "logistic": lambda **params: LogisticRegression(max_iter=300, **params),
    "neighbors": KNeighborsClassifier,
    "perceptron": lambda **params: MLPClassifier(random_state=0, **params),
    "perceptron_regressor": lambda **params: MLPRegressor(random_state=0, **params),
    "ridge": Ridge,
    "boosting": lambda **params: HistGradientBoosting(max_iter=50, random_state=0, **params),
    "boosting_classifier": lambda **params: HistGradientBoostingClassifier(
        max_iter=50, random_state=0, **params
    ),
}


@dataclass(frozen=True)
class Problem:
    """A function to maximise over a space.

    Attributes
    ----------
    name : str
    space : Space
    default : dict
        The configuration that every search starts with.
    truth : callable
        From a configuration to its score; NaN if it fails.
    noise : float
        Standard deviation of what is added to an observed score.
    """

    name: str
    space: Space
    default: Params
    truth: Callable[[Params], float]
    noise: float = 0.0

    def reference(self) -> tuple[float, float]:
        """Return the median and the best score of many random configurations."""
        rng = np.random.RandomState(12345)
        scores = np.array([self.truth(self.space.sample(rng)) for _ in range(4000)])
        return float(np.nanmedian(scores)), float(np.nanmax(scores))


class Forest:
    """Extremely randomised trees over encoded configurations, quick for one point at a time.

    Leaves of three rows smooth the noise of cross-validation: the best configurations of a
    forest that interpolated it would be lucky ones.
    """

    def __init__(self, space: Space, configurations: list[Params], scores: np.ndarray):
        self.space = space
        features = np.array([self._embed(params) for params in configurations])
        trees = (
            ExtraTreesRegressor(300, min_samples_leaf=3, random_state=0)
            .fit(features, scores)
            .estimators_
        )
        size = max(tree.tree_.node_count for tree in trees)
        shape = (len(trees), size)
        self._child = np.zeros((*shape, 2), int)
        self._feature, self._threshold, self._value = (np.zeros(shape) for _ in range(3))
        self._feature = self._feature.astype(int)
        for i, fitted in enumerate(trees):
            tree, n = fitted.tree_, fitted.tree_.node_count
            leaf = tree.children_left < 0
            here = np.arange(n)  # a leaf is its own child
            self._child[i, :n, 0] = np.where(leaf, here, tree.children_left)
            self._child[i, :n, 1] = np.where(leaf, here, tree.children_right)
            self._feature[i, :n] = np.where(leaf, 0, tree.feature)
            self._threshold[i, :n] = tree.threshold
            self._value[i, :n] = tree.value[:, 0, 0]
        self._depth = max(tree.tree_.max_depth for tree in trees)

    def __call__(self, params: Params) -> float:
        x = self._embed(params)
        rows = np.arange(len(self._value))
        node = np.zeros(len(rows), int)
        for _ in range(self._depth):
            right = x[self._feature[rows, node]] > self._threshold[rows, node]
            node = self._child[rows, node, right.astype(int)]
        return float(self._value[rows, node].mean())

    def _embed(self, params: Params) -> np.ndarray:
        """Return numbers for a tree: choices one-hot, -1 for a parameter that is absent."""
        columns: list[float] = []
        for feature, u in zip(self.space.features, self.space.encode(params), strict=True):
            if feature.kind == "choice" and feature.n > 2:
                hot = -1 if math.isnan(u) else int(u * feature.n)
                columns += [float(i == hot) for i in range(feature.n)]
            else:
                columns.append(-1.0 if math.isnan(u) else float(u))
        return np.array(columns, dtype=np.float32).astype(float)


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the first 600 digits."""
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600]


def _keel(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a data set of `keel.py`, texts as indicators, classes as whole numbers."""
    X, y = keel.load(name)
    return pd.get_dummies(X, dtype=float).to_numpy(float), np.unique(y, return_inverse=True)[1]


_DATA: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "digits": _digits,
    "german": lambda: _keel("german"),
    "pima": lambda: _keel("pima"),
    "vehicle": lambda: _keel("vehicle"),
}

# name: (data, model unless the configuration names it, space, default, scorer)
TABLES: dict[str, tuple[str, str, Any, Params, str]] = {
    "svc-cancer": (
        "cancer",
        "svc",
        _KERNELS,
        {"kernel": "rbf", "C": 1.0, "gamma": 0.03, "class_weight": None},
        "balanced_accuracy",
    ),
    "boosting-wine": (
        "wine",
        "boosting_classifier",
        _BOOSTING,
        _BOOSTING_DEFAULT,
        "neg_log_loss",
    ),
    "perceptron-cancer": (
        "cancer",
        "perceptron",
        _PERCEPTRON,
        _PERCEPTRON_DEFAULT,
        "neg_log_loss",
    ),
    "union-diabetes": (
        "diabetes",
        "",
        _REGRESSORS,
        {"model": "ridge", "alpha": 1.0},
        "neg_root_mean_squared_error",
    ),
    "union-cancer": (
        "cancer",
        "",
        _CLASSIFIERS,
        {"model": "logistic", "C": 1.0},
        "roc_auc",
    ),
    "xgboost-cancer": ("cancer", "xgboost", _BOOSTERS, _BOOSTER_DEFAULT, "neg_log_loss"),
    "xgboost-diabetes": (
        "diabetes",
        "xgboost_regressor",
        _BOOSTERS,
        _BOOSTER_DEFAULT,
        "neg_root_mean_squared_error",
    ),
    "tutorial-pima": (
        "pima",
        "tutorial_svc",
        _TUTORIAL_SVC,
        _TUTORIAL_SVC_DEFAULT,
        "balanced_accuracy",
    ),
    "xgboost-wine": ("wine", "xgboost", _BOOSTERS, _BOOSTER_DEFAULT, "neg_log_loss"),
    "xgboost-vehicle": ("vehicle", "xgboost", _BOOSTERS, _BOOSTER_DEFAULT, "accuracy"),
    "tutorial-german": (
        "german",
        "tutorial_svc",
        _TUTORIAL_SVC,
        _TUTORIAL_SVC_DEFAULT,
        "balanced_accuracy",
    ),
    "svc-digits": (
        "digits",
        "svc",
        _KERNELS,
        {"kernel": "rbf", "C": 1.0, "gamma": 0.015, "class_weight": None},
        "accuracy",
    ),
    "boosting-cancer": (
        "cancer",
        "boosting_classifier",
        _BOOSTING,
        _BOOSTING_DEFAULT,
        "neg_log_loss",
    ),
    "perceptron-digits": (
        "digits",
        "perceptron",
        _PERCEPTRON,
        _PERCEPTRON_DEFAULT,
        "neg_log_loss",
    ),
    "union-wine": (
        "wine",
        "",
        _CLASSIFIERS,
        {"model": "logistic", "C": 1.0},
        "accuracy",
    ),
}


def make_table(name: str, folder: Path, n: int) -> list[dict[str, Any]]:
    """Return the rows of a table, from the folder or newly made."""
    path = folder / f"{name}.jsonl"
    if path.exists():
        return [json.loads(line) for line in path.read_text().splitlines()]
    data, model, spec, default, scoring = TABLES[name]
    space = Space.parse(spec)
    rng = np.random.RandomState(0)
    rows = []
    for params in [default, *(space.sample(rng) for _ in range(n - 1))]:
        score = _cross_validate(data, {"model": model, **params}, scoring)
        rows.append({"params": space.to_json(params), "score": score})
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def _cross_validate(data: str, params: Params, scoring: str) -> float:
    """Return the mean score of five folds."""
    X, y = _DATA[data]()
    model = _MODELS[params["model"]](**{k: v for k, v in params.items() if k != "model"})
    folds = KFold if data == "diabetes" else StratifiedKFold
    splitter = folds(5, shuffle=True, random_state=0)
    scale = y.std() if data == "diabetes" else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short training is part of the space
        pipeline = make_pipeline(StandardScaler(), model)
        return float(np.mean(cross_val_score(pipeline, X, y / scale, cv=splitter, scoring=scoring)))


def table_problem(name: str, folder: Path, noise: float, n: int = 700) -> Problem:
    """Return the problem that a table makes.

    ``noise`` is given as a share of the spread between the better half of the table's scores.
    """
    rows = make_table(name, folder, n)
    space = Space.parse(TABLES[name][2])
    scores = np.array([row["score"] for row in rows])
    forest = Forest(space, [space.from_json(row["params"]) for row in rows], scores)
    spread = float(np.quantile(scores, 0.9) - np.quantile(scores, 0.5))
    label = name + (" +noise" if noise else "")
    return Problem(label, space, TABLES[name][3], forest, noise * spread)


def _branin(params: Params) -> float:
    """Branin's function."""
    x, y = params["x"], params["y"]
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return -(a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A6 = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann(x: np.ndarray) -> float:
    """Hartmann's function of six variables."""
    return float(_ALPHA @ np.exp(-(_A6 * (x - _P6) ** 2).sum(1)))


def _mixed_hartmann(params: Params) -> float:
    """Hartmann's function, shifted and scaled by two choices, with one integer."""
    x = np.array([params[f"x{i}"] for i in range(4)] + [params["k"] / 20, 0.65])
    gain = {"a": 1.0, "b": 0.9, "c": 0.5, "d": 0.2}[params["form"]]
    return gain * _hartmann(np.abs(x - (0.1 if params["flip"] else 0.0)))


def _failing(params: Params) -> float:
    """Return a valley with an optimum next to a region that fails, and a steep wall."""
    x, y, z = params["x"], params["y"], params["z"]
    if x + y > 1.3:
        return math.nan
    return -math.log(1e-3 + (x - 0.7) ** 2 + 3 * (y - 0.5) ** 2 + 0.3 * (z - 0.2) ** 2 + x**20)


def _rosenbrock(params: Params) -> float:
    """Rosenbrock's function of four variables, whose values have a long bad tail."""
    x = np.array([params[f"x{i}"] for i in range(4)])
    return -float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


_UNIT = (0.0, 1.0)


def _mixed_space() -> dict[str, Any]:
    """Return four numbers, an integer and two choices."""
    numbers: dict[str, Any] = {f"x{i}": _UNIT for i in range(4)}
    return {**numbers, "k": (0, 20), "form": ["d", "c", "b", "a"], "flip": [False, True]}


def _mixed(seed: int) -> Callable[[Params], float]:
    """Return a random sum of five bumps, shifted and scaled by two choices."""
    rng = np.random.RandomState(100 + seed)
    heights, places = rng.uniform(0.5, 2.0, 5), rng.uniform(0.05, 0.95, (5, 5))
    widths = np.exp(rng.uniform(0.0, 3.0, (5, 5)))
    gains = dict(zip("abcd", rng.permutation([1.0, 0.9, 0.5, 0.2]), strict=True))
    shift = rng.uniform(-0.15, 0.15, 5)

    def truth(params: Params) -> float:
        x = np.array([params[f"x{i}"] for i in range(4)] + [params["k"] / 20])
        x = x - (shift if params["flip"] else 0.0)
        return gains[params["form"]] * float(heights @ np.exp(-(widths * (x - places) ** 2).sum(1)))

    return truth


_MIXED_DEFAULT = {**{f"x{i}": 0.5 for i in range(4)}, "k": 10, "form": "d", "flip": True}
_FORMS = ("flat", "bowl", "ridge")


def _conditional_space() -> list[dict[str, Any]]:
    """Return three sub-spaces that share three parameters, with four, two and no others."""
    shared = {**{f"x{i}": _UNIT for i in range(3)}, "k": (1, 12)}
    return [
        {"form": ["flat"], **shared},
        {"form": ["bowl"], **shared, "a": _UNIT, "b": _UNIT},
        {"form": ["ridge"], **shared, "a": _UNIT, "c": _UNIT, "d": _UNIT, "e": ["u", "v", "w"]},
    ]


def _conditional(seed: int) -> Callable[[Params], float]:
    """Return a random function with conditions, whose values have a long bad tail.

    Each parameter has a valley of its own, wide or narrow, important or not; two of the shared
    ones only count together; each form has its own level, and moves the valley of one of them.
    """
    rng = np.random.RandomState(seed)
    names = [*(f"x{i}" for i in range(3)), "k", "a", "b", "c", "d"]
    weights = dict(zip(names, rng.gamma(0.5, 1.0, len(names)), strict=True))
    places = dict(zip(names, rng.uniform(0.1, 0.9, len(names)), strict=True))
    levels = dict(zip(_FORMS, rng.permutation([0.0, 0.15, 0.6]), strict=True))
    moves = dict(zip(_FORMS, rng.uniform(-0.2, 0.2, 3), strict=True))
    costs = dict(zip("uvw", rng.permutation([0.0, 0.05, 0.4]), strict=True))

    def truth(params: Params) -> float:
        form = params["form"]
        units = {n: v / 12 if n == "k" else v for n, v in params.items() if n in weights}
        loss = levels[form] + costs.get(params.get("e", ""), 0.0)
        loss += sum(weights[n] * (u - places[n]) ** 2 for n, u in units.items())
        loss += 2 * (units["x0"] + units["x1"] - places["x0"] - places["x1"] - moves[form]) ** 2
        return -math.expm1(2 * loss)

    return truth


_CONDITIONAL = (
    _conditional_space(),
    {"form": "flat", **{f"x{i}": 0.5 for i in range(3)}, "k": 6},
)
FUNCTIONS: dict[str, tuple[Any, Params, Callable[[Params], float]]] = {
    "branin": ({"x": (-5.0, 10.0), "y": (0.0, 15.0)}, {"x": 2.5, "y": 7.5}, _branin),
    **{f"conditional-{i}": (*_CONDITIONAL, _conditional(i)) for i in range(6)},
    "failing": (
        {"x": _UNIT, "y": _UNIT, "z": _UNIT},
        {"x": 0.5, "y": 0.2, "z": 0.5},
        _failing,
    ),
    **{f"mixed-{i}": (_mixed_space(), _MIXED_DEFAULT, _mixed(i)) for i in range(4)},
    "mixed-hartmann": (_mixed_space(), _MIXED_DEFAULT, _mixed_hartmann),
    "rosenbrock": (
        {f"x{i}": (-2.0, 2.0) for i in range(4)},
        {f"x{i}": 0.0 for i in range(4)},
        _rosenbrock,
    ),
}

DEVELOPMENT = (
    ("svc-cancer", 0.0),
    ("boosting-wine", 0.0),
    ("perceptron-cancer", 0.0),
    ("perceptron-cancer", 0.25),
    ("union-diabetes", 0.0),
    ("union-cancer", 0.0),
    ("branin", 0.0),
    ("failing", 0.0),
    ("xgboost-cancer", 0.0),
    ("xgboost-diabetes", 0.0),
    ("tutorial-pima", 0.0),
    ("conditional-0", 0.0),
    ("conditional-1", 0.0),
    ("conditional-2", 0.0),
    ("mixed-0", 0.0),
    ("mixed-1", 0.0),
    ("mixed-2", 0.0),
    ("mixed-3", 0.0),
)
REPORT = (
    ("svc-digits", 0.0),
    ("boosting-cancer", 0.0),
    ("boosting-cancer", 0.25),
    ("perceptron-digits", 0.0),
    ("union-wine", 0.0),
    ("union-wine", 0.25),
    ("mixed-hartmann", 0.0),
    ("rosenbrock", 0.0),
    ("xgboost-wine", 0.0),
    ("xgboost-vehicle", 0.0),
    ("tutorial-german", 0.0),
    ("conditional-3", 0.0),
    ("conditional-4", 0.0),
    ("conditional-5", 0.0),
)


def load(entry: tuple[str, float], folder: Path) -> Problem:
    """Return a problem of one of the lists above."""
    name, noise = entry
    if name in TABLES:
        return table_problem(name, folder, noise)
    spec, default, truth = FUNCTIONS[name]
    return Problem(name, Space.parse(spec), default, truth, noise)
