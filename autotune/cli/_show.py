"""What is in a saved model, or in a storage file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from .._texts import model_name
from ..history import COMPLETE
from ..pictures import read_study
from ..report import write_report as write_study
from ..results import count, describe_metric
from ..storage import StoredStudy, read_history, read_studies
from ._errors import CliError, one_line
from ._job import find_untuned, write_evaluations, write_report
from ._models import own_params
from ._report import (
    expectation,
    facts,
    leaderboard,
    make_console,
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
                "--report needs a model that holds its search, as 'autotune fit --save' saves it, "
                f"or a storage file; {path} holds only a model"
            )
        return
    history, metric = model.history_, describe_metric(model.scorer_, [fitted])
    console.print(leaderboard(history, metric, find_untuned(history), console.width))
    if np.isfinite(model.expected_score_):
        interval = model.expected_score_interval_
        console.print(expectation(metric, model.expected_score_, interval))
    if report_path is not None:
        write_report(model.report, report_path)
        console.print(f"The report is in {report_path}", soft_wrap=True)


def show_storage(
    path: str, top: int, number: int | None, evaluations_path: str | None, report_path: str | None
) -> None:
    """Tell what the searches in a storage file have found.

    Parameters
    ----------
    path : str
    top : int
        The number of trials to list of each search.
    number : int or None
        The search to tell of; None: all, with the report of the last.
    evaluations_path : str or None
        A CSV file for all evaluations.
    report_path : str or None
        An HTML file for the report of a search.
    """
    try:
        studies = [study for study in read_studies(path) if number in (None, study.number)]
    except (TypeError, ValueError) as error:
        raise CliError(one_line(str(error))) from error
    if number is not None and not studies:
        raise CliError(f"--search: {path} has no search {number}")
    if evaluations_path is not None:
        write_evaluations(read_history(path), evaluations_path)
    console = make_console()
    studies = [study for study in studies if len(study.history)]
    if not studies:
        console.print(f"{path} holds no trials yet.")
        return
    for study in studies:
        console.print(facts(_study_facts(study)))
        console.print(_board(study, console.width, top))
    if report_path is not None:
        write_report(partial(write_study, studies[-1]), report_path)
        told = f"The report of search {studies[-1].number} is in {report_path}"
        console.print(told, soft_wrap=True)


def _study_facts(study: StoredStudy) -> list[tuple[str, str]]:
    """Return what a search in a storage file was about."""
    description = study.description
    classes = dict.fromkeys(_CLASS.findall(description["estimator"]))  # also of parts
    models = " or ".join(description.get("models", ())) or ", ".join(classes)
    statuses = Counter(trial.status for trial in study.history)
    running = ", still running" if study.is_running else ""
    return [
        ("search", f"{study.number}, begun {study.created}{running}"),
        ("model", models),
        ("trials", ", ".join(f"{n} {status}" for status, n in statuses.most_common())),
    ]


def _board(study: StoredStudy, width: int, top: int) -> Any:
    """Return the best trials of a search as a table."""
    search = read_study(study)
    history = search.history
    if not any(trial.status == COMPLETE for trial in history):
        return "No trial is complete.\n"
    metric = replace(search.meaning, name=search.meaning.name or search.metric)
    return leaderboard(history, metric, find_untuned(history), width, top)


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
