"""Migration of files of earlier schemas."""

from __future__ import annotations

import sqlite3

from ..history import COMPARISON, SEARCH
from ._fields import FIELDS, FieldError, read_rows

_COLUMNS = (
    "study, trial, status, scores, train_scores, fit_time, score_time, saved_time, started, ended, "
    "warnings, error"
)
_MOVE = f"""
INSERT INTO evaluations ({_COLUMNS}, phase, fold, fidelity)
SELECT {_COLUMNS},
    CASE WHEN fold < :n_folds THEN '{SEARCH}' ELSE '{COMPARISON}' END,
    CASE WHEN fold >= :n_folds AND typeof(fold) = 'integer' THEN fold - :n_folds ELSE fold END,
    CASE WHEN typeof(fidelity) = 'real' THEN fidelity * :share ELSE fidelity END
FROM first_evaluations WHERE study = :study
"""


def from_first_schema(connection: sqlite3.Connection, new_table: str) -> None:
    """Rewrite the evaluations: within a transaction, since each of them changes.

    In schema 1 the folds of the final comparison had the numbers that follow those of the search,
    and a fidelity was a share of the rows of the search, which could itself be on fewer rows.

    Parameters
    ----------
    connection : sqlite3.Connection
    new_table : str
        The statement that makes the table of evaluations.

    Raises
    ------
    FieldError
        If a value is invalid.
    """
    connection.execute("ALTER TABLE evaluations RENAME TO first_evaluations")
    connection.execute(new_table)
    for row in read_rows(connection, "studies"):
        description = row["description"]
        n_folds, share = description.get("n_folds"), description.get("scale", {}).get("share", 1.0)
        if type(n_folds) is not int or n_folds < 1:
            raise FieldError("studies.description", "with a number of folds as 'n_folds'", n_folds)
        connection.execute(_MOVE, {"study": row["study"], "n_folds": n_folds, "share": share})
    left = "SELECT study FROM first_evaluations WHERE study NOT IN (SELECT study FROM studies)"
    for (study,) in connection.execute(left):
        raise FieldError("evaluations.study", "the number of a study", study)
    connection.execute("DROP TABLE first_evaluations")


def from_second_schema(connection: sqlite3.Connection) -> None:
    """Add the column for the iterations of models that were stopped early."""
    column = FIELDS["evaluations"]["iterations"]
    connection.execute(f"ALTER TABLE evaluations ADD COLUMN iterations {column.sql}")
