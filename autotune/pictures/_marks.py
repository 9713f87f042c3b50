"""Markers of trials in plots of their scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..history import COMPLETE, FAILED
from ._canvas import Canvas, fit_limits
from ._scales import value_text
from ._search import PRUNED, UNFINISHED, Trials


def draw_trials(
    canvas: Canvas, ax: Any, where: np.ndarray, trials: Trials, limits: tuple[float, float]
) -> None:
    """Draw a marker per trial that shows its status; values beyond the limits are clipped."""
    colours = canvas.colours
    heights, beyond = fit_limits(trials.shown, limits, trials.sign)
    failed = trials.states == FAILED
    whole = (trials.states == COMPLETE) & np.isfinite(trials.shown)
    partial = ~failed & ~whole & np.isfinite(trials.shown)
    off = "v" if trials.sign > 0 else "^"
    filled = {"color": colours.trial, "linewidths": 0, "alpha": 0.75}
    hollow = {"facecolors": "none", "edgecolors": colours.muted, "linewidths": 0.9}
    for which, marker, size, style, label in (
        (
            partial & ~beyond,
            "o",
            16,
            hollow,
            f"{PRUNED if (trials.states == PRUNED).any() else UNFINISHED} (mean of its folds)",
        ),
        (partial & beyond, off, 16, hollow, None),
        (whole & ~beyond, "o", 18, filled, "trial"),
        (whole & beyond, off, 22, filled, "far worse"),
        (failed, "x", 24, {"color": colours.failed, "linewidths": 1.3}, "failed"),
    ):
        if which.any():
            ax.scatter(where[which], heights[which], size, marker=marker, label=label, **style)


def draw_default(canvas: Canvas, ax: Any, default: float) -> None:
    """Draw a line at the value of the model's own parameters, if it is known."""
    if np.isfinite(default):
        style = {"color": canvas.colours.text, "linewidth": 1.1, "dashes": (4, 3)}
        ax.axhline(default, label=f"default {value_text(default)}", **style)


def draw_winner(
    canvas: Canvas, ax: Any, where: np.ndarray, trials: Trials, winner: int | None
) -> None:
    """Draw a star at the trial that was chosen, if it has a place."""
    if winner is None or not np.isfinite(where[winner] + trials.values[winner]):
        return
    colours, value = canvas.colours, trials.values[winner]
    style = {"color": colours.best, "edgecolors": colours.background, "linewidths": 0.8}
    label = f"chosen {value_text(value)}"
    ax.scatter(where[winner], value, 150, marker="*", zorder=5, label=label, **style)
