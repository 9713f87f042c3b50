"""Which values of choices are to be tried."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import add_trial

from autotune.history import Evaluation, History
from autotune.search import GPSearcher, PortfolioSearcher
from autotune.search._embedding import Embedding
from autotune.search._levels import Levels
from autotune.space import Space

CHOICES = {
    "C": (1e-3, 1e3, "log-uniform"),
    "kernel": ["linear", "poly", "rbf", "sigmoid"],
    "shrinking": [True, False],
    "weight": [None, "balanced"],
}
UNION = [
    {"model": ["tree"], "depth": (1, 9), "criterion": ["gini", "entropy", "log_loss"]},
    {"model": ["forest"], "depth": (1, 9), "bootstrap": [True, False]},
    {"model": ["linear"], "C": (0.1, 10.0, "log-uniform")},
]
MIXED = {"max_features": ["sqrt", "log2", None, 0.2, 0.4, 0.6, 0.8, 1.0], "x": (0.0, 1.0)}


def search(spec, n_trials, score, seed=0, seconds=np.inf, make=GPSearcher):
    """Return the configurations that are proposed; each trial takes a second."""
    history, searcher = History(1), make(Space.parse(spec), seed)
    for _ in range(n_trials):
        params = searcher.ask(history, seconds)
        add_trial(history, params, [score(params)], searcher.origin(params))
    return [trial.params for trial in history]


def encoded(space, *configurations):
    """Return configurations as an array."""
    return np.array([space.encode(params) for params in configurations])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("best", ["linear", "poly", "rbf", "sigmoid"])
def test_all_values_of_small_choices_are_tried_first(best, seed):
    """Check that each value of each choice is among the first trials, whatever wins."""
    tried = search(CHOICES, 5, lambda params: float(params["kernel"] == best), seed)
    for name in ("kernel", "shrinking", "weight"):
        assert {params[name] for params in tried} == set(CHOICES[name])


@pytest.mark.parametrize("seed", range(3))
def test_all_values_of_conditional_choices_are_tried_first(seed):
    """Check that each sub-space and each value of its own choices is among the first trials."""
    tried = search(UNION, 8, lambda params: float(params["model"] == "linear"), seed)
    assert {params["model"] for params in tried} == {"tree", "forest", "linear"}
    assert {params.get("criterion") for params in tried} >= {"gini", "entropy", "log_loss"}
    assert {params.get("bootstrap") for params in tried} >= {True, False}


def test_symbols_among_numbers_are_tried_first():
    """Check that each symbol of a list, and one of its numbers, is among the first trials."""
    tried = [params["max_features"] for params in search(MIXED, 5, lambda params: params["x"])]
    assert {"sqrt", "log2", None} <= set(tried)
    assert any(isinstance(value, float) for value in tried)


def test_values_are_tried_after_starting_points():
    """Check that what starting points did not try is tried next."""
    points = [{"C": c, "kernel": "rbf", "shrinking": True, "weight": None} for c in (1.0, 9.0)]

    def make(space, seed):
        return PortfolioSearcher(points, GPSearcher(space, seed))

    tried = search(CHOICES, 5, lambda params: params["C"], make=make)
    assert tried[:2] == points
    assert {params["kernel"] for params in tried[2:]} == {"linear", "poly", "sigmoid"}
    assert {params["weight"] for params in tried} == {None, "balanced"}


def test_values_are_not_forgotten():
    """Check that a value goes on being tried though it was bad once, but ever more seldom."""
    tried = search(CHOICES, 60, lambda params: float(params["kernel"] == "rbf"))
    counts = [sum(p["kernel"] == k for p in tried) for k in ("linear", "poly", "sigmoid")]
    assert min(counts) >= 3
    assert sum(counts) <= 30


def test_missing_levels_come_first():
    """Check that all levels without a trial are wanted, those of absent choices too."""
    space = Space.parse(UNION)
    levels = Levels(Embedding(space))
    tried = encoded(space, {"model": "linear", "C": 1.0})
    wanted = levels.wanted(tried, explores=False)
    names = [feature.name for feature in space.features]
    assert sorted((names[feature], level) for feature, level in wanted) == [
        *[("", 0), ("", 1)],
        *[("bootstrap", 0), ("bootstrap", 1)],
        *[("criterion", 0), ("criterion", 1), ("criterion", 2)],
    ]
    tree = {"model": "tree", "depth": 2, "criterion": "gini"}
    forest = {"model": "forest", "depth": 2, "bootstrap": True}
    assert levels.count(encoded(space, tree, forest), wanted).tolist() == [2, 2]
    assert levels.count(tried, wanted).tolist() == [0]


def test_the_rarest_level_is_explored():
    """Check that a proposal that explores goes to the level with the fewest trials, if few."""
    space = Space.parse({"a": ["x", "y"], "z": (0.0, 1.0)})
    levels = Levels(Embedding(space))
    few = encoded(space, *[{"a": "x", "z": 0.5}] * 7, {"a": "y", "z": 0.1})
    assert levels.wanted(few, explores=True) == [(0, 1)]
    assert levels.wanted(few, explores=False) == []
    many = encoded(space, *[{"a": "x", "z": 0.5}] * 4, *[{"a": "y", "z": 0.1}] * 4)
    assert levels.wanted(many, explores=True) == []


@pytest.mark.parametrize(
    "spec", [{"x": (0.0, 1.0)}, {"a": list("abcdefgh"), "x": (0.0, 1.0)}, {"n": [1, 2, 3, 4]}]
)
def test_numbers_and_long_lists_are_left_to_the_model(spec):
    """Check that nothing is wanted of ranges, lists of numbers and many choices."""
    space = Space.parse(spec)
    tried = encoded(space, space.decode(np.full(len(space.features), 0.1)))
    assert Levels(Embedding(space)).wanted(tried, explores=True) == []


def test_values_without_time_are_not_tried():
    """Check that a value whose trials take too long is left out."""
    space = Space.parse({"a": ["slow", "fast"], "x": (0.0, 1.0)})
    history, searcher = History(1), GPSearcher(space, 0)
    tried = [{"a": "fast", "x": i / 12} for i in range(13)] + [{"a": "slow", "x": 0.5}]
    for number, params in enumerate(tried):
        add_trial(history, params, [params["x"]], searcher.name)
        seconds = 100.0 if params["a"] == "slow" else 0.1
        scores = {"score": params["x"]}
        history.record(Evaluation(number, 0, scores=scores, fit_time=seconds))
    assert searcher.ask(history)["a"] == "slow"
    assert searcher.ask(history, 5.0)["a"] == "fast"
