"""Which trial wins in the end."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ._history import COMPLETE, History


def rank(history: History, metric: str) -> np.ndarray:
    """Return the rank of each trial, shape (n_trials,), 1 is the best.

    Only complete, eligible trials with a finite mean score compete; equal scores share a
    rank. All others share the rank after the last of them.
    """
    scores = np.array([history.score(trial, metric) for trial in history])
    competes = np.isfinite(scores)
    competes &= np.array([t.eligible and t.status == COMPLETE for t in history], dtype=bool)
    ranks = np.full(len(scores), competes.sum() + 1, dtype=np.int32)
    ranks[competes] = rankdata(-scores[competes], method="min")
    return ranks


def select(refit: bool | str | Callable, cv_results: dict[str, Any], metric: str) -> int:
    """Return the index of the winner: the best mean score, or the choice of ``refit``.

    Among equal scores the earliest trial wins, so the default before all others.
    """
    if not callable(refit):
        return int(np.argmin(cv_results[f"rank_test_{metric}"]))
    choice = refit(cv_results)
    if not isinstance(choice, numbers.Integral):
        raise TypeError(f"refit must return the integer index of a trial; got {choice!r}")
    index = int(choice)
    if not 0 <= index < len(cv_results["params"]):
        n_trials = len(cv_results["params"])
        raise IndexError(f"refit must return an index from 0 to {n_trials - 1}; got {index}")
    return index
