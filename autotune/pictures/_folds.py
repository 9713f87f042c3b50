"""The fold scores of the best trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._canvas import Canvas, Colours
from ._contract import Picture
from ._scales import value_text
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
    repeats : ndarray of shape (n_leaders, n_repeat_folds)
        The values on repeated folds.
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
    weights : dict of int to float
        The weight of each trial in the final model; empty unless it averages several trials.
    """

    numbers: tuple[int, ...]
    values: np.ndarray
    repeats: np.ndarray
    means: np.ndarray
    default: int | None
    winner: int | None
    expected: tuple[float, float, float]
    label: str
    sign: int
    weights: Mapping[int, float]

    options = ("metric", "top")

    @classmethod
    def of(cls, search: Search, top: int | None = None) -> FoldsPicture:
        trials, history = search.trials(), search.history
        default = None if search.default is None else search.default.number
        goodness = np.where(trials.competes, trials.sign * trials.values, np.nan)
        ranked = [int(i) for i in np.argsort(-goodness, kind="stable") if np.isfinite(goodness[i])]
        chosen = ranked[: 10 if top is None else top]
        also = [*search.weights, search.winner, default]
        also = [n for n in also if n is not None and n not in chosen]
        numbers = [*chosen, *dict.fromkeys(n for n in also if np.isfinite(trials.values[n]))]
        if not numbers:
            raise ValueError("there are no fold scores to show: no trial is complete")
        rows = [history[number] for number in numbers]
        decides = search.metric == history.metric
        return cls(
            tuple(numbers),
            search.values([history.fold_scores(trial, search.metric) for trial in rows]),
            search.values([history.repeat_scores(trial) if decides else [] for trial in rows]),
            trials.values[numbers],
            default,
            search.winner,
            tuple(search.values(search.expected).tolist()),
            search.label,
            trials.sign,
            search.weights,
        )

    @property
    def size(self) -> tuple[float, float]:
        return 6.8, 1.5 + 0.36 * len(self.numbers)

    def draw(self, canvas: Canvas) -> None:
        ax, colours = canvas.grid()[0, 0], canvas.colours
        shown = np.append(self.values, self.repeats)
        limits = robust_limits(shown, self.sign, shown)
        self._draw_folds(ax, colours)
        self._draw_means(ax, colours, limits)
        self._draw_expected(ax, colours)
        self._name_rows(ax, colours)
        ax.set_xlim(limits)
        note = "\n(percentages: weights in the final model)" if self.weights else ""
        ax.set_xlabel(f"{self.label}{note}")
        canvas.rule(ax, "x")
        canvas.key(columns=4)

    def _draw_folds(self, ax: Any, colours: Colours) -> None:
        """Draw a dot for each fold, joined from row to row, and a ring for each repeated fold."""
        rows, n_folds = np.arange(len(self.numbers)), self.values.shape[1]
        filled = {"color": colours.trial, "alpha": 0.8, "linewidths": 0}
        hollow = {"facecolors": "none", "edgecolors": colours.trial, "linewidths": 0.8}
        thin = {"color": colours.trial, "linewidth": 0.7, "alpha": 0.35}
        for fold, column in enumerate(self.values.T):
            heights = rows + 0.4 * ((fold + 0.5) / n_folds - 0.5)
            ax.plot(column, heights, zorder=1, **thin)
            label = None if fold else "a fold, joined across trials"
            ax.scatter(column, heights, 20, label=label, **filled)
        for fold, column in enumerate(self.repeats.T):
            ax.scatter(column, rows, 20, label=None if fold else "a repeated fold", **hollow)

    def _draw_means(self, ax: Any, colours: Colours, limits: tuple[float, float]) -> None:
        """Draw the means of several folds; those beyond the limits are written at their bad end."""
        end, side, text = (
            (limits[0], "left", " \N{LEFTWARDS ARROW} {}")
            if self.sign > 0
            else (limits[1], "right", "{} \N{RIGHTWARDS ARROW} ")
        )
        for row, (number, mean) in enumerate(zip(self.numbers, self.means, strict=True)):
            if limits[0] <= mean <= limits[1]:
                if self.values.shape[1] == 1:
                    continue
                colour = colours.best if number == self.winner else colours.text
                label = None if row else "mean"
                ax.scatter(mean, row, 42, color=colour, marker="D", zorder=4, label=label)
            else:
                ax.text(end, row, text.format(value_text(mean)), ha=side, va="center")

    def _draw_expected(self, ax: Any, colours: Colours) -> None:
        """Draw what to expect on new data, behind the rows."""
        expected, *ends = self.expected
        if not np.isfinite(expected):
            return
        ax.axvspan(min(ends), max(ends), color=colours.best, alpha=0.10, linewidth=0)
        style = {"color": colours.best, "linewidth": 1.0, "linestyle": ":"}
        ax.axvline(expected, label="expected on new data, 95% interval", **style)

    def _name_rows(self, ax: Any, colours: Colours) -> None:
        """Write the numbers of the trials."""
        ax.set_yticks(range(len(self.numbers)), [self._name(number) for number in self.numbers])
        ax.set_ylim(len(self.numbers) - 0.45, -0.55)
        ax.tick_params(axis="y", length=0)
        for text, number in zip(ax.get_yticklabels(), self.numbers, strict=True):
            if number == self.winner:
                text.set(color=colours.best, weight="bold")

    def _name(self, number: int) -> str:
        """Return what a row is called."""
        default = "default, " if number == self.default else ""
        weight = f" ({self.weights[number]:.0%})" if number in self.weights else ""
        return f"{default}{'chosen ' if number == self.winner else ''}trial {number}{weight}"
