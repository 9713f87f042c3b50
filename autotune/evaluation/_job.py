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
        As in :class:`~autotune.history.Evaluation`; the last fit, of the phase ``REFIT``, has
        all rows for its fold, and returns the model.
    params : dict
        The configuration.
    seed : int
        Seeds the configuration's estimators whose ``random_state`` is None.
    seconds : float or None
        The job may run that long, counted from its start in the worker.
    callback_context : object or None
        The callback context of scikit-learn that stands for this evaluation.
    n_test : int or None
        How many validation rows are scored at most; None: all.
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
        """Say in an outcome which job it is of: one that could not be loaded cannot tell."""
        evaluation = outcome.evaluation
        evaluation.trial = self.trial
        evaluation.fold, evaluation.fidelity, evaluation.phase = self.key


@dataclass
class Outcome:
    """What a job came to: an evaluation, and for a refit the fitted model.

    Attributes
    ----------
    evaluation : Evaluation
    model : estimator or None
        The fitted estimator of a refit.
    exception : BaseException or None
        What was raised, for ``error_score="raise"``.
    stop : bool
        True if a callback asked to stop.
    warnings : list of (category, message)
        What a refit warned of, to be repeated where the user sees it.
    """

    evaluation: Evaluation
    model: Any = None
    exception: BaseException | None = None
    stop: bool = False
    warnings: list[tuple[type[Warning], str]] = field(default_factory=list)
