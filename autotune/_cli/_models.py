"""The models that the command line knows by short names, made ready for a table."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ..defaults import default_model
from ._errors import CliError

MAX_CATEGORIES = 30  # of one column; the rarer values are taken together


@dataclass(frozen=True)
class Entry:
    """A classifier and a regressor of one family, and what they need.

    Attributes
    ----------
    classifier, regressor : str
        As ``"module.Class"`` below ``sklearn``; "" where the family has none.
    scaled : bool, default=True
        Numbers are imputed and scaled; trees need neither.
    scaled_target : bool, default=False
        The regressor's parameters assume a target of about unit variance.
    """

    classifier: str
    regressor: str
    scaled: bool = True
    scaled_target: bool = False


BOOSTING = "boosting"
MODELS: dict[str, Entry | None] = {
    BOOSTING: None,  # handles text, categories and missing values itself
    "forest": Entry("ensemble.RandomForestClassifier", "ensemble.RandomForestRegressor", False),
    "extratrees": Entry("ensemble.ExtraTreesClassifier", "ensemble.ExtraTreesRegressor", False),
    "tree": Entry("tree.DecisionTreeClassifier", "tree.DecisionTreeRegressor", False),
    "svc": Entry("svm.SVC", "svm.SVR", scaled_target=True),
    "linear": Entry("linear_model.LogisticRegression", "linear_model.Ridge"),
    "knn": Entry("neighbors.KNeighborsClassifier", "neighbors.KNeighborsRegressor"),
    "mlp": Entry("neural_network.MLPClassifier", "neural_network.MLPRegressor", scaled_target=True),
    "nb": Entry("naive_bayes.GaussianNB", ""),
}
ALIASES = {"svm": "svc", "svr": "svc", "logistic": "linear", "ridge": "linear"}


def check_names(text: str) -> list[str]:
    """Return the names in a comma-separated list, without aliases and repetitions."""
    names = []
    for word in text.split(","):
        name = word.strip().lower()
        name = ALIASES.get(name, name)
        if name not in MODELS:
            close = get_close_matches(name, [*MODELS, *ALIASES], n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise CliError(f"--model must be among {', '.join(MODELS)}; got {word.strip()!r}{hint}")
        names.append(name)
    return list(dict.fromkeys(names))


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
