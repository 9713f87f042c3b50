"""The best score against trials and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._canvas import Canvas
from ._contract import Picture
from ._marks import draw_default, draw_trials, draw_winner
from ._search import Search, Trials


@dataclass(frozen=True)
class HistoryPicture(Picture):
    """The score of each trial and the best so far, in the order of trials and of time.

    Attributes
    ----------
    trials : Trials
    best : ndarray of shape (n_trials,)
        The best value up to each trial, in the order of their numbers; NaN before the first.
    order : ndarray of int
        The trials in the order in which they ended, without those that never did.
    best_in_time : ndarray
        The best value when each of ``order`` had ended.
    default : float
        The value of the model's own parameters, NaN if it is not known.
    winner : int or None
        The number of the trial that was chosen.
    label : str
        What the values are.
    """

    trials: Trials
    best: np.ndarray
    order: np.ndarray
    best_in_time: np.ndarray
    default: float
    winner: int | None
    label: str

    options = ("metric",)

    @classmethod
    def of(cls, search: Search) -> HistoryPicture:
        trials = search.trials()
        ended = np.where(np.isnan(trials.ended), np.inf, trials.ended)
        order = np.argsort(ended, kind="stable")[: int(np.isfinite(ended).sum())]
        return cls(
            trials,
            _best_so_far(trials, np.arange(len(trials.values))),
            order,
            _best_so_far(trials, order),
            search.value_of_default(trials),
            search.winner,
            search.label,
        )

    @property
    def size(self) -> tuple[float, float]:
        return 9.0, 3.8

    def draw(self, canvas: Canvas) -> None:
        left, right = canvas.grid(1, 2, share_y=True)[0]
        numbers, seconds = np.arange(len(self.trials.values)), self.trials.ended
        left.set_ylim(self.trials.limits(self.default))
        self._draw_panel(canvas, left, numbers, numbers, self.best)
        self._draw_panel(canvas, right, seconds, seconds[self.order], self.best_in_time)
        left.set(xlabel="trial", ylabel=self.label)
        left.xaxis.get_major_locator().set_params(integer=True, nbins=7)
        margin = max(0.5, 0.02 * len(numbers))
        left.set_xlim(-margin, len(numbers) - 1 + margin)
        right.set_xlabel("seconds since the start")
        right.locator_params(axis="x", nbins=6)
        right.set_xlim(left=0)
        canvas.key(columns=7)

    def _draw_panel(
        self, canvas: Canvas, ax: Any, where: np.ndarray, steps: np.ndarray, best: np.ndarray
    ) -> None:
        """Draw the trials, and the best so far as steps."""
        draw_trials(canvas, ax, where, self.trials, self.trials.limits(self.default))
        colour = canvas.colours.best
        ax.step(steps, best, where="post", color=colour, linewidth=1.8, label="best so far")
        draw_default(canvas, ax, self.default)
        draw_winner(canvas, ax, where, self.trials, self.winner)
        canvas.rule(ax)


def _best_so_far(trials: Trials, order: np.ndarray) -> np.ndarray:
    """Return the best value among those up to each place of an order."""
    goodness = np.where(trials.competes, trials.sign * trials.values, -np.inf)[order]
    best = np.maximum.accumulate(goodness) if len(goodness) else goodness
    return np.where(np.isneginf(best), np.nan, trials.sign * best)
