"""The first model: the default, fitted before the search on as many rows as is safe."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._budget import FASTEST
from ..execution import ClusterLostError, WorkerStartError
from ..history import FULL
from ._clock import Clock
from ._constants import (
    BLIND_FACTOR,
    BLIND_LIMIT,
    BLIND_MOST,
    CHEAP_FIT,
    FIRST_LIMIT,
    FIRST_STEP,
    FIRST_TOLERANCE,
    HOPELESS,
    LEAST_EVALUATIONS,
    LEAST_STEP,
    MOST_STEP,
    MOST_STEPS,
    REPEAT_LIMIT,
    STEP_FACTOR,
    STEP_ROWS,
    SURE_FIT,
    WARM_UP,
)
from ._fit_time import FitTime


@dataclass
class Fitted:
    """A model that was fitted on all rows, or on a share of them.

    Attributes
    ----------
    model : estimator
    share : float
        The share of all rows that it was fitted on.
    seconds : float
        The duration of the fit.
    warnings : list of (category, message)
        Warnings of the fit.
    """

    model: Any
    share: float
    seconds: float
    warnings: list[tuple[type[Warning], str]] = field(default_factory=list)


class FirstModel:
    """Fits the default before the search, so that there is a model in any case.

    Parameters
    ----------
    fit : callable
        ``fit(share, seconds)`` fits the default on a share of all rows and returns a Fitted, or
        raises TimeoutError.
    n_rows : int
        Number of all rows.
    clock : Clock
        With a limit.

    Attributes
    ----------
    fitted : Fitted or None
        The default on the most rows so far.
    error : Exception or None
        Why a fit failed.
    """

    def __init__(self, fit: Callable[[float, float], Fitted], n_rows: int, clock: Clock):
        self._fit = fit
        self._n_rows = n_rows
        self._clock = clock
        self.fitted: Fitted | None = None
        self.error: Exception | None = None
        self._measured: list[tuple[float, float]] = []

    @property
    def is_whole(self) -> bool:
        """Whether the default was fitted on all rows."""
        return self.fitted is not None and self.fitted.share == FULL

    def leaves_time(self, rows: float) -> bool:
        """Return whether there is time for a useful search on some rows.

        If the default was fitted on all rows, there must be time to fit the winner on all rows,
        too; otherwise, there must be time for more than one evaluation.
        """
        if self.fitted is None:
            return True
        if self.is_whole:
            return self.fitted.seconds <= self._left()
        return LEAST_EVALUATIONS * self.expect(rows) <= self._left()

    def begin(self, rows: int) -> float:
        """Fit the default on the fewest rows; return its duration, or its limit."""
        limit = FIRST_LIMIT * self._left()
        fitted = self._try(rows, limit)
        return limit if fitted is None else fitted.seconds

    def grow(self, measured: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Fit the default on all rows if there is time, otherwise on more than before.

        A prediction from few rows may be wrong by a factor of five. If it does not decide
        whether there is time, fits on more rows do.

        Parameters
        ----------
        measured : list of (rows, seconds)
            Its fits so far, with increasing rows.

        Returns
        -------
        measured : list of (rows, seconds)
            With the new fits.
        """
        self._measured = measured
        if self.expect(self._n_rows) <= CHEAP_FIT * (self._clock.seconds or math.inf):
            return measured
        if not self._can_step():
            self._repeat()
        for _ in range(MOST_STEPS):
            if not self._is_open() or not self._step():
                break
        limit = self._left() + FIRST_TOLERANCE
        if self.expect(self._n_rows) <= limit:
            self._measure(self._n_rows, limit)
        return self._measured

    def expect(self, rows: float) -> float:
        """Return the expected duration of a fit on some rows, 0 if unknown."""
        return FitTime(self._measured).expected(rows) if self._measured else 0.0

    def _is_open(self) -> bool:
        """Return whether another fit is needed to decide if there is time for all rows."""
        whole, left = self.expect(self._n_rows), self._left()
        if len(self._measured) == 1:
            return whole > SURE_FIT * left and self._can_step()
        return left + FIRST_TOLERANCE < whole <= HOPELESS * left

    def _can_step(self) -> bool:
        """Return whether a fit on more rows would be quick and informative."""
        if len(self._measured) > 1:
            return True
        ((reached, seconds),) = self._measured
        worthwhile = STEP_ROWS * self._n_rows >= FIRST_STEP * reached
        return worthwhile and seconds <= BLIND_MOST * self._left()

    def _repeat(self) -> None:
        """Fit on the fewest rows again: the first fit included lazy imports."""
        ((rows, seconds),) = self._measured
        known = self.fitted is not None and self.fitted.seconds == seconds
        if known and seconds <= WARM_UP * self._left():
            again = self._try(round(rows), REPEAT_LIMIT * seconds)
            if again is not None:
                self._measured = [(rows, min(seconds, again.seconds))]

    def _step(self) -> bool:
        """Fit on more rows within a small part of the time; return whether that succeeded."""
        left, reached = self._left(), self._measured[-1][0]
        if len(self._measured) == 1:
            rows, limit = min(BLIND_FACTOR * reached, STEP_ROWS * self._n_rows), BLIND_LIMIT * left
        else:
            fit_time, limit = FitTime(self._measured), MOST_STEP * left
            rows = min(STEP_FACTOR * reached, STEP_ROWS * self._n_rows, fit_time.rows(limit))
            rows = min(max(fit_time.rows(LEAST_STEP * left), rows), self._n_rows / FIRST_STEP)
        worthwhile = rows >= FIRST_STEP * reached
        return worthwhile and self._measure(math.floor(rows), limit)

    def _measure(self, rows: int, limit: float) -> bool:
        """Fit on some rows and record the duration; return whether it ended in time."""
        fitted = self._try(rows, limit)
        if fitted is not None:
            self._measured = [*self._measured, (rows, fitted.seconds)]
        return fitted is not None

    def _try(self, rows: int, limit: float) -> Fitted | None:
        """Fit on some rows, and keep the model if that ends in time."""
        try:
            fitted = self._fit(rows / self._n_rows, limit)
        except (TimeoutError, ClusterLostError):  # the search will meet the latter again
            return None
        except WorkerStartError:  # there is nowhere to fit anything
            raise
        except Exception as error:
            self.error = error
            return None
        fitted.seconds = max(fitted.seconds, FASTEST)
        self.fitted = fitted
        return fitted

    def _left(self) -> float:
        """Return the seconds that are left of the budget."""
        return max(self._clock.left(), 0.0)
