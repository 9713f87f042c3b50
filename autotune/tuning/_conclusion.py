"""The conclusion of a search: its results, and the warnings about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._texts import warn
from ..history import COMPLETE, DROPPED, INTERRUPTED, TIMEOUT, History, Trial
from ..results import check_any_success, cv_results, warn_of_failures
from ..space import Space
from ..timing import compare_as_far_as_known, warn_of_default
from ._problem import Problem
from ._search import SearchResult


@dataclass(frozen=True, kw_only=True, eq=False)
class Conclusion:
    """The results of a search, whichever trial is used.

    Attributes
    ----------
    cv_results : dict of ndarray
    scorer : callable or dict of callable
    multimetric : bool
    n_splits : int
    space : Space
    default_score : float or None
        The mean score of the default; None if it was not evaluated.
    is_cut_short : bool
        Whether trials are compared on fewer folds than the search had planned.
    fallback : Trial or None
        The default, if no trial can win.
    """

    cv_results: dict[str, Any]
    scorer: Any
    multimetric: bool
    n_splits: int
    space: Space
    default_score: float | None
    is_cut_short: bool
    fallback: Trial | None


def conclude(problem: Problem, result: SearchResult) -> Conclusion:
    """Return the results of a search, and warn about failures.

    Raises
    ------
    TypeError, ValueError
        If all trials failed.
    """
    history, named = result.history, problem.scoring.named
    is_cut_short = compare_as_far_as_known(
        history, problem.budget.seconds_per_trial, may_save_folds=problem.may_save_seconds
    )
    succeeded = check_any_success(history)
    if succeeded:
        warn_of_default(history)
    _warn_if_untuned(problem, result, succeeded=succeeded)
    _warn_of_failures(problem, history)
    fallback = None if succeeded else _default_trial(problem, history)
    is_full = problem.strategy.resource is None
    return Conclusion(
        cv_results=cv_results(
            history,
            train_scores=problem.return_train_score,
            n_resources=None if is_full else problem.resource.used(history),
        ),
        scorer=problem.scoring.scorer if named is None else named,
        multimetric=named is not None or history.metrics != ("score",),
        n_splits=len(problem.folds),
        space=problem.candidates.searched(history),
        default_score=history.score(history[0]) if problem.include_default else None,
        is_cut_short=is_cut_short,
        fallback=fallback,
    )


def _warn_if_untuned(problem: Problem, result: SearchResult, *, succeeded: bool) -> None:
    """Warn that there was only time for the default."""
    first, history = result.first, result.history
    if succeeded and first is not None and first.is_whole and _is_alone(history):
        warn(
            f"budget: {problem.budget.seconds:g} s are enough to fit the model on all rows, but "
            "not for a search: it is used untuned. Allow more seconds",
        )


def _is_alone(history: History) -> bool:
    """Return whether no configuration but the first has any result."""
    ended = (trial for trial in history if trial.status not in (INTERRUPTED, TIMEOUT))
    return all(trial is history[0] for trial in ended)


def _warn_of_failures(problem: Problem, history: History) -> None:
    """Warn about failed trials, except those interrupted by the end of the budget."""
    harmless = {COMPLETE, DROPPED, INTERRUPTED}
    if problem.budget.seconds_per_trial is None:
        harmless.add(TIMEOUT)  # that was the end of the budget
    warn_of_failures(history, harmless)


def _default_trial(problem: Problem, history: History) -> Trial:
    """Return the default's trial, added if the search did not try it."""
    if history.default is not None:
        return history.default
    params, eligible = problem.candidates.defaults[0]
    trial = history.add(params, "default", eligible)
    history.set_status(trial, INTERRUPTED)
    return trial
