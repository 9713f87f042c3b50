"""What is tuned: one model, or a list of models as one choice among them."""

from __future__ import annotations

import pytest
from sklearn.base import is_classifier
from sklearn.ensemble import BaggingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from autotune import AutoTunedClassifier
from autotune.evaluation import Models

A, B = SVC(), GaussianNB()


def test_one_model():
    """Check that the configurations of one model hold its parameters, also one of that name."""
    bagging = BaggingClassifier()
    models = Models.of(bagging)
    assert (models.only, models.first, models.prefix) == (bagging, bagging, "")
    assert models.named == {"estimator": bagging}
    assert models.choose(bagging) == {}
    params = {"estimator": A, "estimator__C": 3}
    assert models.split(params) == (bagging, params)


@pytest.mark.parametrize("members", [[A], [A, B]])
def test_a_choice(members):
    """Check that the configurations of a list, be it of one, say which model they are for."""
    models = Models.of(members)
    assert (models.only, models.first, models.prefix) == (None, A, "estimator__")
    assert models.named == {f"estimator_{i}": model for i, model in enumerate(members)}
    assert models.choose(A) == {"estimator": A}
    params = {"estimator": A, "estimator__C": 3, "estimator__estimator__C": 4}
    assert models.split(params) == (A, {"C": 3, "estimator__C": 4})


def test_an_empty_list():
    """Check that an estimator with nothing to choose from can be looked at until it is fitted."""
    assert Models.of([]).first is None
    search = AutoTunedClassifier([])
    assert is_classifier(search)
    with pytest.raises(ValueError, match="got an empty list"):
        search.fit([[0], [1]], [0, 1])
