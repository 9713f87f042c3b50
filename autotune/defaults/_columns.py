"""The kind of each column of raw data: numbers, dates, text, an identifier."""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ._parsing import (
    is_code,
    is_day_first,
    is_mark,
    number_format,
    parse_clock,
    parse_number,
    parse_time,
)
from ._values import (
    are_compact_dates,
    as_numbers,
    as_objects,
    check_types,
    column_names,
    is_frame,
    is_series,
    numpy_kind,
    split_columns,
    spread,
    to_text,
)

NUMBER, DURATION, DATE = "number", "duration", "date"
CATEGORY, TEXT = "category", "text"
IDENTIFIER, EMPTY = "identifier", "empty"
LEFT_OUT = (IDENTIFIER, EMPTY)

# Of HistGradientBoosting: a category is a bin.
MAX_CATEGORIES = 255
_MOSTLY = 0.95  # the share of values that must be numbers, or dates, in a column of text
_SOME = 0.01  # the share of texts like 00501 from which on they are codes, not numbers
_RARELY, _FEW = 0.05, 10  # so many values, as a share and as a number, a fold may lack all of
_MIN_IDENTIFIERS = 20  # in fewer rows, that all values differ says little
_LONG = 25  # characters
_OFTEN_DIFFERENT, _MOSTLY_DIFFERENT = 0.3, 0.8  # distinct texts as a share of all
_N_SHAPES = 10  # "item 7" and "item 12" have the same shape
_MANY_DIGITS = 0.1  # the share of digits from which on a long word is a code
_SHOWN = 3  # marks and values in a note

_IDENTIFIER_NAME = re.compile(
    r"(.*[\W_])?(id|ids|uid|uuid|guid|identifier)"
    r"|index|idx|row|rownum|row[\W_]?id|unnamed: ?0"
    r"|(.*[\W_])?(account|case|client|customer|invoice|item|member|order|record|row|serial|ticket)"
    r"[\W_]?(number|no|nr|num)\.?",
    re.IGNORECASE,
)
_CAMEL_CASE_ID = re.compile(r".*[a-z](Id|ID)")
_TIME_NAME = re.compile(
    r"(.*[\W_])?(t|time|timestamp|step|period|epoch|age|date"
    r"|year|quarter|month|week|day|hour|minute|second)s?",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{2}|[^\s\u0e00-\u0eff\u3040-\u9fff]+"
)
_DIGITS = re.compile(r"\d+")
_PARTS = re.compile(r"^[^\W\d_]+(?=\d)|[^\W_]+")
# Parts of codes that so many have, as a share and as a number, if so many have one of them.
_SHARED, _MIN_SHARED, _MANY_SHARE = 0.02, 5, 0.3
_REAL = (numbers.Real, decimal.Decimal, np.bool_)
_DURATIONS = (dt.timedelta, dt.time, np.timedelta64)
_TIMES = (dt.date, np.datetime64)
_NO_VALUES = "left out: no values"
_AS_DATES = "read as dates"
_UNIQUE = "left out as an identifier: no two rows have the same value"


@dataclass(frozen=True)
class Column:
    """The interpretation of a column.

    Attributes
    ----------
    name : object
        The column's name in a frame, its position in an array.
    kind : str
        ``"number"``, ``"duration"``, ``"date"``, ``"category"`` and ``"text"`` are used;
        ``"identifier"`` and ``"empty"`` are left out.
    note : str, default=""
        Details: that text was parsed as numbers, which markers count as missing, or why the
        column is left out. A clause that follows the column's name.
    plain : bool, default=False
        Whether scikit-learn's HistGradientBoosting supports the column without encoding.
    """

    name: Any
    kind: str
    note: str = ""
    plain: bool = False

    @property
    def is_used(self) -> bool:
        return self.kind not in LEFT_OUT


def read_columns(X: Any, *, classifier: bool = True) -> list[Column]:
    """Infer the kind of each column of raw data.

    Only the kinds are inferred from the values, and the target is not used. Long text columns
    are judged by a thousand of their distinct values.

    An identifier is a column of single words or codes that are all different, without parts that
    many of them share, such as the domain of a mail address, or, in a frame, a column of distinct
    integers that either has a name such as ``"id"`` or ``"customer_no"`` or counts the rows. For a
    regressor, row counters are kept, because they may represent time; so is the only column of a
    frame.

    Parameters
    ----------
    X : dataframe of pandas or polars, or array of shape (n_samples, n_features)
    classifier : bool, default=True
        Whether the task is classification rather than regression.

    Returns
    -------
    list of Column
        In the order of the columns.

    Raises
    ------
    TypeError, ValueError
        If a column has unsupported values: complex numbers, lists, objects.

    Examples
    --------
    >>> import numpy as np
    >>> from autotune.defaults import read_columns
    >>> X = np.array([["$1,200", "red"], ["$950", "blue"], ["?", "red"]], dtype=object)
    >>> [column.kind for column in read_columns(X)]
    ['number', 'category']
    >>> read_columns(X)[0].note
    "read as numbers, with missing values '?'"
    """
    names, values = column_names(X), split_columns(X)
    columns = list(map(_read, values, names))
    if not hasattr(X, "columns"):
        return columns
    marked = [
        Column(column.name, IDENTIFIER, _UNIQUE)
        if column.kind == NUMBER and _numbers_rows(numbers, column.name, counted=classifier)
        else column
        for column, numbers in zip(columns, values, strict=True)
    ]
    return marked if any(column.is_used for column in marked) else columns


