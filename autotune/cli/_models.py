"""The models that the command line knows by name, with preprocessing for tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .._texts import model_name
from ..defaults import (
    CATEGORY,
    DATE,
    DURATION,
    NUMBER,
    TEXT,
    Column,
    DateEncoder,
    LabelReader,
    NumberReader,
    TextEncoder,
    default_model,
)
from ..space import describe
from ._errors import CliError, closest
from ._names import FAMILIES, MODELS

_PLAIN = "plain"  # numbers that need no reading
MAX_CATEGORIES = 30  # of one column; the rarer values are taken together


def make_model(names: list[str], X: Any, columns: Sequence[Column], *, classifier: bool) -> Any:
    """Return the model for a frame, a list of models for several names, or what stands for one.

    Parameters
    ----------
    names : list of str
    X : dataframe
    columns : sequence of Column
        What its columns are.
    classifier : bool
    """
    if FAMILIES in names:
        return FAMILIES
    models = [_make(name, X, columns, classifier) for name in names]
    return models[0] if len(models) == 1 else models


def _make(name: str, X: Any, columns: Sequence[Column], classifier: bool) -> Any:
    """Return one model with the preprocessing that it needs."""
    entry = MODELS[name]
    if entry is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the screen says what columns are
            return default_model(X, classifier=classifier)
    path = entry.classifier if classifier else entry.regressor
    if not path:
        raise CliError(f"--model {name} is for classification; the target calls for regression")
    module, _, cls = path.partition(".")
    model = getattr(import_module(f"sklearn.{module}"), cls)()
    preparation = _preparation(X, columns, scaled=entry.scaled)
    if preparation is not None:
        model = Pipeline([("prepare", preparation), ("model", model)])
    if entry.scaled_target and not classifier:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


def _preparation(X: Any, columns: Sequence[Column], *, scaled: bool) -> ColumnTransformer | None:
    """Return what makes numbers of a frame, scaled if asked for; None if nothing is to do."""
    groups: dict[str, list[str]] = {}
    for column in columns:
        plain = column.kind == NUMBER and _is_plain(X[column.name])
        groups.setdefault(_PLAIN if plain else column.kind, []).append(column.name)
    if not scaled and set(groups) == {_PLAIN}:
        return None
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False
    )
    readers = {
        _PLAIN: [],
        NUMBER: [NumberReader()],
        DURATION: [NumberReader()],
        DATE: [DateEncoder()],
        TEXT: [TextEncoder()],
        CATEGORY: [LabelReader(), encoder],
    }
    transformers = []
    for kind, steps in readers.items():
        if kind in groups:
            if scaled and kind != CATEGORY:
                imputer = SimpleImputer(strategy="median", keep_empty_features=True)
                steps = [*steps, imputer, StandardScaler()]
            transformer = make_pipeline(*steps) if steps else "passthrough"
            transformers.append((kind, transformer, groups[kind]))
    return ColumnTransformer(transformers, sparse_threshold=0)


def _is_plain(column: Any) -> bool:
    """Return whether every model takes a column as it is, but for missing values."""
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"


def complete_space(space: Any, model: Any) -> Any:
    """Return a space whose names are those that a model knows, steps and all.

    ``C`` is that of the model at the end of a Pipeline, unless the Pipeline has it itself.
    """
    if isinstance(space, list):
        return [complete_space(part, model) for part in space]
    return {_full_name(name, model): values for name, values in space.items()}


def _full_name(name: str, model: Any) -> str:
    """Return the name of a parameter with those of the steps before it."""
    known, prefix = model.get_params(), _prefix(model)
    for full in (name, f"{prefix}{name}"):
        if full in known:
            return full
    own = [other.removeprefix(prefix) for other in known if other.startswith(prefix)]
    close = closest(str(name), own)
    has = f", which has {', '.join(sorted(own))}"
    hint = has if close is None else f": did you mean {close!r}?"
    raise CliError(f"--space: {name!r} is not a parameter of {model_name(model)}{hint}")


def _prefix(estimator: Any) -> str:
    """Return what stands before the names of the innermost model's parameters."""
    if isinstance(estimator, TransformedTargetRegressor):
        return f"regressor__{_prefix(estimator.regressor)}"
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return f"{name}__{_prefix(last)}"
    return ""


def own_params(estimator: Any) -> dict[str, Any]:
    """Return the parameters of the innermost model that are not the defaults of its class."""
    prefix = _prefix(estimator)
    model = estimator.get_params()[prefix.removesuffix("__")] if prefix else estimator
    defaults = {name: p.default for name, p in signature(type(model)).parameters.items()}
    params = model.get_params(deep=False).items()
    return {name: value for name, value in params if describe(value) != describe(defaults[name])}
