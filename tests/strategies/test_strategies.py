"""Strategies: names, parameters, and how long they search without being told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, Bayes, Budget, Grid, Racing, Random
from autotune.schedule import Full, Plan
from autotune.search import BayesSearcher, GPSearcher, GridSearcher, RandomSearcher
from autotune.space import Space
from autotune.strategies import STRATEGIES, Strategy, check_strategy

CHOICES = Space.parse({"a": [1, 2, 3], "b": list(range(30))})
RANGE = Space.parse({"a": [1, 2, 3], "b": (0.0, 1.0)})
PLAN = Plan(n_folds=3, n_train=100, n_classes=2, amount=100)
UNION = Space.parse([{"a": [1, 2, 3]}, {"b": stats.uniform()}])


@pytest.mark.parametrize("name", STRATEGIES)
def test_names(name):
    """Check that each name stands for a strategy with default parameters."""
    strategy = check_strategy(name)
    assert type(strategy) is STRATEGIES[name]
    assert repr(clone(strategy)) == repr(strategy)
    assert strategy.searcher(CHOICES, 0, Budget()).space is CHOICES
    assert strategy.scheduler(PLAN, 0).n_folds == 3


@pytest.mark.parametrize(
    ("strategy", "error"),
    [
        ("Bayes", ValueError),
        ("", ValueError),
        (None, TypeError),
        (Grid, TypeError),
        (3, TypeError),
        (["grid"], TypeError),
    ],
)
def test_what_is_no_strategy(strategy, error):
    """Check the message for an unknown strategy."""
    names = ", ".join(repr(name) for name in STRATEGIES)
    with pytest.raises(error) as caught:
        check_strategy(strategy)
    assert str(caught.value) == (
        f"strategy must be one of {names}, or a strategy object such as Grid(points=3); "
        f"got {strategy!r}"
    )


@pytest.mark.parametrize(
    ("strategy", "kind", "message"),
    [
        (Grid(points=0), ValueError, "strategy__points must be an integer of at least 1; got 0"),
        (Grid(points=2.0), TypeError, "strategy__points must be an integer of at least 1; got 2.0"),
        (Grid(points=True), TypeError, "strategy__points must be an integer of at least 1"),
        (Grid(points=None), TypeError, "strategy__points must be an integer of at least 1"),
        (Bayes(surrogate="tpe"), ValueError, "strategy__surrogate must be 'gp' or 'skopt'"),
        (Bayes(surrogate=None), TypeError, "strategy__surrogate must be 'gp' or 'skopt'; got None"),
        (Bayes(n_initial=1), ValueError, "strategy__n_initial must be an integer of at least 2"),
        (Bayes(n_initial="5"), TypeError, "strategy__n_initial must be an integer of at least 2"),
    ],
    ids=repr,
)
def test_bad_parameters(strategy, kind, message):
    """Check that a bad parameter of a strategy is refused under the name that sets it."""
    with pytest.raises(kind) as caught:
        strategy.searcher(RANGE, 0, Budget())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("points", [1, np.int64(3)])
def test_parameters_of_any_integer_type(points):
    """Check that numpy's integers are integers."""
    grid = Grid(points=points).searcher(RANGE, 0, Budget()).grid
    assert grid.size == 3 * points


@pytest.mark.parametrize(
    ("strategy", "space", "budget", "n_trials"),
    [
        ("grid", CHOICES, Budget(), None),
        ("grid", RANGE, Budget(), 50),
        ("grid", UNION, Budget(), 50),
        ("grid", CHOICES, Budget(trials=7), 7),
        ("grid", CHOICES, Budget(seconds=9), None),
        ("random", CHOICES, Budget(), 50),
        ("random", RANGE, Budget(trials=7), 7),
        ("random", RANGE, Budget(seconds=9), None),
        ("random", RANGE, Budget(7, 9), 7),
        ("bayes", RANGE, Budget(), 50),
        ("auto", RANGE, Budget(), 50),
        ("auto", RANGE, Budget(seconds=9), None),
        ("auto", RANGE, Budget(memory="1GB"), 50),
    ],
)
def test_the_number_of_trials_is_finite_unless_something_else_ends_the_search(
    strategy, space, budget, n_trials
):
    """Check the default budgets."""
    assert check_strategy(strategy).n_trials(space, budget) == n_trials


def test_a_grid_with_a_budget_of_seconds_is_shuffled():
    """Check that a grid that time may cut short varies all parameters from the start."""
    assert Grid().searcher(CHOICES, 0, Budget()).in_order
    assert Grid().searcher(CHOICES, 0, Budget(trials=90, seconds=9)).in_order
    assert not Grid().searcher(CHOICES, 0, Budget(seconds=9)).in_order


@pytest.mark.parametrize(
    ("strategy", "searcher"),
    [(Grid(), GridSearcher), (Random(), RandomSearcher), (Bayes(n_initial=5), GPSearcher)],
)
def test_a_strategy_makes_its_searcher(strategy, searcher):
    """Check that space, seed, budget and parameters reach the searcher."""
    made = strategy.searcher(RANGE, 11, Budget(trials=20))
    assert type(made) is searcher
    assert (made.space, made.seed, made.n_trials) == (RANGE, 11, 20)
    assert getattr(made, "n_initial", 5) == 5


class OwnSearcher(RandomSearcher):
    name = "own"


class Own(Strategy):
    """A strategy as a user writes it, with a parameter."""

    def __init__(self, *, shift=0):
        self.shift = shift

    def searcher(self, space, seed, budget):
        return OwnSearcher(space, seed + self.shift, self.n_trials(space, budget))

    def scheduler(self, plan, seed):
        return Full(plan.n_folds)


def test_a_strategy_of_ones_own():
    """Check that a subclass of Strategy is a strategy."""
    own = Own()
    assert check_strategy(own) is own
    assert own.n_trials(RANGE, Budget()) == 50
    assert Strategy.scheduler(own, PLAN, 0).n_folds == 3


def test_a_fit_by_a_strategy_of_ones_own(tmp_path):
    """Check that its searcher is asked, its parameters count, and storage continues it."""
    X, y = load_iris(return_X_y=True)
    settings = {"cv": 3, "random_state": 0, "storage": tmp_path / "tuning.db"}
    model = AutoTunedClassifier(DecisionTreeClassifier(), strategy=Own(), budget=3, **settings)
    first = model.fit(X, y).cv_results_["params"]
    assert set(model.cv_results_["origin"]) == {"default", "own"}
    longer = clone(model).set_params(budget=5).fit(X, y)
    assert longer.cv_results_["params"][:3] == first
    other = clone(model).set_params(strategy__shift=1).fit(X, y)
    assert other.cv_results_["params"][1:] != first[1:]


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [(Bayes(), GPSearcher), (Bayes(surrogate="skopt"), BayesSearcher), (Racing(), GPSearcher)],
)
def test_surrogates(strategy, kind):
    """Check which searcher stands behind a strategy, and that its settings reach it."""
    searcher = strategy.set_params(n_initial=7).searcher(RANGE, 0, Budget())
    assert type(searcher) is kind
    assert searcher.n_initial == 7


@pytest.mark.parametrize(
    ("eps", "error"), [("2", TypeError), (True, TypeError), (-0.1, ValueError), (0.5, ValueError)]
)
def test_bad_eps(eps, error):
    """Check the message for a probability that is none."""
    with pytest.raises(error, match=r"strategy__eps must be a number in \[0, 0.5\); got"):
        Racing(eps=eps).scheduler(PLAN, 0)
