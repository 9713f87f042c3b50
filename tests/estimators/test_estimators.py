"""Tests of the estimator's face: classic snippets, failures, the default, manners."""

from __future__ import annotations

import pickle
import re
import warnings
from datetime import timedelta

import joblib
import numpy as np
import pytest
from estimators import Moody
from scipy.stats import randint, uniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, MultiTaskLasso, Ridge
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from autotune import AutoTunedClassifier, AutoTunedRegressor, Budget, Grid
from autotune.strategies import STRATEGIES

# "auto" differs from "racing" only in that it drops no trial.
EACH = [
    pytest.param(name, marks=[pytest.mark.slow] if name == "auto" else []) for name in STRATEGIES
]
# What these drop has no mean score, and so no rank of its own.
DROPPING = {"racing", "auto", "halving", "hyperband"}
EXHAUSTIVE = [name for name in STRATEGIES if name not in DROPPING]
X, y = (data[::3] for data in load_iris(return_X_y=True))
X_REG, Y_REG = (data[:60] for data in load_diabetes(return_X_y=True))


def tuned(model, space="auto", **settings):
    """Return a classifier with a small budget and few folds."""
    return AutoTunedClassifier(
        model, space, **{"strategy": "grid", "cv": 3, "random_state": 0, **settings}
    )


def pipeline():
    return Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression())])


