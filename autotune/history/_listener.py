"""What is told how a search goes."""

from __future__ import annotations

from typing import Any

from ._history import Evaluation, History, Trial


class Listener:
    """Is told what happens; the base class does nothing.

    Attributes
    ----------
    ends_search : bool
        Whether nothing more should be begun.
    """

    ends_search = False

    def submitting(self, trial: Trial, request: Any) -> Any:
        """Return the callback context of an evaluation that is about to be submitted."""
        return None

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Take note of an evaluation, which is in the history already."""

    def ended(self, trial: Trial, history: History) -> None:
        """Take note that a trial has ended."""
