"""Bad parameters are refused before anything is fitted, in words that help."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from estimators import Silent, SilentModel
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN, FeatureAgglomeration, KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    make_scorer,
    mean_squared_error,
    silhouette_score,
)
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    NearestNeighbors,
    NeighborhoodComponentsAnalysis,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune.tuning._validation import warn_of_dates

X, y = (data[::3] for data in load_iris(return_X_y=True))
REFIT = "refit must be True, False, a scorer's name or a callable; got "
MULTI = "For multi-metric scoring, refit must be the name of a scorer, .*; got refit="
BAD = [
    ({"estimator": SVC}, TypeError, r"got the class SVC: write SVC\(\)"),
    (
        {"estimator": "familes"},
        TypeError,
        "of a classifier .*texts are 'boosting' and 'families'; got 'familes'",
    ),
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
    ({"cv": 1}, ValueError, r"cv must be None, a number of folds from 2 on, .*; got 1 \(k-fold"),
    ({"cv": "5"}, ValueError, "cv must be None, a number of folds from 2 on, .*; got '5'"),
    ({"cv": 40}, ValueError, "cv=40 cannot make folds of these 50 rows: n_splits=40"),
    ({"cv": GroupKFold(2)}, ValueError, r"cv=GroupKFold\(.*\) cannot .*: The 'groups' parameter"),
    ({"cv": iter([])}, ValueError, "yields none: an iterator can be used once, so pass a list"),
    ({"cv": KFold}, TypeError, r"cv must be a splitter; got the class KFold: write KFold\(\)"),
    ({"cv": []}, ValueError, r"cv must yield at least one fold; got \[\], which yields none"),
    ({"cv": [([], [0, 1])]}, ValueError, "fold 0 has 0 and 2"),
    ({"cv": [([0, 1], [])]}, ValueError, "fold 0 has 2 and 0"),
]


class Unfittable(SVC):
    def fit(self, X, y, sample_weight=None):
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


@pytest.mark.parametrize("name", ["groups", "sample_weight", "unfittable__sample_weight"])
def test_weights_of_other_rows(name):
    """Check that weights and groups are as many as the rows, also those for a pipeline's step."""
    model = make_pipeline(Unfittable()) if "__" in name else Unfittable()
    rule = rf"{name} must have one value for each of the {len(y)} rows of X; got 3: \[1, 2, 3\]"
    with pytest.raises(ValueError, match=rule):
        AutoTunedClassifier(model).fit(X, y, **{name: [1, 2, 3]})


def test_missing_weights():
    """Check that weights that are missing are refused."""
    with pytest.raises(ValueError, match="Input sample_weight contains NaN"):
        AutoTunedClassifier(Unfittable()).fit(X, y, sample_weight=[math.nan] * len(y))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier.fit does not take it$"),
        (make_pipeline(Unfittable()), "Pipeline.fit does not take it: write unfittable__sample_we"),
    ],
)
def test_weights_for_a_model_without(model, message):
    """Check that metadata that no model takes are refused, with advice for pipelines."""
    with pytest.raises(TypeError, match=f"passes 'sample_weight' on to the model, and {message}"):
        AutoTunedClassifier(model).fit(X, y, sample_weight=np.ones(len(y)))


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


UNSUPERVISED = [
    KMeans(),
    DBSCAN(),
    KernelDensity(),
    GaussianMixture(),
    PCA(),
    IsolationForest(),
    NearestNeighbors(),
    FeatureAgglomeration(),
    make_pipeline(StandardScaler(), KMeans()),
    make_pipeline(StandardScaler(), make_pipeline(PCA(), KernelDensity())),
]


@pytest.mark.parametrize("target", [y, None])
@pytest.mark.parametrize("cls", [AutoTunedClassifier, AutoTunedRegressor])
@pytest.mark.parametrize("model", UNSUPERVISED, ids=lambda model: type(model).__name__)
def test_unsupervised_models(cls, model, target):
    """Check that a model that learns nothing from y is refused by name."""
    last = model
    while isinstance(last, Pipeline):
        last = last[-1]
    name = type(last).__name__
    for position, estimator in {"estimator": model, "estimator_1": [SVC(), model]}.items():
        if cls is AutoTunedRegressor and position == "estimator_1":
            estimator = [Ridge(), model]
        rule = f"^{position} must be .* {name}.* and {name} is unsupervised: .* target y$"
        with pytest.raises(TypeError, match=rule):
            cls(estimator, {}).fit(X, target)