LAYERS = {
    "hidden_layer_sizes": [(5, 5), (10,)],
    "activation": ["relu", "tanh"],
    "solver": ["adam", "sgd"],
}
FEW_ITERATIONS = MLPClassifier(max_iter=2)
SNIPPETS = {
    "lists": (SVC(), {"C": [1, 10, 100], "gamma": [0.001, 0.0001], "kernel": ["rbf"]}),
    "distributions": (
        SVC(),
        {"C": uniform(1, 100), "gamma": uniform(0.0001, 0.1), "kernel": ["rbf"]},
    ),
    "intervals": (SVC(), {"C": (1, 100), "gamma": (0.0001, 0.1), "kernel": ["rbf"]}),
    "layers": (FEW_ITERATIONS, LAYERS),
    "layers and a range": (FEW_ITERATIONS, {**LAYERS, "alpha": (1e-4, 1e-3, "log-uniform")}),
    "steps with conditions": (
        pipeline(),
        [
            {"clf": [SVC()], "clf__C": (0.1, 10.0), "scale": ["passthrough", MaxAbsScaler()]},
            {"clf": [DecisionTreeClassifier()], "clf__max_depth": (1, 4)},
            {"clf__C": (0.1, 10.0, "log-uniform"), "scale__with_mean": [True, False]},
        ],
    ),
    "single values": (SVC(), {"C": 3.0, "kernel": "linear", "shrinking": False}),
    "mixed types": (
        DecisionTreeClassifier(),
        {"max_features": [None, "sqrt", 1, 0.5], "max_depth": randint(1, 5)},
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few iterations
@pytest.mark.parametrize("strategy", EACH)
@pytest.mark.parametrize("name", SNIPPETS)
def test_every_space_with_every_strategy(name, strategy):
    """Check that every classic space works with every strategy."""
    model, space = SNIPPETS[name]
    n_trials = 6
    search = tuned(model, space, strategy=strategy, budget=n_trials).fit(X, y)
    results = search.cv_results_
    allowed = {"complete", "dropped"} if strategy in DROPPING else {"complete"}
    assert set(results["status"]) <= allowed
    assert results["origin"][0] == "default"
    assert len(results["params"]) == (2 if name == "single values" else n_trials)
    for number, params in enumerate(results["params"]):
        assert number == 0 or params in search.space_
    assert search.predict(X).shape == y.shape


# What cannot be searched is said before anything is fitted.
BAD = {
    "name": ({"xyzzy": [1, 2]}, r"space\['xyzzy'\]: Unfittable has no such parameter; it has C, "),
    "another case": ({"c": [1, 2]}, r"no such parameter; did you mean 'C'\?"),
    "misspelt": ({"gama": [1, 2]}, r"no such parameter; did you mean 'gamma'\?"),
    "empty": ({"C": []}, r"space\['C'\] must "),
    "inverted": ({"C": (10, 1)}, r"space\['C'\] must "),
    "log through zero": ({"C": (0, 1, "log-uniform")}, r"space\['C'\] must "),
    "unusable choice": ({"C": [1, -1]}, r"space\['C'\] must hold values .* got -1: "),
    "unusable kind": ({"kernel": ["rfb"]}, r"space\['kernel'\] must hold values .* got 'rfb': "),
    "randint": ({"C": randint(0.0001, 0.001)}, r"space\['C'\] .*\(0.0001, 0.001\).*loguniform"),
    "floats for integers": ({"degree": (1.0, 5.0)}, r"must hold values .* got 3.0: .* an int"),
    "draws for integers": ({"degree": uniform(1, 4)}, r"must hold values .* got 3.0: .* an int"),
    "no dict": ("SVC", r"space must be a dict .* or 'auto', got"),
    "in a union": ([{"C": [1]}, {"D": [1]}], r"space\['D'\]: Unfittable has no such parameter"),
}


class Unknown(ClassifierMixin, BaseEstimator):
    """A model for which there is no space."""

    def fit(self, X, y):
        raise AssertionError


class Unfittable(SVC):
    def fit(self, X, y):
        raise AssertionError("nothing is fitted before the space is checked")


@pytest.mark.parametrize("strategy", EACH)
@pytest.mark.parametrize(("space", "message"), BAD.values(), ids=BAD)
def test_bad_spaces(space, message, strategy):
    """Check that what is wrong with a space is said before anything is fitted."""
    with pytest.raises((TypeError, ValueError), match=message):
        tuned(Unfittable(), space, strategy=strategy, budget=3).fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "space", "message"),
    [
        (pipeline(), {"clf__c": [1]}, r"did you mean 'clf__C'\?"),
        (pipeline(), {"svc__C": [1]}, r"space\['svc__C'\]: Pipeline has no such parameter"),
        (pipeline(), {"clf": [SVC()], "clf__depth": [1]}, r"space\['clf__depth'\]"),
        (pipeline(), {"clf__C": [-1.0]}, r"space\['clf__C'\] must hold values"),
        ([SVC(), GaussianNB()], {"C": [1.0]}, "estimator is a list, so each space must choose"),
        ([SVC()], {"estimator": [SVC()], "estimator__c": [1]}, "SVC has no such parameter"),
        (Unknown(), "auto", "no built-in search space for Unknown"),
    ],
)
def test_bad_spaces_of_composites(estimator, space, message):
    """Check that wrong names are found inside pipelines and lists of models."""
    with pytest.raises(ValueError, match=message):
        tuned(estimator, space).fit(X, y)


def score_level(estimator, X, y):
    return {0.0: 0.5, 1.0: np.nan, 2.0: np.inf, 3.0: -np.inf, 4.0: 0.6}[estimator.level]


@pytest.mark.parametrize("strategy", EXHAUSTIVE)
def test_scores_that_are_no_numbers_rank_last(strategy):
    """Check that NaN and infinite scores share the last rank and cannot win."""
    space = {"level": [1.0, 2.0, 3.0, 0.0, 4.0]}
    search = tuned(
        Moody(), space, scoring=score_level, strategy=strategy, budget=9, include_default=False
    )
    with pytest.warns(FitFailedWarning, match="3 of 5 trials failed and cannot win"):
        search.fit(X, y)
    results = search.cv_results_
    levels = [params["level"] for params in results["params"]]
    ranks = dict(zip(levels, results["rank_test_score"], strict=True))
    assert ranks == {4.0: 1, 0.0: 2, 1.0: 3, 2.0: 3, 3.0: 3}
    assert search.best_params_ == {"level": 4.0}
    assert search.best_score_ == pytest.approx(0.6)
    assert results["rank_test_score"].dtype == np.int32


