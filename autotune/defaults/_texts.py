"""Transformers that reduce text and sparse matrices to a few features."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._encoders import ColumnEncoder
from ._values import as_text

_MAX_TERMS = 20_000  # of one column of text
_MAX_ROWS = 20_000  # from which the reduction is learnt
_MAX_CLASSES = 100  # a target of more distinct values counts as a number
_WORD = r"(?u)\w+|[\u2600-\u27bf\U0001f000-\U0001faff]"  # or an emoji
_RARE = 2  # terms in fewer rows say nothing about other rows


class TextEncoder(ColumnEncoder):
    """Encodes free text by its terms.

    Terms are words and emoji or, in codes and scripts without spaces, groups of two to four
    characters, weighted by TF-IDF. Those most associated with the target in `fit` are kept as
    features; all terms together are reduced by TruncatedSVD. The number of words is another
    feature.

    With more than 20,000 rows, the reduction is fitted on 20,000 evenly spaced ones.

    Parameters
    ----------
    n_terms : int, default=50
        Number of terms of a column that are kept.
    n_components : int, default=30
        Number of features to which all terms of a column are reduced, if there are more terms
        than ``n_terms + n_components``.

    Attributes
    ----------
    learnt_ : list of dict
        For each column the fitted ``"vectorizer"``, or None without any text, and the fitted
        ``"reducer"``.

    Examples
    --------
    >>> from autotune.defaults import TextEncoder
    >>> encoder = TextEncoder().fit([["red wine"], ["white wine"], ["red wine"]])
    >>> encoder.get_feature_names_out().tolist()
    ['x0_words', 'x0_red', 'x0_wine']
    """

    def __init__(self, n_terms=50, n_components=30):
        self.n_terms = n_terms
        self.n_components = n_components

    def _learn(self, column: Any, y: Any) -> dict[str, Any]:
        texts = as_text(column)
        present = [text for text in texts if text is not None]
        vectorizer = _make_vectorizer(present)
        analyze = vectorizer.build_analyzer()
        if not any(map(analyze, present)):
            return {"vectorizer": None, "reducer": None}
        terms = vectorizer.fit_transform(_filled(texts))
        return {"vectorizer": vectorizer, "reducer": self._reducer().fit(terms, y)}

    def _reducer(self) -> TermReducer:
        return TermReducer(self.n_terms, self.n_components)

    def _encode(self, column: Any, learnt: dict[str, Any]) -> np.ndarray:
        if learnt["vectorizer"] is None:
            return np.zeros((len(column), 1))
        texts = as_text(column)
        terms = learnt["vectorizer"].transform(_filled(texts))
        n_words = [np.nan if text is None else float(len(text.split())) for text in texts]
        return np.column_stack([n_words, learnt["reducer"].transform(terms)])

    def _suffixes(self, learnt: dict[str, Any]) -> list[str | None]:
        if learnt["vectorizer"] is None:
            return ["words"]
        terms = learnt["vectorizer"].get_feature_names_out()
        return ["words", *learnt["reducer"].get_feature_names_out(terms)]


def _filled(texts: np.ndarray) -> list[str]:
    """Return texts; missing ones become empty."""
    return ["" if text is None else text for text in texts]


def _make_vectorizer(texts: list[str]) -> Any:
    """Return a vectorizer for texts of this kind."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    n_words = np.mean([len(text.split()) for text in texts]) if texts else 0
    kind = (
        {"analyzer": "word", "token_pattern": _WORD}
        if n_words >= 2
        else {"analyzer": "char_wb", "ngram_range": (2, 4)}
    )
    return TfidfVectorizer(strip_accents="unicode", max_features=_MAX_TERMS, **kind)


