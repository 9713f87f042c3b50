"""How long an evaluation may take before it is killed."""

from __future__ import annotations

from ..history import COMPLETE, SEARCH, Evaluation, History, Key, Trial
from ._constants import LEAST_TRIALS, PATIENCE, USUAL_FACTOR
from ._fold_subset import is_open


class Allowance:
    """Divides the seconds that are left among the evaluations that a trial misses.

    One that takes longer than the trial can afford for each of its missing folds, and half as
    long again, only keeps others from being evaluated; but what three times the longest
    evaluation so far covers is nothing unusual.

    Parameters
    ----------
    history : History
    seconds_per_trial : float
        What the evaluations of a trial in one repeat of the folds may take together.
    longest : float
        The seconds that an evaluation is known to take in any case.
    may_save_folds : bool
        Whether trials may yet be compared on fewer folds.
    """

    def __init__(
        self, history: History, seconds_per_trial: float, longest: float, *, may_save_folds: bool
    ):
        self._history = history
        self._seconds_per_trial = seconds_per_trial
        self._longest = longest
        self._may_save_folds = may_save_folds

    def learn(self, evaluation: Evaluation) -> None:
        """Take note of what an evaluation took."""
        if evaluation.status == COMPLETE:
            self._longest = max(self._longest, evaluation.seconds)

    def of(self, trial: Trial, key: Key, left: float, n_workers: int) -> float:
        """Return the seconds after which an evaluation of a trial is given up.

        ``left`` are the seconds that are left of the search.
        """
        share = PATIENCE * left * n_workers / self._count_missing(trial, key)
        usual = USUAL_FACTOR * self._longest
        return min(left, max(share, usual), self.of_trial(trial, key))

    def of_trial(self, trial: Trial, key: Key) -> float:
        """Return the seconds that a trial has left for the repeat of the folds that a key is in."""
        return self._seconds_per_trial - self._history.seconds_spent(trial, key)

    def of_new_trial(self, left: float, n_workers: int) -> float:
        """Return the seconds that each evaluation of a new trial may take."""
        n_folds = len(self._history.compared_folds)
        together = min(left, left * n_workers / n_folds)
        return min(together, self._seconds_per_trial / n_folds)

    def _count_missing(self, trial: Trial, key: Key) -> int:
        """Return how many evaluations a trial misses in one repeat of the folds, at least 1."""
        history = self._history
        n_wanted = len(history.compared_folds) if key.phase == SEARCH else history.n_folds
        done = (other for other in trial.evaluations if other.fidelity == history.share)
        n_done = sum(history.repeat(other) == history.repeat(key) for other in done)
        n_missing = max(1, n_wanted - n_done)
        if self._may_save_folds and is_open(history):
            return min(n_missing, LEAST_TRIALS)  # it may yet be one fold, for three trials
        return n_missing