def test_failures_are_rows():
    """Check that each failing trial keeps its error and that one warning sums them up."""
    space = {"mood": ["fit", "predict", "good"], "level": [2.0]}
    with pytest.warns(FitFailedWarning) as caught:
        search = tuned(Moody(), space, include_default=False).fit(X, y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    results = search.cv_results_
    by_mood = {p["mood"]: row for row, p in enumerate(results["params"])}
    for mood, message in (("fit", "no fit at level 2.0"), ("predict", "no prediction at level")):
        row = by_mood[mood]
        assert results["status"][row] == "failed"
        assert message in results["error"][row]
        assert np.isnan(results["mean_test_score"][row])
    assert results["error"][by_mood["good"]] is None
    frame = search.history_.to_frame()
    assert frame["error"].notna().sum() == 6


def test_warnings_are_recorded():
    """Check that what a fit warns of is kept, fold by fold."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search = tuned(Moody(), {"mood": ["warn", "good"]}).fit(X, y)
    frame = search.history_.to_frame()
    texts = frame.groupby("param_mood")["warnings"].unique()
    assert texts["warn"].tolist() == ["UserWarning: a word of caution"]
    assert texts["good"].tolist() == [""]
    assert not caught


@pytest.mark.parametrize(
    ("mood", "message"), [("fit", "no fit at level 0.0"), ("predict", "no prediction at level 0.0")]
)
def test_all_fail(mood, message):
    """Check that one ValueError with the first error is raised if all trials fail."""
    with pytest.raises(ValueError, match=rf"all of the 3 trials failed(.|\n)*{message}"):
        tuned(Moody(mood), {"level": [1.0, 2.0]}).fit(X, y)


def test_error_score_raise():
    """Check that error_score='raise' lets the very exception through, from any metric."""
    search = tuned(Moody(), {"mood": ["good", "fit"]}, error_score="raise")
    with pytest.raises(RuntimeError, match=r"^no fit at level 0\.0$"):
        search.fit(X, y)

    def broken(estimator, X, y):
        raise KeyError("no score")

    for scoring in (broken, {"a": "accuracy", "b": broken}):
        search.set_params(space={"level": [1.0]}, scoring=scoring, refit="a")
        with pytest.raises(KeyError, match=r"^'no score'$"):
            search.fit(X, y)


def test_a_secondary_metric_may_fail():
    """Check that only the metric that decides can put a trial out of the race."""

    def broken(estimator, X, y):
        raise RuntimeError("no score")

    search = tuned(SVC(), {"C": [1.0, 10.0]}, scoring={"b": broken, "a": "accuracy"}, refit="a")
    search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_b"]).all()
    assert set(search.cv_results_["status"]) == {"complete"}
    assert "no score" in search.cv_results_["error"][0]


@pytest.mark.parametrize("value", ["0.5", None, [0.5, 0.5]])
def test_scorer_returns_no_number(value):
    """Check that a scorer that returns something else than a number is said to."""
    with pytest.raises(ValueError, match="scoring must return a number"):
        tuned(SVC(), {"C": [1.0]}, scoring=lambda estimator, X, y: value).fit(X, y)


class Tensor:
    """A number of another library, as PyTorch's, which is none for Python."""

    def __init__(self, *values):
        self.values = values

    def item(self):
        if len(self.values) > 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.values[0]


def test_scorer_returns_a_number_of_another_library():
    """Check that what holds a single number is one, and what holds several is not."""
    scoring = {"strategy": "grid", "include_default": False, "scoring": lambda *_: Tensor(0.5)}
    assert tuned(SVC(), {"C": [1.0]}, **scoring).fit(X, y).best_score_ == 0.5
    scoring["scoring"] = lambda *_: Tensor(0.5, 0.5)
    with pytest.raises(ValueError, match="scoring must return a number, or a dict of numbers"):
        tuned(SVC(), {"C": [1.0]}, **scoring).fit(X, y)


def test_default_is_trial_0():
    """Check that the default is evaluated first, reported, and wins ties inside the space."""
    search = tuned(Moody(), {"level": [1.0, 0.0]}).fit(X, y)
    results = search.cv_results_
    assert [p["level"] for p in results["params"]] == [0.0, 1.0]
    assert list(results["origin"]) == ["default", "grid"]
    assert search.best_index_ == 0
    assert search.default_score_ == search.best_score_ == results["mean_test_score"][0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_default_outside_cannot_win(strategy):
    """Check that a default outside the user's space is reported but never the winner."""

    def low_is_good(estimator, X, y):
        return -estimator.level

    search = tuned(
        Moody(), {"level": (1.0, 2.0)}, scoring=low_is_good, strategy=strategy, budget=4
    ).fit(X, y)
    assert search.cv_results_["params"][0] == {"level": 0.0}
    assert search.default_score_ == 0.0 > search.best_score_
    n_competing = np.sum(search.cv_results_["status"][1:] == "complete")
    assert search.cv_results_["rank_test_score"][0] == 1 + n_competing
    assert n_competing == 3 or strategy in DROPPING
    assert search.best_params_ in search.space_
    assert search.best_estimator_.level >= 1.0


@pytest.mark.parametrize(("model", "space"), [(Moody(), {"mood": ["fit"]}), (Moody("fit"), {})])
def test_default_when_nothing_else_works(model, space):
    """Check what happens if the whole space fails: the default is used, and that is said."""
    search = tuned(model, space)
    if model.mood == "fit":
        with pytest.raises(ValueError, match="no fit at level"):
            search.fit(X, y)
        return
    with pytest.warns(FitFailedWarning) as caught:
        search.fit(X, y)
    messages = [str(warning.message) for warning in caught]
    assert messages[0].startswith("no configuration of the space could be evaluated")
    assert messages[1].startswith("1 of 2 trials failed and cannot win")
    assert search.best_params_ == {"mood": "good"}


def test_without_default():
    """Check that include_default=False leaves the space alone."""
    search = tuned(SVC(), {"C": [2.0, 3.0]}, include_default=False).fit(X, y)
    assert [params["C"] for params in search.cv_results_["params"]] == [2.0, 3.0]
    assert not hasattr(search, "default_score_")


def test_several_estimators():
    """Check that each of several estimators enters with its default."""
    models = [SVC(), DecisionTreeClassifier(random_state=0), GaussianNB()]
    search = tuned(models, strategy="random", budget=6).fit(X, y)
    params = search.cv_results_["params"]
    assert [type(p["estimator"]) for p in params[:3]] == [type(model) for model in models]
    assert list(search.cv_results_["origin"]) == ["default"] * 3 + ["random"] * 3
    assert isinstance(search.best_estimator_, type(search.best_params_["estimator"]))
    for p in params:
        name = type(p["estimator"]).__name__
        assert name != "SVC" or "estimator__C" in p
    space = {"estimator": [models[0]], "estimator__C": (0.1, 1.0)}
    search = tuned(models, space, strategy="random", budget=5).fit(X, y)
    assert isinstance(search.best_estimator_, SVC)
    assert search.best_params_["estimator__C"] == search.best_estimator_.C


def test_wrapped_objects_are_not_changed():
    """Check that fit changes neither the estimator nor the space nor the data."""
    model, step = pipeline(), SVC()
    space = {"clf": [step, DecisionTreeClassifier()], "scale__with_mean": [True, False]}
    before, data = repr(model), X.copy()
    search = tuned(model, space).fit(X, y)
    assert repr(model) == before
    assert search.space["clf"][0] is step
    assert step.random_state is None
    assert not hasattr(step, "support_")
    assert search.best_estimator_["clf"] is not step
    np.testing.assert_array_equal(X, data)


def two_metrics(estimator, X, y):
    return {"b": -estimator.C, "a": estimator.C}


@pytest.mark.parametrize(
    ("scoring", "refit", "index", "score"),
    [
        (two_metrics, "a", 2, 3.0),
        (two_metrics, "b", 0, -1.0),
        (two_metrics, lambda results: 1, 1, None),
        (lambda e, X, y: e.C, "any name", 2, 3.0),
        (lambda e, X, y: e.C, True, 2, 3.0),
        (lambda e, X, y: e.C, lambda results: np.int64(1), 1, None),
        ({"a": lambda e, X, y: e.C, "b": lambda e, X, y: -e.C}, "b", 0, -1.0),
    ],
)
def test_refit(scoring, refit, index, score):
    """Check which trial wins for each form of scoring and refit, and what is told of it."""
    search = tuned(SVC(), {"C": [1.0, 2.0, 3.0]}, scoring=scoring, refit=refit).fit(X, y)
    assert search.best_index_ == index
    assert search.best_params_ == {"C": index + 1.0}
    assert getattr(search, "best_score_", None) == score
    assert search.best_estimator_.C == search.estimator_.C == index + 1
    expected = score if score is not None else search.scorer_(search.best_estimator_, X, y)
    found = search.score(X, y)
    assert found == (expected["b"] if isinstance(expected, dict) else expected)


@pytest.mark.parametrize(
    ("refit", "error", "message"),
    [
        (lambda results: 2, IndexError, "refit must return an index from 0 to 1; got 2"),
        (lambda results: -1, IndexError, "refit must return an index from 0 to 1; got -1"),
        (lambda results: 0.0, TypeError, r"refit must return the integer index of a trial; got 0"),
    ],
)
def test_refit_returns_nonsense(refit, error, message):
    """Check that an index that is none is refused."""
    with pytest.raises(error, match=message):
        tuned(SVC(), {"C": [1.0, 2.0]}, refit=refit).fit(X, y)


def test_no_refit():
    """Check that refit=False leaves only the results."""
    search = tuned(LogisticRegression(max_iter=500), {"C": [1.0, 2.0]}, refit=False).fit(X, y)
    assert search.best_params_ in [{"C": 1.0}, {"C": 2.0}]
    for name in ("best_estimator_", "estimator_", "refit_time_", "predict", "coef_", "classes_"):
        assert not hasattr(search, name)
    with pytest.raises(AttributeError, match="it was made with refit=False"):
        search.predict(X)
    with pytest.raises(NotFittedError):
        search.score(X, y)


def test_score_uses_the_scorer():
    """Check that score computes the metric that was tuned for, not the model's own."""
    search = AutoTunedRegressor(
        Ridge(), {"alpha": [1.0]}, strategy="grid", scoring="neg_mean_absolute_error"
    ).fit(X_REG, Y_REG)
    expected = -np.abs(search.predict(X_REG) - Y_REG).mean()
    assert search.score(X_REG, Y_REG) == pytest.approx(expected)
    with pytest.raises(ValueError, match="score takes metadata only with"):
        search.score(X_REG, Y_REG, sample_weight=Y_REG)


@pytest.mark.parametrize(
    ("wrapper", "model"),
    [
        (AutoTunedClassifier, SVC()),
        (AutoTunedClassifier, SVC(kernel="precomputed")),
        (AutoTunedClassifier, HistGradientBoostingClassifier()),
        (AutoTunedClassifier, BernoulliNB()),
        (AutoTunedClassifier, KNeighborsClassifier(metric="precomputed")),
        (AutoTunedClassifier, make_pipeline(StandardScaler(), MultinomialNB())),
        (AutoTunedRegressor, LinearRegression()),
        (AutoTunedRegressor, HistGradientBoostingRegressor()),
        (AutoTunedRegressor, MultiTaskLasso()),
        (AutoTunedRegressor, DecisionTreeRegressor()),
    ],
)
def test_tags_are_the_models(wrapper, model):
    """Check that the tags are those of the wrapped model."""
    search = wrapper(model)
    assert get_tags(search) == get_tags(model)
    assert is_classifier(search) == is_classifier(model)
    assert is_regressor(search) == is_regressor(model)


def test_tags_of_several_models():
    """Check that a list of models can do what one of them can, in any order."""
    models = [MultinomialNB(), HistGradientBoostingClassifier()]
    for several in (models, models[::-1]):
        tags = get_tags(AutoTunedClassifier(several)).input_tags
        assert (tags.sparse, tags.allow_nan, tags.positive_only) == (True, True, False)
    assert get_tags(MultinomialNB()).input_tags.positive_only
    data = np.where(X > 6, np.nan, X)
    with pytest.warns(FitFailedWarning):
        search = tuned([SVC(), DecisionTreeClassifier()], budget=4, strategy="random").fit(data, y)
    assert isinstance(search.best_estimator_, DecisionTreeClassifier)


def test_parameters():
    """Check clone, get_params and set_params, also of what is nested."""
    search = tuned(pipeline(), strategy=Grid(points=4), budget=Budget(trials=2))
    assert search.get_params()["estimator__clf__C"] == 1.0
    search.set_params(estimator__clf__C=3.0, strategy__points=2)
    copy = clone(search)
    assert copy.estimator.named_steps["clf"].C == 3.0
    assert copy.strategy.points == 2
    assert copy.strategy is not search.strategy
    assert repr(copy) == repr(search)
    copy.fit(X, y)
    assert len(clone(copy).__dict__) == len(copy.get_params(deep=False))
    with pytest.raises(ValueError, match="AutoTunedClassifier has no parameter 'C': it has budget"):
        search.set_params(C=1)
    with pytest.raises(ValueError, match="Invalid parameter 'D' for estimator LogisticRegression"):
        search.set_params(estimator__clf__D=1)


@pytest.mark.parametrize("refit", [True, False])
def test_pickle(refit):
    """Check that a search survives a pickle before and after fit."""
    space = {"var_smoothing": [1e-9, 1e-3]}
    search = pickle.loads(pickle.dumps(tuned(GaussianNB(), space, refit=refit))).fit(X, y)
    copy = pickle.loads(pickle.dumps(search))
    assert copy.best_params_ == search.best_params_
    assert copy.history_.to_frame().equals(search.history_.to_frame())
    if refit:
        np.testing.assert_array_equal(copy.predict_proba(X), search.predict_proba(X))


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (SVC(C=3), ["estimator: SVC"]),
        (None, ["estimator: HistGradientBoostingClassifier"]),
        ([SVC(), GaussianNB()], ["estimator: SVC", "estimator: GaussianNB"]),
        (pipeline(), ["estimator: Pipeline", "StandardScaler", "LogisticRegression"]),
        (
            [pipeline(), FrozenEstimator(BernoulliNB())],
            ["StandardScaler", "LogisticRegression", "estimator: FrozenEstimator", "BernoulliNB"],
        ),
    ],
)
def test_html(model, shown):
    """Check that the picture in a notebook shows each wrapped model, also in a pipeline."""
    search = AutoTunedClassifier(model)
    for outer in (search, make_pipeline(MaxAbsScaler(), search)):
        html = outer._repr_html_()
        assert all(f"<div>{name}</div>" in html for name in shown)


