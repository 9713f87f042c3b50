"""What a strategy must do: name a searcher and a scheduler."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from .._budget import DEFAULT_TRIALS, Budget
from ..schedule import Full, Plan, Scheduler
from ..search import Searcher
from ..space import Space

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
        return Full(plan.n_folds, plan.fidelity)

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
