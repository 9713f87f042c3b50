"""Twenty fits give what they gave before the package was rearranged: trials, scores, winner.

    python tests/test_recorded_fits.py      records them anew, where a change is meant to show

The record holds for the versions named in it, since models and random draws differ between
releases of numpy, scipy and scikit-learn; `.ci/run` compares where these are installed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import loguniform, randint
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from autotune import (
    Auto,
    AutoTunedClassifier,
    AutoTunedRegressor,
    Bayes,
    Grid,
    Halving,
    Hyperband,
    Racing,
)

RECORD = Path(__file__).with_suffix(".json")
PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-optimize")
SVC_SPACE = {"C": (0.01, 100.0, "log-uniform"), "gamma": (1e-4, 1.0, "log-uniform")}


def _iris() -> Any:
    return load_iris(return_X_y=True)


def _wine() -> Any:
    return load_wine(return_X_y=True)


def _cancer() -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    return X[:300], y[:300]


def _diabetes() -> Any:
    X, y = load_diabetes(return_X_y=True)
    return X[:250], y[:250]


def _large() -> Any:
    return make_classification(4000, 6, n_informative=4, random_state=0)


def _mixed() -> Any:
    import pandas as pd

    X, y = load_iris(return_X_y=True, as_frame=True)
    colour = pd.Series(np.where(np.arange(150) % 3 == 0, "red", "blue"), dtype=object)
    return X.assign(colour=colour, size=pd.cut(X.iloc[:, 0], 4, labels=list("abcd"))), y


class Picky(DecisionTreeClassifier):
    """Fails for some configurations."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Picky:
        if self.max_depth is not None and self.max_depth % 2 == 0:
            raise ValueError(f"no even depth: {self.max_depth}")
        return super().fit(X, y, sample_weight)


Fit = tuple[Callable[[], Any], Callable[[], Any], dict[str, Any]]
FITS: dict[str, Fit] = {
    "grid": (
        _iris,
        lambda: AutoTunedClassifier(SVC(), {"C": [0.1, 1, 10], "kernel": ["rbf", "linear"]}),
        {"strategy": "grid"},
    ),
    "grid of intervals": (
        _wine,
        lambda: AutoTunedClassifier(
            KNeighborsClassifier(), {"n_neighbors": (1, 20), "p": (1.0, 2.0)}
        ),
        {"strategy": Grid(points=3), "budget": 7},
    ),
    "random": (
        _diabetes,
        lambda: AutoTunedRegressor(
            SVR(), {"C": loguniform(0.1, 100), "degree": randint(1, 5), "kernel": ["rbf", "poly"]}
        ),
        {"strategy": "random", "budget": 12, "cv": 3},
    ),
    "random on two workers": (
        _iris,
        lambda: AutoTunedClassifier(DecisionTreeClassifier(), {"max_depth": (1, 9)}),
        {"strategy": "random", "budget": 8, "n_jobs": 2},
    ),
    "bayes": (
        _cancer,
        lambda: AutoTunedClassifier(SVC(), SVC_SPACE),
        {"strategy": "bayes", "budget": 18},
    ),
    "bayes with conditions": (
        _wine,
        lambda: AutoTunedClassifier(
            make_pipeline(StandardScaler(), SVC()),
            [
                {"svc__kernel": ["rbf"], "svc__gamma": (1e-4, 1.0, "log-uniform")},
                {"svc__kernel": ["poly"], "svc__degree": (2, 4), "svc__coef0": (0.0, 2.0)},
            ],
        ),
        {"strategy": "bayes", "budget": 16},
    ),
    "skopt": (
        _iris,
        lambda: AutoTunedClassifier(SVC(), SVC_SPACE),
        {"strategy": Bayes(surrogate="skopt", n_initial=4), "budget": 7, "cv": 3},
    ),
    "racing": (
        _cancer,
        lambda: AutoTunedClassifier(
            DecisionTreeClassifier(), {"max_depth": (1, 12), "min_samples_leaf": (1, 40)}
        ),
        {"strategy": Racing(eps=0.05), "budget": 20, "cv": 8},
    ),
    "auto": (
        _wine,
        lambda: AutoTunedClassifier(make_pipeline(StandardScaler(), SVC())),
        {"budget": 20},
    ),
    "auto without a portfolio": (
        _diabetes,
        lambda: AutoTunedRegressor(DecisionTreeRegressor()),
        {"strategy": Auto(portfolio=False), "budget": 15},
    ),
    "final comparison": (
        _wine,
        lambda: AutoTunedClassifier(KNeighborsClassifier()),
        {"strategy": Auto(n_repeats=2), "budget": 12, "cv": 4},
    ),
    "stops early": (
        _iris,
        lambda: AutoTunedClassifier(KNeighborsClassifier(), {"n_neighbors": (1, 30)}),
        {"strategy": Auto(stop_early=True), "budget": 60, "cv": 3},
    ),
    "halving of rows": (
        _large,
        lambda: AutoTunedClassifier(
            DecisionTreeClassifier(), {"max_depth": (1, 12), "min_samples_leaf": (1, 90)}
        ),
        {"strategy": Halving(min_resources="smallest"), "budget": 20},
    ),
    "halving of trees": (
        _cancer,
        lambda: AutoTunedClassifier(RandomForestClassifier(n_estimators=20), {"max_depth": (1, 9)}),
        {"strategy": Halving(resource="n_estimators", min_resources=2), "budget": 9, "cv": 3},
    ),
    "hyperband": (
        _large,
        lambda: AutoTunedClassifier(DecisionTreeClassifier(), {"max_depth": (1, 12)}),
        {"strategy": Hyperband(factor=4, min_resources=200), "budget": 14},
    ),
    "default model": (_mixed, lambda: AutoTunedClassifier(), {"budget": 4, "cv": 3}),
    "several models": (
        _iris,
        lambda: AutoTunedClassifier(
            [SVC(), KNeighborsClassifier(), LogisticRegression(max_iter=500)]
        ),
        {"budget": 14, "cv": 4},
    ),
    "steps to choose": (
        _cancer,
        lambda: AutoTunedClassifier(
            make_pipeline(StandardScaler(), SelectKBest(), KNeighborsClassifier()),
            {"standardscaler": ["passthrough", StandardScaler()], "selectkbest__k": (2, 20)},
        ),
        {"budget": 12, "return_train_score": True},
    ),
    "failures, several metrics": (
        _wine,
        lambda: AutoTunedClassifier(
            Picky(), {"max_depth": (1, 8), "criterion": ["gini", "entropy"]}
        ),
        {
            "budget": 10,
            "scoring": ["accuracy", "f1_macro"],
            "refit": "f1_macro",
            "strategy": "bayes",
        },
    ),
    "boosting, shuffled folds": (
        _cancer,
        lambda: AutoTunedClassifier(HistGradientBoostingClassifier(max_iter=20)),
        {
            "budget": 6,
            "cv": ShuffleSplit(4, test_size=0.3, random_state=1),
            "scoring": "neg_log_loss",
        },
    ),
    "groups and weights": (
        _diabetes,
        lambda: AutoTunedRegressor(
            KNeighborsRegressor(), {"n_neighbors": (1, 40), "weights": ["uniform", "distance"]}
        ),
        {"budget": 12, "cv": GroupKFold(4)},
    ),
}


