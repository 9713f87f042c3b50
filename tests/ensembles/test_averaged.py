"""Averages of models as estimators of their own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from autotune import AveragedClassifier, AveragedRegressor
from autotune.ensembles import class_votes

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]


def test_averages_are_ordinary_estimators():
    """Check that an average can be fitted by itself, with weights and sample weights."""
    model = AveragedClassifier([GaussianNB(), DecisionTreeClassifier(max_depth=1)], [3, 1], cv=2)
    weights = np.linspace(0.1, 1, 150)
    model.fit(X, NAMES, sample_weight=weights)
    assert model.weights_ == pytest.approx([3 / 8, 3 / 8, 1 / 8, 1 / 8])
    train = next(StratifiedKFold(2).split(X, NAMES))[0]
    first = GaussianNB().fit(X[train], NAMES[train], sample_weight=weights[train])
    np.testing.assert_allclose(model.estimators_[0].theta_, first.theta_)
    assert model.predict(X[:1]).tolist() == ["setosa"]


def test_votes_of_a_model_without_probabilities():
    """Check that a class that is predicted gets the whole vote of a row."""
    votes = class_votes(RidgeClassifier().fit(X[:100], y[:100]), X[[0, 99]], np.arange(3))
    np.testing.assert_array_equal(votes, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    "model", [AveragedClassifier([GaussianNB()]), AveragedRegressor([Ridge()])]
)
def test_not_fitted(model):
    """Check that an average says that it is not fitted."""
    with pytest.raises(NotFittedError):
        model.predict(X)
