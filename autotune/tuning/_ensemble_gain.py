"""The expected gain of an ensemble over the best of its candidates on new data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..ensembles import blend, select_greedily

_ROWS_SAMPLED = 100_000  # in all samples together; chosen, as are the two below
_FEWEST, _MOST = 5, 50  # samples; a number that depends on the rows alone is reproducible


def count_samples(n_rows: int) -> int:
    """Return the number of samples for a gain: the fewer the rows, the more they vary."""
    return int(np.clip(_ROWS_SAMPLED // n_rows, _FEWEST, _MOST))


def expect_gain(
    predictions: Sequence[np.ndarray],
    score: Callable[[np.ndarray, np.ndarray], float],
    units: np.ndarray,
    labels: np.ndarray | None,
    seed: int,
) -> float:
    """Return the gain of a greedy ensemble over the best single model on other rows.

    The ensemble is selected on the predictions that score it, so its score is optimistic. Here
    rows are drawn with replacement, an ensemble and a single model are selected on them, and
    both are scored on the rows that were not drawn; the mean of the differences is free of that
    bias. This is bootstrap bias-corrected cross-validation [1]_ with the whole selection repeated.

    Parameters
    ----------
    predictions : sequence of ndarray
        The out-of-fold predictions of each model, for the same rows.
    score : callable
        ``score(places, values)`` returns the score of predictions for rows at some places.
    units : ndarray of shape (n_rows,)
        The unit of drawing for each row: its number, which may occur more than once, or its group.
    labels : ndarray of shape (n_rows,) or None
        The classes; samples that lack one are discarded, because metrics need all of them.
    seed : int

    Returns
    -------
    gain : float
        NaN if no sample could be used.

    References
    ----------
    .. [1] I. Tsamardinos, E. Greasidou and G. Borboudakis, "Bootstrapping the out-of-sample
       predictions for efficient and accurate cross-validation", Machine Learning 107 (2018).
    """
    unit = np.unique(units, return_inverse=True)[1]
    n_units, rng = int(unit.max()) + 1, np.random.RandomState(seed)
    gains = []
    for _ in range(count_samples(len(unit))):
        counts = np.bincount(rng.randint(n_units, size=n_units), minlength=n_units)[unit]
        drawn, left = np.repeat(np.arange(len(unit)), counts), np.flatnonzero(counts == 0)
        if len(left) and _are_whole(labels, drawn, left):
            gains.append(_gain(predictions, score, drawn, left))
    known = [gain for gain in gains if np.isfinite(gain)]
    return float(np.mean(known)) if known else np.nan


def _gain(
    predictions: Sequence[np.ndarray],
    score: Callable[[np.ndarray, np.ndarray], float],
    drawn: np.ndarray,
    left: np.ndarray,
) -> float:
    """Return the gain on some rows of an ensemble that is selected on others."""
    known = [each[drawn] for each in predictions]
    alone = [score(drawn, values) for values in known]
    if not np.isfinite(alone).any():
        return np.nan
    best = int(np.nanargmax(alone))
    weights = select_greedily(known, lambda values: score(drawn, values))
    unseen = [each[left] for each in predictions]
    return score(left, blend(unseen, weights)) - score(left, unseen[best])


def _are_whole(labels: np.ndarray | None, *parts: np.ndarray) -> bool:
    """Return whether all classes occur in each part of the rows."""
    if labels is None:
        return True
    n_classes = len(np.unique(labels))
    return all(len(np.unique(labels[part])) == n_classes for part in parts)
