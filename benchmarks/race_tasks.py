"""The tasks of ``race.py``: a data set, a model in a pipeline, folds, and rows held out.

A task draws 60 % of the rows for tuning, stratified, by its seed; the rest is seen only by the
finished models. All tuners get the same five folds, the same space (the model's built-in one)
and the same metric: log loss, or accuracy for the support vector machine, which has no
probabilities. The models of ``race_users.py`` have spaces and metrics of users.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keel
import numpy as np
import pandas as pd
import race_users
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

from autotune.defaults import auto_space
from autotune.space import Space

FOLDS = 5
TUNING_SHARE = 0.6
GROUPS = 30  # of rows, for the standard error of what is no mean over rows

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
        X, y = (
            keel.load(self.data) if self.setup is None else race_users.load(self.data, self.setup)
        )
        labels = None if self.is_regression else y
        return train_test_split(
            X, y, train_size=TUNING_SHARE, stratify=labels, random_state=self.seed, shuffle=True
        )

    @property
    def setup(self) -> race_users.Setup | None:
        """What a user wrote, None for a built-in space."""
        return race_users.SETUPS.get(self.model)

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.setup is not None and self.setup.regression

    @property
    def X(self) -> pd.DataFrame:
        """The features of the rows for tuning."""
        return self._parts[0]

    @property
    def y(self) -> np.ndarray:
        """The classes of the rows for tuning, or their numbers."""
        return self._target(self._parts[2])

    @property
    def splitter(self) -> KFold | StratifiedKFold:
        """What makes the folds."""
        if self.is_regression:
            return KFold(FOLDS, shuffle=True, random_state=self.seed)
        return StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)

    @cached_property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The five folds that all tuners share."""
        return list(self.splitter.split(self.X, self.y))

    @cached_property
    def pipeline(self) -> Pipeline:
        """The model, untuned; not to be fitted itself."""
        if self.setup is not None:
            return race_users.make_user_pipeline(self.setup)
        return make_pipeline(self.model)

    @property
    def written(self) -> Any:
        """The space as a user of ours writes it."""
        if self.setup is None:
            return "auto"
        return {f"model__{name}": values for name, values in self.setup.space.items()}

    @cached_property
    def space(self) -> Space:
        """The search space."""
        is_built_in = self.setup is None
        return Space.parse(auto_space(self.pipeline) if is_built_in else self.written)

    @property
    def scoring(self) -> str:
        """The name of the metric."""
        return MODELS[self.model][1] if self.setup is None else self.setup.scoring

    def fit(self, params: dict[str, Any]) -> Pipeline:
        """Fit a configuration on all rows for tuning."""
        return clone(self.pipeline).set_params(**params).fit(self.X, self.y)

    def score(self, model: Any) -> float:
        """Return the score of a fitted model on the rows held out."""
        return float(get_scorer(self.scoring)(model, self._parts[1], self._held_out_y))

    def row_scores(self, model: Any) -> np.ndarray:
        """Return the score on each row held out; their mean is the score.

        For a metric that is no mean over rows, they are the pseudo-values of a jackknife over
        groups of rows, as many for all models.
        """
        X, y = self._parts[1], self._held_out_y
        if self.scoring not in ("accuracy", "neg_log_loss"):
            return self._pseudo_values(model, X, y)
        if self.scoring == "accuracy":
            return (model.predict(X) == y).astype(float)
        probabilities = model.predict_proba(X)
        chosen = probabilities[np.arange(len(y)), np.searchsorted(model.classes_, y)]
        smallest = np.finfo(probabilities.dtype).eps  # as in scikit-learn's log_loss
        return np.log(np.clip(chosen, smallest, 1.0 - smallest))

    def _pseudo_values(self, model: Any, X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
        """Return what the score gains by each group of rows, times their number."""
        scorer, groups = get_scorer(self.scoring), np.arange(len(y)) % GROUPS
        left_out = [scorer(model, X[groups != g], y[groups != g]) for g in range(GROUPS)]
        return GROUPS * scorer(model, X, y) - (GROUPS - 1) * np.array(left_out)

    @property
    def _held_out_y(self) -> np.ndarray:
        return self._target(self._parts[3])

    def _target(self, y: pd.Series) -> np.ndarray:
        """Return numbers as they are, texts as objects."""
        return y.to_numpy(dtype=object if self.setup is None else None)
