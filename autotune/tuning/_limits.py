"""What limits a search: seconds kept for later steps, subsample, folds, number of trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..history import History
from ..timing import SELECTION_SHARE, FewerFolds, FirstModel, Reserve, Subsample
from ._comparison import FinalComparison, make_comparison
from ._problem import Problem
from ._runtime import Runtime
from ._study import Study


@dataclass(frozen=True, eq=False)
class Limits:
    """What limits a search, besides its budget.

    Attributes
    ----------
    subsample : Subsample
        The share of the rows that it trains on.
    reserve : Reserve
        The seconds that are kept for the last fit.
    comparison : FinalComparison
        Which trials are compared again, and the seconds that are kept for it.
    fewer_folds : FewerFolds
    longest : float
        The seconds that an evaluation is known to take.
    n_trials : int or None
        How many trials there is time for: perhaps only the default, or not even that.
    has_fold_models : callable
        ``has_fold_models(history)`` returns whether no final fit will follow, because the fold
        models of the best trial are kept.
    selection : float
        The seconds that are kept for an ensemble: its selection, and fits of its members.
    """

    subsample: Subsample
    reserve: Reserve
    comparison: FinalComparison
    fewer_folds: FewerFolds
    longest: float
    n_trials: int | None
    has_fold_models: Callable[[History], bool]
    selection: float

    def seconds_kept(self, history: History) -> float:
        """Return the seconds that are kept for all that follows the search."""
        final_fit = 0.0 if self.has_fold_models(history) else self.reserve(history)
        return final_fit + self.selection + self.comparison.reserve()


def make_limits(
    problem: Problem, study: Study, runtime: Runtime, subsample: Subsample, first: FirstModel | None
) -> Limits:
    """Return the limits of a search, which may continue a study."""
    history, clock, n_workers = study.history, runtime.clock, runtime.executor.n_workers
    rows, n_trials = subsample.share * problem.plan.n_train, problem.n_trials
    refits = problem.refit is not False
    if first is not None and not first.leaves_time(rows):
        n_trials, refits = (1 if first.is_whole else 0), False
    reserve = Reserve(runtime.task, clock.seconds, refit=refits, subsample=subsample)

    def keep(folds: tuple[int, ...]) -> None:
        study.keep(replace(subsample, folds=folds))

    fewer_folds = FewerFolds(
        clock, reserve.predict, n_workers, keep, starting=lambda: bool(runtime.executor.delay)
    )
    fewer_folds.reconsider(history)
    reserve.learn(history)
    comparison = make_comparison(problem, history, n_workers)
    longest = 0.0 if first is None else first.expect(rows)
    return Limits(
        subsample,
        reserve,
        comparison,
        fewer_folds,
        longest,
        n_trials,
        _fold_models_of(problem, runtime),
        _selection_seconds(problem),
    )


def _fold_models_of(problem: Problem, runtime: Runtime) -> Callable[[History], bool]:
    """Return a function that says whether the fold models of the best trial can be averaged."""
    kept = runtime.kept
    averages = problem.final_model != "refit" and not callable(problem.refit)
    may_refit = problem.budget.predict_seconds_per_row is not None  # if the average is too slow
    if kept is None or not averages or may_refit or runtime.clock.seconds is None:
        return lambda history: False
    return kept.has_best


def _selection_seconds(problem: Problem) -> float:
    """Return the seconds that are kept for the selection of an ensemble and its last fits."""
    chooses = problem.refit is not False and problem.final_model == "ensemble"
    return SELECTION_SHARE * (problem.budget.seconds or 0.0) if chooses else 0.0
