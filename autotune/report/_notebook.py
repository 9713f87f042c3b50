"""The summary of a fitted estimator in a notebook, above scikit-learn's diagram."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..pictures import read_search
from ..results import score_text
from ._facts import Outcome
from ._markup import Markup, join, tag
from ._parameters import Parameter, parameters_of
from ._space import varying
from ._texts import listed
from ._words import members

_MOST_ROWS = 12
_BAR = "position:relative;width:9em;height:.4em;border-radius:3px;background:#8886"
_MARK = "position:absolute;top:-.15em;width:.7em;height:.7em;border-radius:50%;background:#d55e00"


def essence(tuned: Any) -> str:
    """Return the scores and the best parameters as HTML; "" if no trial was chosen.

    The colours suit light and dark notebooks.
    """
    search = read_search(tuned)
    if search.winner is None:
        return ""
    parameters = parameters_of(search, varying(search), {})
    rows = [_row(parameter) for parameter in parameters[:_MOST_ROWS]]
    n_more = len(parameters) - len(rows)
    more = tag("div", f"and {n_more} more in best_params_") if n_more else None
    lines = [tag("div", line) for line in _lines(search.label, Outcome.of(search))]
    if search.weights:
        lines.append(tag("div", f"final model: {listed(members(search))}"))
    table = tag("table", tag("tbody", *rows), style="margin:.4em 0;border-collapse:collapse")
    return tag("div", *lines, table, more, style="font-family:sans-serif;margin-bottom:.5em")


def _lines(label: str, outcome: Outcome) -> list[Markup]:
    """Return the scores in two lines."""
    tuned, untuned = score_text(outcome.tuned), score_text(outcome.untuned)
    parts: list[Any] = [f"{label}: ", tag("b", tuned)]
    if outcome.is_default:
        parts.append(" untuned, which nothing beat")
    elif np.isfinite(outcome.untuned):
        parts.append(f" tuned, {untuned} untuned")
    lines = [join(parts)]
    if np.isfinite(outcome.expected):
        low, high = score_text(outcome.low), score_text(outcome.high)
        expected = score_text(outcome.expected)
        lines.append(join([f"expected on new data: {expected} (95 %: {low} to {high})"]))
    return lines


def _row(parameter: Parameter) -> Markup:
    """Return a parameter's name, value, place on its range, and the range."""
    bar = None
    if np.isfinite(parameter.place):
        left = f"{_MARK};left:calc({parameter.place:.1%} - .35em)"
        bar = tag("div", tag("div", style=left), style=_BAR)
    cell = "text-align:left;padding:.1em .8em .1em 0;max-width:24em;overflow-wrap:break-word"
    return tag(
        "tr",
        tag("td", parameter.name, style=cell),
        tag("td", tag("b", parameter.value), style=cell),
        tag("td", bar, style=cell),
        tag("td", parameter.searched, style=f"{cell};opacity:.7"),
    )
