"""Pictures: what they show, without matplotlib, and how it is drawn, on its Agg backend."""

from __future__ import annotations

import ast
import math
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from fakes import add_trial
from matplotlib import pyplot as plt
from scipy.stats import loguniform, norm
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from autotune import AutoTunedClassifier, TuningDisplay, nested_report
from autotune import pictures as room
from autotune.history import COMPARISON, CRASHED, DROPPED, INTERRUPTED, TIMEOUT, Evaluation, History
from autotune.pictures._fanova import leaves, shares_of_variance
from autotune.pictures._folds import FoldsPicture
from autotune.pictures._history import HistoryPicture
from autotune.pictures._importance import ImportancePicture
from autotune.pictures._kinds import KINDS
from autotune.pictures._nested import NestedPicture, _final_model
from autotune.pictures._parallel import ParallelPicture
from autotune.pictures._parameters import ParametersPicture
from autotune.pictures._scales import (
    linear_ticks,
    number_texts,
    scales_of,
    short_names,
    value_text,
    value_texts,
    wrap,
)
from autotune.pictures._schedule import SchedulePicture, pack
from autotune.pictures._search import Search, read_search, robust_limits
from autotune.results import Metric
from autotune.space import Space

mpl.use("Agg")
X, Y = load_iris(return_X_y=True)
ACCURACY, LOSS = Metric("accuracy"), Metric("log loss", -1)
NAN = math.nan
_IMPORTS = (ast.Import, ast.ImportFrom)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make_search(space, trials, *, meaning=ACCURACY, winner=None, n_folds=2):
    """Return a search; a trial is its parameters with fold scores, and perhaps a status."""
    history = History(n_folds, "score", metrics=("score",))
    for number, (params, scores, *status) in enumerate(trials):
        trial = add_trial(history, params, scores, "default" if number == 0 else "random")
        if status:
            history.set_status(trial, *status)
    for number, evaluation in enumerate(history.evaluations()):
        evaluation.started, evaluation.ended = float(number), number + 1.0
    return Search(history, Space.parse(space), "score", meaning, winner)


def simple_search(**settings):
    return make_search(
        {"C": (1.0, 100.0, "log-uniform")},
        [
            ({"C": 1.0}, [0.5, 0.7]),
            ({"C": 100.0}, [0.9, 0.7]),
            ({"C": 10.0}, [0.2], DROPPED),
            ({"C": 20.0}, [], TIMEOUT),
            ({"C": 30.0}, [0.6], INTERRUPTED),
            ({"C": 50.0}, [0.8, 0.6]),
        ],
        winner=1,
        **settings,
    )


# What trials came to


def test_trials():
    """Check the score, the state and the end of each trial."""
    trials = simple_search().trials()
    np.testing.assert_allclose(trials.values, [0.6, 0.8, NAN, NAN, NAN, 0.7])
    np.testing.assert_allclose(trials.shown, [0.6, 0.8, 0.2, NAN, 0.6, 0.7])
    assert trials.states.tolist() == [
        "complete",
        "complete",
        "pruned",
        "failed",
        "unfinished",
        "complete",
    ]
    assert trials.competes.tolist() == [True, True, False, False, False, True]
    np.testing.assert_allclose(trials.ended, [2, 4, 5, NAN, 6, 8])


def test_a_pruned_trial_shows_its_largest_fidelity():
    """Check that what was learned on few rows gives way to what was learned on more."""
    search = make_search({"C": (0.0, 1.0)}, [({"C": 0.5}, [0.5, 0.5]), ({"C": 0.1}, [], DROPPED)])
    for fold, fidelity, score in [(0, 0.1, 0.1), (0, 0.5, 0.3), (1, 0.5, 0.5)]:
        search.history.record(Evaluation(1, fold, fidelity, scores={"score": score}))
    np.testing.assert_allclose(search.trials().partial, [0.5, 0.4])


@pytest.mark.parametrize(
    ("values", "sign", "important", "expected"),
    [
        ([0.0, 0.5, 1.0], 1, [], (0.0, 1.0)),
        ([0.0, 0.8, 0.9, 0.9, 1.0], 1, [], (0.4, 1.0)),
        ([-1e9, 0.8, 0.9, 0.9, 1.0], 1, [], (0.4, 1.0)),
        ([1e9, 0.2, 0.1, 0.1, 0.0], -1, [], (0.0, 0.6)),
        ([0.8, 0.9, 1.0], 1, [0.1, NAN], (0.1, 1.0)),
        ([0.8, 0.9, 1.0], 1, [-9.0], (0.8, 1.0)),
        ([0.8, 1.0], 1, [1.5], (0.8, 1.5)),
        ([NAN], 1, [0.0, 1.0], (0.0, 1.0)),
    ],
)
def test_limits_are_not_stretched_by_bad_values(values, sign, important, expected):
    """Check that what is far worse than the others is left out, and what matters is not."""
    low, high = robust_limits(np.array(values), sign, important)
    margin = 0.06 * (expected[1] - expected[0])
    assert (low, high) == pytest.approx((expected[0] - margin, expected[1] + margin))


