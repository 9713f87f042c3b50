"""XGBoost classifiers for arbitrary labels; imported only if XGBoost is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from xgboost import XGBClassifier, XGBRFClassifier

_Base: Any = object  # mixed into classifiers of XGBoost


class _AnyLabels(_Base):
    """Encodes arbitrary labels as 0, 1, ..., which XGBoost requires."""

    def fit(self, X: Any, y: Any, *, sample_weight: Any = None, eval_set: Any = None, **params):
        y = np.ravel(y)
        encoder = LabelEncoder().fit(y)
        if eval_set is not None:
            eval_set = [(other, encoder.transform(known)) for other, known in eval_set]
        self.__dict__.pop("labels_", None)  # XGBoost compares the codes with `classes_`
        codes = encoder.transform(y)
        super().fit(X, codes, sample_weight=sample_weight, eval_set=eval_set, **params)
        self.labels_ = encoder.classes_
        return self

    @property
    def classes_(self) -> np.ndarray:
        return self.__dict__["labels_"] if "labels_" in self.__dict__ else super().classes_

    def predict(self, X: Any, *, output_margin: bool = False, **params: Any) -> np.ndarray:
        predicted = super().predict(X, output_margin=output_margin, **params)
        return predicted if output_margin else self.classes_[predicted.astype(int)]


class EncodingXGBClassifier(_AnyLabels, XGBClassifier):
    """An ``XGBClassifier`` with labels of any kind in ``y``, ``classes_`` and ``predict``."""


class EncodingXGBRFClassifier(_AnyLabels, XGBRFClassifier):
    """An ``XGBRFClassifier`` with labels of any kind in ``y``, ``classes_`` and ``predict``."""


ENCODING = {XGBClassifier: EncodingXGBClassifier, XGBRFClassifier: EncodingXGBRFClassifier}
