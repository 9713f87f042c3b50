"""Models that stop early: how many iterations they made, and how to fit that number again.

Models are recognised by the names of their classes, so that no library is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class _Rule:
    """How a model stops early.

    Attributes
    ----------
    iterations, stopping : tuple of str
        The names of the parameters for the number of iterations and for early stopping.
    off : None, bool or int
        The value of the latter without early stopping.
    made : callable
        Returns how many iterations a fitted model predicts with.
    """

    iterations: tuple[str, ...]
    stopping: tuple[str, ...]
    off: Any
    made: Callable[[Any], int | None]


_RULES = {
    ("sklearn", "BaseHistGradientBoosting"): _Rule(
        ("max_iter",),
        ("early_stopping",),
        False,
        lambda model: model.n_iter_ if model.do_early_stopping_ else None,
    ),
    ("sklearn", "BaseGradientBoosting"): _Rule(
        ("n_estimators",), ("n_iter_no_change",), None, lambda model: model.n_estimators_
    ),
    ("xgboost", "XGBModel"): _Rule(
        ("n_estimators", "num_boost_round"),
        ("early_stopping_rounds",),
        None,
        lambda model: model.best_iteration + 1,
    ),
    ("lightgbm", "LGBMModel"): _Rule(
        (
            *("n_estimators", "num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees"),
            *("num_round", "num_rounds", "nrounds", "num_boost_round", "max_iter"),
        ),
        ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"),
        0,
        lambda model: model.best_iteration_ or None,
    ),
    ("catboost", "CatBoost"): _Rule(
        ("iterations", "n_estimators", "num_boost_round", "num_trees"),
        ("early_stopping_rounds",),
        None,
        lambda model: None if model.get_best_iteration() is None else model.tree_count_,
    ),
}


def stops_early(model: Any) -> bool:
    """Return whether a model may stop before its number of iterations, as the user has set it."""
    rule = _rule(model)
    return rule is not None and bool(_set_names(rule.stopping, model))


def iterations_made(estimator: Any) -> int | None:
    """Return how many iterations a fitted model has made, None if it does not stop early."""
    _, model = _last_model(estimator)
    rule = _rule(model)
    if rule is None or not stops_early(model):
        return None
    made = rule.made(model)
    return None if made is None else int(made)


def fixed_iterations(estimator: Any, iterations: float) -> dict[str, Any]:
    """Return the parameters that replace early stopping by a number of iterations."""
    prefix, model = _last_model(estimator)
    rule = _rule(model)
    if rule is None:
        return {}
    amount = (_set_names(rule.iterations, model) or rule.iterations)[0]
    off = dict.fromkeys(_set_names(rule.stopping, model), rule.off)
    values = {amount: max(1, round(iterations)), **off}
    return {f"{prefix}{name}": value for name, value in values.items()}


def _rule(model: Any) -> _Rule | None:
    """Return how a model stops early, None if that is not known."""
    keys = ((base.__module__.partition(".")[0], base.__qualname__) for base in type(model).__mro__)
    return next((_RULES[key] for key in keys if key in _RULES), None)


def _set_names(names: tuple[str, ...], model: Any) -> list[str]:
    """Return those of some parameters that are in use."""
    params = model.get_params(deep=False)
    return [name for name in names if params.get(name)]


def _last_model(estimator: Any) -> tuple[str, Any]:
    """Return the model at the end of pipelines, and the prefix of its parameters."""
    prefix = ""
    while isinstance(estimator, Pipeline) and estimator.steps:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return prefix, estimator
