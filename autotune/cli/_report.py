"""What is seen on the screen."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from .._texts import model_name
from ..evaluation import CHOSEN
from ..history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    TIMEOUT,
    History,
    Trial,
)
from ..results import Metric, count, is_terminal, rank, score_text, seconds_text
from ._errors import require

TOP = 5  # rows of the leaderboard
PIPED_WIDTH = 100  # columns where the output is no terminal
_MOST_LINES = 3  # that the parameters of a trial take beside its scores
_LEAST_ROOM = 22  # columns that they get there
_PADDING = 3  # columns between those of a table

_UNFINISHED = "unfinished"
_OUTCOMES = {
    COMPLETE: "complete",
    DROPPED: "dropped early",
    FAILED: "failed",
    CRASHED: "crashed",
    TIMEOUT: "too slow",
    INTERRUPTED: _UNFINISHED,
    RUNNING: _UNFINISHED,
}


def make_console() -> Any:
    """Return rich's console on the standard output of the moment."""
    base = require("rich.console", "the command line").Console

    class Console(base):  # type: ignore[misc, valid-type]  # a class that is imported late
        def on_broken_pipe(self) -> None:
            raise  # to be met by the command, not turned into an exit here

    stdout = sys.stdout
    if hasattr(stdout, "reconfigure"):
        stdout.reconfigure(errors="replace")  # rather a "?" than no report at all
    width = None if is_terminal(stdout) else PIPED_WIDTH
    return Console(file=stdout, width=width, highlight=False, markup=False, emoji=False)


def facts(rows: Iterable[tuple[str, str]]) -> Any:
    """Return labelled facts, one a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def leaderboard(
    history: History, metric: Metric, untuned: Trial | None, width: int, top: int = TOP
) -> Any:
    """Return the best trials as a table; the untuned model's is marked, or added below.

    Parameters
    ----------
    history : History
    metric : Metric
        What the scores are.
    untuned : Trial or None
    width : int
        Columns of the screen. Where they are too few for the parameters, those are listed
        below the table.
    top : int
        How many trials are listed.
    """
    from rich.console import Group

    ranks = rank(history, history.metric)
    ranked = [t for t in history if t.eligible and np.isfinite(_score(history, t))]
    shown = sorted(ranked, key=lambda trial: (ranks[trial.number], trial.number))[:top]
    below = untuned if untuned not in shown else None
    if below is not None:
        shown.append(below)
    table = plain_table(f"Best of {count(n_ended(history), 'trial')}")
    for heading in ("rank", "trial", f"{metric.name}\nmean ± std", "fit time"):
        table.add_column(heading, justify="right", no_wrap=True)
    texts = _differing(shown)
    rows = [
        (
            str(ranks[trial.number]) if trial in ranked else "-",
            f"untuned {trial.number}" if trial is untuned else str(trial.number),
            _spread(history, trial, metric),
            _fit_time(trial),
        )
        for trial in shown
    ]
    room = width - _width(table, rows)
    longest = max(map(len, texts), default=0)
    beside = room >= _LEAST_ROOM and longest <= _MOST_LINES * room
    if beside:
        table.add_column("parameters that differ", overflow="fold")
    for trial, cells, text in zip(shown, rows, texts, strict=True):
        if trial is below:
            table.add_section()
        style = "green" if cells[0] == "1" else "yellow" if trial is untuned else None
        table.add_row(*cells, *([text] if beside else []), style=style)
    if beside:
        return table
    title = _styled(" Parameters that differ", "bold")
    listed = ((f" trial {trial.number}", text) for trial, text in zip(shown, texts, strict=True))
    return Group(table, title, facts(listed), "")


def comparison(metric: Metric, rows: Iterable[tuple[str, float, float]]) -> Any:
    """Return the scores of the untuned and the tuned model as a table.

    Parameters
    ----------
    metric : Metric
    rows : iterable of (label, untuned, tuned)
    """
    from rich.console import Group

    better = "higher" if metric.sign > 0 else "lower"
    title = f"Tuned against untuned: {metric.name}, {better} is better"
    table = plain_table()
    table.add_column("measured on")
    for heading in ("untuned", "tuned", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, untuned, tuned in rows:
        gain = _gain(untuned, tuned)
        style = "bold green" if gain > 0 else "bold red" if gain < 0 else "bold"
        cells = (label, score_text(metric.value(untuned)), score_text(metric.value(tuned)))
        table.add_row(*cells, _styled(score_text(metric.value(gain), sign="+"), style))
    return Group(_styled(title, "bold"), table)  # the title may be wider than the table


def _gain(untuned: float, tuned: float) -> float:
    """Return by how much a score is better; zero where only rounding tells them apart."""
    return 0.0 if np.isclose(untuned, tuned, rtol=1e-9, atol=0) else tuned - untuned


def expectation(metric: Metric, score: float, interval: tuple[float, float]) -> str:
    """Return in a line what to expect on new data."""
    low, high = map(score_text, sorted(map(metric.value, interval)))
    about = score_text(metric.value(score))
    return f"On new data expect about {about} (95 % interval: {low} to {high})."


def n_ended(history: History) -> int:
    """Return how many trials have ended, as the line of progress counts them."""
    return sum(trial.status not in (INTERRUPTED, RUNNING) for trial in history)


def summary(history: History, seconds: float) -> str:
    """Return in a line how many trials there were and what became of them."""
    counts = Counter(_OUTCOMES[trial.status] for trial in history)
    unfinished = counts.pop(_UNFINISHED, 0)
    words = [f"{counts[word]} {word}" for word in dict.fromkeys(_OUTCOMES.values()) if counts[word]]
    text = f"{count(n_ended(history), 'trial')} in {seconds_text(seconds)}"
    if len(words) > 1 or counts["complete"] == 0 < len(words):
        text += f": {', '.join(words)}"
    return f"{text}; {unfinished} more cut short." if unfinished else f"{text}."


def plain_table(title: str | None = None) -> Any:
    """Return an empty table."""
    from rich import box
    from rich.table import Table

    return Table(
        title=title,
        box=box.SIMPLE_HEAD,
        header_style="bold",
        title_style="bold",
        title_justify="left",
    )


def _width(table: Any, rows: Sequence[tuple[str, ...]]) -> int:
    """Return the columns that a table takes, with the space beside one column more."""
    headings = [max(map(len, str(column.header).splitlines())) for column in table.columns]
    cells = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return sum(map(max, headings, cells)) + _PADDING * (len(headings) + 1) + 2


def _styled(text: str, style: str) -> Any:
    """Return a cell with a style of its own."""
    from rich.text import Text

    return Text(text, style=style)


def _score(history: History, trial: Trial) -> float:
    """Return the score with which a trial competes, NaN if it does not."""
    return history.score(trial) if trial.status == COMPLETE else np.nan


def _spread(history: History, trial: Trial, metric: Metric) -> str:
    """Return the mean and, of several folds, the deviation of a trial's scores."""
    if not np.isfinite(_score(history, trial)):
        return _OUTCOMES[trial.status]
    scores = history.compared_scores(trial)
    mean, std = score_text(metric.value(float(scores.mean()))), score_text(float(scores.std()))
    return f"{mean} ± {std}" if len(scores) > 1 else mean


