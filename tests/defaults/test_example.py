"""The example of a space in an error: the model that it is for must accept all of it."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import HuberRegressor, LinearRegression, QuantileRegressor
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune.defaults import has_default_space
from autotune.defaults._example import example_space
from autotune.defaults._points import POINTS

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 1, size=(60, 6))
Y = 1 + 3 * X[:, 0] + 0.1 * RNG.normal(size=60)
LABELS = (X[:, 0] > np.median(X[:, 0])).astype(int)
SEVERAL_TARGETS = ("MultiTask", "CCA", "PLSCanonical")
# The first takes a single column, and predicts only between its values; the second warns of its
# own defaults; the last needs a model.
OTHERS = {"IsotonicRegression", "LogisticRegressionCV", "SelfTrainingClassifier"}


def unknown_models():
    """Return the models of scikit-learn that have no built-in space or no starting points."""
    found = [*all_estimators("classifier"), *all_estimators("regressor")]
    models = []
    for cls in [cls for name, cls in found if name not in OTHERS]:
        try:
            models.append(cls())
        except (TypeError, FutureWarning):  # it needs a model, whose space it has; or is deprecated
            continue
    known = {name.partition(".")[2] for name in POINTS}
    return [m for m in models if type(m).__name__ not in known and example_space(m)]


UNKNOWN = unknown_models()


def example_in_error(model):
    """Return the space that the error of ``space="auto"`` suggests, if it is one."""
    wrapper = AutoTunedClassifier if is_classifier(model) else AutoTunedRegressor
    if has_default_space(model):
        return wrapper, example_space(model)
    with pytest.raises(ValueError, match="there is no built-in search space") as raised:
        wrapper(model).fit(X, LABELS)
    text = str(raised.value).partition("for example space=")[2].partition(". A list holds")[0]
    return wrapper, ast.literal_eval(text)


def fit_example(model):
    """Fit a model with draws from the example of the error; whatever fails is raised."""
    wrapper, space = example_in_error(model)
    settings = {"strategy": "random", "budget": 3, "cv": 2, "include_default": False}
    y = LABELS if is_classifier(model) else Y
    if type(model).__name__.startswith(SEVERAL_TARGETS):
        y = np.column_stack([Y, X[:, 1]])
    search = wrapper(model, space, error_score="raise", random_state=0, **settings)
    with threadpool_limits(1):  # the data are tiny, and threads wait for each other
        assert search.fit(X, y).best_params_.keys() == space.keys()


# Some draws end before the solver has converged, as the default does on such data.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", UNKNOWN, ids=lambda model: type(model).__name__)
def test_models_of_scikit_learn(model):
    """Check that every model can be fitted with draws from its example."""
    fit_example(model)


def test_there_are_such_models():
    """Check that the list of models is not empty by accident."""
    assert len(UNKNOWN) > 30


class Boosting(BaseEstimator):
    """A model that does not declare what it accepts, as those of other libraries."""

    def __init__(
        self,
        bagging=1,
        colsample=1.0,
        growth=1.5,
        leaves=31,
        rate=0.1,
        share=0.999,
        smoothing=2.5,
        unlimited=np.inf,
        n_jobs=4,
    ):
        self.bagging = bagging
        self.colsample = colsample
        self.growth = growth
        self.leaves = leaves
        self.rate = rate
        self.share = share
        self.smoothing = smoothing
        self.unlimited = unlimited
        self.n_jobs = n_jobs

    def fit(self, X, y):
        shares = (self.bagging, self.colsample, self.rate, self.share)
        if not all(0 < share <= 1 for share in shares) or min(self.growth, self.smoothing) <= 1:
            raise ValueError("a parameter is out of bounds")
        return self

    def predict(self, X):
        return np.zeros(len(X))


class BoostingRegressor(RegressorMixin, Boosting):
    pass


class BoostingClassifier(ClassifierMixin, Boosting):
    pass


@pytest.mark.parametrize(
    ("model", "space"),
    [
        (
            BoostingRegressor(),
            {
                "colsample": (0.1, 1.0, "log-uniform"),
                "growth": (1.25, 15.0, "log-uniform"),
                "leaves": (15, 62),
            },
        ),
        (
            BoostingClassifier(colsample=0, growth=0, leaves=0, smoothing=np.float32(2.5)),
            {
                "rate": (0.01, 1.0, "log-uniform"),
                "share": (0.0999, 1.0, "log-uniform"),
                "smoothing": (1.75, 25.0, "log-uniform"),
            },
        ),
        (
            make_pipeline(StandardScaler(), BoostingRegressor(growth=0, leaves=2)),
            {
                "boostingregressor__colsample": (0.1, 1.0, "log-uniform"),
                "boostingregressor__leaves": (2, 4),
                "boostingregressor__rate": (0.01, 1.0, "log-uniform"),
            },
        ),
        (
            BaggingRegressor(LinearRegression(), max_samples=0.5),
            {
                "max_features": (0.1, 1.0, "log-uniform"),
                "max_samples": (0.05, 1.0, "log-uniform"),
                "n_estimators": (5, 20),
            },
        ),
        (
            QuantileRegressor(),
            {"alpha": (0.1, 10.0, "log-uniform"), "quantile": (0.05, 0.75, "log-uniform")},
        ),
        (
            HuberRegressor(),
            {
                "alpha": (1e-05, 0.001, "log-uniform"),
                "epsilon": (1.0, 13.5, "log-uniform"),
                "max_iter": (50, 200),
            },
        ),
        (
            RadiusNeighborsClassifier(leaf_size=1, p=1),
            {"leaf_size": (1, 2), "p": (1, 2), "radius": (1.0, 10.0, "log-uniform")},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_examples(model, space):
    """Check what examples look like: bounds as far as they are known, none that is doubtful."""
    assert example_space(model) == space


@pytest.mark.parametrize("model", [BoostingRegressor(), BoostingClassifier(colsample=0.5)])
def test_models_that_declare_nothing(model):
    """Check that a model is fitted with draws from its example though it declares no bounds."""
    fit_example(model)


QUIET = {"verbose": 0, "allow_writing_files": False}  # of CatBoost


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "params"),
    [
        ("lightgbm", "LGBMClassifier", {"verbose": -1, "n_jobs": 1}),
        ("lightgbm", "LGBMRegressor", {"verbose": -1, "n_jobs": 1}),
        ("xgboost", "XGBClassifier", {"subsample": 1, "colsample_bytree": 1.0, "n_jobs": 1}),
        ("xgboost", "XGBRFRegressor", {"n_jobs": 1}),
        (
            "catboost",
            "CatBoostClassifier",
            {"subsample": 1.0, "iterations": 9, **QUIET},
        ),
    ],
)
def test_other_libraries(module, name, params):
    """Check that models of other libraries accept draws from their examples."""
    fit_example(getattr(pytest.importorskip(module), name)(**params))
