"""Tests of the starting points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from autotune.defaults import _portfolio as module
from autotune.defaults import auto_space, moved_default, starting_points
from autotune.defaults._points import POINTS
from autotune.defaults._portfolio import MAX_POINTS
from autotune.defaults._registry import known_models
from autotune.space import Space
from tests.strategies import ranges

CLASSES = {f"sklearn.{name}": cls for name, cls in all_estimators()}
MODELS = [
    CLASSES[name]()
    for name in known_models()
    if name in CLASSES and issubclass(CLASSES[name], ClassifierMixin | RegressorMixin)
]

PORTFOLIOS = {
    "sklearn.SVC": [
        {"kernel": "rbf", "C": 100.0, "gamma": 0.01},
        {"kernel": "rbf", "C": 10.0, "gamma": "scale"},
        {"kernel": "linear", "C": 0.1},
        {"kernel": "rbf", "C": 1.0, "gamma": 0.5},
    ],
    "sklearn.LogisticRegression": [{"C": 0.01}, {"C": 50.0}],
    "sklearn.KNeighborsClassifier": [{"n_neighbors": 9, "weights": "distance"}],
    "sklearn.DecisionTreeClassifier": [{"min_samples_leaf": 7}],
    "sklearn.AdaBoostClassifier": [{"learning_rate": 0.3}, {"learning_rate": 0.1}],
    "sklearn.RandomForestClassifier": [{"max_features": 0.4}],
    "sklearn.HistGradientBoostingClassifier": [{"learning_rate": 0.03 * i} for i in range(1, 13)],
}


@pytest.fixture
def known(monkeypatch):
    """Replace the portfolios of the package by short ones."""
    monkeypatch.setattr(module, "POINTS", PORTFOLIOS)


def points(model, spec="auto", prefix=""):
    """Return the starting points for a space as a user writes it."""
    return starting_points(
        model, Space.parse(auto_space(model) if spec == "auto" else spec), prefix
    )


def check(model, space, prefix=""):
    """Check what holds for any model and space, and return the points."""
    found = starting_points(model, space, prefix)
    assert len(found) <= MAX_POINTS
    assert all(point in space for point in found)
    assert len({space.key(point) for point in found}) == len(found)
    own = model.get_params(deep=True)
    for subspace in space.subspaces:
        names = {name: name.removeprefix(prefix) for name in subspace}
        default = {name: own[short] for name, short in names.items() if short in own}
        assert not (default in space and space.key(default) in set(map(space.key, found)))
    return found


@pytest.mark.parametrize("name", sorted(POINTS.keys() & CLASSES))
def test_entries_fit_the_built_in_space(name):
    """Check that each entry of the package is in the built-in space, as far as that goes."""
    assert name in known_models()
    model = CLASSES[name]()
    space = Space.parse(auto_space(model))
    assert all(entry.keys() <= model.get_params().keys() for entry in POINTS[name])
    entries = [{k: entry[k] for k in entry.keys() & {*space.names}} for entry in POINTS[name]]
    found = check(model, space)
    assert len(found) == len(entries) <= MAX_POINTS
    for entry, point in zip(entries, found, strict=True):
        assert entry.items() <= point.items()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_known_model(model):
    """Check the points of each model with a built-in space, alone, in a pipeline and chosen."""
    alone = check(model, Space.parse(auto_space(model)))
    pipe = Pipeline([("scale", StandardScaler()), ("model", model)])
    nested = check(pipe, Space.parse(auto_space(pipe)))
    assert nested == [{f"model__{k}": v for k, v in point.items()} for point in alone]
    spaces = auto_space(model, prefix="estimator__")
    union = [
        {"estimator": [model], **space}
        for space in (spaces if isinstance(spaces, list) else [spaces])
    ]
    chosen = check(model, Space.parse([{"estimator": [PCA()]}, *union]), "estimator__")
    assert [{"estimator": model, **point} for point in default_first(alone)] == chosen


def default_first(found):
    """Return points under the names that a chosen model has."""
    return [{f"estimator__{name}": value for name, value in point.items()} for point in found]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_space(data):
    """Check that points lie in whatever space a user writes, and are all different."""
    model = data.draw(st.sampled_from(MODELS))
    names = sorted(model.get_params())
    built_in = Space.parse(auto_space(model))
    likely = st.sampled_from(built_in.names)
    spec = st.dictionaries(st.one_of(likely, st.sampled_from(names)), ranges, max_size=4)
    space = Space.parse(data.draw(st.lists(spec, min_size=1, max_size=3)))
    check(model, space)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_part_of_the_built_in_space(data):
    """Check the points of narrowed built-in spaces, which most entries fit."""
    model = data.draw(
        st.sampled_from([CLASSES[name]() for name in sorted(POINTS.keys() & CLASSES)])
    )
    parts = auto_space(model)
    part = data.draw(st.sampled_from(parts)) if isinstance(parts, list) else parts
    kept = data.draw(st.sets(st.sampled_from(sorted(part)), min_size=1))
    space = Space.parse({name: narrowed(part[name], data.draw) for name in kept})
    for point in check(model, space):
        clone(model).set_params(**point)


def narrowed(values, draw):
    """Return some of the choices, or an interval inside of another one."""
    if isinstance(values, list):
        return draw(st.lists(st.sampled_from(values), min_size=1, unique=True))
    low, high, *rest = values
    kind = st.integers if isinstance(low, int) else st.floats
    ends = sorted(draw(st.lists(kind(low, high), min_size=2, max_size=2, unique=True)))
    return [ends[0]] if draw(st.booleans()) else (*ends, *rest)


def test_order_and_subspaces(known):
    """Check that entries keep their order and go to the sub-space that they fit."""
    assert points(SVC()) == [
        {"C": 100.0, "gamma": 0.01, "class_weight": None},
        {"C": 10.0, "gamma": "scale", "class_weight": None},
        {"C": 1.0, "gamma": 0.5, "class_weight": None},
    ]


def test_kernel_of_the_model_is_kept(known):
    """Check that entries for another kernel are dropped where the kernel is not searched."""
    assert points(SVC(kernel="linear")) == [{"C": 0.1, "class_weight": None}]
    assert points(SVC(kernel=len), {"C": (0.01, 1.0)}) == []
    space = {"kernel": ["linear", "poly"], "C": (0.01, 1000.0, "log-uniform")}
    assert points(SVC(), space) == [{"kernel": "linear", "C": 0.1}]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"C": (0.1, 20.0)}, [{"C": 0.1}, {"C": 20.0}]),
        ({"C": (1, 20)}, []),
        ({"C": [0.01, 0.1]}, [{"C": 0.01}, {"C": 0.1}]),
        ({"C": [0.1]}, [{"C": 0.1}]),
        ({"C": [0.02, 1.0, 20.0]}, [{"C": 0.02}, {"C": 20.0}]),
        ({"C": ["x"]}, []),
        ({"tol": (1e-5, 1e-1)}, []),
        ({"C": (1.0, 100.0), "max_iter": (50, 500)}, [{"C": 50.0, "max_iter": 100}]),
        (
            {"C": (0.001, 100.0), "max_iter": (200, 400)},
            [{"C": 0.01, "max_iter": 200}, {"C": 50.0, "max_iter": 200}],
        ),
        ({"C": (10.0, 90.0), "tol": [1, 2]}, [{"C": 10.0, "tol": 2}, {"C": 50.0, "tol": 1}]),
    ],
)
def test_values_outside_the_space(known, spec, expected):
    """Check moving, dropping and filling in, and that the default is not repeated."""
    assert points(LogisticRegression(), spec) == expected


def test_integers_stay_integers(known):
    """Check that a count in a narrower interval is a count, and in a float interval a float."""
    (point,) = points(KNeighborsClassifier(), {"n_neighbors": (1, 7)})
    assert point == {"n_neighbors": 7}
    assert type(point["n_neighbors"]) is int
    (point,) = points(DecisionTreeClassifier(), {"min_samples_leaf": (0.1, 9.0)})
    assert type(point["min_samples_leaf"]) is float


def test_a_share_is_no_count(known):
    """Check that an entry with a share of the features is not taken for a number of them."""
    assert points(RandomForestClassifier(), {"max_features": (1, 8)}) == []
    assert points(RandomForestClassifier(), {"max_features": [2, 4, 8]}) == []
    assert points(RandomForestClassifier(), {"max_features": [0.2, 0.5]}) == [{"max_features": 0.5}]


def test_at_most_max_points(known):
    """Check that a long portfolio is cut, the best entries first."""
    found = points(HistGradientBoostingClassifier(), {"learning_rate": (0.01, 1.0)})
    assert found == PORTFOLIOS["sklearn.HistGradientBoostingClassifier"][:MAX_POINTS]


def test_two_models_are_taken_together(known):
    """Check that the entries of several models are paired, the shorter list with own values."""
    model = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1))
    spec = {"learning_rate": (0.01, 1.0), "estimator__min_samples_leaf": (1, 50)}
    assert points(model, spec) == [
        {"learning_rate": 0.3, "estimator__min_samples_leaf": 7},
        {"learning_rate": 0.1, "estimator__min_samples_leaf": 1},
    ]
    vote = VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())])
    assert [(p["a__C"], p["b__n_neighbors"]) for p in points(vote)] == [(0.01, 9), (50.0, 5)]


def test_one_model_without_place_leaves_the_others(known):
    """Check that entries which fit nowhere do not take those of other models with them."""
    vote = VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())])
    found = points(vote, {"a__C": ["low"], "b__n_neighbors": (1, 30)})
    assert found == [{"a__C": "low", "b__n_neighbors": 9}]


def test_nested_names(known):
    """Check that models are found below meta-estimators, transformers and pipelines."""
    meta = CalibratedClassifierCV(make_pipeline(StandardScaler(), LogisticRegression()))
    name = "estimator__logisticregression__C"
    assert points(meta, {name: (1e-3, 100.0)}) == [{name: 0.01}, {name: 50.0}]
    columns = ColumnTransformer([("t", make_pipeline(PCA(), StandardScaler()), [0])])
    assert points(columns, {"t__pca__n_components": [1, 2]}) == []


def test_chosen_steps(known):
    """Check that a step which the space replaces is the one whose portfolio counts."""
    pipe = Pipeline([("scale", StandardScaler()), ("model", "passthrough")])
    forest, linear = RandomForestClassifier(), LogisticRegression()
    union = [
        {"model": [forest], "model__max_features": (0.1, 1.0)},
        {"model": [linear], "model__C": (1e-3, 100.0)},
    ]
    assert points(pipe, union) == [
        {"model": forest, "model__max_features": 0.4},
        {"model": linear, "model__C": 0.01},
        {"model": linear, "model__C": 50.0},
    ]


def test_one_of_several_estimators(known):
    """Check that with a prefix only the sub-spaces of this very estimator count."""
    first, second = LogisticRegression(), LogisticRegression(tol=1e-3)
    union = [
        {"estimator": [first], "estimator__C": (1e-3, 100.0)},
        {"estimator": [second], "estimator__C": (1.0, 10.0)},
    ]
    assert points(second, union, "estimator__") == [{"estimator": second, "estimator__C": 10.0}]


def test_subclass_uses_the_portfolio_of_its_base(known):
    """Check that a subclass with fewer parameters gets what it has of an entry."""

    class Machine(SVC):
        def __init__(self, C=1.0):
            super().__init__(C=C)

    assert points(Machine(), {"C": (1.0, 50.0)}) == [{"C": 50.0}, {"C": 10.0}]


@pytest.mark.parametrize("model", [PCA(), BaseEstimator(), Pipeline([("pca", PCA())])])
def test_nothing_known(known, model):
    """Check that a model without a portfolio has no starting points."""
    assert points(model, {"n_components": [1, 2]}) == []


def test_nothing_is_changed(known):
    """Check that neither the estimator nor the portfolios change, nor do calls differ."""
    model = make_pipeline(StandardScaler(), MLPClassifier(), SVC())
    before, entries = repr(model.get_params()), repr(PORTFOLIOS)
    space = {"svc__C": (0.1, 9.0)}
    assert points(model, space) == points(model, space) != []
    points(model, space)[0]["svc__C"] = None
    assert (repr(model.get_params()), repr(PORTFOLIOS)) == (before, entries)


# The default inside of a space

LOG = (1e-4, 10.0, "log-uniform")
MOVED = [
    (SVC(), {"C": (10, 100), "kernel": ["poly", "rbf"]}, {"C": 10, "kernel": "rbf"}),
    (SVC(C=0.001), {"C": LOG}, {"C": 0.001}),
    (SVC(), {"C": [0.5, 20.0], "kernel": ["poly", "linear"]}, {"C": 0.5, "kernel": "poly"}),
    (SVC(), {"gamma": (0.1, 10.0, "log-uniform")}, {"gamma": pytest.approx(1.0)}),
    (MLPClassifier(), {"batch_size": [32, 128]}, {"batch_size": 128}),
    (MLPClassifier(batch_size=40), {"batch_size": [32, 128]}, {"batch_size": 32}),
    (MLPClassifier(), {"hidden_layer_sizes": [(9, 9), (50,)]}, {"hidden_layer_sizes": (50,)}),
    (DecisionTreeClassifier(), {"max_depth": [3, 9, 5]}, {"max_depth": 9}),
    (DecisionTreeClassifier(), {"max_leaf_nodes": (5, 50)}, {"max_leaf_nodes": 50}),
    (DecisionTreeClassifier(), {"min_samples_leaf": (0.01, 0.2)}, {"min_samples_leaf": 0.01}),
    (
        DecisionTreeClassifier(min_samples_leaf=50),
        {"min_samples_leaf": (0.1, 0.3)},
        {"min_samples_leaf": pytest.approx(0.2)},
    ),
    (RandomForestClassifier(max_features=1.0), {"max_features": (2, 8)}, {"max_features": 8}),
    (RandomForestClassifier(max_features=0.5), {"max_features": (2, 8)}, {"max_features": 5}),
    (RandomForestClassifier(), {"max_samples": (0.2, 0.9)}, {"max_samples": 0.9}),
    (RandomForestClassifier(max_features=1.0), {"max_features": [2, 9, 4]}, {"max_features": 9}),
    (RandomForestClassifier(max_features=0.5), {"max_features": [2, 4]}, {"max_features": 2}),
    (RandomForestClassifier(max_features=3), {"max_features": [0.2, 0.4]}, {"max_features": 0.2}),
    (RandomForestClassifier(max_features=3), {"max_features": [9, 4]}, {"max_features": 4}),
    (
        RandomForestClassifier(min_samples_leaf=9),
        {"min_samples_leaf": (1.5, 4.0)},
        {"min_samples_leaf": 4.0},
    ),
    (
        RandomForestClassifier(class_weight=np.ones(2)),
        {"class_weight": ["balanced"]},
        {"class_weight": "balanced"},
    ),
    (
        SVC(),
        [{"kernel": ["linear"], "C": LOG}, {"kernel": ["rbf"], "C": (9.0, 10.0), "gamma": [1.0]}],
        {"kernel": "rbf", "C": 9.0, "gamma": 1.0},
    ),
    (
        make_pipeline(StandardScaler(), SVC()),
        {"svc__C": [10, 100], "standardscaler__with_mean": [True, False]},
        {"svc__C": 10, "standardscaler__with_mean": True},
    ),
]


@pytest.mark.parametrize(("model", "spec", "expected"), MOVED)
def test_the_moved_default(model, spec, expected):
    """Check what a model's own parameters become in a space that lacks them."""
    space = Space.parse(spec)
    moved = moved_default(model, space)
    assert moved == expected
    assert moved in space


