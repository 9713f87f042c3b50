"""What makes two fits the same study, and how its configurations are written down."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import joblib

from ._budget import Budget
from ._candidates import Candidates
from ._history import COMPLETE, RUNNING, TIMEOUT, History, Trial
from .space import describe


def fingerprint(settings: dict[str, Any], data: Any) -> str:
    """Return a text that two fits share exactly when one can continue the other.

    Parameters
    ----------
    settings : dict
        Everything that decides what the search does, but its budget.
    data : object
        X, y, metadata and folds.
    """
    # An outer parallel loop may hand over large arrays as memory maps.
    text = f"{describe(settings)} {joblib.hash(data, coerce_mmap=True)}"
    return hashlib.sha256(text.encode()).hexdigest()


class Codec:
    """Writes a trial's configuration as JSON and reads it back.

    Parameters
    ----------
    candidates : Candidates
    """

    def __init__(self, candidates: Candidates):
        self._space = candidates.space
        self._defaults = candidates.defaults

    def encode(self, trial: Trial) -> dict[str, Any]:
        """Return what ``json`` can write; a default outside the space only for readers."""
        if trial.params in self._space:
            return self._space.to_json(trial.params)
        return {name: {"repr": describe(value)} for name, value in trial.params.items()}

    def decode(self, number: int, origin: str, written: Any) -> dict[str, Any]:
        """Return the configuration of a trial."""
        if origin == "default":
            return dict(self._defaults[number][0])
        return self._space.from_json(written)


def known_trials(history: History) -> list[Trial]:
    """Return the trials up to the last one with an evaluation; the others begin anew."""
    n_known = max((trial.number + 1 for trial in history if trial.evaluations), default=0)
    return history.trials[:n_known]


def reopen(history: History, budget: Budget, *, raise_errors: bool) -> None:
    """Forget the evaluations of an earlier run that this one has to repeat.

    These are the evaluations that were cut short by an end of the budget that is now later,
    and, where an error ends the search, those with an error.
    """
    limit = math.inf if budget.seconds_per_trial is None else budget.seconds_per_trial
    for trial in history:
        spent = {fold: history.seconds_spent(trial, fold) for fold, _ in trial.evaluations}
        for key, evaluation in list(trial.evaluations.items()):
            cut_short = evaluation.status == TIMEOUT and spent[evaluation.fold] < limit
            if cut_short or (raise_errors and evaluation.status != COMPLETE):
                del trial.evaluations[key]
                if evaluation.fold < history.n_folds:  # the others decide of no status
                    trial.status = RUNNING
