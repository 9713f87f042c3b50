"""Arrays of other libraries and on other devices; run by ``test_array_api.py``.

SciPy reads ``SCIPY_ARRAY_API`` when it is imported, so this needs an interpreter of its own.
"""

from __future__ import annotations

import array_api_strict as xp
import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import is_regressor
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from test_estimator_checks import names, run_checks

from autotune import Auto, AutoTunedClassifier, AutoTunedRegressor, Budget, Halving

DEVICES = ["CPU_DEVICE", "device1"]
MODELS = {
    "naive bayes": (GaussianNB(), {"var_smoothing": [1e-9, 1e-2]}),
    "ridge": (Ridge(solver="svd"), {"alpha": [1.0, 100.0]}),
    "pipeline": (
        make_pipeline(PCA(svd_solver="full"), GaussianNB()),
        {"pca__n_components": [2, 4]},
    ),
}
SECONDS = Budget(trials=10, seconds="60s")  # evaluations run in worker processes


def data(model, device):
    """Return rows and targets, and weights, on a device."""
    make = make_regression if is_regressor(model) else make_classification
    X, y = make(n_samples=120, n_features=6, random_state=0)
    weights = np.random.default_rng(0).uniform(1, 2, len(y))
    return [xp.asarray(each, device=xp.Device(device)) for each in (X, y, weights)]


def tuned(model, space, **settings):
    """Return an estimator around a model that stops at the first error."""
    wrapper = AutoTunedRegressor if is_regressor(model) else AutoTunedClassifier
    settings = {"strategy": "grid", "include_default": False, **settings}
    return wrapper(model, space, error_score="raise", **settings)


@pytest.fixture(autouse=True)
def _dispatch():
    with config_context(array_api_dispatch=True):
        yield


@pytest.mark.parametrize(
    "estimator",
    [
        AutoTunedClassifier(LinearDiscriminantAnalysis(), {"tol": [1e-4, 1e-2]}, budget=3, cv=2),
        AutoTunedRegressor(Ridge(), budget=3, cv=2, random_state=0),
    ],
    ids=lambda estimator: type(estimator.estimator).__name__,
)
# The data of some checks are made so that trials fail, and Ridge tells of its other solvers.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_checks(estimator):
    """Check that scikit-learn's checks of arrays pass, as those of the model do."""
    with config_context(array_api_dispatch=False):  # the checks set it themselves
        results, bare = run_checks(estimator), run_checks(estimator.estimator)
    assert [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"] == []
    arrays = {name for name in names(bare, "passed") if "array_api" in name}
    assert arrays
    assert arrays <= names(results, "passed")


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("place", ["here", "threads", "processes"])
@pytest.mark.parametrize("name", MODELS)
def test_fit(name, place, device):
    """Check that scores and predictions are those of GridSearchCV, on the same device."""
    model, space = MODELS[name]
    X, y, weights = data(model, device)
    search = tuned(model, space, budget=SECONDS if place == "processes" else None)
    backend = "threading" if place == "threads" else "loky"
    params = {"sample_weight": weights} if name == "naive bayes" else {}
    with joblib.parallel_config(backend, n_jobs=2 if place == "threads" else 1):
        search.fit(X, y, **params)
    theirs = GridSearchCV(model, space, error_score="raise").fit(X, y, **params)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"]
    )
    assert search.best_params_ == theirs.best_params_
    predicted = search.predict(X)
    assert predicted.device == X.device
    assert bool(xp.all(predicted == theirs.predict(X)))
    assert search.score(X, y) == pytest.approx(theirs.score(X, y))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": Halving(min_resources=20), "budget": 4},
        {"strategy": Auto(n_repeats=1), "budget": 3},
        {"scoring": ["accuracy", "f1"], "refit": "f1", "return_train_score": True},
        {"cv": KFold(3, shuffle=True, random_state=0), "n_jobs": 2},
        {"warm_start": True},
    ],
    ids=str,
)
def test_settings(settings, device):
    """Check that strategies, metrics and splitters work with arrays on any device."""
    model, space = MODELS["pipeline"]
    X, y, _ = data(model, device)
    search = tuned(model, space, random_state=0, **settings).fit(X, y)
    assert search.predict(X).device == X.device
    assert np.isfinite(search.best_score_)


@pytest.mark.parametrize("device", DEVICES)
def test_folds(device):
    """Check that folds may be arrays on the device."""
    model, space = MODELS["ridge"]
    X, y, _ = data(model, device)
    plain = list(KFold(3).split(np.empty((120, 1))))
    folds = [tuple(xp.asarray(rows, device=X.device) for rows in fold) for fold in plain]
    scores = [
        tuned(model, space, cv=cv).fit(X, y).cv_results_["mean_test_score"] for cv in (plain, folds)
    ]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("device", DEVICES)
def test_storage(device, tmp_path):
    """Check that a fit on a device is continued from its file."""
    model, space = MODELS["ridge"]
    X, y, _ = data(model, device)
    path = tmp_path / "tuning.db"
    first = tuned(model, space, storage=path).fit(X, y)
    again = tuned(model, space, storage=path).fit(X, y)
    assert [e.ended for e in again.history_.evaluations()] == [
        e.ended for e in first.history_.evaluations()
    ]
