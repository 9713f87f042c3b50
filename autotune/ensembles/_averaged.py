"""Averages of models that were fitted on folds, as estimators of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..compat import num_samples, safe_split, slice_params, to_numpy, visual_block
from ._calibration import sharpen


def class_votes(model: Any, X: Any, classes: np.ndarray) -> np.ndarray:
    """Return a fitted classifier's probabilities, or one vote per row if it has none.

    The columns are those of ``classes``; a class that the model does not know gets 0.
    """
    if hasattr(model, "predict_proba"):
        votes = to_numpy(model.predict_proba(X))
        known = class_numbers(model.classes_, classes)
        if np.array_equal(known, range(len(classes))):
            return votes
        aligned = np.zeros((len(votes), len(classes)), votes.dtype)
        aligned[:, known] = votes
        return aligned
    return np.eye(len(classes))[class_numbers(model.predict(X), classes)]


def class_numbers(labels: Any, classes: np.ndarray) -> np.ndarray:
    """Return the places of labels among the classes, as the smallest integers that hold them."""
    place = {label: i for i, label in enumerate(classes.tolist())}
    numbers = [place[label] for label in to_numpy(labels).ravel().tolist()]
    return np.array(numbers, dtype=np.min_scalar_type(len(classes)))


class _Averaged(MetaEstimatorMixin, BaseEstimator):
    """What the classifier and the regressor share."""

    def __init__(self, estimators, weights=None, cv=None, refit=None):
        self.estimators = estimators
        self.weights = weights
        self.cv = cv
        self.refit = refit

    def fit(self, X, y, groups=None, **params):
        """Fit a copy of each estimator on the training rows of each fold, or on all rows, too.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        groups : array-like of shape (n_samples,), default=None
            For the splitter.
        **params : dict
            Passed on to the estimators; what has one entry per row is cut to the fold's rows.

        Returns
        -------
        self
        """
        X, y = indexable(X, y)
        folds, whole = [], np.arange(num_samples(X))
        if self.cv is not False:
            splitter = check_cv(self.cv, y, classifier=isinstance(self, ClassifierMixin))
            folds = [train for train, _ in splitter.split(X, y, groups)]
        models = []
        for place, estimator in enumerate(self.estimators):
            refits = not folds or (self.refit is not None and self.refit[place])
            own = []
            for train in [*folds, whole] if refits else folds:
                X_train, y_train = safe_split(estimator, X, y, train)
                cut = slice_params(X, params, train)
                own.append(clone(estimator).fit(X_train, y_train, **cut))
            models.append((own[: len(folds)], own[len(folds) :]))
        return self.take(models)

    def take(self, models):
        """Average models that are already fitted.

        Parameters
        ----------
        models : list of (list of estimator, list of estimator)
            For each estimator the models of its folds, and that of all rows, if there is one.
            Where there are both, each of the two lists has half of the estimator's weight.

        Returns
        -------
        self
        """
        n_members = len(self.estimators)
        weights = np.ones(n_members) if self.weights is None else np.asarray(self.weights, float)
        parts = [(i, part) for i, lists in enumerate(models) for part in lists if part]
        self.estimators_ = [model for _, part in parts for model in part]
        members = [i for i, part in parts for _ in part]
        shares = [1 / (len(part) * sum(map(bool, models[i]))) for i, part in parts for _ in part]
        self.weights_ = weights[members] * shares / weights.sum()
        first = self.estimators_[0]
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(first, name):
                setattr(self, name, getattr(first, name))
        if isinstance(self, ClassifierMixin):
            known = [to_numpy(model.classes_) for model in self.estimators_]
            self.classes_ = np.unique(np.concatenate(known))
            powers = np.ones(n_members) if self.powers is None else self.powers
            self.powers_ = np.asarray(powers, dtype=float)[members]
        return self

    def _mean(self, predictions: Iterable[np.ndarray]) -> np.ndarray:
        """Return the weighted mean of the predictions of each model."""
        total: Any = 0.0
        for weight, each in zip(self.weights_, predictions, strict=True):
            total = total + weight * each
        return total

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimators[0])
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        return tags

    def _sk_visual_block_(self):
        return visual_block("estimators", list(self.estimators))


def _all_have_probabilities(self: Any) -> bool:
    """Return whether all models have ``predict_proba``."""
    models = self.__dict__.get("estimators_", self.estimators)
    return all(hasattr(model, "predict_proba") for model in models)


class AveragedClassifier(ClassifierMixin, _Averaged):
    """The average of classifiers, each fitted on the training rows of each fold.

    With ``final_model="folds"`` or ``"ensemble"``, it is the ``best_estimator_`` of an
    :class:`AutoTunedClassifier`, and averages models that were fitted in the search.

    Parameters
    ----------
    estimators : list of estimator
        The models to fit on each fold.
    weights : array-like of shape (n_estimators,), default=None
        The weight of each estimator; None: equal weights.
    cv : int, splitter, iterable, None or False, default=None
        The folds, as in scikit-learn's searchers; False: each estimator is fitted on all rows.
    refit : list of bool, default=None
        Which estimators are fitted on all rows, too; that model has half of the estimator's
        weight. None: none of them.
    powers : list of float, default=None
        The power to which the probabilities of each estimator are raised before they are
        averaged, so that those of uncertain models (above 1) and of overconfident ones (below 1)
        go together; None: 1 for each.
    power : float, default=1.0
        The power to which the average is raised: that of well-calibrated models is too uncertain.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted models: those of the first estimator on each fold, and on all rows if it is
        refitted, then those of the next.
    weights_ : ndarray of shape (n_models,)
        The weight of each model; they sum to 1.
    powers_ : ndarray of shape (n_models,)
        The power of each model.
    classes_ : ndarray of shape (n_classes,)
        The class labels of all models.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if the models have them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from autotune import AveragedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = AveragedClassifier([GaussianNB()], cv=3).fit(X, y)
    >>> len(model.estimators_), model.predict_proba(X).shape
    (3, (150, 3))
    """

    def __init__(self, estimators, weights=None, cv=None, refit=None, powers=None, power=1.0):
        super().__init__(estimators, weights, cv, refit)
        self.powers = powers
        self.power = power

    def predict(self, X):
        """Predict the class with the largest mean probability, or else with most votes.

        A model without ``predict_proba`` has one vote for a row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What the models accept.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        votes = self._votes(X)
        return self.classes_[np.argmax(votes, axis=1)]

    @available_if(_all_have_probabilities)
    def predict_proba(self, X):
        """Return the weighted mean of the models' probabilities, calibrated by powers.

        Available if all models have ``predict_proba``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What the models accept.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        return self._votes(X)

    @available_if(_all_have_probabilities)
    def predict_log_proba(self, X):
        """Return the logarithms of ``predict_proba``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What the models accept.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):  # a probability of 0
            return np.log(self._votes(X))

    def _votes(self, X: Any) -> np.ndarray:
        """Return the weighted mean of the models' votes."""
        check_is_fitted(self, "estimators_")
        votes = (class_votes(model, X, self.classes_) for model in self.estimators_)
        pairs = zip(votes, self.powers_, strict=True)
        return sharpen(self._mean(sharpen(each, power) for each, power in pairs), self.power)


