"""The last fit: the winner on all rows, and the time that is kept for it."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from ._budget import Clock
from ._history import COMPLETE, TIMEOUT, Evaluation, History, Trial
from ._seeds import derive_seed
from ._tuner import Listener
from .execution import REFIT, Executor, Job, Outcome, Task, UnsendableError

_GRACE = 0.1  # seconds for an executor to end the refit in time by itself
_UNKNOWN = 0.2  # share of the seconds that is kept while no fit has ended
_TOLERANCE = 0.04, 0.6  # what refits may run over: a share of the seconds, or seconds


class Reserve(Listener):
    """Predicts the seconds that the refit will take.

    The longest fit of the best trial so far, scaled by the growth in rows to the power of
    1.5: most models grow linearly, kernel methods quadratically.

    Parameters
    ----------
    task : Task
    seconds : float or None
        The budget.
    refit : bool
        Whether there is a refit.
    """

    def __init__(self, task: Task, seconds: float | None, *, refit: bool):
        n_train = np.mean([len(train) for train, _ in task.folds])
        self._growth = 1.1 * (_num_samples(task.X) / n_train) ** 1.5
        self._refit = refit
        self._best = -math.inf
        self._seconds = _UNKNOWN * (seconds or 0.0) if refit else 0.0

    def __call__(self, history: History) -> float:
        return self._seconds

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Take the first fits as a guess while no trial is complete."""
        if self._refit and self._best == -math.inf and evaluation.status == COMPLETE:
            self._seconds = self._growth * evaluation.fit_time

    def ended(self, trial: Trial, history: History) -> None:
        score = history.score(trial)
        if self._refit and trial.eligible and trial.status == COMPLETE and score > self._best:
            self._best, self._seconds = score, self.predict(trial)

    def learn(self, history: History) -> None:
        """Take note of what an earlier run, now continued, has found."""
        for trial in history:
            for evaluation in trial.evaluations.values():
                self.evaluated(evaluation, history)
            self.ended(trial, history)

    def predict(self, trial: Trial) -> float:
        """Return the seconds that fitting a trial on all rows may take."""
        return float(self._growth * _longest_fit(trial))


class Refit:
    """Fits the winner on all rows.

    Parameters
    ----------
    task : Task
    executor : Executor
        Used where the fit must be able to be ended; else it runs in this process.
    clock : Clock
    seed : int
        From which the seeds of the trials derive.
    context : object or None
        The callback context of the refit.
    """

    def __init__(self, task: Task, executor: Executor, clock: Clock, seed: int, context: Any):
        self._task = task
        self._executor = executor
        self._clock = clock
        self._seed = seed
        self._context = context

    def run(self, best: Trial, history: History) -> tuple[Trial, Any, float]:
        """Return the trial that was refitted, the fitted model and the seconds that it took.

        A winner whose refit does not end within the budget is replaced by the best of the
        trials that are at least ten times faster to fit, or else by the fastest.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if no refit ended in time.
        """
        if self._clock.seconds is None:
            return self._fit(best, None)
        share, least = _TOLERANCE
        tolerance = max(share * self._clock.seconds, least)
        stand_in = _stand_in(best, history)
        if stand_in is None:
            return self._only(best, tolerance)
        try:
            return self._fit(best, self._left() + tolerance / 2)
        except TimeoutError as error:
            warnings.warn(
                f"{error}: trial {stand_in.number}, which is faster to fit, is used instead",
                stacklevel=6,
            )
            return self._fit(stand_in, self._left() + tolerance / 2)

    def _only(self, trial: Trial, tolerance: float) -> tuple[Trial, Any, float]:
        """Fit the trial for which there is no stand-in."""
        try:
            return self._fit(trial, self._left() + tolerance)
        except TimeoutError as error:
            raise TimeoutError(
                f"budget: {self._clock.seconds:g} s are too few for this model and these data: "
                f"{error}, and there is no other trial to use. Allow more seconds"
            ) from error

    def _left(self) -> float:
        """Return the seconds that are left of the budget."""
        return max(self._clock.left_for_refit(), 0.0)

    def _fit(self, trial: Trial, seconds: float | None) -> tuple[Trial, Any, float]:
        """Fit one trial on all rows, within a number of seconds."""
        job = Job(
            trial.number,
            REFIT,
            trial.params,
            derive_seed(self._seed, trial.number),
            seconds=seconds,
            callback_context=self._context,
        )
        start = time.perf_counter()
        elsewhere = self._executor.can_kill
        outcome = self._run_elsewhere(job) if elsewhere else self._task.run(job)
        if isinstance(outcome.exception, UnsendableError):
            # It could be fitted in time elsewhere, so it can be here, where it need not travel.
            outcome = self._task.run(job)
        duration = time.perf_counter() - start
        for category, message in outcome.warnings:
            warnings.warn(message, category, stacklevel=7)
        if outcome.model is not None:
            return trial, outcome.model, duration
        problem = f"the refit of trial {trial.number} failed: {outcome.evaluation.error}"
        if outcome.evaluation.status == TIMEOUT:
            raise TimeoutError(problem)
        raise outcome.exception or RuntimeError(problem)

    def _run_elsewhere(self, job: Job) -> Outcome:
        """Run a refit where it can be killed."""
        self._executor.submit(job)
        end = math.inf if job.seconds is None else time.monotonic() + job.seconds + _GRACE
        while True:
            patience = None if math.isinf(end) else max(end - time.monotonic(), 0.0)
            for outcome in self._executor.collect(patience):
                if outcome.evaluation.fold == REFIT:
                    return outcome
            if time.monotonic() >= end and self._executor.cancel(job):
                error = f"it did not end within {job.seconds:.3g} s"
                return Outcome(Evaluation(job.trial, REFIT, status=TIMEOUT, error=error))


def _stand_in(best: Trial, history: History) -> Trial | None:
    """Return the trial that is refitted if the winner's refit takes too long.

    It is not worse than the default, where that is in the race.
    """
    floor = max(_default_scores(history), default=-math.inf)
    others = [t for t in history if t.status == COMPLETE and t.eligible and t is not best]
    others = [t for t in others if history.score(t) >= floor]
    if best.status != COMPLETE or not others:
        return None
    fast = [t for t in others if _longest_fit(t) < 0.1 * _longest_fit(best)]
    if fast:
        return max(fast, key=history.score)
    return min(others, key=_longest_fit)


def _default_scores(history: History) -> list[float]:
    """Return the scores of the defaults that may win."""
    return [
        history.score(trial)
        for trial in history
        if trial.origin == "default" and trial.eligible and trial.status == COMPLETE
    ]


def _longest_fit(trial: Trial) -> float:
    """Return the seconds of a trial's longest fit."""
    return max(evaluation.fit_time for evaluation in trial.evaluations.values())
