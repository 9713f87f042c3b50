"""What a searcher must do: say WHICH configuration is next.

A searcher is a function of the space, the history and a seed. It keeps no record of what
it proposed: the history does. So a run that is resumed from its history goes on as if it
had never stopped, and the same seed gives the same proposals.

- ``ask`` returns the next configuration, or None when the space is exhausted.
  It is called in the order of the trial numbers; trials still running are in the history.
  A searcher that has an idea of the time that configurations take returns none that
  cannot be evaluated in the ``seconds`` that an evaluation may take, and None if there is
  no other; the history has the time that each evaluation took.
- It never sees data, estimators, clocks or processes, and never changes the history.
- A proposal lies in the space and was not proposed before, as long as there are others. No
  outcome of a trial, and no default outside the space, keeps it from proposing more.
- ``name`` and ``origin`` are any text but ``"default"``, which is the wrapped model's.

``autotune.testing.check_searcher`` checks what of this can be checked.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

from ..history import History
from ..space import Space


class Searcher(ABC):
    """Proposes configurations; see the module's text for the rules.

    Parameters
    ----------
    space : Space
    seed : int
        All randomness derives from it and the number of the trial.
    n_trials : int or None
        How many trials the budget allows; None if it does not say.
    """

    name: str = "searcher"

    def __init__(self, space: Space, seed: int, n_trials: int | None = None):
        self.space = space
        self.seed = seed
        self.n_trials = n_trials

    @abstractmethod
    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        """Return the configuration of trial ``len(history)``, or None if there is none left."""

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        """Return whether a configuration may be evaluated in that many seconds."""
        return True

    def origin(self, params: dict[str, Any]) -> str:
        """Return what the history shall say about where a proposal came from."""
        return self.name
