"""Tests of what a fit sets: the documented attributes, each in the modes in which it is known."""

from __future__ import annotations

import os
import re
import signal
import warnings

import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from autotune import AutoTunedClassifier, AutoTunedRegressor

X, Y = (data[::3] for data in load_iris(return_X_y=True))
SPACE = {"max_depth": (1, 8), "min_samples_leaf": (1, 9)}
SETTINGS = {"space": SPACE, "strategy": "random", "budget": 3, "cv": 2, "random_state": 0}

SEARCH = {"history_", "cv_results_", "multimetric_", "n_splits_", "scorer_", "space_"}
DEFAULT = {"default_score_"}
CHOICE = {"best_index_", "best_params_"}
SCORES = {"best_score_", "expected_score_", "expected_score_interval_"}
MODEL = {"best_estimator_", "refit_time_"}
KEPT = SEARCH | DEFAULT | CHOICE | SCORES
ALL = KEPT | MODEL

FAILING = "no tree on all rows"


class Tree(DecisionTreeClassifier):
    """A tree that, at a chosen fit, is interrupted as by Ctrl-C, or that fails on all rows."""

    fits_left = None  # before the interrupt
    fails_on_all_rows = False
    always_fails = False

    def fit(self, X, y):
        if Tree.fits_left is not None:
            Tree.fits_left -= 1
            if Tree.fits_left < 0:
                os.kill(os.getpid(), signal.SIGINT)
        if Tree.always_fails or (Tree.fails_on_all_rows and len(y) == len(Y)):
            raise MemoryError(FAILING)
        return super().fit(X, y)


@pytest.fixture
def tree(monkeypatch):
    """Return the class of trees, which is as before after the test, and make Ctrl-C raise."""
    for name in ("fits_left", "fails_on_all_rows", "always_fails"):
        monkeypatch.setattr(Tree, name, getattr(Tree, name))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # nohup has it ignored
    yield Tree
    signal.signal(signal.SIGINT, before)


def tuned(**settings):
    return AutoTunedClassifier(Tree(), **SETTINGS | settings)


def set_by_fit(model):
    """Return the names of the public attributes that a fit has set."""
    return {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}


def first(results):
    return 0


def broken(results):
    raise LookupError("the rule is broken")


def documented(model):
    """Return the attributes that a class's docstring names."""
    section = type(model).__doc__.split("Attributes\n    ----------\n")[1].split("\n\n")[0]
    lines = re.findall(r"^    (\w[\w, ]*_)(?: :|$)", section, re.MULTILINE)
    return {name.strip() for line in lines for name in line.split(",")}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ALL),
        ({"include_default": False}, ALL - DEFAULT),
        ({"refit": False}, KEPT),
        ({"refit": first}, ALL - SCORES),
        ({"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"}, ALL),
        ({"scoring": ["accuracy", "f1_macro"], "refit": False}, SEARCH | DEFAULT),
        ({"scoring": ["accuracy", "f1_macro"], "refit": first}, ALL - SCORES),
        ({"strategy": "halving", "cv": 3}, ALL),
        ({"budget": "60s", "space": {"max_depth": [2, 3]}}, ALL),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_attributes_that_a_fit_sets(settings, expected):
    """Check which attributes there are in each mode, all documented, none of an earlier fit."""
    model = tuned().fit(X, Y)
    model.set_params(**settings).fit(X, Y)
    assert set_by_fit(model) == expected
    assert expected <= documented(model)


def test_documented_attributes_are_there():
    """Check that whatever is documented is an attribute of a fitted model, also by delegation."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    for model in (tuned(), AutoTunedRegressor(DecisionTreeRegressor(), SPACE, budget=2, cv=2)):
        model.set_params(final_model="ensemble", keep_predictions=True).fit(frame, Y)
        asked = {"feature_names_in_", "ensemble_weights_", "oof_predictions_"}
        asked |= {"predict_seconds_per_row_"}
        assert set_by_fit(model) == ALL | asked
        assert all(hasattr(model, name) for name in documented(model))


@pytest.mark.parametrize("refit", ["failing", "interrupted"])
def test_a_last_fit_that_does_not_end(refit, tree):
    """Check that the search's results are there, and `finish` ends the fit with them."""
    tree.fails_on_all_rows = refit == "failing"
    tree.fits_left = 3 * 2 if refit == "interrupted" else None
    model = tuned()
    with pytest.raises((MemoryError, KeyboardInterrupt)):
        model.fit(X, Y)
    assert set_by_fit(model) == KEPT
    tree.fails_on_all_rows, tree.fits_left = False, None
    results, best = model.cv_results_, (model.best_index_, model.best_score_)
    model.finish(X, Y)
    assert set_by_fit(model) == ALL
    assert (model.best_index_, model.best_score_) == best
    assert model.cv_results_["params"] == results["params"]


def test_an_interrupted_search(tree):
    """Check that only the history is there, and that it is the one that was being filled."""
    model = tuned().fit(X, Y)
    earlier, tree.fits_left = model.history_, 4
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert set_by_fit(model) == {"history_"}
    assert model.history_ is not earlier
    assert sum(1 for _ in model.history_.evaluations()) == 4
    tree.fits_left = None
    assert set_by_fit(model.finish(X, Y)) == ALL


def test_an_interrupted_finish(tree):
    """Check that a `finish` that is interrupted can be made again."""
    model, tree.fits_left = tuned(), 4
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    tree.fits_left = 0
    with pytest.raises(KeyboardInterrupt):
        model.finish(X, Y)
    assert set_by_fit(model) == KEPT
    tree.fits_left = None
    assert set_by_fit(model.finish(X, Y)) == ALL


def test_a_search_in_which_all_fails(tree):
    """Check that nothing but the history is left of it, nor of the fit before."""
    model = tuned().fit(X, Y)
    tree.always_fails = True
    with pytest.raises(ValueError, match=FAILING):
        model.fit(X, Y)
    assert set_by_fit(model) == {"history_"}
    assert {trial.status for trial in model.history_} == {"failed"}


def test_a_rule_that_raises():
    """Check that a callable ``refit`` that fails does not cost the results, and can be replaced."""
    model = tuned(refit=broken)
    with pytest.raises(LookupError, match="the rule is broken"):
        model.fit(X, Y)
    assert set_by_fit(model) == SEARCH | DEFAULT
    model.set_params(refit=first).finish(X, Y)
    assert set_by_fit(model) == ALL - SCORES


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"budget": -1}, "budget must be"),
        ({"cv": 1}, "k-fold"),
        ({"scoring": "acuracy"}, "did you mean 'accuracy'"),
        ({"space": {"depth": [1]}}, "no such parameter"),
    ],
)
def test_bad_input_leaves_the_last_fit(bad, message):
    """Check that a fit that is refused changes nothing."""
    model = tuned().fit(X, Y).set_params(**bad)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


def test_warnings_name_the_users_line():
    """Check that what is warned of while a fit is prepared has the line that called it."""
    model = tuned(warm_start=True).fit(X, Y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, 2 - Y)
    assert [warning.filename for warning in caught] == [__file__]
    assert "a new search begins" in str(caught[0].message)