class TermReducer(TransformerMixin, BaseEstimator):
    """Reduces a wide sparse matrix to a narrow dense one.

    The columns most associated with the target in `fit` are kept or, without a target, the most
    frequent ones; all columns together are reduced by TruncatedSVD.

    Parameters
    ----------
    n_terms : int, default=50
        Number of columns that are kept.
    n_components : int, default=30
        Number of features to which all columns are reduced, if there are more columns than
        ``n_terms + n_components``.

    Attributes
    ----------
    kept_ : ndarray of int
        The columns that are kept.
    svd_ : TruncatedSVD or None
        None if all columns that are not too rare are kept.

    Examples
    --------
    >>> from scipy.sparse import eye_array
    >>> from autotune.defaults import TermReducer
    >>> TermReducer(2, 3).fit_transform(eye_array(20, format="csr"), range(20)).shape
    (20, 5)
    """

    def __init__(self, n_terms=50, n_components=30):
        self.n_terms = n_terms
        self.n_components = n_components

    def fit(self, X: Any, y: Any = None) -> TermReducer:
        """Choose the columns to keep, and fit the reduction.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None

        Returns
        -------
        self
        """
        from sklearn.decomposition import TruncatedSVD

        X = validate_data(self, X, accept_sparse="csr", dtype=float)
        X = sparse.csr_array(X)
        n_rows = X.count_nonzero(axis=0)
        frequent = np.flatnonzero(n_rows >= min(_RARE, n_rows.max()))
        self.svd_ = None
        if len(frequent) > self.n_terms + self.n_components:
            scores = _associations(X, y)[frequent]
            frequent = frequent[np.argsort(-scores, kind="stable")[: self.n_terms]]
            sample = X[:: -(-X.shape[0] // _MAX_ROWS)]
            svd = TruncatedSVD(min(self.n_components, sample.shape[0]), random_state=0)
            with np.errstate(invalid="ignore"):  # where all rows are alike
                self.svd_ = svd.fit(sample)
        self.kept_ = np.sort(frequent)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the kept columns, and the reduction of all columns.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=float, reset=False)
        X = sparse.csr_array(X)
        kept = X[:, self.kept_].toarray()
        return kept if self.svd_ is None else np.column_stack([kept, self.svd_.transform(X)])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the kept columns, and ``truncatedsvd0``, ...

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            None: those seen in `fit`, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        if input_features is None:
            numbered = [f"x{i}" for i in range(self.n_features_in_)]
            input_features = getattr(self, "feature_names_in_", numbered)
        kept = [input_features[i] for i in self.kept_]
        reduced = [] if self.svd_ is None else self.svd_.get_feature_names_out()
        return np.array([*kept, *reduced], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _associations(X: Any, y: Any) -> np.ndarray:
    """Return for each column its largest squared correlation with a target, or class."""
    n_rows = X.shape[0]
    mean = np.asarray(X.mean(axis=0)).ravel()
    variance = np.asarray(X.power(2).mean(axis=0)).ravel() - mean**2
    if y is None:
        return variance
    targets = _targets(y)
    targets = targets - targets.mean(axis=0)
    covariance = np.asarray(X.T @ targets) / n_rows
    spread = np.outer(variance, (targets**2).mean(axis=0))
    squared = np.divide(covariance**2, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    return squared.max(axis=1)


def _targets(y: Any) -> np.ndarray:
    """Return a target as columns of numbers: one for each class, or for each output."""
    y = np.asarray(y)
    if y.ndim == 2:
        return np.column_stack([_targets(column) for column in y.T])
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) > _MAX_CLASSES:
        return (y if y.dtype.kind in "biuf" else codes).astype(float).reshape(-1, 1)
    return (codes[:, None] == np.arange(len(classes))).astype(float)


def to_dense(X: Any) -> np.ndarray:
    """Return a sparse matrix as an array.

    Parameters
    ----------
    X : sparse matrix of shape (n_samples, n_features)

    Returns
    -------
    ndarray of shape (n_samples, n_features)
    """
    return X.toarray() if sparse.issparse(X) else np.asarray(X)
