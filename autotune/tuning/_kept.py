"""Models and predictions of folds that are kept during a search, within a memory limit."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ..ensembles import LIBRARY_SIZE, MOST_BYTES
from ..evaluation import CHOSEN, Keeps, Kept, Outcome
from ..history import COMPLETE, DROPPED, ENDS, FULL, SEARCH, History, Key, Trial
from ..storage import Journal
from ..timing import longest_fit
from ._problem import Problem


def make_keeps(problem: Problem) -> Keeps | None:
    """Return what evaluations of a problem keep, None if nothing."""
    models = problem.refit is not False and problem.final_model != "refit"
    predictions = problem.keep_predictions or (models and problem.final_model == "ensemble")
    is_limited = problem.budget.predict_seconds_per_row is not None
    if not (models or predictions or is_limited):
        return None
    classes = None if problem.labels is None else np.unique(problem.labels)
    return Keeps(models, predictions, classes, problem.keep_predictions, is_limited)


class FoldResults:
    """The models and predictions that evaluations of the best trials have kept.

    Trials that end without being complete are forgotten, and so are the worst of more than
    ``LIBRARY_SIZE``, except for predictions that the user asked for. Where what is kept takes
    more than ``capacity`` bytes, the models of the worst trial go first, then those of the next;
    then predictions, in the same order.

    Parameters
    ----------
    keeps : Keeps or None
        What evaluations keep.
    journal : Journal or None
        Where predictions are saved and discarded, too.
    capacity : int
        Bytes.
    """

    def __init__(
        self,
        keeps: Keeps | None = None,
        journal: Journal | None = None,
        capacity: int = MOST_BYTES,
    ):
        self.classes = None if keeps is None else keeps.classes
        self._asked_for = keeps is not None and keeps.all_responses
        self._journal = journal
        self._capacity = capacity
        self._size = 0  # bytes that are used
        self.seconds_per_row: dict[int, float] = {}  # to predict, by the numbers of trials
        self._rows: dict[Key, np.ndarray] = {}  # of validation, the same for all trials
        self._models: dict[int, dict[Key, Kept]] = {}
        self._predictions: dict[int, dict[Key, Kept]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the journal of the running ``fit``."""
        return {**self.__dict__, "_journal": None}

    def wants(self, key: Key, history: History) -> bool:
        """Return whether trials are compared by the evaluation with a key."""
        return key.phase == SEARCH and key.fidelity == history.share

    def take(self, outcome: Outcome, history: History) -> None:
        """Keep the results of an evaluation, and discard those that are no longer needed."""
        evaluation, kept = outcome.evaluation, outcome.kept
        if kept is not None and evaluation.status == COMPLETE:
            self.add(evaluation.trial, evaluation.key, kept)
            if self._journal is not None and kept.responses:
                arrays = {"rows": kept.rows, **kept.responses}
                self._journal.save_arrays(evaluation.trial, evaluation.key, arrays)
        self._forget(history)

    def add(self, trial: int, key: Key, kept: Kept) -> None:
        """Keep the results of a fold."""
        if kept.model is not None:
            self._put(self._models, trial, key, replace(kept, responses={}))
        if kept.responses:
            rows = self._rows.setdefault(key, kept.rows)
            self._put(self._predictions, trial, key, replace(kept, model=None, rows=rows))
        if kept.seconds_per_row is not None:  # the shortest time was the least disturbed
            before = self.seconds_per_row.get(trial, math.inf)
            self.seconds_per_row[trial] = min(before, kept.seconds_per_row)

    def recall(self, earlier: FoldResults | None, history: History) -> None:
        """Take over the predictions of evaluations of an earlier ``fit``."""
        known: Iterable[tuple[int, Key, Kept]]
        if self._journal is not None:
            known = ((n, key, _from_arrays(arrays)) for n, key, arrays in self._journal.arrays())
        elif earlier is not None and earlier._asked_for >= self._asked_for:
            known = [(n, k, kept) for n, f in earlier._predictions.items() for k, kept in f.items()]
        else:
            return
        for number, key, kept in known:
            evaluation = history[number].evaluations.get(key) if number < len(history) else None
            if evaluation is not None and evaluation.status == COMPLETE:
                self.add(number, key, kept)
        self._forget(history)

    def close(self) -> None:
        """Discard the models, and let go of the file."""
        self._journal = None
        for number in list(self._models):
            self._drop(self._models, number)

    def model(self, trial: Trial, key: Key) -> Any:
        """Return the model of a fold, None if it was not kept."""
        kept = self._models.get(trial.number, {}).get(key)
        return None if kept is None or kept.model is None else pickle.loads(kept.model)

    def has_best(self, history: History) -> bool:
        """Return whether the models of the best trial so far were kept."""
        complete = {t.number for t in history if t.can_win}
        if not complete or history.share < FULL:  # those of fewer rows are not averaged
            return False
        best = max(complete, key=lambda number: (_worth(history, history[number]), -number))
        return self._models.get(best, {}).keys() >= set(compared_keys(history))

    def predictions(self, trial: Trial, key: Key) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the validation rows of a fold and the predictions for them, if they were kept.

        Those of a classifier are probabilities, or one vote for each row if there are none.
        """
        kept = self.responses(trial, key)
        if kept is None:
            return None
        if "predict_proba" in kept.responses:
            return kept.rows, kept.responses["predict_proba"]
        values = kept.responses["predict"]
        if self.classes is not None:
            values = np.eye(len(self.classes), dtype=np.float32)[values]
        return kept.rows, values

    def responses(self, trial: Trial, key: Key) -> Kept | None:
        """Return the validation rows of a fold and all responses for them, if they were kept."""
        return self._predictions.get(trial.number, {}).get(key)

    def _put(self, to: dict[int, dict[Key, Kept]], number: int, key: Key, kept: Kept) -> None:
        """Add to the models or to the predictions of a trial."""
        folds = to.setdefault(number, {})
        self._size += _size(kept) - (_size(folds[key]) if key in folds else 0)
        folds[key] = kept

    def _drop(self, kept: dict[int, dict[Key, Kept]], number: int) -> None:
        """Discard the models or the predictions of a trial."""
        self._size -= sum(map(_size, kept.pop(number, {}).values()))
        if kept is self._predictions and self._journal is not None:
            self._journal.discard_arrays(number)

    def _forget(self, history: History) -> None:
        """Discard trials that cannot win, then the worst while there are too many."""
        both = self._models, self._predictions
        for kept in both:
            for number in list(kept):
                if history[number].status in ENDS and history[number].status != COMPLETE:
                    self._drop(kept, number)
        for kept in both[: 1 if self._asked_for else 2]:
            if len(kept) > LIBRARY_SIZE:
                for number in _worst_first(history, set(kept))[:-LIBRARY_SIZE]:
                    self._drop(kept, number)
        for kept in both:
            if self._size > self._capacity:
                for number in _worst_first(history, set(kept)):
                    if self._size <= self._capacity:
                        return
                    self._drop(kept, number)


def make_fold_results(
    problem: Problem, history: History, journal: Journal | None, earlier: FoldResults | None
) -> FoldResults | None:
    """Return the store for the results of folds, None if nothing is kept.

    Parameters
    ----------
    problem : Problem
    history : History
        With the evaluations of earlier fits that are not repeated.
    journal : Journal or None
        The file, if there is one.
    earlier : FoldResults or None
        The store of an earlier ``fit`` of the estimator, which this one may continue.
    """
    keeps = make_keeps(problem)
    if keeps is None:
        return None
    kept = FoldResults(keeps, journal if problem.keep_predictions else None)
    kept.recall(earlier, history)
    return kept


def _from_arrays(arrays: dict[str, np.ndarray]) -> Kept:
    """Return the results of a fold from the arrays in a file."""
    return Kept(None, arrays["rows"], {n: each for n, each in arrays.items() if n != "rows"})


def _size(kept: Kept) -> int:
    """Return the size of the results of a fold in bytes."""
    if kept.model is not None:
        return len(kept.model)
    return sum(each.nbytes for each in kept.responses.values())


def leaders(history: History) -> set[int]:
    """Return the numbers of the best trial of each model, as far as they have complete ones."""
    return {trial.number for trial in _best_of_models(history, _worth).values()}


def best_dropped(history: History) -> list[Trial]:
    """Return the best dropped trial of each model that has no complete one, the fastest first."""
    complete = _best_of_models(history, _worth)
    dropped = _best_of_models(history, _worth_if_dropped)
    trials = [trial for model, trial in dropped.items() if model not in complete]
    return sorted(trials, key=lambda trial: longest_fit(trial, history.share))


def _best_of_models(history: History, worth: Callable[[History, Trial], float]) -> dict[int, Trial]:
    """Return the trial of each model that is worth most, if more than negative infinity."""
    best: dict[int, tuple[float, Trial]] = {}
    for trial in history:
        value, model = worth(history, trial), id(trial.params.get(CHOSEN))
        if value > best.get(model, (-math.inf,))[0]:
            best[model] = value, trial
    return {model: trial for model, (_, trial) in best.items()}


def _worth_if_dropped(history: History, trial: Trial) -> float:
    """Return the mean of the known scores of a dropped trial, negative infinity for others."""
    if trial.status != DROPPED or not trial.eligible:
        return -math.inf
    scores = history.compared_scores(trial)
    known = scores[np.isfinite(scores)]
    return float(known.mean()) if len(known) else -math.inf


def _worth(history: History, trial: Trial) -> float:
    """Return the score of a trial that may win, negative infinity for others."""
    score = history.score(trial) if trial.can_win else -math.inf
    return -math.inf if math.isnan(score) else score


def _worst_first(history: History, numbers: set[int]) -> list[int]:
    """Return trials by score, the worst first, with running ones just before the best.

    The best of each model come after all others; among equals, the later one is first.
    """
    first = leaders(history)

    def worth(number: int) -> tuple[bool, float, int]:
        return number in first, _worth(history, history[number]), -number

    complete = sorted((n for n in numbers if history[n].status == COMPLETE), key=worth)
    running = sorted((n for n in numbers if history[n].status != COMPLETE), reverse=True)
    return [*complete[:-1], *running, *complete[-1:]]


def compared_keys(history: History) -> list[Key]:
    """Return the keys of the evaluations by which trials are compared."""
    return [Key(fold, history.share) for fold in history.compared_folds]


def out_of_fold(
    kept: FoldResults | None, history: History, trial: Trial, n_rows: int
) -> np.ndarray | None:
    """Return a trial's mean out-of-fold prediction for each row, None if none was kept.

    It is NaN for rows without a prediction.
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
