"""The stopping rule of a model-based search."""

from __future__ import annotations

import numpy as np

from ..history import COMPLETE, History

_LEAST_TRIALS = 30, 10  # complete trials, in all and per feature, before a search may end
_LEAST_AGE = 25, 5  # trials, in all and per feature, that must not have beaten the best one
_TINY = 0.05  # share of the error of a mean below which differences do not matter
NEGLIGIBLE = 0.05  # share of the noise that is not worth another trial


def is_ripe(history: History, n_features: int) -> bool:
    """Return whether enough trials have failed to beat the best one for the search to end."""
    complete = [trial for trial in history if trial.can_win]
    if len(complete) < max(_LEAST_TRIALS[0], _LEAST_TRIALS[1] * n_features):
        return False
    best = max(complete, key=history.score)  # the earliest among equals
    return len(history) - best.number > max(_LEAST_AGE[0], _LEAST_AGE[1] * n_features)


def comparison_noise(history: History) -> float:
    """Return the standard error of the difference between a trial and the best one.

    The differences of two trials on the same folds, not their scores, decide who is better.
    But differences that are tiny compared with the error of the best trial's own mean do not
    justify continuing.
    """
    complete = [trial for trial in history if trial.status == COMPLETE]
    best = max(complete, key=history.score)
    scores = history.compared_scores(best)
    if len(complete) < 2 or len(scores) < 2:
        return 0.0
    others = np.array([history.compared_scores(trial) for trial in complete if trial is not best])
    variances = (others - scores).var(axis=1, ddof=1)
    paired = np.sqrt(np.median(variances) / len(scores))
    own = np.sqrt(scores.var(ddof=1) / len(scores))
    return float(max(paired, _TINY * own))
