"""A drawing as text: its panels, marks, lines and words, without pixels, fonts and layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.ticker import FixedLocator

_NUMBER = re.compile(r"(?<![\w#.$^{])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w.])")


def describe(figure: Any) -> str:
    """Return what a figure shows."""
    lines = [
        f"legend: {' | '.join(text.get_text() for text in legend.get_texts())}"
        for legend in figure.legends
    ]
    for number, ax in enumerate(figure.axes):
        lines += [f"panel {number}", *(f"  {line}" for line in _of_axes(ax))]
    return "\n".join(lines) + "\n"


def split_numbers(text: str) -> tuple[str, list[float]]:
    """Return a description without its numbers, and the numbers."""
    return _NUMBER.sub("_", text), [float(number) for number in _NUMBER.findall(text)]


def _of_axes(ax: Any) -> Iterator[str]:
    """Yield the lines of one panel."""
    if ax.get_title():
        yield f"title: {_words(ax.title)}"
    for name, axis, limits in (("x", ax.xaxis, ax.get_xlim()), ("y", ax.yaxis, ax.get_ylim())):
        yield f"{name}: {axis.get_scale()} from {_text(limits)}: {_words(axis.label)}"
        if isinstance(axis.get_major_locator(), FixedLocator):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts = (f"{_text([place])} {_words(text)}" for place, text in ticks)
            yield f"  ticks: {'; '.join(texts)}"
    for marks in ax.collections:
        yield f"{type(marks).__name__}{_label(marks)}: {_of_collection(marks)}"
    for line in ax.lines:
        style = [to_hex(line.get_color()), line.get_linestyle(), line.get_marker()]
        points = _text(np.column_stack(line.get_data()))
        yield f"line{_label(line)}: {' '.join(map(str, style))} {points}"
    for patch in ax.patches:
        corners = patch.get_patch_transform().transform(patch.get_path().vertices)
        ends = _text([corners.min(axis=0), corners.max(axis=0)])
        yield f"area{_label(patch)}: {_colours([patch.get_facecolor()])} {ends}"
    for text in ax.texts:
        yield f"text at {_text(getattr(text, 'xy', text.get_position()))}: {_words(text)}"
    for image in ax.images:
        yield f"image: {_text(np.ma.filled(image.get_array(), np.nan))}"


def _of_collection(marks: Any) -> str:
    """Return the colours and the places of some marks."""
    colours = f"{_colours(marks.get_facecolor())} edged {_colours(marks.get_edgecolor())}"
    if hasattr(marks, "get_segments"):
        places: Any = marks.get_segments()
    elif type(marks).__name__ == "PathCollection":
        places = np.ma.filled(marks.get_offsets(), np.nan)
    else:
        places = [path.vertices for path in marks.get_paths()]
    return f"{colours} {_text(places)}"


def _label(artist: Any) -> str:
    """Return the name of an artist in the legend."""
    label = str(artist.get_label())
    return "" if not label or label.startswith("_") else f" {label!r}"


def _words(text: Any) -> str:
    """Return what is written, and at which angle."""
    angle = f" ({text.get_rotation():.0f} degrees)" if text.get_rotation() % 90 else ""
    return text.get_text().replace("\n", " / ") + angle


def _colours(colours: Any) -> str:
    """Return colours by their names; of many only the number, since they are computed."""
    names = dict.fromkeys(to_hex(colour, keep_alpha=True) for colour in np.atleast_2d(colours))
    return "".join(names) or "none" if len(names) < 2 else f"{len(names)} colours"


def _text(values: Any) -> str:
    """Return numbers, or lists of them."""
    if np.ndim(values) == 0 and not isinstance(values, list | tuple):
        return f"{float(values):.6g}"
    return f"({' '.join(map(_text, values))})"