@pytest.mark.parametrize("values", [[0.5, 0.5], [0.0], [NAN], []])
def test_limits_have_a_width(values):
    """Check that equal values, or none, do not make an axis without length."""
    low, high = robust_limits(np.array(values), 1)
    assert low < high


# Scales


def scale_of(range_, values):
    (scale,) = scales_of(
        make_search({"p": range_}, [({"p": v}, [0.5, 0.5]) for v in values]), ["p"]
    )
    return scale


@pytest.mark.parametrize(
    ("range_", "values", "kind", "ends", "bounds", "symbols", "places"),
    [
        ((0.0, 10.0), [0.0, 5.0, 12.5], "linear", (0, 12.5), (0, 10), (), [0, 0.4, 1]),
        ((1, 100), [1, 100], "linear", (1, 100), (1, 100), (), [0, 1]),
        ((1.0, 100.0, "log-uniform"), [1, 10.0], "log", (1, 100), (1, 100), (), [0, 0.5]),
        (loguniform(1, 100), [1.0, 100.0], "log", (1, 100), None, (), [0, 1]),
        (range(10, 4001, 2), [10, 4000], "linear", (10, 4000), (10, 4000), (), [0, 1]),
        ([1, 10, 100], [10, 1], "log", (1, 100), (1, 100), (), [0.5, 0]),
        ([1, 2, 3], [2, 2], "linear", (1, 3), (1, 3), (), [0.5, 0.5]),
        ([1, 2, 3, None], [2, None], "linear", (1, 3), (1, 3), ("None",), [0.5, 1.24]),
        ((0.0, 1.0), [0.0, "auto"], "linear", (0, 1), (0, 1), ("auto",), [0, 1.24]),
        (["a", "b"], ["b", "c"], "choice", (NAN, NAN), None, ("a", "b", "c"), [0.5, 5 / 6]),
        ([1, 10], [10, 1], "choice", (NAN, NAN), None, ("1", "10"), [0.75, 0.25]),
        ([10, 20], [1, 20], "choice", (NAN, NAN), None, ("1", "10", "20"), [1 / 6, 5 / 6]),
        ((1.0, 100.0, "log-uniform"), [0, 1.0], "log", (1, 100), (1, 100), ("0",), [1.24, 0]),
        ([True, False], [False], "choice", (NAN, NAN), None, ("True", "False"), [0.75]),
        ((0.0, 1.0), [0.0, 10**400], "linear", (0, 1), (0, 1), ("1" + "0" * 16 + "…",), [0, 1.24]),
    ],
)
def test_scales(range_, values, kind, ends, bounds, symbols, places):
    """Check how values of any range are laid out on an axis."""
    scale = scale_of(range_, values)
    assert (scale.kind, scale.bounds, scale.symbols) == (kind, bounds, symbols)
    np.testing.assert_allclose((scale.low, scale.high), ends)
    np.testing.assert_allclose(scale.places(), places)


def test_an_unbounded_distribution_has_no_bounds():
    """Check that the axis of a normal distribution ends where its values do."""
    scale = scale_of(norm(0, 1), [-3.0, 3.0])
    assert (scale.kind, scale.low, scale.high, scale.bounds) == ("linear", -3.0, 3.0, None)


def test_a_parameter_that_some_trials_lack():
    """Check that such a trial has no place, and that constants of sub-spaces are shown."""
    space = [{"kernel": ["a"], "C": (0.0, 1.0)}, {"kernel": ["b"]}]
    trials = [({"kernel": "a", "C": 0.5}, [1.0, 1.0]), ({"kernel": "b"}, [1.0, 1.0])]
    search = make_search(space, trials)
    cost, kernel = scales_of(search)
    assert (cost.name, kernel.name) == ("C", "kernel")
    assert cost.codes.tolist() == [-1, -2]
    np.testing.assert_array_equal(cost.places(), [0.5, NAN])
    picture = ParallelPicture.of(search)
    assert picture.places[0].tolist() == [0.5, 0.25]
    assert picture.places[1, 0] < 0
    assert picture.places[1, 1] == 0.75