class Untyped(BaseEstimator):
    """Predicts, but says nothing of its kind."""

    def __init__(self, steps=3):
        self.steps = steps

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


SUPERVISED = [
    Untyped(),
    make_pipeline(StandardScaler(), Untyped()),
    LinearDiscriminantAnalysis(),
    Pipeline([("scale", StandardScaler()), ("model", LinearDiscriminantAnalysis())]),
    NeighborhoodComponentsAnalysis(),
]


@pytest.mark.parametrize("model", SUPERVISED)
def test_supervised_models(model):
    """Check that models without a type, and transformers that need y, are tuned as before."""
    search = AutoTunedClassifier(model, {}, scoring=lambda e, X, y: 0.5, cv=2, strategy="grid")
    assert search.fit(X, y).best_score_ == 0.5


def two_arguments(a, b):
    raise AssertionError


def truth_and_prediction(y_true, y_pred, sample_weight=None):
    raise AssertionError


def actual_and_predicted(actual, predicted, power=2):
    raise AssertionError


def four_arguments(estimator, X, y, groups):
    raise AssertionError


def no_places(*, estimator, X, y):
    raise AssertionError


METRICS = [
    (
        mean_squared_error,
        r"mean_squared_error, which .* make_scorer\(.*, greater_is_better=False\)",
    ),
    (accuracy_score, r"accuracy_score, which .*: write make_scorer\(accuracy_score\)$"),
    (silhouette_score, r"silhouette_score, which looks like a metric"),
    (
        partial(f1_score, average="macro"),
        r"looks like a metric .* write make_scorer\(f1_score, average='macro'\)$",
    ),
    (truth_and_prediction, r"got truth_and_prediction, which looks like a metric of"),
    (actual_and_predicted, r"got actual_and_predicted, which looks like a metric of"),
    (
        partial(truth_and_prediction, sample_weight=3),
        r"make_scorer\(truth_and_prediction, sample_weight=3\)$",
    ),
    (lambda y_test, y_hat: 0, r"got <lambda>, which looks like a metric of"),
    (log_loss, r"log_loss, greater_is_better=False, response_method='predict_proba'\)$"),
    (lambda truth, guess, beta=1: 0, r"got <lambda>, which looks like a metric of"),
    (lambda gt, guess, sample_weight=None: 0, r"got <lambda>, which looks like a metric of"),
    (np.corrcoef, r"got corrcoef, which looks like a metric of"),
    (two_arguments, r"got two_arguments, which takes \(a, b\)$"),
    (four_arguments, r"which takes \(estimator, X, y, groups\)$"),
    (no_places, r"which takes \(estimator, X, y\)$"),
    (lambda: 0, r"got <lambda>, which takes \(\)$"),
    (len, r"got the built-in function len$"),
    (max, r"got the built-in function max$"),
    (math.hypot, r"got the built-in function hypot$"),
    (partial(print, "a"), r"got the built-in function functools.partial"),
    (SVC, r"got the class SVC: pass an object of it$"),
    (float, r"got the class float: pass an object of it$"),
]


@pytest.mark.parametrize(("scoring", "message"), METRICS)
def test_metrics_are_no_scorers(scoring, message):
    """Check that what cannot be called as a scorer is refused before anything is fitted."""
    rule = r"scoring{} must be a scorer, which is called with \(estimator, X, y\); .*"
    search = AutoTunedClassifier(Unfittable(), {"C": [1.0]}, scoring=scoring)
    with pytest.raises(TypeError, match=rule.format("") + message):
        search.fit(X, y)
    search.set_params(scoring={"accuracy": "accuracy", "own": scoring}, refit="accuracy")
    with pytest.raises(TypeError, match=rule.format(r"\['own'\]") + message):
        search.fit(X, y)


class Callable:
    """A scorer that is an object, with a method that is one too."""

    def __call__(self, estimator, X, y):
        return 0.5

    def method(self, model, data, target=None, sample_weight=None):
        return 0.5


def three_and_weights(estimator, X, y, *, sample_weight=None):
    return 0.5


def power(estimator, X, y, exponent):
    return 0.5**exponent


class Incomparable(Callable):
    """A scorer that cannot be compared, nor asked for its truth or text."""

    def refuse(self, *args):
        raise RuntimeError("not to be asked")

    __eq__ = __bool__ = __len__ = __repr__ = refuse
    __hash__ = object.__hash__