def test_html_has_no_link_to_nowhere():
    """Check that the picture links to the documentation of scikit-learn's own classes only."""
    assert AutoTunedClassifier()._get_doc_link() == AutoTunedRegressor()._get_doc_link() == ""
    html = AutoTunedRegressor([Ridge(), LinearRegression()])._repr_html_()
    links = re.findall(r'href="([^"]*)"', html)
    assert any(link.endswith("sklearn.linear_model.Ridge.html") for link in links)
    assert not any("autotune" in link.lower() for link in links)


def test_html_after_fit():
    """Check that the picture shows the tuned model after fit."""
    search = tuned(SVC(), {"kernel": ["linear"]}, include_default=False).fit(X, y)
    assert "best_estimator_: SVC" in search._repr_html_()


def test_delegation():
    """Check that the methods and attributes are those of the model."""
    assert not hasattr(tuned(SVC()), "predict_proba")
    assert not hasattr(tuned(SVC()), "transform")
    assert not hasattr(tuned(SVC()), "n_features_in_")
    assert hasattr(tuned(SVC()), "decision_function")
    with pytest.raises(NotFittedError):
        tuned(SVC()).predict(X)
    search = tuned(
        RandomForestClassifier(3), {"max_depth": [2], "bootstrap": [True, False]}, cv=2
    ).fit(X, y)
    model = search.best_estimator_
    for name in ("predict", "predict_proba", "apply"):
        np.testing.assert_array_equal(getattr(search, name)(X), getattr(model, name)(X))
    np.testing.assert_array_equal(search.feature_importances_, model.feature_importances_)
    assert search.n_features_in_ == 4
    assert list(search.classes_) == [0, 1, 2]
    assert not hasattr(search, "decision_function")
    assert not hasattr(search, "partial_fit")
    assert not hasattr(search, "nonsense_")
    scaler = tuned(make_pipeline(StandardScaler()), {"standardscaler__with_mean": [True]})
    assert hasattr(scaler, "transform")