def test_the_moved_default_of_libraries():
    """Check that what boosting libraries take in place of None is known."""
    xgboost = pytest.importorskip("xgboost")
    spec = {"max_depth": [3, 5, 9], "learning_rate": (0.01, 0.2), "subsample": (0.5, 1.0)}
    moved = moved_default(xgboost.XGBRegressor(), Space.parse(spec))
    assert moved == {"max_depth": 5, "learning_rate": 0.2, "subsample": 1.0}
    catboost = pytest.importorskip("catboost")
    spec = {"depth": (4, 10), "iterations": [50, 500]}
    moved = moved_default(catboost.CatBoostClassifier(), Space.parse(spec))
    assert moved == {"depth": 6, "iterations": 500}


def test_the_moved_default_with_a_chosen_step():
    """Check that parameters are those of the step that the space puts in."""
    pipe = Pipeline([("scale", StandardScaler()), ("model", "passthrough")])
    forest = RandomForestClassifier(max_depth=4)
    space = Space.parse({"model": [forest], "model__max_depth": (2, 8)})
    assert moved_default(pipe, space) == {"model": forest, "model__max_depth": 4}


def test_the_moved_default_of_one_of_several_estimators():
    """Check that with a prefix only the sub-spaces of this very estimator count."""
    first, second = SVC(), LogisticRegression()
    space = Space.parse(
        [
            {"estimator": [first], "estimator__C": (2.0, 3.0)},
            {"estimator": [second], "estimator__C": (4.0, 5.0)},
        ]
    )
    moved = moved_default(second, space, "estimator__")
    assert moved == {"estimator": second, "estimator__C": 4.0}
    assert moved_default(PCA(), space, "estimator__") is None


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_default_is_moved_into_any_space(data):
    """Check that the moved default lies in whatever space a user writes, nothing changed."""
    model = data.draw(st.sampled_from(MODELS))
    before = repr(model)
    names = st.sampled_from(sorted(model.get_params()))
    spec = st.dictionaries(names, ranges, min_size=1, max_size=4)
    space = Space.parse(data.draw(st.lists(spec, min_size=1, max_size=3)))
    assert moved_default(model, space) in space
    assert repr(model) == before