@pytest.mark.parametrize(
    ("range_", "number", "expected"),
    [
        ((1.0, 100.0, "log-uniform"), 1.0, 1.0),
        ((1.0, 100.0, "log-uniform"), 99.9, 100.0),
        ((1.0, 100.0, "log-uniform"), 2.0, None),
        ((1.0, 100.0, "log-uniform"), 0.1, None),
        ((1, 9), 9, 9.0),
        ((1, 9), 8, None),
        ([1, 5, 9], 1, 1.0),
        ([1, 5, 9, None], None, None),
        (norm(0, 1), 0.0, None),
    ],
)
def test_the_bound_on_which_a_value_lies(range_, number, expected):
    """Check that values on an end of the searched range are noticed, and no others."""
    scale = scale_of(range_, [number])
    assert scale.at_bound(scale.numbers[0]) == expected


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        ((1e-4, 1e2, "log-uniform"), ["$10^{-4}$", "$10^{-2}$", "$10^{0}$", "$10^{2}$"]),
        ((0.1, 100.0, "log-uniform"), ["0.1", "1", "10", "100"]),
        ((2.0, 60.0, "log-uniform"), ["2", "5", "10", "20", "50"]),
        ((1.0, 12.0, "log-uniform"), ["1", "3", "10"]),
        ((0.0, 1.0), ["0", "0.5", "1"]),
        ((1, 1000), ["200", "400", "600", "800", "1000"]),
        ((0.1, 0.8), ["0.2", "0.4", "0.6", "0.8"]),
        ([1, 2, 3, "auto"], ["1", "2", "3", "auto"]),
        (["a", "b"], ["a", "b"]),
    ],
)
def test_ticks(range_, expected):
    """Check what is written along an axis."""
    assert [text for _, text in scale_of(range_, []).ticks()] == expected


def test_ticks_lie_where_their_numbers_do():
    """Check the places of ticks, and that axes in the numbers themselves agree."""
    scale = scale_of((1.0, 100.0, "log-uniform"), [10.0])
    places = [place for place, _ in scale.ticks()]
    np.testing.assert_allclose(places, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(scale.native(places), [1.0, 10.0, 100.0])


def test_few_ticks_of_small_numbers():
    """Check that differences far below one get round numbers too."""
    assert linear_ticks(1e-12, 3e-12) == [1e-12, 2e-12, 3e-12]
    assert linear_ticks(2.0, 2.0) == [2.0]
    assert number_texts([0.0, 1.0, 2e-5]) == ["0", "$10^{0}$", r"$2\cdot10^{-5}$"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["svc__C", "svc__gamma"], ["C", "gamma"]),
        (["a__b__c", "a__b__d"], ["c", "d"]),
        (["estimator", "estimator__C"], ["estimator", "C"]),
        (["estimator", "estimator__estimator"], ["estimator", "estimator__estimator"]),
        (["svc__C", "scaler"], ["svc__C", "scaler"]),
        (["C"], ["C"]),
    ],
)
def test_short_names(names, expected):
    """Check that what all names begin with is left out where they stay distinct."""
    assert list(short_names(names).values()) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("C", "C"),
        ("min_samples_leaf", "min_samples_\nleaf"),
        ("mean absolute error", "mean\nabsolute\nerror"),
        ("a_rather_and_very_very_long_name_of_it", "…\nvery_long_\nname_of_it"),
        ("a" * 20, "a" * 20),
    ],
)
def test_wrap(label, expected):
    """Check that long names are broken between their words."""
    assert wrap(label, 12) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.123456, "0.123"),
        (1234.5, "1234"),
        (1e-7, "1e-07"),
        (7, "7"),
        (None, "None"),
        ("cost $5", r"cost \$5"),
        ("x" * 30, "x" * 17 + "…"),
        ("a\udcff", "a?"),
        (LogisticRegression(C=3), "LogisticRegression"),
        (np.log, "log"),
        ((50, 50), "(50, 50)"),
    ],
)
def test_value_text(value, expected):
    """Check that any value is a few characters."""
    assert value_text(value) == expected


def test_equal_texts_are_numbered():
    """Check that two models of one class can be told apart."""
    models = [LogisticRegression(C=1), LogisticRegression(C=2), KNeighborsClassifier()]
    assert value_texts(models) == (
        "LogisticRegression",
        "LogisticRegression #2",
        "KNeighborsClassif…",
    )


# The data of each kind


@pytest.mark.parametrize("meaning", [ACCURACY, LOSS])
def test_history(meaning):
    """Check the best so far in the order of trials, and of time, of scores and of losses."""
    search = simple_search(meaning=meaning)
    late, early = search.history[0], search.history[1]
    for evaluation in late.evaluations.values():
        evaluation.ended += 100
    for evaluation in early.evaluations.values():
        evaluation.ended += 50
    picture = HistoryPicture.of(search)
    sign = meaning.sign
    np.testing.assert_allclose(picture.best, sign * np.array([0.6, 0.8, 0.8, 0.8, 0.8, 0.8]))
    assert picture.order.tolist() == [2, 4, 5, 1, 0]  # trial 3 has no evaluation
    np.testing.assert_allclose(picture.best_in_time, sign * np.array([NAN, NAN, 0.7, 0.8, 0.8]))
    assert picture.default == pytest.approx(sign * 0.6)
    assert picture.label == ("accuracy" if sign > 0 else "log loss (lower is better)")


