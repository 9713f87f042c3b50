"""Selection of the winner."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from .._texts import short_repr
from ..history import COMPLETE, FAILED, History, Trial
from ._columns import param_columns


def rank(history: History, metric: str) -> np.ndarray:
    """Return the rank of each trial, shape (n_trials,), 1 is the best.

    Only eligible trials with a finite mean score are ranked, including failed ones if
    ``error_score`` is a number; equal scores share a rank. All others share the rank after the
    last of these.
    """
    scores = np.array([history.score(trial, metric) for trial in history])
    ranked = {COMPLETE, FAILED} if np.isfinite(history.error_score) else {COMPLETE}
    competes = np.isfinite(scores)
    competes &= np.array([t.eligible and t.status in ranked for t in history], dtype=bool)
    ranks = np.full(len(scores), competes.sum() + 1, dtype=np.int32)
    ranks[competes] = rankdata(-scores[competes], method="min")
    return ranks


def select(refit: bool | str | Callable, cv_results: dict[str, Any], history: History) -> int:
    """Return the index of the winner: the best mean score, or the choice of ``refit``.

    Only complete, eligible trials can win; the earliest among equals does, so the default takes
    precedence. A callable only sees the trials that can win.
    """
    rows = [trial.number for trial in history if trial.can_win]
    if not callable(refit):
        ranks = cv_results[f"rank_test_{history.metric}"]
        return min(rows, key=lambda row: (ranks[row], row))
    choice = refit(cv_results if len(rows) == len(history) else _take(cv_results, rows))
    if not isinstance(choice, numbers.Integral):
        raise TypeError(f"refit must return the integer index of a trial; got {short_repr(choice)}")
    index = int(choice)
    if not 0 <= index < len(rows):
        raise IndexError(f"refit must return an index from 0 to {len(rows) - 1}; got {index}")
    return rows[index]


def default_may_match(default: Trial, winner: Trial, history: History, rise: float) -> bool:
    """Return whether the default may be as good on all rows as the winner of a search on fewer.

    Configurations that do well on few rows often gain little from more. So the winner must
    already reach the score that the default is expected to have on all rows: its score on the
    folds that both have, plus ``rise``.
    """
    difference = history.compared_scores(winner) - history.compared_scores(default)
    difference = difference[np.isfinite(difference)]
    return bool(len(difference) and difference.mean() <= rise)


def _take(cv_results: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """Return ``cv_results_`` with only some rows."""
    params = param_columns([cv_results["params"][row] for row in rows])
    results: dict[str, Any] = {}
    for name, column in cv_results.items():
        if name.startswith("param_"):
            if name in params:  # else only other rows have it
                results[name] = params[name]
        elif name.startswith("rank_test_"):
            results[name] = rankdata(column[rows], method="min").astype(np.int32)
        else:
            results[name] = (
                [column[row] for row in rows] if isinstance(column, list) else column[rows]
            )
    return results
