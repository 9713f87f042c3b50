"""The selection of an ensemble on predictions for rows that its trials were not fitted on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import get_scorer

from .._texts import warn
from ..compat import is_own_score, only_predicts, slice_params, to_numpy
from ..ensembles import (
    LIBRARY_SIZE,
    MOST_ROWS,
    blend,
    count_scores,
    find_power,
    select_greedily,
    sharpen,
)
from ..evaluation import class_labels
from ..history import History, Trial
from ..timing import Clock
from ._ensemble_gain import count_samples, expect_gain
from ._fast_metrics import fast_metric
from ._kept import best_dropped, leaders
from ._known import Rows, known_model
from ._problem import FOLDS, Problem
from ._speed import PredictionTime

_Folds = list[tuple[np.ndarray, np.ndarray]]  # validation rows and predictions for them


class RowScorer:
    """Computes the deciding metric from predictions for rows.

    A scorer that may look at more than predictions is replaced: by the log loss, or by the
    squared error.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    is_exact : bool
        Whether it computes the deciding metric rather than its replacement.
    codes : ndarray
        The numbers of the rows' classes, or their targets.
    """

    def __init__(self, problem: Problem):
        self._scorer = problem.scoring.deciding
        self._params = problem.routed.score
        fast = fast_metric(self._scorer, problem.candidates.models.members)
        is_other = is_own_score(self._scorer) and fast is None
        if is_other or not only_predicts(self._scorer):
            name, words = (
                ("neg_log_loss", "log loss")
                if problem.classifier
                else ("neg_mean_squared_error", "squared error")
            )
            warn(
                f"final_model='ensemble': scoring={problem.scoring_param!r} may look at more than "
                f"predictions, so the ensemble is chosen by its {words}",
            )
            self._scorer, self._params = get_scorer(name), {}
            fast = fast_metric(self._scorer, ())
        self.is_exact = self._scorer is problem.scoring.deciding
        self._X = problem.X
        labels = class_labels(problem.y)
        self._y = to_numpy(problem.y) if labels is None else labels
        self._classes = np.unique(self._y) if problem.classifier else None
        self._n_axes = int(problem.classifier)  # more than the target has
        self.codes = self._y if self._classes is None else np.searchsorted(self._classes, self._y)
        self._fast = None if self._params else fast

    def __call__(self, rows: np.ndarray, values: np.ndarray) -> float:
        """Return the score of predictions for rows."""
        if self._fast is not None and values.ndim == self.codes.ndim + self._n_axes:
            return float(self._fast(self.codes[rows], values))
        method = "predict" if self._classes is None else "predict_proba"
        model = known_model({method: values}, self._classes)
        params = slice_params(self._X, self._params, rows)
        return float(self._scorer(model, Rows(np.arange(len(rows))), self._y[rows], **params))


@dataclass(frozen=True)
class Selection:
    """The trials of an ensemble.

    Attributes
    ----------
    weights : dict of int to float
        The weights of the trials, by their numbers.
    gain : float
        The expected gain of the ensemble over the best trial on new data; 0 if unknown.
    powers : dict of int to float, or None
        By which the probabilities of trials are calibrated; None for the winner as it is.
    power : float
        By which their average is calibrated.
    """

    weights: dict[int, float]
    gain: float = 0.0
    powers: dict[int, float] | None = None
    power: float = 1.0

    @property
    def is_average(self) -> bool:
        """Whether it is more than the winner as it is."""
        return self.powers is not None

    def powers_of(self, numbers: Iterable[int]) -> list[float] | None:
        """Return the powers of some of its trials."""
        return None if self.powers is None else [self.powers[number] for number in numbers]


def choose_ensemble(
    problem: Problem,
    history: History,
    winner: Trial,
    predict: Callable[[Trial], _Folds | None],
    speed: PredictionTime,
    clock: Clock,
) -> Selection:
    """Return the trials of the ensemble.

    The probabilities of each trial are calibrated before, those of the average after: that of
    calibrated forecasts is not certain enough [1]_.

    It is only the winner as it is, unless ensembles that are selected in the same way on all folds
    but one are better on the fold that is left out: the mean of the differences must exceed its
    standard error.

    Parameters
    ----------
    problem : Problem
    history : History
    winner : Trial
    predict : callable
        ``predict(trial)`` returns validation rows and predictions of each fold, or None.
    speed : PredictionTime
        Trials that are too slow are left out.
    clock : Clock
        If too few seconds are left for a selection, there is none.

    References
    ----------
    .. [1] R. Ranjan and T. Gneiting, "Combining probability forecasts", Journal of the Royal
       Statistical Society B 72 (2010).
    """
    alone = Selection({winner.number: 1.0})
    found = {trial.number: predict(trial) for trial in _library(history, winner, speed)}
    folds = {number: each for number, each in found.items() if each is not None}
    if len(history.compared_folds) < 2 or len(folds) < 2 or winner.number not in folds:
        return alone
    numbers, scorer = list(folds), RowScorer(problem)
    sampled = _sample(list(folds.values()), problem.seed_for(FOLDS))
    try:
        sampled = sampled[: _count_affordable(sampled, scorer, clock, 1 + len(sampled[0]))]
        if len(sampled) < 2:
            if problem.asks_for_average:
                warn("budget: there are too few seconds to choose an ensemble. Allow more seconds")
            return alone
        powers = _powers(problem, sampled, scorer.codes)
        own = sampled[0]
        sampled = [_sharpened(trial, power) for trial, power in zip(sampled, powers, strict=True)]
        weights = _select(sampled, range(len(own)), scorer)
        if not _is_better(sampled, own, scorer):
            return alone
        power = _power_of_average(problem, sampled, weights, scorer.codes)
        gain = _expect(problem, sampled, scorer, clock)
        gain += _score_alone(sampled[0], scorer) - _score_alone(own, scorer) if gain else 0.0
    except Exception as error:  # of the metric's own code
        warn(
            "final_model='ensemble': no ensemble could be chosen, because computing the metric "
            f"from kept predictions raised {type(error).__name__}: {error}",
        )
        return alone
    return Selection(
        {numbers[i]: weight for i, weight in weights.items()},
        gain,
        {numbers[i]: powers[i] for i in weights},
        power,
    )


def _powers(problem: Problem, trials: list[_Folds], codes: np.ndarray) -> list[float]:
    """Return the power that calibrates each trial; 1 where there are no probabilities."""
    if not _has_probabilities(problem):
        return [1.0] * len(trials)
    return [find_power(values, codes[rows]) for rows, values in map(_whole, trials)]


def _power_of_average(
    problem: Problem, trials: list[_Folds], weights: dict[int, float], codes: np.ndarray
) -> float:
    """Return the power that calibrates the average of calibrated trials, at least 1."""
    if not _has_probabilities(problem):
        return 1.0
    rows, _ = _whole(trials[0])
    average = blend([_whole(trial)[1] for trial in trials], weights)
    return find_power(average, codes[rows], least=1.0)


def _has_probabilities(problem: Problem) -> bool:
    """Return whether all models predict probabilities."""
    models = problem.candidates.models.members
    return problem.classifier and all(hasattr(model, "predict_proba") for model in models)


def _sharpened(trial: _Folds, power: float) -> _Folds:
    """Return a trial's predictions after calibration."""
    return [(rows, sharpen(values, power)) for rows, values in trial]


