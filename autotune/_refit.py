"""The last fit: the winner on all rows, and the time that is kept for it."""

from __future__ import annotations

import math
import time
import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from ._budget import Clock
from ._history import COMPLETE, Evaluation, History, Trial
from ._seeds import derive_seed
from ._tuner import Listener
from .execution import REFIT, Executor, Job, Outcome, Task

_UNKNOWN = 0.2  # share of the seconds that is kept while no fit has ended
_TOLERANCE = 0.05, 1.0  # what a refit may run over: a share of the seconds, or seconds


class Reserve(Listener):
    """Predicts the seconds that the refit will take.

    The longest fit of the best trial so far, scaled by the square of the growth in rows:
    kernel methods grow like that, most others more slowly.

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
        self._growth = 1.1 * (_num_samples(task.X) / n_train) ** 2
        self._budget = seconds
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

    def predict(self, trial: Trial) -> float:
        """Return the seconds that fitting a trial on all rows may take."""
        return float(self._growth * max(e.fit_time for e in trial.evaluations.values()))

    def seconds_for_refit(self, clock: Clock) -> float | None:
        """Return the seconds after which a refit is ended; None: it may take what it takes."""
        if clock.seconds is None:
            return None
        share, least = _TOLERANCE
        return max(clock.left(), 0.0) + max(share * clock.seconds, least)


class Refit:
    """Fits a trial's configuration on all rows.

    Parameters
    ----------
    task : Task
    executor : Executor
        Used where the fit must be able to be ended; else it runs in this process.
    seed : int
        From which the seeds of the trials derive.
    context : object or None
        The callback context of the refit.
    """

    def __init__(self, task: Task, executor: Executor, seed: int, context: Any):
        self._task = task
        self._executor = executor
        self._seed = seed
        self._context = context

    def run(self, trial: Trial, seconds: float | None) -> tuple[Any, float]:
        """Return the fitted model and the seconds that it took.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if it was ended.
        """
        seed = derive_seed(self._seed, trial.number)
        job = Job(
            trial.number,
            REFIT,
            trial.params,
            seed,
            seconds=seconds,
            callback_context=self._context,
        )
        start = time.perf_counter()
        outcome = self._run_elsewhere(job) if self._executor.can_kill else self._task.run(job)
        duration = time.perf_counter() - start
        for category, message in outcome.warnings:
            warnings.warn(message, category, stacklevel=6)
        if outcome.model is None:
            error = outcome.evaluation.error
            raise outcome.exception or TimeoutError(f"the refit of trial {trial.number}: {error}")
        return outcome.model, duration

    def _run_elsewhere(self, job: Job) -> Outcome:
        """Run the refit where it can be killed."""
        self._executor.submit(job)
        while True:
            for outcome in self._executor.collect():
                if outcome.evaluation.fold == REFIT:
                    return outcome
