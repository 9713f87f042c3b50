"""The fitted attributes; they are set only here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..compat import num_samples
from ..history import History
from ..storage import Journal
from ..tuning import (
    FoldResults,
    PredictionTime,
    Problem,
    Rescorer,
    Runtime,
    SearchResult,
    Study,
    Winner,
    choose_winner,
    conclude,
    make_final_model,
    make_fold_results,
    measure_final_model,
    out_of_fold,
)


class FittedMixin:
    """Sets the fitted attributes of ``fit`` and ``finish``."""

    keep_predictions: bool
    refit: Any
    warm_start: bool
    _rescorer: Rescorer | None  # computes other metrics from kept predictions
    _fold_results: FoldResults | None  # what is kept of folds, for a fit that goes on

    def _last_fit(self) -> Any:
        """Return the state of the last fit, or None if this one must not continue it."""
        fitted = self.__dict__
        return (fitted.get("_study"), fitted.get("history_")) if self.warm_start else None

    @contextmanager
    def _resumable(self, study: Study) -> Iterator[None]:
        """Discard an earlier fit, and keep the state that `finish` and another fit need.

        It is kept however the fit ends; the history is available while it is filled.
        """
        for name in [name for name in vars(self) if name.endswith("_") and name[0] != "_"]:
            delattr(self, name)
        self._rescorer = None
        self.history_ = study.history
        try:
            yield
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(study.how_to_go_on())
            raise
        finally:
            self._study = study.kept

    def _end(self, problem: Problem, result: SearchResult, runtime: Runtime) -> None:
        """Conclude a search, and carry out the last fit.

        The results of the search are set first, because the last fit may fail.
        """
        conclusion = conclude(problem, result)
        self.multimetric_ = conclusion.multimetric
        self.scorer_ = conclusion.scorer
        self.n_splits_ = conclusion.n_splits
        self.cv_results_ = conclusion.cv_results
        self.space_ = conclusion.space
        if conclusion.default_score is not None:
            self.default_score_ = conclusion.default_score
        if self.keep_predictions and runtime.kept is not None:
            self._rescorer = Rescorer.of(problem, result.history, runtime.kept)
        winner = choose_winner(problem, result, conclusion, runtime.kept)
        if winner is not None:
            self._set_winner(winner)
            if self.refit is not False:
                self._set_final_model(problem, result, winner, runtime)
            self._set_predictions(problem, result, runtime)

    @contextmanager
    def _keeping(
        self, problem: Problem, history: History, journal: Journal | None, goes_on: bool
    ) -> Iterator[FoldResults | None]:
        """Yield what is kept of folds; predictions stay for a ``fit`` that continues this one."""
        earlier = self.__dict__.get("_fold_results") if goes_on else None
        kept = make_fold_results(problem, history, journal, earlier)
        self._fold_results = kept if self.keep_predictions else None
        try:
            yield kept
        finally:
            if kept is not None:
                kept.close()

    def _set_final_model(
        self, problem: Problem, result: SearchResult, winner: Winner, runtime: Runtime
    ) -> None:
        """Make the final model, and set the attributes that describe it."""
        last_fit = make_final_model(problem, result, winner, runtime)
        self._set_winner(last_fit.winner)
        if problem.final_model == "ensemble":
            self.ensemble_weights_ = last_fit.weights
        self.refit_time_ = last_fit.seconds
        self.best_estimator_ = last_fit.model
        limited = problem.budget.predict_seconds_per_row is not None
        if problem.final_model != "refit" or limited:
            speed = PredictionTime(problem, result.history, runtime.kept)
            numbers = last_fit.weights or [last_fit.winner.trial.number]
            expected = [speed.of(result.history[number]) for number in numbers]
            self.predict_seconds_per_row_ = measure_final_model(
                problem, last_fit.model, expected, runtime.clock
            )
        if hasattr(last_fit.model, "feature_names_in_"):
            self.feature_names_in_ = last_fit.model.feature_names_in_

    def _set_predictions(self, problem: Problem, result: SearchResult, runtime: Runtime) -> None:
        """Set the winner's predictions, if they are asked for and there are any."""
        if self.keep_predictions:
            trial, n_rows = result.history[self.best_index_], num_samples(problem.X)
            predictions = out_of_fold(runtime.kept, result.history, trial, n_rows)
            if predictions is not None:
                self.oof_predictions_ = predictions

    def _set_winner(self, winner: Winner) -> None:
        """Set the attributes of the winner, without a score if a callable ``refit`` decided."""
        self.best_index_ = winner.trial.number
        self.best_params_ = dict(winner.params)
        if winner.expected is not None:
            self.best_score_ = winner.score
            self.expected_score_, self.expected_score_interval_ = winner.expected
