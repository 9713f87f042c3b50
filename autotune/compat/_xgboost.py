"""XGBoost classifiers for arbitrary labels, made when they are first asked for.

Pickles find them here by name.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelEncoder

_PREFIX = "Encoding"
_CLASSES = ("XGBClassifier", "XGBRFClassifier")
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


def encoding_class(cls: type) -> type | None:
    """Return the class that stands in for one of XGBoost's, None for any other class."""
    known = cls.__module__.partition(".")[0] == "xgboost" and cls.__name__ in _CLASSES
    return getattr(sys.modules[__name__], _PREFIX + cls.__name__) if known else None


def __getattr__(name: str) -> type:
    """Make a class when it is first asked for: importing XGBoost takes long."""
    if not name.startswith(_PREFIX) or name.removeprefix(_PREFIX) not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import xgboost

    base = name.removeprefix(_PREFIX)
    members = {
        "__module__": __name__,
        "__doc__": f"An ``{base}`` with labels of any kind in ``y``, ``classes_`` and ``predict``.",
    }
    cls = type(name, (_AnyLabels, getattr(xgboost, base)), members)
    globals()[name] = cls
    return cls