@pytest.mark.parametrize(
    ("model", "name", "why"),
    [
        (LinearSVC(), "predict_proba", "because the {} LinearSVC has none"),
        (SVC(), "predict_log_proba", "because the {} SVC has none"),
        (pipeline(), "transform", "because the {} Pipeline has none"),
        ([GaussianNB(), LinearSVC()], "decision_function", "because the {} GaussianNB has none"),
    ],
)
def test_missing_methods(model, name, why):
    """Check that the error for a method that the model lacks names this class and the model."""
    search = tuned(model, budget=1, strategy="random", cv=2)
    missing = f"'AutoTunedClassifier' object has no attribute '{name}', "
    with pytest.raises(AttributeError) as raised:
        getattr(search, name)
    assert str(raised.value) == missing + why.format("wrapped")
    assert isinstance(raised.value.__cause__, AttributeError)
    search.fit(X, y)
    with pytest.raises(AttributeError) as raised:
        getattr(search, name)
    assert str(raised.value) == missing + why.format("tuned")
    assert isinstance(raised.value.__cause__, AttributeError)


@pytest.mark.parametrize("name", ["coef_", "nonsense", "partial_fit", "_private"])
def test_missing_attributes(name):
    """Check that the error for an attribute that nobody has names this class only."""
    search = tuned(GaussianNB(), budget=1)
    message = f"^'AutoTunedClassifier' object has no attribute '{name}'"
    with pytest.raises(AttributeError, match=f"{message}$"):
        getattr(search, name)
    search.fit(X, y)
    with pytest.raises(AttributeError, match=message):
        getattr(search, name)


