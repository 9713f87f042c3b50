"""One evaluation to be run, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..history import FULL, Evaluation

Fold = tuple[np.ndarray, np.ndarray]  # the numbers of training and validation rows
REFIT = -1  # the "fold" of a job that fits on all rows and returns the model


@dataclass(frozen=True)
class Job:
    """One evaluation to be run.

    Attributes
    ----------
    trial, fold, fidelity
        As in :class:`~autotune.history.Evaluation`; ``fold=REFIT`` fits on all rows.
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
    fold: int
    params: dict[str, Any]
    seed: int
    fidelity: float = FULL
    seconds: float | None = None
    callback_context: Any = None
    n_test: int | None = None


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
