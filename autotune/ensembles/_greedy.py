"""Greedy selection of an ensemble on predictions for rows that its members have not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ._constants import N_STEPS, PATIENCE


def select_greedily(
    predictions: Sequence[np.ndarray], score: Callable[[np.ndarray], float]
) -> dict[int, float]:
    """Return the weights of the models whose weighted mean prediction scores best.

    The selection begins with the n best models, for the n whose mean scores best [1]_. Then
    models are added one at a time and with replacement, each time the one with which the mean
    scores best. The best mean on the way wins, the one of the fewest models among equals.

    Parameters
    ----------
    predictions : sequence of ndarray
        One array per model, all of the same shape.
    score : callable
        ``score(prediction)`` returns a number, the greater the better; NaN is worst.

    Returns
    -------
    weights : dict of int to float
        The weights of the selected models, by position; they sum to 1.

    References
    ----------
    .. [1] R. Caruana, A. Niculescu-Mizil, G. Crew and A. Ksikes, "Ensemble selection from
       libraries of models", ICML 2004, sections 2.1 and 2.2.
    """

    def rate(total: np.ndarray, n: int) -> float:
        value = score(total / n)
        return -np.inf if np.isnan(value) else value

    alone = [rate(one, 1) for one in predictions]
    order = sorted(range(len(predictions)), key=lambda i: -alone[i])  # the earliest among equals
    chosen, best = _best_beginning(predictions, order, rate)
    kept, since = list(chosen), 0
    total = np.sum([predictions[i] for i in chosen], axis=0, dtype=float)
    while len(chosen) < N_STEPS and since < PATIENCE:
        scores = [rate(total + predictions[i], len(chosen) + 1) for i in order]
        place = int(np.argmax(scores))
        chosen = [*chosen, order[place]]
        total = total + predictions[order[place]]
        since += 1
        if scores[place] > best:
            kept, best, since = chosen, scores[place], 0
    return {i: n / len(kept) for i, n in sorted(Counter(kept).items())}


def blend(predictions: Sequence[np.ndarray], weights: dict[int, float]) -> np.ndarray:
    """Return the weighted mean of predictions, with the weights of ``select_greedily``."""
    return np.sum([weight * predictions[i].astype(float) for i, weight in weights.items()], axis=0)


def count_scores(n_models: int) -> int:
    """Return the maximum number of scores that a selection among some models computes."""
    return n_models * (2 + N_STEPS)


def _best_beginning(
    predictions: Sequence[np.ndarray],
    order: list[int],
    rate: Callable[[np.ndarray, int], float],
) -> tuple[list[int], float]:
    """Return the n best models, for the n whose mean scores best, and that score."""
    total = np.zeros_like(predictions[order[0]], dtype=float)
    scores = []
    for n, i in enumerate(order, start=1):
        total = total + predictions[i]
        scores.append(rate(total, n))
    n_best = int(np.argmax(scores)) + 1
    return order[:n_best], scores[n_best - 1]
