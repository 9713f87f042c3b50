"""The resources of a running ``fit``: clock, task, executor and callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..compat import autologging_off
from ..evaluation import PrefixCache, Task
from ..execution import Executor, make_executor
from ..timing import Clock
from ._callbacks import Callbacks
from ._kept import FoldResults, make_keeps
from ._problem import REPEATS, Problem


@dataclass(frozen=True)
class Runtime:
    """The clock, task, executor and callbacks of a running ``fit``.

    Attributes
    ----------
    clock : Clock
    task : Task
    executor : Executor
    callbacks : Callbacks
    kept : FoldResults or None
        The models and predictions of folds; None where none are wanted.
    """

    clock: Clock
    task: Task
    executor: Executor
    callbacks: Callbacks
    kept: FoldResults | None = None


@contextmanager
def open_runtime(
    problem: Problem, clock: Clock, callbacks: Callbacks, kept: FoldResults | None
) -> Iterator[Runtime]:
    """Open an executor for the budget and joblib's configuration, and close it at the end."""
    task = make_task(problem, callbacks)
    executor = make_executor(
        task,
        problem.n_jobs,
        killable=problem.budget.needs_killing,
        memory=problem.budget.memory,
        meanwhile=_tried_here(problem),
    )
    with autologging_off(), executor:
        yield Runtime(clock, task, executor, callbacks, kept)


def make_task(problem: Problem, callbacks: Callbacks) -> Task:
    """Return what all evaluations share."""
    return Task(
        problem.candidates.estimator,
        problem.X,
        problem.y,
        problem.folds,
        problem.scoring.scorer,
        problem.routed.fit,
        problem.routed.score,
        problem.return_train_score,
        callbacks.caller,
        problem.scoring.metric,
        problem.resource.name,
        problem.classifier,
        problem.built_in,
        # What is kept would count as the memory of an evaluation.
        prefixes=PrefixCache(None if problem.budget.memory is None else 0),
        comparison_folds=problem.repeats.draw(problem.X, problem.y, problem.seed_for(REPEATS)),
        keeps=make_keeps(problem),
    )


def _tried_here(problem: Problem) -> int | None:
    """Return the trial that may run in this process while no worker is ready.

    It is the first default that can win, possibly moved into the space.
    """
    budget, defaults = problem.budget, problem.candidates.defaults
    limited = budget.seconds_per_trial is not None or budget.memory is not None
    if not problem.include_default or budget.seconds is None or limited:
        return None
    own = (number for number, (_, eligible) in enumerate(defaults) if eligible)
    return next(own, len(defaults) if problem.strategy.moves_default() else None)
