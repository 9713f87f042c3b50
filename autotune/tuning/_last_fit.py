"""The last fit: the winner on all rows, and the time that is kept for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

from .._texts import warn
from ..compat import num_samples
from ..evaluation import REFIT, Job, Outcome, Task
from ..execution import (
    ClusterLostError,
    Executor,
    UnsendableError,
    WorkerStartError,
    local_parallelism,
    run_watched,
)
from ..history import COMPLETE, FULL, TIMEOUT, Evaluation, History, Trial, derive_seed
from ..timing import FASTEST, Clock, FirstModel, Fitted, Growth, Scale, longest_fit, searched_share

_GRACE = 0.1  # seconds for an executor to end the refit in time by itself
_MARGIN = 1.25  # times what a refit is expected to take
_RESTART = 0.1  # share of the seconds, kept for another process to begin that other fit
_KEPT = 1.5  # times what a fit on the rows of the search took, kept for another one
_WORTHWHILE = 1.3  # times the rows of the fit before that another one must have, if not all
_TELLING = 1.5  # times the rows of another fit from which two tell how the seconds grow
_FEWEST = 0.05  # share of the rows that a last fit has at least
_TOLERANCE = 0.04, 0.6  # what refits may run over: a share of the seconds, or seconds


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
    scale : Scale
        On what share of the rows the search trained.
    divisible : bool
        Whether a model of fewer rows can be used: not that of fewer columns of a kernel.
    lost : ClusterLostError or None
        Why the executor cannot be used any more, where the search has found that out.
    first : FirstModel or None
        The default, fitted before the search.
    """

    def __init__(
        self,
        task: Task,
        executor: Executor,
        clock: Clock,
        seed: int,
        context: Any,
        scale: Scale | None = None,
        *,
        divisible: bool = True,
        lost: ClusterLostError | None = None,
        first: FirstModel | None = None,
    ):
        self._task = task
        self._executor = executor
        self._clock = clock
        self._seed = seed
        self._context = context
        self._scale = Scale() if scale is None else scale
        self._divisible = divisible
        self._lost = lost
        self._first = first
        self._held: list[Outcome] | None = None  # whose warnings wait for the model to be used

    def fit_default(self, params: dict[str, Any]) -> Callable[[float, float], Fitted]:
        """Return a function that fits the default on a share of all rows, and does not warn."""
        trial = Trial(0, params, "default")

        def fit(share: float, seconds: float) -> Fitted:
            self._held = []
            _, model, _ = self._fit(trial, seconds, share)
            (outcome,) = self._held
            return Fitted(model, share, outcome.evaluation.fit_time, outcome.warnings)

        return fit

    def run(self, best: Trial, history: History) -> tuple[Trial, Any, float]:
        """Return the trial that was refitted, the fitted model and the seconds that it took.

        A winner whose refit does not end within the budget is replaced by the best of the
        trials that are at least ten times faster to fit, or else by the fastest, on as many
        rows as there is time for. After a search on a share of the rows, so is the winner.
        But where the default was fitted on all rows before the search, so must be the winner,
        or else it is the default.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if no refit ended in time.
        """
        if self._clock.seconds is None:
            return self._fit(best, None)
        share, least = _TOLERANCE
        tolerance = max(share * self._clock.seconds, least)
        if self._first is not None and self._first.is_whole:
            return self._whole(best, history, tolerance)
        if self._scale.share < 1.0:
            return self._on_fewer_rows(best, history, tolerance)
        stand_in = _stand_in(best, history)
        if stand_in is None:
            return self._only(best, history, tolerance)
        try:
            return self._fit(best, self._left() + tolerance / 2)
        except TimeoutError as error:
            warn(
                f"{error}: trial {stand_in.number}, which is faster to fit, is used instead",
            )
        try:
            return self._quickly(stand_in, self._left() + tolerance / 2)
        except TimeoutError:
            if self._first is None or self._first.fitted is None:
                raise
            self._warn_of_rows(self._first.fitted.share)
            return self._use_first(_default(history))

    def _quickly(self, trial: Trial, seconds: float) -> tuple[Trial, Any, float]:
        """Fit a trial on as many rows as can be fitted in some seconds."""
        share = FULL
        if self._divisible:
            known = (searched_share(self._task, self._scale), max(longest_fit(trial), FASTEST))
            share = min(max(Growth([known]).rows(seconds / _MARGIN), _FEWEST), FULL)
        fitted = self._fit(trial, seconds, share)
        self._warn_of_rows(share)
        return fitted

    def _whole(self, best: Trial, history: History, tolerance: float) -> tuple[Trial, Any, float]:
        """Fit the winner on all rows, if it is not the default; if it cannot be, take that."""
        default = _default(history)
        if best is default:
            return self._use_first(default)
        known = (searched_share(self._task, self._scale), max(longest_fit(best), FASTEST))
        reason = "there was no time to fit it on all rows. Allow more seconds"
        if Growth([known], self._scale.exponent).seconds(FULL) <= self._left() + tolerance:
            try:
                return self._fit(best, self._left() + tolerance / 2)
            except TimeoutError:
                pass  # that is the reason
            except Exception as error:
                reason = f"it could not be fitted on all rows ({type(error).__name__}: {error})"
        warn(
            f"trial {best.number} is the best of the search, but {reason}: the model with its own "
            "parameters, which was fitted on all rows, is used instead",
        )
        return self._use_first(default)

    def _use_first(self, default: Trial) -> tuple[Trial, Any, float]:
        """Return the model that was fitted before the search, and repeat its warnings."""
        assert self._first is not None
        fitted = self._first.fitted
        assert fitted is not None
        for category, message in fitted.warnings:
            warn(message, category)
        return default, fitted.model, fitted.seconds

    def _only(
        self, trial: Trial, history: History, tolerance: float, share: float = FULL
    ) -> tuple[Trial, Any, float]:
        """Fit the trial for which there is no stand-in but the first model."""
        try:
            return self._fit(trial, self._left() + tolerance, share)
        except (TimeoutError, ClusterLostError) as error:
            if self._first is not None and self._first.fitted is not None:
                self._warn_of_rows(self._first.fitted.share)
                return self._use_first(_default(history))
            if isinstance(error, ClusterLostError):
                raise
            raise TimeoutError(
                f"budget: {self._clock.seconds:g} s are too few for this model and these data: "
                f"{error}, and there is no other trial to use. Allow more seconds"
            ) from error

    def _on_fewer_rows(
        self, trial: Trial, history: History, tolerance: float
    ) -> tuple[Trial, Any, float]:
        """Fit a trial on all rows if there is time, or else on as many as there is time for.

        Time is kept for a fit on as many rows as the search took, whose time is known.
        """
        searched = searched_share(self._task, self._scale)
        measured, kept = [], 0.0
        if any(fidelity == FULL for _, fidelity in trial.evaluations):
            known = longest_fit(trial)
            measured.append((searched, max(known, FASTEST)))
            kept = max(_KEPT * known, _RESTART * (self._clock.seconds or 0.0))
        if self._first is not None and self._first.fitted and trial is _default(history):
            return self._on_more_rows(trial, self._first.fitted, measured)
        larger = self._larger_share(measured, kept)
        fitted = None if larger is None else self._attempt(trial, larger, kept)
        if larger is not None and fitted is not None:
            share, fitted = self._grown(trial, larger, fitted, measured)
        else:
            share, fitted = searched, self._only(trial, history, tolerance, searched)
            if fitted[0] is not trial:  # it is the first model
                return fitted
            if larger is None:  # else what did not end in time would not do so now
                share, fitted = self._grown(trial, share, fitted, [])
        self._warn_of_rows(share)
        return fitted

    def _on_more_rows(
        self, trial: Trial, first: Fitted, measured: list[tuple[float, float]]
    ) -> tuple[Trial, Any, float]:
        """Fit the default on more rows than before the search, or take the model from then.

        ``measured`` is the share and the seconds of a fit in the search, if one ended.
        """
        measured = sorted([*measured, (first.share, first.seconds)])
        if measured[-1][0] < _TELLING * measured[0][0]:
            measured = measured[-1:]
        share, fitted = first.share, self._use_first(trial)
        larger = self._larger_share(measured, 0.0)
        better = None if larger is None else self._attempt(trial, larger, 0.0)
        if larger is not None and better is not None:
            share, fitted = self._grown(trial, larger, better, measured)
        self._warn_of_rows(share)
        return fitted

    def _grown(
        self,
        trial: Trial,
        share: float,
        fitted: tuple[Trial, Any, float],
        measured: list[tuple[float, float]],
    ) -> tuple[float, tuple[Trial, Any, float]]:
        """Fit on more and more rows while the time that is left is enough.

        When a fit took less time than expected, it may be. ``measured`` are the shares and
        the seconds of earlier fits; the last share and its fit are returned.
        """
        while self._executor.can_kill:
            measured = [*measured, (share, max(fitted[2], FASTEST))]
            larger = self._larger_share(measured, 0.0)
            better = None if larger is None else self._attempt(trial, larger, 0.0)
            if larger is None or better is None:
                break
            share, fitted = larger, better
        return share, fitted

    def _larger_share(self, measured: list[tuple[float, float]], kept: float) -> float | None:
        """Return on what share of the rows a fit should end in time, None if on hardly more.

        ``measured`` are the shares and the seconds of earlier fits; the seconds ``kept`` are
        not to be used.
        """
        if not measured or measured[-1][0] >= 1.0:
            return None
        growth = Growth(measured, self._scale.exponent)
        share = min(growth.rows(max(self._left() - kept, 0.0) / _MARGIN), 1.0)
        return share if share >= min(_WORTHWHILE * measured[-1][0], 1.0) else None

    def _attempt(self, trial: Trial, share: float, kept: float) -> tuple[Trial, Any, float] | None:
        """Fit a trial on a share of the rows, None if that fails: one on fewer rows is used.

        If there is not enough time, the warning of the number of rows tells.
        """
        try:
            return self._fit(trial, max(self._left() - kept, 0.0), share)
        except TimeoutError:
            return None
        except Exception as error:
            warn(
                f"the last fit on {share:.0%} of the rows failed ({error}): one on fewer rows is "
                "used",
            )
            return None

    def _warn_of_rows(self, share: float) -> None:
        """Say that the model has not seen all rows."""
        if share < 1.0:
            n_rows = num_samples(self._task.X)
            warn(
                f"budget: {self._clock.seconds:g} s are too few to fit this model on all rows: it "
                f"was fitted on {math.ceil(share * n_rows)} of {n_rows}. Allow more seconds",
            )

    def _left(self) -> float:
        """Return the seconds that are left of the budget."""
        return max(self._clock.left_for_refit(), 0.0)

    def _fit(
        self, trial: Trial, seconds: float | None, share: float = FULL
    ) -> tuple[Trial, Any, float]:
        """Fit one trial on a share of all rows, within a number of seconds."""
        job = Job(
            trial.number,
            REFIT,
            trial.params,
            derive_seed(self._seed, trial.number),
            share,
            seconds=seconds,
            callback_context=self._context,
        )
        start = time.perf_counter()
        outcome = self._run(job, self._need(trial, share))
        if isinstance(outcome.exception, UnsendableError):
            # It could be fitted in time elsewhere, so it can be here, where it need not travel.
            outcome = self._task.run(job)
        duration = time.perf_counter() - start
        if self._held is not None:
            self._held.append(outcome)
        for category, message in outcome.warnings if self._held is None else ():
            warn(message, category)
        if outcome.model is not None:
            self._context = None  # it has ended; a further fit has none
            return trial, outcome.model, duration
        problem = f"the refit of trial {trial.number} failed: {outcome.evaluation.error}"
        if outcome.evaluation.status == TIMEOUT:
            raise TimeoutError(problem)
        raise outcome.exception or RuntimeError(problem)

    def _run(self, job: Job, need: float) -> Outcome:
        """Run a refit where it can be ended, if there is such a place, else in this process."""
        start = time.monotonic()
        if self._lost is None:
            try:
                if self._is_better_here(job, need):
                    return self._run_here(job, need)
                return self._run_elsewhere(job, need)
            except ClusterLostError as error:
                self._lost = error
                if self._held is None:  # else the search will say so
                    warn(f"{error}: the last fit runs in this process")
        if job.seconds is not None:
            job = replace(job, seconds=job.seconds - (time.monotonic() - start))
        return self._run_without_cluster(job, need, self._lost)

    def _is_better_here(self, job: Job, need: float) -> bool:
        """Return whether a refit is made in this process: nobody knows when a worker is ready."""
        late = bool(self._executor.delay) and job.seconds is not None
        return not self._executor.can_kill or (late and need <= (job.seconds or 0.0))

    def _run_without_cluster(self, job: Job, need: float, lost: ClusterLostError) -> Outcome:
        """Run a refit in this process, where it cannot be ended, if it is known to be short."""
        if math.isinf(need):
            raise lost
        if job.seconds is not None and need > job.seconds:
            error = f"{lost}, and in this process it would take about {need:.3g} s"
            return Outcome(Evaluation(job.trial, REFIT, status=TIMEOUT, error=error))
        with local_parallelism():
            return self._task.run(job)

    def _need(self, trial: Trial, share: float) -> float:
        """Return the seconds that a fit on a share of all rows may take, infinite if unknown."""
        fits = [e for e in trial.evaluations.values() if e.fidelity == FULL]
        if not fits or any(e.status != COMPLETE for e in fits):
            return math.inf
        growth = (share / searched_share(self._task, self._scale)) ** self._scale.exponent
        return _MARGIN * growth * longest_fit(trial)

    def _run_elsewhere(self, job: Job, need: float) -> Outcome:
        """Run a refit where it can be killed, or here if it could not begin there in time.

        What ends before it has begun is no fault of the model's.
        """
        seconds = math.inf if job.seconds is None else job.seconds
        begun, start = False, time.monotonic()
        end = start + seconds + _GRACE
        latest = end if job.seconds is None else end - _GRACE - min(need, seconds / 2)
        try:
            self._executor.submit(job)
            while True:
                until = end if begun else latest
                patience = None if math.isinf(until) else max(until - time.monotonic(), 0.0)
                for outcome in self._executor.collect(patience):
                    if outcome.evaluation.fold == REFIT:
                        return outcome
                begun = begun or self._executor.has_begun(job)
                if time.monotonic() >= (end if begun else latest) and self._executor.cancel(job):
                    break
        except WorkerStartError as error:
            if self._held is None:  # else the search will say so
                warn(f"{error}; the last fit is made in this process")
            begun = False
        if begun:
            return _timeout(job, seconds, "")
        left = None if job.seconds is None else max(end - time.monotonic(), 0.0)
        return self._run_here(replace(job, seconds=left), need)

    def _run_here(self, job: Job, need: float) -> Outcome:
        """Run a refit in this process, in a thread if it may take more time than there is."""
        if job.seconds is None or need <= job.seconds:
            return self._task.run(job)
        outcome = run_watched(copy(self._task), job)
        if outcome.evaluation.status == TIMEOUT and self._executor.delay:
            return _timeout(job, job.seconds, f" in this process; {self._executor.delay}")
        return outcome


def _timeout(job: Job, seconds: float, where: str) -> Outcome:
    """Return the outcome of a refit that took too long."""
    error = f"it did not end within {seconds:.3g} s{where}"
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
    fast = [t for t in others if longest_fit(t) < 0.1 * longest_fit(best)]
    if fast:
        return max(fast, key=history.score)
    return min(others, key=longest_fit)


def _default(history: History) -> Trial:
    """Return the trial of the default that was fitted first."""
    return next(trial for trial in history if trial.origin == "default")


def _default_scores(history: History) -> list[float]:
    """Return the scores of the defaults that may win."""
    return [
        history.score(trial)
        for trial in history
        if trial.origin == "default" and trial.eligible and trial.status == COMPLETE
    ]
