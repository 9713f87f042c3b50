"""Tuning the built-in models, of several families or of boosting alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_friedman1
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import TimeSeriesSplit

from autotune import AutoTunedClassifier, AutoTunedRegressor, AveragedRegressor

X, Y = make_classification(60, 4, random_state=0)
RNG = np.random.RandomState(0)
TARGET = X @ RNG.standard_normal(4)
FAST = {"cv": 2, "random_state": 0}


def chosen(search):
    """Return the models of the trials by the class of the last step."""
    models = [trial.params["estimator"] for trial in search.history_]
    return [type(getattr(model, "steps", [(None, model)])[-1][1]).__name__ for model in models]


def test_families_are_tried_once_and_then_the_best():
    """Check that every family has a trial before one has two, and that a search continues."""
    search = AutoTunedClassifier(budget=9, warm_start=True, **FAST).fit(X, Y)
    first = chosen(search)
    assert len(first) == 9
    assert search.history_[0].origin == "default"
    assert len({trial.params["estimator"] for trial in list(search.history_)[:7]}) == 7
    search.set_params(budget=11).fit(X, Y)
    assert chosen(search)[:9] == first
    assert len(search.history_) == 11
    assert search.predict_proba(X).shape == (60, 2)
    named = clone(search).set_params(estimator="families", budget=9).fit(X, Y)
    assert chosen(named) == first


def test_families_make_an_ensemble():
    """Check that models of several families are averaged, unless a single one is asked for."""
    rows, target = make_friedman1(150, 5, noise=1, random_state=0)
    search = AutoTunedRegressor(budget=7, cv=3, random_state=0).fit(rows, target)
    assert isinstance(search.best_estimator_, AveragedRegressor)
    kinds = {str(search.history_[n].params["estimator"]) for n in search.ensemble_weights_}
    assert len(kinds) > 1
    single = search.set_params(budget=2, final_model="refit").fit(rows, target)
    assert not hasattr(single, "ensemble_weights_")
    assert not hasattr(single.best_estimator_, "weights_")


@pytest.mark.parametrize(
    "settings",
    [
        {"cv": 2},
        {"cv": TimeSeriesSplit(4)},
        {"scoring": lambda model, X, y: model.score(X, y)},
        {"refit": lambda results: 0},
        {"estimator": [AutoTunedRegressor()._template()]},
    ],
    ids=str,
)
def test_no_ensemble_is_made_unasked(settings):
    """Check that one is made of built-in models only, where the folds and the metric allow it."""
    settings = {"cv": 3, "random_state": 0, "budget": 2, **settings}
    search = AutoTunedRegressor(**settings).fit(X, TARGET)
    assert not hasattr(search, "ensemble_weights_")


def test_a_space_is_one_of_boosting():
    """Check that a space belongs to boosting, which "boosting" tunes with its own space."""
    for model, space in ((None, {"max_iter": [2, 3]}), ("boosting", "auto")):
        search = AutoTunedClassifier(model, space, budget=2, **FAST).fit(X, Y)
        assert {"estimator"}.isdisjoint(search.best_params_)
        assert type(search.best_estimator_).__name__.startswith("HistGradientBoosting")
    with pytest.raises(ValueError, match="space must be 'auto' with estimator='families'"):
        AutoTunedClassifier("families", {"C": [1, 2]}).fit(X, Y)


@pytest.mark.parametrize("model", [None, "boosting"])
def test_weights_reach_the_models(model):
    """Check that rows without weight do not count, in pipelines too, and who ignores weights."""
    frame = X.astype(object)
    frame[:, 0] = np.where(X[:, 0] > 0, "high", "low")
    weights = (np.arange(60) % 2).astype(float)
    wrong = np.where(weights > 0, Y, 1 - Y)
    search = AutoTunedClassifier(model, budget=7, cv=3, final_model="refit", random_state=0)
    search.fit(frame, wrong, sample_weight=weights)
    assert set(search.cv_results_["status"]) <= {"complete", "dropped"}
    assert search.score(frame[weights > 0], Y[weights > 0]) > 0.7
    assert search.score(frame[weights == 0], Y[weights == 0]) > 0.6
    if model is None:
        assert "KNeighborsClassifier" not in chosen(search)


def test_targets_of_several_columns():
    """Check that models for one output are left out, and that a single column is a vector."""
    search = AutoTunedRegressor(budget=5, **FAST).fit(X, np.column_stack([TARGET, -TARGET]))
    assert set(search.cv_results_["status"]) <= {"complete", "dropped"}
    assert search.predict(X).shape == (60, 2)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        assert search.fit(X, TARGET[:, None]).predict(X).shape == (60,)


def test_text_among_numbers_is_named():
    """Check that text in new rows where all columns were numbers is told by its column."""
    frame = pd.DataFrame(X, columns=list("abcd"))
    search = AutoTunedClassifier("boosting", budget=1, **FAST).fit(frame, Y)
    with pytest.raises(ValueError, match=r"column 'c' must hold numbers, as in fit: .*'oops'"):
        search.predict(frame.assign(c="oops"))


def test_tables_of_arrow():
    """Check that a table of pyarrow with text is tuned on, and predicted for."""
    frame = pd.DataFrame(X, columns=list("abcd")).assign(e=["u", "v"] * 30)
    table = pa.Table.from_pandas(frame)
    search = AutoTunedClassifier("boosting", budget=1, **FAST).fit(table, Y)
    np.testing.assert_array_equal(search.predict(table), search.predict(frame))
