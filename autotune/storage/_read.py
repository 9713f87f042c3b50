"""Reading a storage file: its studies, or all evaluations as a DataFrame."""

from __future__ import annotations

import ast
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..history import FULL, SEARCH, History, make_frame
from ._database import damage, open_to_read, refusals
from ._fields import MOST_FOLDS, FieldError, read_rows
from ._load import Rows, check_folds, load
from ._records import describe_study
from ._writer import is_alive


@dataclass(frozen=True)
class StoredStudy:
    """A study as its file holds it, without the model and the space.

    Attributes
    ----------
    path : str
        The file.
    number : int
    created : str
        UTC, ISO 8601.
    description : dict
        The settings, as texts and numbers.
    is_running : bool
        Whether a process on this machine is writing it.
    history : History
        Parameters that are neither numbers nor strings are text.
    """

    path: str
    number: int
    created: str
    description: dict[str, Any]
    is_running: bool
    history: History


def read_history(path: Any) -> Any:
    """Read all evaluations from a storage file.

    Parameters
    ----------
    path : str or path-like
        The ``storage`` of a fit, which may still be running; the file is not changed.

    Returns
    -------
    frame : pandas.DataFrame
        One row per evaluation, with the columns of
        :meth:`history_.to_frame() <autotune.history.History.to_frame>`: ``study`` (a number),
        ``created`` and ``estimator`` (what was tuned); ``trial``, ``origin``, ``eligible`` and
        ``trial_status``; ``fold``, ``fidelity``, ``phase`` and ``status`` of the evaluation; one
        ``param_<name>`` per parameter, one ``score_<metric>`` (and ``train_<metric>``, if
        requested) per metric; ``fit_time``, ``score_time``, ``saved_time``, ``started`` and
        ``ended`` in seconds; ``iterations`` of a model that was stopped early; ``warnings`` and
        ``error``. Parameters that are neither numbers nor strings are converted to strings.

    Raises
    ------
    TypeError, ValueError
        If there is no such file, or it is damaged or from another program.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from autotune import AutoTunedClassifier, read_history
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "tuning.db")
    ...     model = AutoTunedClassifier(
    ...         DecisionTreeClassifier(), strategy="random", budget=3, storage=path
    ...     )
    ...     _ = model.fit(*load_iris(return_X_y=True))
    ...     read_history(path).groupby("trial")["fold"].count().tolist()
    [5, 5, 5]
    """
    studies = read_studies(path)
    trials = ((study.history.study, trial) for study in studies for trial in study.history)
    return make_frame(trials, "read_history")


def read_studies(path: Any) -> list[StoredStudy]:
    """Return the studies of a storage file, which is not changed.

    Raises
    ------
    TypeError, ValueError
        If there is no such file, or it is damaged or from another program.
    """
    connection = open_to_read(path)
    if connection is None:
        return []
    with closing(connection), refusals(path), damage(path):
        connection.execute("BEGIN")  # one snapshot
        studies = read_rows(connection, "studies")
        trials = _by_study(connection, "trials", studies)
        evaluations = _by_study(connection, "evaluations", studies)
        return [
            _read_study(str(path), row, trials[row["study"]], evaluations[row["study"]])
            for row in studies
        ]


def _by_study(connection: sqlite3.Connection, name: str, studies: Rows) -> dict[int, Rows]:
    """Return the rows of a table by study."""
    found: dict[int, Rows] = {row["study"]: [] for row in studies}
    for row in read_rows(connection, name):
        if row["study"] not in found:
            raise FieldError(f"{name}.study", "the number of a study", row["study"])
        found[row["study"]].append(row)
    return found


def _read_study(path: str, row: dict[str, Any], trials: Rows, evaluations: Rows) -> StoredStudy:
    """Return the study in a row, with its trials and evaluations."""
    description = row["description"]
    history = _new_history(description, evaluations)
    history.study = describe_study(row)
    load(history, trials, evaluations, lambda number, origin, params: _readable_params(params))
    is_running = is_alive(row["writer"])
    return StoredStudy(path, row["study"], row["created"], description, is_running, history)


def _new_history(description: dict[str, Any], evaluations: Rows) -> History:
    """Return an empty history for the evaluations of a study."""
    searched = [row["fold"] for row in evaluations if row["phase"] == SEARCH]
    repeated = [row["fold"] for row in evaluations if row["phase"] != SEARCH]
    n_folds = description.get("n_folds", min(1 + max(searched, default=0), MOST_FOLDS))
    check_folds(description, n_folds)
    scale = description.get("scale", {})
    history = History(
        n_folds,
        description.get("metric"),
        _error_score(description),
        n_repeat_folds=1 + max(repeated, default=-1),
    )
    history.share = scale.get("share", FULL)
    history.compared_folds = tuple(scale.get("folds") or range(n_folds))
    return history


def _error_score(description: dict[str, Any]) -> float:
    """Return the score of failed evaluations, NaN if their errors are raised."""
    try:
        return float(description.get("error_score", "nan"))
    except ValueError:
        return math.nan


def _readable_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration as it can be read without the space."""
    return {name: _readable(value) for name, value in params.items()}


def _readable(value: Any) -> Any:
    """Return a parameter's value; its representation if only the space could restore it."""
    if not isinstance(value, dict):
        return value
    if "repr" in value:  # without a choice, of a default outside the space
        return value["repr"] if "choice" in value else _literal(value["repr"])
    ((kind, items),) = value.items()
    return {"tuple": tuple, "list": list}[kind](map(_readable, items))


def _literal(text: str) -> Any:
    """Return the string, number, boolean or None that a text denotes; any other text itself."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if value is None or isinstance(value, str | int | float) else text