SCORERS = [
    Callable(),
    Callable().method,
    three_and_weights,
    partial(power, exponent=1),
    lambda *args: 0.5,
    make_scorer(lambda y_true, y_pred: 0.5),
    lambda clf, X_test, y_test: 0.5,
    lambda model, X_pred, y_true: 0.5,
    lambda model, predictors, target: 0.5,
    lambda *args, scale=1, offset=0: 0.5,
    Incomparable(),
]


@pytest.mark.parametrize("scoring", SCORERS)
def test_scorers_of_all_kinds(scoring):
    """Check that whatever can be called as a scorer is one."""
    search = AutoTunedClassifier(SVC(), {"C": [1.0]}, scoring=scoring, strategy="grid", cv=2)
    assert search.fit(X, y).best_score_ == 0.5


BAD_NAMES = [
    ("acuracy", ValueError, r"scoring must be .* lists; got 'acuracy': did you mean 'accuracy'\?$"),
    ("RMSE", ValueError, r"got 'RMSE': did you mean 'neg_root_mean_squared_error'\?$"),
    (["f1", "recal"], ValueError, r"scoring must be .* got 'recal': did you mean 'recall'\?$"),
    ({"a": "xyzzy"}, ValueError, r"scoring\['a'\] must be .* lists; got 'xyzzy'$"),
    ({"a": 3}, TypeError, r"scoring\['a'\] must be .* lists; got 3$"),
]


@pytest.mark.parametrize(("scoring", "error", "message"), BAD_NAMES)
def test_unknown_scorers(scoring, error, message):
    """Check that a name of no scorer is refused in one line, with a similar one if there is."""
    search = AutoTunedClassifier(Unfittable(), {"C": [1.0]}, scoring=scoring, refit="a")
    with pytest.raises(error, match=message):
        search.fit(X, y)


def test_folds_that_are_no_pairs():
    """Check that a list of folds with something else in it is refused by cv's name."""
    search = AutoTunedClassifier(Unfittable(), {"C": [1.0]}, cv=[([0], [1]), 3])
    with pytest.raises(ValueError, match=r"cv must yield pairs of .* rows; fold 1 is 3$"):
        search.fit(X, y)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"refit": lambda results: 0}, ["best_score_"]),
        (
            {"refit": False, "scoring": ["accuracy", "f1_macro"]},
            ["best_score_", "best_index_", "best_params_"],
        ),
    ],
)
def test_results_that_no_score_decides(settings, names):
    """Check that attributes which only a deciding score sets say so when they are missing."""
    search = AutoTunedClassifier(SVC(), {"C": [1.0]}, strategy="grid", cv=2, **settings)
    search.fit(X, y)
    for name in names:
        with pytest.raises(AttributeError, match=f"{name}.*refit=.* does not say which score"):
            getattr(search, name)


SHUFFLING = [KFold(3, shuffle=True), StratifiedKFold(3, shuffle=True), ShuffleSplit(2)]
KEEPING = [None, 3, KFold(3), TimeSeriesSplit(3), [([0, 1], [2])]]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dates_under_shuffled_folds(library):
    """Check that date columns are a reason for a warning only where rows are shuffled."""
    module = pytest.importorskip(library)
    days = np.arange("2024-01-01", "2024-01-10", dtype="datetime64[D]").astype("datetime64[us]")
    X = module.DataFrame({"size": np.arange(9.0), "day": days, "lists": [[1]] * 9})
    for cv in [*SHUFFLING, RepeatedStratifiedKFold()]:
        with pytest.warns(UserWarning, match=r"X has dates \('day'\), but cv=.* shuffles the rows"):
            warn_of_dates(cv, X)
    for cv in KEEPING:
        warn_of_dates(cv, X)
    text = module.DataFrame({"day": days.astype("M8[D]").astype(str).tolist()})
    with pytest.warns(UserWarning, match=r"X has dates \('day'\)"):
        warn_of_dates(SHUFFLING[0], text)
    warn_of_dates(SHUFFLING[0], X[["size", "lists"]])
    warn_of_dates(SHUFFLING[0], days.reshape(-1, 1))  # no frame


def test_a_fit_warns_of_dates_under_shuffled_folds():
    """Check that fit gives the warning, with the line of the user."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"day": pd.date_range("2024", periods=20), "x": np.arange(20.0)})
    search = AutoTunedRegressor(budget=1, cv=KFold(2, shuffle=True, random_state=0))
    with pytest.warns(UserWarning, match="cv=TimeSeriesSplit") as caught:
        search.fit(X, np.arange(20.0))
    assert caught[0].filename == __file__
