"""A storage file as a DataFrame."""

from __future__ import annotations

import sqlite3
from typing import Any

from ..compat import import_pandas
from ._database import damage, open_to_read, refusals
from ._fields import FieldError, read_rows
from ._records import to_evaluation

_BEFORE = (
    "study",
    "created",
    "estimator",
    "trial",
    "origin",
    "trial_status",
    "fold",
    "fidelity",
    "status",
)
_AFTER = ("fit_time", "score_time", "saved_time", "started", "ended", "warnings", "error")


def read_history(path: Any) -> Any:
    """Read all evaluations from a storage file.

    Parameters
    ----------
    path : str or path-like
        A file that ``storage=`` named in a fit, finished or still running; it is not changed.

    Returns
    -------
    frame : pandas.DataFrame
        One row per evaluation: ``study`` (a number), ``created``, ``estimator`` (what was
        tuned), ``trial``, ``origin``, ``trial_status``, ``fold``, ``fidelity``, ``status``,
        one ``param_<name>`` per parameter, one ``score_<metric>`` (and ``train_<metric>``,
        where asked for) per metric, ``fit_time``, ``score_time``, ``saved_time``, ``started``,
        ``ended`` in seconds, ``warnings`` and ``error``.

    Raises
    ------
    TypeError, ValueError
        If there is no such file, or it is not one of ours, or damaged.

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
    pd = import_pandas("read_history")
    connection = open_to_read(path)
    rows: list[dict[str, Any]] = []
    if connection is not None:
        try:
            with refusals(path), damage(path):
                rows = _frame_rows(connection)
        finally:
            connection.close()
    return pd.DataFrame(rows, columns=_column_order(rows))


def _frame_rows(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the rows of the frame, all as of the same moment."""
    connection.execute("BEGIN")
    studies = {row["study"]: row for row in read_rows(connection, "studies")}
    trials = {(row["study"], row["trial"]): row for row in read_rows(connection, "trials")}
    evaluations = read_rows(connection, "evaluations")
    for study, _ in trials:
        if study not in studies:
            raise FieldError("trials.study", "the number of a study", study)
    for row in evaluations:
        if (row["study"], row["trial"]) not in trials:
            raise FieldError("evaluations.trial", "the number of a trial", row["trial"])
    return [
        _frame_row(studies[row["study"]], trials[row["study"], row["trial"]], row)
        for row in evaluations
    ]


def _frame_row(
    study: dict[str, Any], trial: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """Return one row of the frame."""
    evaluation, description = to_evaluation(values), study["description"]
    row = {"study": study["study"], "created": study["created"], "origin": trial["origin"]}
    row["estimator"] = description["estimator"]
    row["trial_status"] = trial["status"]
    for name in ("trial", "fold", "fidelity", "status", *_AFTER):
        row[name] = getattr(evaluation, name)
    row["fidelity"] *= description.get("scale", {}).get("share", 1.0)
    row["warnings"] = "\n".join(evaluation.warnings)
    row.update({f"param_{name}": _readable(value) for name, value in trial["params"].items()})
    row.update({f"score_{name}": score for name, score in evaluation.scores.items()})
    row.update({f"train_{name}": score for name, score in evaluation.train_scores.items()})
    return row


def _readable(value: Any) -> Any:
    """Return a parameter's value, as its text where only the space could give it back."""
    if not isinstance(value, dict):
        return value
    if "repr" in value:
        return value["repr"]
    ((kind, items),) = value.items()
    return {"tuple": tuple, "list": list}[kind](map(_readable, items))


def _column_order(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns: what is fixed outside, parameters and scores between."""
    names = dict.fromkeys(name for row in rows for name in row)
    middle = [name for name in names if name not in {*_BEFORE, *_AFTER}]
    middle.sort(key=lambda name: ("param", "score", "train").index(name.partition("_")[0]))
    return [*_BEFORE, *middle, *_AFTER]
