"""Metadata reach who asks for them: with scikit-learn's routing and without it."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier

X, y = (data[::3] for data in load_iris(return_X_y=True))
WEIGHTS = np.arange(1.0, len(y) + 1)
GROUPS = np.arange(len(y)) % 5


class Consumer(ClassifierMixin, BaseEstimator):
    """Checks that the metadata are cut to the rows that it is given."""

    def __init__(self, level=0):
        self.level = level

    def fit(self, X, y, sample_weight=None, tag=None):
        self.classes_ = np.unique(y)
        self.weights_ = sample_weight
        self.tag_ = tag
        if sample_weight is not None:
            np.testing.assert_array_equal(sample_weight, X[:, -1])
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


DATA = np.column_stack([X, WEIGHTS])


def tuned(model, **settings):
    settings = {"strategy": "grid", "cv": 3, **settings}
    return AutoTunedClassifier(model, settings.pop("space", {"level": [0, 1]}), **settings)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def weighted_score(estimator, X, y, sample_weight=None):
    np.testing.assert_array_equal(sample_weight, X[:, -1])
    return 1.0


def test_without_routing():
    """Check that weights go to model and scorers and other metadata to the model."""
    search = tuned(Consumer(), scoring=weighted_score, return_train_score=True)
    search.fit(DATA, y, sample_weight=WEIGHTS, tag="hello")
    np.testing.assert_array_equal(search.weights_, WEIGHTS)
    assert search.tag_ == "hello"


def test_scorer_without_weights():
    """Check that a scorer that takes no weights is used without, and that this is said."""
    search = tuned(Consumer(), scoring=lambda estimator, X, y: 1.0)
    with pytest.warns(UserWarning, match="does not support sample_weight"):
        search.fit(DATA, y, sample_weight=WEIGHTS)
    assert search.tag_ is None


@pytest.mark.parametrize(("cv", "n_splits"), [(GroupKFold(3), 3), (LeaveOneGroupOut(), 5)])
def test_groups(cv, n_splits):
    """Check that groups reach the splitter and nobody else."""
    search = tuned(Consumer(), cv=cv).fit(DATA, y, groups=GROUPS)
    assert search.n_splits_ == n_splits
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        search.fit(DATA, y)


def test_unknown_metadata():
    """Check that metadata that the model does not know are refused."""
    with pytest.raises(TypeError, match="passes 'nonsense' on to the model"):
        tuned(Consumer()).fit(DATA, y, nonsense=1)


@pytest.mark.usefixtures("routing")
def test_with_routing():
    """Check that each consumer gets what it requested, under the name that it chose."""
    model = Consumer().set_fit_request(sample_weight="w", tag=True)
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight="w")
    search = tuned(model, scoring=scorer, cv=GroupKFold(3))
    search.fit(DATA, y, w=WEIGHTS, tag="hello", groups=GROUPS)
    np.testing.assert_array_equal(search.weights_, WEIGHTS)
    assert (search.tag_, search.n_splits_) == ("hello", 3)
    expected = np.average(search.predict(DATA) == y, weights=WEIGHTS)
    assert search.score(DATA, y, w=WEIGHTS) == pytest.approx(expected)


def asking():
    return Consumer().set_fit_request(sample_weight=True)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(
    ("make", "scoring", "who"),
    [
        (Consumer, "accuracy", r"Consumer\.fit"),
        (asking, None, r"Consumer\.score"),
        (lambda: [SVC(), Consumer()], "accuracy", r"SVC\.fit"),
    ],
)
def test_unset_requests(make, scoring, who):
    """Check that metadata that nobody decided about are refused."""
    model = make()
    search = AutoTunedClassifier(model, "auto" if isinstance(model, list) else {"level": [0]})
    with pytest.raises(UnsetMetadataPassedError, match=rf"not requested for {who}"):
        search.set_params(scoring=scoring).fit(DATA, y, sample_weight=WEIGHTS)


@pytest.mark.usefixtures("routing")
def test_unset_request_of_a_scorer():
    """Check that weights that no one decided to score with meet the same as in GridSearchCV.

    It refuses them since scikit-learn 1.9 and scores without them before.
    """

    def outcome(search):
        try:
            return search.fit(DATA, y, sample_weight=WEIGHTS).best_score_
        except UnsetMetadataPassedError as error:
            return str(error).replace(type(search).__name__, "the search")

    reference = GridSearchCV(asking(), {"level": [0]}, scoring="accuracy", cv=3)
    expected = outcome(reference)
    refused = isinstance(expected, str)
    release = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    assert refused == (release >= (1, 9))
    assert outcome(tuned(asking(), space={"level": [0]}, scoring="accuracy")) == expected


@pytest.mark.usefixtures("routing")
def test_ignored():
    """Check that a model may refuse what the scorers get."""
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    search = tuned(Consumer().set_fit_request(sample_weight=False), scoring=scorer)
    search.fit(DATA, y, sample_weight=WEIGHTS)
    assert search.weights_ is None


@pytest.mark.usefixtures("routing")
def test_several_models():
    """Check that several models in one race must request the same."""
    asks = asking()
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=False)
    space = {"estimator": [asks], "estimator__level": [0, 1]}
    search = tuned([asks, Consumer(1).set_fit_request(sample_weight=True)], space=space)
    search.set_params(scoring=scorer).fit(DATA, y, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(search.weights_, WEIGHTS)
    search.set_params(estimator=[asks, Consumer(1).set_fit_request(sample_weight=False)])
    with pytest.raises(ValueError, match="all of them must request the same metadata"):
        search.fit(DATA, y, sample_weight=WEIGHTS)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_in_a_pipeline(n_jobs):
    """Check that metadata pass through a pipeline to the model inside the search."""
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    svc = SVC().set_fit_request(sample_weight=True)
    search = tuned(svc, space={"C": [0.1, 1.0]}, scoring=scorer, n_jobs=n_jobs)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    model = make_pipeline(scaler, search).fit(X, y, sample_weight=WEIGHTS)
    scaled = StandardScaler().fit_transform(X)
    expected = SVC(C=model[-1].best_params_["C"]).fit(scaled, y, sample_weight=WEIGHTS)
    np.testing.assert_array_equal(model[-1].dual_coef_, expected.dual_coef_)


class Transformer(Consumer):
    def transform(self, X):
        return X


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(
    "wrap", [lambda step: step, lambda step: ColumnTransformer([("all", step, slice(0, 5))])]
)
def test_as_a_transformer(wrap):
    """Check that weights reach a model that is tuned as a step which transforms."""
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    search = tuned(Transformer().set_fit_request(sample_weight=True, tag=False), scoring=scorer)
    model = make_pipeline(wrap(search), SVC().set_fit_request(sample_weight=False))
    step = model.fit(DATA, y, sample_weight=WEIGHTS)[0]
    fitted = step.named_transformers_["all"] if isinstance(step, ColumnTransformer) else step
    np.testing.assert_array_equal(fitted.weights_, WEIGHTS)
