"""The models that the command line knows by short names, made ready for a table."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ..defaults import default_model
from ._errors import CliError
from ._names import MODELS

MAX_CATEGORIES = 30  # of one column; the rarer values are taken together


def make_model(names: list[str], X: Any, *, classifier: bool) -> Any:
    """Return the model for a frame, or a list of models where there are several names."""
    models = [_make(name, X, classifier) for name in names]
    return models[0] if len(models) == 1 else models


def _make(name: str, X: Any, classifier: bool) -> Any:
    """Return one model with the preprocessing that it needs."""
    entry = MODELS[name]
    if entry is None:
        return default_model(X, classifier=classifier)
    path = entry.classifier if classifier else entry.regressor
    if not path:
        raise CliError(f"--model {name} is for classification; the target calls for regression")
    module, _, cls = path.partition(".")
    model = getattr(import_module(f"sklearn.{module}"), cls)()
    preparation = _preparation(X, scaled=entry.scaled)
    if preparation is not None:
        model = Pipeline([("prepare", preparation), ("model", model)])
    if entry.scaled_target and not classifier:
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


def _preparation(X: Any, *, scaled: bool) -> ColumnTransformer | None:
    """Return what makes numbers of a frame, scaled if asked for; None if nothing is to do."""
    numbers = [name for name in X.columns if X[name].dtype.kind in "iuf"]
    categories = [name for name in X.columns if name not in numbers]
    transformers: list[tuple[str, Any, list[str]]] = []
    if numbers and scaled:
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        transformers.append(("numbers", make_pipeline(imputer, StandardScaler()), numbers))
    elif numbers:
        transformers.append(("numbers", "passthrough", numbers))
    if categories:
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=MAX_CATEGORIES,
            sparse_output=False,
        )
        transformers.append(("categories", encoder, categories))
    if not scaled and not categories:
        return None
    return ColumnTransformer(transformers, sparse_threshold=0)


def model_name(estimator: Any) -> str:
    """Return the class of the model inside pipelines and scalers of the target."""
    if isinstance(estimator, TransformedTargetRegressor):
        return model_name(estimator.regressor)
    if isinstance(estimator, Pipeline):
        return model_name(estimator.steps[-1][1])
    return type(estimator).__name__
