"""The facts of a report, before they are put into words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._budget import Budget, check_budget
from .._texts import model_name, short_repr
from ..ensembles import AveragedClassifier, AveragedRegressor
from ..evaluation import CHOSEN, Models, is_built_in
from ..history import COMPLETE, INTERRUPTED, RUNNING, TIMEOUT, History, Trial
from ..pictures import ImportancePicture, Scale, Search, read_search
from ..results import Cause, group_failures
from ._space import Finding, find, importance_of, varying


@dataclass(frozen=True)
class Outcome:
    """How the chosen trial compares with the untuned model; scores as people know them.

    Attributes
    ----------
    tuned, untuned : float
        Mean scores over the folds; NaN where they are not known.
    gain : float
        By how much the tuned model is better; negative where it is worse.
    is_default : bool
        Whether the untuned model was chosen.
    expected, low, high : float
        What to expect on new data, and the ends of its interval.
    n_better, n_folds : int
        On how many of the folds that both were evaluated on the tuned model is better.
    """

    tuned: float
    untuned: float
    gain: float
    is_default: bool
    expected: float
    low: float
    high: float
    n_better: int
    n_folds: int

    @classmethod
    def of(cls, search: Search) -> Outcome:
        history, meaning = search.history, search.meaning
        winner = None if search.winner is None else history[search.winner]
        own, usual = (_fold_scores(search, trial) for trial in (winner, search.default))
        both = np.isfinite(own) & np.isfinite(usual)
        with np.errstate(invalid="ignore", over="ignore"):  # infinite and huge scores
            tuned, untuned = float(own.mean()), float(usual.mean())
            gain = tuned - untuned
        score, *interval = search.expected
        low, high = sorted(meaning.value(end) for end in interval)
        return cls(
            meaning.value(tuned),
            meaning.value(untuned),
            0.0 if np.isclose(tuned, untuned, rtol=1e-9, atol=0.0) else gain,
            winner is not None and winner is search.default,
            meaning.value(score),
            low,
            high,
            int((own > usual)[both].sum()),
            int(both.sum()),
        )


@dataclass(frozen=True)
class Facts:
    """All that a report tells of a fitted estimator.

    Attributes
    ----------
    search : Search
    outcome : Outcome
    models : tuple of str
        The classes that were tuned.
    chosen : str
        The class of the chosen model.
    params : dict
        The chosen configuration; empty where none was chosen.
    strategy : str
    budget : Budget
    statuses : dict of str to int
        How many trials have each status.
    seconds : float
        The time of the search and of the last fit.
    since_best : int
        How many trials ended after the best one.
    findings : list of Finding
    causes : list of Cause
    importance : ImportancePicture or None
    scales : list of Scale
        The parameters that vary.
    predict_seconds : dict of str to float
        How long predictions take, where that was measured.
    """

    search: Search
    outcome: Outcome
    models: tuple[str, ...]
    chosen: str
    params: dict[str, Any]
    strategy: str
    budget: Budget
    statuses: dict[str, int]
    seconds: float
    since_best: int
    findings: list[Finding]
    causes: list[Cause]
    importance: ImportancePicture | None
    scales: list[Scale]
    predict_seconds: dict[str, float]

    @classmethod
    def of(cls, tuned: Any) -> Facts:
        search = read_search(tuned)
        history, fitted = search.history, vars(tuned)
        models = Models.of(tuned.estimator)
        params = dict(fitted.get("best_params_", {}))
        chosen = _chosen_model(tuned, params)
        importance, scales = importance_of(search), varying(search)
        budget = check_budget(tuned.budget)
        harmless = () if budget.seconds_per_trial else (TIMEOUT,)  # the budget's end, no failure
        ended = [e.ended for e in history.evaluations() if np.isfinite(e.ended)]
        tried = [trial.params[CHOSEN] for trial in history if CHOSEN in trial.params]
        members = tried if is_built_in(tuned.estimator) else models.members
        names = tuple(dict.fromkeys(map(model_name, members)))
        return cls(
            search,
            Outcome.of(search),
            names or (model_name(chosen),),
            model_name(chosen),
            params,
            tuned.strategy if isinstance(tuned.strategy, str) else short_repr(tuned.strategy),
            budget,
            dict(Counter(trial.status for trial in history)),
            max(ended, default=0.0) + fitted.get("refit_time_", 0.0),
            _since_best(search, history),
            find(tuned, search, scales, importance),
            [cause for cause in group_failures(history) if cause.status not in harmless],
            importance,
            scales,
            fitted.get("predict_seconds_per_row_", {}),
        )

    @property
    def n_ended(self) -> int:
        """How many trials have ended before the budget did."""
        cut = self.statuses.get(RUNNING, 0) + self.statuses.get(INTERRUPTED, 0)
        return len(self.search.history) - cut


def _fold_scores(search: Search, trial: Trial | None) -> np.ndarray:
    """Return a trial's scores on the compared folds, NaN if there is no trial."""
    if trial is None:
        return np.full(len(search.history.compared_folds), np.nan)
    return search.history.compared_scores(trial, search.metric)


def _since_best(search: Search, history: History) -> int:
    """Return how many complete trials came after the chosen one."""
    if search.winner is None:
        return 0
    return sum(t.number > search.winner and t.status == COMPLETE for t in history)


def _chosen_model(tuned: Any, params: dict[str, Any]) -> Any:
    """Return the chosen one of several models, the only one, or the default model."""
    if CHOSEN in params or isinstance(tuned.estimator, list):
        return params.get(CHOSEN, Models.of(tuned.estimator).first)
    best = vars(tuned).get("best_estimator_", Models.of(tuned.estimator).first)
    return best.estimators[0] if isinstance(best, AveragedClassifier | AveragedRegressor) else best
