"""What makes two fits the same study, and how its configurations are written down."""

from __future__ import annotations

import hashlib
from typing import Any

import joblib

from ._candidates import Candidates
from ._history import Trial
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
    text = f"{describe(settings)} {joblib.hash(data)}"
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
