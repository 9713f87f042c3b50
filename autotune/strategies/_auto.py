"""What the library recommends."""

from __future__ import annotations

import numbers
from typing import Any

from .._budget import Budget
from ..timing import COST_EXPONENT
from ._checks import check_bool, check_count
from ._racing import Racing

_FINALISTS, _FINALISTS_OF_FEW_ROWS, _FEW_ROWS = 3, 10, 500


class Auto(Racing):
    """What the library recommends: good starting points, then a model, all trials raced.

    After the default, or what it is in a space that it lies outside of, come configurations
    that did well on other data, where there are some for the model; then a Gaussian process
    proposes. Each trial is raced, as in :class:`Racing`. In a budget of seconds, what cannot
    end in time is not begun, or is paused as soon as its first folds show it (status
    ``"interrupted"``), and the improvement that is expected per second decides.

    Parameters
    ----------
    surrogate, n_initial, n_candidates, eps
        As in :class:`Racing`.
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
        return check_count("strategy__n_repeats", self.n_repeats, 0)

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
        return check_bool("strategy__portfolio", self.portfolio)

    def may_save(self) -> bool:
        return check_bool("strategy__subsample", self.subsample)

    def _settings(self, budget: Budget) -> dict[str, Any]:
        settings = super()._settings(budget)
        stops = check_bool("strategy__stop_early", self.stop_early)
        if self.surrogate == "gp":
            settings["cost_exponent"] = 0.0 if budget.seconds is None else COST_EXPONENT
            settings["stops"] = stops
        return settings
