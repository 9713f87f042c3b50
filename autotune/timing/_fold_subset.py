"""The number of folds on which a search can afford to compare trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .._budget import FASTEST
from .._texts import last_line, warn
from ..history import (
    COMPLETE,
    DROPPED,
    INTERRUPTED,
    RUNNING,
    SEARCH,
    TIMEOUT,
    Evaluation,
    History,
    Key,
    Trial,
)
from ._clock import Clock
from ._constants import LEAST_TRIALS


class FewerFolds:
    """Reduces the number of compared folds if there is no time for three cross-validations.

    Three configurations on some folds are worth more than one on all folds. The first trial that
    succeeds on a fold decides, and the decision may change until that trial has ended. What ends
    before any worker was ready decides nothing: it shared its core with the start of the workers,
    and no other trial could have used the time. This works only with a scheduler that supports
    ``compared_folds``, which is ``Racing``.

    Parameters
    ----------
    clock : Clock
    refit : callable
        ``refit(trial)`` returns the seconds to reserve for the last fit.
    n_workers : int
    tell : callable
        Called with the folds whenever they change.
    starting : callable or None, default=None
        Returns whether no worker has been ready yet.
    """

    def __init__(
        self,
        clock: Clock,
        refit: Callable[[Trial], float],
        n_workers: int,
        tell: Callable[[tuple[int, ...]], None],
        starting: Callable[[], bool] | None = None,
    ):
        self._clock = clock
        self._refit = refit
        self._n_workers = n_workers
        self._tell = tell
        self._starting = starting

    def __call__(self, evaluation: Evaluation, history: History, order: Sequence[int]) -> None:
        """Handle an evaluation that is in the history but has had no effect yet.

        Parameters
        ----------
        evaluation : Evaluation
        history : History
            Its ``compared_folds`` are changed.
        order : sequence of int
            The folds in the order in which a trial is evaluated on them.
        """
        trial = next((t for t in history if t.status == RUNNING and _timed(t, history)), None)
        if trial is not history[evaluation.trial] or not is_open(history):
            return
        if self._starting is not None and self._starting():
            return
        n_timed = len(_timed(trial, history))
        affordable = n_timed + self._affordable(trial, history)
        n_folds = min(int(affordable / LEAST_TRIALS), history.n_folds)
        if n_timed == 1 and affordable >= LEAST_TRIALS:
            # The first evaluation includes lazy imports, so a second one is needed.
            n_folds = max(n_folds, min(2, history.n_folds))
        while n_folds < history.n_folds and Key(order[n_folds], history.share) in trial.evaluations:
            n_folds += 1  # folds that were evaluated already cost nothing
        self._compare_on(tuple(sorted(order[: max(n_folds, 1)])), history)

    def reconsider(self, history: History) -> None:
        """Return to all folds if a continued run has the time.

        The trials that were complete on fewer folds then resume on the missing ones; there must
        be time for all of them, and for three new trials.
        """
        if len(history.compared_folds) < history.n_folds and self._affords_all(history):
            self._compare_on(tuple(range(history.n_folds)), history)
        for trial in history:
            if trial.status == COMPLETE and np.isnan(history.compared_scores(trial)).any():
                history.set_status(trial, RUNNING)

    def can_end(self, trial: Trial, history: History) -> bool:
        """Return whether there is time for a trial's missing folds, and for its last fit.

        True while the duration is unknown or no trial is complete. The default is never paused,
        because others are compared with it.
        """
        if is_open(history) or not _timed(trial, history) or trial is default_of(history):
            return True
        n_missing = np.isnan(history.compared_scores(trial)).sum()
        return bool(self._affordable(trial, history) >= n_missing)

    def _affords_all(self, history: History) -> bool:
        """Return whether there is time for all folds of complete trials and of three more."""
        known = next((trial for trial in history if _timed(trial, history)), None)
        complete = [trial for trial in history if trial.status == COMPLETE]
        n_missing = sum(np.isnan(history.fold_scores(trial)).sum() for trial in complete)
        wanted = n_missing + LEAST_TRIALS * history.n_folds
        return known is None or bool(self._affordable(known, history) >= wanted)

    def _affordable(self, trial: Trial, history: History) -> float:
        """Return the number of evaluations like those of a trial for which there is time."""
        seconds = min(evaluation.seconds for evaluation in _timed(trial, history))
        left = max(self._clock.left() - self._refit(trial), 0.0)
        return left * self._n_workers / max(seconds, FASTEST)

    def _compare_on(self, folds: tuple[int, ...], history: History) -> None:
        """Change the folds on which trials are compared."""
        if folds != history.compared_folds:
            history.compared_folds = folds
            self._tell(folds)


def default_of(history: History) -> Trial | None:
    """Return the trial of the default, or None without one."""
    first = history[0] if len(history) else None
    return first if first is not None and first.origin == "default" and first.eligible else None


def is_open(history: History) -> bool:
    """Return whether the folds may still change: no trial is complete with them."""
    return all(trial.status != COMPLETE for trial in history)


def _timed(trial: Trial, history: History) -> list[Evaluation]:
    """Return a trial's evaluations from which the duration of others can be predicted."""
    evaluations = trial.evaluations.values()
    return [e for e in evaluations if e.status == COMPLETE and e.fidelity == history.share]


