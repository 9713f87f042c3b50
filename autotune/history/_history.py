"""The record of a search, and its listeners."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._texts import kept_text
from ._frame import make_frame
from ._optuna import make_study
from ._trial import (
    COMPARISON,
    COMPLETE,
    ENDS,
    FAILED,
    FULL,
    SEARCH,
    STATUSES,
    Evaluation,
    Key,
    Trial,
)


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

    @property
    def default(self) -> Trial | None:
        """The trial of the model's own parameters, the first of several; None if not tried."""
        return next((trial for trial in self if trial.origin == "default"), None)

    def add(self, params: dict[str, Any], origin: str, eligible: bool = True) -> Trial:
        """Append a trial and return it."""
        trial = Trial(len(self.trials), params, origin, eligible)
        self.trials.append(trial)
        return trial

    def record(self, evaluation: Evaluation) -> Trial:
        """Attach an evaluation to its trial and return the trial.

        Its texts become such as can be stored.
        """
        trial = self.trials[evaluation.trial]
        evaluation.error = None if evaluation.error is None else kept_text(evaluation.error)
        evaluation.warnings = tuple(map(kept_text, evaluation.warnings))
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
        """Return the score of a trial on each fold of the search.

        Parameters
        ----------
        trial : Trial
        metric : str or None, default=None
            None: the deciding metric.
        fidelity : float or None, default=None
            None: the fidelity at which trials are compared.

        Returns
        -------
        scores : ndarray of shape (n_folds,)
            NaN on folds without an evaluation; ``error_score`` for a failed one.
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
        """Return the mean score of a trial over the compared folds.

        Parameters
        ----------
        trial : Trial
        metric : str or None, default=None
            None: the deciding metric.

        Returns
        -------
        score : float
            NaN if a fold is missing or has no score.
        """
        with np.errstate(invalid="ignore", over="ignore"):  # infinite and huge scores
            return float(np.mean(self.compared_scores(trial, metric)))

    def to_frame(self) -> Any:
        """Return one row per evaluation as a pandas DataFrame.

        The columns are those of :func:`~autotune.read_history`: ``study``, ``created`` and
        ``estimator``, which are missing without a storage file; ``trial``, ``origin``,
        ``eligible`` and ``trial_status``; ``phase``, ``fold``, ``fidelity`` and ``status`` of
        the evaluation; one ``param_<name>`` per parameter, one ``score_<metric>`` (and
        ``train_<metric>``, if requested) per metric; ``fit_time``, ``score_time``,
        ``saved_time``, ``started`` and ``ended`` in seconds; ``iterations`` of a model that was
        stopped early; ``warnings`` and ``error``.

        The phase is ``"search"``, or ``"comparison"`` for the final comparison of the best
        trials, whose folds are numbered separately. A fidelity is a share of all training rows,
        or of the strategy's other resource. A trial without evaluations has one row, in which the
        columns of the evaluation are missing.

        Returns
        -------
        frame : pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return make_frame(((self.study, trial) for trial in self), "History.to_frame")

    def to_optuna(self, storage: Any = None, study_name: str | None = None) -> Any:
        """Add the search as a study to a storage of Optuna, such as optuna-dashboard shows.

        The value of a trial is its mean score, of which more is better; its intermediate values
        are the scores on the folds. Dropped trials are pruned, and all others without a score
        have failed. A default that cannot win is infeasible. The distributions range over the
        values that were tried; numbers that span two orders of magnitude have a logarithmic
        one, and what Optuna cannot store, such as an estimator, is stored as text.

        Parameters
        ----------
        storage : str or optuna storage, default=None
            As in ``optuna.create_study``: an address such as ``"sqlite:///optuna.db"``, which
            is also what ``optuna-dashboard`` opens. None: in memory. It is not the file of the
            parameter ``storage`` of the estimators.
        study_name : str or None, default=None
            None: Optuna makes one.

        Returns
        -------
        study : optuna.study.Study

        Raises
        ------
        ImportError
            Without Optuna.
        optuna.exceptions.DuplicatedStudyError
            If the storage holds a study of this name.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from autotune import AutoTunedClassifier
        >>> model = AutoTunedClassifier(SVC(), budget=5, random_state=0)
        >>> model = model.fit(*load_iris(return_X_y=True))
        >>> study = model.history_.to_optuna("sqlite:///optuna.db")  # doctest: +SKIP
        >>> study.best_value == model.best_score_  # doctest: +SKIP
        True
        """
        return make_study(self, storage, study_name)
