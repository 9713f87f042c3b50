"""The expected score of an ensemble, which is chosen by the predictions that score it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsRegressor

from autotune import AutoTunedRegressor
from autotune.ensembles import select_greedily
from autotune.tuning import _ensemble_gain
from autotune.tuning._ensemble_gain import expect_gain

N_ROWS, N_MODELS = 60, 8


def make(seed):
    """Return a target, models that miss it by independent noise, and their score."""
    rng = np.random.RandomState(seed)
    y = rng.normal(size=N_ROWS)
    return y, list(y + rng.normal(size=(N_MODELS, N_ROWS)))


def score_of(y):
    """Return the negative squared error of predictions for rows at some places."""
    return lambda places, values: -np.square(y[places] - values).mean()


def test_the_gain_is_free_of_the_bias_of_the_selection(monkeypatch):
    """Check that, unlike what is seen, its mean over many targets is the truth, known here."""
    monkeypatch.setattr(_ensemble_gain, "_MOST", 6)
    found, seen, true = [], [], []
    for seed in range(60):
        y, models = make(seed)
        everywhere = np.arange(N_ROWS)
        found.append(expect_gain(models, score_of(y), everywhere, None, 0))
        score = partial(score_of(y), everywhere)
        weights = select_greedily(models, score)
        blend = sum(weight * models[i] for i, weight in weights.items())
        seen.append(score(blend) + 1)  # a single model has the squared error 1
        true.append(1 - sum(weight**2 for weight in weights.values()))
    for gains, is_right in ((found, True), (seen, False)):
        errors = np.subtract(gains, true)
        assert (abs(errors.mean()) < 2 * errors.std() / np.sqrt(len(errors))) == is_right


def test_what_belongs_together_is_drawn_whole():
    """Check that rows that are there twice, as one unit, tell no more than once."""
    y, models = make(0)
    once = expect_gain(models, score_of(y), np.arange(N_ROWS), None, 0)
    twice = [np.tile(each, 2) for each in models]
    units = np.tile(np.arange(N_ROWS), 2)
    assert expect_gain(twice, score_of(np.tile(y, 2)), units, None, 0) == pytest.approx(once)


def test_samples_have_all_classes():
    """Check that no sample is scored that lacks a class, and that there may be none."""
    y, models = make(0)
    rare = np.arange(N_ROWS) == 0  # it cannot be both drawn and left out
    assert np.isnan(expect_gain(models, score_of(y), np.arange(N_ROWS), rare, 0))


@pytest.mark.parametrize("n_groups", [None, 12])
def test_the_expected_score_is_that_of_the_ensemble(n_groups):
    """Check that it is better than the winner's, not by all that is seen, and as certain."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(90, 3))
    y = X[:, 0] + np.abs(X[:, 1]) + rng.normal(scale=0.1, size=90)
    groups = None if n_groups is None else np.arange(90) % n_groups
    alone = AutoTunedRegressor(
        [Ridge(), KNeighborsRegressor()],
        strategy="random",
        budget=10,
        scoring="neg_mean_squared_error",
        cv=None if groups is None else GroupKFold(5),
        random_state=0,
    )
    alone.fit(X, y, groups=groups)
    together = clone(alone).set_params(final_model="ensemble").fit(X, y, groups=groups)
    assert len(together.ensemble_weights_) > 1
    assert together.best_score_ == alone.best_score_
    assert together.expected_score_ > alone.expected_score_
    width, before = (np.diff(m.expected_score_interval_)[0] for m in (together, alone))
    assert width <= before * (1 + 1e-9)
