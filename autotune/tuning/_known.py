"""Stand-ins for models whose predictions are known, so that scorers can be computed from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if


class Rows:
    """Takes the place of X, and knows only the positions of its rows.

    Parameters
    ----------
    places : ndarray of int
    """

    def __init__(self, places: np.ndarray):
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, chosen: Any) -> Rows:
        if isinstance(chosen, str | tuple):  # which would select columns
            self.__array__()
        return Rows(np.atleast_1d(self.places[chosen]))

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("only predictions are known: a scorer must not look at X itself")


def _is_known(name: str) -> Callable[[Any], bool]:
    """Return a check of whether the responses of a method are known."""
    return lambda model: name in model._responses


class _KnownModel(BaseEstimator):
    """What the classifier and the regressor share: the response for each row, by method."""

    def __init__(self, responses: dict[str, np.ndarray]):
        self._responses = responses
        self.is_fitted_ = True


class KnownClassifier(ClassifierMixin, _KnownModel):
    """A classifier with known responses; without those of `predict`, the most probable class."""

    def __init__(self, responses: dict[str, np.ndarray], classes: np.ndarray):
        super().__init__(responses)
        self.classes_ = classes

    def predict(self, X: Any) -> np.ndarray:
        numbers = self._responses.get("predict")
        if numbers is None:
            numbers = self._responses["predict_proba"].argmax(axis=1)
        return self.classes_[numbers[X.places]]

    @available_if(_is_known("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        values = self._responses["predict_proba"][X.places].astype(float)
        total = values.sum(axis=1, keepdims=True)  # not exactly 1 after rounding to 32 bits
        return values / np.where(total > 0, total, 1.0)

    @available_if(_is_known("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        return self._responses["decision_function"][X.places]


class KnownRegressor(RegressorMixin, _KnownModel):
    """A regressor with known predictions."""

    def predict(self, X: Any) -> np.ndarray:
        return self._responses["predict"][X.places]


def known_model(
    responses: dict[str, np.ndarray], classes: np.ndarray | None
) -> KnownClassifier | KnownRegressor:
    """Return a model that gives known responses: a classifier if there are classes."""
    return KnownRegressor(responses) if classes is None else KnownClassifier(responses, classes)
