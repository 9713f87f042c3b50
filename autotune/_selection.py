"""Which trial wins in the end."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ._history import COMPLETE, History, Trial
from .space import short_repr


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


def select(refit: bool | str | Callable, cv_results: dict[str, Any], history: History) -> int:
    """Return the index of the winner: the best mean score, or the choice of ``refit``.

    Among equal scores the earliest trial wins, so the default before all others. A callable
    is shown the trials that may win, so not a default outside the space, and must not choose
    one that failed.
    """
    if not callable(refit):
        return int(np.argmin(cv_results[f"rank_test_{history.metric}"]))
    rows = [trial.number for trial in history if trial.eligible]
    choice = refit(cv_results if len(rows) == len(history) else _take(cv_results, rows))
    if not isinstance(choice, numbers.Integral):
        raise TypeError(f"refit must return the integer index of a trial; got {short_repr(choice)}")
    index = int(choice)
    if not 0 <= index < len(rows):
        raise IndexError(f"refit must return an index from 0 to {len(rows) - 1}; got {index}")
    trial = history[rows[index]]
    if trial.status != COMPLETE:
        raise ValueError(
            f"refit must return the index of a trial that succeeded; got {index}, the index of "
            f"a trial with status {trial.status!r} (scores of failed trials are NaN, which "
            "np.argmax takes for the largest: use np.nanargmax)"
        )
    return trial.number


def stands(default: Trial, winner: Trial, history: History, rise: float) -> bool:
    """Return whether the default may be as good on all rows as the winner of a search on fewer.

    What is best on few rows often learns little from more. So the winner must already have
    what the default is expected to have on all rows: its score on the folds that both have,
    and ``rise``.
    """
    difference = history.compared_scores(winner) - history.compared_scores(default)
    difference = difference[np.isfinite(difference)]
    return bool(len(difference) and difference.mean() <= rise)


def _take(cv_results: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """Return some rows of ``cv_results_``."""
    return {
        name: [column[row] for row in rows] if isinstance(column, list) else column[rows]
        for name, column in cv_results.items()
    }
