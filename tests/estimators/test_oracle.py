"""Where a setting degenerates to what scikit-learn does, the results are the same."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sklearn
from estimators import Moody
from scipy.stats import uniform
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from autotune import AutoTunedClassifier, AutoTunedRegressor

X, y = (data[::3] for data in load_iris(return_X_y=True))
X_REG, Y_REG = (data[:60] for data in load_diabetes(return_X_y=True))
WEIGHTS = np.arange(1.0, len(y) + 1)
GROUPS = np.arange(len(y)) % 7

# Beyond scikit-learn's columns.
OWN_COLUMNS = {"status", "origin", "error"}
ATTRIBUTES = ["best_index_", "best_score_", "best_params_", "n_splits_", "multimetric_"]


def manhattan(a, b):
    return float(np.abs(a - b).sum())


def two_scores(estimator, X, y):
    accuracy = estimator.score(X, y)
    return {"accuracy": accuracy, "error": accuracy - 1}


def second(results):
    return 1


def pipeline():
    return Pipeline([("scale", StandardScaler()), ("clf", SVC())])


TREE = DecisionTreeClassifier(random_state=0)

# name: model, space, parameters of the search
CASES = {
    "classic": (SVC(), {"C": [1, 10, 100], "gamma": [1e-3, 1e-4], "kernel": ["rbf"]}, {}),
    "union": (
        SVC(),
        [{"C": [1, 10], "kernel": ["linear"]}, {"C": [1, 2], "gamma": [0.1], "kernel": ["rbf"]}],
        {"return_train_score": True},
    ),
    "union with an empty member": (SVC(), [{}, {"C": [1]}], {}),
    "empty": (SVC(), {}, {}),
    "repeated value": (SVC(), {"C": [1, 1, 2]}, {}),
    "mixed": (SVC(), {"gamma": ["scale", 0.1], "class_weight": [None, "balanced"]}, {}),
    "dicts": (SVC(), {"class_weight": [None, {0: 1.0, 1: 2.0, 2: 1.0}]}, {}),
    "booleans": (SVC(), {"shrinking": [True, False], "degree": np.arange(1, 3)}, {}),
    "array": (SVC(), {"C": np.logspace(-1, 1, 3)}, {}),
    "steps": (
        pipeline(),
        {"scale": ["passthrough", StandardScaler(), MinMaxScaler()], "clf__C": [1, 2.5]},
        {},
    ),
    "conditional steps": (
        pipeline(),
        [
            {"clf": [SVC()], "clf__C": [1, 10]},
            {"clf": [TREE, LogisticRegression()]},
            {"clf": [TREE], "clf__max_depth": [1, None]},
        ],
        {},
    ),
    "two metrics": (
        TREE,
        {"max_depth": [None, 1, 2], "max_features": [None, "sqrt", 1, 0.5]},
        {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro", "return_train_score": True},
    ),
    "dict of metrics": (
        TREE,
        {"max_depth": [1, 2]},
        {"scoring": {"a": "accuracy", "l": "neg_log_loss"}, "refit": "l"},
    ),
    "callable with two metrics": (
        TREE,
        {"max_depth": [1, 2, 3]},
        {"scoring": two_scores, "refit": "error", "return_train_score": True},
    ),
    "two metrics, no refit": (
        TREE,
        {"max_depth": [1, 2]},
        {"scoring": ["accuracy", "f1_macro"], "refit": False},
    ),
    "no refit": (TREE, {"max_depth": [1, 2]}, {"refit": False}),
    "refit chooses": (TREE, {"max_depth": [1, 2, 3]}, {"refit": second}),
    "refit chooses among metrics": (
        TREE,
        {"max_depth": [1, 2]},
        {"scoring": ["accuracy", "f1_macro"], "refit": second},
    ),
    "shuffled folds": (TREE, {"max_depth": [1, 2]}, {"cv": KFold(4, shuffle=True, random_state=1)}),
    "one fold": (TREE, {"max_depth": [1, 2]}, {"cv": ShuffleSplit(1, random_state=0)}),
    "given folds": (TREE, {"max_depth": [1, 2]}, {"cv": list(KFold(3, shuffle=True).split(X))}),
    "tuples": (
        MLPClassifier(random_state=0, max_iter=2, batch_size=10),
        {"hidden_layer_sizes": [(3,), (4, 4)], "activation": ["tanh", "relu"]},
        {},
    ),
    "tuples of one length": (
        MLPClassifier(random_state=0, max_iter=2, batch_size=10),
        {"hidden_layer_sizes": [(4, 4), (3, 3)]},
        {},
    ),
    "functions": (KNeighborsRegressor(), {"metric": ["euclidean", manhattan]}, {}),
    "ridge": (Ridge(), {"alpha": [0.1, 1, 10]}, {"scoring": "neg_mean_absolute_error"}),
    "tree": (
        DecisionTreeRegressor(random_state=0),
        {"max_depth": [None, 2], "min_samples_leaf": [1, 0.1]},
        {"scoring": ["r2", "neg_mean_squared_error"], "refit": "r2", "return_train_score": True},
    ),
}


def data_and_class(model):
    """Return X, y and the class that tunes the model."""
    if sklearn.base.is_classifier(model):
        return X, y, AutoTunedClassifier
    return X_REG, Y_REG, AutoTunedRegressor


def assert_same(ours, theirs):
    """Compare the fitted attributes of two searches, all but the times."""
    for name in ATTRIBUTES:
        assert hasattr(ours, name) == hasattr(theirs, name), name
        if hasattr(theirs, name):
            assert repr_of(getattr(ours, name)) == repr_of(getattr(theirs, name)), name
    expected, found = theirs.cv_results_, ours.cv_results_
    assert list(found)[: len(expected)] == list(expected)
    assert set(found) - set(expected) == OWN_COLUMNS
    for name in expected:
        if not name.endswith("_time"):
            assert_same_column(found[name], expected[name], name)


def assert_same_column(found, expected, name):
    """Compare one column, with its type and its mask."""
    assert type(found) is type(expected), name
    if isinstance(expected, list):
        assert repr_of(found) == repr_of(expected), name
        return
    assert found.dtype == expected.dtype, name
    if not isinstance(expected, np.ma.MaskedArray):
        np.testing.assert_array_equal(found, expected, err_msg=name)
        return
    mask = np.ma.getmaskarray(expected)
    np.testing.assert_array_equal(np.ma.getmaskarray(found), mask, err_msg=name)
    assert found.fill_value == expected.fill_value, name
    assert repr_of(found[~mask].tolist()) == repr_of(expected[~mask].tolist()), name


def repr_of(value):
    """Return a text in which numpy's numbers, which we turn into Python's, look like these."""
    return re.sub(r"np\.(?:float64|int64)\(([^()]*)\)", r"\1", repr(value))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few iterations
@pytest.mark.parametrize("name", CASES)
def test_grid_equals_grid_search(name):
    """Check that a grid without the default gives what GridSearchCV gives."""
    model, space, settings = CASES[name]
    data, target, cls = data_and_class(model)
    settings = {"cv": 3, **settings}
    theirs = GridSearchCV(model, space, **settings).fit(data, target)
    ours = cls(model, space, strategy="grid", include_default=False, **settings)
    ours.fit(data, target)
    assert_same(ours, theirs)
    if settings.get("refit", True) is not False:
        np.testing.assert_array_equal(ours.predict(data), theirs.predict(data))
    if settings.get("refit", True) is True or isinstance(settings["refit"], str):
        assert ours.score(data, target) == theirs.score(data, target)


def raise_on_second(estimator, X, y):
    if estimator.level == 2.0:
        raise RuntimeError("no score")
    return estimator.score(X, y) - estimator.level


MOODS = {"mood": ["good", "fit", "predict"], "level": [0.0, 1.0]}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed:UserWarning")  # scikit-learn's
@pytest.mark.filterwarnings("ignore:One or more of the:UserWarning")  # scikit-learn's
@pytest.mark.parametrize("error_score", [np.nan, -1.0])
@pytest.mark.parametrize(
    ("space", "settings"),
    [
        (MOODS, {}),
        (MOODS, {"scoring": ["accuracy", "f1_macro"], "refit": "accuracy"}),
        ({"level": [2.0, 0.0, 1.0]}, {"scoring": raise_on_second}),
        (
            {"level": [2.0, 0.0, 1.0]},
            {"scoring": {"main": "accuracy", "broken": raise_on_second}, "refit": "main"},
        ),
        (
            {"level": [0.0, 2.0, 1.0]},
            {"scoring": {"broken": raise_on_second, "other": "accuracy"}, "refit": "broken"},
        ),
    ],
)
def test_failures_equal_grid_search(space, settings, error_score):
    """Check that failing candidates have the columns that GridSearchCV gives them."""
    settings = {"cv": 3, "error_score": error_score, **settings}
    theirs = GridSearchCV(Moody(), space, **settings).fit(X, y)
    ours = AutoTunedClassifier(Moody(), space, strategy="grid", include_default=False, **settings)
    ours.fit(X, y)
    if settings.get("refit") == "broken":
        # A trial without the score that decides is out of the race for every metric.
        ours.cv_results_["rank_test_other"] = theirs.cv_results_["rank_test_other"]
    assert_same(ours, theirs)


def fails_on_ten(estimator, X, y):
    """Raise where ten rows are scored, or more with a higher level."""
    if len(y) <= 10 * estimator.level:
        raise RuntimeError("too few rows")
    return estimator.score(X, y) - estimator.level


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:Scoring failed:UserWarning")  # scikit-learn's
@pytest.mark.filterwarnings("ignore:One or more of the:UserWarning")  # scikit-learn's
@pytest.mark.parametrize("error_score", [np.nan, -100, -1.5, 0.0, 100.0, np.float32(0.5)])
@pytest.mark.parametrize("levels", [[1.0, 0.0, 0.5], [2.0, 1.0, 0.0, 1.0], [1.0, 1.5]])
def test_failures_of_some_folds_equal_grid_search(levels, error_score):
    """Check that a failed fold counts with a number, also for the winner, and NaN keeps it out."""
    rows = np.arange(len(y))
    settings = {
        "cv": [(rows[10:], rows[:10]), (rows[:20], rows[20:]), (rows[20:], rows[:20])],
        "scoring": fails_on_ten,
        "error_score": error_score,
    }
    theirs = GridSearchCV(Moody(), {"level": levels}, **settings).fit(X, y)
    ours = AutoTunedClassifier(
        Moody(), {"level": levels}, strategy="grid", include_default=False, **settings
    )
    if np.isnan(error_score) and 0.0 not in levels:
        with pytest.raises(ValueError, match=r"all of the 2 trials failed(.|\n)*too few rows"):
            ours.fit(X, y)
        return
    assert_same(ours.fit(X, y), theirs)
    errors = [error is not None for error in ours.cv_results_["error"]]
    assert errors == [level >= 1 for level in levels]


def weighted_search(cls, **settings):
    return cls(RidgeClassifier(), {"alpha": [0.01, 1.0, 100.0]}, **settings)


@pytest.mark.parametrize("scoring", ["accuracy", ["accuracy", "f1_macro"]])
def test_weights_and_groups_equal_grid_search(scoring):
    """Check that weights and groups have the effect that they have in GridSearchCV."""
    settings = {"cv": GroupKFold(3), "scoring": scoring, "return_train_score": True}
    settings["refit"] = isinstance(scoring, str) or scoring[0]
    metadata = {"sample_weight": WEIGHTS, "groups": GROUPS}
    theirs = weighted_search(GridSearchCV, **settings).fit(X, y, **metadata)
    ours = weighted_search(
        AutoTunedClassifier, strategy="grid", include_default=False, **settings
    ).fit(X, y, **metadata)
    assert_same(ours, theirs)
    np.testing.assert_array_equal(ours.coef_, theirs.best_estimator_.coef_)
    unweighted = weighted_search(GridSearchCV, **settings).fit(X, y, groups=GROUPS)
    assert not np.allclose(ours.coef_, unweighted.best_estimator_.coef_)


def test_routing_equals_grid_search():
    """Check that routed metadata have the effect that they have in GridSearchCV."""
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight="importance")
        model = RidgeClassifier().set_fit_request(sample_weight=True)
        settings = {"scoring": scorer, "cv": GroupKFold(3)}
        metadata = {"sample_weight": WEIGHTS, "importance": WEIGHTS[::-1], "groups": GROUPS}
        space = {"alpha": [0.01, 1.0]}
        theirs = GridSearchCV(model, space, **settings).fit(X, y, **metadata)
        ours = AutoTunedClassifier(
            model, space, strategy="grid", include_default=False, **settings
        ).fit(X, y, **metadata)
        assert_same(ours, theirs)
        score = ours.score(X, y, importance=WEIGHTS)
        assert score == theirs.score(X, y, importance=WEIGHTS)


def test_random_equals_cross_validation():
    """Check that random search over a list scores its values as cross-validation does."""
    values = uniform(0.1, 10).rvs(6, random_state=0).tolist()
    folds = KFold(3, shuffle=True, random_state=0)
    ours = AutoTunedClassifier(
        SVC(),
        {"C": values},
        strategy="random",
        cv=folds,
        budget=20,
        include_default=False,
        return_train_score=True,
        random_state=0,
    ).fit(X, y)
    tried = [params["C"] for params in ours.cv_results_["params"]]
    assert sorted(tried) == sorted(values)
    for row, C in enumerate(tried):
        expected = cross_validate(SVC(C=C), X, y, cv=folds, return_train_score=True)
        for kind in ("test", "train"):
            found = [ours.cv_results_[f"split{fold}_{kind}_score"][row] for fold in range(3)]
            assert found == expected[f"{kind}_score"].tolist()
