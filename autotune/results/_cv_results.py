"""Conversion of the history to ``cv_results_``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..history import SEARCH, Evaluation, History, Trial
from ._columns import param_columns
from ._selection import rank


def cv_results(
    history: History, *, train_scores: bool = False, n_resources: np.ndarray | None = None
) -> dict[str, Any]:
    """Return the history in the layout of scikit-learn's searchers.

    Additional columns are ``status``, ``origin`` and ``error``, and ``mean_iterations`` if any
    model was stopped early. Scores are those of full fidelity; ``n_resources``, if given, is the
    largest resource of each trial.
    """
    results: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        results.update(_times(history, name))
    results.update(param_columns([trial.params for trial in history]))
    results["params"] = [dict(trial.params) for trial in history]
    for metric in history.metrics:
        table = np.array([history.fold_scores(trial, metric) for trial in history])
        results.update(_scores(f"test_{metric}", table, history))
        results[f"rank_test_{metric}"] = rank(history, metric)
        if train_scores:
            table = np.array([_train_scores(history, trial, metric) for trial in history])
            results.update(_scores(f"train_{metric}", table, history))
    iterations = [trial.iterations for trial in history]
    if any(number is not None for number in iterations):
        results["mean_iterations"] = np.array(iterations, dtype=float)
    if n_resources is not None:
        results["n_resources"] = n_resources
    results["status"] = np.array([trial.status for trial in history], dtype=object)
    results["origin"] = np.array([trial.origin for trial in history], dtype=object)
    results["error"] = np.array([trial.error for trial in history], dtype=object)
    return results


def _times(history: History, name: str) -> dict[str, np.ndarray]:
    """Return mean and deviation over the folds that were evaluated."""
    rows = [
        [getattr(evaluation, name) for evaluation in _full(trial, history)] or [np.nan]
        for trial in history
    ]
    return {
        f"mean_{name}": np.array([np.mean(row) for row in rows]),
        f"std_{name}": np.array([np.std(row) for row in rows]),
    }


def _scores(name: str, table: np.ndarray, history: History) -> dict[str, np.ndarray]:
    """Return one column per fold, then mean and deviation over the compared folds.

    Parallel workers may have evaluated other folds before these were chosen.
    """
    counts = np.isin(range(history.n_folds), history.compared_folds)
    table = np.where(counts, table.reshape(-1, history.n_folds), np.nan)
    columns = {f"split{fold}_{name}": column.copy() for fold, column in enumerate(table.T)}
    compared = table[:, list(history.compared_folds)]
    with np.errstate(invalid="ignore", over="ignore"):  # infinite scores have no deviation
        columns[f"mean_{name}"] = compared.mean(axis=1)
        columns[f"std_{name}"] = compared.std(axis=1)
    return columns


def _train_scores(history: History, trial: Trial, metric: str) -> np.ndarray:
    """Return the training score on each fold, shape (n_folds,)."""
    scores = np.full(history.n_folds, np.nan)
    for evaluation in _full(trial, history):
        scores[evaluation.fold] = evaluation.train_scores.get(metric, history.error_score)
    return scores


def _full(trial: Trial, history: History) -> list[Evaluation]:
    """Return a trial's evaluations in the search, of the fidelity at which trials are compared."""
    search = (e for e in trial.evaluations.values() if e.phase == SEARCH)
    return [evaluation for evaluation in search if evaluation.fidelity == history.share]
