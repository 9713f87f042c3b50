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
# Steps that return sparse matrices and have no ``sparse_output`` that says so.
MAKE_SPARSE = frozenset(
    {
        *("CountVectorizer", "DictVectorizer", "FeatureHasher", "HashingVectorizer"),
        *("KBinsDiscretizer", "TfidfTransformer", "TfidfVectorizer"),
    }
)


def _categories(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of an encoder, unless the user has set what is infrequent."""
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


def _sequential(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of SequentialFeatureSelector, unless a tolerance ends it."""
    few = {"n_features_to_select": UpTo("other_features", 1, 100, "log-uniform")}
    return few if params.get("tol") is None else {}


# Only up from the default: where it leaves few features, a lower one may leave none.
_ALPHA = {"alpha": (0.05, 1.0, "log-uniform")}

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
    "sklearn.OneHotEncoder": _categories,
    "sklearn.OrdinalEncoder": _categories,
    "sklearn.PolynomialFeatures": _polynomial,
    "sklearn.QuantileTransformer": {"output_distribution": ["uniform", "normal"]},
    "sklearn.RFE": {"n_features_to_select": UpTo("features", 1, 100, "log-uniform")},
    # auto-sklearn: 0.001..0.3 and 0.7..0.999.
    "sklearn.RobustScaler": {"quantile_range": [(25.0, 75.0), (10.0, 90.0), (1.0, 99.0)]},
    "sklearn.SelectFdr": _ALPHA,
    "sklearn.SelectFpr": _ALPHA,
    # None is the mean, but for an L1 penalty, whose coefficients may all be zero: then the
    # others select all features, and None none.
    "sklearn.SelectFromModel": {"threshold": ["mean", "median", "0.1*mean"]},
    "sklearn.SelectFwe": _ALPHA,
    "sklearn.SelectKBest": {"k": UpTo("features", 1, 100, "log-uniform")},
    "sklearn.SelectPercentile": {"percentile": (5, 100)},
    "sklearn.SequentialFeatureSelector": _sequential,
    "sklearn.SimpleImputer": {"strategy": ["mean", "median"]},
    "sklearn.SplineTransformer": {"n_knots": (3, 12)},
    # Micci-Barreca 2001: the rows of a category at which its own mean weighs as much as that
    # of all.
    "sklearn.TargetEncoder": {"smooth": (1.0, 100.0, "log-uniform")},
}
