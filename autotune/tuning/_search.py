"""The search: from a problem to a filled history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .._texts import warn
from ..evaluation import Task
from ..execution import ClusterLostError, Executor, InlineExecutor, WorkerStartError
from ..history import COMPARISON, COMPLETE, Evaluation, History, Key, Listener
from ..results import Progress, SameError
from ..schedule import ComparisonScheduler, Scheduler
from ..search import (
    MOVED_DEFAULT,
    FamilySearcher,
    PortfolioSearcher,
    Searcher,
    WideningSearcher,
)
from ..timing import FIRST_TRIALS_SHARE, REFERENCE_SHARE, FirstModel, Subsample
from ._candidates import Candidates
from ._first_fits import find_subsample, make_first_model
from ._limits import Limits, make_limits
from ._problem import FOLDS, SEARCH, TRIALS, Problem
from ._runtime import Runtime
from ._scoring import check_refit
from ._study import Study
from ._tuner import Tuner, TunerSettings


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The results of a search.

    Attributes
    ----------
    history : History
    subsample : Subsample
        The subsample of the rows.
    first : FirstModel or None
        The default, fitted before the search.
    lost : ClusterLostError or None
        Why the search ended early.
    """

    history: History
    subsample: Subsample
    first: FirstModel | None = None
    lost: ClusterLostError | None = None


def search(problem: Problem, study: Study, runtime: Runtime) -> SearchResult:
    """Fill the history of a study until the budget ends, and return the results.

    Raises
    ------
    ClusterLostError
        If the cluster was lost before there was anything to choose from.
    Exception
        The exception of an evaluation, if ``error_score="raise"``.
    """
    history = study.history
    runtime.clock.spend(study.seconds_spent)
    first = make_first_model(problem, runtime)
    subsample = find_subsample(problem, study, runtime, first)
    history.share = subsample.share
    history.compared_folds = tuple(subsample.folds or range(len(problem.folds)))
    result = SearchResult(history, subsample, first)
    limits = make_limits(problem, study, runtime, subsample, first)
    progress = _make_progress(problem, runtime)
    settings = _make_settings(problem, study, runtime, limits, progress)
    try:
        _run(problem, runtime, limits, settings)
    except ClusterLostError as error:
        _end_early(result, error)
        result = replace(result, lost=error)
    finally:
        if progress is not None:
            progress.close()
    _warn_of_delay(runtime, history, limits)
    runtime.callbacks.end_search()
    return result


def take_over(problem: Problem, history: History, subsample: dict[str, Any] | None) -> SearchResult:
    """Return the results of an interrupted search.

    Raises
    ------
    ValueError
        If the folds differ.
    """
    if history.n_folds != len(problem.folds):
        raise ValueError(
            f"finish needs the data and the cv of the interrupted fit: it had "
            f"{history.n_folds} folds; got {len(problem.folds)}"
        )
    return SearchResult(history, Subsample(**(subsample or {})))


def _make_progress(problem: Problem, runtime: Runtime) -> Progress | None:
    """Return the progress listener, or None."""
    if not problem.verbose:
        return None
    return Progress(problem.verbose, problem.n_trials, runtime.clock, metric=problem.metric)


def _make_settings(
    problem: Problem,
    study: Study,
    runtime: Runtime,
    limits: Limits,
    progress: Progress | None,
) -> TunerSettings:
    """Return the settings of the tuning loop."""
    budget, history = problem.budget, study.history
    check = _MetricCheck(problem.refit, problem.scoring)
    same_error = SameError(history, problem.candidates.wide)
    listeners: list[Listener | None] = [runtime.callbacks, check, progress]
    listeners += [limits.reserve, limits.comparison, same_error]
    return TunerSettings(
        searcher=_make_searcher(problem),
        history=history,
        clock=runtime.clock,
        reserve=limits.seconds_kept,
        n_trials=limits.n_trials,
        seconds_per_trial=budget.seconds_per_trial,
        seconds_per_default=_seconds_per_default(problem),
        seed=problem.seed_for(TRIALS),
        defaults=problem.candidates.defaults if problem.include_default else (),
        listeners=[listener for listener in listeners if listener is not None],
        raise_errors=problem.raises_errors,
        fewer_folds=limits.fewer_folds if problem.may_save_seconds else None,
        longest=limits.longest,
        can_end=None if budget.seconds is None else limits.fewer_folds.can_end,
        reference_seconds=REFERENCE_SHARE * (budget.seconds or math.inf),
        kept=runtime.kept,
    )


def _seconds_per_default(problem: Problem) -> float:
    """Return the seconds for the first trial of each family but the first.

    One that takes longer must not cost the others their trials.
    """
    n_others = len(problem.candidates.defaults) - 1
    if not n_others or not problem.by_family:
        return math.inf
    return FIRST_TRIALS_SHARE * (problem.budget.seconds or math.inf) / n_others