def test_methods_of_several_models():
    """Check that before fit there are the methods that each of several models has."""
    search = tuned([LogisticRegression(), SVC()])
    assert hasattr(search, "decision_function")
    assert not hasattr(search, "predict_proba")
    assert not hasattr(search.set_params(estimator=search.estimator[::-1]), "predict_proba")
    assert hasattr(search.set_params(estimator=[GaussianNB(), BernoulliNB()]), "predict_proba")


class Elsewhere(GaussianNB):
    """Complains in a method that is not the one that was called, as scikit-learn's models do."""

    def predict(self, X):
        return self.decision_function(X)

    def decision_function(self, X):
        raise ValueError(f"Inputs passed to Elsewhere.decision_function() {self.problem}: see f().")


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        ("must use the same namespace as fit", "AutoTunedClassifier.predict()"),
        ("must not be so", "Elsewhere.decision_function()"),
    ],
)
def test_arrays_of_another_library(problem, name):
    """Check that the error for arrays of another library names the method that was called."""
    search = tuned(Elsewhere(), {"var_smoothing": [1.0]}, scoring=lambda *args: 1.0).fit(X, y)
    search.best_estimator_.problem = problem
    with pytest.raises(ValueError, match="Inputs passed") as raised:
        search.predict(X)
    assert str(raised.value) == f"Inputs passed to {name} {problem}: see f()."


