"""Which values of choices have been tried too little to be judged."""

from __future__ import annotations

import math

import numpy as np

from ._embedding import Embedding

_MOST = 6  # levels of a choice each of which is tried among the first trials

Level = tuple[int, int]  # a feature, and one of its levels


class Levels:
    """Sees to it that each level of a small choice is tried, and goes on being tried.

    What is good elsewhere in a space is not what is good for a level of a choice: after one
    trial of it a model knows little, and may never come back to it. As in bandits with forced
    exploration, the trials of each level grow with the root of their number.

    Parameters
    ----------
    embedding : Embedding
    """

    def __init__(self, embedding: Embedding):
        self._embedding = embedding
        self._small = {j: n for j, n in embedding.n_levels.items() if 1 < n <= _MOST}

    def wanted(self, tried: np.ndarray, *, explores: bool) -> list[Level]:
        """Return levels of which the next proposal shall have as many as it can.

        These are all that were not tried. After them, for a proposal that explores, it is the
        level with the fewest trials, if those are fewer than the root of the number of trials
        that had the choice.

        Parameters
        ----------
        tried : ndarray of shape (n, n_features)
            Encoded trials.
        explores : bool
            Whether the next proposal explores.
        """
        counts = {}
        for feature, n_levels in self._small.items():
            levels = self._embedding.levels(tried, feature)
            counts[feature] = np.bincount(levels[levels >= 0], minlength=n_levels)
        missing = [(j, int(level)) for j, n in counts.items() for level in np.flatnonzero(n == 0)]
        if missing or not counts or not explores:
            return missing
        rarest = min(counts, key=lambda feature: int(counts[feature].min()))
        found = counts[rarest]
        is_rare = found.min() < math.sqrt(found.sum())
        return [(rarest, int(found.argmin()))] if is_rare else []

    def count(self, units: np.ndarray, wanted: list[Level]) -> np.ndarray:
        """Return how many of some levels each of some snapped vectors has."""
        found = np.zeros(len(units), dtype=int)
        for feature, level in wanted:
            found += self._embedding.levels(units, feature) == level
        return found
