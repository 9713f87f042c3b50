"""Tests of the problem: checked, frozen, and without a trace of the estimator that poses it."""

from __future__ import annotations

import pickle
import threading
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, SVR

from autotune import Auto, AutoTunedClassifier, AutoTunedRegressor, Halving
from autotune.tuning import _problem as module
from autotune.tuning import make_problem

X, Y = load_iris(return_X_y=True)
SPACE = {"C": (0.1, 10.0)}


def tuned(**settings):
    return AutoTunedClassifier(SVC(), SPACE, **{"cv": 3, "random_state": 0} | settings)


def problem_of(owner=None, **settings):
    return make_problem(tuned(**settings) if owner is None else owner, X, Y, {})


def test_frozen():
    """Check that nothing in it can be set anew."""
    problem = problem_of()
    for field in fields(problem):
        with pytest.raises(FrozenInstanceError):
            setattr(problem, field.name, None)


def test_the_estimator_is_only_read():
    """Check that it has the attributes that it had, and that the problem does not hold it."""
    owner = tuned()
    owner.lock_ = threading.Lock()  # cannot be pickled
    before = dict(vars(owner))
    problem = problem_of(owner)
    assert vars(owner) == before
    again = pickle.loads(pickle.dumps(problem))
    assert b"AutoTuned" not in pickle.dumps(problem)
    np.testing.assert_array_equal(again.X, X)
    assert again.seed == problem.seed
    assert {field.name for field in fields(problem)} == set(vars(problem))


def test_what_it_holds():
    """Check the checked parameters, the folds and the metadata."""
    weights, groups = np.ones(len(X)), np.arange(len(X)) % 5
    owner = tuned(budget="90s", cv=GroupKFold(5), scoring="f1_macro", error_score=0, n_jobs=2)
    problem = make_problem(owner, X.tolist(), Y, {"sample_weight": weights, "groups": groups})
    assert problem.budget.seconds == 90.0
    assert len(problem.folds) == problem.plan.n_folds == 5
    assert all(set(groups[a]).isdisjoint(groups[b]) for a, b in problem.folds)
    assert problem.routed.fit["sample_weight"] is weights
    assert problem.routed.split["groups"] is groups
    assert problem.scoring_param == "f1_macro"
    assert problem.metric.balanced
    assert problem.classifier
    assert not problem.pairwise
    assert problem.new_history().error_score == 0.0
    assert problem.n_jobs == 2


def test_default_model():
    """Check that the built-in model and the names of its parameters are part of it."""
    frame = pytest.importorskip("pandas").DataFrame({"a": X[:, 0], "b": ["x", "y", "z"] * 50})
    owner = AutoTunedClassifier(None, {"max_depth": [2, 3]}, cv=2)
    problem = make_problem(owner, frame, Y, {})
    assert isinstance(problem.estimator, Pipeline)
    assert list(problem.candidates.space.names) == ["model__max_depth"]


def test_kernel():
    """Check that a kernel matrix is known as one."""
    owner = AutoTunedClassifier(SVC(kernel="precomputed"), SPACE, cv=2)
    assert make_problem(owner, rbf_kernel(X), Y, {}).pairwise


@pytest.mark.parametrize(
    ("settings", "may_save", "compares", "n_evaluations"),
    [
        ({"budget": 7}, False, False, 21),
        ({"budget": "5s"}, True, False, None),
        ({"budget": "5s", "strategy": "random"}, False, False, None),
        ({"budget": 7, "strategy": Auto(n_repeats=2)}, False, True, 21),
        ({"budget": 7, "strategy": Auto(n_repeats=2), "refit": False}, False, False, 21),
        ({"budget": 7, "strategy": Auto(n_repeats=2), "refit": len}, False, False, 21),
        ({"budget": 7, "strategy": Auto(n_repeats=2), "cv": [(range(9), range(9))]}, 0, 0, 7),
        ({"budget": 7, "strategy": Halving(min_resources=20)}, False, False, None),
    ],
)
def test_what_follows(settings, may_save, compares, n_evaluations):
    """Check what the search is told about seconds, the final comparison and evaluations."""
    problem = problem_of(**settings)
    assert problem.may_save_seconds == may_save
    assert problem.compares_finalists == compares
    assert problem.n_evaluations == n_evaluations


def test_seeds():
    """Check that seeds differ by purpose, and follow from ``random_state`` alone."""
    purposes = (module.SEARCH, module.TRIALS, module.FOLDS, module.REPEATS)
    first, again, other = (problem_of(random_state=seed) for seed in (0, 0, 1))
    seeds = [first.seed_for(purpose) for purpose in purposes]
    assert len(set(seeds)) == 4
    assert seeds == [again.seed_for(purpose) for purpose in purposes]
    assert first.seed != other.seed
    assert problem_of(random_state=None).seeded is False


@pytest.mark.parametrize(
    "bad",
    [{"budget": 0}, {"refit": None}, {"cv": 1}, {"space": {"c": [1]}}, {"strategy": "best"}],
    ids=str,
)
def test_nothing_is_drawn_for_bad_input(bad):
    """Check that a generator is as before if anything is refused, and that one draw is made."""
    state = np.random.RandomState(5)
    owner = tuned(random_state=state)
    owner.set_params(**bad)
    with pytest.raises((TypeError, ValueError)):
        problem_of(owner)
    expected = np.random.RandomState(5)
    assert problem_of(random_state=state).seed == expected.randint(2**31)
    assert state.randint(1000) == expected.randint(1000)


def test_regression():
    """Check that there are no classes."""
    X, y = load_diabetes(return_X_y=True)
    problem = make_problem(AutoTunedRegressor(SVR(), SPACE, cv=2), X, y, {})
    assert not problem.classifier
    assert problem.plan.n_classes == 0
