"""Delegation to the methods and attributes of the tuned model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._texts import short_repr

# Methods that would change the tuned model behind the tuner's back.
_OWN = ("_", "fit", "partial_fit", "set_", "get_")
# What averages of models have too.
_OF_AVERAGES = ("predict", "predict_proba", "predict_log_proba")
# Set only where a score decides, not a rule of the user's.
_OF_WINNER = ("best_score_", "best_index_", "best_params_")


def _has(name: str) -> Any:
    """Return a check that the fitted model or, before ``fit``, each wrapped one has a method."""

    def check(self: Any) -> bool:
        fitted = self.__dict__.get("best_estimator_")
        models = self._models().values() if fitted is None else [fitted]
        if fitted is None and self._may_average() and name not in _OF_AVERAGES:
            return False
        return self.refit is not False and all(hasattr(model, name) for model in models)

    return check


@contextmanager
def _errors_in_name_of(owner: Any, method: str, X: Any) -> Iterator[None]:
    """Have errors name the method that was called, or the column that holds text."""
    try:
        yield
    except ValueError as error:
        name = _text_column(X, str(error))
        if name is not None:
            raise ValueError(f"column {name!r} must hold numbers, as in fit: {error}") from error
        if "must use the same namespace" not in str(error):
            raise
        called = f"{type(owner).__name__}.{method}()"
        raise ValueError(re.sub(r"\w+\.\w+\(\)", called, str(error), count=1)) from None


def _text_column(X: Any, error: str) -> Any:
    """Return the name of a frame's column with the text of which an error tells, or None."""
    if "could not convert string" not in error:
        return None
    for name in getattr(X, "columns", ()):
        try:
            np.asarray(X[name], dtype=float)
        except (TypeError, ValueError) as own:
            if str(own) == error:
                return name
    return None


def _delegated(name: str, doc: str) -> Any:
    """Return a method that calls the tuned model's."""

    def method(self: Any, X: Any, **params: Any) -> Any:
        check_is_fitted(self, "best_estimator_")
        with _errors_in_name_of(self, name, X):
            return getattr(self.best_estimator_, name)(X, **params)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"""{doc}

        Available if the wrapped model has the method and ``refit`` is not False.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What the wrapped model accepts.
        **params : dict
            Passed on to the model's method.

        Returns
        -------
        result
            What the tuned model returns.
        """
    return available_if(_has(name))(method)


def _look_up(model: Any, name: str, complaint: str) -> Any:
    """Return an attribute of a model, or raise an error that names both classes."""
    try:
        return getattr(model, name)
    except AttributeError as error:
        raise AttributeError(f"{complaint} {type(model).__name__} has none") from error


class DelegatingMixin:
    """Delegates methods and attributes to the tuned model.

    Needs ``best_estimator_`` after ``fit``, and ``_models()`` and ``_may_average()`` before.
    """

    best_estimator_: Any
    fit: Any
    refit: Any

    predict = _delegated("predict", "Predict with the tuned model.")
    predict_proba = _delegated("predict_proba", "Predict probabilities with the tuned model.")
    predict_log_proba = _delegated(
        "predict_log_proba", "Predict logarithms of probabilities with the tuned model."
    )
    decision_function = _delegated(
        "decision_function", "Return the decision function of the tuned model."
    )
    score_samples = _delegated("score_samples", "Score samples with the tuned model.")
    transform = _delegated("transform", "Transform with the tuned model.")
    inverse_transform = _delegated("inverse_transform", "Undo the tuned model's transformation.")

    @available_if(_has("transform"))
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Tune the model and fit it, then transform the same rows with it.

        Available if the wrapped model has ``transform`` and ``refit`` is not False.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,), default=None
            Target.
        **params : dict
            As in ``fit``.

        Returns
        -------
        result
            What the tuned model's ``transform`` returns.
        """
        return self.fit(X, y, **params).transform(X)

    def __getattr__(self, name: str) -> Any:
        """Look for other public attributes (``coef_``, ``apply``) in the tuned model."""
        missing = f"{type(self).__name__!r} object has no attribute {name!r}"
        if name.startswith(_OWN):
            raise AttributeError(missing)
        if name in _OF_WINNER and "cv_results_" in self.__dict__:
            raise AttributeError(
                f"{missing}: as in scikit-learn's searchers, refit={short_repr(self.refit)} does "
                "not say which score decides; see cv_results_"
            )
        if self.__dict__.get("refit") is False:
            raise AttributeError(
                f"{missing}: it was made with refit=False, so fit a model of your own with "
                "best_params_"
            )
        fitted = self.__dict__.get("best_estimator_")
        if fitted is not None:
            return _look_up(fitted, name, f"{missing}, because the tuned")
        if callable(getattr(type(self), name, None)):
            for model in self._models().values():
                _look_up(model, name, f"{missing}, because the wrapped")
        raise AttributeError(missing)

    @property
    def estimator_(self) -> Any:
        """The tuned model, fitted on all rows; the same as ``best_estimator_``."""
        return self._fitted("estimator_")

    @property
    def classes_(self) -> Any:
        """Class labels, of a tuned classifier."""
        return self._fitted("classes_").classes_

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in ``fit``."""
        return self._fitted("n_features_in_").n_features_in_

    def _fitted(self, name: str) -> Any:
        """Return the tuned model, or raise an AttributeError."""
        if "best_estimator_" not in self.__dict__:
            raise AttributeError(name)
        return self.best_estimator_
