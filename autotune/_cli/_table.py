"""From a CSV file to a frame of features and a target."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import re
import zlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from ._errors import CliError, one_line, require

CLASSIFICATION, REGRESSION = "classification", "regression"
MAX_INTEGER_CLASSES = 10  # whole numbers with more distinct values are taken as amounts

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_UNREADABLE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, csv.Error)
_SAMPLE = 1 << 16  # bytes from which the separator is told
_DECIMAL_COMMA = re.compile(r"(^|;)\"?-?\d+,\d+\"?(;|\s*$)", re.MULTILINE)
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


def read_table(path: str, target: str, task: str | None = None) -> Table:
    """Return the features and the target of a CSV file.

    Parameters
    ----------
    path : str
        Separated by commas, semicolons, tabs or bars; may be compressed by gzip, bzip2 or xz.
    target : str
        The column to predict.
    task : {"classification", "regression"} or None, default=None
        None: what the target looks like.
    """
    frame, notes = _read(path)
    if target not in frame.columns:
        raise CliError(_no_such_column(target, [str(name) for name in frame.columns]))
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


def _read(path: str) -> tuple[Any, list[str]]:
    """Return the file as a frame, and what there is to say about it."""
    pandas = require("pandas", "reading a CSV file")
    notes = []
    try:
        separator, decimal = _sniff(path)
        options: dict[str, Any] = {
            "sep": separator,
            "decimal": decimal,
            "skipinitialspace": True,
            "low_memory": False,  # one type for each column, whatever its length
        }
        try:
            frame = pandas.read_csv(path, encoding="utf-8-sig", **options)
        except UnicodeDecodeError:
            frame = pandas.read_csv(path, encoding="latin-1", **options)
            notes.append("the file is not UTF-8, so it was read as Latin-1")
    except _UNREADABLE as error:
        reason = getattr(error, "strerror", None) or one_line(str(error))
        raise CliError(f"cannot read {path}: {reason}") from error
    # Plain objects are what every release of pandas and skops can encode, save and load.
    texts = [name for name in frame.columns if pandas.api.types.is_string_dtype(frame[name])]
    frame = frame.astype(dict.fromkeys(texts, object))
    stripped = [str(name).strip() for name in frame.columns]
    if len(set(stripped)) == len(stripped):
        frame.columns = stripped
    first = frame.columns[0]
    if first.startswith("Unnamed: ") and _numbers_rows(frame[first]):
        frame = frame.drop(columns=first)
        notes.append("left out the first column, which has no name and numbers the rows")
    return frame, notes


def _sniff(path: str) -> tuple[str, str]:
    """Return the separator and the decimal point of a file."""
    with _OPENERS.get(Path(path).suffix, open)(path, "rb") as file:
        sample = file.read(_SAMPLE)
    if b"\0" in sample:
        raise ValueError("it is no text file")
    text = sample.decode("latin-1")
    lines = text.splitlines()
    lines = lines[:-1] if len(sample) == _SAMPLE else lines  # the last one is cut
    separator = max(",;\t|", key=lambda mark: _n_columns(lines[:100], mark))
    return separator, "," if separator == ";" and _DECIMAL_COMMA.search(text) else "."


def _n_columns(lines: list[str], separator: str) -> int:
    """Return the number of columns if all lines agree on it, else 1."""
    widths = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
    return widths.pop() if len(widths) == 1 else 1


def _no_such_column(target: str, columns: list[str]) -> str:
    """Return the message for a target that is no column."""
    lower = {name.lower(): name for name in columns}
    close = get_close_matches(target.lower(), lower, n=1)
    more = f", and {len(columns) - 10} more" if len(columns) > 10 else ""
    listed = ", ".join(map(repr, columns[:10])) + more
    hint = f"did you mean {lower[close[0]]!r}?" if close else f"the columns are {listed}"
    return f"--target must be a column of the file; got {target!r}: {hint}"


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