def _make_searcher(problem: Problem) -> Searcher:
    """Return the searcher, which has one for each family of models."""
    candidates = problem.candidates
    if not problem.by_family:
        return _make_family_searcher(problem, candidates)
    return FamilySearcher(
        candidates.space,
        problem.seed_for(SEARCH),
        problem.n_trials,
        searchers=[_make_family_searcher(problem, family) for family in candidates.families()],
        timed=problem.budget.seconds is not None,
    )


def _make_family_searcher(problem: Problem, candidates: Candidates) -> Searcher:
    """Return the searcher for some candidates."""
    strategy = problem.strategy
    seed, budget = problem.seed_for(SEARCH), problem.budget
    searcher = strategy.searcher(candidates.space, seed, budget)
    if strategy.widens():
        searcher = WideningSearcher(
            candidates.space,
            seed,
            problem.n_trials,
            wide=candidates.wide,
            make=lambda space: strategy.searcher(space, seed, budget),
        )
    if strategy.uses_portfolio():
        points = candidates.starting_points(balanced=problem.metric.balanced)
        searcher = PortfolioSearcher(points, searcher)
    if problem.include_default and strategy.moves_default():
        moved = candidates.moved_defaults()
        searcher = PortfolioSearcher(moved, searcher, MOVED_DEFAULT) if moved else searcher
    return searcher


def _run(problem: Problem, runtime: Runtime, limits: Limits, settings: TunerSettings) -> None:
    """Run the loop over the space, then over the best trials on repeats of the folds."""
    plan = replace(problem.plan, fidelity=limits.subsample.share)
    seed = problem.seed_for(FOLDS)

    def make_scheduler() -> Scheduler:
        return problem.strategy.scheduler(plan, seed)

    tuner = _tune(runtime.task, runtime.executor, settings, make_scheduler)
    if not tuner.stopped:
        _compare_finalists(runtime, limits, settings, tuner.executor)


def _compare_finalists(
    runtime: Runtime, limits: Limits, settings: TunerSettings, executor: Executor
) -> None:
    """Evaluate the best trials on repeats of the folds, as far as there is time."""
    history = settings.history
    field = limits.comparison.field(runtime.clock.left() - limits.reserve(history))
    keys = [Key(fold, history.share, COMPARISON) for fold in range(history.n_repeat_folds)]
    n_missing = sum(key not in trial.evaluations for trial in field for key in keys)
    if not n_missing:
        return
    runtime.callbacks.begin_comparison(n_missing)
    settings = replace(
        settings, reserve=limits.reserve, n_trials=0, fewer_folds=None, reference_seconds=0.0
    )

    def make_scheduler() -> Scheduler:
        return ComparisonScheduler(history.n_repeat_folds, field, history.share)

    _tune(runtime.task, executor, settings, make_scheduler)


def _tune(
    task: Task,
    executor: Executor,
    settings: TunerSettings,
    make_scheduler: Callable[[], Scheduler],
) -> Tuner:
    """Run the loop; continue in this process if workers cannot be started."""
    tuner = Tuner(settings, make_scheduler(), executor)
    try:
        tuner.run()
    except WorkerStartError as error:
        warn(
            f"{error}; the search continues in this process, where an evaluation that hangs "
            "cannot be killed",
        )
        tuner = Tuner(settings, make_scheduler(), InlineExecutor(task))
        tuner.run()
    return tuner


def _end_early(result: SearchResult, error: ClusterLostError) -> None:
    """Warn that the search ends early; raise if no trial can win."""
    history, first = result.history, result.first
    n_complete = sum(trial.can_win for trial in history)
    if not n_complete and (first is None or first.fitted is None):
        raise ClusterLostError(
            f"{error}; no trial was complete by then, so there is nothing to choose from"
        ) from error
    warn(
        f"{error}: the search ends early, with the results so far (complete trials: {n_complete})",
    )


def _warn_of_delay(runtime: Runtime, history: History, limits: Limits) -> None:
    """Warn if the budget was spent waiting for workers."""
    clock, delay = runtime.clock, runtime.executor.delay
    if delay and clock.left() <= limits.reserve(history):
        n_ended = sum(len(trial.evaluations) for trial in history)
        warn(f"budget: only {n_ended} evaluations ended within {clock.seconds:g} s: {delay}")


class _MetricCheck(Listener):
    """Checks ``refit`` once the metrics of a callable are known."""

    def __init__(self, refit: Any, scoring: Any):
        self._refit = refit
        self._done = scoring.named is not None or not callable(scoring.scorer)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        if not self._done and evaluation.status == COMPLETE:
            self._done = True
            if tuple(evaluation.scores) != ("score",):
                check_refit(self._refit, evaluation.scores)
