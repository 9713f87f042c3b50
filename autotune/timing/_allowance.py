"""How long an evaluation may take before it is killed."""

from __future__ import annotations

from ..history import COMPLETE, SEARCH, Evaluation, History, Key, Trial
from ._constants import LEAST_TRIALS, PATIENCE, USUAL_FACTOR
from ._fold_subset import is_open


class Allowance:
    """Divides the remaining time among the missing evaluations of a trial.

    An evaluation is killed if it takes more than 1.5 times what the trial can afford per missing
    fold, but not before three times the longest evaluation so far.

    Parameters
    ----------
    history : History
    seconds_per_trial : float
        Total time of a trial's evaluations in one repeat of the folds.
    longest : float
        The seconds that an evaluation is known to take.
    may_save_folds : bool
        Whether the number of compared folds may still be reduced.
    """

    def __init__(
        self, history: History, seconds_per_trial: float, longest: float, *, may_save_folds: bool
    ):
        self._history = history
        self._seconds_per_trial = seconds_per_trial
        self._longest = longest
        self._may_save_folds = may_save_folds

    def learn(self, evaluation: Evaluation) -> None:
        """Record the duration of an evaluation."""
        if evaluation.status == COMPLETE:
            self._longest = max(self._longest, evaluation.seconds)

    def of(self, trial: Trial, key: Key, left: float, n_workers: int) -> float:
        """Return the seconds after which an evaluation of a trial is killed.

        ``left`` is the remaining time of the search.
        """
        share = PATIENCE * left * n_workers / self._count_missing(trial, key)
        usual = USUAL_FACTOR * self._longest
        return min(left, max(share, usual), self.of_trial(trial, key))

    def of_trial(self, trial: Trial, key: Key) -> float:
        """Return the remaining seconds of a trial in the repeat that a key belongs to."""
        return self._seconds_per_trial - self._history.seconds_spent(trial, key)

    def of_new_trial(self, left: float, n_workers: int, n_folds: int) -> float:
        """Return the seconds that each of a new trial's evaluations on some folds may take."""
        together = min(left, left * n_workers / n_folds)
        return min(together, self._seconds_per_trial / len(self._history.compared_folds))

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