def test_folds():
    """Check that the leaders come first and the default last, with all their folds."""
    picture = FoldsPicture.of(simple_search(), top=2)
    assert picture.numbers == (1, 5, 0)
    np.testing.assert_allclose(picture.values, [[0.9, 0.7], [0.8, 0.6], [0.5, 0.7]])
    np.testing.assert_allclose(picture.means, [0.8, 0.7, 0.6])
    assert picture.repeats.shape == (3, 0)


def test_folds_of_a_loss():
    """Check that the lowest loss leads, and is no negative number."""
    trials = [({"C": 1.0}, [-0.3, -0.5]), ({"C": 2.0}, [-0.1, -0.1])]
    picture = FoldsPicture.of(make_search({"C": (0.0, 2.0)}, trials, meaning=LOSS))
    assert picture.numbers == (1, 0)
    np.testing.assert_allclose(picture.values, [[0.1, 0.1], [0.3, 0.5]])


def test_parameters():
    """Check that the bound on which the chosen trial lies is known."""
    picture = ParametersPicture.of(simple_search())
    assert picture.bounds == (100.0,)
    assert picture.default == pytest.approx(0.6)
    assert [scale.name for scale in picture.scales] == ["C"]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ([0, 1, 2], [1, 2, 3], [0, 0, 0]),
        ([0, 0, 1], [2, 1, 2], [0, 1, 1]),
        ([0, 0.9], [1, 2], [0, 0]),
        ([0, 0.5], [1, 2], [0, 1]),
    ],
)
def test_lanes(starts, ends, expected):
    """Check that evaluations at the same time have lanes of their own, and no others."""
    assert pack(np.array(starts), np.array(ends)).tolist() == expected


def test_schedule():
    """Check whose each evaluation is, in the order in which they began."""
    search = simple_search()
    *_, last = search.history.evaluations()
    last.status = CRASHED
    picture = SchedulePicture.of(search)
    assert picture.trials.tolist() == [0, 0, 1, 1, 2, 4, 5, 5]
    assert picture.states.tolist() == [
        *["complete"] * 4,
        "pruned",
        "unfinished",
        "complete",
        "failed",
    ]
    assert picture.lanes.tolist() == [0] * 8
    assert picture.fidelities.tolist() == [1.0] * 8


def test_the_final_comparison_is_not_the_search():
    """Check that evaluations of the final comparison are shown as such, and end no trial later."""
    search = simple_search()
    ended = search.trials().ended
    compared = Evaluation(1, 0, phase=COMPARISON, scores={"score": 1.0}, started=8.0, ended=9.0)
    search.history.record(compared)
    np.testing.assert_array_equal(search.trials().ended, ended)
    picture = SchedulePicture.of(search)
    assert picture.phases.tolist() == ["search"] * 8 + ["comparison"]
    assert "final comparison" in labels_of(TuningDisplay(picture).plot())


# Functional ANOVA


def test_shares_of_variance():
    """Check the shares of a known function: a sum and a product of steps."""
    corners = np.array([[0.25, 0.25, 0.5], [0.25, 0.75, 0.5], [0.75, 0.25, 0.5], [0.75, 0.75, 0.5]])
    # f = 4 a + 2 b + 8 ab with steps a, b of -1/2, 1/2: variances 4, 1 and 4.
    steps = np.sign(corners - 0.5) / 2
    f = 4 * steps[:, 0] + 2 * steps[:, 1] + 8 * steps[:, 0] * steps[:, 1]
    tree = DecisionTreeRegressor(random_state=0).fit(corners, f)
    single, joint = shares_of_variance([leaves(tree, 3)], [(0, 1), (0, 2)])
    np.testing.assert_allclose(single, [4 / 9, 1 / 9, 0], atol=1e-9)
    np.testing.assert_allclose(joint, [4 / 9, 0], atol=1e-9)


