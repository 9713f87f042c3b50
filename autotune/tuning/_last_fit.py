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
    that are at least ten times faster to fit or, failing that, by the fastest, on as many rows
    as there is time for. After a search on a subsample, the winner itself is fitted on as many
    rows as there is time for. But if the default was fitted on all rows before the search, it is
    used unless the winner is fitted on all rows, too.

    Parameters
    ----------
    task : Task
    executor : Executor
    clock : Clock
    seed : int
        The seed from which those of the trials are derived.
    context : object or None
        The callback context of the refit.
    subsample : Subsample
        The subsample of the search.
    divisible : bool
        Whether a model can be fitted on fewer rows, which is impossible with a precomputed kernel.
    lost : ClusterLostError or None
        Why the executor can no longer be used, if it cannot.
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
        """Return the refitted trial, the fitted model and the duration.

        Raises
        ------
        Exception
            Whatever the model's ``fit`` raises; TimeoutError if no refit ended in time.
        """
        used, fitted = self._run(best, history)
        if fitted.share < FULL:
            warn(
                f"budget: {self._clock.seconds:g} s are not enough to fit this model on all rows: "
                f"it was fitted on {math.ceil(fitted.share * self._n_rows)} of {self._n_rows}. "
                "Allow more seconds",
            )
        return used, fitted.model, fitted.seconds

    def _run(self, best: Trial, history: History) -> tuple[Trial, Fitted]:
        """Return the refitted trial and the fitted model."""
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
        """Fit the winner or, failing that, another trial on as many rows as possible."""
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
        """Fit the winner on all rows; use the default if that fails."""
        if best is history.default:
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
        """Fit a trial whose only stand-in is the first model."""
        try:
            return trial, self._fit(trial, self._time.left() + self._time.tolerance, share)
        except (TimeoutError, ClusterLostError) as error:
            if self._first is not None:
                return self._use_first(self._first, history)
            if isinstance(error, ClusterLostError):
                raise
            raise TimeoutError(
                f"budget: {self._clock.seconds:g} s are not enough for this model and these data: "
                f"{error}, and there is no other trial to use. Allow more seconds"
            ) from error

    def _on_fewer_rows(self, trial: Trial, history: History) -> tuple[Trial, Fitted]:
        """Fit a trial on all rows if there is time, otherwise on as many as possible.

        Time is reserved for a fit on the subsample of the search, whose duration is known.
        """
        measured = self._time.measured(trial)
        if self._first is not None and trial is history.default:
            return trial, self._on_more_rows(trial, self._first, measured)
        kept = self._time.to_repeat(measured)
        share = self._time.larger_share(measured, kept)
        if share is None:
            used, fitted = self._only(trial, history, self._time.searched)
            return used, self._grow(trial, fitted, []) if used is trial else fitted
        larger = self._attempt(trial, share, kept)
        if larger is None:  # a repetition would not end in time either
            return self._only(trial, history, self._time.searched)
        return trial, self._grow(trial, larger, measured)

    def _on_more_rows(self, trial: Trial, first: Fitted, measured: Measured) -> Fitted:
        """Fit the default on more rows than before the search, or use that model.

        ``measured`` is its fit in the search, if one ended.
        """
        repeat_warnings(first.warnings)
        measured = usable_fits([*measured, (first.share, first.seconds)])
        larger = self._larger(trial, measured)
        return first if larger is None else self._grow(trial, larger, measured)

    def _grow(self, trial: Trial, fitted: Fitted, measured: Measured) -> Fitted:
        """Fit on increasing numbers of rows while there is enough time.

        There may be, if a fit took less time than expected. ``measured`` are earlier fits.
        """
        while self._executor.can_kill:
            measured = [*measured, (fitted.share, fitted.seconds)]
            larger = self._larger(trial, measured)
            if larger is None:
                break
            fitted = larger
        return fitted

    def _larger(self, trial: Trial, measured: Measured) -> Fitted | None:
        """Fit on as many more rows as earlier fits allow, or return None."""
        share = self._time.larger_share(measured)
        return None if share is None else self._attempt(trial, share, 0.0)

    def _attempt(self, trial: Trial, share: float, kept: float) -> Fitted | None:
        """Fit a trial on a share of the rows, or return None: a smaller fit is then used.

        If time ran out, the warning about the number of rows is enough.
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
        assert history.default is not None
        return history.default, first

    def _fit(self, trial: Trial, seconds: float | None, share: float = FULL) -> Fitted:
        """Fit a trial on a share of all rows, within a number of seconds."""
        start = self._clock.elapsed()
        fitted = self._fitter.fit(trial, seconds, share, self._time.need(trial, share))
        return replace(fitted, seconds=self._clock.elapsed() - start)
