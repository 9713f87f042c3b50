"""The initial design of a model-based search: space-filling points."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import qmc

from ..history import derive_seed
from ..space import Space


def default_size(space: Space, n_trials: int | None) -> int:
    """Return the number of trials before the model takes over.

    Twice the number of features, from 4 to 10, and at most a third of the trials.
    """
    size = min(10, max(4, 2 * len(space.features)))
    return size if n_trials is None else max(2, min(size, n_trials // 3))


def design_point(space: Space, seed: int, index: int) -> dict[str, Any]:
    """Return point ``index`` of a scrambled Sobol sequence (Owen 1998) as a configuration."""
    return space.decode(design(space, seed, index + 1)[index])


def design(space: Space, seed: int, size: int) -> np.ndarray:
    """Return the first points of the sequence, shape (size, n_features)."""
    n_features = len(space.features)
    if not n_features:
        return np.empty((size, 0))
    sequence = qmc.Sobol(n_features, scramble=True, rng=derive_seed(seed))
    return sequence.random_base2((size - 1).bit_length())[:size]