def test_shares_of_variance_match_a_fine_grid():
    """Check marginals of a tree with uneven boxes against sums over a grid."""
    rng = np.random.RandomState(0)
    points = rng.uniform(size=(30, 2))
    tree = DecisionTreeRegressor(random_state=0).fit(points, np.sin(5 * points).prod(axis=1))
    centres = (np.arange(1000) + 0.5) / 1000
    grid = np.column_stack([np.repeat(centres, 1000), np.tile(centres, 1000)])
    table = tree.predict(grid).reshape(1000, 1000)
    single, joint = shares_of_variance([leaves(tree, 2)], [(0, 1)])
    expected = np.array([table.mean(axis=1).var(), table.mean(axis=0).var()]) / table.var()
    np.testing.assert_allclose(single, expected, rtol=0.02)
    assert single.sum() + joint.sum() == pytest.approx(1.0)


def test_a_constant_forest_has_no_shares():
    """Check that nothing is divided by a variance of zero."""
    tree = DecisionTreeRegressor().fit([[0.1], [0.9]], [1.0, 1.0])
    single, joint = shares_of_variance([leaves(tree, 1)], [])
    assert single.tolist() == [0.0]
    assert joint.tolist() == []


def importance_of(space, function, n=60):
    parsed = Space.parse(space)
    rng = np.random.RandomState(0)
    drawn = [parsed.sample(rng) for _ in range(n)]
    return ImportancePicture.of(make_search(space, [(p, [function(p)] * 2) for p in drawn]))


def test_importance():
    """Check that what the score depends on leads, and that the forest says how sure it is."""
    space = {"m__a": (0.0, 1.0), "m__b": ["x", "y", "z"], "m__c": (1, 9)}
    picture = importance_of(space, lambda p: p["m__a"] ** 2 + 0.01 * p["m__c"])
    assert picture.names[0] == ("m__a",)
    assert picture.shares[0] > 0.8
    assert picture.shares.sum() <= 1.0 + 1e-9
    assert picture.quality > 0.8
    assert picture.n_trials == 60


def test_importance_of_conditional_parameters():
    """Check that the choice of a sub-space bears the name of what it chooses."""
    space = [{"kernel": ["a"], "C": (0.0, 1.0)}, {"kernel": ["b"], "gamma": (0.0, 1.0)}]
    picture = importance_of(space, lambda p: 1.0 if p["kernel"] == "a" else p["gamma"])
    assert picture.names[0] == ("kernel",)
    assert ("C", "gamma") not in picture.names  # never in the same trial
    assert {name for names in picture.names for name in names} == {"kernel", "C", "gamma"}


def test_a_constant_score_has_no_importance():
    """Check that equal scores are no error, and that nothing is claimed of them."""
    picture = importance_of({"a": (0.0, 1.0)}, lambda p: 0.5)
    assert picture.shares.tolist() == [0.0]
    assert picture.quality == 0.0


# Drawing


@cache
def fitted():
    """Return a tuned model with a conditional parameter, failures and two metrics."""
    space = [
        {
            "kneighborsclassifier__n_neighbors": (1, 200),
            "kneighborsclassifier__weights": ["uniform"],
        },
        {
            "kneighborsclassifier__weights": ["distance"],
            "kneighborsclassifier__n_neighbors": [1, 2, 5],
            "kneighborsclassifier__p": (1.0, 20.0, "log-uniform"),
        },
    ]
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
    model = AutoTunedClassifier(
        pipeline,
        space,
        strategy="random",
        budget=12,
        scoring=["neg_log_loss", "accuracy"],
        refit="neg_log_loss",
        random_state=0,
        cv=3,
    )
    with pytest.warns(match="failed"):
        return model.fit(X, Y)


@cache
def nested():
    """Return the results of nested cross-validation of a pipeline."""
    tuned = AutoTunedClassifier(
        SVC(), {"C": (0.01, 1.0, "log-uniform")}, strategy="random", budget=3, cv=2
    ).set_params(random_state=0)
    model = make_pipeline(StandardScaler(), tuned)
    return cross_validate(model, X, Y, cv=3, return_estimator=True)


def labels_of(display):
    """Return the texts of the legend, of a figure of its own."""
    (legend,) = display.figure_.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_drawn(kind, style):
    """Check that each kind can be drawn in light and dark without a warning."""
    with plt.style.context(style):
        display = TuningDisplay.from_estimator(fitted(), kind)
        display.figure_.canvas.draw()
    assert display.ax_ is display.axes_[0]
    assert all(ax.figure is display.figure_ for ax in display.axes_)
    assert display.picture.__class__ is KINDS[kind]


def test_the_history_as_drawn():
    """Check the line of the default, the star of the winner and the axes."""
    model = fitted()
    display = TuningDisplay.from_estimator(model)
    trials, seconds = display.axes_
    assert (trials.get_xlabel(), seconds.get_xlabel()) == ("trial", "seconds since the start")
    assert trials.get_ylabel() == "log loss (lower is better)"
    default = next(line for line in trials.lines if line.get_label().startswith("default"))
    assert set(default.get_ydata()) == {-model.default_score_}
    star = next(marks for marks in trials.collections if marks.get_label().startswith("chosen"))
    np.testing.assert_allclose(star.get_offsets(), [[model.best_index_, -model.best_score_]])
    assert {"failed", "best so far"} <= set(labels_of(display))