def one_fold_counts(history: History) -> bool:
    """Return whether trials are compared on one fold if there is no time for more.

    They are if there is nothing to compare otherwise, or only two trials on two folds.
    """
    compared = (COMPLETE, DROPPED, RUNNING)
    n_compared = sum(trial.eligible and trial.status in compared for trial in history)
    return n_compared < (LEAST_TRIALS if len(history.compared_folds) <= 2 else 2)


def compare_as_far_as_known(
    history: History, seconds_per_trial: float | None, *, may_save_folds: bool = False
) -> bool:
    """Compare trials on fewer folds if the deciding trials are incomplete; return whether.

    These are the folds of the default, unless the best trial is better on the folds that both
    have. If no eligible trial is complete, they are the folds that the two trials with the most
    folds share; if so few are complete that one fold counts, those of the incomplete trial with
    the most folds.
    Incomplete trials are those interrupted by the end of the search, not by their own limit.
    """
    limit = math.inf if seconds_per_trial is None else seconds_per_trial
    cut = {t.number: sound_folds(t, history) for t in history if _is_cut(t, history, limit)}
    cut = {number: folds for number, folds in cut.items() if folds}
    complete = [t for t in history if t.can_win]
    default = default_of(history)
    known = [] if default is None else cut.get(default.number, [])
    if complete:
        best = max(complete, key=history.score)
        if known and _mean_on(known, best, history) > _mean_on(known, history[0], history):
            return False
        if not known and not (may_save_folds and one_fold_counts(history)):
            return False
    longest = sorted(cut.values(), key=len, reverse=True)[: 1 if complete else 2]
    if not longest:
        return False
    folds = known or longest[-1]
    history.compared_folds = tuple(folds)
    for number, others in cut.items():
        if set(folds) <= set(others):
            history.set_status(history[number], COMPLETE)
    return True


def warn_of_default(history: History) -> None:
    """Warn that the default was not compared on all folds, and why."""
    default = default_of(history)
    if default is None or default.status not in (INTERRUPTED, TIMEOUT):
        return
    n_known = len(sound_folds(default, history))
    why = "the search ended before the others"
    if default.status == TIMEOUT and default.error:
        why = last_line(default.error)
    compared = "the winner is better on those" if n_known else "the gain from tuning is unknown"
    warn(
        f"the model with its own parameters was evaluated on {n_known} of "
        f"{len(history.compared_folds)} folds ({why}): {compared}, and default_score_ is nan. "
        "Allow more seconds, or fewer folds (cv)",
    )


def sound_folds(trial: Trial, history: History) -> list[int]:
    """Return the compared folds on which a trial was evaluated in full and has a score."""
    scores = history.fold_scores(trial)
    timed = {e.fold for e in _timed(trial, history) if e.phase == SEARCH}
    return [fold for fold in history.compared_folds if fold in timed and np.isfinite(scores[fold])]


def _is_cut(trial: Trial, history: History, limit: float) -> bool:
    """Return whether the end of the search interrupted an eligible trial."""
    if trial.status == TIMEOUT:
        return trial.eligible and history.seconds_spent(trial, Key(0)) < limit
    return trial.eligible and trial.status == INTERRUPTED


def _mean_on(folds: Sequence[int], trial: Trial, history: History) -> float:
    """Return a trial's mean score on some folds."""
    with np.errstate(invalid="ignore", over="ignore"):  # infinite and huge scores
        return float(np.mean(history.fold_scores(trial)[list(folds)]))
