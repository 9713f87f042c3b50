"""Searches that go beyond the bounds on which their best configuration lies."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from autotune import Auto, AutoTunedClassifier, Bayes, Racing
from autotune.search import GPSearcher, History, RandomSearcher, Space, WideningSearcher
from autotune.space import widen
from autotune.testing._searchers import add_trial

X, Y = load_iris(return_X_y=True)
SPACE = Space.parse({"x": (1.0, 2.0), "y": (1.0, 2.0)})
WIDE = widen(SPACE, lambda subspace, name, value: name == "x")


def searcher(space=SPACE, wide=WIDE, n_trials=None, kind=GPSearcher):
    """Return a searcher that may go beyond the bounds of x, but not of y."""
    return WideningSearcher(space, 0, n_trials, wide=wide, make=lambda own: kind(own, 0, n_trials))


def search(searcher, n_trials, score):
    """Return the history of trials whose scores are a function of their parameters."""
    history = History(3)
    for _ in range(n_trials):
        params = searcher.ask(history)
        if params is None:
            break
        add_trial(history, params, score(params), searcher.origin(params))
    return history


@pytest.mark.parametrize(("n_trials", "start"), [(None, 20), (24, 12)])
def test_bound_moves_once(n_trials, start):
    """Check that the space is kept at first, then left on the side of the best trial only."""
    history = search(searcher(n_trials=n_trials), start + 12, lambda params: params["x"])
    first, later = history.trials[:start], history.trials[start:]
    assert all(trial.params in SPACE for trial in first)
    assert all(trial.params in WIDE and trial.params["x"] >= 1.0 for trial in later)
    assert any(trial.params["x"] > 2.0 for trial in later)
    assert all(1.0 <= trial.params["y"] <= 2.0 for trial in later)


def test_best_within_the_bounds():
    """Check that nothing moves where the best trial lies between the bounds."""
    history = search(searcher(n_trials=20), 25, lambda params: -((params["x"] - 1.5) ** 2))
    assert all(trial.params in SPACE for trial in history)


def test_equally_good_trials_between_the_bounds():
    """Check that nothing moves where a bound is no better than what lies within."""
    history = search(searcher(n_trials=20), 25, lambda params: 0.0)
    assert all(trial.params in SPACE for trial in history)


def test_all_configurations_were_tried():
    """Check that a small space that is used up early is left then."""
    space = Space.parse({"n": (2, 4)})
    wide = widen(space, lambda subspace, name, value: True)
    history = search(
        searcher(space, wide, kind=RandomSearcher), 10, lambda params: float(params["n"])
    )
    assert sorted(trial.params["n"] for trial in history) == [2, 3, 4, 5]


def fewest_neighbors(model, X, y):
    """Score a model the better the fewer neighbors it has."""
    return -float(model.n_neighbors)


@pytest.mark.parametrize("strategy", [Auto(widen=True), Racing(widen=True), Bayes(widen=True)])
def test_fit(strategy, tmp_path):
    """Check that the winner may lie beyond a bound, and that the space says where it moved."""
    settings = {"strategy": strategy, "budget": 20, "cv": 3, "random_state": 0}
    model = AutoTunedClassifier(
        KNeighborsClassifier(),
        {"n_neighbors": (40, 50), "p": (1.0, 3.0)},
        include_default=False,
        scoring=fewest_neighbors,
        storage=tmp_path / "tuning.db",
        **settings,
    ).fit(X, Y)
    assert model.best_params_["n_neighbors"] < 40
    assert min(t.params["n_neighbors"] for t in model.history_.trials[:10]) == 40
    (space,) = model.space_.subspaces
    assert (space["n_neighbors"].low, space["n_neighbors"].high) == (35, 50)
    again = AutoTunedClassifier(**model.get_params(deep=False)).fit(X, Y)
    assert again.best_params_ == model.best_params_
    assert len(again.history_) == 20


def test_limits_of_the_model():
    """Check that a bound which the model states is never crossed."""
    space = {"min_samples_split": (0.9, 1.0), "max_depth": (1, 2)}
    model = AutoTunedClassifier(
        DecisionTreeClassifier(), space, strategy=Auto(widen=True), budget=12, random_state=0
    ).fit(X, Y)
    assert max(t.params["min_samples_split"] for t in model.history_.trials[1:]) <= 1.0
    assert {trial.status for trial in model.history_} <= {"complete", "dropped"}


def test_default_is_off():
    """Check that nobody leaves a space unasked, and that the parameter is checked."""
    model = AutoTunedClassifier(
        KNeighborsClassifier(), {"n_neighbors": (40, 50)}, budget=10, include_default=False
    ).fit(X, Y)
    assert min(trial.params["n_neighbors"] for trial in model.history_) == 40
    with pytest.raises(TypeError, match="strategy__widen must be True or False"):
        model.set_params(strategy=Bayes(widen="yes")).fit(X, Y)
