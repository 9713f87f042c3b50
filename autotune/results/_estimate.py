"""The expected score of the winner on new data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

from ..evaluation import Fold
from ..history import CRASHED, FAILED, History, Trial
from ._metric import UNKNOWN, Metric, clip

_LEVEL = 0.95
_N_SAMPLES = 2000  # of the bootstrap; all resamples of up to seven folds are fewer
_ROUNDING = 1e-12  # times the largest difference: smaller differences of means are rounding errors


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
        The interval is clipped to its bounds. That of an accuracy is at least as wide as the
        number of rows implies.

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
        ratio = float(np.mean([len(test) / len(train) for train, test in folds]))
        with np.errstate(over="ignore", invalid="ignore"):  # squares may be infinite
            scores = _rival_scores(history, winner)
            expected = min(unbiased_mean(scores), float(own.mean()))
            half = half_width(own, ratio)
            if metric.name == "accuracy":
                tested = [folds[fold][1] for fold in history.compared_folds]
                n_rows = len(np.unique(np.concatenate(tested)))
                half = max(half, least_half_width(float(own.mean()), n_rows))
    return expected, clip((expected - half, expected + half), metric)


def _rival_scores(history: History, winner: Trial) -> np.ndarray:
    """Return the scores of all trials that might have won, NaN on folds that they lack.

    Whether racing stops a trial depends only on the folds that it has.
    """
    rivals = [t for t in history if t.eligible and t.status not in (FAILED, CRASHED)]
    scores = np.array([history.compared_scores(trial) for trial in rivals or [winner]])
    return scores if _is_complete(scores).any() else history.compared_scores(winner)[np.newaxis]


def unbiased_mean(scores: np.ndarray) -> float:
    """Return the mean score of the best of many trials, corrected for selection bias.

    The best mean is biased upwards because the same folds select and score the trial. Here
    folds are drawn with replacement, the trial that is best on those is scored on the folds
    that were not drawn, and the mean over all draws is taken: bootstrap bias-corrected
    cross-validation [1]_, which resamples rows, with the rows of a fold taken together.

    A trial that lacks folds competes on those that it has, by its difference from the mean of the
    complete trials on the same folds. Without such trials, those that were lucky enough to be
    evaluated on all folds would be the only rivals, and part of the bias would remain.

    Patterns that all folds share are not seen, such as a chance pattern in rows on which one
    model is trained and another is scored. So part of the bias remains if there is nothing to
    learn.

    Parameters
    ----------
    scores : ndarray of shape (n_trials, n_folds)
        NaN where missing; at least one trial has all.

    References
    ----------
    .. [1] I. Tsamardinos, E. Greasidou and G. Borboudakis, "Bootstrapping the out-of-sample
       predictions for efficient and accurate cross-validation", Machine Learning 107 (2018).
    """
    known = np.isfinite(scores).astype(float)
    level = scores[_is_complete(scores)].mean(axis=0)
    above = np.where(known, scores - level, 0.0)
    drawn, weights = resamples(scores.shape[1])
    left_out = (drawn == 0).astype(float)
    n_drawn, n_left_out = known @ drawn.T, known @ left_out.T
    means = above @ drawn.T / np.maximum(n_drawn, 1)
    means[(n_drawn == 0) | (n_left_out == 0)] = -np.inf
    equal = means >= means.max(axis=0) - _ROUNDING * np.abs(above).max()
    chosen = equal.argmax(axis=0), np.arange(len(drawn))  # the earliest among equals
    gains = (above @ left_out.T)[chosen] / n_left_out[chosen]
    return float(weights @ (gains + left_out @ level / left_out.sum(axis=1)))


def _is_complete(scores: np.ndarray) -> np.ndarray:
    """Return which trials have a score on all folds."""
    return np.isfinite(scores).all(axis=1)


@cache
def resamples(n_folds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each resample draws each fold, and the probabilities of the resamples.

    These are all resamples that leave a fold out, or a sample of them if there are too many.
    """
    if comb(2 * n_folds - 1, n_folds) <= _N_SAMPLES:
        draws = np.array(list(combinations_with_replacement(range(n_folds), n_folds)))
        counts = (draws[:, :, None] == np.arange(n_folds)).sum(axis=1)
        weights = np.exp(-gammaln(counts + 1).sum(axis=1))  # multinomial, but for a factor
    else:
        rng = np.random.RandomState(0)
        counts = rng.multinomial(n_folds, np.full(n_folds, 1 / n_folds), size=_N_SAMPLES)
        weights = np.ones(_N_SAMPLES)
    leaves_out = (counts == 0).any(axis=1)
    weights = weights[leaves_out]
    return counts[leaves_out].astype(float), weights / weights.sum()


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


def least_half_width(accuracy: float, n_rows: int) -> float:
    """Return half the width of the binomial 95 % interval of an accuracy.

    Stratified folds have the same share of each class, so their scores vary less than those of
    other samples would; not at all for a model that always predicts the same class. The interval
    is that of Agresti and Coull [1]_, which has a width also where all predictions are right.

    References
    ----------
    .. [1] A. Agresti and B. A. Coull, "Approximate is better than 'exact' for interval
       estimation of binomial proportions", The American Statistician 52 (1998).
    """
    quantile = ndtri((1 + _LEVEL) / 2)
    n = n_rows + quantile**2
    share = (n_rows * accuracy + quantile**2 / 2) / n
    return float(quantile * np.sqrt(share * (1 - share) / n))