# Parameters that no entry mentions


def test_unmentioned_parameters_are_those_of_the_moved_default(known):
    """Check that a number outside its range is the nearest one in each starting point."""
    spec = {"C": (0.001, 100.0), "max_iter": [400, 200, 300], "tol": (1e-3, 1e-1)}
    assert points(LogisticRegression(), spec) == [
        {"C": 0.01, "max_iter": 200, "tol": 1e-3},
        {"C": 50.0, "max_iter": 200, "tol": 1e-3},
    ]


def test_starting_points_alternate_between_two_choices(known):
    """Check that both are tried where the model's own value is neither, the other one first."""
    model, spec = LogisticRegression(), {"C": (0.001, 100.0), "max_iter": [400, 200]}
    assert moved_default(model, Space.parse(spec)) == {"C": 1.0, "max_iter": 200}
    assert [point["max_iter"] for point in points(model, spec)] == [400, 200]


def test_parameters_of_which_nothing_is_known_vary(known):
    """Check that starting points are a design in what neither model nor entry tells."""
    spec = {
        "learning_rate": (0.01, 1.0),
        "scoring": ["a", "b", "c"],
        "validation_fraction": ["x", "y"],
        "max_iter": (50, 200),
    }
    found = points(HistGradientBoostingClassifier(scoring=len, validation_fraction=None), spec)
    assert [p["scoring"] for p in found] == list("bcabcabc")
    assert [p["validation_fraction"] for p in found] == list("yxyxyxyx")
    assert {p["max_iter"] for p in found} == {100}
    spec = {"learning_rate": (0.01, 1.0), "random_state": (0.0, 8.0)}
    found = points(HistGradientBoostingClassifier(), spec)
    assert sorted(p["random_state"] for p in found) == [0.5, 1, 2, 3, 4.5, 5, 6, 7]


