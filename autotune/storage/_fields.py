"""The valid content of each column of a storage file, in one table."""

from __future__ import annotations

import json
import re
import reprlib
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from ..history import (
    COMPARISON,
    COMPLETE,
    CRASHED,
    FAILED,
    SEARCH,
    STATUSES,
    TIMEOUT,
    Evaluation,
)

MOST_FOLDS = 10**6  # so that a damaged number takes no memory
_LARGEST = 2**31 - 1  # of the whole numbers that the package writes
_MANY = 1e10  # seconds: more than three hundred years
_DEEPEST = 20  # levels of sequences within sequences in a configuration
_ENDS = (COMPLETE, FAILED, TIMEOUT, CRASHED)
_STORED = (SEARCH, COMPARISON)  # phases; the last fit is repeated by each call
_NOT_FINITE = ("nan", "inf", "-inf")  # as scores are written that JSON does not know
_WRITER = re.compile(r"[^:]*:\d{1,10}:\w*")


class FieldError(ValueError):
    """A stored value makes no sense; the message names its table and column."""

    def __init__(self, place: str, rule: str, value: Any):
        super().__init__(f"{place} must be {rule}; got {reprlib.repr(value)}")


@dataclass(frozen=True)
class Field:
    """A column.

    Attributes
    ----------
    rule : str
        What it holds, in words.
    accepts : callable
        Whether a value, decoded if need be, is such.
    sql : str
        Its declaration.
    is_json : bool
        Whether it holds the text of a JSON value.
    """

    rule: str
    accepts: Callable[[Any], bool]
    sql: str = "TEXT NOT NULL"
    is_json: bool = False

    def read(self, place: str, stored: Any) -> Any:
        """Return the value that a column, named by its place, holds."""
        value = _decode(place, self.rule, stored) if self.is_json else stored
        if not self.accepts(value):
            raise FieldError(place, self.rule, stored)
        return value


