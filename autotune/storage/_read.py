"""A storage file as a DataFrame."""

from __future__ import annotations

import json
from typing import Any

from .._compat import import_pandas
from ._database import damage, open_to_read, refusals
from ._records import COLUMNS, from_row

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
_READ = (
    "SELECT study, created, description, origin, trials.status, params, "
    + ", ".join(f"evaluations.{name}" for name in COLUMNS)
    + " FROM evaluations JOIN trials USING (study, trial) JOIN studies USING (study) "
    "ORDER BY study, trial, fold, fidelity"
)


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
    stored: list[tuple] = []
    if connection is not None:
        try:
            with refusals(path):
                stored = connection.execute(_READ).fetchall()
        finally:
            connection.close()
    with damage(path):
        rows = [_frame_row(row) for row in stored]
    return pd.DataFrame(rows, columns=_column_order(rows))


def _frame_row(row: tuple) -> dict[str, Any]:
    """Return one row of the frame."""
    study, created, description, origin, trial_status, params, *rest = row
    evaluation = from_row(tuple(rest))
    described = json.loads(description)
    frame_row = {"study": study, "created": created, "origin": origin}
    frame_row["estimator"] = described["estimator"]
    frame_row["trial_status"] = trial_status
    for name in ("trial", "fold", "fidelity", "status", *_AFTER):
        frame_row[name] = getattr(evaluation, name)
    frame_row["fidelity"] *= described.get("scale", {}).get("share", 1.0)
    frame_row["warnings"] = "\n".join(evaluation.warnings)
    values = json.loads(params).items()
    frame_row.update({f"param_{name}": _readable(value) for name, value in values})
    frame_row.update({f"score_{name}": score for name, score in evaluation.scores.items()})
    frame_row.update({f"train_{name}": score for name, score in evaluation.train_scores.items()})
    return frame_row


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
