"""The winner: its selection, its expected score, and its fit on all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..evaluation import final_params, train_share
from ..history import History, Trial
from ..results import Metric, clip, default_may_match, expect, select
from ._comparison import make_comparison
from ._conclusion import Conclusion
from ._kept import FoldResults
from ._last_fit import Refit
from ._problem import TRIALS, Problem
from ._runtime import Runtime
from ._search import SearchResult
from ._speed import PredictionTime


@dataclass(frozen=True, eq=False)
class Winner:
    """The winning trial.

    Attributes
    ----------
    trial : Trial
    params : dict
        Its configuration, with the iterations that its folds have found.
    score : float
        Its mean score over the folds.
    expected : tuple of (float, (float, float)) or None
        Its expected score on new data, with an interval; None if it was chosen by a callable
        ``refit``.
    """

    trial: Trial
    params: dict[str, Any]
    score: float
    expected: tuple[float, tuple[float, float]] | None

    def with_gain(self, gain: float, metric: Metric) -> Winner:
        """Return the winner with a score on new data that is better by a gain.

        Its interval stays as wide, since it depends on the rows, which are the same.
        """
        if self.expected is None:
            return self
        score, interval = self.expected
        low, high = (end + gain for end in interval)
        return replace(self, expected=(score + gain, clip((low, high), metric)))


@dataclass(frozen=True, eq=False)
class LastFit:
    """The outcome of the last fit.

    Attributes
    ----------
    winner : Winner
        It differs from the chosen one if that took too long to fit.
    model : estimator
    seconds : float
    weights : dict of int to float, or None
        What each trial counts in an ensemble; None where one trial's model was asked for.
    """

    winner: Winner
    model: Any
    seconds: float
    weights: dict[int, float] | None = None


def choose_winner(
    problem: Problem, result: SearchResult, conclusion: Conclusion, kept: FoldResults | None = None
) -> Winner | None:
    """Return the winner, or None if no metric decides among several."""
    history, refit = result.history, problem.refit
    if refit is False and conclusion.multimetric:
        return None
    if conclusion.fallback is not None:
        return _describe(problem, history, conclusion.fallback)
    champion = None if conclusion.is_cut_short else make_comparison(problem, history).winner()
    if champion is None:
        champion = history[select(refit, conclusion.cv_results, history)]
    if not callable(refit):
        champion = _on_all_rows(champion, result)
        champion = PredictionTime(problem, history, kept).fast_enough(champion)
    return _describe(problem, history, champion)


def refit_winner(
    problem: Problem, result: SearchResult, winner: Winner, runtime: Runtime
) -> LastFit:
    """Fit the winner on all rows, or another trial if that takes too long.

    Raises
    ------
    Exception
        Whatever the model's ``fit`` raises; TimeoutError if no fit ended in time.
    """
    first = result.first
    context = runtime.callbacks.begin_refit()
    refit = Refit(
        runtime.task,
        runtime.executor,
        runtime.clock,
        problem.seed_for(TRIALS),
        context,
        result.subsample,
        divisible=not problem.pairwise,
        lost=result.lost,
        first=first,
    )
    trial, model, seconds = refit.run(winner.trial, result.history)
    if first is not None and first.fitted is not None and model is first.fitted.model:
        runtime.callbacks.pass_over(context)  # it was fitted before the search
        winner = replace(_describe(problem, result.history, trial), params=trial.params)
    elif trial is not winner.trial:
        winner = _describe(problem, result.history, trial)
    return LastFit(winner, model, seconds)


def _on_all_rows(winner: Trial, result: SearchResult) -> Trial:
    """Return the default instead of a winner on a subsample that it may outperform."""
    history = result.history
    default = next((t for t in history if t.origin == "default" and t.eligible), None)
    if result.subsample.share == 1.0 or default is None:
        return winner
    return default if default_may_match(default, winner, history, result.subsample.rise) else winner


def _describe(problem: Problem, history: History, trial: Trial) -> Winner:
    """Return a trial as the winner, with its expected score."""
    expected = None
    if not callable(problem.refit):
        expected = expect(history, trial, problem.folds, problem.metric)
    share = train_share(problem.X, problem.folds)
    params = final_params(problem.candidates.estimator, trial, share)
    return Winner(trial, params, history.score(trial), expected)
