"""Racing: a trial without a realistic chance against the best one is stopped."""

from __future__ import annotations

from collections import deque

import numpy as np
from scipy.special import stdtrit

from ..history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    FULL,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
    Trial,
)
from ._contract import Request, Scheduler
from ._full import verdict

_PRIOR_FREEDOM = 4  # degrees of freedom of the prior variance from other trials
_PRIOR_TRIALS = 4  # completed trials that weigh as much as the guess made without any


class Racing(Scheduler):
    """Evaluates a trial fold by fold and stops it when it can no longer win.

    After each fold the differences to the incumbent on the same folds predict the difference
    of the final means. With m of k folds done, their mean d and a variance s^2, the trial is
    stopped when ``d + t(1 - eps, nu) sqrt(s^2 (k - m) / (k m)) < 0``: Student's prediction
    for the mean of a finite population of k folds. The variance is shrunk towards s0^2, the
    median of the variances of other completed trials' differences to the incumbent, as in
    Smyth (2004): ``s^2 = (4 s0^2 + sum (d_i - d)^2) / (4 + m - 1)``. While few trials are
    complete, s0^2 is in turn shrunk towards the variance of two unrelated trials, so that
    trials are not stopped because a few others happen to agree.

    Only completed, eligible trials become incumbent. The folds of a trial run one at a time,
    but in parallel until there is an incumbent and when no new trial will begin.

    Parameters
    ----------
    n_folds : int
    seed : int
        Determines the order of the folds, the same for all trials.
    eps : float
        Probability with which a test may stop the best trial; 0 stops none.
    fidelity : float, default=1.0
    """

    def __init__(self, n_folds: int, seed: int = 0, eps: float = 0.02, fidelity: float = FULL):
        super().__init__(n_folds, fidelity)
        self.eps = eps
        self.order = np.random.RandomState(seed).permutation(n_folds).tolist()
        self._planned: dict[int, deque[Request]] = {}
        self._n_running: dict[int, int] = {}
        self._in_parallel = True
        self._scores: dict[int, np.ndarray] = {}
        self._compared = set(self.order)  # the folds that count now; others may count again

    def begin(self, trial: Trial) -> None:
        requests = (Request(trial.number, fold, self.fidelity) for fold in self.order)
        self._planned[trial.number] = deque(r for r in requests if r.key not in trial.evaluations)
        self._n_running[trial.number] = 0

    def next(self) -> Request | None:
        for number, requests in self._planned.items():
            if self._in_parallel or not self._n_running[number]:
                counting = (r for r in requests if r.fold in self._compared)
                request = next(counting, None)
                if request is not None:
                    self._n_running[number] += 1
                    requests.remove(request)
                    return request
        return None

    def pause(self, trial: Trial) -> bool:
        self._forget(trial)
        return True

    def drain(self) -> None:
        self._in_parallel = True

    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        trial = history[evaluation.trial]
        if self._n_running.get(trial.number):  # 0 when it is of an earlier run
            self._n_running[trial.number] -= 1
        self._compared = set(history.compared_folds)
        if trial.status != RUNNING:
            return []
        with np.errstate(over="ignore", invalid="ignore"):  # of scores whose squares are infinite
            return self._decide(trial, evaluation, history)

    def _decide(
        self, trial: Trial, evaluation: Evaluation, history: History
    ) -> list[tuple[Trial, str]]:
        """Return the trials that an evaluation ends, with their status."""
        status = self._judge(trial, evaluation, history)
        if status is None:
            return []
        self._forget(trial)
        ended = [(trial, status)]
        if status == COMPLETE and self._incumbent(history, trial) is trial:
            self._in_parallel = False
            ended += self._stop_hopeless(trial, history)
        return ended

    def _judge(self, trial: Trial, evaluation: Evaluation, history: History) -> str | None:
        """Return the status with which a trial ends, or None if it continues."""
        counts = evaluation.fold in self._compared
        if counts and evaluation.status in (TIMEOUT, CRASHED):
            return evaluation.status
        if counts and not np.isfinite(history.fold_scores(trial)[evaluation.fold]):
            return FAILED
        scores = history.compared_scores(trial)
        if not np.isnan(scores).any():
            return verdict(trial, history)
        hopeless = counts and self._is_hopeless(trial, self._incumbent(history), history)
        return DROPPED if hopeless else None

    def _stop_hopeless(self, incumbent: Trial, history: History) -> list[tuple[Trial, str]]:
        """Test the running trials against a new incumbent."""
        stopped = []
        for number in list(self._planned):
            trial = history[number]
            if trial.status == RUNNING and self._is_hopeless(trial, incumbent, history):
                self._forget(trial)
                stopped.append((trial, DROPPED))
        return stopped

    def _forget(self, trial: Trial) -> None:
        """Discard the planned evaluations of a trial."""
        self._planned.pop(trial.number, None)

    def _incumbent(self, history: History, newcomer: Trial | None = None) -> Trial | None:
        """Return the best of the completed trials that may win, the earliest among equals."""
        complete = [t for t in history if t.eligible and (t.status == COMPLETE or t is newcomer)]
        return max(complete, key=lambda t: self._complete_scores(t, history).mean(), default=None)

    def _complete_scores(self, trial: Trial, history: History) -> np.ndarray:
        """Return the fold scores of a completed trial."""
        if trial.number not in self._scores:
            self._scores[trial.number] = history.compared_scores(trial)
        return self._scores[trial.number]

    def _is_hopeless(self, trial: Trial, incumbent: Trial | None, history: History) -> bool:
        """Return whether a trial's final mean almost certainly stays below the best."""
        if incumbent is None or self.eps <= 0:
            return False
        best = self._complete_scores(incumbent, history)
        difference = history.compared_scores(trial) - best
        difference = difference[np.isfinite(difference)]
        m, k = len(difference), len(best)
        if not 0 < m < k:
            return False
        freedom = _PRIOR_FREEDOM + m - 1
        spread = np.sum((difference - difference.mean()) ** 2)
        usual = self._usual_variance(incumbent, history)
        variance = (_PRIOR_FREEDOM * usual + spread) / freedom
        slack = stdtrit(freedom, 1 - self.eps) * np.sqrt(variance * (k - m) / (k * m))
        return bool(difference.mean() + slack < 0)

    def _usual_variance(self, incumbent: Trial, history: History) -> float:
        """Return the variance of fold differences that a trial is expected to have."""
        best = self._complete_scores(incumbent, history)
        unrelated = 2 * best.var(ddof=1)
        others = [t for t in history if t.status == COMPLETE and t is not incumbent]
        if not others:
            return float(unrelated)
        variances = [(self._complete_scores(t, history) - best).var(ddof=1) for t in others]
        n = len(others)
        weighted = n * np.median(variances) + _PRIOR_TRIALS * unrelated
        return float(weighted / (n + _PRIOR_TRIALS))
