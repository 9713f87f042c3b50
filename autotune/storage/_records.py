"""How an evaluation stands in a row of the storage file."""

from __future__ import annotations

import json
import math
from typing import Any

from .._history import STATUSES, Evaluation

COLUMNS = (
    "trial",
    "fold",
    "fidelity",
    "status",
    "scores",
    "train_scores",
    "fit_time",
    "score_time",
    "saved_time",
    "error",
    "warnings",
    "started",
    "ended",
)


def to_row(evaluation: Evaluation) -> tuple:
    """Return an evaluation as the values of ``COLUMNS``."""
    return tuple(_plain(getattr(evaluation, name)) for name in COLUMNS)


def from_row(row: tuple) -> Evaluation:
    """Return the evaluation that a row holds.

    Raises
    ------
    ValueError, TypeError, AttributeError
        If it holds none.
    """
    fields = dict(zip(COLUMNS, row, strict=True))
    if fields["status"] not in STATUSES:
        raise ValueError(f"unknown status {fields['status']!r}")
    for name in ("fidelity", "fit_time", "score_time", "saved_time", "started", "ended"):
        fields[name] = float(fields[name])
    for name in ("scores", "train_scores"):
        scores = json.loads(fields[name])
        fields[name] = {metric: float(score) for metric, score in scores.items()}
    fields["warnings"] = tuple(json.loads(fields["warnings"]))
    return Evaluation(**fields)


def _plain(value: Any) -> Any:
    """Return a field of an evaluation as a column holds it."""
    if isinstance(value, dict):
        return json.dumps({name: _number(score) for name, score in value.items()})
    if isinstance(value, tuple):
        return json.dumps(value)
    if isinstance(value, str):  # an error's text may hold what is no Unicode
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _number(score: float) -> float | str:
    """Return a score as JSON knows it, which has no infinities."""
    return score if math.isfinite(score) else str(score)