def test_fit_transform():
    """Check that a model that transforms does so in one call too, and in a pipeline."""
    search = tuned(LinearDiscriminantAnalysis(), {"n_components": [1, 2]}, include_default=False)
    rows = search.fit_transform(X, y)
    np.testing.assert_array_equal(rows, search.transform(X))
    model = make_pipeline(search, GaussianNB()).fit(X, y)
    assert model[0].best_params_ == search.best_params_


def test_fit_again():
    """Check that a second fit forgets the first, also if it raises."""
    search = tuned(SVC(), {"C": [1.0, 2.0]}).fit(X, y)
    search.set_params(refit=False, include_default=False).fit(X, y)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "default_score_")


RANDOM_MODELS = {
    "forest": (RandomForestClassifier(3), {"max_depth": (1, 4), "min_samples_leaf": (1, 9)}),
    "network": (MLPClassifier(max_iter=3), {"alpha": (1e-5, 1e-1, "log-uniform")}),
    "pipeline": (
        make_pipeline(StandardScaler(), DecisionTreeClassifier(max_features=1)),
        {"decisiontreeclassifier__max_depth": (1, 4)},
    ),
}


def outcome(search):
    """Return all that must be the same if a search is repeated."""
    results = search.fit(X, y).cv_results_
    columns = [name for name in results if "test_score" in name]
    # NaN, of a fold that was not evaluated, is not equal to itself; its text is.
    scores = {name: list(map(repr, results[name].tolist())) for name in columns}
    # A forest adds up its trees in the order in which threads end.
    return results["params"], scores, search.predict_proba(X).round(10).tolist()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few iterations
