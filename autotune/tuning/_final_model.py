"""The final model: the winner on all rows, the average of its fold models, or an ensemble."""

from __future__ import annotations

import builtins
import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn.exceptions

from .._texts import warn
from ..ensembles import AveragedClassifier, AveragedRegressor
from ..evaluation import Job, build, final_params
from ..history import COMPLETE, DROPPED, FULL, History, Key, Trial, derive_seed
from ..timing import MARGIN, LastFitTime, longest_fit, validation_rows
from ._ensemble import Selection, choose_ensemble
from ._fitter import Fitter, repeat_warnings
from ._kept import FoldResults, compared_keys
from ._problem import TRIALS, Problem
from ._runtime import Runtime
from ._search import SearchResult
from ._speed import PredictionTime
from ._winner import LastFit, Winner, refit_winner


def make_final_model(
    problem: Problem, result: SearchResult, winner: Winner, runtime: Runtime
) -> LastFit:
    """Return the model that is used from now on, as ``final_model`` says.

    Raises
    ------
    Exception
        Whatever the model's ``fit`` raises; TimeoutError if no fit ended in time.
    """
    if problem.final_model == "refit":
        return refit_winner(problem, result, winner, runtime)
    average = _average(problem, result, winner, runtime)
    return _refit(problem, result, winner, runtime) if average is None else average


def _average(
    problem: Problem, result: SearchResult, winner: Winner, runtime: Runtime
) -> LastFit | None:
    """Return an average of models, or None if the winner is to be fitted on all rows."""
    start, history = runtime.clock.elapsed(), result.history
    if winner.trial.status != COMPLETE:  # the default, where nothing else is known
        return None
    if not problem.averages(history):
        return None
    if history.share < FULL:
        if problem.asks_for_average:
            _warn_of_share(problem, history)
        return None
    folds = FoldFits(problem, result, runtime)
    speed = PredictionTime(problem, history, runtime.kept)
    chosen = Selection({winner.trial.number: 1.0})
    if problem.final_model == "ensemble":
        chosen = choose_ensemble(
            problem, history, winner.trial, folds.predictions, speed, runtime.clock
        )
        if not chosen.is_average and runtime.clock.seconds is None:
            return None
    weights = speed.leave_out(chosen.weights, len(history.compared_folds))
    refits = len(weights) < len(chosen.weights) and folds.can_refit(chosen.weights)
    if refits:
        weights = speed.leave_out(chosen.weights, 1)
    if not weights or (refits and len(weights) == 1):
        _warn_of_slow_average(problem, winner.trial)
        return None
    averaged, weights = folds.average(replace(chosen, weights=weights), refits=refits)
    if averaged is None:
        _warn_of_refit(problem, winner.trial)
        return None
    runtime.callbacks.pass_over(runtime.callbacks.begin_refit())
    if not refits:
        repeat_warnings(_noted_warnings(history, list(weights)))
    if len(weights) == len(chosen.weights):
        winner = winner.with_gain(chosen.gain, problem.metric)
    return LastFit(winner, averaged, runtime.clock.elapsed() - start, weights)


def _refit(problem: Problem, result: SearchResult, winner: Winner, runtime: Runtime) -> LastFit:
    """Fit the winner on all rows, which then has all the weight."""
    last_fit = refit_winner(problem, result, winner, runtime)
    return replace(last_fit, weights={last_fit.winner.trial.number: 1.0})


