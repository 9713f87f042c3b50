"""Searchers: the contract that all of them keep, and what each promises beyond it."""

from __future__ import annotations

import itertools
import sys
from collections import Counter

import numpy as np
import pytest
import strategies
from fakes import add_trial
from hypothesis import given, settings
from scipy import stats
from sklearn.model_selection import ParameterGrid
from threadpoolctl import threadpool_limits

from autotune.search import (
    COMPLETE,
    BayesSearcher,
    FamilySearcher,
    GPSearcher,
    GridSearcher,
    History,
    PortfolioSearcher,
    RandomSearcher,
    Space,
    WideningSearcher,
)
from autotune.space import plain
from autotune.testing import searcher_checks
from autotune.testing._searchers import SPACES, keys, require_resumable, search

SEARCHERS = {
    "grid": lambda space, seed, n_trials=None: GridSearcher(space, seed, n_trials, 3, True),
    "grid, shuffled": lambda space, seed, n_trials=None: GridSearcher(
        space, seed, n_trials, 3, False
    ),
    "random": RandomSearcher,
    "bayes": lambda space, seed, n_trials=None: BayesSearcher(space, seed, n_trials, 4, 50),
    "gp": lambda space, seed, n_trials=None: GPSearcher(space, seed, n_trials, 3, 50),
    "gp, cheap first": lambda space, seed, n_trials=None: GPSearcher(
        space, seed, n_trials, 3, 50, cost_exponent=1.0
    ),
    "portfolio": lambda space, seed, n_trials=None: PortfolioSearcher(
        [space.sample(np.random.RandomState(i)) for i in range(2)],
        RandomSearcher(space, seed, n_trials),
    ),
    "widening": lambda space, seed, n_trials=None: WideningSearcher(
        space, seed, n_trials, wide=space, make=lambda own: RandomSearcher(own, seed, n_trials)
    ),
    "families": lambda space, seed, n_trials=None: FamilySearcher(
        space,
        seed,
        n_trials,
        searchers=[
            RandomSearcher(Space([subspace]), seed, n_trials) for subspace in space.subspaces
        ],
    ),
}


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Keep linear algebra of a few rows from spreading over all cores."""
    with threadpool_limits(1):
        yield


each_searcher = pytest.mark.parametrize("make", SEARCHERS.values(), ids=SEARCHERS.keys())
each_check = pytest.mark.parametrize(
    "check", [pytest.param(check, id=name) for name, check in searcher_checks()]
)


# The contract


@each_searcher
@each_check
def test_the_contract(make, check):
    """Check that every searcher keeps the contract."""
    check(make)


@each_searcher
@given(space=strategies.spaces, seed=strategies.seeds, answers=strategies.answer_tables)
@settings(deadline=None, max_examples=12)
def test_proposals_lie_in_the_space_and_differ(make, space, seed, answers):
    """Check that each proposal lies in the space, and none comes again while others are left."""
    history = search(make(space, seed), 5, answers)
    assert len(history) >= 1
    assert all(trial.params in space for trial in history)
    repeated = {key for key, n in Counter(keys(space, history)).items() if n > 1}
    if history[0].origin == "grid":  # as in scikit-learn, a value that is listed twice counts
        points = itertools.islice(space.grid(3), 10**4)
        repeated -= {key for key, n in Counter(map(space.key, points)).items() if n > 1}
    assert not repeated or space.grid(3).size > 10**4


@each_searcher
@given(space=strategies.small_spaces, seed=strategies.seeds)
@settings(deadline=None, max_examples=8)
def test_a_finite_space_is_exhausted(make, space, seed):
    """Check that the whole of a finite space is proposed, and then nothing more."""
    searcher = make(space, seed)
    history = search(searcher, 100)
    points = Counter(space.key(params) for params in space.grid(None))
    if searcher.name == "grid":
        assert Counter(keys(space, history)) == points
    else:
        assert sorted(map(repr, keys(space, history))) == sorted(map(repr, points))
    assert searcher.ask(history) is None
    assert searcher.ask(history) is None


@each_searcher
@given(space=strategies.spaces, seed=strategies.seeds, answers=strategies.answer_tables)
@settings(deadline=None, max_examples=8)
def test_a_search_that_is_cut_goes_on_as_before(make, space, seed, answers):
    """Check that a new searcher with any beginning of a history proposes what came next."""
    require_resumable(make, space, seed, answers)


@pytest.mark.parametrize("name", [name for name in SEARCHERS if name != "grid"])
def test_another_seed_gives_other_proposals(name):
    """Check that the seed matters wherever there is a choice."""
    space = Space.parse(SPACES["mixed"])
    one, two = (search(SEARCHERS[name](space, seed), 5) for seed in (1, 2))
    assert keys(space, one) != keys(space, two)


# Grid


@given(spec=strategies.list_unions)
@settings(deadline=None, max_examples=40)
def test_the_grid_has_the_order_of_scikit_learn(spec):
    """Check that a grid of choices equals ``ParameterGrid``, point by point."""
    searcher = GridSearcher(Space.parse(spec), 0, None, 5, True)
    history = search(searcher, 60)
    expected = list(itertools.islice(ParameterGrid(spec), 60))
    assert repr([trial.params for trial in history]) == repr(
        [{name: plain(params[name]) for name in sorted(params)} for params in expected]
    )


@pytest.mark.parametrize(
    ("n_trials", "default", "in_order"),
    [
        (None, None, True),
        (6, None, True),
        (5, None, False),
        (6, {"a": 2, "b": 1}, True),
        (6, {"a": 9, "b": 9}, False),
        (7, {"a": 9, "b": 9}, True),
    ],
)
def test_the_grid_is_shuffled_only_if_the_budget_cannot_reach_its_end(n_trials, default, in_order):
    """Check that the default's place in the budget is counted."""
    space = Space.parse({"a": [1, 2, 3], "b": [1, 2]})
    history = History(1)
    if default is not None:
        add_trial(history, default, [0.5], "default", eligible=default in space)
    search(GridSearcher(space, 3, n_trials, 5, True), 10, history=history)
    walked = [trial.params for trial in history if trial.origin != "default"]
    expected = [params for params in space.grid() if params != default]
    assert (walked == expected) is in_order
    assert sorted(map(repr, walked)) == sorted(map(repr, expected))


