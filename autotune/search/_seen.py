"""The configurations proposed so far, and drawing others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from ..history import History
from ..space import Grid, Space

_TRIES = 100  # draws before a finite space is searched point by point
_LISTED = 100_000  # points that may be shuffled as a list


class Seen:
    """The configurations of a history, compared by value.

    It is a cache: everything in it follows from the history.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space):
        self._space = space
        self._keys: dict[Hashable, int] = {}
        self._history: History | None = None
        self._n_read = 0

    def update(self, history: History) -> Seen:
        """Add the trials since the last update, and return self."""
        if history is not self._history or len(history) < self._n_read:
            self._history, self._n_read = history, 0
            self._keys.clear()
        for trial in history.trials[self._n_read :]:
            if trial.params in self._space:
                self._keys.setdefault(self._space.key(trial.params), trial.number)
        self._n_read = len(history)
        return self

    def __contains__(self, params: dict[str, Any]) -> bool:
        return self._space.key(params) in self._keys

    def __len__(self) -> int:
        return len(self._keys)


def draw_unseen(
    space: Space,
    seen: Seen,
    rng: np.random.RandomState,
    draw: Callable[[], dict[str, Any]] | None = None,
) -> dict[str, Any] | None:
    """Return a random configuration that is not in ``seen``, or None if there is none.

    Parameters
    ----------
    space : Space
    seen : Seen
    rng : RandomState
    draw : callable or None, default=None
        ``draw()`` returns a configuration; None: a random one of the space.

    Returns
    -------
    params : dict or None
        In an infinite space that yields hardly any new configurations, such as a distribution
        with a few atoms, it may be a repetition.
    """
    draw = draw or (lambda: space.sample(rng))
    for _ in range(_TRIES):
        params = draw()
        if params not in seen:
            return params
    if space.size == np.inf:  # np.isinf takes no integers beyond 64 bits
        return params
    unseen = (params for params in shuffled(space.grid(None), rng) if params not in seen)
    return next(unseen, None)


def shuffled(grid: Grid, rng: np.random.RandomState) -> Iterator[dict[str, Any]]:
    """Yield the points of a grid once each in random order, without a list of them."""
    n = grid.size
    if n <= _LISTED:
        for index in rng.permutation(n):
            yield grid[int(index)]
        return
    visited: set[int] = set()
    while len(visited) < n:
        index = _randbelow(rng, n)
        if index not in visited:
            visited.add(index)
            yield grid[index]


def _randbelow(rng: np.random.RandomState, n: int) -> int:
    """Return a random integer below ``n``, which may be larger than 64 bits hold."""
    n_words = n.bit_length() // 32 + 3  # two spare words make the modulo's bias negligible
    words = rng.randint(0, 2**32, size=n_words, dtype=np.uint64)
    return sum(int(word) << (32 * i) for i, word in enumerate(words)) % n