class FoldFits:
    """Models and predictions of folds: those that were kept, or else fitted again.

    Parameters
    ----------
    problem : Problem
    result : SearchResult
    runtime : Runtime
    """

    def __init__(self, problem: Problem, result: SearchResult, runtime: Runtime):
        assert runtime.kept is not None
        self._problem = problem
        self._history = result.history
        self._task = runtime.task
        self._clock = runtime.clock
        self._kept: FoldResults = runtime.kept
        self._time = LastFitTime(runtime.task, runtime.clock, result.subsample)
        self._fitter = Fitter(
            runtime.task,
            runtime.executor,
            runtime.clock,
            problem.seed_for(TRIALS),
            lost=result.lost,
        )

    def average(self, chosen: Selection, *, refits: bool) -> tuple[Any, dict[int, float]]:
        """Return the weighted average of the fold models of trials, and the weights.

        With ``refits`` each trial has one model instead, fitted on all rows. Trials of which no
        model can be had are left out; without any, there is no average.
        """
        weights, models_of = chosen.weights, self._refitted if refits else self._models
        found = {number: models_of(self._history[number]) for number in weights}
        found = {number: models for number, models in found.items() if models}
        if not found:
            return None, {}
        if len(found) < len(weights):
            total = sum(weights[number] for number in found)
            weights = {number: weights[number] / total for number in found}
        is_ensemble = self._problem.final_model == "ensemble"
        whole = self._on_all_rows(weights) if is_ensemble and not refits else {}
        estimators = [self._unfitted(self._history[number]) for number in found]
        settings: dict[str, Any] = {"cv": False if refits else _reusable(self._problem)}
        if whole:
            settings["refit"] = [number in whole for number in found]
        averaged: AveragedClassifier | AveragedRegressor
        if self._problem.classifier:
            settings |= {"powers": chosen.powers_of(found), "power": chosen.power}
            averaged = AveragedClassifier(estimators, list(weights.values()), **settings)
        else:
            averaged = AveragedRegressor(estimators, list(weights.values()), **settings)
        return averaged.take([(found[number], whole.get(number, [])) for number in found]), weights

    def predictions(self, trial: Trial) -> list[tuple[np.ndarray, np.ndarray]] | None:
        """Return validation rows and predictions of each fold, None unless all are available.

        A trial that was dropped is fitted on all folds if that takes half of the seconds left.
        """
        found, keys = [], compared_keys(self._history)
        if trial.status == DROPPED:
            seconds = len(keys) * longest_fit(trial, self._history.share)
            if MARGIN * seconds > self._clock.left_for_refit() / 2:
                return None
        for key in keys:
            known = self._kept.predictions(trial, key)
            if known is None:
                self._fit(trial, key)
                known = self._kept.predictions(trial, key)
            if known is None:
                return None
            found.append(known)
        return found

    def can_refit(self, weights: dict[int, float]) -> bool:
        """Return whether there is time to fit each of some trials on all rows."""
        if len(weights) == 1 or self._clock.seconds is None:
            return len(weights) > 1
        need = sum(self._time.need(self._history[number], FULL) for number in weights)
        return need <= self._time.left()

    def _refitted(self, trial: Trial) -> list[Any]:
        """Return the model of a trial that is fitted on all rows, none if that fails."""
        try:
            return [self._fit_on_all_rows(trial)]
        except Exception as error:  # of the model's own code, or too late
            _warn_of_failed_fit(trial, "is left out", error)
            return []

    def _on_all_rows(self, weights: dict[int, float]) -> dict[int, list[Any]]:
        """Return the models of trials on all rows, those for which there is time.

        The largest weights come first.
        """
        found: dict[int, list[Any]] = {}
        if self._problem.budget.predict_seconds_per_row is not None:
            return found
        for number in sorted(weights, key=lambda number: -weights[number]):
            trial = self._history[number]
            if self._time.need(trial, FULL) > self._time.left():
                continue
            try:
                found[number] = [self._fit_on_all_rows(trial)]
            except TimeoutError:
                pass  # as if there had been no time
            except Exception as error:  # of the model's own code
                _warn_of_failed_fit(trial, "has only its fold models", error)
        return found

    def _fit_on_all_rows(self, trial: Trial) -> Any:
        """Fit a trial on all rows within the seconds left."""
        seconds = None if self._clock.seconds is None else self._time.left()
        return self._fitter.fit(trial, seconds, FULL, self._time.need(trial, FULL)).model

    def _models(self, trial: Trial) -> list[Any]:
        """Return the models of a trial's folds that are available in time."""
        keys = compared_keys(self._history)
        models = [self._kept.model(trial, key) for key in keys]
        models = [
            self._fit(trial, key) if model is None else model
            for key, model in zip(keys, models, strict=True)
        ]
        found = [model for model in models if model is not None]
        if 0 < len(found) < len(keys):
            warn(
                f"final_model: only {len(found)} of {len(keys)} fold models of trial "
                f"{trial.number} are averaged; the others were not kept and could not be fitted "
                "again",
            )
        return found

    def _fit(self, trial: Trial, key: Key) -> Any:
        """Fit a fold of a trial again and return the model, None if there is not enough time."""
        earlier, left = trial.evaluations.get(key), self._clock.left_for_refit()
        usual = longest_fit(trial, key.fidelity) if trial.status == DROPPED else math.inf
        need = usual if earlier is None else earlier.whole_seconds
        if need > left:
            return None
        job = Job(
            trial.number,
            fold=key.fold,
            fidelity=key.fidelity,
            phase=key.phase,
            params=trial.params,
            seed=self._seed(trial),
            seconds=None if math.isinf(left) else left,
            n_test=validation_rows(self._history.share),
            keep=True,
        )
        outcome = self._fitter.run(job, need)
        if outcome.kept is not None and outcome.kept.model is None and outcome.model is None:
            outcome = self._task.run(job)  # the model could not leave the worker
        if outcome.kept is None:
            return None
        self._kept.add(trial.number, key, outcome.kept)
        content = outcome.kept.model
        return outcome.model if content is None else pickle.loads(content)

    def _unfitted(self, trial: Trial) -> Any:
        """Return the unfitted model of a trial, to be fitted on folds."""
        estimator = self._problem.candidates.estimator
        return build(estimator, final_params(estimator, trial, 1.0), self._seed(trial))

    def _seed(self, trial: Trial) -> int:
        """Return the seed of a trial's model."""
        return derive_seed(self._problem.seed_for(TRIALS), trial.number)


