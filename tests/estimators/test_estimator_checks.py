"""scikit-learn's own checks of an estimator, around many models and with every strategy."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune.defaults import default_model
from autotune.strategies import STRATEGIES

FEW = {"max_iter": [3, 4], "min_samples_leaf": [2]}  # iterations, so that boosting is quick

CLASSIFIERS: dict[str, tuple[Any, Any]] = {
    "logistic regression": (LogisticRegression(), "auto"),
    "svm": (SVC(), "auto"),
    "tree": (DecisionTreeClassifier(), "auto"),
    "boosting": (HistGradientBoostingClassifier(), FEW),
    "neighbors": (KNeighborsClassifier(), "auto"),
    "naive bayes": (GaussianNB(), "auto"),
    "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()), "auto"),
    "transformer": (LinearDiscriminantAnalysis(), {"tol": [1e-4, 1e-3]}),
    "default": (None, FEW),
    "list": ([LogisticRegression(), DecisionTreeClassifier()], "auto"),
}
REGRESSORS: dict[str, tuple[Any, Any]] = {
    "ridge": (Ridge(), "auto"),
    "svm": (SVR(), "auto"),
    "tree": (DecisionTreeRegressor(), "auto"),
    "boosting": (HistGradientBoostingRegressor(), FEW),
    "neighbors": (KNeighborsRegressor(), "auto"),
    "pipeline": (make_pipeline(StandardScaler(), Ridge()), "auto"),
    "default": (None, FEW),
    "list": ([Ridge(), DecisionTreeRegressor()], "auto"),
}
# No strategy sees the model: one strategy meets all models, one model meets all strategies, and
# one regressor the usual strategy.
EVERY_MODEL = "random"
OTHER_STRATEGIES = {"logistic regression": [*STRATEGIES], "ridge": [EVERY_MODEL, "auto"]}
QUICK = {  # in the fast run
    (AutoTunedClassifier, "logistic regression", "auto"),
    (AutoTunedClassifier, "default", "random"),
    (AutoTunedRegressor, "svm", "random"),
}
# An average uses nothing of its members but their predictions: classes, probabilities, numbers.
# That of the folds has the members of one trial, an ensemble those of several.
AVERAGED = {
    "folds": {"logistic regression", "ridge"},
    "ensemble": {"logistic regression", "svm", "ridge", "default", "list"},
}


def combinations():
    """Yield an estimator for each model and strategy; most of them are for the slow run."""
    for cls, models in ((AutoTunedClassifier, CLASSIFIERS), (AutoTunedRegressor, REGRESSORS)):
        for name, (model, space) in models.items():
            for strategy in OTHER_STRATEGIES.get(name, [EVERY_MODEL]):
                yield pytest.param(
                    cls(
                        model,
                        space,
                        strategy=strategy,
                        budget=4 if isinstance(model, list) else 3,
                        cv=2,
                        include_default=space == "auto",
                        random_state=0,
                    ),
                    name,
                    id=f"{cls.__name__}-{name}-{strategy}",
                    marks=() if (cls, name, strategy) in QUICK else pytest.mark.slow,
                )


def averages():
    """Yield estimators whose final model is an average."""
    for case in combinations():
        estimator, name = case.values
        for final_model, models in AVERAGED.items():
            if estimator.strategy == EVERY_MODEL and name in models:
                yield pytest.param(
                    clone(estimator).set_params(final_model=final_model, cv=4),
                    name,
                    id=f"{case.id}-{final_model}",
                    marks=pytest.mark.slow,
                )


def built_in():
    """Yield estimators that tune and average all built-in models."""
    for cls in (AutoTunedClassifier, AutoTunedRegressor):
        estimator = cls(budget=8, cv=3, random_state=0)
        yield pytest.param(
            estimator, "default", id=f"{cls.__name__}-built-in", marks=pytest.mark.slow
        )


@cache
def bare_skips(cls: type, name: str) -> set[str]:
    """Return the checks that are skipped for the model alone."""
    classifier = cls is AutoTunedClassifier
    model, space = (CLASSIFIERS if classifier else REGRESSORS)[name]
    models = (
        model if isinstance(model, list) else [model or default_model(None, classifier=classifier)]
    )
    if space is FEW:
        models = [clone(one).set_params(max_iter=3) for one in models]
    return set().union(*(names(run_checks(one), "skipped") for one in models))


def run_checks(estimator: Any) -> list[dict[str, Any]]:
    """Run all checks on an estimator."""
    with threadpool_limits(1):  # the data are tiny, and threads wait for each other
        return check_estimator(estimator, on_skip=None, on_fail=None)


def names(results: list[dict[str, Any]], status: str) -> set[str]:
    """Return the names of the checks that ended with a status."""
    return {result["check_name"] for result in results if result["status"] == status}


# The data of some checks are made so that trials fail and solvers do not converge.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # casts of infinite targets
@pytest.mark.parametrize(("estimator", "name"), [*combinations(), *averages(), *built_in()])
def test_checks(estimator, name):
    """Check that every check passes and that none is skipped but those of the model alone."""
    results = run_checks(estimator)
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"]
    assert not failed
    assert names(results, "xfail") == set()
    assert names(results, "skipped") <= bare_skips(type(estimator), name)
    assert len(names(results, "passed")) > 30
