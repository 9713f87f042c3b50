"""Data that pictures read from a fitted estimator, or from a study in a storage file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._texts import model_name, short_repr
from ..ensembles import AveragedClassifier, AveragedRegressor
from ..evaluation import CHOSEN, Models
from ..history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    SEARCH,
    TIMEOUT,
    History,
    Trial,
)
from ..results import Metric, describe_metric, rank
from ..space import Space, span
from ..storage import StoredStudy

PRUNED, UNFINISHED = "pruned", "unfinished"
_STATES = {
    COMPLETE: COMPLETE,
    DROPPED: PRUNED,
    FAILED: FAILED,
    TIMEOUT: FAILED,
    CRASHED: FAILED,
    RUNNING: UNFINISHED,
    INTERRUPTED: UNFINISHED,
}
# What is farther below the best than so many times the distance of the third quartile is left
# out of a picture; what is important only where it is farther still.
_QUARTILE, _REACH, _FAR = 25, 3.0, 12.0


@dataclass(frozen=True)
class Search:
    """A search that has ended.

    Attributes
    ----------
    history : History
    space : Space
    metric : str
        The metric that is shown, by its name in the history.
    meaning : Metric
        Its name and direction.
    winner : int or None
        The number of the trial that was chosen, None if none was.
    expected : tuple of float
        The score to expect of the winner on new data and the ends of its interval; NaN where
        they are not known.
    bounded : bool
        Whether the ranges of ``space`` are those that were searched, and not only what was tried.
    model : str or None
        The class of what was tuned; None where each configuration names one of several.
    weights : dict of int to float
        The weight of each trial in the final model; empty unless it averages several trials.
    """

    history: History
    space: Space
    metric: str
    meaning: Metric
    winner: int | None = None
    expected: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    bounded: bool = True
    model: str | None = "model"
    weights: Mapping[int, float] = field(default_factory=dict)

    def model_of(self, trial: Trial) -> str:
        """Return the class of a trial's model."""
        chosen = trial.params.get(CHOSEN, "model") if self.model is None else self.model
        return chosen if isinstance(chosen, str) else model_name(chosen)

    @property
    def label(self) -> str:
        """The metric as an axis names it."""
        name = self.meaning.name or self.metric
        if self.meaning.sign < 0:
            return f"{name} (lower is better)"
        return self.metric if len(self.history.metrics) > 1 else name  # the user's name is exact

    def values(self, scores: Any) -> np.ndarray:
        """Return what people know in place of scores: losses, not their negatives."""
        scores = np.asarray(scores, dtype=float)
        return scores if self.meaning.sign > 0 else 0.0 - scores

    @property
    def default(self) -> Trial | None:
        """The trial of the model's own parameters, if it was tried."""
        return self.history.default

    def value_of_default(self, trials: Trials) -> float:
        """Return what the score of the model's own parameters means, NaN if it is not known."""
        return np.nan if self.default is None else float(trials.values[self.default.number])

    def trials(self) -> Trials:
        """Return what is known of each trial."""
        history = self.history
        partial, ended = _of_evaluations(history, self.metric)
        scores = np.array([history.score(trial, self.metric) for trial in history], dtype=float)
        scores[~np.isfinite(scores)] = np.nan
        return Trials(
            self.values(scores),
            self.values(partial),
            np.array([_STATES[trial.status] for trial in history], dtype=object),
            np.array([trial.eligible for trial in history], dtype=bool),
            ended,
            self.meaning.sign,
        )


@dataclass(frozen=True)
class Trials:
    """What is known of each trial, in the order of their numbers.

    Attributes
    ----------
    values : ndarray of shape (n_trials,)
        What the mean score over the folds means to people; NaN where there is none.
    partial : ndarray of shape (n_trials,)
        The same over those evaluations that there are, of the largest share of the rows.
    states : ndarray of str
        ``"complete"``, ``"pruned"``, ``"failed"`` (also timed out or crashed) or
        ``"unfinished"``.
    eligible : ndarray of bool
        Whether the trial may win.
    ended : ndarray of shape (n_trials,)
        Seconds since ``fit`` began, NaN where nothing was evaluated.
    sign : {1, -1}
        -1 where lower is better.
    """

    values: np.ndarray
    partial: np.ndarray
    states: np.ndarray
    eligible: np.ndarray
    ended: np.ndarray
    sign: int

    @property
    def shown(self) -> np.ndarray:
        """The mean over all folds or, where there is none, over what there is."""
        shown = np.where(np.isnan(self.values), self.partial, self.values)
        return np.where((self.states == FAILED) & np.isnan(self.values), np.nan, shown)

    @property
    def competes(self) -> np.ndarray:
        """Which trials have a score that may win."""
        known = np.isfinite(self.values)
        return known & self.eligible & (self.states != PRUNED) & (self.states != UNFINISHED)

    def limits(self, *important: float) -> tuple[float, float]:
        """Return between which values most of what is shown, and what is important, lies."""
        return robust_limits(self.shown, self.sign, important)


