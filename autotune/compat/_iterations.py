"""Models that stop early: on which rows, how many iterations they made, how to fit that number.

Models are recognised by the names of their classes, so that no library is imported.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from ._sklearn import num_samples, safe_split, slice_params

_EVERY = 10  # row is held out, the share of scikit-learn's own early stopping


@dataclass(frozen=True)
class _Rule:
    """How a model stops early.

    Attributes
    ----------
    iterations, stopping : tuple of str
        The names of the parameters for the number of iterations and for early stopping. Of
        several that are set, the model goes by the first.
    off : None, bool or int
        The value of the latter without early stopping.
    made : callable
        Returns how many iterations a fitted model predicts with, None if it did not stop early.
    holds_out : bool
        Whether a fit holds out rows to stop on, rather than being passed them.
    weights : str or None
        The argument of ``fit`` for the weights of the rows that it is passed; None: they count
        the same.
    quiet : dict
        Arguments of ``fit`` that keep it from printing scores of these rows.
    """

    iterations: tuple[str, ...]
    stopping: tuple[str, ...]
    off: Any
    made: Callable[[Any], int | None]
    holds_out: bool = False
    weights: str | None = None
    quiet: dict[str, Any] = field(default_factory=dict)


_RULES = {
    ("sklearn", "BaseHistGradientBoosting"): _Rule(
        ("max_iter",),
        ("early_stopping",),
        False,
        lambda model: model.n_iter_ if model.do_early_stopping_ else None,
        holds_out=True,
    ),
    ("sklearn", "BaseGradientBoosting"): _Rule(
        ("n_estimators",),
        ("n_iter_no_change",),
        None,
        lambda model: model.n_estimators_,
        holds_out=True,
    ),
    ("xgboost", "XGBModel"): _Rule(
        ("n_estimators",),
        ("early_stopping_rounds",),
        None,
        lambda model: model.best_iteration + 1,
        weights="sample_weight_eval_set",
        quiet={"verbose": False},
    ),
    ("lightgbm", "LGBMModel"): _Rule(
        (
            *("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round"),
            *("num_rounds", "nrounds", "num_boost_round", "max_iter", "n_estimators"),
        ),
        ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"),
        0,
        lambda model: model.best_iteration_ or None,
        weights="eval_sample_weight",
    ),
    ("catboost", "CatBoost"): _Rule(
        ("iterations", "n_estimators", "num_boost_round", "num_trees"),
        ("early_stopping_rounds",),
        None,
        lambda model: None if model.get_best_iteration() is None else model.tree_count_,
    ),
}


def hold_out_rows(estimator: Any) -> None:
    """Have the next fit of a model stop early on a tenth of its rows if it is passed no others.

    Boosting libraries require rows to stop on; scikit-learn's models hold them out themselves.
    """
    _, model = _last_model(estimator)
    rule = _rule(model)
    if rule is None or rule.holds_out or not _set_names(rule.stopping, model):
        return

    def fit(X: Any, y: Any, **params: Any) -> Any:
        del model.fit  # from now on that of its class
        if any(params.get(name) is not None for name in ("eval_set", "eval_X")):
            return model.fit(X, y, **params)
        train, held_out = _split(y, classifier=is_classifier(model))
        stopping = {**rule.quiet, "eval_set": [safe_split(model, X, y, held_out)]}
        if rule.weights is not None and params.get("sample_weight") is not None:
            weights = slice_params(X, {"w": params["sample_weight"]}, held_out)["w"]
            stopping[rule.weights] = [weights]
        X_train, y_train = safe_split(model, X, y, train)
        with _without_deprecation():
            return model.fit(X_train, y_train, **{**stopping, **slice_params(X, params, train)})

    model.fit = fit


def _split(y: Any, *, classifier: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and those to stop on, the same for the same y.

    They are a tenth of each class, and none of a class with fewer than ten rows. If all classes
    have fewer, a model stops on the rows that it is trained on.
    """
    order = np.random.RandomState(0).permutation(num_samples(y))
    codes = np.zeros(len(order), dtype=int)
    if classifier and np.size(y) == len(order):
        codes = np.unique(np.ravel(y), return_inverse=True)[1]
    order = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_held_out = place % _EVERY == _EVERY - 1
    if not is_held_out.any():
        return order, order
    return np.sort(order[~is_held_out]), np.sort(order[is_held_out])


@contextmanager
def _without_deprecation() -> Iterator[None]:
    """Silence LightGBM's advice to pass ``eval_X`` and ``eval_y``, whose labels it cannot encode.

    Python's warning filters belong to the process, not the thread.
    """
    if current_thread() is not main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")
        yield


def iterations_made(estimator: Any) -> int | None:
    """Return how many iterations a fitted model has made, None if it does not stop early."""
    _, model = _last_model(estimator)
    rule = _rule(model)
    if rule is None or not _set_names(rule.stopping, model):
        return None
    made = rule.made(model)
    return None if made is None else int(made)


def fixed_iterations(estimator: Any, iterations: float) -> dict[str, Any]:
    """Return the parameters that replace early stopping by a number of iterations.

    That is the number found, in proportion to the rows, as none is held out any more; but at
    most what the model was allowed.
    """
    prefix, model = _last_model(estimator)
    rule = _rule(model)
    if rule is None:
        return {}
    params = model.get_params(deep=False)
    amount = (_set_names(rule.iterations, model) or rule.iterations)[0]
    held_out = params.get("validation_fraction")
    scaled = iterations / (1 - (held_out if isinstance(held_out, float) else 1 / _EVERY))
    number = max(1, min(round(scaled), params.get(amount) or round(scaled)))
    off = dict.fromkeys(_set_names(rule.stopping, model), rule.off)
    return {f"{prefix}{name}": value for name, value in {amount: number, **off}.items()}


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
