"""What is in a saved model, or in a storage file."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from .._texts import model_name
from ..history import COMPLETE, SEARCH
from ..results import count, describe_metric, score_text, seconds_text
from ..storage import read_history
from ._errors import CliError, one_line
from ._job import find_untuned, write_evaluations, write_report
from ._models import own_params
from ._report import (
    expectation,
    facts,
    leaderboard,
    make_console,
    plain_table,
    value_text,
)
from ._save import load_model
from ._table import listed

_CLASS = re.compile(r"\b([A-Z]\w+)\(")  # in the text of an estimator


def show_model(path: str, report_path: str | None, *, trust: bool) -> None:
    """Tell what a model is, what it was fitted on, and how it was found if it knows.

    Parameters
    ----------
    path : str
    report_path : str or None
        An HTML file for the report of the search.
    trust : bool
        Load what could run code, too.
    """
    model = load_model(path, trust=trust)
    console = make_console()
    fitted = getattr(model, "best_estimator_", model)
    console.print(facts(_facts(fitted)))
    if fitted is model or not hasattr(model, "history_"):
        if report_path is not None:
            raise CliError(
                f"--report needs a model that holds its search, as joblib.dump of an "
                f"AutoTunedClassifier does; {path} holds only the tuned model, whose report "
                "'autotune fit --report' writes"
            )
        return
    history, metric = model.history_, describe_metric(model.scorer_, [fitted])
    console.print(leaderboard(history, metric, find_untuned(history), console.width))
    if np.isfinite(model.expected_score_):
        interval = model.expected_score_interval_
        console.print(expectation(metric, model.expected_score_, interval))
    if report_path is not None:
        write_report(model, report_path)
        console.print(f"The report is in {report_path}", soft_wrap=True)


def show_storage(path: str, top: int, evaluations_path: str | None) -> None:
    """Tell what each search in a storage file has found.

    Parameters
    ----------
    path : str
    top : int
        The number of trials to list of each search.
    evaluations_path : str or None
        A CSV file for all evaluations.
    """
    try:
        frame = read_history(path)
    except (TypeError, ValueError) as error:
        raise CliError(one_line(str(error))) from error
    if evaluations_path is not None:
        write_evaluations(frame, evaluations_path)
    console = make_console()
    if frame.empty:
        console.print(f"{path} holds no trials yet.")
    for number, rows in frame.groupby("study"):
        first = rows.iloc[0]
        statuses = rows.drop_duplicates("trial")["trial_status"].value_counts()
        texts = (f"{n} {status}" for status, n in statuses.items())
        console.print(
            facts(
                [
                    ("search", f"{number}, begun {first['created']}"),
                    ("model", ", ".join(dict.fromkeys(_CLASS.findall(first["estimator"])))),
                    ("trials", ", ".join(texts)),
                ]
            )
        )
        console.print(_best(rows, top))


def _best(rows: Any, top: int) -> Any:
    """Return the best complete trials of one search as a table."""
    scores = [name for name in rows if name.startswith("score_") and name != "score_time"]
    table = plain_table(f"Best by {scores[0].removeprefix('score_')}" if scores else None)
    for heading in ("trial", "mean ± std", "fit time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("parameters", overflow="fold")
    done = rows[(rows["trial_status"] == COMPLETE) & (rows["phase"] == SEARCH)]
    if not scores or done.empty:
        return "No trial is complete.\n"
    done = done[done["fidelity"] == done["fidelity"].max()]
    means = done.groupby("trial")[scores[0]].mean().sort_values(ascending=False, kind="stable")
    for number in means.index[:top]:
        of_trial = done[done["trial"] == number]
        std = of_trial[scores[0]].std(ddof=0)
        table.add_row(
            f"{number}{' untuned' if of_trial['origin'].iloc[0] == 'default' else ''}",
            f"{score_text(means[number])} ± {score_text(std)}",
            seconds_text(of_trial["fit_time"].mean()),
            _parameters(of_trial),
        )
    return table


def _parameters(rows: Any) -> str:
    """Return the parameters of a trial in one line, without the prefixes of steps."""
    params = rows.filter(like="param_").iloc[0].dropna()
    names = [name.removeprefix("param_").rpartition("__")[2] for name in params.index]
    texts = (f"{name}={_short(value)}" for name, value in zip(names, params, strict=True))
    return ", ".join(texts)


def _short(value: Any) -> str:
    """Return a value in few characters, of the text of an estimator its class."""
    found = _CLASS.match(value) if isinstance(value, str) else None
    return found[1] if found else value_text(value)


def _facts(model: Any) -> list[tuple[str, str]]:
    """Return what there is to know of a fitted model."""
    steps = [name for name, _ in getattr(model, "steps", ())]
    rows = [("model", model_name(model))]
    if steps:
        rows.append(("steps", ", ".join(steps)))
    own = (f"{name}={value_text(value)}" for name, value in own_params(model).items())
    rows.append(("parameters", ", ".join(own) or "its defaults"))
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        rows.append((count(len(names), "column"), listed(list(map(str, names)))))
    elif hasattr(model, "n_features_in_"):
        rows.append(("columns", f"{model.n_features_in_:,}"))
    classes = getattr(model, "classes_", ())  # of several outputs a list
    if is_classifier(model) and isinstance(classes, np.ndarray):
        rows.append((f"{len(classes)} classes", listed(list(map(str, classes)))))
    return rows
