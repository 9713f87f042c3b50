"""Listeners of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._history import ENDS, Evaluation, History, Trial


class Listener:
    """Is notified of events; the base class does nothing.

    Attributes
    ----------
    ends_search : bool
        Whether the search should end.
    """

    ends_search = False

    def submitting(self, trial: Trial, request: Any) -> Any:
        """Return the callback context of an evaluation that is about to be submitted."""
        return None

    def changed(
        self, evaluations: Sequence[Evaluation], trials: Sequence[Trial], history: History
    ) -> None:
        """Handle evaluations, and trials with a new status, that changed together.

        They are already in the history. A trial may also have been paused or resumed.
        """
        for evaluation in evaluations:
            self.evaluated(evaluation, history)
        for trial in trials:
            if trial.status in ENDS:
                self.ended(trial, history)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        """Handle a finished evaluation."""

    def ended(self, trial: Trial, history: History) -> None:
        """Handle the end of a trial."""
