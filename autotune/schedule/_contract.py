"""The contract of a scheduler, which decides how far each trial is evaluated, in which order.

A scheduler allocates evaluations to the trials that have started. It sees the history, never
the space, data, clocks or processes.

- ``begin`` is called with each new trial.
- ``next`` returns an evaluation to run now, or None: then the tuner may begin a new trial. It
  must not return the same evaluation twice.
  A fidelity is a share of all training rows, or of the strategy's other resource; trials are
  compared at ``Plan.fidelity``.
- ``report`` is called with each finished evaluation, already in the history, and returns the
  trials that it ends: a list of ``(trial, status)``, possibly empty.
  The status COMPLETE, FAILED, TIMEOUT, CRASHED or DROPPED ends a trial for good: its planned
  evaluations are discarded, and its running ones may be cancelled, or end later without any
  effect. COMPLETE requires a finite ``History.score``.
- ``pause`` is called with a trial that cannot end before the search does, but that a later run
  may resume. A scheduler may return False and continue to request its evaluations.
- ``drain`` is called when no new trial will begin, so idle workers can only help with running
  trials; it matters only to schedulers that hold evaluations back.
- ``close`` is called when the search has ended and, like ``report``, returns the trials whose
  evaluations were held back until the end. Trials that were cut off by the end of the budget
  are not among them: a later run may resume them.

When an interrupted search is continued, ``begin`` is called with trials that already have
evaluations, and ``report`` with each of these; trials that had ended are only in the history.
With one evaluation at a time, the result is the same as without the interruption.

When nothing is running, a trial that has begun has a next evaluation, or the search ends. If
nothing fails, some trial is complete at the end. The history is read-only.

``autotune.testing.check_scheduler`` checks these rules as far as possible.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..history import FULL, SEARCH, Evaluation, History, Key, Trial


@dataclass(frozen=True, slots=True)
class Request:
    """An evaluation to run.

    Attributes
    ----------
    trial : int
        The number of the trial.
    fold : int
    fidelity : float, default=1.0
    phase : str, default="search"
    """

    trial: int
    fold: int
    fidelity: float = FULL
    phase: str = SEARCH

    @property
    def key(self) -> Key:
        return Key(self.fold, self.fidelity, self.phase)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy may know about the data when it creates a scheduler.

    Attributes
    ----------
    n_folds : int
        Number of folds that all trials share.
    n_train : int
        Rows of the smallest training fold.
    n_classes : int
        Number of classes; 0 for regression or if the target is not a column of labels.
    amount : int
        The amount of the resource at full fidelity: ``n_train``, or the value of the parameter
        that is the resource.
    fidelity : float
        The fidelity at which trials are compared; below 1 if there is no time for all rows.
    """

    n_folds: int
    n_train: int
    n_classes: int
    amount: int
    fidelity: float = FULL


class Scheduler(ABC):
    """Allocates evaluations; the module's docstring has the rules.

    Parameters
    ----------
    n_folds : int
    fidelity : float, default=1.0
        The fidelity at which trials are compared.

    Attributes
    ----------
    order : list of int
        The folds in the order in which a trial is evaluated on them. If there is time for fewer
        folds, ``compared_folds`` of the history are the first of these; only ``Racing`` supports
        that.
    """

    def __init__(self, n_folds: int, fidelity: float = FULL):
        self.n_folds = n_folds
        self.fidelity = fidelity
        self.order = list(range(n_folds))

    @abstractmethod
    def begin(self, trial: Trial) -> None:
        """Plan the first evaluations of a new trial."""

    @abstractmethod
    def next(self) -> Request | None:
        """Return the next evaluation of a trial that has begun, or None."""

    @abstractmethod
    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        """Record an evaluation; return the trials that it ends, with their status."""

    def pause(self, trial: Trial) -> bool:
        """Stop requesting evaluations of a trial and return True, or return False."""
        return False

    def drain(self) -> None:  # noqa: B027  # most schedulers hold nothing back
        """Record that no new trial will begin."""

    def close(self) -> list[tuple[Trial, str]]:
        """Return the trials that end with the search, with their status."""
        return []
