"""Conversion of a column, in any container, to floats, times or text."""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
import sys
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ._parsing import NO_TIME, parse_clock, parse_number, parse_time

_SAMPLE = 1000  # distinct texts of a column that are looked into
_MICROSECONDS = "datetime64[us]"


def is_frame(X: Any, library: str) -> bool:
    """Return whether X is a dataframe of the library, without importing it."""
    module = sys.modules.get(library)
    return module is not None and isinstance(X, module.DataFrame)


def split_columns(X: Any) -> list[Any]:
    """Return the columns of a frame as its series, those of an array as arrays."""
    if is_frame(X, "pandas"):
        return [column for _, column in X.items()]
    if is_frame(X, "polars"):
        return list(X.get_columns())
    return list(np.asarray(X).T)


def column_names(X: Any) -> list[Any]:
    """Return the names of a frame's columns, the positions of an array's."""
    return list(X.columns) if hasattr(X, "columns") else list(range(X.shape[1]))


def is_missing(value: Any) -> bool:
    """Return whether a single object is a missing value."""
    if value is None:
        return True
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    if isinstance(value, (float, np.floating, np.datetime64, np.timedelta64)):
        return bool(value != value)
    return type(value).__name__ in ("NAType", "NaTType")


def as_objects(column: Any) -> np.ndarray:
    """Return the values as objects, with None for missing ones and text for bytes."""
    if hasattr(column, "to_list"):  # a series, or a categorical of pandas
        values = column.to_list()
    elif column.dtype.kind in "mM":
        values = list(column)  # objects of numpy, which know their unit
    else:
        values = column.tolist()
    objects = np.empty(len(values), dtype=object)
    objects[:] = [None if is_missing(value) else _decoded(value) for value in values]
    return objects


def _checked_objects(column: Any) -> np.ndarray:
    """Return the values as objects, after validation."""
    objects, name = as_objects(column), getattr(column, "name", None)
    where = "a column of X" if name is None else f"column {name!r}"
    check_types(set(map(type, objects)) - {type(None)}, where)
    return objects


def _decoded(value: Any) -> Any:
    """Return bytes as text, and anything else as it is."""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value


def check_types(types: set[type], where: str) -> None:
    """Refuse values that are neither numbers nor times nor text."""
    for cls in sorted(types, key=lambda cls: cls.__name__):
        is_blank = cls.__str__ is object.__str__ and cls.__repr__ is object.__repr__
        if issubclass(cls, (complex, np.complexfloating)):
            raise ValueError(
                f"Complex data not supported: {where} holds complex numbers; replace it by two "
                "columns of real numbers, or leave it out"
            )
        if is_blank or (issubclass(cls, (Collection, np.ndarray)) and not issubclass(cls, str)):
            raise TypeError(
                f"{where} holds values of type {cls.__name__}, but each value of this argument "
                "must be a single string, number, date or duration; replace the column by such "
                "columns, or leave it out"
            )


def as_text(column: Any) -> np.ndarray:
    """Return the values as text, None where they are missing."""
    texts = [value if value is None else to_text(value) for value in _checked_objects(column)]
    return np.array(texts, dtype=object)


def to_text(value: Any) -> str:
    """Return a value as text, the same for 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def distinct_texts(column: Any) -> list[str]:
    """Return the distinct values that are text, evenly spread where there are many."""
    if numpy_kind(column) in "biufmM":
        return []
    return spread(dict.fromkeys(v for v in as_objects(column) if isinstance(v, str)))


def spread(texts: Collection[str]) -> list[str]:
    """Return at most a thousand of the texts, evenly spread."""
    texts = list(texts)
    return texts[:: max(1, -(-len(texts) // _SAMPLE))]


def as_numbers(column: Any, point: str = ".", unit: str = "") -> np.ndarray:
    """Return the values as floats, durations in seconds; NaN for what is no number.

    Parameters
    ----------
    column : series or 1-D array
    point : {".", ","}, default="."
        What stands before the decimals in text.
    unit : str, default=""
        What may follow a number in text.
    """
    values = _plain_numbers(column)
    if values is not None:
        return values
    return _convert(column, lambda value: _to_number(value, point, unit), np.nan, float)


def _plain_numbers(column: Any) -> np.ndarray | None:
    """Return a column of numbers, booleans or durations as floats; None for any other."""
    kind = numpy_kind(column)
    if kind not in "biufm":
        return None
    if is_series(column, "pandas"):
        if kind == "m":
            return np.asarray(column.dt.total_seconds().to_numpy(dtype=float, na_value=np.nan))
        return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
    values = column.to_numpy() if is_series(column, "polars") else column
    if values.dtype.kind == "m":
        seconds = values / np.timedelta64(1, "s")
        return np.asarray(seconds, dtype=float)
    return (
        np.array([np.nan if v is None else v for v in values], dtype=float)
        if (values.dtype == object)
        else values.astype(float)
    )


def is_series(column: Any, library: str) -> bool:
    """Return whether a column is a series of the library, without importing it."""
    module = sys.modules.get(library)
    return module is not None and isinstance(column, module.Series)


def numpy_kind(column: Any) -> str:
    """Return numpy's kind of the values, "O" for types unknown to numpy."""
    if is_series(column, "polars"):
        polars = sys.modules["polars"]
        if column.dtype == polars.Boolean:
            return "b"
        if column.dtype == polars.Duration:
            return "m"
        if column.dtype in (polars.Date, polars.Datetime):
            return "M"
        return "f" if column.dtype.is_numeric() and not column.dtype.is_decimal() else "O"
    if str(getattr(column.dtype, "pyarrow_dtype", "")).startswith("date"):
        return "O"  # pandas gives it the letter of times, but converts only times
    return str(getattr(column.dtype, "kind", "O"))


