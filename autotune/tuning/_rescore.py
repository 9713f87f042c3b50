"""Other metrics of trials, computed from predictions that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._texts import headline, warn
from ..compat import slice_params, to_numpy
from ..ensembles import MOST_BYTES
from ..evaluation import Kept, Outcome, note_scores
from ..history import DROPPED, Evaluation, History
from ..results import cv_results
from ._kept import FoldResults, compared_keys
from ._known import Rows, known_model
from ._problem import Problem
from ._scoring import Scoring, make_scoring, route_to_scorers


@dataclass(frozen=True, eq=False)
class Rescorer:
    """Computes other metrics of the trials of a ``fit``.

    Attributes
    ----------
    history : History
    kept : FoldResults
        With the predictions.
    y : ndarray
        The target.
    metadata : dict
        The other arguments of ``fit``.
    """

    history: History
    kept: FoldResults
    y: np.ndarray
    metadata: dict[str, Any]

    @classmethod
    def of(cls, problem: Problem, history: History, kept: FoldResults) -> Rescorer:
        """Return a rescorer for a ``fit`` that has ended."""
        # A copy, because the caller may change the target.
        y = np.array(to_numpy(problem.y) if problem.labels is None else problem.labels)
        return cls(history, kept, y, problem.routed.given)

    def rescore(self, owner: Any, estimator: Any, scoring: Any) -> dict[str, Any]:
        """Return the scores of all trials in the layout of ``cv_results_``.

        Raises
        ------
        TypeError, ValueError
            If ``scoring`` is invalid, or a metric cannot be computed from any predictions.
        """
        if scoring is None:
            raise TypeError(
                "scoring must be a name, a callable, a list, a tuple or a dict; got None"
            )
        scorers = make_scoring(
            estimator, [scoring] if isinstance(scoring, str) else scoring, refit=False
        )
        params = route_to_scorers(owner, scorers, self.metadata)
        rescored, keys = self._copy(scorers), compared_keys(self.history)
        known, n_missing = [], 0
        for trial in self.history:
            # What an ensemble has added to a dropped trial are no evaluations of the search.
            is_known = trial.status != DROPPED
            folds = {key: self.kept.responses(trial, key) if is_known else None for key in keys}
            n_missing += None in folds.values()
            for key, kept in folds.items():
                if kept is not None:
                    known.append(self._score(trial.evaluations[key], kept, scorers, params))
                    rescored.record(known[-1])
        if n_missing:
            warn(
                f"rescore: {n_missing} of {len(self.history)} trials have no scores, because their "
                "predictions were not kept: only those of complete trials are, of fits with "
                f"keep_predictions=True, up to {MOST_BYTES // 10**6} MB",
            )
        _check_any(known, rescored.metrics)
        return cv_results(rescored)

    def _copy(self, scoring: Scoring) -> History:
        """Return a history of the same trials without evaluations."""
        old, names = self.history, scoring.named
        new = History(old.n_folds, metrics=None if names is None else tuple(names))
        new.share, new.compared_folds = old.share, old.compared_folds
        new.trials.extend(replace(trial, evaluations={}) for trial in old)
        return new

    def _score(
        self, evaluation: Evaluation, kept: Kept, scoring: Scoring, params: dict[str, Any]
    ) -> Evaluation:
        """Return an evaluation with its scores by other metrics, those that can be computed."""
        outcome = Outcome(replace(evaluation, scores={}, train_scores={}, error=None))
        rows = kept.rows
        model = known_model(kept.responses, self.kept.classes)
        cut = slice_params(Rows(np.arange(len(self.y))), params, rows)
        try:
            scores = scoring.scorer(model, Rows(np.arange(len(rows))), self.y[rows], **cut)
            note_scores(outcome, scores, outcome.evaluation.scores, "")
        except Exception as error:  # of the scorer's own code
            message = f"{type(error).__name__}: {error}"
            outcome.evaluation.error = message.replace(type(model).__name__, "the model")
        return outcome.evaluation


def _check_any(known: list[Evaluation], metrics: Sequence[str]) -> None:
    """Raise an error if no predictions give a metric; warn if only some do."""
    if not known:
        raise ValueError("rescore: no trial is left whose predictions were kept")
    for metric in metrics:
        failed = [evaluation for evaluation in known if metric not in evaluation.scores]
        if not failed:
            continue
        error = headline(failed[0].error or "it was not returned")
        if len(failed) == len(known):
            raise ValueError(f"{metric!r} cannot be computed from kept predictions: {error}")
        warn(f"rescore: {metric!r} of {len(failed)} of {len(known)} evaluations is NaN: {error}")
