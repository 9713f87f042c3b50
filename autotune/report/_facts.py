"""The facts of a report, before they are put into words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._budget import Budget, check_budget
from .._texts import short_repr
from ..history import COMPLETE, INTERRUPTED, RUNNING, TIMEOUT, Trial
from ..pictures import ImportancePicture, Scale, Search, read_search, read_study
from ..results import Cause, group_failures
from ..storage import StoredStudy
from ._space import Finding, best_trials, find, importance_of, varying


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
    """All that a report tells of a fitted estimator, or of a study in a storage file.

    Attributes
    ----------
    search : Search
    outcome : Outcome
    models : tuple of str
        The classes that were tried.
    chosen, untuned : str
        The class of the chosen model, and of the one whose own parameters it is compared with.
    params : dict
        The chosen configuration; empty where none was chosen.
    strategy : str
    budget : Budget
    statuses : dict of str to int
        How many trials have each status.
    seconds : float
        The time of the search and of the last fit.
    since_best : int
        How many complete trials came after the first that is as good as the best.
    findings : list of Finding
    causes : list of Cause
    importance : ImportancePicture or None
    scales : list of Scale
        The parameters that vary.
    predict_seconds : dict of str to float
        How long predictions take, where that was measured.
    model : estimator or None
        The tuned model, if there is one.
    study : StoredStudy or None
        What was read from a file, in which there is neither a model nor a budget.
    """

    search: Search
    outcome: Outcome
    models: tuple[str, ...]
    chosen: str
    untuned: str
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
    predict_seconds: dict[str, float] = field(default_factory=dict)
    model: Any = None
    study: StoredStudy | None = None

    @classmethod
    def of(cls, source: Any) -> Facts:
        """Read a fitted estimator, or a study in a storage file."""
        return cls._of_study(source) if isinstance(source, StoredStudy) else cls._of_fitted(source)

    @classmethod
    def _of_fitted(cls, tuned: Any) -> Facts:
        """Read a fitted estimator."""
        fitted, strategy = vars(tuned), tuned.strategy
        return cls._of_search(
            read_search(tuned),
            tuned,
            params=dict(fitted.get("best_params_", {})),
            strategy=strategy if isinstance(strategy, str) else short_repr(strategy),
            budget=check_budget(tuned.budget),
            refit_seconds=fitted.get("refit_time_", 0.0),
            predict_seconds=fitted.get("predict_seconds_per_row_", {}),
            model=fitted.get("best_estimator_"),
        )

    @classmethod
    def _of_study(cls, study: StoredStudy) -> Facts:
        """Read a study in a storage file."""
        search, description = read_study(study), study.description
        params = {} if search.winner is None else search.history[search.winner].params
        strategy = description.get("strategy", "").partition("(")[0].rpartition(".")[2]
        return cls._of_search(
            search,
            None,
            params=params,
            strategy=strategy,
            budget=Budget(),
            study=study,
        )

    @classmethod
    def _of_search(
        cls, search: Search, tuned: Any, *, budget: Budget, refit_seconds: float = 0.0, **known: Any
    ) -> Facts:
        """Add what a search says to what else is known; ``tuned`` is None for a study."""
        history = search.history
        importance, scales = importance_of(search), varying(search)
        models = tuple(dict.fromkeys(map(search.model_of, history))) or (search.model or "model",)
        chosen = models[0] if search.winner is None else search.model_of(history[search.winner])
        harmless = () if budget.seconds_per_trial else (TIMEOUT,)  # the budget's end, no failure
        ended = [e.ended for e in history.evaluations() if np.isfinite(e.ended)]
        return cls(
            search=search,
            models=models,
            chosen=chosen,
            untuned=chosen if search.default is None else search.model_of(search.default),
            outcome=Outcome.of(search),
            budget=budget,
            statuses=dict(Counter(trial.status for trial in history)),
            seconds=max(ended, default=0.0) + refit_seconds,
            since_best=_since_best(search),
            findings=find(tuned, search, scales, importance),
            causes=[cause for cause in group_failures(history) if cause.status not in harmless],
            importance=importance,
            scales=scales,
            **known,
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


def _since_best(search: Search) -> int:
    """Return how many complete trials came after the first that is as good as the chosen one."""
    best = np.flatnonzero(best_trials(search))
    if not len(best):
        return 0
    return sum(t.number > best[0] and t.status == COMPLETE for t in search.history)
