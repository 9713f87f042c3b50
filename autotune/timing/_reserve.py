"""The time reserved for the last fit."""

from __future__ import annotations

import math

import numpy as np

from ..compat import num_samples
from ..evaluation import Task
from ..history import COMPLETE, FULL, Evaluation, History, Listener, Trial
from ._constants import MOST_RESERVE, RESERVE_MARGIN, RESERVE_UNKNOWN
from ._fit_time import FitTime
from ._subsample import Subsample


class Reserve(Listener):
    """Predicts the duration of the refit.

    It is extrapolated from the longest fit of the best trial so far to all rows. If the search
    uses a subsample, at most half of the budget is reserved.

    Parameters
    ----------
    task : Task
    seconds : float or None
        The budget.
    refit : bool
        Whether there is a refit.
    subsample : Subsample
        The subsample of the search, and the power of the fit time.
    """

    def __init__(
        self,
        task: Task,
        seconds: float | None,
        *,
        refit: bool,
        subsample: Subsample | None = None,
    ):
        subsample = Subsample() if subsample is None else subsample
        self._searched = searched_share(task, subsample)
        self._exponent = subsample.exponent
        self._most = MOST_RESERVE * (seconds or 0.0) if subsample.share < FULL else math.inf
        self._refit = refit
        self._share = subsample.share
        self._best = -math.inf
        self._seconds = RESERVE_UNKNOWN * (seconds or 0.0) if refit else 0.0

    def __call__(self, history: History) -> float:
        return min(self._seconds, self._most)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Use the first fits as an estimate while no trial is complete."""
        if self._refit and self._best == -math.inf and evaluation.status == COMPLETE:
            # Most models take a time in proportion to what a fidelity is a share of.
            self._seconds = self._on_all_rows(
                whole_fit(evaluation) * self._share / evaluation.fidelity
            )

    def ended(self, trial: Trial, history: History) -> None:
        score = history.score(trial)
        if self._refit and trial.can_win and score > self._best:
            self._best, self._seconds = score, self._on_all_rows(longest_fit(trial, self._share))

    def learn(self, history: History) -> None:
        """Learn from an earlier run that is continued."""
        for trial in history:
            for evaluation in trial.evaluations.values():
                self.evaluated(evaluation, history)
            self.ended(trial, history)

    def predict(self, trial: Trial) -> float:
        """Return the seconds to reserve in case an evaluated trial wins."""
        if not self._refit:
            return 0.0
        return min(self._on_all_rows(longest_fit(trial, self._share)), self._most)

    def _on_all_rows(self, seconds: float) -> float:
        """Return the duration of a fit on all rows, extrapolated from one in the search."""
        fit_time = FitTime([(self._searched, seconds)], self._exponent)
        return RESERVE_MARGIN * fit_time.expected(FULL)


def searched_share(task: Task, subsample: Subsample) -> float:
    """Return the rows that the search trains on as a share of all rows."""
    n_train = np.mean([len(train) for train, _ in task.folds])
    return float(subsample.share * n_train / num_samples(task.X))


def longest_fit(trial: Trial, fidelity: float) -> float:
    """Return the longest fit of a trial at some fidelity, in seconds."""
    return max(whole_fit(e) for e in trial.evaluations.values() if e.fidelity == fidelity)


def whole_fit(evaluation: Evaluation) -> float:
    """Return the seconds of a fit without the cache."""
    return evaluation.fit_time + evaluation.saved_time
