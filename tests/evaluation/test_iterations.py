"""Models that stop early: the iterations that folds find, and the last fit with their mean."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier
from autotune.compat import fixed_iterations, iterations_made, make_ready
from autotune.compat._iterations import _split
from autotune.evaluation import build
from autotune.history import Evaluation, History

X, Y = (part[::3] for part in load_breast_cancer(return_X_y=True))
RATES = [0.1, 0.4]
STOPPING = {"max_iter": 60, "n_iter_no_change": 2, "max_leaf_nodes": 4}
HIST = HistGradientBoostingClassifier(early_stopping=True, **STOPPING)
GRADIENT = GradientBoostingClassifier(n_iter_no_change=2, n_estimators=60, max_depth=1)


def tune(model, space, **settings):
    """Return a fitted search over a grid, by log loss."""
    defaults = {"strategy": "grid", "scoring": "neg_log_loss", "cv": 2, "random_state": 0}
    return AutoTunedClassifier(model, space, **{**defaults, **settings}).fit(X, Y)


@pytest.mark.parametrize(
    ("model", "prefix", "off"),
    [
        (HIST, "", {"early_stopping": False}),
        (GRADIENT, "", {"n_iter_no_change": None}),
        (make_pipeline(StandardScaler(), GRADIENT), "gradientboostingclassifier__", {}),
    ],
    ids=["hist", "gradient", "pipeline"],
)
def test_the_last_fit_has_the_mean_of_the_folds(model, prefix, off):
    """Check that a fold notes what its model made, and the winner is all that was found."""
    search = tune(model, {f"{prefix}learning_rate": RATES})
    trial = search.history_[search.best_index_]
    found = [evaluation.iterations for evaluation in trial.in_order()]
    assert all(1 <= number <= 60 for number in found)
    assert search.cv_results_["mean_iterations"][search.best_index_] == np.mean(found)
    assert search.history_.to_frame()["iterations"].dtype == "Int64"
    last = search.best_estimator_
    assert iterations_made(last) is None  # it did not stop early
    assert search.best_params_ == {**trial.params, **fixed_iterations(model, np.mean(found) / 0.5)}
    assert search.best_params_.items() >= {f"{prefix}{k}": v for k, v in off.items()}.items()
    again = build(model, search.best_params_, last.get_params()[f"{prefix}random_state"])
    assert np.array_equal(again.fit(X, Y).predict_proba(X), last.predict_proba(X))


def test_one_of_several_models():
    """Check that models without early stopping, or with a fixed number, stay as they are."""
    plain = GradientBoostingClassifier(n_estimators=2)
    models = [HIST, plain, DecisionTreeClassifier()]
    spaces = [{"estimator": [model], "estimator__random_state": [7]} for model in models]
    search = tune(models, spaces, include_default=False)
    assert np.isfinite(search.cv_results_["mean_iterations"]).tolist() == [True, False, False]
    assert search.best_params_.keys() > {"estimator__max_iter", "estimator__early_stopping"}
    assert search.best_estimator_.max_iter == search.best_params_["estimator__max_iter"]
    plain = tune(plain, {"max_depth": [1, 2]})
    assert plain.best_params_ == plain.cv_results_["params"][plain.best_index_]
    assert "mean_iterations" not in plain.cv_results_


def test_the_number_is_stored(tmp_path):
    """Check that a continued fit knows what the folds found, and without a last fit it is told."""
    settings = {"storage": tmp_path / "tuning.db", "refit": False}
    first = tune(HIST, {"learning_rate": RATES}, **settings)
    again = tune(HIST, {"learning_rate": RATES}, **settings)
    assert again.best_params_ == first.best_params_
    assert again.best_params_["early_stopping"] is False


def test_the_average_of_the_folds_models():
    """Check that these are the models that stopped early, and another fit has their mean."""
    search = tune(HIST, {"learning_rate": RATES}, final_model="folds")
    trial = search.history_[search.best_index_]
    found = [evaluation.iterations for evaluation in trial.in_order()]
    assert [model.n_iter_ for model in search.best_estimator_.estimators_] == found
    assert search.best_estimator_.estimators[0].max_iter == min(round(np.mean(found) / 0.9), 60)


@pytest.mark.parametrize(
    ("params", "found", "expected"),
    [
        ({}, 9, 10),
        ({"validation_fraction": 0.5}, 9, 18),
        ({"validation_fraction": 20}, 9, 10),
        ({}, 59, 60),
        ({}, 0.1, 1),
    ],
)
def test_the_number_follows_the_rows(params, found, expected):
    """Check that it grows as rows are no longer held out, to what the model is allowed."""
    model = clone(HIST).set_params(**params)
    assert fixed_iterations(model, found) == {"max_iter": expected, "early_stopping": False}


def test_fewer_rows_tell_nothing():
    """Check that only what was found on all training rows counts."""
    history = History(2)
    trial = history.add({}, "random")
    for fold, fidelity, found in [(0, 0.1, 5), (0, 1.0, None), (1, 1.0, 20)]:
        assert trial.iterations is None
        history.record(Evaluation(0, fold, fidelity, iterations=found))
    assert trial.iterations == 20


def test_rows_to_stop_on():
    """Check that a tenth of each class is held out, and no class as a whole."""
    y = np.repeat(["often", "seldom", "twice"], [100, 19, 2])
    train, held_out = _split(y, classifier=True)
    assert sorted([*train, *held_out]) == list(range(len(y)))
    assert np.unique(y[held_out], return_counts=True)[1].tolist() == [10, 1]
    assert len(_split(np.linspace(0, 1, 50), classifier=False)[1]) == 5
    assert len(_split(np.zeros((50, 2)), classifier=True)[1]) == 5
    assert [len(rows) for rows in _split(y[-9:], classifier=True)] == [9, 9]


@pytest.mark.slow
def test_names_of_lightgbm():
    """Check that the number is set under the name that LightGBM goes by."""
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(num_trees=60, n_iter_no_change=5)
    assert fixed_iterations(model, 9.1) == {"num_trees": 10, "n_iter_no_change": 0}
    model = lightgbm.LGBMClassifier(early_stopping_round=5)
    assert fixed_iterations(model, 0.2) == {"n_estimators": 1, "early_stopping_round": 0}


LIBRARIES = {
    "XGBClassifier": ("xgboost", {"early_stopping_rounds": 2, "n_jobs": 1}),
    "LGBMClassifier": ("lightgbm", {"early_stopping_round": 2, "n_jobs": 1}),
    "CatBoostClassifier": ("catboost", {"early_stopping_rounds": 2, "thread_count": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
def test_boosting_libraries(name):
    """Check that labels, weights and pipelines work, and nothing is left of early stopping."""
    library, params = LIBRARIES[name]
    model = getattr(pytest.importorskip(library), name)(n_estimators=40, **params)
    labels = np.array(["bad", "good"])[Y]
    search = AutoTunedClassifier(
        make_pipeline(StandardScaler(), model), budget=3, cv=2, scoring="neg_log_loss"
    ).fit(X, labels, **{f"{name.lower()}__sample_weight": np.linspace(0.5, 1.5, len(X))})
    found = search.cv_results_["mean_iterations"]
    assert np.all((found >= 1) & (found <= 40))
    last = search.best_estimator_[-1]
    scaled = round(found[search.best_index_] / 0.5 / 0.9)  # two folds, of which a tenth held out
    assert last.get_params()["n_estimators"] == min(scaled, 40)
    assert not last.get_params().get(next(iter(params)))
    assert set(search.predict(X)) == {"bad", "good"}


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
def test_rows_of_the_users_own(name):
    """Check that a model stops on the rows that are passed to it, and on its own without any."""
    library, params = LIBRARIES[name]
    model = getattr(pytest.importorskip(library), name)(n_estimators=40, **params)
    theirs, own = clone(model), clone(model)
    for each, arguments in ((theirs, {"eval_set": [(X[::2], Y[::2])]}), (own, {})):
        make_ready(each, Y, beside_others=True)
        if name == "LGBMClassifier" and arguments:
            arguments = {"eval_X": (X[::2],), "eval_y": (Y[::2],)}
        each.fit(X, Y, **arguments)
        assert "fit" not in vars(each)
    assert iterations_made(theirs) == 40  # rows that it was fitted on
    assert iterations_made(own) < 40
