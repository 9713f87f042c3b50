"""Reading a storage file as a DataFrame."""

from __future__ import annotations

import sqlite3
from typing import Any

from ..history import Trial, make_frame
from ._database import damage, open_to_read, refusals
from ._fields import FieldError, read_rows
from ._records import describe_study, to_evaluation


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
    connection = open_to_read(path)
    trials: list[tuple[dict[str, Any], Trial]] = []
    if connection is not None:
        try:
            with refusals(path), damage(path):
                trials = _read_trials(connection)
        finally:
            connection.close()
    return make_frame(trials, "read_history")


def _read_trials(connection: sqlite3.Connection) -> list[tuple[dict[str, Any], Trial]]:
    """Return all trials with the data of their studies, from one snapshot."""
    connection.execute("BEGIN")
    studies = {row["study"]: describe_study(row) for row in read_rows(connection, "studies")}
    trials = {
        (row["study"], row["trial"]): _read_trial(row) for row in read_rows(connection, "trials")
    }
    for study, _ in trials:
        if study not in studies:
            raise FieldError("trials.study", "the number of a study", study)
    for row in read_rows(connection, "evaluations"):
        if (row["study"], row["trial"]) not in trials:
            raise FieldError("evaluations.trial", "the number of a trial", row["trial"])
        evaluation = to_evaluation(row)
        trials[row["study"], row["trial"]].evaluations[evaluation.key] = evaluation
    return [(studies[study], trial) for (study, _), trial in trials.items()]


def _read_trial(row: dict[str, Any]) -> Trial:
    """Return the trial in a row."""
    params = {name: _readable(value) for name, value in row["params"].items()}
    return Trial(row["trial"], params, row["origin"], bool(row["eligible"]), row["status"])


def _readable(value: Any) -> Any:
    """Return a parameter's value; its representation if only the space could restore it."""
    if not isinstance(value, dict):
        return value
    if "repr" in value:
        return value["repr"]
    ((kind, items),) = value.items()
    return {"tuple": tuple, "list": list}[kind](map(_readable, items))
