"""Models of XGBoost, LightGBM, CatBoost and imbalanced-learn, as their users have them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autotune import AutoTunedClassifier, AutoTunedRegressor, default_space
from autotune.compat import clone as own_clone
from autotune.compat import make_ready
from autotune.defaults import auto_space, starting_points
from autotune.history import seed_estimator
from autotune.space import Space

FAST = {
    "XGBClassifier": ("xgboost", {"n_estimators": 5, "n_jobs": 1}),
    "XGBRegressor": ("xgboost", {"n_estimators": 5, "n_jobs": 1}),
    "XGBRFClassifier": ("xgboost", {"n_estimators": 5, "n_jobs": 1}),
    "XGBRFRegressor": ("xgboost", {"n_estimators": 5, "n_jobs": 1}),
    "LGBMClassifier": ("lightgbm", {"n_estimators": 5, "n_jobs": 1}),
    "LGBMRegressor": ("lightgbm", {"n_estimators": 5, "n_jobs": 1}),
    "CatBoostClassifier": ("catboost", {"iterations": 5, "thread_count": 1}),
    "CatBoostRegressor": ("catboost", {"iterations": 5, "thread_count": 1}),
}
CLASSIFIERS = [name for name in FAST if name.endswith("Classifier")]
X, CODES = load_iris(return_X_y=True)
LABELS = {
    "text": np.array(["setosa", "versicolor", "virginica"])[CODES],
    "objects": np.array(["s", "v", "w"], dtype=object)[CODES],
    "gaps": 3 * CODES + 5,
    "booleans": CODES > 0,
    "signs": np.where(CODES > 0, 1, -1),
}


def make(name, **params):
    """Return a model of a library with few rounds."""
    library, fast = FAST[name]
    return getattr(pytest.importorskip(library), name)(**{**fast, **params})


def tune(model, y, X=X, **settings):
    """Return a fitted search of a few trials."""
    is_numeric = type(model).__name__.endswith(("Regressor", "Ranker"))
    cls = AutoTunedRegressor if is_numeric else AutoTunedClassifier
    defaults = {"budget": 4, "cv": 3, "random_state": 0, "error_score": "raise"}
    fit_params = settings.pop("fit_params", {})
    return cls(model, **{**defaults, **settings}).fit(X, y, **fit_params)


@pytest.mark.slow
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_of_any_kind(name, labels):
    """Check that labels come back as they were given, also from a pickle and a copy."""
    search = tune(make_pipeline(StandardScaler(), make(name)), labels, scoring="neg_log_loss")
    assert search.classes_.tolist() == np.unique(labels).tolist()
    predicted = np.ravel(search.predict(X))
    assert np.mean(predicted == labels) > 0.9
    assert predicted.tolist()[0] in np.unique(labels).tolist()
    assert np.array_equal(np.ravel(pickle.loads(pickle.dumps(search)).predict(X)), predicted)
    again = clone(search.best_estimator_).fit(X, labels)
    assert np.array_equal(again.predict_proba(X), search.predict_proba(X))


@pytest.mark.slow
def test_codes_are_left_to_xgboost():
    """Check that the model is XGBoost's own class where that takes the labels."""
    assert type(tune(make("XGBClassifier"), CODES).best_estimator_).__name__ == "XGBClassifier"


@pytest.mark.slow
def test_a_fold_without_one_of_the_classes():
    """Check that XGBoost is fitted where a class is missing among the training rows."""
    search = tune(make("XGBClassifier"), CODES, cv=KFold(3), scoring="accuracy")
    assert search.best_score_ == 0.0  # each fold is one class
    assert search.classes_.tolist() == [0, 1, 2]


