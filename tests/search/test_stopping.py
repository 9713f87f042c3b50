"""Searches that end by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import add_trial
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from autotune import Auto, AutoTunedRegressor
from autotune.history import History
from autotune.search import GPSearcher
from autotune.search._stopping import comparison_noise, is_ripe
from autotune.space import Space

LINE = Space.parse({"x": (0.0, 1.0)})
N_FOLDS = 5


def searched(score, noise, n, *, stops=True):
    """Return the number of trials of a search, at most ``n``, and its history."""
    history, rng = History(N_FOLDS, "score"), np.random.RandomState(0)
    folds = rng.standard_normal(N_FOLDS)
    searcher = GPSearcher(LINE, 0, n_initial=5, stops=stops)
    while len(history) < n and (params := searcher.ask(history)) is not None:
        own = noise * rng.standard_normal(N_FOLDS)
        add_trial(history, params, list(score(params["x"]) + folds + own), "bayes")
    return len(history), history


def test_a_flat_noisy_problem_ends():
    """Check that a search in which nothing matters ends soon, though not at once."""
    n, history = searched(lambda x: 0.0, 0.1, 80)
    assert 30 <= n < 80
    assert is_ripe(history, 1)


def test_a_solved_problem_ends():
    """Check that a search that has found the peak ends near it."""
    n, history = searched(lambda x: -((x - 0.3) ** 2), 0.02, 100)
    assert 30 <= n < 100
    best = max(history, key=history.score)
    assert abs(best.params["x"] - 0.3) < 0.15


def test_nobody_ends_who_was_not_asked_to():
    """Check that without permission the search goes on."""
    assert searched(lambda x: 0.0, 0.1, 50, stops=False)[0] == 50


def test_progress_keeps_a_search_going():
    """Check that a search is not ripe while its best trial is young, or trials are few."""
    history = History(N_FOLDS, "score")
    for number in range(60):
        add_trial(history, {"x": number / 100}, [float(number)] * N_FOLDS)
        assert not is_ripe(history, 1)
    for number in range(25):
        assert not is_ripe(history, 1)
        add_trial(history, {"x": number / 1000}, [-1.0] * N_FOLDS)
    assert is_ripe(history, 1)
    assert not is_ripe(history, 30)


def test_the_noise_is_that_of_differences():
    """Check that what the folds have in common does not count as noise."""
    rng = np.random.RandomState(0)
    folds = 10 * rng.standard_normal(N_FOLDS)
    history = History(N_FOLDS, "score")
    for number in range(200):
        add_trial(history, {"x": number / 200}, list(folds + rng.standard_normal(N_FOLDS)))
    assert 0.3 < comparison_noise(history) < 1.2
    lonely = History(N_FOLDS, "score")
    add_trial(lonely, {"x": 0.5}, [1.0] * N_FOLDS)
    assert comparison_noise(lonely) == 0.0


def test_stop_early():
    """Check that a search with permission ends before its budget, and one without does not."""
    X, y = load_diabetes(return_X_y=True)
    space = {"alpha": (1e-6, 1e-5, "log-uniform")}  # nothing to gain
    settings = {"budget": 80, "cv": 3, "random_state": 0}
    stopping = AutoTunedRegressor(Ridge(), space, strategy=Auto(stop_early=True), **settings)
    assert 30 <= len(stopping.fit(X, y).history_) < 80


@pytest.mark.parametrize("value", [1, "yes", None])
def test_bad_permission(value):
    """Check that what is no permission is refused by its name."""
    X, y = load_diabetes(return_X_y=True)
    model = AutoTunedRegressor(Ridge(), strategy=Auto(stop_early=value))
    with pytest.raises(TypeError, match="strategy__stop_early must be True or False"):
        model.fit(X, y)