def _convert(column: Any, convert: Callable[[Any], Any], missing: Any, dtype: Any) -> np.ndarray:
    """Convert each distinct value once."""
    known: dict[Any, Any] = {None: missing}
    converted = []
    for value in _checked_objects(column):
        if value not in known:
            known[value] = convert(value)
        converted.append(known[value])
    return np.array(converted, dtype=dtype)


def _to_number(value: Any, point: str, unit: str) -> float:
    """Return a value as a float, NaN if it is not a number."""
    if isinstance(value, str):
        number = parse_number(value, point, unit)
        return parse_clock(value) if np.isnan(number) else number
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, dt.time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    if isinstance(value, (numbers.Real, decimal.Decimal, np.bool_)):
        return _to_float(value)
    return np.nan


def _to_float(value: Any) -> float:
    """Return a number as a float, infinite if it is too large."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def as_times(column: Any, zone: str | None = None, day_first: bool = False) -> np.ndarray:
    """Return the values as numpy times in microseconds; NaT for others.

    Parameters
    ----------
    column : series or 1-D array
    zone : str or None, default=None
        Where the column has a time zone: the one in which its clock is read.
    day_first : bool, default=False
        How to read 01/02/2024 in text.
    """
    if is_series(column, "pandas") and hasattr(column.dtype, "freq"):
        column = column.dt.start_time  # a period
    if numpy_kind(column) == "M":
        return _plain_times(column, zone)
    return _convert(column, lambda value: to_time(value, day_first), NO_TIME, _MICROSECONDS)


def _plain_times(column: Any, zone: str | None) -> np.ndarray:
    """Return a column of times as times of numpy."""
    if is_series(column, "pandas"):
        if zone is not None and time_zone(column) is not None:
            column = column.dt.tz_convert(zone)
        if time_zone(column) is not None:
            column = column.dt.tz_localize(None)
        return np.asarray(column.to_numpy(dtype="M8[ns]")).astype(_MICROSECONDS)
    if is_series(column, "polars"):
        if time_zone(column) is not None:
            column = column.dt.convert_time_zone(zone or time_zone(column))
            column = column.dt.replace_time_zone(None)
        column = column.to_numpy()
    return np.asarray(column).astype(_MICROSECONDS)


def time_zone(column: Any) -> Any:
    """Return the name of a column's time zone, None if it has none."""
    dtype = getattr(column, "dtype", None)
    arrow = getattr(dtype, "pyarrow_dtype", None)
    zone = getattr(dtype, "tz", None) or getattr(dtype, "time_zone", None)
    zone = zone or getattr(arrow, "tz", None)
    if zone is None or type(zone).__module__.startswith("dateutil"):
        return zone  # which has no name
    return str(zone)


def to_time(value: Any, day_first: bool = False) -> Any:
    """Return a value as a time of numpy, NaT if it is none."""
    if isinstance(value, (str, numbers.Real)):
        return parse_time(to_text(value), day_first)
    if isinstance(value, np.datetime64):
        return value.astype(_MICROSECONDS)
    if hasattr(value, "start_time"):  # a period of pandas
        value = value.start_time
    if isinstance(value, dt.datetime):
        return np.datetime64(dt.datetime(*value.timetuple()[:6], value.microsecond), "us")
    if isinstance(value, dt.date):
        return np.datetime64(value, "us")
    return NO_TIME


def are_compact_dates(numbers: np.ndarray) -> bool:
    """Return whether numbers are all dates such as 20240131, or missing."""
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers) or numbers.min() < 19000101 or numbers.max() > 20991231:
        return False
    return all(not np.isnat(parse_time(to_text(float(n)))) for n in np.unique(numbers))
