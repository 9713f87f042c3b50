"""The columns of the table of evaluations: names, order and types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from itertools import chain
from typing import Any

from .._texts import writable
from ..compat import import_pandas
from ._trial import Evaluation, Trial

_STUDY = ("study", "created", "estimator")
_TRIAL = ("trial", "origin", "eligible", "trial_status")
_KINDS = {field.name: field.metadata["kind"] for field in fields(Evaluation)}
_PREFIXES = {"params": "param", "scores": "score", "train_scores": "train"}
_MISSING = dict.fromkeys(("study", "trial", "fold", "iterations"), "Int64")  # nullable integers


def make_frame(trials: Iterable[tuple[dict[str, Any], Trial]], caller: str) -> Any:
    """Return one row per evaluation, with the columns of its study and trial."""
    pd = import_pandas(caller)
    rows = [row for study, trial in trials for row in _rows(study, trial)]
    return pd.DataFrame(rows, columns=_columns(rows)).astype(_MISSING)


def _rows(study: dict[str, Any], trial: Trial) -> list[dict[str, Any]]:
    """Return the rows of a trial; one if it has no evaluation."""
    known = {
        **{name: study.get(name) for name in _STUDY},
        "trial": trial.number,
        "origin": trial.origin,
        "eligible": trial.eligible,
        "trial_status": trial.status,
        **_named("params", trial.params),
    }
    return [{**known, **_outcome(evaluation)} for evaluation in trial.in_order()] or [known]


def _outcome(evaluation: Evaluation) -> dict[str, Any]:
    """Return the columns of an evaluation."""
    row: dict[str, Any] = {}
    for name, kind in _KINDS.items():
        value = getattr(evaluation, name)
        if kind == "scores":
            row.update(_named(name, value))
        else:
            row[name] = "\n".join(value) if kind == "texts" else value
    return row


def _named(field: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a field by column name."""
    return {
        f"{_PREFIXES[field]}_{name}": writable(value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns: those of the study and the trial, then those of the evaluation.

    The parameters and scores replace the field ``scores``.
    """
    fixed = {*_STUDY, *_TRIAL, *_KINDS}
    names = [name for name in dict.fromkeys(chain.from_iterable(rows)) if name not in fixed]
    named = {
        field: [name for name in names if name.startswith(f"{prefix}_")]
        for field, prefix in _PREFIXES.items()
    }
    columns = [*_STUDY, *_TRIAL]
    for field in _KINDS:
        columns += named["params"] if field == "scores" else []
        columns += named.get(field, [field])
    return list(dict.fromkeys(columns))  # the trial is a field of both
