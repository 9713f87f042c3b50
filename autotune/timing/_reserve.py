"""The seconds that are kept for the last fit."""

from __future__ import annotations

import math

import numpy as np

from ..compat import num_samples
from ..evaluation import Task
from ..history import COMPLETE, FULL, Evaluation, History, Listener, Trial
from ._subsample import Scale

_UNKNOWN = 0.2  # share of the seconds that is kept while no fit has ended
_MOST = 0.5  # share of the seconds that is kept at most, if fewer rows can be refitted


class Reserve(Listener):
    """Predicts the seconds that the refit will take.

    The longest fit of the best trial so far, scaled by the growth in rows to some power: most
    models grow linearly, kernel methods quadratically. Where the search takes only a share
    of the rows, at most half of the budget is kept.

    Parameters
    ----------
    task : Task
    seconds : float or None
        The budget.
    refit : bool
        Whether there is a refit.
    scale : Scale
        On what share of the rows the search trains, and the power.
    """

    def __init__(
        self, task: Task, seconds: float | None, *, refit: bool, scale: Scale | None = None
    ):
        scale = Scale() if scale is None else scale
        self._growth = 1.1 / searched_share(task, scale) ** scale.exponent
        self._most = _MOST * (seconds or 0.0) if scale.share < 1.0 else math.inf
        self._refit = refit
        self._best = -math.inf
        self._seconds = _UNKNOWN * (seconds or 0.0) if refit else 0.0

    def __call__(self, history: History) -> float:
        return min(self._seconds, self._most)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Take the first fits as a guess while no trial is complete."""
        if self._refit and self._best == -math.inf and evaluation.status == COMPLETE:
            # Most models take a time in proportion to what a fidelity is a share of.
            self._seconds = self._growth * whole_fit(evaluation) / evaluation.fidelity

    def ended(self, trial: Trial, history: History) -> None:
        score = history.score(trial)
        if self._refit and trial.eligible and trial.status == COMPLETE and score > self._best:
            self._best, self._seconds = score, self._predict(trial)

    def learn(self, history: History) -> None:
        """Take note of what an earlier run, now continued, has found."""
        for trial in history:
            for evaluation in trial.evaluations.values():
                self.evaluated(evaluation, history)
            self.ended(trial, history)

    def predict(self, trial: Trial) -> float:
        """Return the seconds to be kept if a trial, which was evaluated, should win."""
        return min(self._predict(trial), self._most) if self._refit else 0.0

    def _predict(self, trial: Trial) -> float:
        """Return the seconds that fitting a trial on all rows may take."""
        return float(self._growth * longest_fit(trial))


def searched_share(task: Task, scale: Scale) -> float:
    """Return the rows that the search trains on as a share of all rows."""
    n_train = np.mean([len(train) for train, _ in task.folds])
    return float(scale.share * n_train / num_samples(task.X))


def longest_fit(trial: Trial) -> float:
    """Return the seconds of the longest fit, of full fidelity, of a trial that has one."""
    return max(whole_fit(e) for e in trial.evaluations.values() if e.fidelity == FULL)


def whole_fit(evaluation: Evaluation) -> float:
    """Return the seconds of a fit that can reuse nothing."""
    return evaluation.fit_time + evaluation.saved_time
