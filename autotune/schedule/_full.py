"""Every trial on every fold: plain cross-validation."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..history import (
    COMPLETE,
    CRASHED,
    FAILED,
    FULL,
    RUNNING,
    SEARCH,
    TIMEOUT,
    Evaluation,
    History,
    Trial,
)
from ._contract import Request, Scheduler


class Full(Scheduler):
    """Evaluates each trial on all folds, as scikit-learn's searchers do.

    Only a trial that had to be killed ends before its last fold.
    """

    def __init__(self, n_folds: int, fidelity: float = FULL):
        super().__init__(n_folds, fidelity)
        self._queue: deque[Request] = deque()

    def begin(self, trial: Trial) -> None:
        requests = (Request(trial.number, fold, self.fidelity) for fold in self.order)
        self._queue.extend(r for r in requests if r.key not in trial.evaluations)

    def next(self) -> Request | None:
        return self._queue.popleft() if self._queue else None

    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        trial = history[evaluation.trial]
        if trial.status != RUNNING:
            return []
        if evaluation.status in (TIMEOUT, CRASHED):
            self._queue = deque(r for r in self._queue if r.trial != trial.number)
            return [(trial, evaluation.status)]
        if len(trial.evaluations) < self.n_folds:
            return []
        return [(trial, verdict(trial, history))]


def verdict(trial: Trial, history: History) -> str:
    """Return the status of a trial that has all its evaluations.

    Parameters
    ----------
    trial : Trial
    history : History

    Returns
    -------
    status : str
        ``"complete"`` if the mean score is finite, otherwise how an evaluation failed.
    """
    search = (e for e in trial.in_order() if e.phase == SEARCH)
    compared = [evaluation for evaluation in search if evaluation.fold in history.compared_folds]
    for evaluation in compared:
        if evaluation.status != COMPLETE and not history.counts(evaluation):
            return evaluation.status
    if all(e.status != COMPLETE for e in compared if e.fidelity == history.share):
        return FAILED  # a model that always fails cannot be refitted
    return COMPLETE if np.isfinite(history.score(trial)) else FAILED
