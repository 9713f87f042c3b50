"""On how many folds a search can afford to compare trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ._budget import Clock
from ._history import COMPLETE, RUNNING, Evaluation, History, Trial

ENOUGH = 3  # cross-validations that must be affordable, or else a search makes do with less


class FewerFolds:
    """Lets a search compare trials on fewer folds if it has no time for three cross-validations.

    What is known of one configuration on all folds is worth less than what is known of three
    on some. The evaluations of the first trial tell; when it has ended, the decision stands.

    Parameters
    ----------
    clock : Clock
        With a limit.
    refit : callable
        ``refit(trial)`` returns the seconds to be kept for the last fit.
    n_workers : int
    tell : callable
        Is called with the folds whenever they change.
    """

    def __init__(
        self,
        clock: Clock,
        refit: Callable[[Trial], float],
        n_workers: int,
        tell: Callable[[tuple[int, ...]], None],
    ):
        self._clock = clock
        self._refit = refit
        self._n_workers = n_workers
        self._tell = tell

    def __call__(self, evaluation: Evaluation, history: History, order: Sequence[int]) -> None:
        """Take note of an evaluation, which is in the history already, but decides nothing yet.

        Parameters
        ----------
        evaluation : Evaluation
        history : History
            Its ``compared_folds`` are changed.
        order : sequence of int
            The folds in the order in which the evaluations of a trial begin.
        """
        trial = history[evaluation.trial]
        if len(history) > 1 or trial.status != RUNNING or evaluation.status != COMPLETE:
            return
        n_done = len(trial.evaluations)
        affordable = int((n_done + self._affordable(trial)) / ENOUGH)
        n_folds = max(min(affordable, history.n_folds), n_done)
        self._compare_on(tuple(sorted(order[:n_folds])), history)

    def reconsider(self, history: History) -> None:
        """Return to all folds if a run that goes on with an earlier one's trials has the time.

        The trials that were complete on fewer folds then run again, for the folds they miss.
        """
        known = len(history) and _timed(history[0])
        if known and self._affordable(history[0]) >= ENOUGH * history.n_folds:
            self._compare_on(tuple(range(history.n_folds)), history)
        for trial in history:
            if trial.status == COMPLETE and np.isnan(history.compared_scores(trial)).any():
                trial.status = RUNNING

    def _affordable(self, trial: Trial) -> float:
        """Return for how many more evaluations like those of a trial there is time."""
        # The first evaluation warms up what is loaded late: the fastest says what others take.
        seconds = min(evaluation.seconds for evaluation in _timed(trial))
        left = max(self._clock.left() - self._refit(trial), 0.0)
        return left * self._n_workers / max(seconds, 1e-9)

    def _compare_on(self, folds: tuple[int, ...], history: History) -> None:
        """Change the folds on which trials are compared."""
        if folds != history.compared_folds:
            history.compared_folds = folds
            self._tell(folds)


def _timed(trial: Trial) -> list[Evaluation]:
    """Return a trial's evaluations that tell how long others take."""
    return [e for e in trial.evaluations.values() if e.status == COMPLETE]
