"""Repeats of the folds, drawn with other seeds."""

from __future__ import annotations

import numbers
from copy import copy
from typing import Any

from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    check_cv,
)

from ..evaluation import Fold
from ..history import derive_seed
from ._validation import check_folds

# Subclasses may draw from more than their ``random_state``.
_REDRAWABLE = (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
)


class RepeatedFolds:
    """Repeats of the first folds with other seeds, if the folds can be redrawn.

    Splitters that do not shuffle may keep the order of the rows for a reason, so their folds
    are never redrawn, nor are those of groups, time series or a list. A mere number of folds
    implies no order.

    Parameters
    ----------
    n_repeats : int
        The number of repeats that was asked for.
    cv, y, split_params, classifier
        What the first folds were drawn with.

    Attributes
    ----------
    n_repeats : int
        The number of repeats; 0 if the folds cannot be redrawn.
    """

    def __init__(
        self, n_repeats: int, cv: Any, y: Any, split_params: dict[str, Any], *, classifier: bool
    ):
        self._classifier = classifier
        self._splitter = _shuffling(cv, y, classifier=classifier)
        if self._splitter is None or any(value is not None for value in split_params.values()):
            n_repeats = 0
        self.n_repeats = n_repeats

    def __repr__(self) -> str:
        return f"{self.n_repeats} x {self._with_seed(None)}" if self.n_repeats else "none"

    def draw(self, X: Any, y: Any, seed: int) -> list[Fold]:
        """Return the folds of all repeats."""
        folds: list[Fold] = []
        for repeat in range(self.n_repeats):
            splitter = self._with_seed(derive_seed(seed, repeat))
            folds += check_folds(splitter, X, y, {}, classifier=self._classifier)
        return folds

    def _with_seed(self, seed: int | None) -> Any:
        """Return the splitter with another ``random_state``."""
        splitter = copy(self._splitter)
        splitter.random_state = seed
        return splitter


def _shuffling(cv: Any, y: Any, *, classifier: bool) -> Any:
    """Return a splitter like ``cv`` that shuffles the rows, None if there is none."""
    if cv is None or isinstance(cv, numbers.Integral):
        splitter = check_cv(cv, y, classifier=classifier)
        splitter.shuffle = True
        return splitter
    return cv if type(cv) in _REDRAWABLE and getattr(cv, "shuffle", True) else None
