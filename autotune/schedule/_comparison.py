"""The final comparison: the best trials, evaluated on repeats of the folds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..history import COMPARISON, COMPLETE, FULL, Evaluation, History, Trial
from ._contract import Request, Scheduler


class ComparisonScheduler(Scheduler):
    """Evaluates a fixed set of trials on repeats of the folds, one fold after another.

    All trials are evaluated on a fold before the next fold begins, so they can be compared
    fold by fold whenever the budget ends. No trial changes its status here: those that the
    search left unfinished stay as they are. A trial that fails on a fold is not evaluated on
    the remaining ones.

    Parameters
    ----------
    n_folds : int
        Number of folds in all repeats.
    trials : sequence of Trial
        Evaluations that they already have are not repeated.
    fidelity : float, default=1.0
    """

    def __init__(self, n_folds: int, trials: Sequence[Trial], fidelity: float = FULL):
        super().__init__(n_folds, fidelity)
        requests = (
            (trial, Request(trial.number, fold, fidelity, COMPARISON))
            for fold in self.order
            for trial in trials
        )
        self._queue = deque(r for trial, r in requests if r.key not in trial.evaluations)

    def begin(self, trial: Trial) -> None:
        """Leave a trial that the search has not finished as it is."""

    def next(self) -> Request | None:
        return self._queue.popleft() if self._queue else None

    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        if evaluation.status != COMPLETE and not history.counts(evaluation):
            self._queue = deque(r for r in self._queue if r.trial != evaluation.trial)
        return []
