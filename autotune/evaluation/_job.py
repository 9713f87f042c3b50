"""A job, which is one evaluation to be run, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..history import FULL, PHASES, REFIT, SEARCH, Evaluation, Key

Fold = tuple[np.ndarray, np.ndarray]  # the numbers of training and validation rows


@dataclass(frozen=True)
class Job:
    """One evaluation to be run.

    Attributes
    ----------
    trial, fold, fidelity, phase
        As in :class:`~autotune.history.Evaluation`; the last fit has the phase ``REFIT``, uses
        all rows, and returns the model.
    params : dict
        The configuration.
    seed : int
        The seed of the estimators whose ``random_state`` is None.
    seconds : float or None
        Time limit, counted from the start in the worker.
    callback_context : object or None
        The callback context of scikit-learn for this evaluation.
    n_test : int or None
        Maximum number of validation rows that are scored; None: all.
    keep : bool
        Whether the outcome includes what the task keeps of a fold.
    """

    trial: int
    fold: int | None
    params: dict[str, Any]
    seed: int
    fidelity: float = FULL
    seconds: float | None = None
    callback_context: Any = None
    n_test: int | None = None
    phase: str = SEARCH
    keep: bool = False

    def __post_init__(self) -> None:
        assert self.phase in PHASES
        assert (self.fold is None) == (self.phase == REFIT)

    @property
    def key(self) -> Key:
        return Key(self.fold, self.fidelity, self.phase)

    def evaluation(self, **result: Any) -> Evaluation:
        """Return the evaluation that this job comes to."""
        return Evaluation(self.trial, *self.key, **result)

    def sign(self, outcome: Outcome) -> None:
        """Set the job of an outcome, which one that could not be loaded does not know."""
        evaluation = outcome.evaluation
        evaluation.trial = self.trial
        evaluation.fold, evaluation.fidelity, evaluation.phase = self.key


@dataclass(frozen=True)
class Keeps:
    """What evaluations keep of a fold where a job says so.

    Attributes
    ----------
    models, predictions : bool
        Whether fitted models are kept, and their predictions for the validation rows.
    classes : ndarray or None
        The class labels, of a classification.
    all_responses : bool
        Whether whatever a scorer may ask for is kept, rather than only what an average needs.
    predict_time : bool
        Whether the time that predictions take is measured.
    """

    models: bool
    predictions: bool
    classes: np.ndarray | None
    all_responses: bool = False
    predict_time: bool = False


@dataclass(frozen=True, eq=False)
class Kept:
    """What was kept of a fold.

    Attributes
    ----------
    model : bytes or None
        The fitted model, pickled; None if it was not wanted, or cannot be pickled.
    rows : ndarray of int32
        The validation rows.
    responses : dict of str to ndarray
        For each of them what the model's methods returned, by their names: ``"predict"`` (of a
        classifier the numbers of the classes), ``"predict_proba"`` (a column for each class),
        ``"decision_function"``. Empty if predictions were not wanted.
    seconds_per_row : float or None
        How long a prediction takes; None if that was not measured.
    """

    model: bytes | None
    rows: np.ndarray
    responses: dict[str, np.ndarray] = field(default_factory=dict)
    seconds_per_row: float | None = None


@dataclass
class Outcome:
    """The outcome of a job: an evaluation and, for a refit, the fitted model.

    Attributes
    ----------
    evaluation : Evaluation
    model : estimator or None
        The fitted estimator of a refit; also that of a fold which should be kept, but cannot be
        pickled. It does not leave the process then.
    exception : BaseException or None
        The exception that was raised, for ``error_score="raise"``.
    stop : bool
        True if a callback asked to stop.
    warnings : list of (category, message)
        Warnings of a refit, to be repeated in the main process.
    kept : Kept or None
        The fitted model and the predictions, if they are kept.
    """

    evaluation: Evaluation
    model: Any = None
    exception: BaseException | None = None
    stop: bool = False
    warnings: list[tuple[type[Warning], str]] = field(default_factory=list)
    kept: Kept | None = None