@pytest.mark.slow
def test_labels_of_evaluation_sets():
    """Check that labels which are passed on to XGBoost in fit are encoded as y is."""
    labels = LABELS["text"]
    fit_params = {"eval_set": [(X, labels)], "verbose": False}
    search = tune(make("XGBClassifier"), labels, fit_params=fit_params)
    assert "mlogloss" in search.best_estimator_.evals_result()["validation_0"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_categories_weights_and_missing_values(name):
    """Check that frames with categories and missing values are tuned, with weights."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame.loc[3:30, "a"] = np.nan
    frame["kind"] = pd.Categorical(np.where(frame.b > 3, "u", "v"))
    library = FAST[name][0]
    named = {"catboost": {"cat_features": ["kind"]}, "xgboost": {"enable_categorical": True}}
    y = CODES if name.endswith("Classifier") else X[:, 2]
    weights = np.linspace(0.5, 1.5, len(y))
    scoring = "accuracy" if name.endswith("Classifier") else "neg_mean_squared_error"
    model = make(name, **named.get(library, {}))
    search = tune(model, y, frame, fit_params={"sample_weight": weights}, n_jobs=2, scoring=scoring)
    assert len(search.predict(frame)) == len(y)
    assert search.default_score_ <= search.best_score_


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LGBMClassifier", "CatBoostRegressor"])
def test_nothing_is_printed_or_written(name, capfd, tmp_path, monkeypatch):
    """Check that libraries are silent, and leave no files, where the user did not say."""
    monkeypatch.chdir(tmp_path)
    tune(make(name), CODES if name in CLASSIFIERS else X[:, 2])
    assert capfd.readouterr() == ("", "")
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("LGBMClassifier", {"verbose": 1}),
        ("LGBMClassifier", {"verbosity": 2}),
        ("CatBoostClassifier", {"verbose": True}),
        ("CatBoostClassifier", {"logging_level": "Info", "train_dir": "."}),
        ("CatBoostClassifier", {"metric_period": 2}),
    ],
)
def test_what_the_user_said_of_output_is_kept(name, params):
    """Check that no parameter for output is set beside the user's."""
    model = make(name, **params)
    make_ready(model, CODES, beside_others=False)
    after = model.get_params()
    assert {key: after[key] for key in params} == params
    assert not {"verbosity", "verbose", "logging_level"} & (after.keys() - params.keys())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said", "unsaid"),
    [
        ("LGBMClassifier", "num_threads", "n_jobs"),
        ("CatBoostClassifier", "thread_count", "thread_count"),
    ],
)
def test_threads(name, said, unsaid):
    """Check that evaluations take the threads of OpenMP, where the user did not say how many."""
    nothing = {unsaid: None}
    given, free, last = (
        make(name, **{**nothing, said: 3}),
        make(name, **nothing),
        make(name, **nothing),
    )
    for model, beside_others in ((given, True), (free, True), (last, False)):
        make_ready(model, CODES, beside_others=beside_others)
    assert given.get_params()[said] == 3
    assert 1 <= free.get_params()[unsaid] <= (os.cpu_count() or 1)
    assert last.get_params().get(unsaid) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("XGBClassifier", {"seed": 7}),
        ("LGBMClassifier", {"seed": 7}),
        ("LGBMClassifier", {"random_seed": 7}),
        ("CatBoostClassifier", {"random_seed": 7}),
    ],
)
def test_seeds_under_other_names(name, params):
    """Check that a seed of the user's is not joined by another one."""
    model = make_pipeline(StandardScaler(), make(name, **params))
    seed_estimator(model, 1)
    assert model[-1].get_params().get("random_state") is None
    seed_estimator(model.set_params(**{f"{model.steps[-1][0]}__{next(iter(params))}": None}), 1)
    assert name == "CatBoostClassifier" or model[-1].get_params()["random_state"] is not None


@pytest.mark.slow
def test_copies_of_catboost():
    """Check that lists and dicts in its parameters do not keep a model from being copied."""
    model = make("CatBoostClassifier", class_weights={0: 1, 1: 2, 2: 1}, ignored_features=[1])
    vote = VotingClassifier([("cat", model), ("pipe", make_pipeline(StandardScaler(), model))])
    copy = own_clone(vote)
    assert copy.get_params()["pipe__catboostclassifier__ignored_features"] == [1]
    assert copy.estimators[0][1] is not model
    assert vote.estimators[0][1] is model
    search = AutoTunedClassifier(make_pipeline("passthrough", model), budget=2, cv=2)
    assert np.all(cross_val_score(search, X, CODES, cv=2) > 0.8)
    assert clone(AutoTunedClassifier([model])).estimator[0].get_params() == model.get_params()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params", "present", "absent"),
    [
        ("XGBClassifier", {}, {"max_depth", "learning_rate"}, {"reg_alpha"}),
        ("XGBRegressor", {"booster": "gblinear"}, {"reg_alpha"}, {"max_depth", "subsample"}),
        ("XGBRegressor", {"eta": 0.1}, {"eta"}, {"learning_rate"}),
        ("XGBRFClassifier", {}, {"colsample_bynode"}, {"learning_rate"}),
        ("LGBMRegressor", {}, {"num_leaves"}, {"subsample"}),
        ("LGBMRegressor", {"bagging_freq": 1}, {"subsample"}, set()),
        ("LGBMClassifier", {"feature_fraction": 0.5}, {"feature_fraction"}, {"colsample_bytree"}),
        ("CatBoostClassifier", {}, {"depth", "rsm"}, {"min_data_in_leaf", "max_leaves"}),
        ("CatBoostClassifier", {"max_depth": 3}, {"max_depth"}, {"depth"}),
        ("CatBoostRegressor", {"grow_policy": "Lossguide"}, {"max_leaves"}, set()),
        ("CatBoostRegressor", {"task_type": "GPU"}, {"depth"}, {"rsm"}),
    ],
)
def test_spaces_follow_the_model(name, params, present, absent):
    """Check that only what applies is searched, under the user's own names."""
    space = default_space(make_pipeline(StandardScaler(), make(name, **params)))
    names = {key.rpartition("__")[2] for key in space}
    assert present <= names
    assert not absent & names