def robust_limits(
    values: np.ndarray, sign: int, important: Iterable[float] = ()
) -> tuple[float, float]:
    """Return limits that bad values far from the others do not stretch."""
    goodness = sign * values[np.isfinite(values)]
    kept = sign * np.array([value for value in important if np.isfinite(value)])
    if not len(goodness):
        goodness = kept if len(kept) else np.array([0.0])
    top = goodness.max()
    spread = top - np.percentile(goodness, _QUARTILE)
    lowest = goodness.min() if spread == 0 else max(goodness.min(), top - _REACH * spread)
    near = [one for one in kept if spread == 0 or one >= top - _FAR * spread]
    low, high = sorted((sign * min([lowest, *near]), sign * max([top, *near])))
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    return float(low - margin), float(high + margin)


def read_search(estimator: Any, metric: str | None = None) -> Search:
    """Return what a fitted estimator, or the last step of a Pipeline, knows of its search."""
    tuned = _tuned(estimator)
    history = tuned.history_
    if metric is not None and metric not in history.metrics:
        raise ValueError(f"metric must be one of {list(history.metrics)}; got {metric!r}")
    name = history.metric if metric is None else metric
    expected = (np.nan, np.nan, np.nan)
    if name == history.metric and "expected_score_" in vars(tuned):
        expected = (tuned.expected_score_, *tuned.expected_score_interval_)
    weights = vars(tuned).get("ensemble_weights_", {})
    return Search(
        history,
        tuned.space_,
        name,
        _meaning(tuned, name),
        vars(tuned).get("best_index_"),
        expected,
        model=_only_model(tuned),
        weights=weights if len(weights) > 1 else {},
    )


def read_study(study: StoredStudy) -> Search:
    """Return what a storage file knows of a search; its best trial stands for the winner."""
    history, measure = copy(study.history), study.description.get("measure", {})
    history.trials = [replace(trial, params=_name_model(trial.params)) for trial in history]
    ranks = rank(history, history.metric)
    able = [trial.number for trial in history if trial.eligible and trial.status == COMPLETE]
    winner = min(able, key=lambda number: (ranks[number], number), default=None)
    space = _written_space(study.description.get("space"))
    tried = [trial.params for trial in history if trial.eligible]
    models = study.description.get("models") or ["model"]
    return Search(
        history,
        span(tried) if space is None else space,
        history.metric,
        Metric(**measure),
        winner,
        bounded=space is not None,
        model=models[0] if len(models) == 1 else None,
    )


def _name_model(params: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with the class of a chosen model in place of its text."""
    text = params.get(CHOSEN)
    return params | {CHOSEN: _class_in(text)} if isinstance(text, str) else params


def _class_in(text: str) -> str:
    """Return the class that ``model_name`` finds, from the text of a model; or else the text."""
    try:
        call: Any = ast.parse(text, mode="eval").body
        while isinstance(call, ast.Call):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            name = ast.unparse(call.func).rpartition(".")[2]
            if name == "Pipeline":
                call = given["steps"].elts[-1].elts[1]  # type: ignore[attr-defined]
            elif isinstance(given.get("regressor"), ast.Call):
                call = given["regressor"]
            else:
                return name
    except (SyntaxError, ValueError, LookupError, AttributeError, MemoryError, RecursionError):
        pass  # cut, or no text that Python can read
    return text


def _written_space(text: Any) -> Space | None:
    """Return the space that a text says, None if some of its values are no literals."""
    try:
        return Space.parse(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _tuned(estimator: Any) -> Any:
    """Return the estimator that has searched."""
    steps = vars(estimator).get("steps") if hasattr(estimator, "__dict__") else None
    tuned = steps[-1][1] if steps else estimator
    if not hasattr(tuned, "__dict__") or not {"history_", "space_"} <= set(vars(tuned)):
        raise ValueError(
            "estimator must be an AutoTunedClassifier or AutoTunedRegressor that was fitted, or a "
            f"Pipeline that ends with one; got {short_repr(estimator)}"
        )
    return tuned


def _only_model(tuned: Any) -> str | None:
    """Return the class of the model that was tuned, None if it was one of several."""
    models = Models.of(tuned.estimator, tuned.space)
    if models.is_choice:
        return None
    model = vars(tuned).get("best_estimator_", models.only)
    is_average = isinstance(model, AveragedClassifier | AveragedRegressor)
    return model_name(model.estimators[0] if is_average else model)


def _meaning(tuned: Any, name: str) -> Metric:
    """Return what there is to know of a metric."""
    scorer = tuned.scorer_
    if isinstance(scorer, dict):
        scorer = scorer[name]
    model = vars(tuned).get("best_estimator_", tuned.estimator)
    return describe_metric(scorer, Models.of(model).members)


def _of_evaluations(history: History, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each trial's mean score at its largest fidelity, and when the search ended it."""
    found: list[list[tuple[float, float]]] = [[] for _ in history]
    ended = np.full(len(history), np.nan)
    for evaluation in history.evaluations():
        if evaluation.phase != SEARCH:
            continue
        number = evaluation.trial
        ended[number] = np.fmax(ended[number], evaluation.ended)
        score = evaluation.scores.get(metric, np.nan)
        if np.isfinite(score):
            found[number].append((evaluation.fidelity, score))
    means = np.full(len(history), np.nan)
    for number, pairs in enumerate(found):
        if pairs:
            largest = max(fidelity for fidelity, _ in pairs)
            with np.errstate(over="ignore"):  # huge scores
                means[number] = np.mean([score for fidelity, score in pairs if fidelity == largest])
    return means, ended
