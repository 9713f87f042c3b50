"""Tests of the built-in search spaces and the default model."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators
from threadpoolctl import threadpool_limits

from autotune.defaults import default_model, default_space, has_default_space
from autotune.defaults._compose import MAX_SUBSPACES
from autotune.defaults._registry import known_models
from autotune.space import Space

CLASSES = {f"sklearn.{name}": cls for name, cls in all_estimators()}
MODELS = [CLASSES[name]() for name in known_models()]
# Counts and categories, not measurements.
COUNTS = ("MultinomialNB", "ComplementNB", "CategoricalNB", "BernoulliNB")
# Iterative solvers end at their max_iter for some of their settings, as they do by default.
MAY_NOT_CONVERGE = (
    "ElasticNet",
    "Lasso",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "SGDClassifier",
    "SGDRegressor",
)
# Where the model's own default is no point of its space, and why that is right.
DEFAULT_OUTSIDE = {
    "l2_regularization": 0.0,  # zero has no logarithm, and the lower end acts like it
    "ccp_alpha": 0.0,  # the same
    "epsilon": 0.0,  # the same, for LinearSVR
    "max_features": ("sqrt", None),  # a share for sqrt depends on the data, None is 1.0
    "max_samples": None,  # means 1.0
    "max_depth": None,  # means no limit; the upper end acts like it
}


class Forest(RandomForestClassifier):
    """A subclass that knows only some parameters of its base."""

    def __init__(self, max_features="sqrt"):
        super().__init__()
        self.max_features = max_features


class Unknown(BaseEstimator):
    """A model without a built-in space."""

    def __init__(self, width=8, strength=0.2, greedy=False, verbose=0):
        self.width = width
        self.strength = strength
        self.greedy = greedy
        self.verbose = verbose

    def fit(self, X, y=None):
        """Do nothing."""
        return self


def name_of(model):
    """Return the name of the model's class, for the ids of tests."""
    return type(model).__name__


def data_for(model):
    """Return a small scaled data set that suits the model."""
    if is_classifier(model):
        X, y = make_classification(60, 5, n_informative=3, n_classes=3, random_state=0)
    else:
        X, y = make_regression(60, 5, noise=5.0, random_state=0)
        y = (y - y.mean()) / y.std()
    X = StandardScaler().fit_transform(X)
    return (np.abs(X.round()).clip(0, 1) if name_of(model) in COUNTS else X), y


def fit_all(model, n=15):
    """Fit random configurations of the model's space with warnings as errors."""
    X, y = data_for(model)
    space, rng = Space.parse(default_space(model)), np.random.RandomState(0)
    for _ in range(n):
        candidate = clone(model).set_params(**space.sample(rng))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if name_of(model) in MAY_NOT_CONVERGE:
                warnings.simplefilter("ignore", ConvergenceWarning)
            with threadpool_limits(1):  # the data are tiny, and threads wait for each other
                assert np.all(np.isfinite(candidate.fit(X, y).predict(X)))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_every_configuration_fits(model):
    """Check that what is drawn from a built-in space fits without error or warning."""
    if name_of(model).startswith(("MLP", "Hist")):
        model = clone(model).set_params(max_iter=5)
    if "n_estimators" in model.get_params() and "Ada" not in name_of(model):
        model = clone(model).set_params(n_estimators=5)
    fit_all(model)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_default_lies_in_or_near_the_space(model):
    """Check that a model's own parameters are in its space, but for the listed exceptions."""
    spaces = default_space(model)
    params = model.get_params()
    for space in spaces if isinstance(spaces, list) else [spaces]:
        outside = {
            name
            for name in space
            if {name: params[name]} not in Space.parse({name: space[name]})
            and not ((name, params[name]) == ("gamma", "scale") and len(spaces) == 2)
        }
        for name in outside:
            allowed = DEFAULT_OUTSIDE[name]
            assert params[name] in (allowed if isinstance(allowed, tuple) else (allowed,))


def test_default_of_svc_is_inside():
    """Check that the sub-space with gamma="scale" holds SVC's own parameters."""
    params = {"C": 1.0, "gamma": "scale", "class_weight": None}
    assert params in Space.parse(default_space(SVC()))


