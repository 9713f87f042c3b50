"""From a CSV file to a frame of features and a target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..defaults import CATEGORY, DATE, DURATION, NUMBER, TEXT, Column, NumberReader, read_columns
from ._errors import CliError
from ._file import inspect, read
from ._names import CLASSIFICATION, REGRESSION

MAX_INTEGER_CLASSES = 10  # whole numbers with more distinct values are taken as amounts
KINDS = {  # of columns, as they are shown
    NUMBER: "numbers",
    DURATION: "durations",
    DATE: "dates",
    CATEGORY: "categories",
    TEXT: "texts",
}
_MAX_LISTED = 8  # columns in a line
_MARKS = ("?", "-", "--", ".", "")  # of a missing target


@dataclass(frozen=True)
class Table:
    """Features and target of a task.

    Attributes
    ----------
    X : array-like or dataframe of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    task : {"classification", "regression"}
    columns : tuple of Column
        What each feature was taken for; empty for an array.
    notes : tuple of str
        What was done to the data, for the screen.
    """

    X: Any
    y: np.ndarray
    task: str
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def classifier(self) -> bool:
        return self.task == CLASSIFICATION


def read_table(
    path: str,
    target: str,
    task: str | None = None,
    na_values: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Table:
    """Return the features and the target of a file.

    Parameters
    ----------
    path : str
        CSV (separated by commas, semicolons, tabs or bars, perhaps compressed), Parquet or Excel.
    target : str
        The column to predict.
    task : {"classification", "regression"} or None, default=None
        None: what the target looks like.
    na_values : sequence of str, default=()
        What stands for a missing value, beside the usual marks.
    drop : sequence of str, default=()
        Columns that are no features.
    """
    file = inspect(path)
    frame, notes = read(file, tuple(na_values))
    file.check_target(target)
    file.check_column("--target", target, list(frame.columns))
    for name in drop:
        file.check_column("--drop", name, list(frame.columns))
    if target in drop:
        raise CliError(f"--drop must leave the target; got {target!r}")
    frame = frame.drop(columns=list(drop))
    (target_column,) = _read_columns(frame[[target]])
    y = _read_target(frame[[target]], target_column, notes)
    known = y.notna().to_numpy()
    if not known.all():
        notes.append(f"left out {(~known).sum()} of {len(frame)} rows, whose target is missing")
    if not known.any():
        raise CliError(f"{path} has no rows with a value of {target!r}")
    X, y = frame[known].drop(columns=target).reset_index(drop=True), y[known].infer_objects()
    columns = _read_columns(X)
    notes += _notes(columns)
    used = [column for column in columns if column.is_used]
    if not used:
        raise CliError(f"{path} has no columns to learn from beside the target {target!r}")
    task = task or detect_task(y)
    values = _target(y, task)
    if target_column.kind == DATE and y.nunique() > MAX_INTEGER_CLASSES:
        raise CliError(
            f"the target {target!r} holds dates, which are neither classes nor numbers; make "
            "numbers of them, such as days"
        )
    X = X[[column.name for column in used]]
    return Table(X, values, task, tuple(used), tuple(notes))


def _read_target(frame: Any, column: Column, notes: list[str]) -> Any:
    """Return the target, a frame's only column, with numbers for text that is numbers."""
    name = column.name
    y = frame[name].infer_objects()
    if column.kind == NUMBER and y.map(type).eq(str).any():
        notes.append(f"the target {name!r} is {column.note or 'read as numbers'}")
        return type(y)(NumberReader().fit_transform(frame)[:, 0], name=name)
    # A word may be a class, whatever it says.
    return y.where(~y.isin(_MARKS))


def _read_columns(X: Any) -> list[Column]:
    """Return what each column is."""
    try:
        return read_columns(X)
    except (TypeError, ValueError) as error:
        raise CliError(str(error)) from error


def _notes(columns: Iterable[Column]) -> list[str]:
    """Return what is to be said of columns, those of which it is the same together."""
    names: dict[str, list[str]] = {}
    for column in columns:
        if column.note:
            names.setdefault(column.note, []).append(repr(column.name))
    return [
        f"{listed(alike)} {'is' if len(alike) == 1 else 'are each'} {note}"
        for note, alike in names.items()
    ]


def listed(names: Sequence[str]) -> str:
    """Return names in a line, the first of many."""
    more = f" and {len(names) - _MAX_LISTED:,} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more


def detect_task(y: Any) -> str:
    """Return the task that a target calls for.

    Text, booleans, two distinct whole numbers, and up to 10 that come five times each on
    average, are classes; anything else is an amount.
    """
    if y.dtype.kind not in "iuf":
        return CLASSIFICATION
    n_distinct = y.nunique()
    few = n_distinct == 2 or n_distinct <= min(MAX_INTEGER_CLASSES, len(y) / 5)
    return CLASSIFICATION if few and _is_whole(y) else REGRESSION


def _is_whole(y: Any) -> bool:
    """Return whether all numbers of a column are whole."""
    return bool(_whole(y).all())


def _whole(y: Any) -> Any:
    """Return for each number of a column whether it is whole."""
    return np.isfinite(y) & (y == y.round())


def _shown(value: Any) -> str:
    """Return a value of the target as it would be written in Python."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _target(y: Any, task: str) -> np.ndarray:
    """Return the target as an array that suits the task, or say why it does not."""
    numeric, n_distinct = y.dtype.kind in "iuf", y.nunique()
    if n_distinct < 2:
        raise CliError(
            f"the target {y.name!r} must have at least two different values; "
            f"{f'all of its {len(y)} rows are' if len(y) > 1 else 'its only row is'} "
            f"{_shown(y.iloc[0])}"
        )
    if task == REGRESSION:
        if not numeric:
            raise CliError(
                f"regression needs a target of numbers; {y.name!r} holds {_shown(y.iloc[0])}"
            )
        if not np.isfinite(y).all():
            raise CliError(f"regression needs a target of finite numbers; {y.name!r} holds inf")
        return y.to_numpy(dtype=float)
    if numeric and not _is_whole(y):
        raise CliError(
            f"classification needs a target of text, true/false or whole numbers; "
            f"{y.name!r} holds {_shown(y[~_whole(y)].iloc[0])}"
        )
    if n_distinct > len(y) / 2 and n_distinct > 2:
        raise CliError(
            f"the target {y.name!r} has {n_distinct} different values in {len(y)} rows, too many "
            f"for classes; one of them is {_shown(y.iloc[0])}"
        )
    if numeric:
        return y.to_numpy(dtype=int)
    return y.to_numpy(dtype=bool) if y.dtype.kind == "b" else y.to_numpy(dtype=str)