def carry_out(name: str) -> dict[str, Any]:
    """Return what one of the fits comes to, as JSON holds it."""
    data, make, settings = FITS[name]
    X, y = data()
    model = make().set_params(random_state=7, **settings)
    groups = {"groups": np.arange(len(y)) % 9} if "groups" in name else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y, **groups)
        predictions = model.predict(X[:20])
    history = model.history_
    trials = [
        {
            "params": {key: repr(value) for key, value in trial.params.items()},
            "status": trial.status,
            "origin": trial.origin,
            "scores": [float(score) for score in history.fold_scores(trial)],
        }
        for trial in history
    ]
    return {
        "trials": trials,
        "winner": model.best_index_,
        "best_score": model.best_score_,
        "expected_score": model.expected_score_,
        "predictions": [float(value) for value in predictions],
    }


def installed() -> dict[str, str]:
    """Return the versions on which the results depend."""
    return {name: version(name) for name in PACKAGES}


@pytest.mark.slow
@pytest.mark.parametrize("name", FITS)
def test_fit_is_as_recorded(name):
    """Check that trials, statuses, scores, winner and predictions are those of the record."""
    record = json.loads(RECORD.read_text())
    if installed() != record["versions"]:
        pytest.skip(f"the record is of {record['versions']}")
    expected, found = record["fits"][name], json.loads(json.dumps(carry_out(name)))
    assert [t["params"] for t in found["trials"]] == [t["params"] for t in expected["trials"]]
    for kind in ("status", "origin"):
        assert [t[kind] for t in found["trials"]] == [t[kind] for t in expected["trials"]]
    for one, other in zip(found["trials"], expected["trials"], strict=True):
        np.testing.assert_allclose(one["scores"], other["scores"], rtol=1e-9)
    assert found["winner"] == expected["winner"]
    for kind in ("best_score", "expected_score", "predictions"):
        np.testing.assert_allclose(found[kind], expected[kind], rtol=1e-9)


if __name__ == "__main__":
    record = {"versions": installed(), "fits": {name: carry_out(name) for name in FITS}}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
