"""Listeners of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._history import ENDS, Evaluation, History, Trial


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

    def changed(
        self, evaluations: Sequence[Evaluation], trials: Sequence[Trial], history: History
    ) -> None:
        """Take note of evaluations, and of trials with a new status, that belong together.

        They are in the history already. A trial may also have been paused, or run again.
        """
        for evaluation in evaluations:
            self.evaluated(evaluation, history)
        for trial in trials:
            if trial.status in ENDS:
                self.ended(trial, history)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Take note of an evaluation."""

    def ended(self, trial: Trial, history: History) -> None:
        """Take note that a trial has ended."""