@pytest.mark.parametrize("strategy", EACH)
@pytest.mark.parametrize("name", RANDOM_MODELS)
def test_reproducible(name, strategy):
    """Check that one random_state gives the same trials and the same model, another others."""
    model, space = RANDOM_MODELS[name]
    search = tuned(model, space, strategy=strategy, budget=9)  # more than the starting points
    first = outcome(search)
    np.random.seed(1)
    assert outcome(clone(search)) == first
    if strategy != "grid":
        assert outcome(clone(search).set_params(random_state=1))[0] != first[0]
    else:
        assert outcome(clone(search).set_params(random_state=1))[1:] != first[1:]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few iterations
@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("strategy", ["grid", "random"])
def test_any_n_jobs(strategy, backend):
    """Check that the number of workers changes neither the trials nor the model."""
    model, space = RANDOM_MODELS["forest"]
    search = tuned(model, space, strategy=strategy, budget=5)
    alone = outcome(search)
    with joblib.parallel_config(backend=backend):
        assert outcome(clone(search).set_params(n_jobs=2)) == alone
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert outcome(clone(search)) == alone


def test_random_state_kinds():
    """Check that a generator as random_state goes on from fit to fit."""
    search = tuned(SVC(), {"C": (1.0, 9.0)}, strategy="random", budget=3)
    search.set_params(random_state=np.random.RandomState(0))
    first = search.fit(X, y).cv_results_["params"]
    assert search.fit(X, y).cv_results_["params"] != first
    with pytest.raises(ValueError, match=r"random_state must be None, .* got 'zero'"):
        search.set_params(random_state="zero").fit(X, y)


@pytest.mark.parametrize("budget", [3, Budget(trials=3), Budget(3, seconds=60), np.int64(3)])
def test_budget_in_trials(budget):
    """Check that the default counts among the trials."""
    search = tuned(SVC(), {"C": (1.0, 9.0)}, strategy="random", budget=budget).fit(X, y)
    assert len(search.cv_results_["params"]) == 3


@pytest.mark.parametrize("budget", ["ten", -1, 0, np.nan, "5 parsecs", 2.5, True, timedelta(0), ""])
def test_bad_budgets(budget):
    """Check that a nonsensical budget is refused with the accepted forms."""
    with pytest.raises((TypeError, ValueError), match=r"budget must be .*'90s', '5min'.* got "):
        tuned(SVC(), budget=budget).fit(X, y)
