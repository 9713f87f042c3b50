"""The score against each parameter."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._canvas import Canvas, spread
from ._contract import Picture
from ._marks import draw_default, draw_trials, draw_winner
from ._scales import CHOICE, LOG, Scale, number_texts, scales_of, wrap
from ._search import Search, Trials

_MOST_COLUMNS = 5
_LONGEST_TICKS = 20  # characters side by side


@dataclass(frozen=True)
class ParametersPicture(Picture):
    """Each trial's value of each parameter, beside its score.

    Attributes
    ----------
    trials : Trials
    scales : tuple of Scale
        One a panel.
    bounds : tuple of (float or None)
        For each panel the bound of the searched range on which the chosen trial lies.
    default : float
        The value of the model's own parameters, NaN if it is not known.
    winner : int or None
        The number of the trial that was chosen.
    label : str
        What the scores are.
    """

    trials: Trials
    scales: tuple[Scale, ...]
    bounds: tuple[float | None, ...]
    default: float
    winner: int | None
    label: str

    options = ("metric", "parameters")

    @classmethod
    def of(cls, search: Search, parameters: Sequence[str] | None = None) -> ParametersPicture:
        trials, scales, winner = search.trials(), scales_of(search, parameters), search.winner
        return cls(
            trials,
            tuple(scales),
            tuple(None if winner is None else s.at_bound(s.numbers[winner]) for s in scales),
            search.value_of_default(trials),
            winner,
            search.label,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of panels."""
        n = len(self.scales)
        n_rows = math.ceil(n / _MOST_COLUMNS) if n > 4 else 1
        return n_rows, math.ceil(n / n_rows)

    @property
    def size(self) -> tuple[float, float]:
        rows, columns = self.shape
        return max(4.6, 1.0 + 2.5 * columns), 0.7 + 2.5 * rows

    def draw(self, canvas: Canvas) -> None:
        axes = canvas.grid(*self.shape, share_y=True)
        limits = self.trials.limits(self.default)
        axes[0, 0].set_ylim(limits)
        for ax in axes.ravel()[len(self.scales) :]:
            ax.remove()
            canvas.axes.remove(ax)
        for ax, scale, bound in zip(canvas.axes, self.scales, self.bounds, strict=True):
            self._lay_out(ax, scale)
            where = scale.native(scale.places())
            if scale.kind == CHOICE:
                where = where + spread(np.arange(len(where)), 0.5)
            draw_trials(canvas, ax, where, self.trials, limits)
            draw_default(canvas, ax, self.default)
            draw_winner(canvas, ax, where, self.trials, self.winner)
            if bound is not None:
                self._mark_bound(canvas, ax, bound)
            canvas.rule(ax)
        for ax in axes[:, 0]:
            ax.set_ylabel(wrap(self.label, 17))
        canvas.key(columns=3 if len(self.scales) < 3 else 6)

    def _lay_out(self, ax: Any, scale: Scale) -> None:
        """Set the name, the scale, the limits and the ticks of a parameter's axis."""
        ax.set_xlabel(wrap(scale.label, 26))
        if scale.kind == LOG:
            ax.set_xscale("log")
        places, texts = zip(*scale.ticks(), strict=True)
        ax.set_xticks(scale.native(places), texts)
        ax.set_xticks([], minor=True)
        margin = 0.0 if scale.kind == CHOICE else 0.05
        ax.set_xlim(scale.native([-margin, scale.end + margin]))
        if len(re.sub(r"\$10\^\{(.*?)\}\$", r"\1", "".join(texts))) > _LONGEST_TICKS:
            ax.tick_params(axis="x", rotation=35)
            for text in ax.get_xticklabels():
                text.set(ha="right", rotation_mode="anchor")

    def _mark_bound(self, canvas: Canvas, ax: Any, bound: float) -> None:
        """Draw the bound on which the chosen trial lies."""
        colour = canvas.colours.best
        ax.axvline(bound, color=colour, linewidth=1.2, linestyle=":")
        (text,) = number_texts([bound])
        ax.set_title(f"chosen on the bound {text}", fontsize="small", color=colour)
