"""The fitted estimator itself goes through skops, which runs no code when a file is read."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from scipy.stats import loguniform
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import Auto, AutoTunedClassifier, Grid, Halving

X, y = load_iris(return_X_y=True)
MODELS = {
    "built-in space": AutoTunedClassifier(SVC(), budget=3),
    "several models": AutoTunedClassifier([SVC(), LogisticRegression(max_iter=1000)], budget=4),
    "distribution": AutoTunedClassifier(
        SVC(), {"C": loguniform(0.1, 10)}, strategy="random", budget=3
    ),
    "choice of a step": AutoTunedClassifier(
        make_pipeline(StandardScaler(), SVC()),
        {"standardscaler": ["passthrough", MinMaxScaler()], "svc__C": (0.1, 10.0)},
        budget=3,
    ),
    "several metrics": AutoTunedClassifier(
        SVC(), {"C": [0.1, 1.0]}, strategy=Grid(), scoring=["accuracy", "r2"], refit="accuracy"
    ),
    "halving": AutoTunedClassifier(DecisionTreeClassifier(), strategy=Halving(), budget=4),
    "final comparison": AutoTunedClassifier(
        DecisionTreeClassifier(), strategy=Auto(n_repeats=1), budget=5
    ),
    "long range": AutoTunedClassifier(
        DecisionTreeClassifier(), {"max_leaf_nodes": range(2, 9000, 3)}, budget=2
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name):
    """Check that what is loaded predicts, tells its history, and fits again as the original."""
    model = MODELS[name].set_params(cv=3, random_state=0).fit(X, y)
    written = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=written)
    again = skops.io.loads(written, trusted=trusted)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    frame, original = again.history_.to_frame(), model.history_.to_frame()
    assert frame.astype(str).equals(original.astype(str))
    assert again.space_.fingerprint() == model.space_.fingerprint()
    for column, values in model.cv_results_.items():
        assert [str(value) for value in again.cv_results_[column]] == [str(v) for v in values]
    assert str(again.fit(X, y).best_params_) == str(model.best_params_)
