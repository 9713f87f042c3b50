"""The history of a search: trials, their evaluations, and their scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ._listener import Listener

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
    def error(self) -> str | None:
        """The first error among the evaluations, in this order."""
        return next((e.error for e in self.in_order() if e.error), None)


@dataclass
class _Changes:
    """Changes that listeners have not been notified of yet."""

    evaluations: list[Evaluation] = field(default_factory=list)
    trials: dict[int, Trial] = field(default_factory=dict)  # trials with a new status


class History:
    """All trials of one ``fit``, in the order in which they were proposed.

    Parameters
    ----------
    n_folds : int
        Number of folds, which all trials share.
    metric : str or None, default=None
        The deciding metric. None: the only metric, or the first one reported.
    error_score : float, default=nan
        The score of a failed evaluation. NaN: a trial with a failed evaluation has failed.
    metrics : tuple of str or None, default=None
        The names of all metrics; None: those of the first complete evaluation.
    n_repeat_folds : int, default=0
        Number of folds of the final comparison, which are repeats of the folds of the search and
        on which only the best trials are evaluated.

    Attributes
    ----------
    share : float
        The fidelity at which trials are compared: below 1 if there was no time for a search on
        all training rows.
    compared_folds : tuple of int
        The folds on which a complete trial was evaluated, and over which its score is averaged:
        fewer than ``n_folds`` if there was no time for a search on all of them.
    study : dict
        Data of this fit in the storage file, by the columns of the frame; empty without one.
    listeners : list of Listener
        Notified of changes, in this order.
    """

    def __init__(
        self,
        n_folds: int,
        metric: str | None = None,
        error_score: float = np.nan,
        metrics: tuple[str, ...] | None = None,
        n_repeat_folds: int = 0,
    ):
        self.n_folds = n_folds
        self.n_repeat_folds = n_repeat_folds
        self.share = FULL
        self.compared_folds = tuple(range(n_folds))
        self.error_score = error_score
        self.trials: list[Trial] = []
        self._metric = metric
        self._metrics = metrics
        self.study: dict[str, Any] = {}
        self.listeners: list[Listener] = []
        self._changes: _Changes | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without listeners."""
        return {**self.__dict__, "listeners": [], "_changes": None}

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, number: int) -> Trial:
        return self.trials[number]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __repr__(self) -> str:
        n_evaluations = sum(len(trial.evaluations) for trial in self)
        return f"History(trials={len(self)}, evaluations={n_evaluations})"

    @property
    def metric(self) -> str:
        """The name of the deciding metric."""
        names = self.metrics
        # A callable that returns one number has no names, whatever ``refit`` calls it.
        return self._metric if self._metric in names else names[0]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics, in the order of the scorers."""
        if self._metrics is not None:
            return self._metrics
        for evaluation in self.evaluations():
            if evaluation.scores and evaluation.status == COMPLETE:
                return tuple(evaluation.scores)
        return (self._metric or "score",)

    def add(self, params: dict[str, Any], origin: str, eligible: bool = True) -> Trial:
        """Append a trial and return it."""
        trial = Trial(len(self.trials), params, origin, eligible)
        self.trials.append(trial)
        return trial

    def record(self, evaluation: Evaluation) -> Trial:
        """Attach an evaluation to its trial and return the trial."""
        trial = self.trials[evaluation.trial]
        with self.changes() as changes:
            trial.evaluations[evaluation.key] = evaluation
            changes.evaluations.append(evaluation)
        return trial

    def set_status(self, trial: Trial, status: str) -> None:
        """Change the status of a trial; this is the only way to do so."""
        assert status in STATUSES
        if status == trial.status:
            return
        with self.changes() as changes:
            object.__setattr__(trial, "status", status)
            changes.trials[trial.number] = trial

    @contextmanager
    def changes(self) -> Iterator[_Changes]:
        """Notify the listeners once, at the end, of all changes in the block.

        If the block raises, they are not notified.
        """
        if self._changes is not None:
            yield self._changes
            return
        changes = self._changes = _Changes()
        try:
            yield changes
        finally:
            self._changes = None
        if changes.evaluations or changes.trials:
            for listener in self.listeners:
                listener.changed(changes.evaluations, list(changes.trials.values()), self)

    @contextmanager
    def telling(self, listeners: Sequence[Listener]) -> Iterator[None]:
        """Notify listeners, in their order, of changes in the block."""
        before = self.listeners
        self.listeners = [*before, *listeners]
        try:
            yield
        finally:
            self.listeners = before

    def evaluations(self) -> Iterator[Evaluation]:
        """Yield every evaluation, trial by trial."""
        for trial in self.trials:
            yield from trial.evaluations.values()

    def counts(self, evaluation: Evaluation) -> bool:
        """Return whether an evaluation has a finite score: its own, or ``error_score``."""
        if evaluation.status not in (COMPLETE, FAILED):
            return False
        return math.isfinite(evaluation.scores.get(self.metric, self.error_score))

    def fold_scores(
        self, trial: Trial, metric: str | None = None, fidelity: float | None = None
    ) -> np.ndarray:
        """Return the score on each fold of the search, shape (n_folds,); NaN where there is none.

        A failed evaluation has the score ``error_score``. The default fidelity is that at which
        trials are compared.
        """
        fidelity = self.share if fidelity is None else fidelity
        return self._scores(trial, self.n_folds, metric, fidelity, SEARCH)

    def compared_scores(self, trial: Trial, metric: str | None = None) -> np.ndarray:
        """Return the score on each of ``compared_folds``; NaN where there is none."""
        return self.fold_scores(trial, metric)[list(self.compared_folds)]

    def repeat_scores(self, trial: Trial) -> np.ndarray:
        """Return the score on each fold of the final comparison, shape (n_repeat_folds,)."""
        return self._scores(trial, self.n_repeat_folds, None, self.share, COMPARISON)

    def _scores(
        self, trial: Trial, n_folds: int, metric: str | None, fidelity: float, phase: str
    ) -> np.ndarray:
        """Return the score on each fold of a phase."""
        metric = self.metric if metric is None else metric
        scores = np.full(n_folds, np.nan)
        for evaluation in trial.evaluations.values():
            if evaluation.phase == phase and evaluation.fidelity == fidelity:
                scores[evaluation.fold] = evaluation.scores.get(metric, self.error_score)
        return scores

    def repeat(self, key: Key) -> tuple[str, int]:
        """Return an identifier of the repeat of the folds that a key belongs to."""
        assert key.fold is not None
        return key.phase, key.fold // self.n_folds

    def seconds_spent(self, trial: Trial, key: Key) -> float:
        """Return the seconds of a trial's evaluations in the repeat that a key belongs to."""
        return sum(
            evaluation.seconds
            for evaluation in trial.evaluations.values()
            if self.repeat(evaluation.key) == self.repeat(key)
        )

    def score(self, trial: Trial, metric: str | None = None) -> float:
        """Return the mean score over the compared folds; NaN if one is missing or NaN."""
        with np.errstate(invalid="ignore", over="ignore"):  # infinite and huge scores
            return float(np.mean(self.compared_scores(trial, metric)))

    def to_frame(self) -> Any:
        """Return one row per evaluation as a pandas DataFrame.

        It has the columns of :func:`~autotune.read_history`: ``study``, ``created`` and
        ``estimator``, which are missing without a storage file; ``trial``, ``origin``,
        ``eligible`` and ``trial_status``; ``phase``, ``fold``, ``fidelity`` and ``status`` of
        the evaluation; one ``param_<name>`` per parameter, one ``score_<metric>`` (and
        ``train_<metric>``, if requested) per metric; ``fit_time``, ``score_time``,
        ``saved_time``, ``started`` and ``ended`` in seconds; ``warnings`` and ``error``.

        The phase is ``"search"``, or ``"comparison"`` for the final comparison of the best
        trials, whose folds are numbered separately. A fidelity is a share of all training rows,
        or of the strategy's other resource. A trial without evaluations has one row, in which the
        columns of the evaluation are missing.
        """
        from ._frame import make_frame

        return make_frame(((self.study, trial) for trial in self), "History.to_frame")