@pytest.mark.slow
def test_rankers():
    """Check that a model that ranks the rows of queries is tuned, with the queries as groups."""
    model = pytest.importorskip("xgboost").XGBRanker(n_estimators=5, n_jobs=1)
    queries = np.repeat(np.arange(15), 10)
    search = tune(
        model,
        np.random.RandomState(0).permutation(CODES),
        cv=GroupKFold(3),
        scoring=lambda model, X, y: -np.mean((model.predict(X) - y) ** 2),
        fit_params={"groups": queries, "qid": queries},
    )
    assert set(search.best_params_) == set(default_space(model))


@pytest.mark.slow
def test_errors_of_xgboost():
    """Check that the warning quotes its message, not its stack."""
    space = {"grow_policy": ["depthwise", "nothing"]}
    with pytest.warns(FitFailedWarning, match=r"1 of them with: .*XGBoostError: .*'nothing'"):
        tune(make("XGBClassifier"), CODES, space=space, error_score=np.nan)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_every_configuration_fits(name):
    """Check that draws of each space, and the starting points, are fitted."""
    y = CODES if name.endswith("Classifier") else X[:, 2]
    for params in ({}, {"grow_policy": "Lossguide"}, {"boosting_type": "rf", "bagging_freq": 1}):
        if (FAST[name][0] != "catboost" and "grow_policy" in params) or (
            FAST[name][0] != "lightgbm" and "boosting_type" in params
        ):
            continue
        model = make(name, **params)
        space, rng = Space.parse(auto_space(model)), np.random.RandomState(0)
        points = starting_points(model, space)
        for configuration in [*points, *(space.sample(rng) for _ in range(20))]:
            candidate = clone(model).set_params(**configuration)
            make_ready(candidate, y, beside_others=True)
            assert len(candidate.fit(X[::3], y[::3]).predict(X)) == len(X)


@pytest.mark.slow
def test_pipelines_with_samplers():
    """Check that imbalanced-learn's pipelines and samplers are tuned."""
    pytest.importorskip("imblearn")
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    rows = np.r_[0:50, 50:62, 100:112]
    pipeline = make_sampling_pipeline(
        StandardScaler(), SMOTE(k_neighbors=2), LogisticRegression(max_iter=300)
    )
    search = tune(pipeline, LABELS["text"][rows], X[rows], scoring="balanced_accuracy")
    assert set(search.best_params_) == {
        "logisticregression__C",
        "logisticregression__class_weight",
        "smote__k_neighbors",
    }
    assert type(search.best_estimator_) is type(pipeline)
    # Of the twelve rows of a rare class, four train in each of two folds at least.
    bounded = default_space(pipeline, X[rows], CODES[rows])["smote__k_neighbors"]
    assert bounded == (1, 3, "log-uniform")
    space = {"smote__k_neighbors": (1, 3), "smote__sampling_strategy": ["auto", "not majority"]}
    assert set(tune(pipeline, CODES[rows], X[rows], space=space).best_params_) == set(space)


SAMPLERS = ["SMOTE", "BorderlineSMOTE", "SVMSMOTE", "ADASYN", "NearMiss", "RandomUnderSampler"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_neighbors_of_a_rare_class(name):
    """Check that samplers, and neighbours after them, ask for no more rows than there are."""
    pytest.importorskip("imblearn")
    from imblearn import over_sampling, under_sampling
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    rows = np.r_[0:50, 50:62, 110:130]
    sampler = getattr(over_sampling, name, None) or getattr(under_sampling, name)
    pipeline = make_sampling_pipeline(sampler(), KNeighborsClassifier(3))
    noisy = X[rows] + np.random.RandomState(0).normal(size=(len(rows), 4))
    tune(pipeline, CODES[rows], noisy, budget=12, strategy="random")
    _, most, _ = default_space(pipeline, noisy, CODES[rows])["kneighborsclassifier__n_neighbors"]
    assert most > 5  # beyond the rows of the rarest class


class Module:
    """What a wrapper of networks makes anew in each fit."""

    def __init__(self, width=3):
        self.width = width


class Wrapper(ClassifierMixin, BaseEstimator):
    """Passes on what is named after its class, as wrappers of networks do."""

    def __init__(self, module, rate=0.1, **kwargs):
        self.module = module
        self.rate = rate
        vars(self).update(kwargs)
        self.given = list(kwargs)

    def get_params(self, deep=True):
        return {name: getattr(self, name) for name in ("module", "rate", *self.given)}

    def set_params(self, **params):
        self.given += [name for name in params if name not in self.get_params()]
        vars(self).update(params)
        return self

    def fit(self, X, y):
        named = {k.removeprefix("module__"): getattr(self, k) for k in self.given}
        self.module_ = self.module(**named)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[self.module_.width % len(self.classes_)], len(X))


def test_wrappers_of_networks():
    """Check that parameters of a class inside a wrapper are tuned, listed before or not."""
    y = np.repeat(["a", "b"], [20, 10])
    for model in (Wrapper(Module), Wrapper(Module, module__width=1)):
        search = tune(
            make_pipeline("passthrough", model),
            y,
            X[:30],
            space={
                "wrapper__module__width": [1, 2, 3],
                "wrapper__rate": (0.1, 1.0),
            },
        )
        assert search.best_params_["wrapper__module__width"] == 2
        assert search.best_estimator_[-1].module_.width == 2
