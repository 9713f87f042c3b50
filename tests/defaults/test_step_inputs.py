"""What reaches a step, and what symbols stand for then."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, NuSVR

from autotune import AutoTunedClassifier
from autotune.defaults import StepInput, moved_default, starting_points
from autotune.space import Space
from autotune.tuning._step_inputs import StepInputs

RNG = np.random.RandomState(0)
X = RNG.random_sample((60, 9)) * 4
Y = np.arange(60) % 2
FRAME = pd.DataFrame({"size": X[:, 0], "colour": list("abc") * 20})
ENCODED = make_column_transformer(
    (OneHotEncoder(), ["colour"]), (StandardScaler(), ["size"]), sparse_threshold=0.0
)
LOG = (1e-6, 1e3, "log-uniform")


def double(values):
    """Return twice the columns."""
    return np.hstack([values, values])


def fail(values):
    """Fail for any values."""
    raise ValueError("no transformation today")


DOUBLING = make_pipeline(FunctionTransformer(double), SVC())
SELECTING = make_pipeline(SelectFromModel(LogisticRegression()), SVC())
REACHING = [
    (SVC(), "", X, (9, X.var())),
    (SVC(), "", csr_matrix(X), (9, X.var())),
    (SVC(), "", np.where(X > 3.9, np.nan, X), (9, X[X <= 3.9].var())),
    (make_pipeline(StandardScaler(), SVC()), "svc", X, (9, 1.0)),
    (make_pipeline("passthrough", SVC()), "svc", X, (9, X.var())),
    (make_pipeline(PCA(2, whiten=True), SVC()), "svc", X, (2, 1)),
    (
        make_pipeline(StandardScaler(), BaggingClassifier(SVC())),
        "baggingclassifier__estimator",
        X,
        (9, 1),
    ),
    (BaggingClassifier(make_pipeline(StandardScaler(), SVC())), "estimator__svc", X, (9, 1)),
    (make_pipeline(ENCODED, SVC()), "svc", FRAME, (4, None)),
    (
        make_pipeline(make_pipeline(StandardScaler()), make_pipeline(SVC())),
        "pipeline-2__svc",
        X,
        (9, 1),
    ),
    (DOUBLING, "svc", X, (18, X.var())),
]


@pytest.mark.parametrize(("model", "path", "data", "expected"), REACHING)
def test_what_reaches_a_model(model, path, data, expected):
    """Check that rows, columns and variance are those of what the steps before pass on."""
    found = StepInputs(data, Y)(model, path)
    n_columns, variance = expected
    assert (found.n_rows, found.n_columns) == (60, n_columns)
    if variance is not None:
        assert found.variance == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("model", "path", "trusting"),
    [
        (make_pipeline(FunctionTransformer(fail), SVC()), "svc", True),
        (DOUBLING, "svc", False),
        (SELECTING, "svc", False),
        (make_column_transformer((PCA(), [0, 1])), "pca", True),
        (SVC(kernel="precomputed"), "", True),
    ],
)
def test_what_cannot_be_said(model, path, trusting):
    """Check that nothing is said of steps that fail, may take long, or get some columns."""
    assert StepInputs(X, Y, trusting=trusting)(model, path) is None


def test_steps_are_fitted_once_and_only_if_needed():
    """Check that the steps are fitted once, as copies, and not for a space without symbols."""
    calls = []
    count = FunctionTransformer(lambda values: calls.append(1) or values)
    model, inputs = make_pipeline(count, SVC()), StepInputs(X, Y)
    moved_default(model, Space.parse({"svc__C": (5.0, 9.0)}), inputs=inputs)
    assert not calls
    for _ in range(3):
        moved_default(model, Space.parse({"svc__gamma": LOG}), inputs=inputs)
    assert len(calls) == 1
    assert not hasattr(count, "n_features_in_")


def test_the_global_generator_is_left_alone():
    """Check that finding out draws nothing from numpy's global generator."""
    before = np.random.get_state()[1].tolist()  # it is what must not change
    StepInputs(X, Y)(make_pipeline(PCA(2, svd_solver="randomized"), SVC()), "svc")
    assert np.random.get_state()[1].tolist() == before


def reach(estimator, path):
    """Return what reaches any model here."""
    return StepInput(n_rows=500, n_columns=40, variance=2.0)


TRANSLATED = [
    (SVC(), "gamma", LOG, 1 / 80),
    (SVC(gamma="auto"), "gamma", LOG, 1 / 40),
    (NuSVR(), "gamma", [0.001, 0.01, 0.1], 0.01),
    (SVC(), "gamma", [0.001, 0.1], 0.1),
    (RandomForestClassifier(), "max_features", (1, 30), 6),
    (RandomForestClassifier(max_features="log2"), "max_features", (1, 30), 5),
    (RandomForestClassifier(max_features=None), "max_features", (1, 30), 30),
    (RandomForestClassifier(), "max_features", (0.01, 0.9), 6 / 40),
    (RandomForestClassifier(max_features=0.5), "max_features", (1, 30), 20),
    (RandomForestClassifier(max_features=10), "max_features", (0.1, 0.9), 0.25),
    (RandomForestClassifier(min_samples_leaf=0.01), "min_samples_leaf", (1, 30), 5),
    (RandomForestClassifier(min_samples_leaf=50), "min_samples_leaf", (0.01, 0.3), 0.1),
    (MLPClassifier(), "batch_size", (16, 512), 200),
    (PCA(), "n_components", (2, 64), 40),
]


@pytest.mark.parametrize(("model", "name", "dimension", "expected"), TRANSLATED)
def test_symbols_are_translated_by_the_model_s_own_rule(model, name, dimension, expected):
    """Check what a symbol, a share or a count becomes in a space of other numbers."""
    moved = moved_default(model, Space.parse({name: dimension}), inputs=reach)
    assert moved == {name: pytest.approx(expected)}


def test_symbols_of_starting_points_are_translated():
    """Check that a starting point whose value is a symbol is not dropped for a range."""
    space = Space.parse({"C": (0.1, 100.0, "log-uniform"), "gamma": LOG})
    points = starting_points(SVC(), space, inputs=reach)
    assert {"C": 10.0, "gamma": pytest.approx(1 / 80)} in points
    assert len(points) > len(starting_points(SVC(), space))


def test_shares_of_starting_points_are_counted():
    """Check that a starting point's share becomes a number of columns."""
    space = Space.parse({"max_features": (1, 40)})
    points = starting_points(RandomForestClassifier(), space, inputs=reach)
    assert points[0] == {"max_features": 23}


def test_a_search_begins_with_what_the_symbol_is():
    """Check that the first real trial has the model's own gamma for the data that reach it."""
    model = Pipeline([("scale", StandardScaler()), ("svm", SVC())])
    space = {"svm__gamma": LOG, "svm__C": [1.0, 50.0]}
    search = AutoTunedClassifier(model, space, budget=2, cv=2).fit(X, Y)
    moved = next(t.params for t in search.history_ if t.origin == "moved default")
    assert moved == {"svm__C": 1.0, "svm__gamma": pytest.approx(1 / 9)}
