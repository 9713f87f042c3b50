"""What a user names: each strategy is a searcher and a scheduler."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator

from ._budget import DEFAULT_TRIALS, Budget
from .schedule import Full, Scheduler
from .schedule import Racing as RacingScheduler
from .search import BayesSearcher, GPSearcher, GridSearcher, RandomSearcher, Searcher
from .space import Choice, Space


class Strategy(BaseEstimator, ABC):
    """How the search is done. Subclasses say which searcher and which scheduler.

    A strategy only holds parameters, so that ``set_params(strategy__points=3)`` works.
    """

    @abstractmethod
    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        """Return what proposes configurations."""

    def scheduler(self, n_folds: int, seed: int) -> Scheduler:
        """Return what allocates evaluations."""
        return Full(n_folds)

    def n_trials(self, space: Space, budget: Budget) -> int | None:
        """Return the number of trials after which the search ends, None for no limit."""
        if budget.trials is None and budget.seconds is None:
            return DEFAULT_TRIALS
        return budget.trials


class Grid(Strategy):
    """Every configuration of a grid, as ``GridSearchCV`` does.

    Parameters
    ----------
    points : int, default=5
        Number of points into which an interval or a distribution is cut: evenly spaced,
        both ends included, geometrically for a log interval, at quantiles for a
        distribution. Lists of choices are taken whole.

    Notes
    -----
    Without a limit in trials or seconds the whole grid is tried if the space has only
    choices, and 50 points of it otherwise. A grid that is larger than the budget is visited
    in random order.

    Examples
    --------
    >>> from autotune import Grid
    >>> Grid(points=3)
    Grid(points=3)
    """

    def __init__(self, *, points: int = 5):
        self.points = points

    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        points = _check_count("strategy__points", self.points, 1)
        n_trials = self.n_trials(space, budget)
        in_order = budget.seconds is None or n_trials is not None
        return GridSearcher(space, seed, n_trials, points, in_order)

    def n_trials(self, space: Space, budget: Budget) -> int | None:
        if budget.trials is None and budget.seconds is None and _only_choices(space):
            return None
        return super().n_trials(space, budget)


class Random(Strategy):
    """Independent random draws, none of them twice, as ``RandomizedSearchCV`` does.

    Examples
    --------
    >>> from autotune import Random
    >>> Random()
    Random()
    """

    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        return RandomSearcher(space, seed, self.n_trials(space, budget))


class Bayes(Strategy):
    """Bayesian optimization, as ``BayesSearchCV`` does.

    Parameters
    ----------
    surrogate : {"skopt", "gp"}, default="skopt"
        What models the scores: scikit-optimize's ``Optimizer``, or the Gaussian process of
        this package, which knows conditional parameters and proposes in milliseconds.
    n_initial : int or None, default=None
        Number of trials before the model proposes: a space-filling design. None: twice the
        number of parameters, between 4 and 10, and at most a third of the trials.
    n_candidates : int or None, default=None
        Number of random configurations among which the model looks before it refines the
        best of them. None: 1000 for ``"skopt"``, 512 for ``"gp"``.

    Examples
    --------
    >>> from autotune import Bayes
    >>> Bayes(n_initial=5)
    Bayes(n_initial=5)
    """

    def __init__(
        self,
        *,
        surrogate: str = "skopt",
        n_initial: int | None = None,
        n_candidates: int | None = None,
    ):
        self.surrogate = surrogate
        self.n_initial = n_initial
        self.n_candidates = n_candidates

    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        names = " or ".join(repr(name) for name in _SURROGATES)
        if not isinstance(self.surrogate, str):
            raise TypeError(f"strategy__surrogate must be {names}; got {self.surrogate!r}")
        if self.surrogate not in _SURROGATES:
            raise ValueError(f"strategy__surrogate must be {names}; got {self.surrogate!r}")
        settings = {}
        if self.n_initial is not None:
            settings["n_initial"] = _check_count("strategy__n_initial", self.n_initial, 2)
        if self.n_candidates is not None:
            settings["n_candidates"] = _check_count("strategy__n_candidates", self.n_candidates, 1)
        n_trials = self.n_trials(space, budget)
        return _SURROGATES[self.surrogate](space, seed, n_trials, **settings)


class Auto(Bayes):
    """What the library recommends: Bayesian optimization with its own Gaussian process.

    Parameters
    ----------
    surrogate : {"gp", "skopt"}, default="gp"
        As in :class:`Bayes`.
    n_initial, n_candidates
        As in :class:`Bayes`.

    Examples
    --------
    >>> from autotune import Auto
    >>> Auto()
    Auto()
    """

    def __init__(
        self,
        *,
        surrogate: str = "gp",
        n_initial: int | None = None,
        n_candidates: int | None = None,
    ):
        super().__init__(surrogate=surrogate, n_initial=n_initial, n_candidates=n_candidates)


class Racing(Auto):
    """The recommended search, but a trial is dropped when it cannot win any more.

    A trial is evaluated fold by fold. After each fold, its differences to the best trial on
    the same folds predict the difference of their final means; when the prediction leaves
    it no realistic chance, its remaining folds are saved.

    Parameters
    ----------
    surrogate, n_initial, n_candidates
        As in :class:`Auto`.
    eps : float, default=0.02
        Probability with which a test may drop a trial that would have won, in [0, 0.5);
        0 drops none.

    Notes
    -----
    A dropped trial has the status ``"dropped"`` and NaN as its mean score.

    Examples
    --------
    >>> from autotune import Racing
    >>> Racing(eps=0.05)
    Racing(eps=0.05)
    """

    def __init__(
        self,
        *,
        surrogate: str = "gp",
        n_initial: int | None = None,
        n_candidates: int | None = None,
        eps: float = 0.02,
    ):
        super().__init__(surrogate=surrogate, n_initial=n_initial, n_candidates=n_candidates)
        self.eps = eps

    def scheduler(self, n_folds: int, seed: int) -> Scheduler:
        rule = f"strategy__eps must be a number in [0, 0.5); got {self.eps!r}"
        if not isinstance(self.eps, numbers.Real) or isinstance(self.eps, bool):
            raise TypeError(rule)
        if not 0 <= self.eps < 0.5:
            raise ValueError(rule)
        return RacingScheduler(n_folds, seed, float(self.eps))


_SURROGATES: dict[str, Callable[..., Searcher]] = {"skopt": BayesSearcher, "gp": GPSearcher}

STRATEGIES: dict[str, type[Strategy]] = {
    "grid": Grid,
    "random": Random,
    "bayes": Bayes,
    "racing": Racing,
    "auto": Auto,
}


def check_strategy(strategy: Any) -> Strategy:
    """Return the strategy that the user named."""
    if isinstance(strategy, Strategy):
        return strategy
    names = ", ".join(repr(name) for name in STRATEGIES)
    rule = f"strategy must be one of {names}, or a strategy object such as Grid(points=3)"
    if not isinstance(strategy, str):
        raise TypeError(f"{rule}; got {strategy!r}")
    if strategy not in STRATEGIES:
        raise ValueError(f"{rule}; got {strategy!r}")
    return STRATEGIES[strategy]()


def _only_choices(space: Space) -> bool:
    """Return whether a space consists of lists of choices."""
    dimensions = (d for subspace in space.subspaces for d in subspace.values())
    return all(isinstance(dimension, Choice) for dimension in dimensions)


def _check_count(name: str, value: Any, smallest: int) -> int:
    """Return a whole number that is large enough, or say what is wrong with it."""
    rule = f"{name} must be an integer of at least {smallest}; got {value!r}"
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(rule)
    if value < smallest:
        raise ValueError(rule)
    return int(value)
