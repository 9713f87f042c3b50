"""On how many folds a search can afford to compare trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ._budget import Clock
from ._history import COMPLETE, FULL, RUNNING, Evaluation, History, Trial

LEAST_TRIALS = 3  # trials that a search must have time for


class FewerFolds:
    """Lets a search compare trials on fewer folds if it has no time for three cross-validations.

    What is known of one configuration on all folds is worth less than what is known of three
    on some. The first trial that succeeds on a fold tells, and until it has ended the decision
    may change. Only a scheduler that heeds ``compared_folds`` may be combined with this:
    ``Racing``.

    Parameters
    ----------
    clock : Clock
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
        trial = next((t for t in history if t.status == RUNNING and _timed(t)), None)
        if trial is not history[evaluation.trial] or not is_open(history):
            return
        n_timed = len(_timed(trial))
        affordable = n_timed + self._affordable(trial)
        n_folds = min(int(affordable / LEAST_TRIALS), history.n_folds)
        if n_timed == 1 and affordable >= LEAST_TRIALS:
            # The first evaluation also loads what is loaded late: a second one shall be asked.
            n_folds = max(n_folds, min(2, history.n_folds))
        while n_folds < history.n_folds and (order[n_folds], FULL) in trial.evaluations:
            n_folds += 1  # what there is counts
        self._compare_on(tuple(sorted(order[: max(n_folds, 1)])), history)

    def reconsider(self, history: History) -> None:
        """Return to all folds if a run that goes on with an earlier one's trials has the time.

        The trials that were complete on fewer folds then run again, for the folds they miss;
        there must be time for all of them, and for three new trials.
        """
        if len(history.compared_folds) < history.n_folds and self._affords_all(history):
            self._compare_on(tuple(range(history.n_folds)), history)
        for trial in history:
            if trial.status == COMPLETE and np.isnan(history.compared_scores(trial)).any():
                trial.status = RUNNING

    def can_end(self, trial: Trial, history: History) -> bool:
        """Return whether there is time for the folds that a trial misses, and for its last fit.

        True while nothing tells, or while no trial is complete.
        """
        if is_open(history) or not _timed(trial):
            return True
        n_missing = np.isnan(history.compared_scores(trial)).sum()
        return bool(self._affordable(trial) >= n_missing)

    def _affords_all(self, history: History) -> bool:
        """Return whether complete trials can be given all folds, and three more begin with them."""
        known = next((trial for trial in history if _timed(trial)), None)
        complete = [trial for trial in history if trial.status == COMPLETE]
        n_missing = sum(np.isnan(history.fold_scores(trial)).sum() for trial in complete)
        wanted = n_missing + LEAST_TRIALS * history.n_folds
        return known is None or bool(self._affordable(known) >= wanted)

    def _affordable(self, trial: Trial) -> float:
        """Return for how many more evaluations like those of a trial there is time."""
        seconds = min(evaluation.seconds for evaluation in _timed(trial))
        left = max(self._clock.left() - self._refit(trial), 0.0)
        return left * self._n_workers / max(seconds, 1e-9)

    def _compare_on(self, folds: tuple[int, ...], history: History) -> None:
        """Change the folds on which trials are compared."""
        if folds != history.compared_folds:
            history.compared_folds = folds
            self._tell(folds)


def is_open(history: History) -> bool:
    """Return whether the folds may still change: no trial is complete with them."""
    return all(trial.status != COMPLETE for trial in history)


def _timed(trial: Trial) -> list[Evaluation]:
    """Return a trial's evaluations that tell how long others of full fidelity take."""
    evaluations = trial.evaluations.values()
    return [e for e in evaluations if e.status == COMPLETE and e.fidelity == FULL]
