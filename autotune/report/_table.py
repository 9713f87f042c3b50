"""The table of all trials."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from .._texts import headline
from ..history import Trial
from ..pictures import Search, short_names
from ..results import score_text
from ..space import is_number
from ._markup import Markup, join, tag
from ._texts import shorten, value_text
from ._words import STATUS_WORDS

_LONGEST_ERROR = 120


def trials_table(search: Search) -> Markup:
    """Return the table of the trials, with what filters it."""
    history = search.history
    names = list(dict.fromkeys(chain.from_iterable(trial.params for trial in history)))
    labels = short_names(names) if names else {}
    headings = ["trial", "status", search.label, "± std", "seconds"]
    headings += ["origin", *(["weight"] if search.weights else [])]
    head = [_heading(text, text) for text in headings]
    head += [_heading(labels[name], name) for name in names]
    rows = [tag("tr", *_cells(search, trial, names), **_marks(search, trial)) for trial in history]
    words = dict.fromkeys(STATUS_WORDS[trial.status] for trial in history)
    table = tag(
        "table",
        tag("caption", "All trials. The names of the columns sort.", class_="quiet"),
        tag("thead", tag("tr", *head)),
        tag("tbody", *rows),
        id="trials-table",
    )
    return join(
        [
            _filters(list(words), len(history)),
            tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Trials"),
        ]
    )


def _filters(words: list[str], n_trials: int) -> Markup:
    """Return the controls above the table, which a script shows."""
    options = [tag("option", "all", value="")]
    options += [tag("option", word, value=word) for word in words]
    return tag(
        "form",
        tag("label", "Search ", tag("input", type="search", id="filter-text")),
        tag("label", "Status ", tag("select", *options, id="filter-status")),
        tag("output", f"{n_trials} of {n_trials} trials", id="filter-count", aria_live="polite"),
        id="filters",
        hidden=True,
    )


def _heading(text: str, title: str) -> Markup:
    """Return the heading of a column; the script makes a button of it."""
    return tag("th", text, scope="col", title=title)


def _marks(search: Search, trial: Trial) -> dict[str, Any]:
    """Return the attributes of a row."""
    kind = "chosen" if trial.number == search.winner else None
    return {"class_": kind, "data_status": STATUS_WORDS[trial.status]}


def _cells(search: Search, trial: Trial, names: list[str]) -> Iterator[Markup]:
    """Yield the cells of a row."""
    history = search.history
    scores = search.values(history.compared_scores(trial, search.metric))
    mean, std = _mean_and_std(scores)
    seconds = sum(e.seconds for e in trial.evaluations.values())
    number = f"{trial.number} ★" if trial.number == search.winner else str(trial.number)
    yield tag("th", number, scope="row", data_v=trial.number)
    yield _status_cell(trial)
    yield _number_cell(score_text(mean), mean)
    yield _number_cell(score_text(std), std)
    yield _number_cell(f"{seconds:.3g}" if trial.evaluations else "-", seconds)
    yield tag("td", trial.origin)
    if search.weights:
        weight = search.weights.get(trial.number, np.nan)
        yield _number_cell("" if np.isnan(weight) else f"{weight:.0%}", weight)
    for name in names:
        if name in trial.params:
            value = trial.params[name]
            sorts = is_number(value) and abs(value) < np.inf
            yield tag("td", value_text(value), data_v=repr(float(value)) if sorts else None)
        else:
            yield tag("td")


def _mean_and_std(scores: np.ndarray) -> tuple[float, float]:
    """Return mean and deviation of fold scores, which may be missing or huge."""
    with np.errstate(invalid="ignore", over="ignore"):
        return float(scores.mean()), float(scores.std())


def _status_cell(trial: Trial) -> Markup:
    """Return what became of a trial, with the message of its error."""
    word = STATUS_WORDS[trial.status]
    if not trial.error:
        return tag("td", word)
    line = shorten(headline(trial.error), _LONGEST_ERROR)
    return tag("td", word, " ", tag("small", line), class_="failed")


def _number_cell(text: str, number: float) -> Markup:
    """Return a cell that sorts by a number."""
    known = repr(number) if np.isfinite(number) else None
    return tag("td", text, class_="number", data_v=known)
