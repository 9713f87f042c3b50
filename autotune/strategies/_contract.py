"""The contract of a strategy: it chooses a searcher and a scheduler."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from .._budget import DEFAULT_TRIALS, Budget
from ..schedule import Full, Plan, Scheduler
from ..search import Searcher
from ..space import Space

ROWS = "n_samples"  # the resource that every model has: training rows


class Strategy(BaseEstimator, ABC):
    """How the search is done: subclasses choose a searcher and a scheduler.

    A strategy only stores parameters, so that ``set_params(strategy__points=3)`` works.

    Attributes
    ----------
    resource : str or None
        What low-fidelity evaluations use less of: ``"n_samples"``, the training rows, or an
        integer parameter of the model. None: every evaluation has full fidelity.
    max_resources : "auto" or int
        The amount of it at full fidelity; ``"auto"``: all rows, or the model's own value.
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
        """Return whether a default outside the space is moved into it and tried."""
        return False

    def allocates(self) -> bool:
        """Return whether each family of models has a searcher of its own.

        The trials then go to the families from which most is expected; see ``FamilySearcher``.
        """
        return False

    def widens(self) -> bool:
        """Return whether the search may go beyond bounds on which its best trial lies."""
        return False

    def uses_portfolio(self) -> bool:
        """Return whether starting points are tried before the searcher is asked."""
        return False

    def may_save(self) -> bool:
        """Return whether a short budget in seconds may be met with fewer rows and folds."""
        return False

    def count_repeats(self) -> int:
        """Return how many repeats of the folds the final comparison makes; 0: there is none."""
        return 0

    def count_finalists(self, n_rows: int, n_trials: int) -> int:
        """Return how many of the best of ``n_trials`` trials are compared again."""
        return 0

    def n_trials(self, space: Space, budget: Budget) -> int | None:
        """Return the number of trials after which the search ends, None for no limit."""
        if budget.trials is None and budget.seconds is None:
            return DEFAULT_TRIALS
        return budget.trials