@pytest.mark.parametrize("kernel", ["linear", "poly", "sigmoid"])
def test_kernels_fit(kernel):
    """Check that every kernel has a space of its own that fits."""
    fit_all(SVC(kernel=kernel))
    fit_all(SVR(kernel=kernel))
    spaces = default_space(SVC(kernel=kernel))
    assert "kernel" not in spaces
    assert ("degree" in spaces) == (kernel == "poly")
    assert ("gamma" in spaces) == (kernel != "linear")


@pytest.mark.parametrize(
    ("model", "absent", "present"),
    [
        (SVC(kernel="precomputed"), {"gamma", "degree"}, {"C", "class_weight"}),
        (SVC(kernel=np.dot), {"gamma", "degree"}, {"C", "class_weight"}),
        (SVC(class_weight={0: 1, 1: 5}, kernel="linear"), {"class_weight"}, {"C"}),
        (KNeighborsClassifier(metric="cosine"), set(), {"n_neighbors", "weights"}),
        (KNeighborsClassifier(weights="distance"), {"weights"}, {"n_neighbors"}),
        (KNeighborsClassifier(3), set(), {"n_neighbors", "weights"}),
        (RandomForestClassifier(), {"n_estimators"}, {"max_samples"}),
        (RandomForestClassifier(bootstrap=False), {"max_samples"}, {"max_features"}),
        (LogisticRegression(penalty=None), {"C"}, {"class_weight"}),
        (MLPClassifier((64, 64)), {"hidden_layer_sizes"}, {"alpha", "learning_rate_init"}),
        (MLPClassifier(solver="lbfgs"), {"learning_rate_init"}, {"alpha"}),
        (Forest(), {"min_samples_leaf", "max_samples"}, {"max_features"}),
    ],
    ids=lambda value: name_of(value) if isinstance(value, BaseEstimator) else "",
)
def test_space_follows_the_model(model, absent, present):
    """Check that the user's own kinds are kept and only what applies to them is searched."""
    space = default_space(model)
    assert present <= set(space)
    assert not absent & set(space)


def test_chosen_gamma_keeps_its_sub_space():
    """Check that a gamma given as a number is kept in one sub-space and searched in the other."""
    first, second = default_space(SVC(gamma=0.5))
    assert set(first) == {"C", "gamma", "class_weight"}
    assert set(second) == {"C", "class_weight"}


SCALED_RIDGE = make_pipeline(StandardScaler(), Ridge())
VOTE = VotingClassifier([("nb", GaussianNB()), ("svc", SVC(kernel="linear"))])


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (SCALED_RIDGE, {"ridge__alpha"}),
        (make_pipeline("passthrough", None, Ridge()), {"ridge__alpha"}),
        (TransformedTargetRegressor(SCALED_RIDGE), {"regressor__ridge__alpha"}),
        (MultiOutputRegressor(Ridge()), {"estimator__alpha"}),
        (BaggingClassifier(GaussianNB()), {"estimator__var_smoothing"}),
        (CalibratedClassifierCV(GaussianNB()), {"estimator__var_smoothing"}),
        (OneVsRestClassifier(GaussianNB()), {"estimator__var_smoothing"}),
        (VOTE, {"nb__var_smoothing", "svc__C", "svc__class_weight"}),
        (
            StackingClassifier([("nb", GaussianNB())], GaussianNB()),
            {"nb__var_smoothing", "final_estimator__var_smoothing"},
        ),
        (
            make_pipeline(
                FeatureUnion([("a", StandardScaler()), ("b", SCALED_RIDGE)]), GaussianNB()
            ),
            {"featureunion__b__ridge__alpha", "gaussiannb__var_smoothing"},
        ),
        (
            ColumnTransformer([("r", SCALED_RIDGE, [0]), ("d", "drop", [1])], remainder=Ridge()),
            {"r__ridge__alpha", "remainder__alpha"},
        ),
    ],
)
def test_containers(model, names):
    """Check that spaces are found in nested estimators, under names that set_params takes."""
    space = default_space(model)
    assert set(space) == names
    assert has_default_space(model)
    clone(model).set_params(**Space.parse(space).sample(np.random.RandomState(0)))


