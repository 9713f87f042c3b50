"""The default strategy."""

from __future__ import annotations

import numbers
from typing import Any

from .._budget import Budget
from ..timing import COST_EXPONENT
from ._checks import check_bool, check_count
from ._racing import Racing

_FINALISTS, _FINALISTS_OF_FEW_ROWS, _FEW_ROWS = 3, 10, 500


class Auto(Racing):
    """Recommended default: good starting points, then Bayesian optimization with racing.

    The search begins with the default (moved into the space if it lies outside) and with
    configurations that did well on other data sets, if there are any for the model; a Gaussian
    process then proposes the rest. Each trial is raced, as in :class:`Racing`. With a budget
    in seconds, the acquisition function is expected improvement per second, and trials that
    cannot end in time are not started, or paused once their first folds show it (status
    ``"interrupted"``).

    Parameters
    ----------
    surrogate : {"gp", "skopt"}, default="gp"
    n_initial : int or None, default=None
    n_candidates : int or None, default=None
    widen : bool, default=False
        These four are as in :class:`Bayes`.
    eps : float, default=0.02
        As in :class:`Racing`.
    portfolio : bool, default=True
        Whether the starting points are tried.
    subsample : bool, default=True
        Whether the search may use fewer folds if a budget in seconds leaves no time for three
        cross-validations, and fewer rows if it leaves none for two evaluations; see the notes.
    stop_early : bool, default=False
        Whether the search may end before its budget is spent, once hardly any improvement is
        expected; only with the surrogate ``"gp"``, and not before 30 trials, and 10 per
        parameter, are complete.
    n_finalists : "auto" or int, default="auto"
        How many of the best trials are compared with each other and the default after the
        search, by repeated cross-validation. ``"auto"``: 3, or 10 with fewer than 500 rows,
        where the best of many scores owes more to chance; at most a fifth of the trials, but
        at least 2.
    n_repeats : int, default=0
        How many repeats of cross-validation, each with newly drawn folds, this final
        comparison makes; 0: the search alone decides. With budgets of 10 s, the time was
        better spent on searching (``benchmarks/RESULTS.md``).

    Notes
    -----
    The final comparison needs folds that can be redrawn: ``cv`` must be None, a number, or one
    of scikit-learn's shuffling splitters, without groups, and ``refit`` must be True or the
    name of a metric. The winner is the trial with the best mean over all its folds, unless the
    default does as well on the repeated folds: then the default is kept. The comparison takes
    at most a tenth of a budget in seconds. Its evaluations do not count as trials: they come
    on top of a budget in trials, up to ``(n_finalists + 1) * n_repeats`` cross-validations.

    If there is no time for three cross-validations of the first trial, all trials are compared
    on the same subset of the folds: as many as leave time for three trials, but at least one.
    These are ``history_.compared_folds``; scores on the other folds are NaN, and the mean
    leaves them out. A later run of the same search that has the time evaluates the missing
    folds. If in the end no second trial can complete these folds, nor a third one if there are
    only two folds, the remaining time is used for a trial on one fold. The trials are then
    compared on the folds that this trial has, as they are with a trial that was paused.

    With 3000 training rows or more, the default is fitted before the search if it can win:
    first on a subsample, so that there is a model in any case, and then on all rows if that
    takes more than a fiftieth of the budget and can end in time. The search gets the remaining
    time, and its winner replaces the default only if it is fitted on all rows too.

    If there is not even time for two evaluations, all trials are fitted on a subsample that is
    small enough, with at least 2000 rows and 50 rows per class; fewer than 3000 training rows
    are never subsampled. The scores are then those of models fitted on fewer rows than the
    final one, ``history_.share`` of them, and at most 10,000 rows of each validation fold are
    scored. Configurations that do well on few rows often gain little from more rows, so a
    winner must already reach the score that the default is expected to have on all rows, as
    extrapolated from the first fits; otherwise the default is kept. If there is no time to fit
    the final model on all rows, it is fitted on fewer, with a warning.

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
        widen: bool = False,
        eps: float = 0.02,
        portfolio: bool = True,
        subsample: bool = True,
        stop_early: bool = False,
        n_finalists: str | int = "auto",
        n_repeats: int = 0,
    ):
        super().__init__(
            surrogate=surrogate,
            n_initial=n_initial,
            n_candidates=n_candidates,
            widen=widen,
            eps=eps,
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