def _whole(trial: _Folds) -> tuple[np.ndarray, np.ndarray]:
    """Return the validation rows and the predictions of all folds."""
    rows, predictions = zip(*trial, strict=True)
    return np.concatenate(rows), np.concatenate(predictions)


def _count_affordable(
    trials: list[_Folds], scorer: RowScorer, clock: Clock, n_selections: int
) -> int:
    """Return among how many trials half of the seconds left suffice for some selections."""
    left = clock.left_for_refit()
    if math.isinf(left):
        return len(trials)
    _score_alone(trials[0], scorer)  # the first call may take longer than others
    start = clock.elapsed()
    _score_alone(trials[0], scorer)
    seconds = (clock.elapsed() - start) * count_scores(1) * n_selections
    return len(trials) if seconds * len(trials) <= left / 2 else int(left / 2 / seconds)


def _is_better(trials: list[_Folds], winner: _Folds, scorer: RowScorer) -> bool:
    """Return whether ensembles are better than the winner on folds that are left out."""
    gains = [_gain(trials, winner, left_out, scorer) for left_out in range(len(winner))]
    return bool(np.mean(gains) > np.std(gains, ddof=1) / math.sqrt(len(gains)))


def _expect(problem: Problem, trials: list[_Folds], scorer: RowScorer, clock: Clock) -> float:
    """Return the expected gain of an ensemble, 0 if it cannot be computed in time."""
    if not scorer.is_exact:
        return 0.0
    rows = np.concatenate([rows for rows, _ in trials[0]])
    if _count_affordable(trials, scorer, clock, count_samples(len(rows))) < len(trials):
        return 0.0
    predictions = [np.concatenate([values for _, values in folds]) for folds in trials]
    groups = problem.routed.split.get("groups")
    gain = expect_gain(
        predictions,
        lambda places, values: scorer(rows[places], values),
        rows if groups is None else to_numpy(groups)[rows],
        None if problem.labels is None else problem.labels[rows],
        problem.seed_for(FOLDS),
    )
    return gain if math.isfinite(gain) else 0.0


