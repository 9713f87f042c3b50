"""The default model, tuned if the user passes none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._texts import warn
from ..compat import target_encoder
from ._columns import (
    CATEGORY,
    DATE,
    DURATION,
    EMPTY,
    IDENTIFIER,
    MAX_CATEGORIES,
    NUMBER,
    TEXT,
    Column,
    read_columns,
)
from ._values import column_names, is_frame, split_columns

# Categories of few values and of many, of which the target's mean tells more.
FEW, MANY = "few categories", "many categories"
ONE_HOT = 30  # so many are few
Encoder = tuple[str, set[str], Any]  # a group's name, its kinds of columns, a transformer
_MAX_DENSE = 100_000_000  # bytes of a sparse matrix that is made dense
_N_NOTES = 5  # in one warning


def default_model(X: Any, *, classifier: bool) -> Any:
    """Return the estimator that is tuned for ``estimator="boosting"``.

    It is scikit-learn's HistGradientBoosting, which needs no scaling and supports missing
    values and categories. If ``X`` has columns that it would reject or misinterpret, it is the
    last step, ``"model"``, of a Pipeline whose step ``"columns"`` is a ColumnTransformer with
    an encoder for each kind of column (see `read_columns`); its ``transformers`` show how each
    column was interpreted. The rarest values of a category beyond 255 are merged, and unseen
    ones are treated as missing; one of more than 30 values is also encoded by the target's mean.

    The kinds of columns are inferred from all of ``X``; everything else is learned when the
    model is fitted.

    Parameters
    ----------
    X : array-like, sparse matrix or dataframe of shape (n_samples, n_features)
        The training data. Columns of pandas and polars frames and of arrays are inspected;
        anything else is passed to the model.
    classifier : bool
        Whether to return a classifier or a regressor.

    Returns
    -------
    estimator
        Unfitted.

    Raises
    ------
    TypeError, ValueError
        If a column has unsupported values, or no column is usable.

    Warns
    -----
    UserWarning
        If a column is left out as an identifier, or is converted: the markers that count as
        missing are named.

    Examples
    --------
    >>> import numpy as np
    >>> from autotune.defaults import default_model
    >>> default_model(np.zeros((3, 2)), classifier=False)
    HistGradientBoostingRegressor()
    """
    from scipy.sparse import issparse
    from sklearn.pipeline import Pipeline

    if issparse(X):
        return Pipeline([sparse_step(X), ("model", _boosting(classifier, "from_dtype"))])
    return boosting_for(read_table(X, classifier=classifier), classifier=classifier)


@dataclass(frozen=True)
class Table:
    """The columns of raw data.

    Attributes
    ----------
    columns : list of Column
        Those of categories are of the kind `FEW` or `MANY`.
    renamed : bool
        Whether the columns need other names.
    """

    columns: list[Column]
    renamed: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether scikit-learn's HistGradientBoosting supports the data without encoding."""
        return all(column.plain for column in self.columns) and not self.renamed

    def first_steps(self, encoders: list[Encoder]) -> list[tuple[str, Any]]:
        """Return the steps of a pipeline that encode the columns, a group of them each.

        Parameters
        ----------
        encoders : list of (name, kinds of columns, encoder)
            In the order of the encoded columns.
        """
        from sklearn.compose import ColumnTransformer

        from ._encoders import ColumnNamer

        by_name = not self.renamed and all(isinstance(c.name, str) for c in self.columns)
        transformers = []
        for name, kinds, encoder in encoders:
            places = [
                column.name if by_name else i
                for i, column in enumerate(self.columns)
                if column.kind in kinds
            ]
            if places:
                transformers.append((name, encoder, places))
        if self.is_plain and not by_name and len(transformers) == 1:
            return [transformers[0][:2]]  # all columns of an array
        return [
            *([("names", ColumnNamer())] if self.renamed else []),
            ("columns", ColumnTransformer(transformers, sparse_threshold=0)),
        ]


def read_table(X: Any, *, classifier: bool) -> Table | None:
    """Return the columns of raw data, and warn of what they are taken for.

    None means that nothing is known: the data are passed to the model.
    """
    X = _as_table(X)
    if X is None:
        return None
    if _is_finite(X):
        return Table([Column(i, NUMBER, plain=True) for i in range(X.shape[1])])
    columns = read_columns(X, classifier=classifier)
    _warn_of(columns)
    if not any(column.is_used for column in columns):
        raise ValueError(
            "X must have a column to learn from; "
            + "; ".join(f"column {column.name!r} is {column.note}" for column in columns[:_N_NOTES])
        )
    return Table(_by_size(columns, X), _needs_names(X))


def _by_size(columns: list[Column], X: Any) -> list[Column]:
    """Return columns in which categories are told apart by how many values they have."""
    return [
        replace(column, kind=MANY if _count_distinct(values) > ONE_HOT else FEW)
        if column.kind == CATEGORY
        else column
        for column, values in zip(columns, split_columns(X), strict=True)
    ]


