"""Bad parameters are refused before anything is fitted, in words that help."""

from __future__ import annotations

import numpy as np
import pytest
from estimators import Silent, SilentModel
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import Ridge
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, AutoTunedRegressor

X, y = (data[::3] for data in load_iris(return_X_y=True))
REFIT = "refit must be True, False, a scorer's name or a callable; got "
MULTI = "For multi-metric scoring, refit must be the name of a scorer, .*; got refit="
BAD = [
    ({"estimator": SVC}, TypeError, r"got the class SVC: write SVC\(\)"),
    ({"estimator": "svc"}, TypeError, "estimator must be an instance of a classifier .* 'svc'"),
    ({"estimator": []}, ValueError, "estimator must be .* at least one; got an empty list"),
    ({"estimator": [SVC(), Ridge()]}, TypeError, r"estimator_1 .* got the regressor Ridge\(\)"),
    ({"estimator": Ridge()}, TypeError, r"got the regressor Ridge\(\): use AutoTunedRegressor"),
    ({"strategy": "anneal"}, ValueError, "strategy must be one of 'grid', .*; got 'anneal'"),
    ({"strategy": 3}, TypeError, "strategy must be one of 'grid', .*; got 3"),
    ({"refit": 1}, TypeError, REFIT + "1"),
    ({"refit": None}, TypeError, REFIT + "None"),
    ({"refit": np.False_}, TypeError, REFIT + "np.False_"),
    ({"include_default": 1}, TypeError, "include_default must be True or False; got 1"),
    ({"return_train_score": "no"}, TypeError, "return_train_score must be True or False"),
    ({"error_score": "ignore"}, TypeError, "error_score must be 'raise' or a number; got 'ignore'"),
    ({"error_score": True}, TypeError, "error_score must be 'raise' or a number; got True"),
    ({"n_jobs": 0}, ValueError, "n_jobs must be None or an integer other than 0; got 0"),
    ({"n_jobs": 1.5}, TypeError, "n_jobs must be None or an integer other than 0; got 1.5"),
    ({"verbose": -1}, ValueError, "verbose must be a number of at least 0; got -1"),
    ({"verbose": "yes"}, TypeError, "verbose must be a number of at least 0; got 'yes'"),
    ({"scoring": "acuracy"}, ValueError, "acuracy"),
    ({"scoring": []}, ValueError, "scoring must name at least one metric"),
    ({"scoring": 3}, TypeError, "scoring must be a name, a callable, .*; got 3"),
    ({"scoring": ["accuracy", "accuracy"]}, ValueError, "a list of distinct names"),
    ({"scoring": ["accuracy", 3]}, TypeError, "scoring must be a name, a callable"),
    ({"scoring": ["accuracy"]}, ValueError, MULTI + "True, the scorers are 'accuracy'"),
    ({"scoring": ["accuracy"], "refit": "f1"}, ValueError, MULTI + "'f1'"),
    ({"cv": 1}, ValueError, "k-fold cross-validation requires at least one"),
    ({"cv": "three"}, ValueError, "Expected `?cv`? as an integer"),
    ({"cv": []}, ValueError, r"cv must yield at least one fold; got \[\], which yields none"),
    ({"cv": [([], [0, 1])]}, ValueError, "fold 0 has 0 and 2"),
    ({"cv": [([0, 1], [])]}, ValueError, "fold 0 has 2 and 0"),
]


class Unfittable(SVC):
    def fit(self, X, y):
        raise AssertionError("nothing is fitted before the parameters are checked")


@pytest.mark.parametrize(("settings", "error", "message"), BAD)
def test_bad_parameters(settings, error, message):
    """Check that each bad parameter raises its own message, in fit and not before."""
    search = AutoTunedClassifier(
        **{"estimator": Unfittable(), "space": {"C": [1.0]}, "strategy": "grid", **settings}
    )
    assert search.get_params(deep=False).items() >= settings.items()
    with pytest.raises(error, match=message):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


def test_classifier_in_a_regressor():
    """Check that the regressor names the classifier's class."""
    with pytest.raises(TypeError, match=r"got the classifier SVC\(\): use AutoTunedClassifier"):
        AutoTunedRegressor(SVC()).fit(X, y)


class Counting:
    """A splitter whose number of folds is a lie."""

    def split(self, X, y=None, groups=None):
        yield from [(np.arange(25), np.arange(25, 50))] * 2

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3


def test_splitter_that_lies():
    """Check that a splitter must yield as many folds as it says."""
    with pytest.raises(ValueError, match="got 2 folds, get_n_splits says 3"):
        AutoTunedClassifier(SVC(), {"C": [1.0]}, cv=Counting()).fit(X, y)


def test_folds_are_drawn_once():
    """Check that a splitter is asked once in a fit, so that trials share their folds."""
    calls = []

    class Splitter(Counting):
        def split(self, X, y=None, groups=None):
            calls.append(1)
            order = np.random.permutation(50)
            yield from [(order[:25], order[25:]), (order[25:], order[:25])]

        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

    space = {"C": [1.0, 1.0, 1.0]}
    search = AutoTunedClassifier(SVC(), space, strategy="grid", cv=Splitter())
    scores = search.set_params(include_default=False).fit(X, y).cv_results_["mean_test_score"]
    assert len(calls) == 1
    assert len(set(scores)) == 1


@pytest.mark.parametrize("name", AutoTunedClassifier().get_params(deep=False))
def test_parameters_that_cannot_be_shown(name):
    """Check that whatever a parameter's methods raise, the error names the parameter."""
    settings = {"estimator": Unfittable(), "space": {"C": [1.0]}, name: Silent()}
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be .*<Silent without a repr>"):
        AutoTunedClassifier(**settings).fit(X, y)


@pytest.mark.parametrize("name", ["X", "y"])
def test_data_that_cannot_be_counted(name):
    """Check that data without a usable length are named."""
    data = {"X": X, "y": y, name: Silent()}
    with pytest.raises(ValueError, match=f"^{name} must be .*Silent raised RuntimeError: ask me"):
        AutoTunedClassifier(Unfittable(), {"C": [1.0]}).fit(**data)


def test_a_value_that_cannot_be_shown():
    """Check that a value is refused by name where the model has to look at it."""
    with pytest.raises(
        ValueError, match=r"space\['C'\] must hold .*<Silent without a repr>, which"
    ):
        AutoTunedClassifier(Unfittable(), {"C": [1.0, Silent()]}).fit(X, y)


@pytest.mark.parametrize("settings", [{}, {"storage": True}, {"warm_start": True}, {"verbose": 2}])
def test_objects_that_answer_no_question_are_tuned(settings, tmp_path):
    """Check that model, values and scorer need no text, truth, length or equality."""
    if "storage" in settings:
        settings = {"storage": tmp_path / "tuning.db"}
    space = {"first": [Silent(), "a"], "second": [Silent()]}
    search = AutoTunedClassifier(SilentModel(), space, budget=3, cv=2, **settings)
    assert search.fit(X, y).best_score_ == 0.5
    assert len(search.fit(X, y).history_) == 3


FORESTS = [
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
]


@pytest.mark.parametrize("forest", FORESTS)
def test_models_that_have_a_length(forest, tmp_path):
    """Check that a search with an ensemble, which has no length yet, can be continued."""
    settings = {"storage": tmp_path / "tuning.db", "warm_start": True, "random_state": 0, "cv": 2}
    search = AutoTunedClassifier(forest(n_estimators=2), {"n_estimators": [2, 3]}, **settings)
    search.set_params(budget=1).fit(X, y)
    assert len(search.set_params(budget=2).fit(X, y).history_) == 2