def date_columns(X: Any) -> list[Any]:
    """Return the names of a frame's columns that hold dates or periods, as text too.

    Parameters
    ----------
    X : object
        Of anything but frames of pandas and polars, nothing is known.

    Returns
    -------
    list
    """
    if not (is_frame(X, "pandas") or is_frame(X, "polars")):
        return []
    pairs = zip(column_names(X), split_columns(X), strict=True)
    return [name for name, column in pairs if _holds_dates(column, name)]


def _holds_dates(column: Any, name: Any) -> bool:
    """Return whether a column is read as dates."""
    try:
        return _read(column, name).kind == DATE
    except (TypeError, ValueError):  # what the default model refuses, the user's may take
        return False


def _read(column: Any, name: Any) -> Column:
    """Return what one column is by itself."""
    known = _read_type(column, name)
    if known is not None:
        return known
    objects = as_objects(column)
    present = objects[[value is not None for value in objects]]
    if not len(present):
        return Column(name, EMPTY, _NO_VALUES)
    types = set(map(type, present))
    check_types(types, f"column {name!r}")
    if all(issubclass(cls, _DURATIONS) for cls in types):
        return Column(name, DURATION)
    if all(issubclass(cls, _TIMES) or cls.__name__ == "Period" for cls in types):
        return Column(name, DATE)
    if all(issubclass(cls, _REAL) for cls in types):
        if are_compact_dates(as_numbers(column)):
            return Column(name, DATE, _AS_DATES)
        plain = _becomes_floats(column) and not _is_rare(len(present), len(objects))
        return Column(name, NUMBER, plain=plain)
    return _read_texts(Counter(map(to_text, present)), name, len(objects))


def _read_type(column: Any, name: Any) -> Column | None:
    """Return what a column is by its dtype, None if its values must be looked at."""
    is_array = isinstance(column, np.ndarray)
    if is_series(column, "pandas") and isinstance(column.dtype, np.dtype):
        column = column.to_numpy()  # far quicker, where there are many columns
    is_categorical, kind = _is_categorical(column), numpy_kind(column)
    if kind == "c":
        check_types({complex}, f"column {name!r}")
    if kind not in "biufmM" and not is_categorical and not _is_period(column):
        return None
    n_present = _count_present(column)
    if not n_present:
        return Column(name, EMPTY, _NO_VALUES) if len(column) else Column(name, NUMBER)
    if is_categorical:
        check_types(set(map(type, _categories(column))), f"column {name!r}")
        return Column(name, CATEGORY)
    if kind not in "biuf":
        return Column(name, DURATION if kind == "m" else DATE)
    if not is_array and are_compact_dates(as_numbers(column)):
        return Column(name, DATE, _AS_DATES)
    plain = _is_plain(column) and not _is_rare(n_present, len(column))
    is_finite = kind != "f" or not np.isinf(as_numbers(column)).any()
    return Column(name, NUMBER, plain=plain and is_finite)


def _is_categorical(column: Any) -> bool:
    """Return whether the user made a column categorical."""
    if is_series(column, "pandas"):
        return isinstance(column.dtype, sys.modules["pandas"].CategoricalDtype)
    if not is_series(column, "polars"):
        return False
    polars = sys.modules["polars"]
    return column.dtype in (polars.Categorical, polars.Enum)


def _is_period(column: Any) -> bool:
    """Return whether a column holds periods of pandas."""
    return is_series(column, "pandas") and hasattr(column.dtype, "freq")


def _is_plain(column: Any) -> bool:
    """Return whether the model takes a column of numbers as it is: not sparse, nor of Arrow."""
    return not hasattr(column.dtype, "fill_value") and not hasattr(column.dtype, "pyarrow_dtype")