def _count_distinct(column: Any) -> int:
    """Return how many values a column has."""
    for method in ("nunique", "n_unique"):  # of pandas and polars
        if hasattr(column, method):
            return int(getattr(column, method)())
    return len(set(map(str, column.tolist())))


def boosting_for(table: Table | None, *, classifier: bool) -> Any:
    """Return boosting, behind an encoder for each kind of column if some need one."""
    from sklearn.pipeline import Pipeline

    if table is None or table.is_plain:
        return _boosting(classifier, "from_dtype")
    n_categories = sum(column.kind in (FEW, MANY) for column in table.columns)
    model = _boosting(classifier, list(range(n_categories)))
    return Pipeline([*table.first_steps(raw_encoders(classifier)), ("model", model)])


def _as_table(X: Any) -> Any:
    """Return data whose columns can be inspected, or None."""
    if is_frame(X, "pandas") or is_frame(X, "polars"):
        table = X
    elif isinstance(X, (list, np.ndarray)):
        table = _as_array(X)
    elif len(getattr(X, "shape", ())) == 1:  # a series
        table = X
    else:
        return None
    if len(table.shape) != 2:
        is_record = getattr(table.dtype, "names", None) or isinstance(next(iter(X), None), dict)
        hint = "; make a frame of the records, such as pandas.DataFrame(X)" if is_record else ""
        raise ValueError(f"X must have rows and columns; got an array of shape {table.shape}{hint}")
    if not table.shape[1]:
        raise ValueError(
            f"X must have a column to learn from; got 0 feature(s) (shape={table.shape}) while a "
            "minimum of 1 is required."
        )
    return table if table.shape[0] else None


def _is_finite(X: Any) -> bool:
    """Return whether X is an array of numbers, none of them missing or infinite."""
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "biuf":
        return False
    with np.errstate(all="ignore"):
        return bool(np.isfinite(X.sum()))


def _as_array(X: Any) -> np.ndarray:
    """Return an array as it is, and lists as an array of objects."""
    if isinstance(X, np.ndarray):
        return X
    try:
        return np.array(X, dtype=object)
    except ValueError as error:
        raise ValueError("X must have rows of the same length") from error


def _needs_names(X: Any) -> bool:
    """Return whether the columns' names have mixed types or duplicates."""
    names = column_names(X)
    n_texts = sum(isinstance(name, str) for name in names)
    return 0 < n_texts < len(names) or len(set(names)) < len(names)


def _boosting(classifier: bool, categorical_features: Any) -> Any:
    """Return HistGradientBoosting for the task."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    cls = HistGradientBoostingClassifier if classifier else HistGradientBoostingRegressor
    return cls(categorical_features=categorical_features)


def sparse_step(X: Any) -> tuple[str, Any]:
    """Return a step that makes a sparse matrix dense, and reduces it if it is too large."""
    from sklearn.preprocessing import FunctionTransformer

    from ._texts import TermReducer, to_dense

    if 8 * X.shape[0] * X.shape[1] > _MAX_DENSE:
        return "reduce", TermReducer()
    return "dense", FunctionTransformer(
        to_dense, accept_sparse=True, feature_names_out="one-to-one"
    )


def raw_encoders(classifier: bool) -> list[Encoder]:
    """Return the encoder of each group of columns for boosting, the categories' first."""
    from ._encoders import DateEncoder, NumberReader
    from ._texts import TextEncoder

    return [
        *category_encoders(classifier),
        ("numbers", {NUMBER}, NumberReader()),
        ("durations", {DURATION}, NumberReader()),
        ("dates", {DATE}, DateEncoder()),
        ("texts", {TEXT}, TextEncoder()),
        ("identifiers", {IDENTIFIER}, "drop"),
        ("empty", {EMPTY}, "drop"),
    ]


def category_encoders(classifier: bool) -> list[Encoder]:
    """Return the encoders of categories for trees: a code for each, and the target's mean."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OrdinalEncoder

    from ._encoders import LabelReader

    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=MAX_CATEGORIES,
    )
    means = target_encoder("auto" if classifier else "continuous")
    return [
        ("categories", {FEW, MANY}, Pipeline([("labels", LabelReader()), ("codes", ordinal)])),
        ("means", {MANY}, Pipeline([("labels", LabelReader()), ("means", means)])),
    ]


def _warn_of(columns: list[Column]) -> None:
    """Warn about columns that were converted or left out, except empty ones."""
    notes = [f"{_label(column)} is {column.note}" for column in columns if _is_surprising(column)]
    if notes:
        more = f"; and {len(notes) - _N_NOTES} more" if len(notes) > _N_NOTES else ""
        warn(
            "The default model interprets columns of X as follows: "
            f"{'; '.join(notes[:_N_NOTES])}{more}",
        )


def _label(column: Column) -> str:
    """Return the label of a column in a warning."""
    return repr(column.name) if isinstance(column.name, str) else f"column {column.name!r}"


def _is_surprising(column: Column) -> bool:
    """Return whether users may not expect the interpretation of a column."""
    return bool(column.note) and column.kind != EMPTY
