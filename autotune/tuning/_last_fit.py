"""The last fit: the winner on all rows, or on as many as there is time for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from .._texts import warn
from ..compat import num_samples
from ..evaluation import Task
from ..execution import ClusterLostError, Executor
from ..history import FULL, History, Trial
from ..timing import (
    Clock,
    FirstModel,
    Fitted,
    LastFitTime,
    Measured,
    Subsample,
    stand_in,
    usable_fits,
)
from ._fitter import Fitter, repeat_warnings


class Refit:
    """Fits the winner on all rows.

    A winner whose refit does not end within the budget is replaced by the best of the trials
    that are at least ten times faster to fit, or else by the fastest, on as many rows as there
    is time for. After a search on a share of the rows, the winner itself is fitted on as many.
    But where the default was fitted on all rows before the search, so must be the winner, or
    else it is the default.

    Parameters
    ----------
    task : Task
    executor : Executor
    clock : Clock
    seed : int
        From which the seeds of the trials derive.
    context : object or None
        The callback context of the refit.
    subsample : Subsample
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
        subsample: Subsample | None = None,
        *,
        divisible: bool = True,
        lost: ClusterLostError | None = None,
        first: FirstModel | None = None,
    ):
        self._subsample = Subsample() if subsample is None else subsample
        self._n_rows = num_samples(task.X)
        self._executor = executor
        self._clock = clock
        self._divisible = divisible
        self._first = None if first is None else first.fitted
        self._time = LastFitTime(task, clock, self._subsample)
        self._fitter = Fitter(task, executor, clock, seed, context=context, lost=lost)

    def run(self, best: Trial, history: History) -> tuple[Trial, Any, float]:
        """Return the trial that was refitted, the fitted model and the seconds that it took.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if no refit ended in time.
        """
        used, fitted = self._run(best, history)
        if fitted.share < FULL:
            warn(
                f"budget: {self._clock.seconds:g} s are too few to fit this model on all rows: it "
                f"was fitted on {math.ceil(fitted.share * self._n_rows)} of {self._n_rows}. Allow "
                "more seconds",
            )
        return used, fitted.model, fitted.seconds

    def _run(self, best: Trial, history: History) -> tuple[Trial, Fitted]:
        """Return the trial that was refitted, and the fitted model."""
        if self._clock.seconds is None:
            return best, self._fit(best, None)
        if self._first is not None and self._first.share == FULL:
            return self._whole(best, history, self._first)
        if self._subsample.share < FULL:
            return self._on_fewer_rows(best, history)
        other = stand_in(best, history)
        if other is None:
            return self._only(best, history)
        return self._or_stand_in(best, other, history)

    def _or_stand_in(self, best: Trial, other: Trial, history: History) -> tuple[Trial, Fitted]:
        """Fit the winner, or else another trial on as many rows as there is time for."""
        try:
            return best, self._fit(best, self._time.left() + self._time.tolerance / 2)
        except TimeoutError as error:
            warn(f"{error}: trial {other.number}, which is faster to fit, is used instead")
        seconds = self._time.left() + self._time.tolerance / 2
        share = self._time.share_within(seconds, other) if self._divisible else FULL
        try:
            return other, self._fit(other, seconds, share)
        except TimeoutError:
            if self._first is None:
                raise
            return self._use_first(self._first, history)

    def _whole(self, best: Trial, history: History, first: Fitted) -> tuple[Trial, Fitted]:
        """Fit the winner on all rows, if it is not the default; if it cannot be, take that."""
        if best is _default(history):
            return self._use_first(first, history)
        reason = "there was no time to fit it on all rows. Allow more seconds"
        if self._time.has_time(best):
            try:
                return best, self._fit(best, self._time.left() + self._time.tolerance / 2)
            except TimeoutError:
                pass  # that is the reason
            except Exception as error:
                reason = f"it could not be fitted on all rows ({type(error).__name__}: {error})"
        warn(
            f"trial {best.number} is the best of the search, but {reason}: the model with its own "
            "parameters, which was fitted on all rows, is used instead",
        )
        return self._use_first(first, history)

    def _only(self, trial: Trial, history: History, share: float = FULL) -> tuple[Trial, Fitted]:
        """Fit the trial for which there is no stand-in but the first model."""
        try:
            return trial, self._fit(trial, self._time.left() + self._time.tolerance, share)
        except (TimeoutError, ClusterLostError) as error:
            if self._first is not None:
                return self._use_first(self._first, history)
            if isinstance(error, ClusterLostError):
                raise
            raise TimeoutError(
                f"budget: {self._clock.seconds:g} s are too few for this model and these data: "
                f"{error}, and there is no other trial to use. Allow more seconds"
            ) from error

    def _on_fewer_rows(self, trial: Trial, history: History) -> tuple[Trial, Fitted]:
        """Fit a trial on all rows if there is time, or else on as many as there is time for.

        Time is kept for a fit on as many rows as the search took, whose time is known.
        """
        measured = self._time.measured(trial)
        if self._first is not None and trial is _default(history):
            return trial, self._on_more_rows(trial, self._first, measured)
        kept = self._time.to_repeat(measured)
        share = self._time.larger_share(measured, kept)
        if share is None:
            used, fitted = self._only(trial, history, self._time.searched)
            return used, self._grow(trial, fitted, []) if used is trial else fitted
        larger = self._attempt(trial, share, kept)
        if larger is None:  # what did not end in time would not do so later
            return self._only(trial, history, self._time.searched)
        return trial, self._grow(trial, larger, measured)

    def _on_more_rows(self, trial: Trial, first: Fitted, measured: Measured) -> Fitted:
        """Fit the default on more rows than before the search, or take the model from then.

        ``measured`` is its fit in the search, if one ended.
        """
        repeat_warnings(first.warnings)
        measured = usable_fits([*measured, (first.share, first.seconds)])
        larger = self._larger(trial, measured)
        return first if larger is None else self._grow(trial, larger, measured)

    def _grow(self, trial: Trial, fitted: Fitted, measured: Measured) -> Fitted:
        """Fit on more and more rows while the time that is left is enough.

        When a fit took less time than expected, it may be. ``measured`` are earlier fits.
        """
        while self._executor.can_kill:
            measured = [*measured, (fitted.share, fitted.seconds)]
            larger = self._larger(trial, measured)
            if larger is None:
                break
            fitted = larger
        return fitted

    def _larger(self, trial: Trial, measured: Measured) -> Fitted | None:
        """Fit on as many more rows as earlier fits say there is time for, None if on no more."""
        share = self._time.larger_share(measured)
        return None if share is None else self._attempt(trial, share, 0.0)

    def _attempt(self, trial: Trial, share: float, kept: float) -> Fitted | None:
        """Fit a trial on a share of the rows, None if that fails: one on fewer rows is used.

        If there is not enough time, the warning of the number of rows tells.
        """
        try:
            return self._fit(trial, max(self._time.left() - kept, 0.0), share)
        except TimeoutError:
            return None
        except Exception as error:
            warn(
                f"the last fit on {share:.0%} of the rows failed ({error}): one on fewer rows is "
                "used",
            )
            return None

    def _use_first(self, first: Fitted, history: History) -> tuple[Trial, Fitted]:
        """Return the model that was fitted before the search, and repeat its warnings."""
        repeat_warnings(first.warnings)
        return _default(history), first

    def _fit(self, trial: Trial, seconds: float | None, share: float = FULL) -> Fitted:
        """Fit a trial on a share of all rows, within a number of seconds."""
        start = self._clock.elapsed()
        fitted = self._fitter.fit(trial, seconds, share, self._time.need(trial, share))
        return replace(fitted, seconds=self._clock.elapsed() - start)


def _default(history: History) -> Trial:
    """Return the trial of the default that was fitted first."""
    return next(trial for trial in history if trial.origin == "default")
