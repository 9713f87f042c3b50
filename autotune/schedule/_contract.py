"""What a scheduler must do: say HOW FAR each trial is evaluated, and in which order.

A scheduler allocates evaluations to the trials that were begun. It sees the history, never
the space, data, clocks or processes.

- ``begin`` is told of a new trial.
- ``next`` names an evaluation that should be run now, or None: then the tuner may begin a
  new trial. It must not name the same one twice.
  A fidelity is a share of all training rows, or of the strategy's other resource; that at which
  trials are compared is ``Plan.fidelity``.
- ``report`` is told of an evaluation that ended, already in the history, and returns what
  becomes of trials: a list of ``(trial, status)``, empty while nothing is decided.
  A status of COMPLETE, FAILED, TIMEOUT, CRASHED or DROPPED ends a trial, once; what was still
  planned for it is forgotten, and its evaluations in flight may be cancelled, or end later and
  decide nothing. COMPLETE needs a finite ``History.score``.
- ``pause`` is told of a trial that cannot end before the search does, though a later run may
  go on with it. A scheduler may return False and name its evaluations all the same.
- ``drain`` is told that no new trial will begin, so that idle workers can only help with
  those under way; there is nothing to do unless a scheduler holds evaluations back.
- ``close`` is told that the search has ended, and returns what becomes of the trials whose
  evaluation was held back to the end, like ``report``. Trials that the end of the budget cut
  short are not among them: a later run may go on with those.

When an interrupted search is continued, ``begin`` gets a trial that has evaluations already,
and ``report`` is told of each of them; trials that had ended are only in the history. With one
evaluation at a time, the search comes to the same end as if it had not been interrupted.

When nothing is in flight, a trial that has begun has a next evaluation, or the search ends. If
nothing fails, some trial is complete in the end. The history is only read.

``autotune.testing.check_scheduler`` checks what of this can be checked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..history import FULL, SEARCH, Evaluation, History, Key, Trial


@dataclass(frozen=True, slots=True)
class Request:
    """An evaluation that should be run; the fields are those of the evaluation."""

    trial: int
    fold: int
    fidelity: float = FULL
    phase: str = SEARCH

    @property
    def key(self) -> Key:
        return Key(self.fold, self.fidelity, self.phase)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a strategy may know of the data when it makes a scheduler.

    Attributes
    ----------
    n_folds : int
        Number of folds that all trials share.
    n_train : int
        Rows of the smallest training fold.
    n_classes : int
        Number of classes; 0 for regression and where the target is no column of labels.
    amount : int
        How much of the resource an evaluation of full fidelity has: ``n_train``, or the value
        of the parameter that is the resource.
    fidelity : float
        The one at which trials are compared; below 1 where a search has no time for all rows.
    """

    n_folds: int
    n_train: int
    n_classes: int
    amount: int
    fidelity: float = FULL


class Scheduler(ABC):
    """Allocates evaluations; see the module's text for the rules.

    Parameters
    ----------
    n_folds : int
    fidelity : float, default=1.0
        The one at which trials are compared.

    Attributes
    ----------
    order : list of int
        The folds in the order in which the evaluations of a trial begin. Where a search has
        time for fewer, ``compared_folds`` of the history are the first of them, which only
        ``Racing`` heeds.
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
        """Return the next evaluation of a trial already begun, or None."""

    @abstractmethod
    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        """Take note of an evaluation; return the trials that it ends, with their status."""

    def pause(self, trial: Trial) -> bool:
        """Plan nothing more for a trial, and return True; or return False."""
        return False

    def drain(self) -> None:  # noqa: B027  # most schedulers hold nothing back
        """Take note that no new trial will begin."""

    def close(self) -> list[tuple[Trial, str]]:
        """Return the trials that the end of the search ends, with their status."""
        return []