def _reusable(problem: Problem) -> Any:
    """Return the parameter ``cv``, or the number of folds for an iterator that is used up."""
    cv = problem.cv
    is_iterator = hasattr(cv, "__next__") and not hasattr(cv, "split")
    return len(problem.folds) if is_iterator else cv


def _warn_of_failed_fit(trial: Trial, otherwise: str, error: Exception) -> None:
    """Warn that a trial could not be fitted on all rows, and what follows."""
    warn(
        f"final_model='ensemble': trial {trial.number} {otherwise}, because it could not be fitted "
        f"on all rows ({type(error).__name__}: {error})",
    )


def _warn_of_refit(problem: Problem, trial: Trial) -> None:
    """Warn that there is nothing to average."""
    warn(
        f"final_model={problem.final_model!r}: there is no fold model of trial {trial.number}: it "
        "is fitted on all rows instead",
    )


def _warn_of_slow_average(problem: Problem, trial: Trial) -> None:
    """Warn that an average would predict too slowly."""
    warn(
        f"budget: an average of models would take more than "
        f"{problem.budget.predict_seconds_per_row:g} s per row to predict: trial {trial.number} is "
        "fitted on all rows instead",
    )


def _noted_warnings(history: History, numbers: list[int]) -> list[tuple[type[Warning], str]]:
    """Return the warnings of the fits of trials, since no last fit will repeat them."""
    keys = compared_keys(history)
    evaluations = [history[number].evaluations.get(key) for number in numbers for key in keys]
    texts = dict.fromkeys(text for e in evaluations if e is not None for text in e.warnings)
    noted = [text.partition(": ") for text in texts]
    return [(_category(name), message) for name, _, message in noted]


def _category(name: str) -> type[Warning]:
    """Return a warning category of Python or scikit-learn by its name, or else UserWarning."""
    for module in (builtins, sklearn.exceptions):
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, Warning):
            return found
    return UserWarning


def _warn_of_share(problem: Problem, history: History) -> None:
    """Warn that fold models, which were fitted on fewer rows, are not averaged."""
    warn(
        f"budget: {problem.budget.seconds:g} s are too few to search on all rows. The fold models "
        f"were fitted on {history.share:.0%} of them, so final_model={problem.final_model!r} is "
        "replaced by 'refit'. Allow more seconds",
    )
