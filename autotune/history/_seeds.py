"""Seeds that depend on their purpose, never on the order of events."""

from __future__ import annotations

from typing import Any

import numpy as np

_SEED_NAMES = ("random_state", "seed", "random_seed")


def derive_seed(seed: int, *path: int) -> int:
    """Return a seed below 2**31 for the purpose identified by ``path``."""
    # The length comes first because SeedSequence does not see zeros at the end.
    sequence = np.random.SeedSequence([len(path), seed, *path])
    return int(sequence.generate_state(1)[0] >> 1)


def seed_estimator(estimator: Any, seed: int) -> None:
    """Give every ``random_state`` parameter that is None, at any depth, its own seed.

    A parameter with an alias that is set, as in boosting libraries, does not count as None.
    """
    params = estimator.get_params(deep=True)
    names = sorted(name for name in params if name.split("__")[-1] == "random_state")
    missing = {
        name: derive_seed(seed, i)
        for i, name in enumerate(names)
        if all(params.get(name.removesuffix("random_state") + own) is None for own in _SEED_NAMES)
    }
    if missing:
        estimator.set_params(**missing)
