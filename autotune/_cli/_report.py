"""What is seen on the screen."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from .._display import is_terminal
from .._history import COMPLETE, History, Trial
from .._selection import rank
from ..execution import CHOSEN
from ._errors import require
from ._models import model_name

TOP = 5  # rows of the leaderboard
PIPED_WIDTH = 100  # columns where the output is no terminal


def make_console() -> Any:
    """Return rich's console on the standard output of the moment."""
    console = require("rich.console", "the command line").Console
    stdout = sys.stdout
    if hasattr(stdout, "reconfigure"):
        stdout.reconfigure(errors="replace")  # rather a "?" than no report at all
    width = None if is_terminal(stdout) else PIPED_WIDTH
    return console(file=stdout, width=width, highlight=False, markup=False, emoji=False)


def facts(rows: Iterable[tuple[str, str]]) -> Any:
    """Return labelled facts, one a line."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def leaderboard(history: History, metric: str, untuned: Trial | None) -> Any:
    """Return the best trials as a table; the untuned model's is marked, or added below.

    Parameters
    ----------
    history : History
    metric : str
        The name of the score, for the heading.
    untuned : Trial or None
    """
    from rich.table import Table

    ranks = rank(history, history.metric)
    ranked = [t for t in history if t.eligible and np.isfinite(_score(history, t))]
    shown = sorted(ranked, key=lambda trial: (ranks[trial.number], trial.number))[:TOP]
    below = untuned if untuned not in shown else None
    if below is not None:
        shown.append(below)
    table = Table(box=_box(), header_style="bold", title_style="bold", title_justify="left")
    table.title = f"Best of {len(ranked)} trials"
    for heading in ("rank", "trial", f"{metric} (mean ± std)", "fit time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("parameters that differ", overflow="fold")
    for trial, text in zip(shown, _differing(shown), strict=True):
        if trial is below:
            table.add_section()
        number = str(ranks[trial.number]) if trial in ranked else "-"
        is_untuned = trial is untuned
        cells = (number, f"untuned {trial.number}" if is_untuned else str(trial.number))
        style = "green" if number == "1" else "yellow" if is_untuned else None
        table.add_row(*cells, _spread(history, trial), _fit_time(trial), text, style=style)
    return table


def comparison(metric: str, rows: Iterable[tuple[str, float, float]]) -> Any:
    """Return the scores of the untuned and the tuned model as a table.

    Parameters
    ----------
    metric : str
    rows : iterable of (label, untuned, tuned)
    """
    from rich.table import Table

    table = Table(box=_box(), header_style="bold", title_style="bold", title_justify="left")
    table.title = f"Tuned against untuned: {metric}, higher is better"
    table.add_column("measured on")
    for heading in ("untuned", "tuned", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, untuned, tuned in rows:
        gain = tuned - untuned
        style = "bold green" if gain > 0 else "bold red" if gain < 0 else "bold"
        cells = (label, score_text(untuned), score_text(tuned))
        table.add_row(*cells, _styled(score_text(gain, sign="+"), style))
    return table


def expectation(score: float, interval: tuple[float, float]) -> str:
    """Return in a line what to expect on new data."""
    low, high = map(score_text, interval)
    return f"On new data expect about {score_text(score)} (95 % interval: {low} to {high})."


def _box() -> Any:
    """Return the lines of all tables."""
    from rich import box

    return box.SIMPLE_HEAD


def _styled(text: str, style: str) -> Any:
    """Return a cell with a style of its own."""
    from rich.text import Text

    return Text(text, style=style)


def score_text(value: float, sign: str = "") -> str:
    """Return a score in four decimals, or fewer where it is large."""
    if not np.isfinite(value):
        return "-" if np.isnan(value) else f"{value}"
    return f"{value:{sign}.4f}" if abs(value) < 100 else f"{value:{sign},.1f}"


def seconds_text(seconds: float) -> str:
    """Return a duration in a unit that suits it."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def _score(history: History, trial: Trial) -> float:
    """Return the score with which a trial competes, NaN if it does not."""
    return history.score(trial) if trial.status == COMPLETE else np.nan


def _spread(history: History, trial: Trial) -> str:
    """Return the mean and, of several folds, the deviation of a trial's scores."""
    if not np.isfinite(_score(history, trial)):
        return trial.status
    scores = history.compared_scores(trial)
    mean, std = score_text(float(scores.mean())), score_text(float(scores.std()))
    return f"{mean} ± {std}" if len(scores) > 1 else mean


def _fit_time(trial: Trial) -> str:
    """Return the mean time of a fit."""
    times = [evaluation.fit_time for evaluation in trial.evaluations.values()]
    return seconds_text(float(np.mean(times))) if times else "-"


def _differing(trials: list[Trial]) -> list[str]:
    """Return for each trial the parameters in which not all of them agree; of one trial all."""
    rows = [{name: _value(value) for name, value in t.params.items()} for t in trials]
    names = dict.fromkeys(chain.from_iterable(rows))
    alone = len(rows) == 1
    differing = [name for name in names if alone or len({row.get(name) for row in rows}) > 1]
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
    words = (f"{names[name]}={_value(value)}" for name, value in params.items() if name != CHOSEN)
    return ", ".join(chain([_value(params[CHOSEN])] if CHOSEN in params else [], words))


def _value(value: Any) -> str:
    """Return a parameter's value in few characters; of a model its class."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return model_name(value)
    text = f"{value:.3g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= 30 else text[:27] + "..."
