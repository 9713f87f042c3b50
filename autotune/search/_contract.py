"""The contract of a searcher, which decides which configuration is next.

A searcher is a function of the space, the history and a seed. It does not record its
proposals: the history does. So a resumed run continues as if it had never stopped, and the
same seed gives the same proposals.

- ``ask`` returns the next configuration, or None if the space is exhausted.
  It is called in the order of the trial numbers; trials still running are in the history.
  ``seconds`` is the time that an evaluation may take: a searcher that predicts the cost of
  configurations proposes none that takes longer, and returns None if there is no other. The
  history has the time that each evaluation took.
- It never sees data, estimators, clocks or processes, and never changes the history.
- A proposal lies in the space and is new, as long as there are new configurations. Failed
  trials, and a default outside the space, must not stop a searcher from proposing more.
- ``name`` and ``origin`` may be any string except ``"default"``, which is reserved.

``autotune.testing.check_searcher`` checks these rules as far as possible.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

from ..history import History
from ..space import Space


class Searcher(ABC):
    """Proposes configurations; the module's docstring has the rules.

    Parameters
    ----------
    space : Space
    seed : int
        All random numbers are derived from it and the number of the trial.
    n_trials : int or None
        How many trials the budget allows; None if it has no such limit.
    """

    name: str = "searcher"

    def __init__(self, space: Space, seed: int, n_trials: int | None = None):
        self.space = self.union = space
        self.seed = seed
        self.n_trials = n_trials

    @abstractmethod
    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        """Return the configuration of trial ``len(history)``, or None if there is none left."""

    def join(self, union: Space) -> None:
        """Take part in a search over a larger space, of which others search the rest."""
        self.union = union

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        """Return whether a configuration can be evaluated in the given time."""
        return True

    def origin(self, params: dict[str, Any]) -> str:
        """Return the origin of a proposal, for the history."""
        return self.name
