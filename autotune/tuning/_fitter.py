"""Fits on all rows: in a worker, in the main process, or in a thread of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

from .._texts import warn
from ..evaluation import Job, Outcome, Task, final_params, train_share
from ..execution import (
    ClusterLostError,
    Executor,
    UnsendableError,
    WorkerStartError,
    local_parallelism,
    run_watched,
)
from ..history import REFIT, TIMEOUT, Trial, derive_seed
from ..timing import LAST_FIT_GRACE, Clock, Fitted


class Fitter:
    """Fits trials on all rows, or on a share of them, where the fit can be killed.

    Parameters
    ----------
    task : Task
    executor : Executor
        Used if a fit may have to be killed; otherwise it runs in the main process.
    clock : Clock
    seed : int
        The seed from which those of the trials are derived.
    context : object or None
        The callback context of the first fit that succeeds.
    lost : ClusterLostError or None
        Why the executor can no longer be used, if it cannot.
    quiet : bool
        Whether to leave warnings to the caller or a later search.
    """

    def __init__(
        self,
        task: Task,
        executor: Executor,
        clock: Clock,
        seed: int,
        *,
        context: Any = None,
        lost: ClusterLostError | None = None,
        quiet: bool = False,
    ):
        self._task = task
        self._executor = executor
        self._clock = clock
        self._seed = seed
        self._context = context
        self._lost = lost
        self._quiet = quiet

    def fit(self, trial: Trial, seconds: float | None, share: float, need: float) -> Fitted:
        """Fit a trial on a share of all rows.

        Parameters
        ----------
        trial : Trial
        seconds : float or None
            Time limit of the fit.
        share : float
        need : float
            A cautious estimate of its duration; infinite if unknown.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if it did not end in time.
        """
        seed = derive_seed(self._seed, trial.number)
        searched = train_share(self._task.X, self._task.folds)
        job = Job(
            trial.number,
            None,
            final_params(self._task.estimator, trial, searched),
            seed,
            share,
            seconds,
            callback_context=self._context,
            phase=REFIT,
        )
        outcome = self.run(job, need)
        if isinstance(outcome.exception, UnsendableError):
            # It could be fitted in time elsewhere, so it can be here, where it need not travel.
            outcome = self._task.run(job)
        if not self._quiet:
            repeat_warnings(outcome.warnings)
        if outcome.model is not None:
            self._context = None  # it has ended; a further fit has none
            return Fitted(outcome.model, share, outcome.evaluation.fit_time, outcome.warnings)
        problem = f"the refit of trial {trial.number} failed: {outcome.evaluation.error}"
        if outcome.evaluation.status == TIMEOUT:
            raise TimeoutError(problem)
        raise outcome.exception or RuntimeError(problem)

    def run(self, job: Job, need: float) -> Outcome:
        """Run a job where it can be killed, if possible, otherwise in the main process.

        ``need`` is the longest time, in seconds, that it is expected to take; infinite if unknown.
        """
        timer = self._clock.timer(job.seconds)
        if self._lost is None:
            try:
                if self._is_better_here(job, need):
                    return self._run_here(job, need)
                return self._run_elsewhere(job, need)
            except ClusterLostError as error:
                self._lost = error
                self._warn(f"{error}: the last fit runs in this process")
        if job.seconds is not None:
            job = replace(job, seconds=timer.left())
        return self._run_without_cluster(job, need, self._lost)

    def _is_better_here(self, job: Job, need: float) -> bool:
        """Return whether to run a job in this process rather than wait for a worker."""
        late = bool(self._executor.delay) and job.seconds is not None
        return not self._executor.can_kill or (late and need <= (job.seconds or 0.0))

    def _run_without_cluster(self, job: Job, need: float, lost: ClusterLostError) -> Outcome:
        """Run a job in this process, where it cannot be killed, if it is known to be short."""
        if math.isinf(need):
            raise lost
        if job.seconds is not None and need > job.seconds:
            error = f"{lost}, and in this process it would take about {need:.3g} s"
            return Outcome(job.evaluation(status=TIMEOUT, error=error))
        with local_parallelism():
            return self._task.run(job)

    def _run_elsewhere(self, job: Job, need: float) -> Outcome:
        """Run a job where it can be killed, or here if it could not begin there in time.

        A job that ends before it has begun is not a failure of the model.
        """
        timer = self._clock.timer(job.seconds)
        try:
            outcome = self._await(job, timer, need)
        except WorkerStartError as error:
            self._warn(f"{error}; the last fit is made in this process")
            outcome = None
        if outcome is not None:
            return outcome
        left = None if job.seconds is None else max(timer.left() + LAST_FIT_GRACE, 0.0)
        return self._run_here(replace(job, seconds=left), need)

    def _await(self, job: Job, timer: Clock, need: float) -> Outcome | None:
        """Return the outcome of a job in a worker, None if it could not begin in time.

        It must begin while there is still time to run it in this process, or within half of the
        time.
        """
        latest = min(need, (job.seconds or 0.0) / 2)
        begun = False
        self._executor.submit(job)
        while True:
            wait = timer.left() + (LAST_FIT_GRACE if begun else -latest)
            for outcome in self._executor.collect(None if math.isinf(wait) else max(wait, 0.0)):
                evaluation = outcome.evaluation
                if (evaluation.trial, evaluation.key) == (job.trial, job.key):
                    return outcome
            begun = begun or self._executor.has_begun(job)
            wait = timer.left() + (LAST_FIT_GRACE if begun else -latest)
            if wait <= 0 and self._executor.cancel(job):
                return _timeout(job, "") if begun else None

    def _run_here(self, job: Job, need: float) -> Outcome:
        """Run a job in this process, in a thread if it may exceed the time."""
        if job.seconds is None or need <= job.seconds:
            return self._task.run(job)
        outcome = run_watched(copy(self._task), job)
        if outcome.evaluation.status == TIMEOUT and self._executor.delay:
            return _timeout(job, f" in this process; {self._executor.delay}")
        return outcome

    def _warn(self, message: str) -> None:
        """Warn, unless the search will."""
        if not self._quiet:
            warn(message)


def fit_default(
    task: Task, executor: Executor, clock: Clock, seed: int, params: dict[str, Any]
) -> Callable[[float, float], Fitted]:
    """Return a function that fits the default on a share of all rows without warnings."""
    trial = Trial(0, params, "default")
    fitter = Fitter(task, executor, clock, seed, quiet=True)
    return lambda share, seconds: fitter.fit(trial, seconds, share, need=math.inf)


def repeat_warnings(caught: list[tuple[type[Warning], str]]) -> None:
    """Repeat the warnings of a fit in another process."""
    for category, message in caught:
        warn(message, category)


def _timeout(job: Job, where: str) -> Outcome:
    """Return the outcome of a fit that took too long."""
    error = f"it did not end within {job.seconds:.3g} s{where}"
    return Outcome(job.evaluation(status=TIMEOUT, error=error))
