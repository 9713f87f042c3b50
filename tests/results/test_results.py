"""``cv_results_``: scikit-learn's layout, whatever the history holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
import strategies
from fakes import add_trial
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt.space import Categorical, Integer

from autotune import AutoTunedClassifier
from autotune.history import FAILED, Evaluation, History
from autotune.results._cv_results import cv_results


class Anything(ClassifierMixin, BaseEstimator):
    """Accepts any values; the score is constant."""

    def __init__(self, a=None, b=None):
        self.a = a
        self.b = b

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


GRIDS = {
    "floats": {"a": [0.5, 1.5]},
    "integers": {"a": [1, 2]},
    "integers and floats": {"a": [1, 2.5]},
    "huge integers": {"a": [2**70, 1]},
    "booleans": {"a": [True, False]},
    "booleans and integers": {"a": [True, 2]},
    "strings": {"a": ["rbf", "poly"]},
    "strings and numbers": {"a": ["scale", 0.5]},
    "strings that name types": {"a": ["d", "f8"]},
    "None and a number": {"a": [None, 1]},
    "None alone": {"a": [None]},
    "NaN": {"a": [np.nan, 1.0]},
    "numpy numbers": {"a": [np.float32(0.5), np.float32(1)]},
    "tuples of equal length": {"a": [(50, 50), (100, 1)]},
    "tuples of different lengths": {"a": [(50, 50), (100,)]},
    "lists": {"a": [[1, 2], [3]]},
    "empty tuples": {"a": [(), ()]},
    "arrays": {"a": [np.array([1, 2]), np.array([3, 4])]},
    "an array and a number": {"a": [np.array([1, 2]), 3]},
    "functions": {"a": [len, sum]},
    "classes": {"a": [int, float]},
    "dicts": {"a": [{"x": 1}, None]},
    "bytes": {"a": [b"x", b"yy"]},
    "complex": {"a": [1j, 2.0]},
    "dates": {"a": [np.datetime64("2020-01-01"), np.datetime64("2021-01-01")]},
    "estimators": {"a": [LogisticRegression(), None]},
    "ensembles and pipelines": {
        "a": [RandomForestClassifier(), make_pipeline(StandardScaler(), LogisticRegression())]
    },
    "not in every candidate": [{"a": [1, 2]}, {"b": [0.5]}],
    "another type elsewhere": [{"a": [1, 2], "b": [True]}, {"a": ["x"]}],
    "nothing": [{}],
    "nothing and something": [{}, {"a": [(1, 2)]}],
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_columns_of_parameters_equal_scikit_learn(grid):
    """Check values, types and masks of the ``param_`` columns against ``GridSearchCV``."""
    X, y = np.zeros((4, 1)), np.array([0, 0, 1, 1])
    expected = GridSearchCV(Anything(), grid, cv=2, refit=False).fit(X, y).cv_results_
    history = History(2)
    for params in expected["params"]:
        add_trial(history, params, [0.5, 0.5])
    results = cv_results(history)
    names = [name for name in expected if name.startswith("param_")]
    assert [name for name in results if name.startswith("param_")] == names
    for name in names:
        ours, theirs = results[name], expected[name]
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        assert ours.mask.tolist() == theirs.mask.tolist()
        assert ours.fill_value == theirs.fill_value or ours.dtype.kind in "fOM"
        assert repr(ours.tolist()) == repr(theirs.tolist())
    assert repr(results["params"]) == repr(expected["params"])
    theirs = set(expected) - {"params"}
    assert set(results) - {"params", "status", "origin", "error"} == theirs


@given(
    table=st.lists(st.lists(strategies.scores, min_size=3, max_size=3), min_size=1, max_size=6),
    n_folds=st.integers(1, 3),
    specs=st.lists(strategies.specs, min_size=1, max_size=3),
    train=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_the_shape_is_always_the_same(table, n_folds, specs, train):
    """Check lengths, types and names for any scores, without a warning."""
    history = History(n_folds)
    for i, scores in enumerate(table):
        add_trial(history, specs[i % len(specs)], scores[: n_folds - i % 2])
    results = cv_results(history, train_scores=train)
    names = ["mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time"]
    for kind in ("test", "train") if train else ("test",):
        names += [f"split{fold}_{kind}_score" for fold in range(n_folds)]
        names += [f"mean_{kind}_score", f"std_{kind}_score"]
    assert set(names) <= set(results)
    assert all(len(column) == len(table) for column in results.values())
    assert all(results[name].dtype == float for name in names)
    assert results["rank_test_score"].dtype == np.int32
    assert isinstance(results["params"], list)
    for fold in range(n_folds):
        expected = [history.fold_scores(trial)[fold] for trial in history]
        np.testing.assert_array_equal(results[f"split{fold}_test_score"], expected)


def test_an_empty_history_has_empty_columns():
    """Check the layout before anything was tried."""
    results = cv_results(History(2), train_scores=True)
    assert {len(column) for column in results.values()} == {0}
    assert "split1_train_score" in results


def test_times_are_over_the_folds_that_were_evaluated():
    """Check mean and deviation of the times of a trial that was cut short."""
    history = History(3)
    trial = history.add({}, "test")
    history.add({}, "test")
    for fold, seconds in enumerate([1.0, 3.0]):
        history.record(Evaluation(0, fold, scores={"score": 1.0}, fit_time=seconds))
    history.record(Evaluation(0, 0, 0.5, scores={"score": 1.0}, fit_time=100.0))
    history.set_status(trial, FAILED)
    results = cv_results(history)
    assert results["mean_fit_time"][0] == 2.0
    assert results["std_fit_time"][0] == 1.0
    assert np.isnan(results["mean_fit_time"][1])


def test_each_metric_has_its_columns():
    """Check several metrics, one of which failed in one evaluation."""
    history = History(1, "b", error_score=-1.0)
    for scores in ({"a": 0.1, "b": 0.2}, {"b": 0.3}):
        trial = history.add({}, "test")
        history.record(Evaluation(trial.number, 0, scores=scores))
    results = cv_results(history)
    assert results["mean_test_a"].tolist() == [0.1, -1.0]
    assert results["mean_test_b"].tolist() == [0.2, 0.3]


def test_folds_on_which_trials_are_not_compared_do_not_show():
    """Check that scores that some trials happen to have there are left to the history."""
    history = History(3)
    history.compared_folds = (1,)
    trial = add_trial(history, {}, [0.1, 0.5, 0.9])
    results = cv_results(history)
    splits = [results[f"split{fold}_test_score"][0] for fold in range(3)]
    assert splits == pytest.approx([np.nan, 0.5, np.nan], nan_ok=True)
    assert results["mean_test_score"][0] == 0.5
    assert history.fold_scores(trial).tolist() == [0.1, 0.5, 0.9]


def test_results_are_copies():
    """Check that whoever changes the results does not change the history."""
    history = History(1)
    add_trial(history, {"C": 1}, [0.5])
    cv_results(history)["params"][0]["C"] = 2
    assert history[0].params == {"C": 1}


NUMPY_SPACES = {
    "arrays": {"a": np.arange(3, 9), "b": np.linspace(0.1, 0.9, 5)},
    "lists": {"a": [np.int32(3), np.int64(4)], "b": list(np.float32([0.5, 0.25]))},
    "tuples in lists": {
        "a": [(np.int64(50), 50), (np.int64(9),)],
        "b": [np.bool_(True), np.str_("x")],
    },
    "intervals": {"a": (np.int64(1), np.int64(9)), "b": (np.float64(0.1), np.float64(0.9))},
    "ranges": {"a": range(1, 10**7, 3), "b": range(5)},
    "distributions": {"a": stats.randint(1, 9), "b": stats.loguniform(0.1, 1)},
    "dimensions": {"a": Integer(1, 9), "b": Categorical(np.array([0.5, 0.25]))},
    "single values": {"a": np.int64(3), "b": np.float64(0.5)},
}


@pytest.mark.parametrize("strategy", ["grid", "random", "bayes", "auto", "halving"])
@pytest.mark.parametrize("space", NUMPY_SPACES.values(), ids=NUMPY_SPACES.keys())
def test_chosen_numbers_are_pythons(space, strategy):
    """Check that JSON can hold what was tried and chosen, wherever the numbers came from."""
    model = Anything(a=np.int64(3), b=np.float64(0.5))
    search = AutoTunedClassifier(model, space, strategy=strategy, budget=4, cv=2, random_state=0)
    search.fit(np.zeros((8, 1)), [0, 1] * 4)
    for params in [search.best_params_, *search.cv_results_["params"]]:
        assert type(json.loads(json.dumps(params))) is dict
        assert not any(isinstance(value, np.generic) for value in params.values())