def test_prefix():
    """Check that the prefix stands before every name."""
    assert set(default_space(SCALED_RIDGE, prefix="clf__")) == {"clf__ridge__alpha"}


def test_nested_unions_multiply():
    """Check that two unions give every combination of their members."""
    spaces = default_space(VotingClassifier([("a", SVC()), ("b", SVC()), ("c", GaussianNB())]))
    scaled = [(s["a__gamma"] == ["scale"], s["b__gamma"] == ["scale"]) for s in spaces]
    assert scaled == [(False, False), (False, True), (True, False), (True, True)]
    assert all("c__var_smoothing" in space for space in spaces)


def test_product_of_unions_is_bounded():
    """Check that beyond the bound the first, largest member of each union remains."""
    n = int(math.log2(MAX_SUBSPACES))
    within = VotingClassifier([(f"m{i}", SVC()) for i in range(n)])
    assert len(default_space(within)) == MAX_SUBSPACES
    space = default_space(VotingClassifier([(f"m{i}", SVC()) for i in range(n + 1)]))
    assert isinstance(space, dict)
    assert all(isinstance(space[f"m{i}__gamma"], tuple) for i in range(n + 1))


@pytest.mark.parametrize(
    ("model", "fragments"),
    [
        (
            Unknown(),
            [
                "no built-in search space for Unknown.",
                "space={'strength': (0.02, 1.0, 'log-uniform'), 'width': (4, 16)}",
            ],
        ),
        (
            make_pipeline(StandardScaler(), Unknown()),
            [
                "for Pipeline, nor for anything in it (StandardScaler, Unknown).",
                "'unknown__width': (4, 16)}",
            ],
        ),
        (GaussianProcessRegressor(), ["for GaussianProcessRegressor.", "'alpha': (1e-11, 1e-09, "]),
        (LinearRegression(), ["for LinearRegression.", "'fit_intercept': [True, False]"]),
        (VotingClassifier([("a", "drop")]), ["for VotingClassifier.", "space={'"]),
    ],
    ids=lambda value: name_of(value) if isinstance(value, BaseEstimator) else "",
)
def test_unknown_model(model, fragments):
    """Check that the error names the model and shows a space over its own parameters."""
    assert not has_default_space(model)
    with pytest.raises(ValueError, match="space='auto'") as error:
        default_space(model)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_spaces_are_fresh():
    """Check that changing what was returned does not change the built-in space."""
    space = default_space(DecisionTreeClassifier())
    space.clear()
    assert default_space(DecisionTreeClassifier())


def test_import_is_light():
    """Check that no model is imported before one is asked for."""
    code = "import sys, autotune.defaults; print([m for m in sys.modules if 'sklearn.' in m])"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "'sklearn.ensemble" not in modules
    assert "'sklearn.svm" not in modules


N = 600
LEVELS = np.arange(N) % 400


def text(n_levels=400):
    """Return a column of text with missing values."""
    column = np.array([f"level {i % n_levels}" for i in LEVELS], dtype=object)
    column[::7] = None
    return column


def pandas_frame(**columns):
    """Return a frame of pandas with numbers, nullable numbers and booleans, and more."""
    pd = pytest.importorskip("pandas")
    integers = pd.array(LEVELS, dtype="Int64")
    integers[3] = pd.NA
    booleans = pd.array(LEVELS % 2 == 0, dtype="boolean")
    booleans[4] = pd.NA
    flags = np.array([True, False, None], dtype=object)[LEVELS % 3]
    numbers = np.where(LEVELS % 5 == 0, np.nan, LEVELS / 3)
    return pd.DataFrame(
        {"number": numbers, "integer": integers, "boolean": booleans, "flag": flags, **columns}
    )


