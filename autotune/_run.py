"""One ``fit``: from the parameters and the data to the fitted attributes."""

from __future__ import annotations

import math
import time
import warnings
from collections import Counter
from typing import Any

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from ._budget import Clock, check_budget
from ._callbacks import Callbacks
from ._candidates import make_candidates
from ._compat import propagate_callbacks
from ._display import Progress
from ._history import COMPLETE, Evaluation, History, Trial
from ._results import cv_results
from ._scoring import check_refit, make_scoring, route
from ._seeds import derive_seed
from ._selection import select
from ._tuner import Listener, Tuner
from ._validation import check_data, check_folds, check_model, check_settings
from .defaults import default_model
from .execution import Task, build, make_executor
from .strategies import check_strategy

_SEARCH, _TRIALS = 0, 1  # what a seed is derived for


class Run:
    """Carries out one ``fit`` of ``owner``, and writes the result to its attributes.

    Parameters
    ----------
    owner : AutoTunedClassifier or AutoTunedRegressor
    X, y, params
        What ``fit`` was given.
    """

    def __init__(self, owner: Any, X: Any, y: Any, params: dict[str, Any]):
        self.owner = owner
        budget = self.budget = check_budget(owner.budget)
        self.clock = Clock(budget.seconds)
        self.strategy = check_strategy(owner.strategy)
        check_settings(owner)
        classifier = owner._classifier
        for name, model in owner._models().items():
            check_model(name, model, classifier=classifier)
        self.scoring = make_scoring(owner._template(), owner.scoring, owner.refit)

        self.X, self.y = check_data(X, y, owner)
        model, prefix = self._model()
        self.candidates = make_candidates(model, owner.space, prefix)
        self.routed = route(owner, owner._models(), self.scoring, params)
        self.folds = check_folds(owner.cv, self.X, self.y, self.routed.split, classifier=classifier)
        self.seed = int(check_random_state(owner.random_state).randint(2**31))
        self.error_score = np.nan if owner.error_score == "raise" else float(owner.error_score)
        self.history = History(len(self.folds), self.scoring.metric, self.error_score)

    def _model(self) -> tuple[Any, str]:
        """Return the model that is tuned, and the prefix of its parameters."""
        if self.owner.estimator is not None:
            return self.owner.estimator, ""
        model = default_model(self.X, classifier=self.owner._classifier)
        return model, "model__" if hasattr(model, "steps") else ""

    def execute(self) -> None:
        """Search, choose, refit, and set the fitted attributes."""
        owner = self.owner
        budget, space = self.budget, self.candidates.space
        n_trials = self.strategy.n_trials(space, budget)
        searcher = self.strategy.searcher(space, derive_seed(self.seed, _SEARCH), budget)
        callbacks = self._callbacks(n_trials)
        task = Task(
            self.candidates.estimator,
            self.X,
            self.y,
            self.folds,
            self.scoring.scorer,
            self.routed.fit,
            self.routed.score,
            owner.return_train_score,
            owner if callbacks.active else None,
        )
        progress = Progress(owner.verbose, n_trials, self.clock) if owner.verbose else None
        reserve = _Reserve(task) if owner.refit is not False else None
        listeners = [callbacks, _MetricCheck(owner.refit, self.scoring), progress, reserve]
        for name in [name for name in vars(owner) if name.endswith("_") and name[0] != "_"]:
            delattr(owner, name)  # of an earlier fit
        try:
            with make_executor(task, owner.n_jobs) as executor:
                Tuner(
                    searcher=searcher,
                    scheduler=self.strategy.scheduler(len(self.folds)),
                    executor=executor,
                    history=self.history,
                    clock=self.clock,
                    reserve=reserve or (lambda history: 0.0),
                    n_trials=n_trials,
                    seed=derive_seed(self.seed, _TRIALS),
                    defaults=self.candidates.defaults if owner.include_default else (),
                    listeners=[listener for listener in listeners if listener is not None],
                    raise_errors=owner.error_score == "raise",
                ).run()
        finally:
            owner.history_ = self.history
            if progress is not None:
                progress.close()
        callbacks.end_search()
        best = self._conclude()
        if owner.refit is not False:
            self._refit(task, best, callbacks)
        callbacks.end()

    def _callbacks(self, n_trials: int | None) -> Callbacks:
        """Return what tells the owner's callbacks."""
        weights = self.routed.fit.get("sample_weight")
        return Callbacks(
            self.owner,
            self.X,
            self.y,
            None if weights is None else {"sample_weight": weights},
            self.owner.refit is not False,
            None if n_trials is None else n_trials * len(self.folds),
        )

    def _conclude(self) -> Trial:
        """Set the attributes that tell of the search; return the winner."""
        owner, history = self.owner, self.history
        _check_any_success(history)
        _warn_of_failures(history)
        results = cv_results(history, train_scores=owner.return_train_score)
        named = self.scoring.named
        metrics = history.metrics
        owner.multimetric_ = named is not None or metrics != ("score",)
        owner.scorer_ = self.scoring.scorer if named is None else named
        owner.n_splits_ = len(self.folds)
        owner.cv_results_ = results
        owner.space_ = self.candidates.space
        if owner.include_default:
            owner.default_score_ = history.score(history[0])
        best = history[0]
        if owner.refit is not False or not owner.multimetric_:
            index = select(owner.refit, results, history.metric)
            best = history[index]
            owner.best_index_ = index
            owner.best_params_ = dict(best.params)
            if not callable(owner.refit):
                owner.best_score_ = float(results[f"mean_test_{history.metric}"][index])
        return best

    def _refit(self, task: Task, best: Trial, callbacks: Callbacks) -> None:
        """Fit the winner on all rows."""
        owner = self.owner
        seed = derive_seed(derive_seed(self.seed, _TRIALS), best.number)
        model = build(task.estimator, best.params, seed)
        context = callbacks.begin_refit()
        event = callbacks.event
        start = time.perf_counter()
        with propagate_callbacks(context, model):
            if context is not None:
                context.call_on_fit_task_begin(**event)
            if self.y is None:
                model.fit(self.X, **self.routed.fit)
            else:
                model.fit(self.X, self.y, **self.routed.fit)
        owner.refit_time_ = time.perf_counter() - start
        owner.best_estimator_ = model
        if context is not None:
            context.call_on_fit_task_end(**event)
        if hasattr(model, "feature_names_in_"):
            owner.feature_names_in_ = model.feature_names_in_


