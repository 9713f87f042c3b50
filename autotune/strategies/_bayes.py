"""Bayesian optimization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._budget import Budget
from ..search import BayesSearcher, GPSearcher, Searcher
from ..space import Space
from ._checks import check_bool, check_count
from ._contract import Strategy

_SURROGATES: dict[str, Callable[..., Searcher]] = {"gp": GPSearcher, "skopt": BayesSearcher}


class Bayes(Strategy):
    """Bayesian optimization, like ``BayesSearchCV``.

    Parameters
    ----------
    surrogate : {"gp", "skopt"}, default="gp"
        The model of the scores: the Gaussian process of this package, which supports
        conditional parameters and proposes in milliseconds, or scikit-optimize's
        ``Optimizer``. On tabular benchmarks, ``"gp"`` is ahead after 50 and 100 trials
        (``benchmarks/RESULTS.md``).
    n_initial : int or None, default=None
        Number of trials before the model proposes: a space-filling design. None: 3 for
        ``"gp"``, which tries all values of small choices next; for ``"skopt"`` twice the number
        of parameters, between 4 and 10, and at most a third of the trials.
    n_candidates : int or None, default=None
        Number of random configurations at which the acquisition function is evaluated before
        the best ones are refined. None: 256 for ``"gp"``, 1000 for ``"skopt"``.
    widen : bool, default=False
        Whether an interval is extended, once, if after half of the trials (after 20, with a
        budget in seconds alone) the best configuration lies within 5 % of a bound. The bound
        moves by half of the interval's length (of its logarithm, and at least by a factor of
        10, if that is searched), unless the model refuses the new value; it never crosses 0,
        and of an interval that is not logarithmic, bounds of 0 and 1 stay.

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
        widen: bool = False,
    ):
        self.surrogate = surrogate
        self.n_initial = n_initial
        self.n_candidates = n_candidates
        self.widen = widen

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

    def widens(self) -> bool:
        return check_bool("strategy__widen", self.widen)

    def allocates(self) -> bool:
        return True

    def _settings(self, budget: Budget) -> dict[str, Any]:
        """Return the settings of the searcher that differ from its defaults."""
        settings: dict[str, Any] = {}
        if self.n_initial is not None:
            settings["n_initial"] = check_count("strategy__n_initial", self.n_initial, 2)
        if self.n_candidates is not None:
            settings["n_candidates"] = check_count("strategy__n_candidates", self.n_candidates, 1)
        return settings
