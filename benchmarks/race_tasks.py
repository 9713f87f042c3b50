"""The tasks of ``race.py``: a data set, a model in a pipeline, folds, and rows held out.

A task draws 60 % of the rows for tuning, stratified, by its seed; the rest is seen only by the
finished models. All tuners get the same five folds, the same space (the model's built-in one)
and the same metric: log loss, or accuracy for the support vector machine, which has no
probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keel
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

from autotune.defaults import auto_space
from autotune.space import Space

FOLDS = 5
TUNING_SHARE = 0.6

MODELS: dict[str, tuple[type, str]] = {  # and the metric
    "SVC": (SVC, "accuracy"),
    "HistGradientBoosting": (HistGradientBoostingClassifier, "neg_log_loss"),
    "RandomForest": (RandomForestClassifier, "neg_log_loss"),
    "MLP": (MLPClassifier, "neg_log_loss"),
    "LogisticRegression": (LogisticRegression, "neg_log_loss"),
}


def make_pipeline(model: str) -> Pipeline:
    """Return a model behind the preparation of its columns."""
    texts = make_column_selector(dtype_include="category")
    numbers = make_column_selector(dtype_exclude="category")
    prepare: list[tuple[str, Any, Any]]
    if model == "HistGradientBoosting":
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        prepare = [("texts", encoder, texts), ("numbers", "passthrough", numbers)]
    else:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        prepare = [("texts", encoder, texts), ("numbers", StandardScaler(), numbers)]
    cls = MODELS[model][0]
    return Pipeline([("prepare", ColumnTransformer(prepare)), ("model", cls(random_state=0))])


@dataclass(frozen=True)
class Task:
    """What all tuners get, and the rows that none of them sees.

    Attributes
    ----------
    data, model : str
    seed : int
        Decides the rows and the folds.
    """

    data: str
    model: str
    seed: int

    @cached_property
    def _parts(self) -> list[Any]:
        X, y = keel.load(self.data)
        return train_test_split(
            X, y, train_size=TUNING_SHARE, stratify=y, random_state=self.seed, shuffle=True
        )

    @property
    def X(self) -> pd.DataFrame:
        """The features of the rows for tuning."""
        return self._parts[0]

    @property
    def y(self) -> np.ndarray:
        """The classes of the rows for tuning."""
        return self._parts[2].to_numpy(dtype=object)

    @property
    def splitter(self) -> StratifiedKFold:
        """What makes the folds."""
        return StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)

    @cached_property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The five folds that all tuners share."""
        return list(self.splitter.split(self.X, self.y))

    @cached_property
    def pipeline(self) -> Pipeline:
        """The model, untuned; not to be fitted itself."""
        return make_pipeline(self.model)

    @cached_property
    def space(self) -> Space:
        """The model's built-in search space."""
        return Space.parse(auto_space(self.pipeline))

    @property
    def scoring(self) -> str:
        """The name of the metric."""
        return MODELS[self.model][1]

    def fit(self, params: dict[str, Any]) -> Pipeline:
        """Fit a configuration on all rows for tuning."""
        return clone(self.pipeline).set_params(**params).fit(self.X, self.y)

    def score(self, model: Any) -> float:
        """Return the score of a fitted model on the rows held out."""
        return float(get_scorer(self.scoring)(model, self._parts[1], self._held_out_y))

    def row_scores(self, model: Any) -> np.ndarray:
        """Return the score on each row held out; their mean is the score."""
        X, y = self._parts[1], self._held_out_y
        if self.scoring == "accuracy":
            return (model.predict(X) == y).astype(float)
        probabilities = model.predict_proba(X)
        chosen = probabilities[np.arange(len(y)), np.searchsorted(model.classes_, y)]
        smallest = np.finfo(probabilities.dtype).eps  # as in scikit-learn's log_loss
        return np.log(np.clip(chosen, smallest, 1.0 - smallest))

    @property
    def _held_out_y(self) -> np.ndarray:
        return self._parts[3].to_numpy(dtype=object)