def _becomes_floats(column: Any) -> bool:
    """Return whether the model makes floats of a column of objects itself."""
    if column.dtype != object:
        return False
    try:
        values = np.asarray(column, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return False
    return not np.isinf(values).any()


def _count_present(column: Any) -> int:
    """Return how many values are not missing."""
    if is_series(column, "pandas"):
        return int(column.notna().sum())
    if is_series(column, "polars"):
        column = column.drop_nulls()
        return int(column.is_not_nan().sum()) if column.dtype.is_float() else len(column)
    return len(column) if column.dtype.kind in "biu" else int((column == column).sum())


def _is_rare(n_present: int, n_rows: int) -> bool:
    """Return whether a fold may lack all values of a column, which the model refuses."""
    return n_present < min(n_rows, max(_FEW, _RARELY * n_rows))


def _categories(column: Any) -> Any:
    """Return the categories of a column that the user made categorical."""
    return column.cat.categories if is_series(column, "pandas") else ()  # text in polars


def _numbers_rows(column: Any, name: Any, *, counted: bool) -> bool:
    """Return whether integers only identify rows, by their name or as a row counter."""
    named, kind = _is_identifier_name(name), numpy_kind(column)
    if len(column) < _MIN_IDENTIFIERS or kind not in ("iuO" if named else "iu" * counted):
        return False
    values = as_numbers(column)
    if not np.array_equal(values, values.round()):  # nor if one is missing
        return False
    if named:
        return len(np.unique(values)) == len(values)
    counts = values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    return counts and not _TIME_NAME.fullmatch(str(name).strip())


def _is_identifier_name(name: Any) -> bool:
    """Return whether a column is named as identifiers are."""
    text = str(name).strip()
    return bool(_IDENTIFIER_NAME.fullmatch(text) or _CAMEL_CASE_ID.fullmatch(text))


def _read_texts(counts: Counter[str], name: Any, n_rows: int) -> Column:
    """Return what a column is of which all values are given as text."""
    marks = [text for text in counts if is_mark(text)]
    values = {text: n for text, n in counts.items() if not is_mark(text)}
    if not values:
        if len(set(map(str.strip, marks))) > 1 or (marks[0].strip() and counts.total() < n_rows):
            return Column(name, CATEGORY)  # "none" and "unknown" are not the same
        return Column(name, EMPTY, f"{_NO_VALUES} but {_listed(marks)}")
    sample = spread(values)
    n_sampled = sum(values[text] for text in sample)
    for kind, others in _readings(sample):
        share = min(len(others) / len(sample), sum(values[text] for text in others) / n_sampled)
        if share <= 1 - _MOSTLY:
            return Column(name, kind, _note_marks(kind, marks, others))
    if len(counts) == n_rows and n_rows >= _MIN_IDENTIFIERS and _are_identifiers(sample):
        return Column(name, IDENTIFIER, _UNIQUE)
    return Column(name, TEXT if _are_texts(sample, counts) else CATEGORY)


def _readings(texts: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what texts may be read as, and those that cannot be read so."""
    if all(text.strip().isdecimal() and not np.isnat(parse_time(text)) for text in texts):
        yield DATE, []
    if sum(map(is_code, texts)) <= _SOME * len(texts):
        point, unit = number_format(texts)
        yield NUMBER, [text for text in texts if np.isnan(parse_number(text, point, unit))]
    yield DURATION, [text for text in texts if np.isnan(parse_clock(text))]
    day_first = is_day_first(texts)
    yield DATE, [text for text in texts if np.isnat(parse_time(text, day_first))]


def _note_marks(kind: str, marks: list[str], others: list[str]) -> str:
    """Say which texts count as missing in a column that is read as something else."""
    shown = [mark for mark in marks if mark.strip()] + others
    return f"read as {kind}s, with missing values {_listed(shown)}" if shown else ""


def _listed(texts: list[str]) -> str:
    """Return some texts as they stand in a note."""
    more = ", ..." if len(texts) > _SHOWN else ""
    return ", ".join(repr(text[:_LONG]) for text in texts[:_SHOWN]) + more


def _are_identifiers(texts: list[str]) -> bool:
    """Return whether texts, all different, are codes or single words."""
    if _share_parts(texts):
        return False
    if _has_few_shapes(texts):
        return True
    if any(_count_words(text) > 1 for text in texts):
        return False
    characters = "".join(texts)
    n_digits = sum(map(str.isdigit, characters))
    return len(characters) < _LONG * len(texts) or n_digits > _MANY_DIGITS * len(characters)


def _are_texts(texts: list[str], counts: Counter[str]) -> bool:
    """Return whether texts are written freely, or composed of parts, not chosen among a few."""
    different = len(counts) / counts.total()
    n_words = np.mean([_count_words(text) for text in texts])
    if n_words < 3 and different > _OFTEN_DIFFERENT and _share_parts(texts):
        return True
    if _has_few_shapes(texts):
        return False
    if n_words >= 3 and (different > _OFTEN_DIFFERENT or len(counts) > MAX_CATEGORIES):
        return True
    is_long = np.mean([len(text) for text in texts]) >= _LONG
    return bool(different > _MOSTLY_DIFFERENT and (n_words >= 2 or is_long))


def _share_parts(texts: list[str]) -> bool:
    """Return whether many texts, not nearly all, have a part in common, such as a domain."""
    parts = [set(_PARTS.findall(text.lower())) for text in texts]
    fewest, most = max(_SHARED * len(texts), _MIN_SHARED), _MOSTLY * len(texts)
    shared = {part for part, n in Counter(chain(*parts)).items() if fewest <= n <= most}
    return sum(not shared.isdisjoint(found) for found in parts) >= _MANY_SHARE * len(texts)


def _has_few_shapes(texts: list[str]) -> bool:
    """Return whether texts differ in hardly more than one number each."""
    numbered = all(len(_DIGITS.findall(text)) <= 1 for text in texts)
    return numbered and len({_DIGITS.sub("0", text) for text in texts}) <= _N_SHAPES < len(texts)


def _count_words(text: str) -> int:
    """Return the number of words; two characters are one in scripts without spaces."""
    return len(_WORDS.findall(text))
