"""What a user names: each strategy is a searcher and a scheduler."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator

from ._budget import DEFAULT_TRIALS, Budget
from .schedule import Full, Plan, Rung, Scheduler, make_rungs
from .schedule import Halving as HalvingScheduler
from .schedule import Racing as RacingScheduler
from .search import BayesSearcher, GPSearcher, GridSearcher, RandomSearcher, Searcher
from .space import Choice, Space, short_repr

ROWS = "n_samples"  # the resource that every model has: training rows


class Strategy(BaseEstimator, ABC):
    """How the search is done. Subclasses say which searcher and which scheduler.

    A strategy only holds parameters, so that ``set_params(strategy__points=3)`` works.

    Attributes
    ----------
    resource : str or None
        What evaluations of a fidelity below one have less of: ``"n_samples"``, training
        rows, or an integer parameter of the model. None: there are no such evaluations.
    max_resources : "auto" or int
        How much of it full fidelity has; ``"auto"``: all rows, or the model's own value.
    """

    resource: str | None = None
    max_resources: str | int = "auto"

    @abstractmethod
    def searcher(self, space: Space, seed: int, budget: Budget) -> Searcher:
        """Return what proposes configurations."""

    def scheduler(self, plan: Plan, seed: int) -> Scheduler:
        """Return what allocates evaluations."""
        return Full(plan.n_folds)

    def moves_default(self) -> bool:
        """Return whether a default outside the space is tried as what it is inside."""
        return False

    def uses_portfolio(self) -> bool:
        """Return whether starting points are tried before the searcher is asked."""
        return False

    def may_save(self) -> bool:
        """Return whether seconds that are scarce may be saved on rows and folds."""
        return False

    def count_repeats(self) -> int:
        """Return how often the folds are drawn anew for the finals after the search; 0: none."""
        return 0

    def count_finalists(self, n_rows: int, n_trials: int) -> int:
        """Return how many of the best of ``n_trials`` trials the finals compare."""
        return 0

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
    surrogate : {"gp", "skopt"}, default="gp"
        What models the scores: the Gaussian process of this package, which knows conditional
        parameters and proposes in milliseconds, or scikit-optimize's ``Optimizer``. On real
        tables of scores the first is ahead after 50 and 100 trials (``benchmarks/RESULTS.md``).
    n_initial : int or None, default=None
        Number of trials before the model proposes: a space-filling design. None: twice the
        number of parameters, between 4 and 10, and at most a third of the trials.
    n_candidates : int or None, default=None
        Number of random configurations among which the model looks before it refines the
        best of them. None: 256 for ``"gp"``, 1000 for ``"skopt"``.

    Examples
    --------
    >>> from autotune import Bayes
    >>> Bayes(n_initial=5)
    Bayes(n_initial=5)
    """

    def __init__(
        self,
        *,
        surrogate: str = "gp",
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
        settings = self._settings(budget)
        return _SURROGATES[self.surrogate](space, seed, self.n_trials(space, budget), **settings)

    def moves_default(self) -> bool:
        return True

    def _settings(self, budget: Budget) -> dict[str, Any]:
        """Return the searcher's settings that differ from its own."""
        settings: dict[str, Any] = {}
        if self.n_initial is not None:
            settings["n_initial"] = _check_count("strategy__n_initial", self.n_initial, 2)
        if self.n_candidates is not None:
            settings["n_candidates"] = _check_count("strategy__n_candidates", self.n_candidates, 1)
        return settings


class Racing(Bayes):
    """Bayesian optimization in which a trial is dropped when it cannot win any more.

    A trial is evaluated fold by fold. After each fold, its differences to the best trial on
    the same folds predict the difference of their final means; when the prediction leaves
    it no realistic chance, its remaining folds are saved.

    Parameters
    ----------
    surrogate, n_initial, n_candidates
        As in :class:`Bayes`.
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

    def scheduler(self, plan: Plan, seed: int) -> Scheduler:
        rule = f"strategy__eps must be a number in [0, 0.5); got {self.eps!r}"
        if not isinstance(self.eps, numbers.Real) or isinstance(self.eps, bool):
            raise TypeError(rule)
        if not 0 <= self.eps < 0.5:
            raise ValueError(rule)
        return RacingScheduler(plan.n_folds, seed, float(self.eps))


class Auto(Racing):
    """What the library recommends: good starting points, then a model, all trials raced.

    After the default, or what it is in a space that it lies outside of, come configurations
    that did well on other data, where there are some for the model; then a Gaussian process
    proposes. Each trial is raced, as in :class:`Racing`. In a budget of seconds, what cannot
    end in time is not begun, or is set aside as soon as its first folds show it (status
    ``"interrupted"``), and the improvement that is expected per second decides.

    Parameters
    ----------
    surrogate, n_candidates, eps
        As in :class:`Racing`.
    n_initial : int or None, default=None
        As in :class:`Racing`, but the starting points are a design already: None has
        the model ``"gp"`` propose after three trials where there are any.
    portfolio : bool, default=True
        Whether the starting points are tried.
    subsample : bool, default=True
        Whether the search may save on folds where a budget of seconds leaves no time for three
        cross-validations, and on rows where it leaves none for two evaluations; see the notes.
    stop_early : bool, default=False
        Whether the search may end before its budget does, when hardly any improvement is
        expected; only with the surrogate ``"gp"``. It is not asked before 30 trials, and 10
        for each parameter, are complete.
    n_finalists : "auto" or int, default="auto"
        How many of the best trials are compared with each other and the default after the
        search, on fresh folds. ``"auto"``: 3, or 10 with fewer than 500 rows, where the best
        of many scores owes more to chance; but at most one of five trials, and at least 2.
    n_repeats : int, default=0
        How often the folds are drawn anew for that; 0: the search alone decides. In 10 s,
        the finals' time was better spent on searching (``benchmarks/RESULTS.md``).

    Notes
    -----
    The finals are held only where folds can be drawn anew: if ``cv`` is None, a number, or
    one of scikit-learn's splitters that shuffle, without groups; and only if ``refit`` is True
    or the name of a metric. The winner is the trial with the best mean over all its folds, but
    the default if that does as well on the fresh ones. Of a budget of seconds the finals
    take a tenth at most. They do not count as trials: beyond a budget of trials they cost up
    to ``(n_finalists + 1) * n_repeats`` times the folds.

    Where there is no time for three cross-validations of the first trial, all trials are
    compared on the same few of the folds, at least one: on as many as leave time for three
    trials. These are ``history_.compared_folds``; scores on the other folds are NaN, and the
    mean leaves them out. A later run of the same search that has the time evaluates the
    missing folds.

    On 3000 training rows and more the default is fitted before the search, if it may win:
    first on few rows, so that there is a model in any case, and where a fit on all rows takes
    more than a fiftieth of the seconds and can end in time, on all of them. The search gets
    what is left, and its winner replaces the default only if it is fitted on all rows too.

    Where there is not even time for two evaluations, the search takes as many rows as leave
    it, the same for all trials, but at least 2000, and 50 a class; data with fewer than 3000
    training rows are always taken whole. The scores are then those of models that have seen
    fewer rows than the final one: ``history_.share`` says by how much; and of each validation
    fold 10,000 rows at most are scored. What is best on few rows often learns little from
    more: a winner must already have the score that the default is expected to have on all
    rows, as far as the first fits tell, or else the default is kept. If there is no time
    either for the final model to see all rows, it sees fewer, with a warning.

    Examples
    --------
    >>> from autotune import Auto
    >>> Auto(portfolio=False)
    Auto(portfolio=False)
    """

    def __init__(
        self,
        *,
        surrogate: str = "gp",
        n_initial: int | None = None,
        n_candidates: int | None = None,
        eps: float = 0.02,
        portfolio: bool = True,
        subsample: bool = True,
        stop_early: bool = False,
        n_finalists: str | int = "auto",
        n_repeats: int = 0,
    ):
        super().__init__(
            surrogate=surrogate, n_initial=n_initial, n_candidates=n_candidates, eps=eps
        )
        self.portfolio = portfolio
        self.subsample = subsample
        self.stop_early = stop_early
        self.n_finalists = n_finalists
        self.n_repeats = n_repeats

    def count_repeats(self) -> int:
        self._check_finalists()
        return _check_count("strategy__n_repeats", self.n_repeats, 0)

    def count_finalists(self, n_rows: int, n_trials: int) -> int:
        if self.n_finalists == "auto":
            most = _FINALISTS_OF_FEW_ROWS if n_rows < _FEW_ROWS else _FINALISTS
            return min(most, max(2, n_trials // 5))
        return int(self.n_finalists)

    def _check_finalists(self) -> None:
        """Check the number of finalists."""
        given = self.n_finalists
        rule = f"strategy__n_finalists must be 'auto' or an integer of at least 1; got {given!r}"
        if isinstance(given, bool) or not isinstance(given, str | numbers.Integral):
            raise TypeError(rule)
        if given != "auto" if isinstance(given, str) else given < 1:
            raise ValueError(rule)

    def uses_portfolio(self) -> bool:
        return _check_bool("strategy__portfolio", self.portfolio)

    def may_save(self) -> bool:
        return _check_bool("strategy__subsample", self.subsample)

    def _settings(self, budget: Budget) -> dict[str, Any]:
        settings = super()._settings(budget)
        stops = _check_bool("strategy__stop_early", self.stop_early)
        if self.surrogate == "gp":
            settings["thrift"] = 0.0 if budget.seconds is None else _THRIFT
            settings["stops"] = stops
        return settings


class Halving(Random):
    """Successive halving: many trials on little, and only the best of them on more.

    Random draws are evaluated on ``min_resources`` and one fold. Whenever a worker is free,
    the best trial among the best ``1 / factor`` so far goes on with ``factor`` times as much,
    then with everything, and at last on all folds; if none is due, a new trial begins.

    Parameters
    ----------
    factor : float, default=3
        One trial in ``factor`` is promoted, to ``factor`` times the resource; at least 1.5.
    min_resources : {"auto", "smallest"}, int or float, default="auto"
        What a trial begins with. An int is an amount of the resource, a float a share of it
        in (0, 1]; with all of it, each trial is evaluated in full. ``"smallest"``: two rows a
        fold and class, or 1 of a parameter, as in ``HalvingRandomSearchCV``. ``"auto"``: a
        ``factor ** 2``-th, but of rows at least 2000 and 50 a class, because the order of
        trials on fewer rows says little; where there are not as many, only folds are saved.
    resource : str, default="n_samples"
        What there is more and more of: ``"n_samples"``, training rows, in nested subsets that
        keep the proportions of the classes, or the name of an integer parameter of the model
        that is not searched, such as ``"n_estimators"`` or ``"clf__max_iter"``.
    max_resources : "auto" or int, default="auto"
        The largest value of that parameter, also of the final model; ``"auto"``: the model's
        own value. Of rows it is always all.

    Notes
    -----
    A budget of n trials is n trials that begin: the first in full, the others at the bottom.
    About ``n / factor`` of them reach the second step, ``n / factor**2`` the third, and at
    least one the top, so it costs much less than n trials of a random search. In a budget of
    seconds, trials begin until it ends.
    Trials that were not promoted have the status ``"dropped"`` and NaN as their mean score;
    ``cv_results_["n_resources"]`` is the most that a trial was given.
    The asynchronous rule is that of Li et al., "A System for Massively Parallel
    Hyperparameter Tuning", MLSys 2020.

    Examples
    --------
    >>> from autotune import Halving
    >>> Halving(resource="n_estimators", max_resources=300)
    Halving(max_resources=300, resource='n_estimators')
    """

    def __init__(
        self,
        *,
        factor: float = 3,
        min_resources: str | float = "auto",
        resource: str = ROWS,
        max_resources: str | int = "auto",
    ):
        self.factor = factor
        self.min_resources = min_resources
        self.resource = resource
        self.max_resources = max_resources

    def scheduler(self, plan: Plan, seed: int) -> Scheduler:
        of_rows = self.resource == ROWS
        rungs = make_rungs(plan, self.factor, self.min_resources, of_rows=of_rows)
        return HalvingScheduler(rungs, seed, float(self.factor), self._n_brackets(rungs))

    def _n_brackets(self, rungs: list[Rung]) -> int:
        """Return on how many of the rungs trials begin."""
        return 1


class Hyperband(Halving):
    """Halving that hedges: some trials begin with more than ``min_resources``.

    What is best on little may not be best on everything. So of the trials a part begins
    further up, down to a few that are evaluated in full at once, in the proportions of
    Hyperband; each part promotes its own best.

    Parameters
    ----------
    factor, min_resources, resource, max_resources
        As in :class:`Halving`.

    Notes
    -----
    A budget of n trials is n trials that begin, wherever they do.
    The proportions are those of algorithm 1 of Li et al., "Hyperband: A Novel Bandit-Based
    Approach to Hyperparameter Optimization", JMLR 18 (2018).

    Examples
    --------
    >>> from autotune import Hyperband
    >>> Hyperband(factor=4)
    Hyperband(factor=4)
    """

    def _n_brackets(self, rungs: list[Rung]) -> int:
        return len(rungs)


_FINALISTS, _FINALISTS_OF_FEW_ROWS, _FEW_ROWS = 3, 10, 500

_THRIFT = 0.5  # the power of the seconds by which a gain is divided where seconds are scarce

_SURROGATES: dict[str, Callable[..., Searcher]] = {"gp": GPSearcher, "skopt": BayesSearcher}

STRATEGIES: dict[str, type[Strategy]] = {
    "grid": Grid,
    "random": Random,
    "bayes": Bayes,
    "racing": Racing,
    "halving": Halving,
    "hyperband": Hyperband,
    "auto": Auto,
}


def check_strategy(strategy: Any) -> Strategy:
    """Return the strategy that the user named."""
    if isinstance(strategy, Strategy):
        return strategy
    names = ", ".join(repr(name) for name in STRATEGIES)
    rule = f"strategy must be one of {names}, or a strategy object such as Grid(points=3)"
    if not isinstance(strategy, str):
        raise TypeError(f"{rule}; got {short_repr(strategy)}")
    if strategy not in STRATEGIES:
        raise ValueError(f"{rule}; got {strategy!r}")
    return STRATEGIES[strategy]()


def _only_choices(space: Space) -> bool:
    """Return whether a space consists of lists of choices."""
    dimensions = (d for subspace in space.subspaces for d in subspace.values())
    return all(isinstance(dimension, Choice) for dimension in dimensions)


def _check_bool(name: str, value: Any) -> bool:
    """Return whether a switch is on, or say that it is none."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return value


def _check_count(name: str, value: Any, smallest: int) -> int:
    """Return a whole number that is large enough, or say what is wrong with it."""
    rule = f"{name} must be an integer of at least {smallest}; got {value!r}"
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(rule)
    if value < smallest:
        raise ValueError(rule)
    return int(value)