def test_a_grid_beyond_the_largest_index():
    """Check that a grid with more points than ``len`` can tell is visited at random."""
    space = Space.parse({f"p{i}": list(range(10)) for i in range(30)})
    searcher = GridSearcher(space, 0, 50, 5, True)
    assert searcher.grid.size == 10**30 > sys.maxsize
    history = search(searcher, 50)
    assert len(set(keys(space, history))) == 50
    values = Counter(value for trial in history for value in trial.params.values())
    assert min(values[digit] for digit in range(10)) > 75  # of 150 expected


def test_a_grid_too_large_for_a_list_is_exhausted(monkeypatch):
    """Check that drawing points at random comes to each of them, and to none twice."""
    monkeypatch.setattr("autotune.search._seen._LISTED", 10)
    space = Space.parse({"a": list(range(10)), "b": list(range(9))})
    history = search(GridSearcher(space, 0, None, 5, False), 100)
    assert len(history) == len(set(keys(space, history))) == 90


# Random


def test_random_search_of_a_hidden_corner_of_a_huge_space():
    """Check that a finite space with 2**70 points, almost all unlikely, still yields new ones."""
    from skopt.space import Categorical

    rare = Categorical([0, 1], prior=[1 - 1e-9, 1e-9])
    space = Space.parse({f"p{i:02}": rare for i in range(70)})
    history = search(RandomSearcher(space, 0), 3)
    assert len(set(keys(space, history))) == 3


def test_random_search_repeats_only_what_cannot_be_avoided():
    """Check that few atoms in a space without known end are repeated, not refused."""
    space = Space.parse({"n": stats.poisson(1e-9)})
    history = search(RandomSearcher(space, 0), 3)
    assert [trial.params["n"] for trial in history] == [0, 0, 0]


def test_random_search_draws_what_the_distribution_says():
    """Check that the draws of many trials have the distribution of the range."""
    space = Space.parse({"C": (1e-3, 1e3, "log-uniform")})
    history = search(RandomSearcher(space, 0), 300)
    logs = [np.log10(trial.params["C"]) for trial in history]
    assert stats.kstest(logs, stats.uniform(-3, 6).cdf).pvalue > 0.01


# Bayes


def _smooth(params):
    """Return a score with one maximum, 0 at C = 10, gamma = 0.01, rbf."""
    distance = (np.log10(params["C"]) - 1) ** 2 + (np.log10(params["gamma"]) + 2) ** 2
    return -distance - 0.5 * (params["kernel"] != "rbf")


def _best(make, seed, n_trials=15):
    space = Space.parse(
        {
            "C": (1e-3, 1e3, "log-uniform"),
            "gamma": (1e-5, 10.0, "log-uniform"),
            "kernel": ["rbf", "poly", "sigmoid"],
        }
    )
    searcher, history = make(space, seed, n_trials), History(1)
    for _ in range(n_trials):
        params = searcher.ask(history)
        add_trial(history, params, [_smooth(params)], searcher.name)
    return max(history.score(trial) for trial in history)


def test_bayes_beats_random_on_a_smooth_function():
    """Check that the model is worth it: the median regret is less than a third of random's."""
    random = [-_best(RandomSearcher, seed) for seed in range(30)]
    bayes = [-_best(BayesSearcher, seed) for seed in range(3)]
    assert np.median(bayes) < np.median(random) / 3


def test_bayes_begins_with_a_space_filling_design():
    """Check that the first four of four design points are one in each quarter of a range."""
    space = Space.parse({"C": (0.0, 1.0)})
    history = search(BayesSearcher(space, 5, None, 4), 4)
    assert sorted(int(trial.params["C"] * 4) for trial in history) == [0, 1, 2, 3]


def test_bayes_keeps_away_from_pending_trials():
    """Check that proposals made while others run do not crowd around one point."""
    space = Space.parse({"C": (0.0, 1.0)})
    searcher, history = BayesSearcher(space, 0, None, 3), History(1)
    for C in (0.1, 0.5, 0.9):
        add_trial(history, {"C": C}, [-((C - 0.5) ** 2)])
    pending = [history.add(searcher.ask(history), "bayes").params["C"] for _ in range(4)]
    gaps = np.diff(sorted(pending))
    assert gaps.min() > 1e-3


def test_bayes_learns_from_failures():
    """Check that a region where everything fails is left."""
    space = Space.parse({"C": (0.0, 1.0)})
    searcher, history = BayesSearcher(space, 0, 20), History(1)
    for _ in range(20):
        params = searcher.ask(history)
        fails = params["C"] > 0.4
        add_trial(history, params, [np.nan if fails else -abs(params["C"] - 0.2)], "bayes")
    late = [trial.status for trial in history.trials[10:]]
    assert late.count(COMPLETE) >= 7
