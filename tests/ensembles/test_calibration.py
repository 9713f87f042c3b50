"""The calibration of probabilities by one number."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from autotune import AveragedClassifier
from autotune.ensembles import find_power, sharpen


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_power_is_found(power):
    """Check that probabilities that were blurred or sharpened become those that they were."""
    rng = np.random.RandomState(0)
    truth = rng.dirichlet([0.5] * 4, size=6000)
    codes = (rng.rand(6000, 1) > truth.cumsum(axis=1)).sum(axis=1)
    found = find_power(sharpen(truth, 1 / power), codes)
    assert found == pytest.approx(power, rel=0.15)
    assert find_power(truth, codes, least=1.0) >= 1.0


def test_impossible_classes_may_occur():
    """Check that a probability of 0 for the class that occurred has a finite loss."""
    votes = np.eye(3)[[0, 1, 2, 0, 1]]
    power = find_power(votes, np.array([0, 1, 2, 1, 1]))
    assert power < 1
    assert (sharpen(votes, power) > 0).all()


def test_averages_are_calibrated():
    """Check that each model's probabilities are raised to its power, and the mean to its own."""
    X, y = load_iris(return_X_y=True)
    members = [GaussianNB(), GaussianNB(var_smoothing=1.0)]
    model = AveragedClassifier(members, [0.3, 0.7], False, powers=[2.0, 0.5], power=1.5).fit(X, y)
    one, two = (member.fit(X, y).predict_proba(X) for member in members)
    expected = sharpen(0.3 * sharpen(one, 2.0) + 0.7 * sharpen(two, 0.5), 1.5)
    np.testing.assert_allclose(model.predict_proba(X), expected)
    np.testing.assert_allclose(expected.sum(axis=1), 1)
