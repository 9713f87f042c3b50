"""A picture as the bytes of a file, which no window or notebook shows."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

from ._canvas import Canvas
from ._contract import Picture


def render_png(picture: Picture, style: str, settings: Mapping[str, Any], dpi: int = 110) -> bytes:
    """Return a picture as PNG.

    Parameters
    ----------
    picture : Picture
    style : str
        A style of matplotlib, on its own defaults.
    settings : dict
        Settings of matplotlib beyond it.
    dpi : int, default=110
    """
    from matplotlib import style as styles
    from matplotlib.figure import Figure

    with styles.context(["default", style, dict(settings)]), warnings.catch_warnings():
        # The font lacks some letters of the user's names; they are shown as boxes.
        warnings.filterwarnings("ignore", r"Glyph .* missing from")
        figure = Figure(figsize=picture.size, layout="constrained")
        picture.draw(Canvas(None, picture.size, figure))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
    return buffer.getvalue()
