"""The cost of the final comparison, and the trials for which there is time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..history import COMPARISON, History, Key, Trial
from ._constants import COMPARISON_SHARE, MARGIN


class ComparisonTime:
    """Predicts the duration of the final comparison.

    Parameters
    ----------
    history : History
    seconds : float or None
        The budget.
    n_workers : int

    Attributes
    ----------
    most : float
        The seconds of the budget that the comparison may take.
    """

    def __init__(self, history: History, seconds: float | None, n_workers: int):
        self._history = history
        self._n_workers = n_workers
        self.most = COMPARISON_SHARE * (seconds or 0.0)

    def reserve(self, finalists: Sequence[Trial]) -> float:
        """Return the seconds to reserve for the finalists; 0 if they are too few."""
        field = self.affordable(finalists, self.most)
        cost = sum(self._cost(trial, self._history.n_repeat_folds) for trial in field)
        return min(cost, self.most)

    def affordable(self, finalists: Sequence[Trial], seconds: float) -> list[Trial]:
        """Return the finalists for which there is time: at least one repeat of the folds.

        The most important ones come first.
        """
        chosen: list[Trial] = []
        for trial in finalists:
            cost = self._cost(trial, self._history.n_folds)
            if cost <= seconds:
                chosen.append(trial)
                seconds -= cost
        # The others say nothing without the best one, nor it without any other.
        return chosen if len(chosen) > 1 and chosen[0] is finalists[0] else []

    def _cost(self, trial: Trial, n_repeat_folds: int) -> float:
        """Predict the seconds of a trial's evaluations on the first of the repeated folds."""
        share = self._history.share
        keys = (Key(fold, share, COMPARISON) for fold in range(n_repeat_folds))
        n_missing = sum(key not in trial.evaluations for key in keys)
        known = [e for e in trial.evaluations.values() if e.fidelity == share]
        usual = np.mean([e.whole_seconds for e in known])
        return float(MARGIN * n_missing * usual / self._n_workers)