class _MetricCheck(Listener):
    """Checks ``refit`` as soon as a callable has told the names of its metrics."""

    def __init__(self, refit: Any, scoring: Any):
        self._refit = refit
        self._done = scoring.named is not None or not callable(scoring.scorer)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        if not self._done and evaluation.status == COMPLETE:
            self._done = True
            if tuple(evaluation.scores) != ("score",):
                check_refit(self._refit, evaluation.scores)


class _Reserve(Listener):
    """Predicts the seconds that the refit will take.

    The winner's longest fit, scaled by the square of the growth in rows: kernel methods grow
    like that or faster, most others more slowly.
    """

    def __init__(self, task: Task):
        n_train = np.mean([len(train) for train, _ in task.folds])
        self._growth = 1.1 * (_num_samples(task.X) / n_train) ** 2
        self._best = -math.inf
        self._seconds = 0.0

    def __call__(self, history: History) -> float:
        return self._seconds

    def ended(self, trial: Trial, history: History) -> None:
        score = history.score(trial)
        if trial.eligible and trial.status == COMPLETE and score > self._best:
            longest = max(e.fit_time for e in trial.evaluations.values())
            self._best, self._seconds = score, self._growth * longest


def _check_any_success(history: History) -> None:
    """Raise, with the first error, if no trial has a score."""
    if any(trial.status == COMPLETE for trial in history):
        return
    errors = [trial.error for trial in history if trial.error]
    if not errors:
        raise ValueError(
            "no trial ended within the budget, so there is nothing to choose from: "
            "allow more seconds, or fewer folds (cv)"
        )
    # Data of a wrong type make every evaluation raise TypeError: then fit does so too.
    kinds = {_last_line(e.error).split(":")[0] for e in history.evaluations() if e.error}
    raise (TypeError if kinds == {"TypeError"} else ValueError)(
        f"all of the {len(history)} trials failed, so there is nothing to choose from. "
        f"The first error was:\n{errors[0]}"
    )


def _warn_of_failures(history: History) -> None:
    """Say once how many trials failed, and what most of them met."""
    failed = [trial for trial in history if trial.status not in (COMPLETE, "interrupted")]
    if not failed:
        return
    last_lines = Counter(_last_line(t.error or t.status) for t in failed)
    message, count = last_lines.most_common(1)[0]
    warnings.warn(
        f"{len(failed)} of {len(history)} trials failed and cannot win; {count} of them with: "
        f"{message} (every error is in cv_results_['error'])",
        FitFailedWarning,
        stacklevel=5,
    )


def _last_line(error: str) -> str:
    """Return the line of a traceback that names the exception."""
    return error.strip().splitlines()[-1]
