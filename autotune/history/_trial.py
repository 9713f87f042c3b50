"""Trials and their evaluations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

FULL = 1.0  # the fidelity of an evaluation on all rows of its training fold

SEARCH = "search"
COMPARISON = "comparison"
REFIT = "refit"
PHASES = (SEARCH, COMPARISON, REFIT)  # in the order of a fit

RUNNING = "running"
COMPLETE = "complete"
FAILED = "failed"
DROPPED = "dropped"
TIMEOUT = "timeout"
CRASHED = "crashed"
INTERRUPTED = "interrupted"
ENDS = (COMPLETE, FAILED, DROPPED, TIMEOUT, CRASHED)  # of a trial that is over
STATUSES = (RUNNING, *ENDS, INTERRUPTED)


class Key(NamedTuple):
    """Identifies an evaluation within its trial.

    Attributes
    ----------
    fold : int or None
        The number of the fold within its phase; None for the last fit, which uses all rows.
    fidelity : float
        Share of all training rows that is used, or of the strategy's other resource, in (0, 1].
    phase : {"search", "comparison", "refit"}
        The search, the final comparison of the best trials, or the last fit.
    """

    fold: int | None
    fidelity: float = FULL
    phase: str = SEARCH


_SCORES, _SECONDS = {"kind": "scores"}, {"kind": "seconds"}


@dataclass
class Evaluation:
    """The outcome of one configuration on one fold at one fidelity.

    Its fields are the columns of the storage file and of frames; their metadata define how they
    are stored and shown.

    Attributes
    ----------
    trial : int
        The number of the trial.
    fold : int or None
        The number of the fold, the same for all trials; None for the last fit.
    fidelity : float
        Share of all training rows that was used, or of the strategy's other resource, in (0, 1].
    phase : {"search", "comparison", "refit"}
        What the evaluation was for.
    status : {"complete", "failed", "timeout", "crashed"}
        How it ended.
    scores, train_scores : dict of str to float
        What the scorers returned; a metric that failed is missing.
    fit_time, score_time : float
        Seconds.
    saved_time : float
        Seconds of fitting saved because the first steps of a pipeline were cached.
    iterations : int or None
        The number of iterations of a model that was stopped early; None for any other.
    error : str or None
        The traceback, or a description, if something went wrong.
    warnings : tuple of str
        Distinct warnings, as ``"Category: message"``.
    started, ended : float
        Seconds since ``fit`` began.
    """

    trial: int = field(metadata={"kind": "whole"})
    fold: int | None = field(metadata={"kind": "whole"})
    fidelity: float = field(default=FULL, metadata={"kind": "share"})
    phase: str = field(default=SEARCH, metadata={"kind": "phase"})
    status: str = field(default=COMPLETE, metadata={"kind": "outcome"})
    scores: dict[str, float] = field(default_factory=dict, metadata=_SCORES)
    train_scores: dict[str, float] = field(default_factory=dict, metadata=_SCORES)
    fit_time: float = field(default=0.0, metadata=_SECONDS)
    score_time: float = field(default=0.0, metadata=_SECONDS)
    saved_time: float = field(default=0.0, metadata=_SECONDS)
    iterations: int | None = field(default=None, metadata={"kind": "count"})
    started: float = field(default=0.0, metadata={"kind": "moment"})
    ended: float = field(default=0.0, metadata=_SECONDS)
    warnings: tuple[str, ...] = field(default=(), metadata={"kind": "texts"})
    error: str | None = field(default=None, metadata={"kind": "text"})

    @property
    def key(self) -> Key:
        return Key(self.fold, self.fidelity, self.phase)

    @property
    def seconds(self) -> float:
        """The duration in seconds, without time saved by the cache."""
        return self.fit_time + self.score_time

    @property
    def whole_seconds(self) -> float:
        """The duration in seconds without the cache."""
        return self.seconds + self.saved_time


@dataclass(frozen=True)
class Trial:
    """One configuration and its evaluations.

    Only :class:`History` changes a trial: :meth:`History.record` and :meth:`History.set_status`.

    Attributes
    ----------
    number : int
        Position in the history; 0 is the first.
    params : dict
        The configuration, ready for ``set_params``.
    origin : str
        Where it comes from: ``"default"``, ``"moved default"`` for a default that was moved into
        the space, ``"portfolio"`` for a starting point, or the searcher's name.
    eligible : bool
        False for a default outside the user's space, which is reported but cannot win.
    status : str
        One of ``STATUSES``.
    evaluations : dict
        :class:`Key` to :class:`Evaluation`.
    """

    number: int
    params: dict[str, Any]
    origin: str
    eligible: bool = True
    status: str = RUNNING
    evaluations: dict[Key, Evaluation] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the evaluations as a list: some formats have no tuples as keys."""
        return {**self.__dict__, "evaluations": list(self.evaluations.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        evaluations = {evaluation.key: evaluation for evaluation in state["evaluations"]}
        self.__dict__.update(state, evaluations=evaluations)

    def in_order(self) -> list[Evaluation]:
        """Return the evaluations ordered by phase, fold and fidelity."""
        return sorted(
            self.evaluations.values(), key=lambda e: (PHASES.index(e.phase), e.fold, e.fidelity)
        )

    @property
    def can_win(self) -> bool:
        """Whether the trial is complete, and no default outside the space."""
        return self.eligible and self.status == COMPLETE

    @property
    def iterations(self) -> float | None:
        """The mean iterations of models stopped early at full fidelity; None if there is none."""
        found = [e.iterations for e in self.evaluations.values() if e.fidelity == FULL]
        known = [number for number in found if number is not None]
        return sum(known) / len(known) if known else None

    @property
    def error(self) -> str | None:
        """The first error among the evaluations, in this order."""
        return next((e.error for e in self.in_order() if e.error), None)
