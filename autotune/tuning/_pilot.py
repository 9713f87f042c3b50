"""What is fitted before the search: the default, and what tells how many rows it can afford."""

from __future__ import annotations

from .._texts import warn
from ..compat import num_samples
from ..execution import ClusterLostError, Executor, InlineExecutor, WorkerStartError
from ..history import derive_seed
from ..timing import FirstModel, Scale, measure
from ._last_fit import Refit
from ._problem import TRIALS, Problem
from ._runtime import Runtime
from ._study import Study


def make_first_model(problem: Problem, runtime: Runtime) -> FirstModel | None:
    """Return what fits the default before the search, None where it could not win."""
    params, eligible = problem.candidates.defaults[0]
    wanted = problem.include_default and eligible and problem.refit is not False
    if not wanted or not problem.may_save_seconds:
        return None
    clock = runtime.clock
    refit = Refit(runtime.task, runtime.executor, clock, problem.seed_for(TRIALS), None)
    return FirstModel(refit.fit_default(params), num_samples(problem.X), clock)


def find_scale(problem: Problem, study: Study, runtime: Runtime, first: FirstModel | None) -> Scale:
    """Return how many rows the search can afford; an earlier run's answer holds."""
    if study.scale is not None:
        return study.scale
    if len(study.history) or problem.pairwise or not problem.may_save_seconds:
        return Scale()
    metric = study.history.metric
    try:
        scale = _measure(problem, runtime, runtime.executor, metric, first)
    except WorkerStartError:  # the search will meet it again, and say so
        scale = _measure(problem, runtime, InlineExecutor(runtime.task), metric, first)
    except ClusterLostError:  # so it will with this
        return Scale()
    if first is not None and first.fitted is not None and first.error:
        warn(
            "the model could not be fitted on as many rows as there was time for "
            f"({type(first.error).__name__}: {first.error})",
        )
    study.keep(scale)
    return scale


def _measure(
    problem: Problem,
    runtime: Runtime,
    executor: Executor,
    metric: str,
    first: FirstModel | None,
) -> Scale:
    """Return how many rows the search can afford, as far as fits of the default tell."""
    plan = problem.plan
    return measure(
        executor,
        problem.candidates.typical(),
        derive_seed(problem.seed_for(TRIALS), 0),
        runtime.clock,
        plan.n_train,
        plan.n_classes,
        plan.n_folds,
        metric,
        first,
    )
