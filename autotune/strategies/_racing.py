"""Bayesian optimization with racing."""

from __future__ import annotations

import numbers

from ..schedule import Plan, Scheduler
from ..schedule import Racing as RacingScheduler
from ._bayes import Bayes


class Racing(Bayes):
    """Bayesian optimization with racing: trials that can no longer win are stopped.

    A trial is evaluated fold by fold. After each fold, the differences to the best trial on
    the same folds predict the difference of their final means; if the trial has no realistic
    chance of winning, its remaining folds are skipped.

    Parameters
    ----------
    surrogate : {"gp", "skopt"}, default="gp"
    n_initial : int or None, default=None
    n_candidates : int or None, default=None
    widen : bool, default=False
        These four are as in :class:`Bayes`.
    eps : float, default=0.02
        Probability with which a test may stop a trial that would have won, in [0, 0.5);
        0 stops none.

    Notes
    -----
    A trial that was stopped has the status ``"dropped"`` and a mean score of NaN.

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
        widen: bool = False,
        eps: float = 0.02,
    ):
        super().__init__(
            surrogate=surrogate, n_initial=n_initial, n_candidates=n_candidates, widen=widen
        )
        self.eps = eps

    def scheduler(self, plan: Plan, seed: int) -> Scheduler:
        rule = f"strategy__eps must be a number in [0, 0.5); got {self.eps!r}"
        if not isinstance(self.eps, numbers.Real) or isinstance(self.eps, bool):
            raise TypeError(rule)
        if not 0 <= self.eps < 0.5:
            raise ValueError(rule)
        return RacingScheduler(plan.n_folds, seed, float(self.eps), plan.fidelity)
