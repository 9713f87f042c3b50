"""The final comparison: which trials take part, what it may cost, and which one wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..compat import num_samples
from ..history import COMPARISON, COMPLETE, TIMEOUT, Evaluation, History, Listener, Trial
from ..timing import ComparisonTime
from ._problem import Problem


class FinalComparison(Listener):
    """Decides which trials are compared on repeats of the folds, and reserves time for it.

    Parameters
    ----------
    history : History
    n_finalists : callable
        ``n_finalists(n_trials)`` says how many of the best trials take part.
    seconds : float or None
        The budget.
    seconds_per_trial : float or None
        Total time of a trial's evaluations in one repeat of the folds.
    n_workers : int
    """

    def __init__(
        self,
        history: History,
        n_finalists: Callable[[int], int],
        *,
        seconds: float | None = None,
        seconds_per_trial: float | None = None,
        n_workers: int = 1,
    ):
        self._history = history
        self._n_finalists = n_finalists
        self._time = ComparisonTime(history, seconds, n_workers)
        self._limit = math.inf if seconds_per_trial is None else seconds_per_trial
        self._reserve = 0.0
        self._scores: dict[int, float] = {}  # of complete trials, which keep theirs
        if len(history):
            self._update()

    def reserve(self) -> float:
        """Return the seconds that the search leaves for the comparison."""
        return self._reserve

    def ended(self, trial: Trial, history: History) -> None:
        if self._time.most and trial.status == COMPLETE:
            self._update()

    def _update(self) -> None:
        """Reserve the expected seconds, up to the allowed share; nothing if that is too little."""
        self._reserve = self._time.reserve(self.finalists())

    def finalists(self) -> list[Trial]:
        """Return the best trials so far and the default: the most important ones first."""
        history = self._history
        n_finalists = self._n_finalists(len(history))
        competing = [trial for trial in history if math.isfinite(self._score(trial))]
        if not competing or not n_finalists:
            return []
        competing.sort(key=self._score, reverse=True)  # stable: the earliest among equals first
        first, *others = competing[:n_finalists]
        default = history.default
        if default is None or default is first or not math.isfinite(self._score(default)):
            return [first, *others]
        return [first, default, *(trial for trial in others if trial is not default)]

    def _score(self, trial: Trial) -> float:
        """Return the score with which a trial competes, NaN if it does not."""
        if not trial.can_win:
            return math.nan
        if trial.number not in self._scores:
            self._scores[trial.number] = self._history.score(trial)
        return self._scores[trial.number]

    def field(self, seconds: float) -> list[Trial]:
        """Return the finalists for which there is time: at least one repeat of the folds."""
        return self._time.affordable(self.finalists(), seconds)

    def winner(self) -> Trial | None:
        """Return the winner, or None if not even one repeat of the folds was completed.

        The winner is the trial with the best mean over its first and its repeated folds, the
        earliest among equals, unless the default does as well on the repeated folds: then the
        gain on the first folds is selection bias, and the default wins. Only folds that all
        finalists have finished count. Finalists that fail are excluded.
        """
        history, finalists = self._history, self.finalists()
        met = [t for t in finalists if any(key.phase == COMPARISON for key in t.evaluations)]
        sound = [trial for trial in met if not self._has_failed(trial)]
        if not sound or finalists[0] not in met:
            return None
        repeats = np.array([history.repeat_scores(trial) for trial in sound])
        repeats = repeats[:, ~np.isnan(repeats).any(axis=0)]
        if repeats.shape[1] < history.n_folds:
            return None
        first = np.array([history.compared_scores(trial) for trial in sound])
        return _best(sound, first, repeats, history.default)

    def _has_failed(self, trial: Trial) -> bool:
        """Return whether a trial failed on a repeated fold."""
        return any(
            self._is_failure(trial, evaluation)
            for evaluation in trial.evaluations.values()
            if evaluation.phase == COMPARISON
        )

    def _is_failure(self, trial: Trial, evaluation: Evaluation) -> bool:
        """Return whether an evaluation failed; the end of the budget is no failure."""
        if evaluation.status == TIMEOUT:
            return self._history.seconds_spent(trial, evaluation.key) >= self._limit
        return not self._history.counts(evaluation)


def _best(
    trials: Sequence[Trial], first: np.ndarray, repeats: np.ndarray, default: Trial | None
) -> Trial:
    """Return the best trial by all scores, or the default if it does as well on the repeats."""
    with np.errstate(over="ignore", invalid="ignore"):  # of huge scores
        means = np.hstack([first, repeats]).mean(axis=1).tolist()
        repeat_means = repeats.mean(axis=1).tolist()
    places = range(len(trials))
    best = max(places, key=lambda place: (means[place], -trials[place].number))
    for place in places:
        if trials[place] is default and repeat_means[best] <= repeat_means[place]:
            return default
    return trials[best]


def make_comparison(problem: Problem, history: History, n_workers: int = 1) -> FinalComparison:
    """Return what decides which trials of a problem are compared again."""
    n_rows = num_samples(problem.X)

    def n_finalists(n_trials: int) -> int:
        compares = problem.compares_finalists
        return problem.strategy.count_finalists(n_rows, n_trials) if compares else 0

    return FinalComparison(
        history,
        n_finalists,
        seconds=problem.budget.seconds,
        seconds_per_trial=problem.budget.seconds_per_trial,
        n_workers=n_workers,
    )
