"""Metrics that no configuration of a search can be scored by."""

from __future__ import annotations

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier
from autotune.tuning._candidates import make_candidates
from autotune.tuning._responses import check_responses
from autotune.tuning._scoring import make_scoring

C = {"C": (0.1, 1.0)}
PAIR = [("a", LogisticRegression()), ("b", GaussianNB())]
FINAL = Pipeline([("scale", StandardScaler()), ("final", LinearSVC())])


class Late(LinearSVC):
    """A model of a user's, which may have any method once it is fitted."""


class Unready(LinearSVC):
    """A model with a property that needs a fitted model."""

    @property
    def predict_proba(self):
        raise RuntimeError("not ready")


class Flags:
    """A distribution of two values that are no numbers."""

    def rvs(self, random_state=None):
        return bool(random_state.randint(2))


def check(model, space, scoring, refit=True):
    check_responses(make_scoring(model, scoring, refit), scoring, make_candidates(model, space))


@pytest.mark.parametrize(
    ("model", "space"),
    [
        (LinearSVC(), C),
        (SVC(), {**C, "kernel": ["rbf", "linear"]}),
        (SGDClassifier(), {"loss": ["hinge", "perceptron"]}),
        (make_pipeline(StandardScaler(), LinearSVC()), "auto"),
        (FINAL, [{"final": [LinearSVC()], "final__C": [1, 2]}, {"final": [RidgeClassifier()]}]),
        (FINAL, {"final": [LinearSVC(), RidgeClassifier()], "final__loss": ["hinge"]}),
        (VotingClassifier(PAIR), {"a__C": (0.1, 1.0)}),
        (OneVsRestClassifier(LinearSVC()), {"estimator__C": [1, 2]}),
        (GridSearchCV(LinearSVC(), {"C": [1]}), {"cv": [2, 3]}),
    ],
)
def test_no_configuration_has_the_method(model, space):
    """Check that the metric is refused with its name, the method and the model."""
    rule = "^scoring='neg_log_loss' needs a model with predict_proba; got .*, without it in every"
    with pytest.raises(ValueError, match=rule):
        check(model, space, "neg_log_loss")


def test_one_of_several_metrics():
    """Check that the metric is named where there are several, and all methods that would do."""
    rule = r"^scoring\['auc'\] needs a model with decision_function or predict_proba; got Ridge,"
    with pytest.raises(ValueError, match=rule):
        check(Ridge(), {"alpha": [1, 2]}, {"r2": "r2", "auc": "roc_auc"}, "r2")


def test_every_model_of_a_list():
    """Check that all models of a list are named, before anything is fitted."""
    models = [LinearSVC(), RidgeClassifier()]
    with pytest.raises(ValueError, match="got LinearSVC, RidgeClassifier, without it in every"):
        AutoTunedClassifier(models, scoring="neg_log_loss").fit([[0], [1]] * 5, [0, 1] * 5)


@pytest.mark.parametrize(
    ("model", "space"),
    [
        (SVC(), {**C, "probability": [False, True]}),
        (SVC(), {"probability": Flags()}),
        (SGDClassifier(), {"loss": ["hinge", "log_loss"]}),
        (FINAL, {"final": [LinearSVC(), LogisticRegression()], "final__C": (0.1, 1.0)}),
        (VotingClassifier(PAIR), {"voting": ["hard", "soft"]}),
        (StackingClassifier(PAIR), {"a__C": (0.1, 1.0)}),  # its final estimator is made by fit
        (AdaBoostClassifier(), {"estimator": [None, DecisionTreeClassifier()]}),
        (CalibratedClassifierCV(LinearSVC()), {"estimator__C": (0.1, 1.0)}),
        (AutoTunedClassifier(SVC()), {"budget": [2, 3]}),  # a condition that is not known
        (Late(), C),
        (Unready(), C),
    ],
)
def test_some_configuration_may_have_the_method(model, space):
    """Check that nothing is refused that might be scored."""
    scoring = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
    check(model, space, scoring)
