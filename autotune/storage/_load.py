"""Filling a history with the rows of a storage file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..history import SEARCH, History
from ._fields import FieldError
from ._records import to_evaluation

Rows = list[dict[str, Any]]
Decode = Callable[[int, str, Any], dict[str, Any]]


def load(history: History, trials: Rows, evaluations: Rows, decode: Decode) -> None:
    """Add the trials and evaluations of a study to an empty history.

    Parameters
    ----------
    history : History
    trials, evaluations : list of dict
        The rows of the study, checked and decoded.
    decode : callable
        Returns a trial's parameters, given its number, its origin and what is stored.

    Raises
    ------
    FieldError
        If the rows contradict each other or the history.
    """
    for values in trials:
        _load_trial(history, values, decode)
    for values in sorted(evaluations, key=lambda row: (row["trial"], row["ended"])):
        _load_evaluation(history, values)


def check_folds(description: dict[str, Any], n_folds: int) -> None:
    """Check that the folds on which trials were compared are folds of the search."""
    folds = description.get("scale", {}).get("folds")
    if folds is not None and max(folds) >= n_folds:
        raise FieldError("studies.description", f"of folds below {n_folds}", folds)


def _load_trial(history: History, values: dict[str, Any], decode: Decode) -> None:
    """Add the trial that a row holds."""
    number, status = values["trial"], values["status"]
    if number != len(history):
        raise FieldError("trials.trial", "each number from 0 on", number)
    try:
        params = decode(number, values["origin"], values["params"])
    except Exception as error:  # a space may hold dimensions of other packages
        rule = "a configuration of the space"
        raise FieldError("trials.params", rule, values["params"]) from error
    trial = history.add(params, values["origin"], bool(values["eligible"]))
    history.set_status(trial, status)


def _load_evaluation(history: History, values: dict[str, Any]) -> None:
    """Add the evaluation that a row holds."""
    evaluation = to_evaluation(values)
    if evaluation.trial >= len(history):
        raise FieldError("evaluations.trial", "the number of a trial", evaluation.trial)
    n_folds = history.n_folds if evaluation.phase == SEARCH else history.n_repeat_folds
    if values["fold"] >= n_folds:
        raise FieldError("evaluations.fold", f"a number below {n_folds}", evaluation.fold)
    history.record(evaluation)
