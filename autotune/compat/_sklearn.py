"""Differences between scikit-learn releases, and its private names."""

from __future__ import annotations

from contextlib import nullcontext
from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _PassthroughScorer
from sklearn.utils import get_tags
from sklearn.utils._array_api import get_namespace, move_to
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    validate_parameter_constraints,
)
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params
from sklearn.utils.validation import _num_samples as num_samples

_ARRAYS = (np.ndarray, np.memmap)

__all__ = [
    "HAS_CALLBACKS",
    "CallbackSupportMixin",
    "callback_hooks",
    "clone_state",
    "cloudpickle",
    "declares",
    "describe_scorer",
    "has_callbacks",
    "import_pandas",
    "is_own_score",
    "metric_of",
    "num_samples",
    "only_predicts",
    "open_callback_context",
    "output_of",
    "propagate_callbacks",
    "refusal",
    "response_methods",
    "routing_enabled",
    "safe_split",
    "slice_params",
    "stated_ends",
    "takes_weights",
    "target_encoder",
    "to_numpy",
    "visual_block",
    "with_callbacks",
]

try:  # a dependency of joblib since 1.6, a part of it before
    import cloudpickle
except ImportError:
    from joblib.externals import cloudpickle

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    HAS_CALLBACKS = True
except ImportError:  # before scikit-learn 1.9
    HAS_CALLBACKS = False

    class CallbackSupportMixin:  # type: ignore[no-redef]  # the stand-in of older releases
        """Stands in for scikit-learn's."""

    def with_callbacks(method: Any) -> Any:
        """Return the method as it is."""
        return method


def import_pandas(caller: str) -> Any:
    """Return the pandas module, or say which feature needs it."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(f"{caller} needs pandas: pip install pandas") from error
    return pandas


def has_callbacks(estimator: Any) -> bool:
    """Return whether callbacks were set on an estimator."""
    return bool(getattr(estimator, "_skl_callbacks", ()))


def callback_hooks(estimator: Any, name: str) -> list[Any]:
    """Return the hooks of a name among the callbacks that were set on an estimator."""
    callbacks = getattr(estimator, "_skl_callbacks", ())
    return [getattr(callback, name) for callback in callbacks if hasattr(callback, name)]


def open_callback_context(estimator: Any, max_subtasks: int) -> Any:
    """Return the callback context of an estimator's ``fit``, None where there is no such thing."""
    if not HAS_CALLBACKS:
        return None
    return estimator._init_callback_context(max_subtasks=max_subtasks)


def propagate_callbacks(context: Any, estimator: Any) -> Any:
    """Return a context manager that hands a callback context to an inner estimator.

    One that supports no callbacks is left alone: scikit-learn would warn at every evaluation.
    """
    if context is None or not hasattr(estimator, "set_callbacks"):
        return nullcontext()
    return context.propagate_callback_context(estimator)


def clone_state(estimator: Any) -> dict[str, Any]:
    """Return what ``clone`` takes over of an estimator: parameters, output, metadata requests."""
    state = dict(estimator.get_params(deep=False))
    if hasattr(estimator, "_sklearn_output_config"):
        state["_output"] = estimator._sklearn_output_config
    if hasattr(estimator, "_metadata_request"):
        state["_requests"] = estimator._metadata_request._serialize()
    return state


def only_predicts(scorer: Any) -> bool:
    """Return whether a scorer is one of scikit-learn's, which only call a model's methods."""
    if isinstance(scorer, _MultimetricScorer):
        return all(map(only_predicts, scorer._scorers.values()))
    kinds = (_BaseScorer, _PassthroughScorer)
    return isinstance(scorer, kinds) and type(scorer).__module__ == _BaseScorer.__module__


def is_own_score(scorer: Any) -> bool:
    """Return whether a scorer asks the model for its own ``score``."""
    return isinstance(scorer, _PassthroughScorer)


def metric_of(scorer: Any) -> tuple[Any, int, dict[str, Any]] | None:
    """Return the function, the sign and the options of a scorer made by ``make_scorer``."""
    if not isinstance(scorer, _BaseScorer):
        return None
    return scorer._score_func, scorer._sign, scorer._kwargs


def response_methods(scorer: Any) -> tuple[str, ...]:
    """Return the methods of which a scorer calls the first that a model has, as far as known."""
    if not isinstance(scorer, _BaseScorer) or not only_predicts(scorer):
        return ()
    methods = scorer._response_method
    return (methods,) if isinstance(methods, str) else tuple(methods)


