"""The canvas of a picture: axes and colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


def import_pyplot() -> Any:
    """Return matplotlib's pyplot, or say how to install it."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            'TuningDisplay needs matplotlib: pip install "autotune-sklearn[plot]"'
        ) from error
    return pyplot


@dataclass(frozen=True)
class Colours:
    """Colours that suit a background and are safe for colour-blind readers.

    The hues are those of M. Okabe and K. Ito, "Color universal design" (2008).
    """

    text: Any
    muted: Any
    faint: Any
    background: Any
    trial: str
    best: str
    failed: str
    comparison: str
    scores: Any  # a colour map from bad to good
    range: Any  # a colour map from low to high, behind text


class Canvas:
    """A figure of its own or, with ``ax``, the place of one of its axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    size : tuple of float
        Width and height of a figure of its own, in inches.
    figure : matplotlib.figure.Figure or None, default=None
        The figure of its own; None: one that pyplot knows and shows.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    axes : list of matplotlib.axes.Axes
        What ``grid`` has made.
    """

    def __init__(self, ax: Any, size: tuple[float, float], figure: Any = None):
        pyplot = import_pyplot()
        self._ax = ax
        if figure is not None:
            self.figure = figure
        elif ax is None:
            self.figure = pyplot.figure(figsize=size, layout="constrained")
        else:
            self.figure = ax.figure
        self.axes: list[Any] = []
        self.colours = _colours(pyplot.rcParams["axes.facecolor"] if ax is None else _back(ax))

    def grid(self, rows: int = 1, columns: int = 1, *, share_y: bool = False, **ratios: Any) -> Any:
        """Return axes in rows and columns, as an array of shape (rows, columns)."""
        if self._ax is None:
            grid = self.figure.add_gridspec(rows, columns, **ratios)
        elif rows == columns == 1:
            self.axes = [_plain(self._ax)]
            return np.array([self.axes], dtype=object)
        else:
            place = self._ax.get_subplotspec()
            if place is None:
                raise ValueError("ax must be a subplot for a picture of several panels")
            self._ax.set_axis_off()
            grid = place.subgridspec(rows, columns, hspace=0.6, wspace=0.3, **ratios)
        axes: Any = np.empty((rows, columns), dtype=object)
        for row, column in np.ndindex(rows, columns):
            shared = axes[0, 0] if share_y else None
            axes[row, column] = _plain(self.figure.add_subplot(grid[row, column], sharey=shared))
            if share_y and column:
                axes[row, column].tick_params(labelleft=False)
        self.axes = list(axes.ravel())
        return axes

    def rule(self, ax: Any, which: str = "y") -> None:
        """Draw thin lines behind everything."""
        ax.grid(axis=which, color=self.colours.faint, linewidth=0.6)
        ax.set_axisbelow(True)

    def key(self, columns: int) -> None:
        """Put one legend for all axes above them."""
        known: dict[str, Any] = {}
        for ax in self.axes:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                known.setdefault(label, handle)
        if not known:
            return
        style = {"frameon": False, "fontsize": "small", "handletextpad": 0.4, "columnspacing": 1.2}
        style["ncols"] = columns
        if self._ax is None:
            self.figure.legend(known.values(), known, loc="outside upper left", **style)
        else:
            place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.01), "borderaxespad": 0.2}
            self.axes[0].legend(known.values(), known, **place, **style).set_in_layout(False)


def fit_limits(
    values: Any, limits: tuple[float, float], sign: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return values moved to the bad end of the limits where they lie beyond, and which do.

    NaN is moved there too.
    """
    values = np.asarray(values, dtype=float)
    low, high = limits
    inset = 0.02 * (high - low)
    end = low + inset if sign > 0 else high - inset
    beyond = ~(values >= end) if sign > 0 else ~(values <= end)
    return np.where(beyond, end, values), beyond


def blend(colour: Any, other: Any, share: float) -> tuple[float, ...]:
    """Return a colour with a share of another one in it."""
    from matplotlib.colors import to_rgb

    one, two = np.array(to_rgb(colour)), np.array(to_rgb(other))
    return tuple(float(part) for part in (1 - share) * one + share * two)


def _colours(background: Any) -> Colours:
    """Return the colours that suit a background."""
    from matplotlib import colormaps, rcParams
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    is_dark = float(np.dot(to_rgb(background), (0.299, 0.587, 0.114))) < 0.5
    text = rcParams["text.color"]
    part = np.linspace(0.2, 0.88, 64) if is_dark else np.linspace(0.85, 0.0, 64)
    trial = "#56B4E9" if is_dark else "#0072B2"
    ends = [blend(background, trial, share) for share in (0.08, 0.5)]
    return Colours(
        text,
        blend(text, background, 0.45),
        blend(text, background, 0.85),
        to_rgb(background),
        trial=trial,
        best="#FFB000" if is_dark else "#D55E00",
        failed="#F0A5CF" if is_dark else "#B0487F",
        comparison="#009E73",
        scores=LinearSegmentedColormap.from_list("scores", colormaps["viridis"](part)),
        range=LinearSegmentedColormap.from_list("range", ends),
    )


def _back(ax: Any) -> Any:
    """Return what is seen behind axes."""
    *_, opacity = ax.get_facecolor()
    return ax.get_facecolor() if opacity > 0.5 else ax.figure.get_facecolor()


def _plain(ax: Any) -> Any:
    """Take away two sides of the frame."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def spread(numbers: Sequence[int] | np.ndarray, width: float) -> np.ndarray:
    """Return small offsets, the same for a trial each time, evenly between two ends."""
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    return width * (np.mod(np.asarray(numbers) * golden, 1.0) - 0.5)