def read_rows(
    connection: sqlite3.Connection, table: str, study: int | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a table, of one study or of all, by column, checked and decoded.

    Raises
    ------
    FieldError
        For the first value that makes no sense.
    """
    columns = FIELDS[table]
    where, values = ("", ()) if study is None else ("WHERE study = ?", (study,))
    key = [name for name in ("study", "trial", "phase", "fold", "fidelity") if name in columns]
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM {table} {where} ORDER BY {', '.join(key)}", values
    )
    return [read_row(table, row) for row in rows]


def read_row(table: str, row: tuple) -> dict[str, Any]:
    """Return the values of one row by column, checked and decoded."""
    return {
        name: field.read(f"{table}.{name}", value)
        for (name, field), value in zip(FIELDS[table].items(), row, strict=True)
    }


def _decode(place: str, rule: str, text: Any) -> Any:
    """Return the value of a JSON text."""
    if not isinstance(text, str):
        raise FieldError(place, rule, text)
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FieldError(place, rule, text) from error


def _refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: Any) -> bool:
    """Return whether a value is a text."""
    return type(value) is str


def _is_bytes(value: Any) -> bool:
    """Return whether a value is a sequence of bytes."""
    return type(value) is bytes


def _is_whole(low: int, high: int = _LARGEST) -> Callable[[Any], bool]:
    """Return a check for integers within bounds."""
    return lambda value: type(value) is int and low <= value <= high


def _is_number(low: float, high: float) -> Callable[[Any], bool]:
    """Return a check for numbers within bounds, excluding NaN."""
    return lambda value: type(value) in (int, float) and low <= value <= high


_is_finite = _is_number(-sys.float_info.max, sys.float_info.max)
_is_share = _is_number(1e-9, 1.0)
_is_duration = _is_number(0.0, _MANY)
_is_index = _is_whole(0)


def _is_time(value: Any) -> bool:
    """Return whether a value is a time as ISO 8601 writes it."""
    try:
        return bool(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _is_writer(value: Any) -> bool:
    """Return whether a value names a process, or none."""
    return value is None or (_is_text(value) and _WRITER.fullmatch(value) is not None)


def _are_folds(value: Any) -> bool:
    """Return whether a value is a list of folds, or None."""
    return value is None or (isinstance(value, list) and bool(value) and all(map(_is_index, value)))


def _is_object(parts: dict[str, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Return a check for objects with some of these parts and no others."""
    return lambda value: (
        isinstance(value, dict)
        and all(name in parts and parts[name](part) for name, part in value.items())
    )


def _is_description(value: Any) -> bool:
    """Return whether a value describes a study, as far as anything is read of it."""
    if not isinstance(value, dict) or "estimator" not in value:
        return False
    return all(accepts(value[name]) for name, accepts in _DESCRIPTION.items() if name in value)


_DESCRIPTION: dict[str, Callable[[Any], bool]] = {
    "estimator": _is_text,
    "models": lambda value: _are_texts(value),
    "strategy": _is_text,
    "metric": lambda value: value is None or _is_text(value),
    "measure": _is_object({"name": _is_text, "sign": lambda value: value in (1, -1)}),
    "error_score": _is_text,
    "n_folds": _is_whole(1, MOST_FOLDS),
    "scale": _is_object(
        {
            "share": _is_share,
            "exponent": _is_number(0.1, 10.0),
            "folds": _are_folds,
            "rise": _is_finite,
        }
    ),
}


def _is_configuration(value: Any) -> bool:
    """Return whether a value is a configuration, as ``space`` writes it."""
    return isinstance(value, dict) and all(map(_is_parameter, value.values()))


def _is_parameter(value: Any, depth: int = 0) -> bool:
    """Return whether a value is that of a parameter."""
    if not isinstance(value, dict):
        return value is None or type(value) in (bool, str) or _is_finite(value)
    if "repr" in value:
        indices = [value[name] for name in ("choice", "subspace") if name in value]
        known = value.keys() <= {"repr", "choice", "subspace"}
        return known and _is_text(value["repr"]) and all(map(_is_index, indices))
    if value.keys() not in ({"tuple"}, {"list"}) or depth == _DEEPEST:
        return False
    (items,) = value.values()
    return isinstance(items, list) and all(_is_parameter(item, depth + 1) for item in items)


def _are_scores(value: Any) -> bool:
    """Return whether a value holds numbers by the names of metrics."""
    return isinstance(value, dict) and all(
        _is_finite(score) or score in _NOT_FINITE for score in value.values()
    )


def _are_texts(value: Any) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(map(_is_text, value))


def _is_one_of(values: Sequence[str]) -> Field:
    """Return the column that holds one of some texts."""
    return Field(f"one of {', '.join(values)}", lambda value: value in values)


_WHOLE, _REAL = "INTEGER NOT NULL", "REAL NOT NULL"
_STUDY = Field("a whole number, 1 or more", _is_whole(1), f"{_WHOLE} REFERENCES studies")
_NUMBER = Field("a whole number, 0 or more", _is_index, _WHOLE)
_TEXT = Field("a text", _is_text)

_KINDS: dict[str, Field] = {  # of the fields of an evaluation
    "whole": _NUMBER,
    "share": Field("a number above 0, at most 1", _is_share, _REAL),
    "phase": _is_one_of(_STORED),
    "outcome": _is_one_of(_ENDS),
    "scores": Field("a JSON object of numbers", _are_scores, is_json=True),
    "count": Field(
        "a whole number, 1 or more, or null",
        lambda value: value is None or _is_whole(1)(value),
        "INTEGER",
    ),
    "seconds": Field("a number of seconds, 0 or more", _is_duration, _REAL),
    "moment": Field("a number of seconds", _is_number(-_MANY, _MANY), _REAL),
    "text": Field("a text, or null", lambda value: value is None or _is_text(value), "TEXT"),
    "texts": Field("a JSON list of texts", _are_texts, is_json=True),
}

FIELDS: dict[str, dict[str, Field]] = {
    "studies": {
        "study": Field("a whole number, 1 or more", _is_whole(1), "INTEGER PRIMARY KEY"),
        "fingerprint": _TEXT,
        "attempt": _NUMBER,
        "seed": Field("a whole number from 0 to 2147483647", _is_index, _WHOLE),
        "created": Field("a time as ISO 8601 writes it", _is_time),
        "description": Field(
            "a JSON object with a text as 'estimator', and valid settings",
            _is_description,
            is_json=True,
        ),
        "writer": Field("'host:process:start', or null", _is_writer, "TEXT"),
    },
    "trials": {
        "study": _STUDY,
        "trial": _NUMBER,
        "origin": _TEXT,
        "eligible": Field("0 or 1", _is_whole(0, 1), _WHOLE),
        "status": _is_one_of(STATUSES),
        "params": Field(
            "a JSON object of the values of parameters", _is_configuration, is_json=True
        ),
    },
    "predictions": {
        "study": _STUDY,
        "trial": _NUMBER,
        "phase": _KINDS["phase"],
        "fold": _NUMBER,
        "fidelity": _KINDS["share"],
        "arrays": Field("arrays as numpy.savez writes them", _is_bytes, "BLOB NOT NULL"),
    },
    "evaluations": {
        "study": _STUDY,
        **{field.name: _KINDS[field.metadata["kind"]] for field in fields(Evaluation)},
    },
}
