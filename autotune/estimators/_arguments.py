"""Error messages for arguments of other libraries' searchers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import Any

from ..compat import routing_enabled
from ..evaluation import is_built_in

# What to do about the names that the searchers of scikit-learn, scikit-optimize, Optuna, FLAML,
# hyperopt, Ray, KerasTuner, PyCaret, TPOT, H2O, AutoGluon and auto-sklearn use.
_ADVICE = {
    name: advice
    for advice, names in {
        "use budget, as in budget=40": "n_iter n_trials n_calls n_candidates n_iterations "
        "num_trials num_samples max_iter max_evals max_trials max_models generations trials",
        "use budget, as in budget='60s'": "time_budget time_budget_s time_limit timeout max_time "
        "max_time_mins max_runtime_secs time_left_for_this_task seconds",
        "use budget, as in budget=Budget(trials=40, seconds_per_trial='60s')": "per_run_time_limit "
        "max_eval_time_mins seconds_per_trial",
        "use budget, as in budget=Budget(trials=40, memory='2GB')": "memory memory_limit",
        "use space": "param_distributions param_grid param_space params search_space "
        "search_spaces dimensions pbounds hyperparameters config custom_grid custom_hp",
        "use scoring": "metric metrics eval_metric objective optimize score scorer",
        "use estimator": "model base_estimator estimators estimator_list classifier regressor clf "
        "pipeline",
        "use strategy": "algo algorithm method search_alg search_algorithm search_library sampler "
        "pruner scheduler optimizer tuner",
        "use strategy, as in strategy=Bayes(n_initial=10)": "n_initial n_initial_points "
        "n_startup_trials optimizer_kwargs surrogate",
        "use strategy, as in strategy=Halving(factor=3)": "factor resource min_resources "
        "max_resources aggressive_elimination",
        "use cv": "fold folds n_folds nfolds n_splits",
        "use random_state": "seed random_seed",
        "use n_jobs": "n_workers n_concurrent_trials",
        "use verbose": "verbosity",
        "use storage": "checkpoint study study_name",
        "pass them to fit": "fit_params",
        "leave it out": "pre_dispatch return_trials iid",
    }.items()
    for name in names.split()
}


def explain_unknown(init: Callable) -> Callable:
    """Let a constructor suggest replacements for unknown arguments."""
    names = list(signature(init).parameters)[1:]

    @wraps(init)
    def __init__(self: Any, *args: Any, **params: Any) -> None:
        try:
            init(self, *args, **params)
        except TypeError as error:
            refuse_unknown(self, params, names, TypeError)
            named = str(error).replace(init.__qualname__, type(self).__name__, 1)
            raise TypeError(named) from None

    return __init__


def refuse_unknown(
    owner: Any, given: Collection[str], names: Collection[str], kind: type[Exception]
) -> None:
    """Raise an error with a suggestion for parameters that are not among ``names``."""
    unknown = [name for name in given if name not in names]
    if unknown:
        advice = "; ".join(f"no parameter {name!r}: {_advice(name, names)}" for name in unknown)
        raise kind(f"{type(owner).__name__} has {advice}") from None


def refuse_fit_arguments(owner: Any, given: Collection[str], models: Collection[Any]) -> None:
    """Raise an error for arguments of ``fit`` that the constructor takes, or no model."""
    if routing_enabled():  # a scorer may have asked for anything
        return
    names, kind = owner.get_params(deep=False), type(owner).__name__
    for name in given:
        if any(_takes(model, name) for model in models):
            continue
        advice = f"use {name}" if name in names else _ADVICE.get(name, "")
        if advice.startswith("use "):
            raise TypeError(f"{kind}.fit has no parameter {name!r}: in {kind}(...) {advice}")
        if name != "groups" and not is_built_in(owner.estimator):
            first = next(iter(models))
            inner = f": write {first.steps[-1][0]}__{name}" if hasattr(first, "steps") else ""
            raise TypeError(
                f"{kind}.fit passes {name!r} on to the model, and {type(first).__name__}.fit does "
                f"not take it{inner}"
            )


def _takes(model: Any, name: str) -> bool:
    """Return whether a model's ``fit`` may take an argument."""
    if hasattr(model, "steps") and "__" in name:
        return True  # whatever its steps are in the end
    try:
        parameters = signature(model.fit).parameters
    except (AttributeError, TypeError, ValueError):  # no model, or one without a signature
        return True
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return name in parameters or (takes_any and not hasattr(model, "steps"))


def refuse_inner(owner: Any, given: Mapping[str, Any]) -> None:
    """Raise an error for a nested parameter, as ``strategy__points``, of a plain value."""
    for name in given:
        outer, inner, _ = name.partition("__")
        value = given.get(outer, getattr(owner, outer, None))
        if inner and not hasattr(value, "set_params"):
            raise ValueError(f"{name} cannot be set, because {outer}={value!r} has no parameters")


def _advice(name: str, names: Collection[str]) -> str:
    """Return advice on an unknown parameter."""
    if name in _ADVICE:
        return _ADVICE[name]
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"it has {', '.join(names)}"
