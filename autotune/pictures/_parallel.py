"""Parallel coordinates: each trial is a line through its parameters to its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..history import FAILED
from ._canvas import Canvas, fit_limits, spread
from ._contract import Picture
from ._scales import ABSENT, NUMBER, Scale, linear_ticks, scales_of, shorten, value_text, wrap
from ._search import Search, Trials

_ABSENT_PLACE = -0.13  # below the axis of a parameter that a trial lacks
_WIDEST_JITTER = 0.06
_LONGEST = 14  # characters of a tick
_MANY = 8  # axes, whose names are slanted
_LONGEST_OF_MANY = 10  # characters of a tick where axes are close
_WIDEST_NAME = 16  # characters of a line; longer names of neighbours would overlap


@dataclass(frozen=True)
class ParallelPicture(Picture):
    """The place of each trial on the axes of the parameters and of the score.

    Attributes
    ----------
    trials : Trials
    scales : tuple of Scale
        One an axis.
    places : ndarray of shape (n_trials, n_parameters)
        Between 0 and 1; below 0 where a trial lacks the parameter.
    winner : int or None
        The number of the trial that was chosen.
    label : str
        What the scores are.
    """

    trials: Trials
    scales: tuple[Scale, ...]
    places: np.ndarray
    winner: int | None
    label: str

    options = ("metric", "parameters")

    @classmethod
    def of(cls, search: Search, parameters: Sequence[str] | None = None) -> ParallelPicture:
        scales = scales_of(search, parameters)
        columns = []
        for scale in scales:
            column = scale.places() / scale.end
            column[scale.codes == ABSENT] = _ABSENT_PLACE
            columns.append(column)
        places = np.column_stack(columns)
        return cls(search.trials(), tuple(scales), places, search.winner, search.label)

    @property
    def size(self) -> tuple[float, float]:
        n = len(self.scales)
        return (max(6.0, 1.6 + 1.2 * n), 4.4) if n <= _MANY else (2.0 + 0.85 * n, 5.0)

    def draw(self, canvas: Canvas) -> None:
        ax = canvas.grid()[0, 0]
        ax.spines[:].set_visible(False)
        limits = self.trials.limits()
        heights, _ = fit_limits(self.trials.shown, limits, self.trials.sign)
        heights = (heights - limits[0]) / (limits[1] - limits[0])
        self._draw_lines(canvas, ax, np.column_stack([self._jittered(), heights]))
        for column, scale in enumerate(self.scales):
            ticks = [(place / scale.end, text) for place, text in scale.ticks()]
            if (scale.codes == ABSENT).any():
                ticks.append((_ABSENT_PLACE, "not used"))
            self._draw_axis(canvas, ax, column, ticks)
        self._draw_score_axis(canvas, ax, limits)
        self._name_axes(ax)
        ax.set_yticks([])
        ax.set_xlim(-0.55, len(self.scales) + 0.5)
        ax.set_ylim(min(-0.04, self.places.min() - 0.06), 1.04)
        canvas.key(columns=4)

    def _name_axes(self, ax: Any) -> None:
        """Write the names of the parameters below their axes."""
        labels = [*(scale.label for scale in self.scales), self.label]
        texts, slant = [wrap(label, 14, 4) for label in labels], {}
        widest = max(len(line) for text in texts for line in text.splitlines())
        if len(self.scales) > _MANY or widest > _WIDEST_NAME:
            texts = [wrap(label, 30, 2) for label in labels]
            slant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(range(len(labels)), texts, **slant)
        ax.tick_params(axis="x", length=0, pad=4)

    def _jittered(self) -> np.ndarray:
        """Return the places, those of symbols moved a little so that lines do not coincide."""
        moved = self.places.copy()
        for column, scale in enumerate(self.scales):
            is_symbol = scale.codes != NUMBER
            width = min(_WIDEST_JITTER, 0.5 / max(len(scale.symbols), 1))
            moved[is_symbol, column] += spread(np.flatnonzero(is_symbol), width)
        return moved

    def _draw_lines(self, canvas: Canvas, ax: Any, lines: np.ndarray) -> None:
        """Draw all trials, good ones on top of bad ones."""
        from matplotlib.collections import LineCollection

        colours, failed = canvas.colours, self.trials.states == FAILED
        goodness = lines[:, -1] if self.trials.sign > 0 else 1 - lines[:, -1]
        whole = np.isfinite(self.trials.values) & ~failed
        partial = np.isfinite(self.trials.shown) & ~whole & ~failed
        order = np.argsort(goodness, kind="stable")
        shades = colours.scores(goodness)
        shades[order, 3] = _opacity(len(order))
        for which, label, style in (
            (partial, "pruned", {"colors": [colours.muted], "linewidths": 0.6, "alpha": 0.5}),
            (failed, "failed", {"colors": colours.failed, "linewidths": 0.9, "linestyles": "--"}),
            (whole, None, {"linewidths": 1.1}),
        ):
            numbers = order[which[order]]
            if which is whole:
                style["colors"] = shades[numbers]
            segments = [np.column_stack([range(lines.shape[1]), lines[n]]) for n in numbers]
            if segments:
                ax.add_collection(LineCollection(segments, label=label, **style))
        if self.winner is not None:
            line = {"color": colours.best, "linewidth": 2.4, "marker": "o", "markersize": 4}
            ax.plot(lines[self.winner], label="chosen", zorder=3, **line)

    def _draw_axis(
        self, canvas: Canvas, ax: Any, column: int, ticks: list[tuple[float, str]], side: int = -1
    ) -> None:
        """Draw a vertical axis with its ticks on one side."""
        colours = canvas.colours
        longest = _LONGEST if len(self.scales) <= _MANY else _LONGEST_OF_MANY
        ax.plot([column, column], [0, 1], color=colours.text, linewidth=0.9, zorder=2.5)
        box = {"facecolor": colours.background, "edgecolor": "none", "alpha": 0.7, "pad": 0.6}
        place = {"ha": "right" if side < 0 else "left", "va": "center", "zorder": 4, "bbox": box}
        style = {"fontsize": "small", "color": colours.text, **place}
        for height, text in ticks:
            ends = [column, column + 0.02 * side]
            ax.plot(ends, [height, height], color=colours.text, linewidth=0.9)
            ax.text(column + 0.06 * side, height, shorten(text, longest), **style)

    def _draw_score_axis(self, canvas: Canvas, ax: Any, limits: tuple[float, float]) -> None:
        """Draw the axis of the score in the colours of the lines."""
        from matplotlib.collections import LineCollection

        column, (low, high) = len(self.scales), limits
        ticks = [((t - low) / (high - low), value_text(t)) for t in linear_ticks(low, high)]
        self._draw_axis(canvas, ax, column, ticks, side=1)
        edges = np.linspace(0, 1, 65)
        parts = [[(column, a), (column, b + 0.005)] for a, b in pairwise(edges)]
        shades = edges[:-1] if self.trials.sign > 0 else 1 - edges[:-1]
        style = {"colors": canvas.colours.scores(shades), "linewidths": 5, "zorder": 3}
        ax.add_collection(LineCollection(parts, capstyle="butt", **style))


def _opacity(n: int) -> np.ndarray:
    """Return the opacity of lines from the worst to the best: of many, the bad ones fade."""
    least = float(np.clip(25 / n, 0.06, 0.8))
    return least + (0.9 - least) * np.linspace(0, 1, n) ** 8
