"""A tuned estimator as a part of other estimators, on real data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from autotune import AutoTunedClassifier, AutoTunedRegressor, Grid

X, y = (data[::2] for data in load_iris(return_X_y=True))
X_REG, Y_REG = (data[:100] for data in load_diabetes(return_X_y=True))


def tuned(model, space="auto", **settings):
    """Return a classifier with a small budget and few folds."""
    settings = {"strategy": "random", "budget": 4, "cv": 3, "random_state": 0, **settings}
    return AutoTunedClassifier(model, space, **settings)


def test_issue_snippet():
    """Check the snippet with nothing chosen: built-in space, strategy and budget."""
    model = make_pipeline(StandardScaler(), AutoTunedClassifier(SVC(), budget=4, random_state=0))
    assert cross_val_score(model, X, y, cv=2).mean() > 0.8


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_validation(n_jobs):
    """Check that an outer cross-validation gives the same scores with several workers."""
    model = make_pipeline(StandardScaler(), tuned(SVC()))
    scores = cross_val_score(model, X, y, cv=3, n_jobs=n_jobs)
    expected = [
        clone(model).fit(X[train], y[train]).score(X[test], y[test])
        for train, test in StratifiedKFold(3).split(X, y)
    ]
    assert scores.tolist() == expected


@pytest.mark.parametrize(
    "model",
    [
        StackingClassifier([("tuned", tuned(SVC())), ("plain", GaussianNB())], cv=2),
        CalibratedClassifierCV(tuned(SVC()), cv=2, ensemble=False),
        tuned(tuned(SVC(), {"C": [1.0, 10.0]}), {"estimator__kernel": ["rbf", "linear"]}),
        tuned(CalibratedClassifierCV(SVC(), cv=2, ensemble=False), budget=2),
    ],
    ids=["stacking", "calibrated", "in itself", "around"],
)
def test_meta_estimators(model):
    """Check that meta-estimators accept a tuned estimator, and it them."""
    model.fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.predict(X[:2]).tolist() == [0, 0]


def test_frozen():
    """Check that a fitted search can be calibrated as it is."""
    search = tuned(SVC()).fit(X, y)
    model = CalibratedClassifierCV(FrozenEstimator(search), cv=2).fit(X, y)
    assert model.predict_proba(X).shape == (len(y), 3)


def test_grid_search_around_a_pipeline():
    """Check that the parameters of model and strategy are reached from outside."""
    model = Pipeline([("scale", StandardScaler()), ("tuned", tuned(SVC(), strategy=Grid()))])
    space = {"tuned__estimator__kernel": ["rbf", "linear"], "tuned__strategy__points": [2, 3]}
    outer = GridSearchCV(model, space, cv=2).fit(X, y)
    found = outer.best_estimator_["tuned"].best_estimator_
    assert found.kernel == outer.best_params_["tuned__estimator__kernel"]


def test_feature_selection():
    """Check that importances and coefficients are found through the search."""
    space = {"max_depth": [2, 3]}
    forest = SelectFromModel(tuned(RandomForestClassifier(5), space), threshold="median")
    assert forest.fit(X, y).transform(X).shape == (len(y), 2)
    ranking = RFE(tuned(RidgeClassifier(), {"alpha": [1.0, 2.0]}), n_features_to_select=2)
    assert ranking.fit(X, y).support_.sum() == 2


def test_predictions_and_curves():
    """Check cross_val_predict with probabilities, and learning_curve."""
    model = tuned(GaussianNB(), budget=2, cv=2)
    assert cross_val_predict(model, X, y, cv=2, method="predict_proba").shape == (len(y), 3)
    sizes, _, scores = learning_curve(
        model, X, y, cv=2, train_sizes=[0.6, 1.0], shuffle=True, random_state=0
    )
    assert scores.shape == (len(sizes), 2)


def test_regressors():
    """Check a vote of tuned regressors."""
    settings = {"strategy": "random", "budget": 3, "cv": 2, "random_state": 0}
    members = [
        ("ridge", AutoTunedRegressor(Ridge(), **settings)),
        ("several", AutoTunedRegressor([Ridge(), DecisionTreeRegressor()], **settings)),
    ]
    model = VotingRegressor(members).fit(X_REG, Y_REG)
    expected = np.mean([member.predict(X_REG) for member in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict(X_REG), expected)


def test_search_over_whole_tuned_models():
    """Check that tuned models can be the choices of a step."""
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    choices = [tuned(SVC(), {"C": [1.0, 2.0]}), tuned(GaussianNB(), budget=2)]
    outer = tuned(pipeline, {"model": choices}).fit(X, y)
    assert isinstance(outer.best_estimator_["model"], AutoTunedClassifier)
    assert outer.best_params_["model"] in choices
