"""Built-in search spaces: scaling, imputation, encoding, expansion and selection.

Only parameters that matter besides the model's own are searched, the most important first: in
a long pipeline, each step keeps only the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import UpTo

# Steps with as many features after as before them.
KEEP_FEATURES = frozenset(
    {
        *("Binarizer", "IterativeImputer", "KNNImputer", "MaxAbsScaler", "MinMaxScaler"),
        *("Normalizer", "OrdinalEncoder", "PowerTransformer", "QuantileTransformer"),
        *("RobustScaler", "SimpleImputer", "StandardScaler"),
    }
)


def _simple_imputer(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of SimpleImputer; the two that are for numbers replace each other."""
    return {"strategy": ["mean", "median"]} if params.get("strategy") == "mean" else {}


def _one_hot_encoder(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of OneHotEncoder, unless the user has set what is infrequent."""
    is_said = params.get("max_categories") is not None or params.get("drop") is not None
    return {} if is_said else {"min_frequency": UpTo("few_rows", 1, 30, "log-uniform")}


def _polynomial(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of PolynomialFeatures; the degree of a pair of degrees is kept."""
    interaction = {"interaction_only": [False, True]}
    return interaction if isinstance(params.get("degree"), tuple) else {"degree": (1, 2)}


def _univariate(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of GenericUnivariateSelect, whose parameter depends on its mode."""
    spaces: dict[str, dict[str, Any]] = {
        "percentile": {"param": (5, 100)},
        "k_best": {"param": UpTo("features", 1, 100, "log-uniform")},
    }
    return spaces.get(params.get("mode", ""), {})


SPACES: dict[str, Any] = {
    "sklearn.GenericUnivariateSelect": _univariate,
    # Fewer bins than the default, 5, lose more than many do.
    "sklearn.KBinsDiscretizer": {"n_bins": (3, 20, "log-uniform")},
    "sklearn.KNNImputer": {
        "n_neighbors": (1, 30, "log-uniform"),
        "weights": ["uniform", "distance"],
    },
    "sklearn.Normalizer": {"norm": ["l2", "l1"]},
    # From a category of its own for each value to one for all that stand in less than 30 rows.
    "sklearn.OneHotEncoder": _one_hot_encoder,
    "sklearn.PolynomialFeatures": _polynomial,
    "sklearn.QuantileTransformer": {"output_distribution": ["uniform", "normal"]},
    "sklearn.RFE": {"n_features_to_select": UpTo("features", 1, 100, "log-uniform")},
    "sklearn.SelectKBest": {"k": UpTo("features", 1, 100, "log-uniform")},
    "sklearn.SelectPercentile": {"percentile": (5, 100)},
    "sklearn.SplineTransformer": {"n_knots": (3, 12)},
    # Micci-Barreca 2001: the rows of a category at which its own mean weighs as much as that
    # of all.
    "sklearn.TargetEncoder": {"smooth": (1.0, 100.0, "log-uniform")},
}
