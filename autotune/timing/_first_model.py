"""The first model: the default, on as many rows as there is surely time for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..execution import ClusterLostError, WorkerStartError
from ..history import FULL
from ._clock import Clock
from ._fit_time import FASTEST, Growth

_CHEAP = 0.02  # of the budget: a fit that takes less can be made again at any time
_SURE = 0.5  # of the seconds left: a fit that is expected to take less ends in time
_STEP = 0.15  # of the seconds left, which a fit on more rows is expected to take at least
_STEP_LIMIT = 0.35  # of the seconds left, which it is expected to take at most, and may
_FACTOR, _MOST = 8.0, 0.125  # times the rows, and share of all rows, that tell enough
_BLIND_FACTOR = 10.0  # times the rows while nothing is known of how the seconds grow,
_BLIND_LIMIT = 0.25  # in this share of the seconds left at most, but only
_BLIND_MOST = 0.1  # if the smallest fit took less than this share of them
_WARM = 0.2  # of the seconds left: a first fit that takes longer has not only warmed up
_AGAIN = 2.0  # times the seconds of the first fit, after which another one is given up
_BENT = 0.6  # weight of a power of the rows, against a straight line, where two fits tell
_ENOUGH, _MOST_STEPS = 3, 2  # measurements that tell, and fits that are made to have them
_HOPELESS = 3.0  # times the seconds left: a fit that is expected to take more is given up
_LEAST_FITS = 2.0  # of the rows of a search, for which there must be time
_TOLERANCE = 0.3  # seconds that the fit on all rows may run over
_FIRST_LIMIT = 0.9  # of the seconds left, after which the smallest fit is given up
_WORTHWHILE = 1.5  # times the rows of the fit before that another one must have


@dataclass
class Fitted:
    """A fitted default.

    Attributes
    ----------
    model : estimator
    share : float
        The share of all rows that it was fitted on.
    seconds : float
        What that took.
    warnings : list of (category, message)
        What it warned of.
    """

    model: Any
    share: float
    seconds: float
    warnings: list[tuple[type[Warning], str]] = field(default_factory=list)


class FirstModel:
    """Fits the default before the search, so that there is a model whatever comes of that.

    Parameters
    ----------
    fit : callable
        ``fit(share, seconds)`` fits the default on a share of all rows, and returns a Fitted;
        TimeoutError if that did not end within the seconds.
    n_rows : int
        All rows.
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
        """Return whether there is time for a search on some rows whose result could be used.

        Its winner must be fitted on all rows, if the default was; else there must be time for
        more than one evaluation.
        """
        if self.fitted is None:
            return True
        if self.is_whole:
            return self.fitted.seconds <= self._left()
        return _LEAST_FITS * self.expect(rows) <= self._left()

    def begin(self, rows: int) -> float:
        """Fit the default on the fewest rows; return the seconds that it took, or had."""
        limit = _FIRST_LIMIT * self._left()
        fitted = self._try(rows, limit)
        return limit if fitted is None else fitted.seconds

    def grow(self, measured: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Fit the default on all rows if there is time, else on more than before.

        A prediction from few rows may be wrong by a factor of five. Where it leaves open
        whether there is time, fits on more rows tell.

        Parameters
        ----------
        measured : list of (rows, seconds)
            What is known of its fits, with increasing rows.

        Returns
        -------
        measured : list of (rows, seconds)
            What is known then.
        """
        self._measured = measured
        if self.expect(self._n_rows) <= _CHEAP * (self._clock.seconds or math.inf):
            return measured
        if not self._can_step():
            self._repeat()
        for _ in range(_MOST_STEPS):
            if not self._is_open() or not self._step():
                break
        limit = self._left() + _TOLERANCE
        if self.expect(self._n_rows) <= limit:
            self._measure(self._n_rows, limit)
        return self._measured

    def expect(self, rows: float) -> float:
        """Return the seconds that a fit on some rows is expected to take, 0 if nothing is known.

        Trees grow no further once they have enough rows, so that the seconds of boosting rise
        less and less; those of other models rise in a straight line from a fixed part. Two
        measurements do not tell which; where three show a bend, half of it is believed.
        """
        if not self._measured:
            return 0.0
        growth = Growth(self._measured)
        straight = growth.seconds(rows)
        if len(self._measured) == 2 and growth.exponent < 1 and rows > self._measured[-1][0]:
            reached, seconds = self._measured[-1]
            power = seconds * (rows / reached) ** max(growth.exponent, 0.0)
            return straight ** (1 - _BENT) * power**_BENT
        if len(self._measured) < _ENOUGH:
            return straight
        (few, fast), (more, longer), (most, longest) = self._measured[-_ENOUGH:]
        before, slope = (longer - fast) / (more - few), (longest - longer) / (most - more)
        if not 0 < slope < before or rows <= most:
            return straight
        bend = max(math.log(slope / before) / math.log(math.sqrt(most / few)), -1.0) / 2
        power, middle = 1 + bend, math.sqrt(more * most)
        rise = slope * middle**-bend * (rows**power - most**power) / power
        return min(longest + rise, straight)

    def _is_open(self) -> bool:
        """Return whether it takes another fit to tell if there is time for all rows."""
        whole, left = self.expect(self._n_rows), self._left()
        if len(self._measured) == 1:
            return whole > _SURE * left and self._can_step()
        return left + _TOLERANCE < whole <= _HOPELESS * left

    def _can_step(self) -> bool:
        """Return whether a fit on more rows would be cheap and could tell something."""
        if len(self._measured) > 1:
            return True
        ((reached, seconds),) = self._measured
        worthwhile = _MOST * self._n_rows >= _WORTHWHILE * reached
        return worthwhile and seconds <= _BLIND_MOST * self._left()

    def _repeat(self) -> None:
        """Fit on the fewest rows again: the first time, it also loaded what is loaded late."""
        ((rows, seconds),) = self._measured
        known = self.fitted is not None and self.fitted.seconds == seconds
        if known and seconds <= _WARM * self._left():
            again = self._try(round(rows), _AGAIN * seconds)
            if again is not None:
                self._measured = [(rows, min(seconds, again.seconds))]

    def _step(self) -> bool:
        """Fit on more rows than before, but in a small part of the time; return whether it did."""
        left, reached = self._left(), self._measured[-1][0]
        if len(self._measured) == 1:
            rows, limit = min(_BLIND_FACTOR * reached, _MOST * self._n_rows), _BLIND_LIMIT * left
        else:
            growth, limit = Growth(self._measured), _STEP_LIMIT * left
            rows = min(_FACTOR * reached, _MOST * self._n_rows, growth.rows(limit))
            rows = min(max(growth.rows(_STEP * left), rows), self._n_rows / _WORTHWHILE)
        worthwhile = rows >= _WORTHWHILE * reached
        return worthwhile and self._measure(math.floor(rows), limit)

    def _measure(self, rows: int, limit: float) -> bool:
        """Fit on some rows, and note the seconds if that ends in time; return whether it did."""
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
