"""The second family of tasks of ``race.py``: spaces as users and tutorials write them.

Wide ranges, lists of numbers, symbols among numbers, choices most of which do not matter, and
defaults that lie outside; mixed columns with missing values behind imputers and a one-hot
encoder; metrics other than the model's own. Texts and whole numbers with few values are
categories, and one value in twenty is missing. KEEL's sets are for classification: a regressor
predicts the number of a set with the most values from its other columns, the class among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keel
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR

FAMILY = "user:"  # begins the names of the models
MISSING = 0.05
FEW = 10  # values of a whole number up to which it is a category

_WEIGHTS = [None, "balanced"]
_FOREST = {
    "n_estimators": (50, 300),
    "max_depth": [None, 5, 10, 20, 30],
    "max_features": ["sqrt", "log2", 0.3, 0.5, 0.7],
    "min_samples_split": (2, 20),
    "min_samples_leaf": (1, 10),
    "bootstrap": [True, False],
}
_BOOSTING = {
    "learning_rate": (1e-3, 1.0, "log-uniform"),
    "max_iter": (50, 500),
    "max_depth": [None, 3, 5, 7],
    "max_leaf_nodes": (15, 127),
    "min_samples_leaf": (5, 100),
    "l2_regularization": (1e-10, 10.0, "log-uniform"),
}


@dataclass(frozen=True)
class Setup:
    """A model, the space that a user wrote for it, and the metric.

    Attributes
    ----------
    make : callable
        Returns the model.
    scoring : str
    space : dict
    regression : bool
    """

    make: Callable[[], BaseEstimator]
    scoring: str
    space: dict[str, Any]
    regression: bool = False


SETUPS: dict[str, Setup] = {
    f"{FAMILY}SVC": Setup(
        lambda: SVC(random_state=0),
        "balanced_accuracy",
        {
            "kernel": ["rbf", "poly", "sigmoid"],
            "C": (1e-3, 1e3, "log-uniform"),
            "gamma": (1e-4, 10.0, "log-uniform"),
            "class_weight": _WEIGHTS,
            "shrinking": [True, False],
        },
    ),
    f"{FAMILY}SVC-lists": Setup(
        lambda: SVC(random_state=0),
        "f1_macro",
        {"C": [0.1, 1, 10, 100, 1000], "gamma": ["scale", "auto", 1, 0.1, 0.01, 0.001]},
    ),
    f"{FAMILY}MLP": Setup(
        lambda: MLPClassifier(random_state=0),
        "neg_log_loss",
        {
            "hidden_layer_sizes": [(50,), (100,), (50, 50), (100, 50), (50, 100, 50)],
            "activation": ["tanh", "relu"],
            "solver": ["sgd", "adam"],
            "alpha": (1e-5, 0.1, "log-uniform"),
            "learning_rate": ["constant", "adaptive"],
            "batch_size": [32, 128],
        },
    ),
    f"{FAMILY}Forest": Setup(
        lambda: RandomForestClassifier(random_state=0),
        "balanced_accuracy",
        {**_FOREST, "criterion": ["gini", "entropy"], "class_weight": _WEIGHTS},
    ),
    f"{FAMILY}Forest-auc": Setup(
        lambda: RandomForestClassifier(random_state=0), "roc_auc_ovr", _FOREST
    ),
    f"{FAMILY}Boosting": Setup(
        lambda: HistGradientBoostingClassifier(random_state=0),
        "f1_macro",
        {**_BOOSTING, "class_weight": _WEIGHTS},
    ),
    f"{FAMILY}Boosting-loss": Setup(
        lambda: HistGradientBoostingClassifier(random_state=0), "neg_log_loss", _BOOSTING
    ),
    f"{FAMILY}Logistic": Setup(
        lambda: LogisticRegression(max_iter=1000, random_state=0),
        "neg_log_loss",
        {
            "C": np.logspace(-4, 4, 20).tolist(),
            "solver": ["lbfgs", "newton-cg", "saga"],
            "class_weight": _WEIGHTS,
        },
    ),
    f"{FAMILY}Neighbors": Setup(
        KNeighborsClassifier,
        "roc_auc_ovr",
        {
            "n_neighbors": list(range(7, 61, 2)),
            "weights": ["uniform", "distance"],
            "p": [1, 2],
            "leaf_size": (10, 60),
        },
    ),
    f"{FAMILY}SVR": Setup(
        SVR,
        "neg_root_mean_squared_error",
        {
            "kernel": ["rbf", "poly", "linear"],
            "C": (0.1, 1e3, "log-uniform"),
            "gamma": (1e-4, 1.0, "log-uniform"),
            "epsilon": [0.01, 0.1, 0.2, 0.5],
        },
        regression=True,
    ),
    f"{FAMILY}ForestRegressor": Setup(
        lambda: RandomForestRegressor(random_state=0),
        "neg_root_mean_squared_error",
        _FOREST,
        regression=True,
    ),
    f"{FAMILY}BoostingRegressor": Setup(
        lambda: HistGradientBoostingRegressor(random_state=0),
        "neg_root_mean_squared_error",
        {**_BOOSTING, "loss": ["squared_error", "absolute_error"]},
        regression=True,
    ),
}
TUNING = ("australian", "crx", "marketing", "pima", "titanic", "vehicle")
REPORT = ("contraceptive", "german", "mammographic", "segment", "splice", "tic-tac-toe")
WITHOUT_NUMBERS = frozenset({"marketing", "titanic", "splice", "tic-tac-toe"})


def pairs(half: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the data sets and models of one half: 66 tasks for each seed."""
    return [
        (data, model)
        for data in half
        for model, setup in SETUPS.items()
        if not (setup.regression and data in WITHOUT_NUMBERS)
    ]


def load(name: str, setup: Setup) -> tuple[pd.DataFrame, pd.Series]:
    """Return mixed columns with missing values, and the target of a setup."""
    X, y = keel.load(name)
    if setup.regression:
        numbers = X.select_dtypes("number")
        target = numbers.nunique().idxmax()
        X, y = X.drop(columns=target).assign(kind=y.astype("category")), X[target].astype(float)
        y = (y - y.mean()) / y.std()
    else:
        y = y.astype("category").cat.codes  # forests cannot weigh classes whose names are digits
    whole = [c for c in X.select_dtypes("integer") if X[c].nunique() <= FEW]
    X = X.astype(dict.fromkeys(whole, str)).astype(dict.fromkeys(whole, "category"))
    hidden = np.random.RandomState(0).random_sample(X.shape) < MISSING
    return X.mask(hidden), y


def make_user_pipeline(setup: Setup) -> Pipeline:
    """Return the model behind imputers, a one-hot encoder and a scaler."""
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    prepare = [
        ("texts", texts, make_column_selector(dtype_include="category")),
        ("numbers", numbers, make_column_selector(dtype_exclude="category")),
    ]
    return Pipeline([("prepare", ColumnTransformer(prepare)), ("model", setup.make())])
