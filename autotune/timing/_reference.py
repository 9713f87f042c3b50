"""Evaluation of a default that cannot win, at a small share of the budget."""

from __future__ import annotations

import math
from collections.abc import Collection

from ..evaluation import Job
from ..history import COMPLETE, CRASHED, RUNNING, TIMEOUT, Evaluation, History, Trial
from ..schedule import Request, verdict
from ..space import value_key
from ._constants import REFERENCE_MARGIN


class Reference:
    """Schedules the defaults that cannot win and are only reported.

    They wait until another trial has ended, from which their duration is predicted, and are
    evaluated if all their folds fit into their share of the time. Otherwise they start only when
    nothing else is left to do, and get as many folds as fit.

    Parameters
    ----------
    history : History
    seconds : float
        Total time of their evaluations. Infinite: they are ordinary trials, and not scheduled
        here.
    """

    def __init__(self, history: History, seconds: float):
        self._history = history
        self._seconds = seconds
        self._n_alike: dict[tuple[int, int], int] = {}

    def takes(self, trial: Trial) -> bool:
        """Return whether a trial is scheduled here."""
        return not trial.eligible and math.isfinite(self._seconds)

    def next(self, running: Collection[Job], seconds: float, *, idle: bool) -> Request | None:
        """Return an evaluation that should be run now, or None.

        Parameters
        ----------
        running : collection of Job
        seconds : float
            The remaining time of the search.
        idle : bool
            Whether no other trial will begin.
        """
        if not idle and not any(t.eligible and t.status != RUNNING for t in self._history):
            return None
        for trial in self._history:
            if self.takes(trial) and trial.status == RUNNING:
                missing = self._missing(trial, running)
                n_affordable = self._count_affordable(trial, running, seconds)
                if missing and n_affordable >= (1 if idle else len(missing)):
                    return Request(trial.number, missing[0], self._history.share)
        return None

    def allowance(self, trial: Trial, running: Collection[Job], seconds: float) -> float:
        """Return the seconds after which an evaluation of a trial is killed."""
        n_affordable = self._count_affordable(trial, running, seconds)
        return self._left(running, seconds) / n_affordable if n_affordable else 0.0

    def report(self, evaluation: Evaluation) -> list[tuple[Trial, str]]:
        """Record an evaluation; return its trial with a status if the trial has ended."""
        trial = self._history[evaluation.trial]
        if trial.status != RUNNING:
            return []
        if evaluation.status in (TIMEOUT, CRASHED):
            return [(trial, evaluation.status)]
        return [] if self._missing(trial, ()) else [(trial, verdict(trial, self._history))]

    def _missing(self, trial: Trial, running: Collection[Job]) -> list[int]:
        """Return the folds on which a trial was not evaluated yet."""
        begun = {job.fold for job in running if job.trial == trial.number}
        begun |= {k.fold for k in trial.evaluations if k.fidelity == self._history.share}
        return [fold for fold in self._history.compared_folds if fold not in begun]

    def _left(self, running: Collection[Job], seconds: float) -> float:
        """Return the seconds that are neither spent nor allotted to running evaluations.

        They are limited by the end of the search.
        """
        trials = [trial for trial in self._history if self.takes(trial)]
        spent = sum(e.seconds for trial in trials for e in trial.evaluations.values())
        numbers = {trial.number for trial in trials}
        promised = sum(job.seconds or 0.0 for job in running if job.trial in numbers)
        return max(min(self._seconds - spent - promised, seconds), 0.0)

    def _count_affordable(self, trial: Trial, running: Collection[Job], seconds: float) -> int:
        """Return the number of a trial's missing evaluations for which there is time."""
        left, n_missing = self._left(running, seconds), len(self._missing(trial, running))
        if not left:
            return 0
        expected = REFERENCE_MARGIN * self._expected(trial)
        return n_missing if expected * n_missing <= left else int(left / expected)

    def _expected(self, trial: Trial) -> float:
        """Return the expected seconds of an evaluation: those of the most similar trial."""
        timed = [other for other in self._history if other.eligible and self._seconds_of(other)]
        if self._seconds_of(trial):
            timed = [trial]
        if not timed:
            return 0.0
        seconds = self._seconds_of(max(timed, key=lambda other: self._count_alike(trial, other)))
        return sum(seconds) / len(seconds)

    def _count_alike(self, trial: Trial, other: Trial) -> int:
        """Return the number of parameters in which two trials agree."""
        pair = trial.number, other.number
        if pair not in self._n_alike:
            shared = trial.params.keys() & other.params.keys()
            alike = (value_key(trial.params[n]) == value_key(other.params[n]) for n in shared)
            self._n_alike[pair] = sum(alike)
        return self._n_alike[pair]

    def _seconds_of(self, trial: Trial) -> list[float]:
        """Return the seconds of a trial's evaluations that were complete, on all rows."""
        evaluations = (e for e in trial.evaluations.values() if e.status == COMPLETE)
        return [e.seconds for e in evaluations if e.fidelity == self._history.share]
