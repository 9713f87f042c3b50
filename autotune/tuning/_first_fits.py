"""Fits before the search: the default, and those that determine the subsample."""

from __future__ import annotations

from .._texts import warn
from ..compat import num_samples
from ..execution import ClusterLostError, Executor, InlineExecutor, WorkerStartError
from ..history import derive_seed
from ..timing import FirstModel, Subsample, measure_subsample
from ._fitter import fit_default
from ._problem import TRIALS, Problem
from ._runtime import Runtime
from ._study import Study


def make_first_model(problem: Problem, runtime: Runtime) -> FirstModel | None:
    """Return the first model, or None if the default cannot win."""
    params, eligible = problem.candidates.defaults[0]
    wanted = problem.include_default and eligible and problem.refit is not False
    if not wanted or not problem.may_save_seconds:
        return None
    clock, seed = runtime.clock, problem.seed_for(TRIALS)
    fit = fit_default(runtime.task, runtime.executor, clock, seed, params)
    return FirstModel(fit, num_samples(problem.X), clock)


def find_subsample(
    problem: Problem, study: Study, runtime: Runtime, first: FirstModel | None
) -> Subsample:
    """Return the subsample of the search; that of an earlier run is kept."""
    if study.subsample is not None:
        return study.subsample
    if len(study.history) or problem.pairwise or not problem.may_save_seconds:
        return Subsample()
    metric = study.history.metric
    try:
        subsample = _measure(problem, runtime, runtime.executor, metric, first)
    except WorkerStartError:  # the search raises it again, and warns
        subsample = _measure(problem, runtime, InlineExecutor(runtime.task), metric, first)
    except ClusterLostError:  # the same applies here
        return Subsample()
    if first is not None and first.fitted is not None and first.error:
        warn(
            "the model could not be fitted on as many rows as there was time for "
            f"({type(first.error).__name__}: {first.error})",
        )
    study.keep(subsample)
    return subsample


def _measure(
    problem: Problem,
    runtime: Runtime,
    executor: Executor,
    metric: str,
    first: FirstModel | None,
) -> Subsample:
    """Return the subsample of the search, measured by fits of the default."""
    return measure_subsample(
        executor,
        problem.candidates.typical(),
        derive_seed(problem.seed_for(TRIALS), 0),
        runtime.clock,
        problem.plan,
        metric,
        first,
    )
