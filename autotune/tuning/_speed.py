"""Prediction time: of trials, if it is limited, and of the final model."""

from __future__ import annotations

import math
from typing import Any

from .._texts import warn
from ..compat import num_samples
from ..ensembles import AveragedClassifier, AveragedRegressor
from ..evaluation import MOST_TIMED, predict_seconds
from ..history import History, Trial
from ..timing import Clock, validation_rows
from ._kept import FoldResults, compared_keys
from ._problem import Problem


class PredictionTime:
    """The seconds per row that trials take to predict, and the limit of the budget.

    Parameters
    ----------
    problem : Problem
    history : History
    kept : FoldResults or None
        The times measured in the folds. Evaluations of an earlier ``fit`` that did not measure
        them count with the time of their scores, which is a little longer.

    Attributes
    ----------
    limit : float
        Seconds per row; infinite if there is none.
    """

    def __init__(self, problem: Problem, history: History, kept: FoldResults | None):
        limit = problem.budget.predict_seconds_per_row
        self.limit = math.inf if limit is None else limit
        self._folds = problem.folds
        self._history = history
        self._kept = kept

    def of(self, trial: Trial) -> float:
        """Return the seconds per row of one model of a trial, infinite if they are unknown."""
        known = None if self._kept is None else self._kept.seconds_per_row.get(trial.number)
        if known is not None:
            return known
        most = validation_rows(self._history.share) or math.inf
        return min(
            (
                trial.evaluations[key].score_time / min(len(self._folds[key.fold][1]), most)
                for key in compared_keys(self._history)
                if key in trial.evaluations and key.fold is not None
            ),
            default=math.inf,
        )

    def is_fast(self, trial: Trial) -> bool:
        """Return whether one model of a trial keeps the limit."""
        return self.of(trial) <= self.limit

    def leave_out(self, weights: dict[int, float], n_models: int) -> dict[int, float]:
        """Return the weights without the smallest ones, as many as make the average too slow.

        Each trial has ``n_models`` models.
        """
        if math.isinf(self.limit):
            return weights
        kept = sorted(weights, key=lambda number: -weights[number])
        while kept and n_models * sum(self.of(self._history[n]) for n in kept) > self.limit:
            kept.pop()
        total = sum(weights[number] for number in kept)
        return {number: weights[number] / total for number in weights if number in kept}

    def fast_enough(self, best: Trial) -> Trial:
        """Return the trial if it keeps the limit, or else the best one that does, if any."""
        if math.isinf(self.limit) or self.is_fast(best):
            return best
        score = self._history.score
        complete = [t for t in self._history if t.can_win]
        fast = [t for t in complete if self.is_fast(t) and math.isfinite(score(t))]
        if fast:
            return max(fast, key=score)
        warn(
            f"budget: no complete trial predicts within {self.limit:g} s per row, so trial "
            f"{best.number} is used, which takes about {self.of(best):.2g} s",
        )
        return best


def measure_final_model(
    problem: Problem, model: Any, expected: list[float], clock: Clock
) -> dict[str, float]:
    """Return the seconds per row of the final model, and of one of the models that it averages.

    What there is no time to measure is what the folds' predictions took: ``expected`` for one
    model of each trial.
    """
    is_average = isinstance(model, AveragedClassifier | AveragedRegressor)
    models = model.estimators_ if is_average else [model]

    def measure(predictor: Any, usual: float) -> float:
        left, need = clock.left_for_refit(), 2 * usual * min(MOST_TIMED, num_samples(problem.X))
        return predict_seconds(predictor, problem.X) if math.isinf(left) or need < left else usual

    usual = sum(expected) / len(expected)
    try:
        final = single = measure(models[0], usual)
        if len(models) > 1:
            final = measure(model, usual * len(models))
    except Exception as error:  # of the model's own code
        warn(f"the time of predictions is unknown: predict raised {type(error).__name__}: {error}")
        return {"final": math.nan, "single": math.nan}
    limit = problem.budget.predict_seconds_per_row
    if limit is not None and final > limit:
        warn(f"budget: the final model takes {final:.2g} s per row to predict, more than {limit:g}")
    return {"final": final, "single": single}
