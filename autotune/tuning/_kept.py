"""Models and predictions of folds that are kept during a search, within a number of bytes."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np

from ..ensembles import LIBRARY_SIZE, MOST_BYTES
from ..evaluation import Keeps, Kept, Outcome, class_labels
from ..history import COMPLETE, ENDS, FULL, SEARCH, History, Key, Trial
from ._problem import Problem


def make_keeps(problem: Problem) -> Keeps | None:
    """Return what evaluations of a problem keep, None if nothing."""
    models = problem.refit is not False and problem.final_model != "refit"
    predictions = problem.keep_predictions or (models and problem.final_model == "ensemble")
    if not models and not predictions:
        return None
    labels = class_labels(problem.y) if problem.classifier else None
    return Keeps(models, predictions, None if labels is None else np.unique(labels))


class FoldResults:
    """What evaluations on all folds of the best trials have kept.

    Trials that end without being complete are forgotten, and so are the worst of more than
    ``LIBRARY_SIZE``. Where what is kept takes more than ``capacity`` bytes, the models of the
    worst trial go first, then those of the next; then predictions, in the same order.

    Parameters
    ----------
    capacity : int
        Bytes.
    """

    def __init__(self, capacity: int = MOST_BYTES):
        self._capacity = capacity
        self._models: dict[int, dict[Key, bytes]] = {}
        self._predictions: dict[int, dict[Key, tuple[np.ndarray, np.ndarray]]] = {}

    def wants(self, key: Key, history: History) -> bool:
        """Return whether the evaluation with a key is one by which trials are compared."""
        return key.phase == SEARCH and key.fidelity == history.share

    def take(self, outcome: Outcome, history: History) -> None:
        """Keep what an evaluation has brought, and forget what has lost its worth by it."""
        evaluation = outcome.evaluation
        if outcome.kept is not None and evaluation.status == COMPLETE:
            self.add(evaluation.trial, evaluation.key, outcome.kept)
        self._forget(history)

    def add(self, trial: int, key: Key, kept: Kept) -> None:
        """Keep what there is of a fold."""
        if kept.model is not None:
            self._models.setdefault(trial, {})[key] = kept.model
        if kept.predictions is not None:
            folds = self._predictions.setdefault(trial, {})
            folds[key] = kept.rows, kept.predictions

    def model(self, trial: Trial, key: Key) -> Any:
        """Return the model of a fold, None if it is not there."""
        content = self._models.get(trial.number, {}).get(key)
        return None if content is None else pickle.loads(content)

    def has_best(self, history: History) -> bool:
        """Return whether the models of the best trial so far are there."""
        complete = {t.number for t in history if t.eligible and t.status == COMPLETE}
        if not complete or history.share < FULL:  # those of fewer rows are not averaged
            return False
        best = _worst_first(history, complete)[-1]
        return self._models.get(best, {}).keys() >= set(compared_keys(history))

    def predictions(self, trial: Trial, key: Key) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the validation rows of a fold and the predictions for them, if they are there."""
        return self._predictions.get(trial.number, {}).get(key)

    @property
    def size(self) -> int:
        """The bytes that are used."""
        models = sum(len(content) for folds in self._models.values() for content in folds.values())
        predictions = [each for folds in self._predictions.values() for each in folds.values()]
        return models + sum(rows.nbytes + values.nbytes for rows, values in predictions)

    def _forget(self, history: History) -> None:
        """Forget trials that are out, then the worst while there are too many or too much."""
        for kept in (self._models, self._predictions):
            for number in list(kept):
                if history[number].status in ENDS and history[number].status != COMPLETE:
                    del kept[number]
        worst_first = _worst_first(history, {*self._models, *self._predictions})
        for number in worst_first[:-LIBRARY_SIZE]:
            self._models.pop(number, None)
            self._predictions.pop(number, None)
        for kept in (self._models, self._predictions):
            for number in worst_first:
                if self.size <= self._capacity:
                    return
                kept.pop(number, None)


def _worst_first(history: History, numbers: set[int]) -> list[int]:
    """Return complete trials by their score, the worst first, and before the best those under way.

    The later of equals is first.
    """

    def worth(number: int) -> tuple[float, int]:
        trial = history[number]
        score = history.score(trial) if trial.status == COMPLETE and trial.eligible else -math.inf
        return (-math.inf if math.isnan(score) else score), -number

    complete = sorted((n for n in numbers if history[n].status == COMPLETE), key=worth)
    running = sorted((n for n in numbers if history[n].status != COMPLETE), reverse=True)
    return [*complete[:-1], *running, *complete[-1:]]


def compared_keys(history: History) -> list[Key]:
    """Return the keys of the evaluations by which trials are compared."""
    return [Key(fold, history.share) for fold in history.compared_folds]


def out_of_fold(
    kept: FoldResults | None, history: History, trial: Trial, n_rows: int
) -> np.ndarray | None:
    """Return a trial's mean prediction for each row as a validation row, None if none is kept.

    It is NaN for rows of which none is known.
    """
    known = [] if kept is None else [kept.predictions(trial, key) for key in compared_keys(history)]
    folds = [each for each in known if each is not None]
    if not folds:
        return None
    total = np.zeros((n_rows, *folds[0][1].shape[1:]))
    counts = np.zeros(n_rows)
    for rows, values in folds:
        np.add.at(total, rows, values)
        np.add.at(counts, rows, 1)
    with np.errstate(invalid="ignore"):  # rows that are in no fold
        return total / counts.reshape(-1, *[1] * (total.ndim - 1))
