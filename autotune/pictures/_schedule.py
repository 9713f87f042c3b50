"""The time at which each evaluation ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..history import COMPARISON, COMPLETE, FAILED
from ._canvas import Canvas
from ._contract import Picture
from ._search import PRUNED, Search

_MANY = 200  # bars, too thin to be kept apart by an edge
_TOLERANCE = 0.25  # of its own seconds that an evaluation may seem to begin too early


@dataclass(frozen=True)
class SchedulePicture(Picture):
    """The evaluations, packed into as few lanes as there were workers at the same time.

    Attributes
    ----------
    trials : ndarray of int, shape (n_evaluations,)
        Which trial each belongs to, in the order in which they began.
    started, ended : ndarray of shape (n_evaluations,)
        Seconds since ``fit`` began.
    lanes : ndarray of int, shape (n_evaluations,)
        From 0.
    fidelities : ndarray of shape (n_evaluations,)
        The share of the training rows.
    states : ndarray of str
        ``"failed"`` for an evaluation that failed; else the state of its trial.
    phases : ndarray of str
        ``"search"`` or ``"comparison"``: what each was for.
    default, winner : int or None
        Numbers of trials.
    """

    trials: np.ndarray
    started: np.ndarray
    ended: np.ndarray
    lanes: np.ndarray
    fidelities: np.ndarray
    states: np.ndarray
    phases: np.ndarray
    default: int | None
    winner: int | None

    @classmethod
    def of(cls, search: Search) -> SchedulePicture:
        evaluations = sorted(search.history.evaluations(), key=lambda e: (e.started, e.trial))
        if not evaluations:
            raise ValueError("there is no schedule to show: nothing was evaluated")
        started = np.array([evaluation.started for evaluation in evaluations])
        ended = np.array([evaluation.ended for evaluation in evaluations])
        of_trials = search.trials().states
        states = [of_trials[e.trial] if e.status == COMPLETE else FAILED for e in evaluations]
        return cls(
            np.array([evaluation.trial for evaluation in evaluations]),
            started,
            ended,
            pack(started, ended),
            np.array([evaluation.fidelity for evaluation in evaluations]),
            np.array(states, dtype=object),
            np.array([evaluation.phase for evaluation in evaluations], dtype=object),
            None if search.default is None else search.default.number,
            search.winner,
        )

    @property
    def size(self) -> tuple[float, float]:
        return 9.0, 1.5 + 0.5 * (int(self.lanes.max()) + 1)

    def draw(self, canvas: Canvas) -> None:
        ax, colours = canvas.grid()[0, 0], canvas.colours
        chosen, default = self.trials == self.winner, self.trials == self.default
        failed, pruned = self.states == FAILED, self.states == PRUNED
        compared = self.phases == COMPARISON
        others = ~(chosen | default | failed | pruned | compared)
        for which, colour, label in (
            (others, colours.trial, "trial"),
            (pruned, colours.muted, "of a pruned trial"),
            (compared & ~failed, colours.comparison, "final comparison"),
            (default & ~failed & ~chosen & ~compared, colours.text, "default"),
            (failed, colours.failed, "failed"),
            (chosen & ~failed & ~compared, colours.best, "chosen trial"),
        ):
            if which.any():
                least = 0.0005 if which is others else 0.003
                self._draw_bars(ax, which, colour, label, colours.background, least)
        n_lanes = int(self.lanes.max()) + 1
        ax.set_yticks(np.arange(n_lanes), [str(lane + 1) for lane in range(n_lanes)])
        ax.set_ylim(n_lanes - 0.4, -0.6)
        ax.set_xlim(min(0.0, self.started.min()), 1.01 * self.ended.max() or 1.0)
        ax.set(xlabel="seconds since the start", ylabel="worker")
        canvas.key(columns=6)

    def _draw_bars(
        self, ax: Any, which: np.ndarray, colour: Any, label: str, edge: Any, least: float
    ) -> None:
        """Draw some evaluations as bars, which are lower on fewer rows."""
        from matplotlib.collections import PolyCollection

        left, lanes = self.started[which], self.lanes[which]
        right = np.maximum(self.ended[which], left + least * self.ended.max())
        half = 0.12 + 0.3 * self.fidelities[which]
        top, bottom = lanes - half, lanes + half
        corners = np.array([[left, bottom], [left, top], [right, top], [right, bottom]])
        width = 0.5 if len(self.trials) < _MANY else 0.0
        style = {"facecolors": colour, "edgecolors": edge, "linewidths": width, "label": label}
        ax.add_collection(PolyCollection(list(corners.transpose(2, 0, 1)), **style))


def pack(started: np.ndarray, ended: np.ndarray) -> np.ndarray:
    """Return the lane of each evaluation, which is the first that is free.

    A worker's answer may have been read late, so that evaluations seem to overlap a little.
    """
    free: list[float] = []
    lanes = np.empty(len(started), dtype=int)
    for place, (start, end) in enumerate(zip(started, ended, strict=True)):
        begins = start + _TOLERANCE * (end - start)
        lane = next((lane for lane, time in enumerate(free) if time <= begins), len(free))
        if lane == len(free):
            free.append(end)
        free[lane] = end
        lanes[place] = lane
    return lanes
