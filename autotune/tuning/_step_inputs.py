"""The data that reach the steps of a pipeline, from which symbols such as "scale" follow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..compat import num_samples, safe_split
from ..defaults import StepInput
from ..evaluation import build

_MAX_ROWS = 1000  # on which first steps are fitted: few are enough to count and to measure
_KNOWN = frozenset({"numpy", "scipy", "sklearn"})  # packages whose steps end soon


class StepInputs:
    """Finds out what the data are like as they reach a model inside another.

    The steps before it in a pipeline are fitted, once and on a part of the rows.

    Parameters
    ----------
    X, y
        The training data.
    trusting : bool, default=True
        Whether steps that are not scikit-learn's are fitted too. They cannot be ended here, so
        where seconds count, nothing is known of what they pass on.
    """

    def __init__(self, X: Any, y: Any, *, trusting: bool = True):
        self._X, self._y = X, y
        self._trusting = trusting
        self._known: dict[tuple[int, str], StepInput | None] = {}

    def __call__(self, estimator: Any, path: str) -> StepInput | None:
        """Return what reaches a nested model, None if that is unknown.

        Parameters
        ----------
        estimator : estimator
        path : str
            The parameter that holds the model, as in ``"pipeline__svc"``; empty for the
            estimator itself.
        """
        key = id(estimator), path
        if key not in self._known:
            try:
                self._known[key] = self._find(estimator, path)
            except Exception:  # the trials will meet it too, and record it
                self._known[key] = None
        return self._known[key]

    def _find(self, estimator: Any, path: str) -> StepInput | None:
        """Return what reaches a nested model."""
        if self._X is None or get_tags(estimator).input_tags.pairwise:
            return None
        n_rows = num_samples(self._X)
        rows = np.random.RandomState(0).permutation(n_rows)[:_MAX_ROWS]
        X, y = safe_split(estimator, self._X, self._y, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the trials' own are shown
            for step in _steps_before(estimator, path):
                if not (self._trusting or _is_known(step)):
                    return None
                X = build(step, {}, 0).fit_transform(X, y)
            return _measure(X, n_rows)


def _steps_before(estimator: Any, path: str) -> Iterator[Any]:
    """Yield the transformers that rows pass on their way to a nested model."""
    for name in filter(None, path.split("__")):
        if hasattr(estimator, "transformers"):
            raise ValueError(f"only some columns reach {name!r}")
        if isinstance(estimator, Pipeline):
            for other, step in estimator.steps:
                if other == name:
                    break
                if hasattr(step, "fit_transform"):
                    yield step
        estimator = estimator.get_params()[name]


def _is_known(step: Any) -> bool:
    """Return whether a step contains no model, and only code that is known to end soon."""
    nested = [step, *step.get_params(deep=True).values()]
    if any(hasattr(value, "predict") for value in nested):
        return False
    models = [type(value) for value in nested if hasattr(value, "fit")]
    functions = [value for value in nested if callable(value) and not isinstance(value, type)]
    modules = (getattr(part, "__module__", None) or "numpy" for part in models + functions)
    return all(module.partition(".")[0] in _KNOWN for module in modules)


def _measure(X: Any, n_rows: int) -> StepInput:
    """Return the size and the variance of a sample of rows, which must be numbers."""
    if issparse(X):
        mean = float(X.mean())
        return StepInput(n_rows, X.shape[1], float(X.multiply(X).mean()) - mean**2)
    numbers = np.asarray(X, dtype=float)
    return StepInput(n_rows, numbers.shape[1], float(np.nanvar(numbers)))
