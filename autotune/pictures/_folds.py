"""The fold scores of the best trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._canvas import Canvas, Colours
from ._contract import Picture
from ._search import Search, robust_limits


@dataclass(frozen=True)
class FoldsPicture(Picture):
    """The values of the leaders and the default on each fold.

    Attributes
    ----------
    numbers : tuple of int
        The trials, the best first; the default is the last unless it leads.
    values : ndarray of shape (n_leaders, n_folds)
        NaN where a fold was not evaluated.
    fresh : ndarray of shape (n_leaders, n_fresh)
        The values on fresh folds.
    means : ndarray of shape (n_leaders,)
        The means that decided, over the compared folds.
    default, winner : int or None
        Numbers of trials.
    expected : tuple of float
        The value to expect of the winner on new data, and the ends of its interval.
    label : str
        What the values are.
    sign : {1, -1}
        -1 where lower is better.
    """

    numbers: tuple[int, ...]
    values: np.ndarray
    fresh: np.ndarray
    means: np.ndarray
    default: int | None
    winner: int | None
    expected: tuple[float, float, float]
    label: str
    sign: int

    options = ("metric", "top")

    @classmethod
    def of(cls, search: Search, top: int | None = None) -> FoldsPicture:
        trials, history = search.trials(), search.history
        default = None if search.default is None else search.default.number
        goodness = np.where(trials.competes, trials.sign * trials.values, np.nan)
        ranked = [int(i) for i in np.argsort(-goodness, kind="stable") if np.isfinite(goodness[i])]
        chosen = ranked[: 10 if top is None else top]
        also = [n for n in (search.winner, default) if n is not None and n not in chosen]
        numbers = [*chosen, *dict.fromkeys(n for n in also if np.isfinite(trials.values[n]))]
        if not numbers:
            raise ValueError("there are no fold scores to show: no trial is complete")
        rows = [history[number] for number in numbers]
        decides = search.metric == history.metric
        return cls(
            tuple(numbers),
            search.values([history.fold_scores(trial, search.metric) for trial in rows]),
            search.values([history.fresh_scores(trial) if decides else [] for trial in rows]),
            trials.values[numbers],
            default,
            search.winner,
            tuple(search.values(search.expected).tolist()),
            search.label,
            trials.sign,
        )

    @property
    def size(self) -> tuple[float, float]:
        return 6.8, 1.5 + 0.36 * len(self.numbers)

    def draw(self, canvas: Canvas) -> None:
        ax, colours = canvas.grid()[0, 0], canvas.colours
        rows = np.arange(len(self.numbers))
        single = self.values.shape[1] == 1
        for fold, column in enumerate(self.values.T):
            thin = {"color": colours.trial, "linewidth": 0.7, "alpha": 0.35}
            height = rows + 0.4 * ((fold + 0.5) / self.values.shape[1] - 0.5)
            ax.plot(column, height, zorder=1, **thin)
            label = None if fold else "a fold, joined across trials"
            dots = {"color": colours.trial, "alpha": 0.8, "linewidths": 0}
            ax.scatter(column, height, 20, label=label, **dots)
        for column in self.fresh.T:
            style = {"facecolors": "none", "edgecolors": colours.trial, "linewidths": 0.8}
            label = "fresh folds" if column is self.fresh.T[0] else None
            ax.scatter(column, rows, 20, label=label, **style)
        if not single:
            for row, number, mean in zip(rows, self.numbers, self.means, strict=True):
                colour = colours.best if number == self.winner else colours.text
                label = None if row else "mean"
                ax.scatter(mean, row, 42, color=colour, marker="D", zorder=4, label=label)
        self._draw_expected(ax, colours)
        self._name_rows(ax, colours, rows)
        shown = np.append(self.values, self.fresh)
        limits = robust_limits(shown, self.sign, shown)
        self._point_outside(ax, colours, limits)
        ax.set_xlim(limits)
        ax.set_xlabel(self.label)
        canvas.rule(ax, "x")
        canvas.key(columns=4)

    def _point_outside(self, ax: Any, colours: Colours, limits: tuple[float, float]) -> None:
        """Write the means that lie beyond the limits at their bad end."""
        left = self.sign > 0
        for row, mean in enumerate(self.means):
            if not limits[0] <= mean <= limits[1]:
                text = (
                    f"\N{LEFTWARDS ARROW} {mean:.4g}"
                    if left
                    else f"{mean:.4g} \N{RIGHTWARDS ARROW}"
                )
                place = {"ha": "left" if left else "right", "va": "center", "color": colours.text}
                ax.text(limits[0] if left else limits[1], row, f" {text} ", **place)

    def _draw_expected(self, ax: Any, colours: Colours) -> None:
        """Draw what to expect on new data, behind the rows."""
        expected, *ends = self.expected
        if not np.isfinite(expected):
            return
        ax.axvspan(min(ends), max(ends), color=colours.best, alpha=0.10, linewidth=0)
        style = {"color": colours.best, "linewidth": 1.0, "linestyle": ":"}
        ax.axvline(expected, label="expected on new data, 95% interval", **style)

    def _name_rows(self, ax: Any, colours: Colours, rows: np.ndarray) -> None:
        """Write the numbers of the trials."""
        names = [self._name(number) for number in self.numbers]
        ax.set_yticks(rows, names)
        ax.set_ylim(len(rows) - 0.45, -0.55)
        ax.tick_params(axis="y", length=0)
        for text, number in zip(ax.get_yticklabels(), self.numbers, strict=True):
            if number == self.winner:
                text.set(color=colours.best, weight="bold")

    def _name(self, number: int) -> str:
        """Return what a row is called."""
        roles = [
            role for role, n in (("default", self.default), ("chosen", self.winner)) if n == number
        ]
        return f"{', '.join(roles)} trial {number}" if roles else f"trial {number}"
