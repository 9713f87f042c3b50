"""Tuning the built-in families of models."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from autotune import AutoTunedClassifier, AutoTunedRegressor

X, Y = make_classification(60, 4, random_state=0)
FAST = {"cv": 2, "random_state": 0}
ignore_convergence = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)


def chosen(search):
    """Return the models of the trials by the class of the last step."""
    models = [trial.params["estimator"] for trial in search.history_]
    return [type(getattr(model, "steps", [(None, model)])[-1][1]).__name__ for model in models]


@ignore_convergence
def test_families_are_tried_once_and_then_the_best():
    """Check that every family has a trial before one has two, and that a search continues."""
    search = AutoTunedClassifier("families", budget=9, warm_start=True, **FAST).fit(X, Y)
    first = chosen(search)
    assert len(first) == 9
    assert search.history_[0].origin == "default"
    assert len({trial.params["estimator"] for trial in list(search.history_)[:7]}) == 7
    search.set_params(budget=11).fit(X, Y)
    assert chosen(search)[:9] == first
    assert len(search.history_) == 11
    assert search.predict_proba(X).shape == (60, 2)
    assert clone(search).estimator == "families"


@ignore_convergence
def test_families_of_regressors_make_an_ensemble():
    """Check that regressors of several families are averaged."""
    rng = np.random.RandomState(0)
    y = X @ rng.standard_normal(4) + 0.1 * rng.standard_normal(60)
    search = AutoTunedRegressor("families", budget=8, final_model="ensemble", **FAST).fit(X, y)
    assert search.score(X, y) > 0.5


def test_families_have_no_space_of_the_user():
    """Check that a space is refused, because the models are not known before the data."""
    search = AutoTunedClassifier("families", {"C": [1, 2]})
    with pytest.raises(ValueError, match="space must be 'auto' with estimator='families'"):
        search.fit(X, Y)
