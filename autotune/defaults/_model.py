"""The model that is tuned when the user names none."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

# Of HistGradientBoosting: a category is a bin.
_MAX_CATEGORIES = 255


def default_model(X: Any, *, classifier: bool) -> Any:
    """Return the estimator that stands for ``estimator=None``.

    It is scikit-learn's HistGradientBoosting, which needs no scaling and handles missing
    values and categories itself. Where ``X`` has columns that it would refuse, of text or
    with more than 255 categories, it comes in a Pipeline that numbers their values first;
    the rarest values beyond 255 are taken together, unseen ones count as missing.

    Parameters
    ----------
    X : array-like or dataframe of shape (n_samples, n_features)
        The training data. Only dataframes of pandas and polars and arrays of objects are
        looked into; anything else is left to the model.
    classifier : bool
        Whether to return a classifier, not a regressor.

    Returns
    -------
    estimator
        Unfitted, made of scikit-learn's public classes only.

    Examples
    --------
    >>> import numpy as np
    >>> from autotune.defaults import default_model
    >>> default_model(np.zeros((3, 2)), classifier=False)
    HistGradientBoostingRegressor()
    """
    from sklearn.pipeline import Pipeline

    uniform, mixed = _columns_to_encode(X)
    n_encoded = len(uniform) + len(mixed)
    if not n_encoded:
        return _boosting(classifier, "from_dtype")
    # The encoded columns come first.
    model = _boosting(classifier, list(range(n_encoded)))
    return Pipeline([("encode", _encoder(X, uniform, mixed)), ("model", model)])


def _boosting(classifier: bool, categorical_features: Any) -> Any:
    """Return HistGradientBoosting for the task."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    cls = HistGradientBoostingClassifier if classifier else HistGradientBoostingRegressor
    return cls(categorical_features=categorical_features)


def _encoder(X: Any, uniform: list[int], mixed: list[int]) -> Any:
    """Return a transformer that numbers the values of some columns and passes the others."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=_MAX_CATEGORIES,
    )
    transformers: list[tuple[str, Any, list[int]]] = []
    if uniform:
        transformers.append(("categories", ordinal, uniform))
    if mixed:
        pandas = sys.modules["pandas"]
        text = FunctionTransformer(
            pandas.DataFrame.astype, kw_args={"dtype": str}, feature_names_out="one-to-one"
        )
        transformers.append(("mixed", Pipeline([("text", text), ("categories", ordinal)]), mixed))
    in_pandas = _is_frame(X, "pandas")
    # Where columns have numbers for names, every transformer calls its first one x0.
    nameless = in_pandas and not all(isinstance(name, str) for name in X.columns)
    encoder = ColumnTransformer(
        transformers, remainder="passthrough", verbose_feature_names_out=nameless
    )
    # An array cannot hold the missing value of pandas' nullable numbers; a frame can.
    return encoder.set_output(transform="pandas") if in_pandas else encoder


def _columns_to_encode(X: Any) -> tuple[list[int], list[int]]:
    """Return the positions of the columns to encode: as they are, and by way of text."""
    if _is_frame(X, "pandas"):
        kinds = [_pandas_kind(X.iloc[:, i]) for i in range(X.shape[1])]
    elif _is_frame(X, "polars"):
        kinds = [_polars_kind(column) for column in X.get_columns()]
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == object:
        kinds = ["uniform" if _has_text(column) else "" for column in X.T]
    else:
        kinds = []
    if not {"uniform", "mixed"}.intersection(kinds):
        return [], []
    # Beside encoded columns native categories would lose their dtype on the way.
    uniform = [i for i, kind in enumerate(kinds) if kind in ("uniform", "native")]
    return uniform, [i for i, kind in enumerate(kinds) if kind == "mixed"]


def _is_frame(X: Any, library: str) -> bool:
    """Say whether X is a dataframe of the library, without importing it."""
    module = sys.modules.get(library)
    return module is not None and isinstance(X, module.DataFrame)


def _pandas_kind(column: Any) -> str:
    """Return how a column of a pandas frame reaches the model: see `_columns_to_encode`."""
    pandas = sys.modules["pandas"]
    if isinstance(column.dtype, pandas.CategoricalDtype):
        return "native" if len(column.cat.categories) <= _MAX_CATEGORIES else "uniform"
    if isinstance(column.dtype, pandas.StringDtype):
        # pandas.NA is no missing value that the encoder knows.
        return "mixed" if column.dtype.na_value is pandas.NA else "uniform"
    if column.dtype != object or not _has_text(column):
        return ""
    # The encoder sorts the values, so text and numbers, or two kinds of missing, do not mix.
    inferred = pandas.api.types.infer_dtype(column, skipna=True)
    has_pandas_missing = any(value is pandas.NA for value in column)
    return "uniform" if inferred == "string" and not has_pandas_missing else "mixed"


def _polars_kind(column: Any) -> str:
    """Return how a column of a polars frame reaches the model: see `_columns_to_encode`."""
    polars = sys.modules["polars"]
    if column.dtype in (polars.Categorical, polars.Enum):
        return "native" if column.n_unique() <= _MAX_CATEGORIES else "uniform"
    return "uniform" if column.dtype == polars.String else ""


def _has_text(values: Any) -> bool:
    """Say whether any value is a string."""
    return any(isinstance(value, str) for value in values)
