"""The candidates: the wrapped model, its space and its defaults."""

from __future__ import annotations

from sklearn.linear_model import Lasso, Ridge
from sklearn.neighbors import KNeighborsRegressor

from autotune.tuning._candidates import make_candidates

RIDGE, LASSO, NEIGHBORS = MODELS = [Ridge(), Lasso(), KNeighborsRegressor(weights="distance")]


def test_families_of_a_list():
    """Check that each model of a list has its own part of the built-in space, and its default."""
    families = make_candidates(MODELS, "auto").families()
    assert [family.models.members for family in families] == [(model,) for model in MODELS]
    for family, model in zip(families, MODELS, strict=True):
        ((params, eligible),) = family.defaults
        assert params["estimator"] is model
        assert eligible
        assert params in family.space


def test_models_that_share_a_space_are_one_family():
    """Check that sub-spaces are told apart by the models that they choose among."""
    space = [
        {"estimator": [RIDGE, LASSO], "estimator__alpha": (0.1, 10.0)},
        {"estimator": [NEIGHBORS], "estimator__n_neighbors": (1, 3)},
        {"estimator": [NEIGHBORS], "estimator__n_neighbors": (4, 9), "estimator__p": [1, 2]},
    ]
    shared, single = make_candidates(MODELS, space).families()
    assert shared.models.members == (RIDGE, LASSO)
    assert len(shared.space.subspaces) == 1
    assert single.models.members == (NEIGHBORS,)
    assert len(single.space.subspaces) == 2
