"""Transformers that encode raw columns for a model."""

from __future__ import annotations

from abc import abstractmethod
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._parsing import is_day_first, number_format
from ._values import (
    as_numbers,
    as_text,
    as_times,
    column_names,
    distinct_texts,
    is_frame,
    split_columns,
    time_zone,
)

_LARGEST = float(np.finfo(np.float32).max)  # twice as much is still a float
_QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)  # and the ends
_OUTLIER = 1e6  # in units of the quartiles' distance, beyond which values do not differ
_GAPS = 5  # columns of dates, of which the days between each two are encoded
_DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")


class _Encoder(TransformerMixin, OneToOneFeatureMixin, BaseEstimator):
    """A transformer that makes one or more columns of each column.

    Attributes
    ----------
    learnt_ : list
        What was learned from each column.
    """

    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn from each column.

        Parameters
        ----------
        X : dataframe or array-like of shape (n_samples, n_features)
        y : array-like, default=None

        Returns
        -------
        self
        """
        self.learnt_ = self._learn_all(self._split(X, reset=True), y)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the encoded columns side by side.

        Parameters
        ----------
        X : dataframe or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
        """
        check_is_fitted(self)
        return self._encode_all(self._split(X, reset=False))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            None: those seen in `fit`, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        names = super().get_feature_names_out(input_features)
        return np.array(
            [
                name if suffix is None else f"{name}_{suffix}"
                for name, learnt in zip(names, self.learnt_, strict=True)
                for suffix in self._suffixes(learnt)
            ],
            dtype=object,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _split(self, X: Any, *, reset: bool) -> list[Any]:
        """Return the columns after validation."""
        frame = is_frame(X, "pandas") or is_frame(X, "polars")
        dtype = object if isinstance(X, list) else None
        checks = {} if frame else {"dtype": dtype, "ensure_all_finite": False}
        return split_columns(validate_data(self, X, reset=reset, skip_check_array=frame, **checks))

    @abstractmethod
    def _learn_all(self, columns: list[Any], y: Any) -> list[Any]:
        """Return what is needed to encode each column."""

    @abstractmethod
    def _encode_all(self, columns: list[Any]) -> np.ndarray:
        """Return the values of all columns side by side."""

    def _suffixes(self, learnt: Any) -> list[str | None]:
        """Return the suffix of each encoded column's name."""
        return [None]


class ColumnEncoder(_Encoder):
    """A transformer that encodes each column separately."""

    def _learn_all(self, columns: list[Any], y: Any) -> list[Any]:
        return [self._learn(column, y) for column in columns]

    def _encode_all(self, columns: list[Any]) -> np.ndarray:
        pairs = zip(columns, self.learnt_, strict=True)
        return np.column_stack([self._encode(column, learnt) for column, learnt in pairs])

    @abstractmethod
    def _learn(self, column: Any, y: Any) -> Any:
        """Return what is needed to encode a column."""

    @abstractmethod
    def _encode(self, column: Any, learnt: Any) -> np.ndarray:
        """Return the values as one or more columns."""


class NumberReader(ColumnEncoder):
    """Converts numbers, in any format, to floats.

    Durations and times of day become seconds, ``"$1,234.50"`` becomes 1234.5, ``"45.3%"`` 0.453,
    ``"(3.2)"`` -3.2, and ``"1 234,5"`` 1234.5 if the column uses decimal commas. Other values
    become NaN, and infinite values the largest number of single precision. A column without any
    number in `fit` becomes zeros.

    Attributes
    ----------
    learnt_ : list of (str, str, bool)
        The decimal separator and the unit of each column, and whether it had no number.

    Examples
    --------
    >>> from autotune.defaults import NumberReader
    >>> NumberReader().fit_transform([["$1,234.50"], ["?"]])
    array([[1234.5],
           [   nan]])
    """

    def _learn(self, column: Any, y: Any) -> tuple[str, str, bool]:
        point, unit = number_format(distinct_texts(column))
        return point, unit, bool(np.isnan(as_numbers(column, point, unit)).all())

    def _encode(self, column: Any, learnt: tuple[str, str, bool]) -> np.ndarray:
        point, unit, is_empty = learnt
        if is_empty:
            return np.zeros(len(column))
        numbers = as_numbers(column, point, unit)
        return np.nan_to_num(numbers, nan=np.nan, posinf=_LARGEST, neginf=-_LARGEST)


class NumberScaler(_Encoder):
    """Scales numbers to their quartiles, draws outliers in and replaces missing values.

    A value x becomes z = (x - median) / (upper quartile - lower quartile), and z / sqrt(1 +
    (z / 3)^2), which is hardly less near the median and never beyond 3 [1]_. A missing value
    becomes 0, and a column in which some are missing in `fit` is followed by one that says where.

    Attributes
    ----------
    learnt_ : list of (float, float, bool)
        Of each column the median, by what is divided, and whether values are missing.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, section 3.

    Examples
    --------
    >>> from autotune.defaults import NumberScaler
    >>> NumberScaler().fit_transform([[1.0], [2.0], [3.0], [None]]).round(2).tolist()
    [[-0.95, 0.0], [0.0, 0.0], [0.95, 0.0], [0.0, 1.0]]
    """

    def _learn_all(self, columns: list[Any], y: Any) -> list[tuple[float, float, bool]]:
        table = np.clip([as_numbers(column) for column in columns], -_LARGEST, _LARGEST)
        missing = np.isnan(table)
        may_miss, is_empty = missing.any(axis=1), missing.all(axis=1)
        quantiles = np.zeros((5, len(columns)))
        quantiles[:, ~may_miss] = np.quantile(table[~may_miss], _QUARTILES, axis=1)
        for i in np.flatnonzero(may_miss & ~is_empty):
            quantiles[:, i] = np.quantile(table[i, ~missing[i]], _QUARTILES)
        low, lower, median, upper, high = quantiles
        # Where most values are the same, all others may lie outside the quartiles.
        scale = np.where(upper > lower, upper - lower, high / 2 - low / 2)
        scale[scale == 0] = 1.0
        return list(zip(median.tolist(), scale.tolist(), may_miss.tolist(), strict=True))

    def _encode_all(self, columns: list[Any]) -> np.ndarray:
        table = np.array([as_numbers(column) for column in columns])
        median, scale, may_miss = (np.array(each) for each in zip(*self.learnt_, strict=True))
        with np.errstate(over="ignore"):
            z = np.clip((table - median[:, None]) / scale[:, None], -_OUTLIER, _OUTLIER)
        z = np.nan_to_num(z / np.sqrt(1 + (z / 3) ** 2))
        places = np.arange(len(columns)) + np.cumsum(may_miss) - may_miss
        encoded = np.empty((table.shape[1], len(columns) + may_miss.sum()))
        encoded[:, places] = z.T
        encoded[:, places[may_miss] + 1] = np.isnan(table[may_miss]).T
        return encoded

    def _suffixes(self, learnt: tuple[float, float, bool]) -> list[str | None]:
        return [None, "missing"] if learnt[2] else [None]


class DateEncoder(ColumnEncoder):
    """Encodes dates and times by their parts and by the days since the first one.

    The parts are those of year, month, day, weekday (Monday is 0), hour, minute and second
    that vary in `fit`, in the column's own time zone. Periods are represented by their start.
    Days before the first date in `fit` are negative. The days between each two of the first five
    columns follow.

    Attributes
    ----------
    learnt_ : list of dict
        For each column the ``"first"`` date in microseconds since 1970, or None if there is
        none; the names of its ``"parts"``; its time ``"zone"``; and ``"day_first"``, whether
        the day comes first in dates like 01/02/2024.

    Examples
    --------
    >>> from autotune.defaults import DateEncoder
    >>> encoder = DateEncoder().fit([["2024-01-31"], ["2024-02-01"]])
    >>> encoder.get_feature_names_out().tolist()
    ['x0_month', 'x0_day', 'x0_weekday', 'x0_days']
    >>> encoder.transform([["2024-02-03"]])
    array([[2., 3., 5., 3.]])
    """

    def transform(self, X: Any) -> np.ndarray:
        """Return the encoded columns side by side, then the days between them.

        Parameters
        ----------
        X : dataframe or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
        """
        encoded = super().transform(X)
        last = np.cumsum([len(self._suffixes(learnt)) for learnt in self.learnt_]) - 1
        days = [
            encoded[:, i] + (learnt["first"] or 0) / _DAY
            for i, learnt in zip(last, self.learnt_, strict=True)
        ]
        return np.column_stack([encoded, *(days[j] - days[i] for i, j in self._pairs())])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            None: those seen in `fit`, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of str objects
        """
        encoded = super().get_feature_names_out(input_features)
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        gaps = [f"{names[i]}_to_{names[j]}_days" for i, j in self._pairs()]
        return np.array([*encoded, *gaps], dtype=object)

    def _pairs(self) -> list[tuple[int, int]]:
        """Return the columns, two by two, between which the days are encoded."""
        dated = [i for i, learnt in enumerate(self.learnt_) if learnt["first"] is not None]
        return list(combinations(dated[:_GAPS], 2))

    def _learn(self, column: Any, y: Any) -> dict[str, Any]:
        zone, day_first = time_zone(column), is_day_first(distinct_texts(column))
        times = as_times(column, zone, day_first)
        times = times[~np.isnat(times)]
        parts = [name for name, values in _date_parts(times).items() if len(np.unique(values)) > 1]
        first = int(times.min().astype(np.int64)) if len(times) else None
        return {"first": first, "parts": parts, "zone": zone, "day_first": day_first}

    def _encode(self, column: Any, learnt: dict[str, Any]) -> np.ndarray:
        if learnt["first"] is None:
            return np.zeros((len(column), 1))
        times = as_times(column, learnt["zone"], learnt["day_first"])
        parts = _date_parts(times)
        days = (times.astype(np.int64).astype(float) - learnt["first"]) / _DAY
        encoded = np.column_stack([*(parts[name] for name in learnt["parts"]), days])
        encoded[np.isnat(times)] = np.nan
        return encoded

    def _suffixes(self, learnt: dict[str, Any]) -> list[str | None]:
        return [*learnt["parts"], "days"]


def _date_parts(times: np.ndarray) -> dict[str, np.ndarray]:
    """Return the parts of times; they are arbitrary for missing times."""
    year, month, day = (times.astype(f"M8[{unit}]") for unit in "YMD")
    seconds = (times - day).astype("m8[s]").astype(float)
    return {
        "year": year.astype(np.int64) + 1970.0,
        "month": (month - year).astype(float) + 1,
        "day": (day - month).astype(float) + 1,
        "weekday": (day.astype(np.int64) + 3.0) % 7,  # 1970 began on a Thursday
        "hour": seconds // 3600,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
    }


class LabelReader(ColumnEncoder):
    """Converts the values of categorical columns to text, or to numbers if all are numbers.

    All kinds of missing values become NaN. An encoder of categories can then sort and compare
    the values.

    Attributes
    ----------
    learnt_ : list of bool
        Whether the values of each column are numbers.

    Examples
    --------
    >>> from autotune.defaults import LabelReader
    >>> LabelReader().fit_transform([["a", 2], [1, None]])
    array([['a', 2.0],
           ['1', nan]], dtype=object)
    """

    def _learn(self, column: Any, y: Any) -> bool:
        return not len(distinct_texts(column))

    def _encode(self, column: Any, learnt: bool) -> np.ndarray:
        if learnt:
            return as_numbers(column).astype(object)
        texts = as_text(column)
        texts[[text is None for text in texts]] = np.nan
        return texts


class ColumnNamer(TransformerMixin, BaseEstimator):
    """Gives the columns of a pandas frame unique names of type str.

    Other transformers do not support names of mixed types or duplicate names.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns in `fit`.
    names_in_ : list
        The names in `fit`.
    names_ : list of str
        The new names.

    Examples
    --------
    >>> import pandas as pd
    >>> from autotune.defaults import ColumnNamer
    >>> list(ColumnNamer().fit_transform(pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])))
    ['a', 'a_2', '7']
    """

    def fit(self, X: Any, y: Any = None) -> ColumnNamer:
        """Choose the names.

        Parameters
        ----------
        X : pandas DataFrame or array
        y : None
            Ignored.

        Returns
        -------
        self
        """
        self.names_in_ = column_names(X)
        self.n_features_in_ = len(self.names_in_)
        self.names_: list[str] = []
        for name in map(str, self.names_in_):
            new, n = name, 1
            while new in self.names_:
                n += 1
                new = f"{name}_{n}"
            self.names_.append(new)
        return self

    def transform(self, X: Any) -> Any:
        """Return the frame with the new names.

        Parameters
        ----------
        X : pandas DataFrame or array
            With the columns that it had in `fit`, in the same order.

        Returns
        -------
        pandas DataFrame or array
            An array has no names, and is returned unchanged.
        """
        check_is_fitted(self)
        if not is_frame(X, "pandas"):
            return X
        if list(X.columns) != self.names_in_:
            raise ValueError(
                f"X must have the columns that it had in fit, in the same order: "
                f"{self.names_in_}; got {list(X.columns)}"
            )
        return X.set_axis(self.names_, axis=1)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the new names.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        return np.array(self.names_, dtype=object)
