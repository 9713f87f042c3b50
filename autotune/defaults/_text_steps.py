"""Built-in search spaces: text vectorizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import UpTo

# The grid of scikit-learn's example on text pipelines: single words or pairs too, rare words
# left out or not; Salton & Buckley 1988: the logarithm of counts.
# min_df: in a number of texts, so that no text of a small set is left without words.
_WORDS = {"ngram_range": [(1, 1), (1, 2)]}


def _counts(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a vectorizer that counts words."""
    words = _WORDS if params.get("analyzer") == "word" else {}
    rare = {} if params.get("vocabulary") is not None else {"min_df": UpTo("few_rows", 1, 10)}
    return {**words, **rare}


_WEIGHTS = {"sublinear_tf": [False, True]}


def _tfidf(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a vectorizer that weighs words."""
    return {**_counts(params), **_WEIGHTS}


def _hashed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a vectorizer that hashes words."""
    return _WORDS if params.get("analyzer") == "word" else {}


SPACES: dict[str, Any] = {
    "sklearn.CountVectorizer": _counts,
    "sklearn.HashingVectorizer": _hashed,
    "sklearn.TfidfTransformer": {**_WEIGHTS, "use_idf": [True, False]},
    "sklearn.TfidfVectorizer": _tfidf,
}
