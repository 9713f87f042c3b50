"""Conversion between evaluations and rows of the storage file."""

from __future__ import annotations

import json
import math
from typing import Any

from ..history import Evaluation
from ._fields import FIELDS

COLUMNS = tuple(name for name in FIELDS["evaluations"] if name != "study")


def to_row(evaluation: Evaluation) -> tuple:
    """Return an evaluation as the values of ``COLUMNS``."""
    return tuple(_plain(getattr(evaluation, name)) for name in COLUMNS)


def to_evaluation(values: dict[str, Any]) -> Evaluation:
    """Return the evaluation that a row holds, given its checked values by column."""
    fields = {name: values[name] for name in COLUMNS}
    for name in ("scores", "train_scores"):
        fields[name] = {metric: float(score) for metric, score in fields[name].items()}
    fields["warnings"] = tuple(fields["warnings"])
    return Evaluation(**fields)


def describe_study(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a study in a frame, given its row."""
    estimator = values["description"].get("estimator")
    return {"study": values["study"], "created": values["created"], "estimator": estimator}


def _plain(value: Any) -> Any:
    """Return a field of an evaluation as a column holds it."""
    if isinstance(value, dict):
        return json.dumps({name: _number(score) for name, score in value.items()})
    if isinstance(value, tuple):
        return json.dumps(value)
    return value


def _number(score: float) -> float | str:
    """Return a score as JSON knows it, which has no infinities."""
    return score if math.isfinite(score) else str(score)
