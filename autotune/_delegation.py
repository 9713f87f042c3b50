"""The methods and attributes of the wrapped model, once it is tuned."""

from __future__ import annotations

from typing import Any

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

# Methods that would change the tuned model behind the tuner's back.
_OWN = ("_", "fit", "partial_fit", "set_", "get_")


def _has(name: str) -> Any:
    """Return a check that the fitted model, or else the wrapped one, has a method."""

    def check(self: Any) -> bool:
        fitted = self.__dict__.get("best_estimator_")
        model = self._template() if fitted is None else fitted
        return self.refit is not False and hasattr(model, name)

    return check


def _delegated(name: str, doc: str) -> Any:
    """Return a method that calls the tuned model's."""

    def method(self: Any, X: Any, **params: Any) -> Any:
        check_is_fitted(self, "best_estimator_")
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


class DelegatingMixin:
    """Answers as the tuned model does.

    Needs ``best_estimator_`` after ``fit``, and ``_template()`` before.
    """

    best_estimator_: Any
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

    def __getattr__(self, name: str) -> Any:
        """Look for other public attributes (``coef_``, ``apply``) in the tuned model."""
        fitted = self.__dict__.get("best_estimator_")
        if fitted is not None and not name.startswith(_OWN):
            return getattr(fitted, name)
        hint = ""
        if self.__dict__.get("refit") is False and not name.startswith("_"):
            hint = ": it was made with refit=False, so fit a model of your own with best_params_"
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

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
        """Return the tuned model, or fail as for an attribute that is not there."""
        if "best_estimator_" not in self.__dict__:
            raise AttributeError(name)
        return self.best_estimator_