def test_the_parameters_as_drawn():
    """Check scales, labels and ticks of the panels, and that the metric can be another one."""
    display = TuningDisplay.from_estimator(fitted(), "parameters", metric="accuracy")
    assert [ax.get_xlabel() for ax in display.axes_] == ["n_neighbors", "p", "weights"]
    assert [ax.get_xscale() for ax in display.axes_] == ["linear", "log", "linear"]
    assert display.ax_.get_ylabel() == "accuracy"
    texts = [text.get_text() for text in display.axes_[2].get_xticklabels()]
    assert texts == ["uniform", "distance"]


def test_parameters_can_be_named():
    """Check that panels and axes follow the names that are given."""
    names = ["kneighborsclassifier__weights", "kneighborsclassifier__p"]
    display = TuningDisplay.from_estimator(fitted(), "parameters", parameters=names)
    assert [ax.get_xlabel() for ax in display.axes_] == ["weights", "p"]
    one = TuningDisplay.from_estimator(fitted(), "parallel", parameters=names[1])
    assert one.ax_.get_xticklabels()[0].get_text() == "p"


def test_the_chosen_bound_is_marked():
    """Check that a winner on the end of its range is pointed out."""
    display = TuningDisplay(ParametersPicture.of(simple_search())).plot()
    assert display.ax_.get_title() == "chosen on the bound 100"
    assert any(set(line.get_xdata()) == {100.0} for line in display.ax_.lines)


def test_marks_of_trials():
    """Check that complete, pruned and failed trials have marks of their own."""
    display = TuningDisplay(HistoryPicture.of(simple_search())).plot()
    assert labels_of(display) == [
        "pruned (mean of its folds)",
        "trial",
        "failed",
        "best so far",
        "default 0.6",
        "chosen 0.8",
    ]
    counts = {marks.get_label(): len(marks.get_offsets()) for marks in display.ax_.collections}
    assert (counts["trial"], counts["failed"]) == (3, 1)


def test_importance_as_drawn():
    """Check that there is a bar for each share."""
    display = TuningDisplay.from_estimator(fitted(), "importance", top=2)
    widths = [bar.get_width() for bar in display.ax_.patches]
    np.testing.assert_allclose(sorted(widths, reverse=True), display.picture.shares)
    assert len(widths) == 2


def test_schedule_as_drawn():
    """Check that each evaluation is a bar from its start to its end."""
    display = TuningDisplay(SchedulePicture.of(simple_search())).plot()
    bars = [path.vertices for bars in display.ax_.collections for path in bars.get_paths()]
    assert sorted(bar[:, 0].min() for bar in bars) == list(range(8))
    assert all(np.ptp(bar[:, 0]) == pytest.approx(1.0) for bar in bars)


def test_folds_far_from_the_leaders_are_written():
    """Check that a default far worse than the leaders is a number at the edge."""
    trials = [({"C": 1.0}, [-50.0, -50.0])]
    trials += [({"C": 1.0}, [0.9, 0.9 + 0.01 * i]) for i in range(5)]
    display = TuningDisplay(FoldsPicture.of(make_search({"C": (0.0, 1.0)}, trials))).plot()
    assert [text.get_text().strip() for text in display.ax_.texts] == ["← -50"]
    assert display.ax_.get_xlim()[0] > 0.8


def test_repeated_folds_as_drawn():
    """Check that the repeated folds are rings, named once."""
    picture = replace(FoldsPicture.of(simple_search()), repeats=np.full((3, 2), 0.75))
    display = TuningDisplay(picture).plot()
    assert labels_of(display) == ["a fold, joined across trials", "a repeated fold", "mean"]
    rings = [marks for marks in display.ax_.collections if not len(marks.get_facecolor())]
    assert [marks.get_offsets()[:, 0].tolist() for marks in rings] == [[0.75] * 3] * 2


def test_colours_suit_the_background():
    """Check that text is legible on axes of any colour, whatever the style."""
    _, (light, dark) = plt.subplots(1, 2)
    dark.set_facecolor("black")
    for ax in (light, dark):
        TuningDisplay(FoldsPicture.of(simple_search())).plot(ax)
    colours = [ax.collections[0].get_facecolor()[0][:3].sum() for ax in (light, dark)]
    assert colours[0] < colours[1]