def test_forests_have_larger_leaves_for_balanced_weights():
    """Check the entries for balanced metrics, which count only where weights are searched."""
    leaves = {"min_samples_leaf": (1, 20)}
    weighted = Space.parse(leaves | {"class_weight": [None, "balanced"]})
    assert starting_points(RandomForestClassifier(), weighted, balanced=True) == [
        {"min_samples_leaf": 1, "class_weight": "balanced"},
        {"min_samples_leaf": 12, "class_weight": "balanced"},
    ]
    plain = Space.parse(leaves)
    found = [starting_points(RandomForestClassifier(), plain, balanced=b) for b in (True, False)]
    assert found[0] == found[1] != []


def test_class_weights_are_balanced_where_the_metric_is(known):
    """Check that starting points have the class weights that suit such a metric, only there."""
    space = Space.parse({"C": (1.0, 100.0, "log-uniform"), "class_weight": [None, "balanced"]})
    weights = [
        [p["class_weight"] for p in starting_points(SVC(), space, balanced=balanced)]
        for balanced in (True, False)
    ]
    assert weights == [["balanced"] * 3, [None] * 2]
    space = Space.parse({"C": (1.0, 100.0), "class_weight": [None, {0: 1, 1: 9}]})
    found = starting_points(SVC(), space, balanced=True)
    assert [p["class_weight"] for p in found] == [{0: 1, 1: 9}, None, {0: 1, 1: 9}]