def describe_scorer(scorer: Any) -> tuple[str, dict[str, Any]] | None:
    """Return the metric's name and the settings of one of scikit-learn's scorers, as written.

    None for any other scorer, and for one with a metric that is not scikit-learn's.
    """
    known = metric_of(scorer) if only_predicts(scorer) else None
    if known is None:
        return None
    metric, sign, options = known
    if not (getattr(metric, "__module__", None) or "").startswith("sklearn.metrics."):
        return None
    settings = dict(options)
    if sign < 0:
        settings["greater_is_better"] = False
    if scorer._response_method != "predict":
        settings["response_method"] = scorer._response_method
    return metric.__name__, settings


def takes_weights(scorer: Any) -> bool:
    """Return whether a scorer takes ``sample_weight``."""
    if hasattr(scorer, "_accept_sample_weight"):
        return bool(scorer._accept_sample_weight())
    try:
        return "sample_weight" in signature(scorer).parameters
    except Exception:  # of an object that only looks like a function
        return False


def safe_split(estimator: Any, X: Any, y: Any, rows: Any, columns: Any = None) -> tuple[Any, Any]:
    """Return the given rows of X and y; kernel matrices lose the other columns too."""
    plain = type(X) in _ARRAYS and (y is None or type(y) in _ARRAYS)
    if plain and not get_tags(estimator).input_tags.pairwise:
        # The same without finding out again, for each fold, what kind of container it is.
        return np.asarray(X)[rows], None if y is None else np.asarray(y)[rows]
    return _safe_split(estimator, X, y, rows, columns)


def slice_params(X: Any, params: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return metadata with what has one entry per row of X cut to the given rows."""
    return _check_method_params(X, params=params, indices=rows) if params else {}


def output_of(estimator: Any) -> str | None:
    """Return what ``set_output`` made of a transformer's output, None if it was not called.

    A pipeline does not note it: it has the output that all its transformers have.
    """
    config = getattr(estimator, "_sklearn_output_config", {})
    if "transform" in config or not hasattr(estimator, "steps"):
        return config.get("transform")
    steps = [step for _, step in estimator.steps if hasattr(step, "transform")]
    outputs = set(map(output_of, steps))
    return outputs.pop() if len(outputs) == 1 else None


def to_numpy(values: Any) -> np.ndarray:
    """Return values as numpy's array, also those on a device on which scikit-learn computes."""
    if not isinstance(values, np.ndarray) and get_namespace(values)[1]:
        values = move_to(values, xp=np, device="cpu")
    return np.asarray(values)


def declares(owner: Any, name: str) -> bool:
    """Return whether a scikit-learn estimator declares which values a parameter may have."""
    constraints = getattr(owner, "_parameter_constraints", None)
    return isinstance(constraints, dict) and name in constraints


def refusal(owner: Any, name: str, value: Any) -> str | None:
    """Return why a scikit-learn estimator declares a parameter's value invalid, or None."""
    if not declares(owner, name):
        return None
    try:
        validate_parameter_constraints(
            {name: owner._parameter_constraints[name]},
            {name: value},
            caller_name=type(owner).__name__,
        )
    except InvalidParameterError as error:
        return str(error)
    return None


def stated_ends(owner: Any, name: str) -> set[float] | None:
    """Return where the numbers end that a scikit-learn estimator declares valid for a parameter.

    None where it declares no numbers.
    """
    if not declares(owner, name):
        return None
    declared = owner._parameter_constraints[name]
    intervals = [one for one in declared if isinstance(one, Interval)]
    ends = (end for interval in intervals for end in (interval.left, interval.right))
    return {float(end) for end in ends if end is not None} if intervals else None


def target_encoder(target_type: str) -> Any:
    """Return an encoder of categories by the target whose inner folds are always the same."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    if signature(TargetEncoder).parameters["random_state"].default is None:  # before 1.9
        return TargetEncoder(target_type=target_type, random_state=0)
    return TargetEncoder(target_type=target_type, cv=KFold(5, shuffle=True, random_state=0))


def routing_enabled() -> bool:
    """Return whether scikit-learn's metadata routing is switched on."""
    return bool(get_config()["enable_metadata_routing"])


def visual_block(name: str, estimators: list[Any]) -> Any:
    """Return the block that scikit-learn draws for inner estimators, side by side."""
    labels = [f"{name}: {type(estimator).__name__}" for estimator in estimators]
    return _VisualBlock(
        "parallel", estimators, names=labels, name_details=list(map(str, estimators))
    )