def test_a_picture_in_axes_of_the_user():
    """Check that one panel is drawn into the axes, and several into their place."""
    figure, (left, right) = plt.subplots(1, 2)
    one = TuningDisplay.from_estimator(fitted(), "schedule", ax=left)
    several = TuningDisplay.from_estimator(fitted(), "history", ax=right)
    assert one.ax_ is left
    assert one.figure_ is several.figure_ is figure
    assert not right.axison
    assert len(several.axes_) == 2
    figure.canvas.draw()
    free = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="ax must be a subplot for a picture of several panels"):
        several.plot(free)


def test_a_display_can_be_drawn_again():
    """Check that the numbers are kept and the figure is a new one."""
    display = TuningDisplay(FoldsPicture.of(simple_search())).plot()
    first, picture = display.figure_, display.picture
    assert display.plot() is display
    assert display.figure_ is not first
    assert display.picture is picture


def test_many_parameters():
    """Check that 20 parameters with long names are drawn, names and all."""
    names = [f"a_name_that_is_rather_long_for_a_panel_{i}" for i in range(20)]
    rng = np.random.RandomState(0)
    trials = [({n: rng.uniform() for n in names}, [rng.uniform()] * 2) for _ in range(60)]
    search = make_search(dict.fromkeys(names, (0.0, 1.0)), trials, winner=7)
    display = TuningDisplay(ParametersPicture.of(search)).plot()
    assert len(display.axes_) == 20
    assert len({ax.get_xlabel() for ax in display.axes_}) == 20
    assert len(TuningDisplay(ParallelPicture.of(search)).plot().ax_.get_xticks()) == 21


@pytest.mark.parametrize(("prefix", "angle"), [("", 0), ("logisticregression__", 30)])
def test_names_of_neighbours_do_not_overlap(prefix, angle):
    """Check that the names of parallel axes are slanted where they are wider than the distance."""
    names = [f"{prefix}C", f"{prefix}tol", "kind"]
    trials = [(dict.fromkeys(names, share), [share] * 2) for share in (0.1, 0.5, 0.9)]
    display = TuningDisplay(
        ParallelPicture.of(make_search(dict.fromkeys(names, (0.0, 1.0)), trials))
    )
    assert {text.get_rotation() for text in display.plot().ax_.get_xticklabels()} == {angle}


# Nested cross-validation


def test_nested():
    """Check the inner and outer scores and the choices of each outer fold."""
    results = nested()
    picture = NestedPicture.of(results)
    tuned = [pipeline[-1] for pipeline in results["estimator"]]
    np.testing.assert_allclose(picture.inner, [model.best_score_ for model in tuned])
    np.testing.assert_allclose(picture.outer, results["test_score"])
    np.testing.assert_allclose(picture.optimism, picture.inner - picture.outer)
    np.testing.assert_allclose(picture.default, [model.default_score_ for model in tuned])
    (choice,) = picture.choices
    chosen = np.array([model.best_params_["C"] for model in tuned])
    np.testing.assert_allclose(choice.places, np.log(chosen / 0.01) / np.log(100))
    assert choice.spread == pytest.approx(np.ptp(choice.places))
    assert choice.name == "C"


def test_nested_as_drawn():
    """Check that the picture has the scores of each fold and the values chosen."""
    display = TuningDisplay.from_cv_results(nested())
    display.figure_.canvas.draw()
    scores, choices = display.axes_
    outer = next(m for m in scores.collections if m.get_label() == "outer score")
    np.testing.assert_allclose(outer.get_offsets()[:, 1], display.picture.outer)
    texts = [text.get_text() for text in choices.texts]
    assert texts == list(display.picture.choices[0].values)


def test_nested_report():
    """Check the frames: a row per outer fold, a row per parameter."""
    report = nested_report(nested())
    assert report.folds.index.name == "outer_fold"
    np.testing.assert_allclose(
        report.folds["optimism"], report.folds["inner_score"] - report.folds["outer_score"]
    )
    best = [pipeline[-1].best_params_["C"] for pipeline in nested()["estimator"]]
    assert report.folds["param_C"].tolist() == best
    assert report.folds["final_model"].tolist() == ["SVC"] * 3
    assert report.parameters.index.tolist() == ["C"]
    assert report.parameters.columns.tolist() == ["agreement", "spread"]


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ({}, "KNeighborsClassifier"),
        ({1: 0.5, 0: 0.3, 2: 0.2}, "50% KNeighborsClassifier + 50% SVC"),
        ({1: 0.7, 3: 0.3}, "average of 2 KNeighborsClassifier"),
    ],
)
def test_final_models(weights, name):
    """Check that a final model is told by its class, an average by those of its members."""
    models = [SVC(), KNeighborsClassifier(), SVC(C=2.0), KNeighborsClassifier(2)]
    trials = [({"estimator": model}, [0.5, 0.6]) for model in models]
    search = make_search([{"estimator": [model]} for model in models], trials, winner=1)
    assert _final_model(replace(search, model=None, weights=weights)) == name


