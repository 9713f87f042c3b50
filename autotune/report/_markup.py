"""HTML whose texts are escaped unless they are markup already."""

from __future__ import annotations

from html import escape
from typing import Any

_VOID = {"br", "img", "input", "meta", "source"}


class Markup(str):
    """A text that is HTML."""


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """Return an element.

    Parameters
    ----------
    name : str
    *children : object
        Markup is taken as it is, any other text is escaped; None is left out.
    **attributes : object
        By their names, with ``_`` for ``-`` and at the end of a keyword; False and None are
        left out, and True has no value.
    """
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{escape(str(value))}"')
    start = f"<{' '.join(words)}>"
    return Markup(start if name in _VOID else f"{start}{join(children)}</{name}>")


def join(children: Any) -> Markup:
    """Return children one after the other."""
    return Markup("".join(_text(child) for child in children if child is not None))


def _text(child: Any) -> str:
    """Return markup as it is, and anything else escaped.

    What no text file holds, such as half a surrogate pair, is replaced.
    """
    if isinstance(child, Markup):
        return child
    return escape(str(child).encode("utf-8", "replace").decode("utf-8"))