def polars_frame(**columns):
    """Return a frame of polars with numbers, booleans and missing values, and more."""
    pl = pytest.importorskip("polars")
    integers = [None, *range(N - 1)]
    return pl.DataFrame({"integer": integers, "boolean": [None, True, False] * (N // 3), **columns})


def categories(n_levels):
    """Return a categorical column of pandas."""
    return pytest.importorskip("pandas").Series(text(n_levels)).astype("category")


def series(values, dtype):
    """Return a column of pandas of the given dtype."""
    return pytest.importorskip("pandas").array(values, dtype=dtype)


def enum(n_levels):
    """Return a categorical column of polars."""
    pl = pytest.importorskip("polars")
    return pl.Series(list(text(n_levels))).cast(pl.Categorical)


def mixed(*extra):
    """Return a column in which text meets other things."""
    column = text(5)
    column[1 : 1 + len(extra)] = extra
    return column


FRAMES = {
    "numbers": (pandas_frame, False),
    "few categories": (lambda: pandas_frame(c=categories(20)), False),
    "many categories": (lambda: pandas_frame(c=categories(400)), True),
    "object": (lambda: pandas_frame(c=text()), True),
    "string": (lambda: pandas_frame(c=series(text(), "string")), True),
    "text and categories": (lambda: pandas_frame(c=text(), d=categories(20)), True),
    "text and numbers": (lambda: pandas_frame(c=mixed(1, 2.5, True, np.nan)), True),
    "two missing": (lambda: pandas_frame(c=mixed(None, np.nan)), True),
    "pandas missing": (lambda: pandas_frame(c=mixed(None, series([None], "Int64")[0])), True),
    "two kinds of text": (lambda: pandas_frame(c=text(), d=series(text(9), "string")), True),
    "positions as names": (lambda: pandas_frame(c=text()).set_axis(range(5), axis=1), True),
    "only text": (lambda: pandas_frame(c=text())[["c"]], True),
    "polars numbers": (polars_frame, False),
    "polars text": (lambda: polars_frame(c=list(text())), True),
    "polars few categories": (lambda: polars_frame(c=enum(20)), False),
    "polars many categories": (lambda: polars_frame(c=enum(400)), True),
    "polars text and categories": (lambda: polars_frame(c=list(text()), d=enum(20)), True),
    "array of floats": (lambda: LEVELS.reshape(-1, 1) / 2, False),
    "array of objects": (lambda: np.column_stack([text(), LEVELS]).astype(object), True),
    "array of numbers as objects": (lambda: LEVELS.reshape(-1, 1).astype(object), False),
}


@pytest.mark.parametrize("classifier", [True, False])
@pytest.mark.parametrize(("make", "wrapped"), FRAMES.values(), ids=FRAMES)
def test_default_model_fits(make, wrapped, classifier):
    """Check that the default model takes every kind of column, and survives a pickle."""
    X, y = make(), LEVELS % 2
    model = default_model(X, classifier=classifier)
    assert hasattr(model, "steps") == wrapped
    assert is_classifier(model) == classifier
    assert set(default_space(model)) == {
        f"{'model__' if wrapped else ''}{name}"
        for name in default_space(CLASSES["sklearn.HistGradientBoostingClassifier"]())
    }
    model = clone(model).set_params(**{"model__max_iter" if wrapped else "max_iter": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X[: N // 2], y[: N // 2])
        predicted = model.predict(X)  # the second half has text not seen before
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("kind", ["object", "string", "category", "polars", "numpy"])
def test_default_model_learns_from_text(kind):
    """Check that encoded text is used as categories and a new value is no error."""
    column = np.array(["b", "c", "a", "d"], dtype=object)[LEVELS % 4]
    # Neither end of the alphabet: a split between ordered codes needs two cuts.
    y = np.isin(column, ["b", "d"]).astype(int)
    if kind == "polars":
        X, new = polars_frame(c=list(column)), polars_frame(c=["new"] * N)
    elif kind == "numpy":
        X, new = np.array([column]).T, np.full((N, 1), "new", dtype=object)
    else:
        frame = pandas_frame()[["number"]] * 0
        X, new = frame.assign(c=series(column, kind)), frame.assign(c=series(["new"] * N, kind))
    model = default_model(X, classifier=True).fit(X, y)
    assert model.score(X, y) == 1.0
    boosting = model[-1] if hasattr(model, "steps") else model
    assert boosting.is_categorical_ is not None
    assert boosting.is_categorical_.sum() == 1
    assert len(model.predict(new)) == N