def test_members_of_an_ensemble():
    """Check that the folds of all members are shown, with their weights."""
    search = replace(simple_search(), weights={0: 0.25, 1: 0.75})
    picture = FoldsPicture.of(search, top=1)
    assert picture.numbers == (1, 0)
    rows = TuningDisplay(picture).plot().ax_.get_yticklabels()
    assert [row.get_text() for row in rows] == ["chosen trial 1 (75%)", "default, trial 0 (25%)"]


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "pie"}, "kind must be one of .*'history'.*; got 'pie'"),
        ({"kind": "nested"}, "kind 'nested' shows several searches: use from_cv_results"),
        ({"metric": "r2"}, r"metric must be one of \['neg_log_loss', 'accuracy'\]; got 'r2'"),
        ({"parameters": ["C"]}, r"parameters must be None for kind 'history'; got \['C'\]"),
        ({"kind": "schedule", "metric": "accuracy"}, "metric must be None for kind 'schedule'; .*"),
        ({"kind": "parallel", "parameters": ["C"]}, "parameters must be names out of .*; got 'C'"),
        ({"kind": "parallel", "parameters": []}, "parameters must be names, or None for all; .*"),
        ({"kind": "folds", "top": 0}, "top must be a whole number from 1 on; got 0"),
        ({"kind": "folds", "top": 1.5}, "top must be a whole number from 1 on; got 1.5"),
    ],
)
def test_bad_arguments(arguments, message):
    """Check that what does not suit is refused by name."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        TuningDisplay.from_estimator(fitted(), **arguments)


@pytest.mark.parametrize(
    "estimator",
    [
        AutoTunedClassifier(LogisticRegression()),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(LogisticRegression(), {}),
        7,
    ],
)
def test_estimators_without_a_search(estimator):
    """Check that only a fitted tuner has a picture."""
    with pytest.raises(ValueError, match=r"^estimator must be an AutoTunedClassifier or Auto"):
        TuningDisplay.from_estimator(estimator)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda results: None, "cv_results must be what cross_validate.* returned; got None"),
        (lambda results: {"test_score": []}, "cv_results must be what cross_validate.*"),
        (
            lambda results: {"estimator": results["estimator"], "test_a": [], "test_b": []},
            r"cv_results must have the scores of 'score'; got \['test_a', 'test_b'\]",
        ),
        (lambda results: {"estimator": [LogisticRegression()]}, "estimator must be an AutoTuned.*"),
    ],
)
def test_bad_nested_results(change, message):
    """Check that what is no nested cross-validation is refused."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        TuningDisplay.from_cv_results(change(nested()))


@pytest.mark.parametrize(
    ("kind", "space", "trials", "message"),
    [
        ("parameters", {"C": [1]}, [({"C": 1}, [1.0, 1.0])], "there is no parameter to show: .*"),
        ("folds", {"C": [1, 2]}, [({"C": 1}, [NAN, NAN])], "there are no fold scores to show: .*"),
        ("schedule", {"C": [1, 2]}, [({"C": 1}, [], CRASHED)], "there is no schedule to show: .*"),
        (
            "importance",
            {"C": [1, 2]},
            [({"C": 1}, [1.0, 1.0])],
            "importance needs 4 trials with a score; got 1",
        ),
    ],
)
def test_nothing_to_show(kind, space, trials, message):
    """Check that a picture without content is an error that says what is missing."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        KINDS[kind].of(make_search(space, trials))


def test_a_search_without_a_winner():
    """Check that the histories of fits without a winner are drawn."""
    model = AutoTunedClassifier(
        KNeighborsClassifier(),
        {"n_neighbors": [1, 5, 9]},
        strategy="grid",
        scoring=["accuracy", "f1_macro"],
        refit=False,
        cv=2,
    ).fit(X, Y)
    assert read_search(model, "f1_macro").winner is None
    display = TuningDisplay.from_estimator(model, metric="f1_macro")
    assert display.ax_.get_ylabel() == "f1_macro"


# matplotlib


def test_missing_matplotlib(monkeypatch):
    """Check that the error says how to install what is missing."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = r'^TuningDisplay needs matplotlib: pip install "autotune-sklearn\[plot\]"$'
    with pytest.raises(ImportError, match=message):
        TuningDisplay.from_estimator(fitted())


@pytest.mark.parametrize(
    "path", sorted(Path(room.__file__).parent.glob("*.py")), ids=lambda p: p.stem
)
def test_matplotlib_is_imported_only_to_draw(path):
    """Check that no module needs matplotlib to be imported."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "matplotlib" not in ast.unparse(node)
