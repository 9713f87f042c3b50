"""From a CSV file to a frame of features and a target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._errors import CliError
from ._file import check_column, inspect, read
from ._names import CLASSIFICATION, REGRESSION

MAX_INTEGER_CLASSES = 10  # whole numbers with more distinct values are taken as amounts

_DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(\b|T)")


@dataclass(frozen=True)
class Table:
    """Features and target of a task.

    Attributes
    ----------
    X : array-like or dataframe of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    task : {"classification", "regression"}
    notes : tuple of str
        What was done to the data, for the screen.
    """

    X: Any
    y: np.ndarray
    task: str
    notes: tuple[str, ...] = ()

    @property
    def classifier(self) -> bool:
        return self.task == CLASSIFICATION


def read_table(
    path: str, target: str, task: str | None = None, na_values: Sequence[str] = ()
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
    """
    frame, notes = read(inspect(path), tuple(na_values))
    frame = _without_row_numbers(frame, notes)
    check_column(target, list(frame.columns))
    known = frame[target].notna()
    if not known.all():
        notes.append(f"left out {(~known).sum()} of {len(frame)} rows, whose target is missing")
        frame = frame[known].reset_index(drop=True)
    if frame.empty:
        raise CliError(f"{path} has no rows with a value of {target!r}")
    X, y = frame.drop(columns=target), frame[target].infer_objects()
    X = _without_useless(X, notes)
    if not X.shape[1]:
        raise CliError(f"{path} has no columns to learn from beside the target {target!r}")
    task = task or detect_task(y)
    return Table(X, _target(y, task), task, tuple(notes))


def _without_row_numbers(frame: Any, notes: list[str]) -> Any:
    """Return a frame without a first column that has no name and numbers the rows."""
    first = frame.columns[0] if frame.shape[1] else ""
    if not first.startswith("Unnamed: ") or not _numbers_rows(frame[first]):
        return frame
    notes.append("left out the first column, which has no name and numbers the rows")
    return frame.drop(columns=first)


def _without_useless(X: Any, notes: list[str]) -> Any:
    """Return the features without dates and empty columns, and note which went."""
    kinds = (("no values", _is_empty), ("dates, which a model takes only as numbers", _is_date))
    for kind, is_kind in kinds:
        found = [name for name in X.columns if is_kind(X[name])]
        if found:
            X = X.drop(columns=found)
            notes.append(f"left out {', '.join(map(repr, found))}: {kind}")
    return X


def _numbers_rows(column: Any) -> bool:
    """Say whether a column counts upwards by one."""
    return column.dtype.kind == "i" and bool((np.diff(column.to_numpy()) == 1).all())


def _is_empty(column: Any) -> bool:
    """Say whether a column has no values."""
    return bool(column.isna().all())


def _is_date(column: Any) -> bool:
    """Say whether every value of a column begins like a date."""
    if column.dtype.kind in "biufc":
        return False
    return all(isinstance(v, str) and _DATE.match(v) for v in column.dropna().unique())


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
    """Say whether all numbers of a column are whole."""
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
            f"all of its {len(y)} rows are {_shown(y.iloc[0])}"
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