class AveragedRegressor(RegressorMixin, _Averaged):
    """The average of regressors, each fitted on the training rows of each fold.

    With ``final_model="folds"`` or ``"ensemble"``, it is the ``best_estimator_`` of an
    :class:`AutoTunedRegressor`, and averages models that were fitted in the search.

    Parameters
    ----------
    estimators : list of estimator
        The models to fit on each fold.
    weights : array-like of shape (n_estimators,), default=None
        The weight of each estimator; None: equal weights.
    cv : int, splitter, iterable, None or False, default=None
        The folds, as in scikit-learn's searchers; False: each estimator is fitted on all rows.
    refit : list of bool, default=None
        Which estimators are fitted on all rows, too; that model has half of the estimator's
        weight. None: none of them.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted models: those of the first estimator on each fold, and on all rows if it is
        refitted, then those of the next.
    weights_ : ndarray of shape (n_models,)
        The weight of each model; they sum to 1.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if the models have them.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from autotune import AveragedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> AveragedRegressor([Ridge()], cv=3).fit(X, y).predict(X).shape
    (442,)
    """

    def predict(self, X):
        """Return the weighted mean of the models' predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What the models accept.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self, "estimators_")
        return self._mean(to_numpy(model.predict(X)) for model in self.estimators_)