def _fit_time(trial: Trial) -> str:
    """Return the mean time of a fit."""
    times = [evaluation.fit_time for evaluation in trial.evaluations.values()]
    return seconds_text(float(np.mean(times))) if times else "-"


def _differing(trials: list[Trial]) -> list[str]:
    """Return for each trial the parameters in which not all of them agree; of one trial all."""
    rows = [{name: value_text(value) for name, value in t.params.items()} for t in trials]
    names = dict.fromkeys(chain.from_iterable(rows))
    alone = len(rows) == 1
    differing = [
        name
        for name in names
        if alone or name == CHOSEN or len({row.get(name) for row in rows}) > 1
    ]
    shorts = [name.rpartition("__")[2] for name in names]
    labels = {n: n if shorts.count(s) > 1 else s for n, s in zip(names, shorts, strict=True)}
    if CHOSEN in labels:  # several models: each has names of its own under the common prefix
        labels = {name: name.rpartition("__")[2] for name in names} | {CHOSEN: ""}
    return [
        ", ".join(f"{labels[n]}={row[n]}".removeprefix("=") for n in differing if n in row)
        for row in rows
    ]


def params_text(params: dict[str, Any]) -> str:
    """Return a configuration in one line, without the prefixes of steps."""
    names = {name: name.rpartition("__")[2] for name in params}
    words = (
        f"{names[name]}={value_text(value)}" for name, value in params.items() if name != CHOSEN
    )
    return ", ".join(chain([value_text(params[CHOSEN])] if CHOSEN in params else [], words))


def value_text(value: Any) -> str:
    """Return a parameter's value in few characters; of a model its class."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return model_name(value)
    text = f"{value:.3g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= 30 else text[:27] + "..."
