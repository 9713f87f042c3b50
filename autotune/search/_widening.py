"""A search that goes beyond the bounds on which its best configuration lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..history import COMPLETE, History, Trial
from ..space import Space, ends_of, movable_ends, move_ends
from ._contract import Searcher

_TRIALS = 20  # before bounds may move, if the budget does not limit their number
_LEAST = 5

Ends = frozenset[tuple[str, str]]


class WideningSearcher(Searcher):
    """Searches a space, and after half of the trials beyond bounds on which the best one lies.

    A bound moves only if all of the equally good best trials lie on it, and only once.

    Parameters
    ----------
    space : Space
        What is searched first.
    seed, n_trials
        As in the contract.
    wide : Space
        The same with the bounds where they move to. All proposals lie in it.
    make : callable
        ``make(space)`` returns the searcher of a space.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        n_trials: int | None = None,
        *,
        wide: Space,
        make: Callable[[Space], Searcher],
    ):
        super().__init__(wide, seed, n_trials)
        self._first = space
        self._make = make
        self._movable = movable_ends(space, wide)
        self._start = _TRIALS if n_trials is None else max(_LEAST, n_trials // 2)
        self._searchers: dict[Ends, Searcher] = {frozenset(): make(space)}
        self.name = self._searchers[frozenset()].name

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        proposal = self._searcher(self._ends(history)).ask(history, seconds)
        if proposal is None and len(history) < self._start:  # nothing is left within the bounds
            proposal = self._searcher(self._pinned(history.trials, history)).ask(history, seconds)
        return proposal

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        return self._searcher(self._ends(history)).affords(params, history, seconds)

    def origin(self, params: dict[str, Any]) -> str:
        return self._searchers[frozenset()].origin(params) if params in self._first else self.name

    def _searcher(self, ends: Ends) -> Searcher:
        """Return the searcher of the space in which some ends have moved."""
        if ends not in self._searchers:
            self._searchers[ends] = self._make(move_ends(self._first, self.space, ends))
        return self._searchers[ends]

    def _ends(self, history: History) -> Ends:
        """Return the ends that have moved."""
        if len(history) < self._start:
            return frozenset()
        return self._pinned(history.trials[: self._start], history)

    def _pinned(self, trials: list[Trial], history: History) -> Ends:
        """Return the ends on which the best of some trials lie, and which can move."""
        tried = [t for t in trials if t.status == COMPLETE and t.params in self._first]
        if not tried:
            return frozenset()
        most = max(map(history.score, tried))
        best = [trial for trial in tried if history.score(trial) == most]
        ends = set.intersection(*(ends_of(self._first, trial.params) for trial in best))
        return frozenset(ends & self._movable)
