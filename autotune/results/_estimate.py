"""The expected score of the winner on new data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from ..evaluation import Fold
from ..history import COMPLETE, History, Trial
from ._metric import UNKNOWN, Metric, clip

_LEVEL = 0.95
_N_SAMPLES = 500


def expect(
    history: History, winner: Trial, folds: Sequence[Fold], metric: Metric = UNKNOWN
) -> tuple[float, tuple[float, float]]:
    """Return the expected score of the winner on new data.

    Repeated folds would not help here: they split the same rows by which the winner was chosen,
    and a model that was lucky with some rows is lucky in every split.

    Parameters
    ----------
    history : History
    winner : Trial
    folds : sequence of (train, test) index arrays
        The folds of the search.
    metric : Metric
        The interval is clipped to its bounds.

    Returns
    -------
    expected : float
        At most the winner's mean score. NaN for a single fold or scores that are not finite.
    interval : tuple of float
        Its 95 % interval.
    """
    own = history.compared_scores(winner)
    expected = half = np.nan
    if len(own) > 1 and np.isfinite(own).all():
        rivals = [t for t in history if t.eligible and t.status == COMPLETE] or [winner]
        scores = np.array([history.compared_scores(trial) for trial in rivals])
        ratio = float(np.mean([len(test) / len(train) for train, test in folds]))
        with np.errstate(over="ignore", invalid="ignore"):  # squares may be infinite
            expected = min(unbiased_mean(scores), float(own.mean()))
            half = half_width(own, ratio)
    return expected, clip((expected - half, expected + half), metric)


def unbiased_mean(scores: np.ndarray) -> float:
    """Return the mean score of the best of many trials, corrected for selection bias.

    The best mean is biased upwards because the same folds select and score the trial. Here
    folds are drawn with replacement, the trial that is best on those is scored on the folds
    that were not drawn, and the mean over many draws is taken: bootstrap bias-corrected
    cross-validation [1]_, which resamples rows, with the rows of a fold taken together.

    Parameters
    ----------
    scores : ndarray of shape (n_trials, n_folds)

    References
    ----------
    .. [1] I. Tsamardinos, E. Greasidou and G. Borboudakis, "Bootstrapping the out-of-sample
       predictions for efficient and accurate cross-validation", Machine Learning 107 (2018).
    """
    n_folds = scores.shape[1]
    rng = np.random.RandomState(0)
    counts = rng.multinomial(n_folds, np.full(n_folds, 1 / n_folds), size=_N_SAMPLES)
    counts = counts[(counts == 0).any(axis=1)]
    chosen = np.argmax(scores @ counts.T, axis=0)  # the earliest among equals
    left_out = np.where(counts == 0, scores[chosen], 0.0)
    return float(np.mean(left_out.sum(axis=1) / (counts == 0).sum(axis=1)))


def half_width(scores: np.ndarray, ratio: float) -> float:
    """Return half the width of the 95 % interval of the mean of fold scores.

    The scores of folds are not independent, because their training rows overlap. The corrected
    resampled t interval accounts for that: the variance of the mean of n scores is
    ``s^2 (1 / n + n_test / n_train)`` [1]_, in place of ``s^2 / n``.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning
       52 (2003).
    """
    n = len(scores)
    quantile = stdtrit(n - 1, (1 + _LEVEL) / 2)
    return float(quantile * np.sqrt(scores.var(ddof=1) * (1 / n + ratio)))