def _score_alone(trial: _Folds, scorer: RowScorer) -> float:
    """Return the score of one trial on all folds."""
    return scorer(*_whole(trial))


def _library(history: History, winner: Trial, speed: PredictionTime) -> list[Trial]:
    """Return trials that are fast enough: the winner, the best of each model, the next best.

    Of a model none of whose trials is complete, it is the best of those that were dropped: one that
    loses alone may add to others. Those that are fast to fit come first.
    """
    dropped = [trial for trial in best_dropped(history) if speed.is_fast(trial)]
    rivals = [t for t in history if t.can_win and t is not winner]
    rivals = [t for t in rivals if math.isfinite(history.score(t)) and speed.is_fast(t)]
    first = leaders(history)
    rivals.sort(key=lambda trial: (trial.number in first, history.score(trial)), reverse=True)
    return [winner, *rivals[: LIBRARY_SIZE - 1 - len(dropped)], *dropped]


def _sample(trials: list[_Folds], seed: int) -> list[_Folds]:
    """Return a subset of the rows of each fold, the same for all trials, if there are very many."""
    n_rows = [len(rows) for rows, _ in trials[0]]
    share = MOST_ROWS / sum(n_rows)
    if share >= 1:
        return trials
    rng = np.random.RandomState(seed)
    places = [np.sort(rng.choice(n, max(1, int(share * n)), replace=False)) for n in n_rows]
    return [
        [(rows[place], values[place]) for (rows, values), place in zip(folds, places, strict=True)]
        for folds in trials
    ]


def _select(trials: list[_Folds], folds: Sequence[int], scorer: RowScorer) -> dict[int, float]:
    """Return the weights of an ensemble that is selected on some folds, by position."""
    rows = np.concatenate([trials[0][fold][0] for fold in folds])
    predictions = [np.concatenate([each[fold][1] for fold in folds]) for each in trials]
    return select_greedily(predictions, lambda values: scorer(rows, values))


def _gain(trials: list[_Folds], winner: _Folds, left_out: int, scorer: RowScorer) -> float:
    """Return the gain over the winner, on one fold, of an ensemble selected on the others."""
    others = [fold for fold in range(len(winner)) if fold != left_out]
    weights = _select(trials, others, scorer)
    rows, values = winner[left_out]
    predictions = [folds[left_out][1] for folds in trials]
    return scorer(rows, blend(predictions, weights)) - scorer(rows, values)
