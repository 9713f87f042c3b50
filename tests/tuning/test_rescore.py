"""Other metrics, computed from predictions that were kept, also in a file."""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune.history import COMPLETE
from autotune.tuning import _kept
from autotune.tuning._kept import FoldResults

X, y = make_classification(120, 5, weights=[0.7], flip_y=0.2, random_state=0)
LABELS = np.array(["no", "yes"])[y]
WEIGHTS = np.linspace(0.1, 3.0, len(X))
KEEP = {"strategy": "grid", "cv": 3, "keep_predictions": True, "random_state": 0}
TREE = {"max_depth": [1, 3, 5]}


def scores_of(results):
    """Return the columns of scores and ranks."""
    return {name: column for name, column in results.items() if "test_" in name}


@pytest.mark.parametrize(
    ("model", "space", "scoring"),
    [
        (SVC(), {"C": [0.1, 1.0]}, ["roc_auc", "accuracy", "matthews_corrcoef"]),
        (SVC(probability=True), {"C": [0.1, 1.0]}, ["roc_auc", "neg_brier_score", "accuracy"]),
        (DecisionTreeClassifier(), TREE, ["average_precision", "neg_log_loss"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
def test_scores_are_those_of_a_fit_with_the_metrics(model, space, scoring):
    """Check that a search by other metrics would have had the same scores and ranks."""
    tuned = AutoTunedClassifier(model, space, **KEEP).fit(X, y)
    by_them = clone(tuned).set_params(scoring=scoring, refit=scoring[0]).fit(X, y)
    found = scores_of(tuned.rescore(scoring))
    expected = scores_of(by_them.cv_results_)
    assert found.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_allclose(found[name], column, rtol=1e-6)


def test_regression_and_other_forms_of_scoring():
    """Check predictions of several targets, names, dicts and callables, and that models stay."""
    data = make_regression(60, 4, n_targets=2, noise=9.0, random_state=0)
    tuned = AutoTunedRegressor(Ridge(), {"alpha": [0.1, 10.0]}, **KEEP).fit(*data)
    before = tuned.predict(data[0])
    expected = clone(tuned).set_params(scoring="neg_mean_absolute_error").fit(*data)
    mae = expected.cv_results_["mean_test_score"]
    for scoring, name in [
        ("neg_mean_absolute_error", "neg_mean_absolute_error"),
        ({"mae": "neg_mean_absolute_error"}, "mae"),
        (lambda model, X, y: -np.abs(model.predict(X) - y).mean(), "score"),
        (lambda model, X, y: {"own": -np.abs(model.predict(X[:]) - y).mean()}, "own"),
    ]:
        results = tuned.rescore(scoring)
        np.testing.assert_allclose(results[f"mean_test_{name}"], mae, rtol=1e-5)
        assert results["params"] == tuned.cv_results_["params"]
    np.testing.assert_array_equal(tuned.predict(data[0]), before)


def test_labels_are_those_of_the_target():
    """Check that scorers see labels rather than numbers, and that the estimator can be pickled."""
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, **KEEP).fit(X, LABELS)
    f1 = make_scorer(get_scorer("f1")._score_func, pos_label="no")
    expected = clone(tuned).set_params(scoring=f1).fit(X, LABELS).cv_results_["mean_test_score"]
    np.testing.assert_allclose(tuned.rescore(f1)["mean_test_score"], expected)
    again = pickle.loads(pickle.dumps(tuned)).rescore("accuracy")
    np.testing.assert_array_equal(again["mean_test_accuracy"], tuned.cv_results_["mean_test_score"])


def test_weights_of_fit_count():
    """Check that scorers that take weights have those of `fit`, and others are told of."""
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, **KEEP)
    tuned.fit(X, y, sample_weight=WEIGHTS)
    expected = clone(tuned).set_params(scoring="balanced_accuracy")
    expected.fit(X, y, sample_weight=WEIGHTS)
    found = tuned.rescore("balanced_accuracy")["mean_test_balanced_accuracy"]
    np.testing.assert_allclose(found, expected.cv_results_["mean_test_score"])
    with pytest.warns(UserWarning, match="does not support sample_weight"):
        tuned.rescore(lambda model, X, y: 0.5)


@config_context(enable_metadata_routing=True)
def test_metadata_are_routed():
    """Check that with routing only a scorer that requests weights has them."""
    model = DecisionTreeClassifier().set_fit_request(sample_weight=True)
    plain = make_scorer(accuracy_score)
    weighted = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    tuned = AutoTunedClassifier(model, TREE, scoring=plain, **KEEP)
    plain.set_score_request(sample_weight=False)
    tuned.fit(X, y, sample_weight=WEIGHTS)
    expected = clone(tuned).set_params(scoring=weighted).fit(X, y, sample_weight=WEIGHTS)
    results = tuned.rescore({"plain": plain, "weighted": weighted})
    np.testing.assert_allclose(results["mean_test_plain"], tuned.cv_results_["mean_test_score"])
    np.testing.assert_allclose(
        results["mean_test_weighted"], expected.cv_results_["mean_test_score"]
    )


def test_trials_without_predictions_are_nan():
    """Check that dropped trials are counted in a warning, and have no rank but the last."""
    tuned = AutoTunedClassifier(
        DecisionTreeClassifier(),
        {"max_depth": [1, 2, 3, 4], "min_samples_leaf": [1, 40, 60]},
        **{**KEEP, "strategy": "racing", "budget": 12, "cv": 5},
    ).fit(X, y)
    complete = tuned.cv_results_["status"] == COMPLETE
    assert 0 < complete.sum() < len(complete)
    missing = f"rescore: {(~complete).sum()} of {len(complete)} trials have no scores"
    with pytest.warns(UserWarning, match=missing):
        results = tuned.rescore("roc_auc")
    np.testing.assert_array_equal(np.isfinite(results["mean_test_roc_auc"]), complete)


def test_what_some_models_cannot_answer_is_nan():
    """Check that a metric that only some models can have is NaN for others, with a warning."""
    models = [SVC(), GaussianNB()]
    settings = {**KEEP, "strategy": "random", "budget": 6}
    tuned = AutoTunedClassifier(models, **settings).fit(X, y)
    with pytest.warns(UserWarning, match=r"'neg_log_loss' of \d+ of 18 evaluations is NaN"):
        results = tuned.rescore("neg_log_loss")
    assert 0 < np.isnan(results["mean_test_neg_log_loss"]).sum() < 6


@pytest.mark.parametrize(
    ("scoring", "error", "message"),
    [
        (
            None,
            TypeError,
            "scoring must be a name, a callable, a list, a tuple or a dict; got None",
        ),
        ("roc", ValueError, "scoring must be a callable or a name"),
        ([], ValueError, "scoring must name at least one metric"),
        (lambda m, X, y: X[:, 0].sum(), ValueError, "a scorer must not look at X itself"),
        (lambda m, X, y: np.mean(X), ValueError, "a scorer must not look at X itself"),
        (lambda m, X, y: X["a"].sum(), ValueError, "a scorer must not look at X itself"),
        (lambda m, X, y: m.coef_[0], ValueError, "has no attribute 'coef_'"),
        ("neg_log_loss", ValueError, "'neg_log_loss' cannot be computed from kept predictions"),
    ],
)
def test_what_cannot_be_computed(scoring, error, message):
    """Check that scorers are refused that look at more than predictions, or at others."""
    tuned = AutoTunedClassifier(SVC(), {"C": [1.0]}, **KEEP).fit(X, y)
    with pytest.raises(error, match=message):
        tuned.rescore(scoring)


def test_predictions_are_asked_for():
    """Check that there must be a fit, and predictions of the last one."""
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, **KEEP)
    with pytest.raises(NotFittedError):
        tuned.rescore("accuracy")
    tuned.fit(X, y)
    tuned.set_params(keep_predictions=False).fit(X, y)
    with pytest.raises(ValueError, match="fit with keep_predictions=True"):
        tuned.rescore("accuracy")


def test_all_complete_trials_are_kept(monkeypatch):
    """Check that predictions that are asked for are not those of the best of an ensemble only."""
    monkeypatch.setattr(_kept, "LIBRARY_SIZE", 2)
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, final_model="ensemble", **KEEP).fit(
        X, y
    )
    assert np.isfinite(tuned.rescore("accuracy")["mean_test_accuracy"]).all()


def test_a_fit_that_goes_on_has_the_predictions_of_the_first(tmp_path):
    """Check that a file, `warm_start` and `finish` each leave what is not evaluated again."""
    space = {"max_depth": (1, 6), "min_samples_leaf": (1, 9)}
    settings = {**KEEP, "strategy": "random"}
    whole = AutoTunedClassifier(DecisionTreeClassifier(), space, **settings, budget=6).fit(X, y)
    expected = scores_of(whole.rescore("roc_auc"))

    stored = clone(whole).set_params(storage=tmp_path / "tuning.db", budget=3).fit(X, y)
    stored = pickle.loads(pickle.dumps(clone(stored))).set_params(budget=6).fit(X, y)
    warm = clone(whole).set_params(warm_start=True, budget=3).fit(X, y)
    warm.set_params(budget=6).fit(X, y)
    finished = clone(whole).fit(X, y)
    del finished.best_estimator_
    finished.finish(X, y)
    for tuned in (stored, warm, finished):
        np.testing.assert_equal(scores_of(tuned.rescore("roc_auc")), expected)
        np.testing.assert_array_equal(tuned.oof_predictions_, whole.oof_predictions_)


@pytest.mark.filterwarnings("ignore:Outlier label:UserWarning")
def test_labels_that_the_target_does_not_have():
    """Check that a model that also predicts other labels is evaluated, and told of."""
    model = RadiusNeighborsClassifier(radius=0.5, outlier_label=-1)
    tuned = AutoTunedClassifier(model, {"radius": [0.5, 9.0]}, **KEEP).fit(X, y)
    assert np.isfinite(tuned.cv_results_["mean_test_score"]).all()
    with pytest.warns(UserWarning, match="rescore: 1 of 2 trials have no scores"):
        tuned.rescore("accuracy")


def test_another_search_has_no_predictions_of_the_last():
    """Check that `warm_start` with other data takes nothing over."""
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, warm_start=True, **KEEP).fit(X, y)
    with pytest.warns(UserWarning, match="a new search begins"):
        tuned.fit(X[::-1], y)
    expected = clone(tuned).fit(X[::-1], y).rescore("roc_auc")
    np.testing.assert_equal(scores_of(tuned.rescore("roc_auc")), scores_of(expected))


def test_the_file_is_bounded_as_memory_is(tmp_path, monkeypatch):
    """Check that what is forgotten is deleted from the file, the worst first, and stays away."""
    path = tmp_path / "tuning.db"
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, storage=path, **KEEP)
    one_trial = len(X) * (2 * 4 + 1)  # the probabilities of two classes, and the class
    monkeypatch.setattr(FoldResults.__init__, "__defaults__", (None, None, 2 * one_trial))
    tuned.fit(X, y)
    worst = int(np.argmax(tuned.cv_results_["rank_test_score"]))
    with closing(sqlite3.connect(path)) as connection:
        left = {n for (n,) in connection.execute("SELECT trial FROM predictions")}
    assert len(left) == 2
    assert worst not in left
    with pytest.warns(UserWarning, match="trials have no scores"):
        assert np.isnan(clone(tuned).fit(X, y).rescore("accuracy")["mean_test_accuracy"][worst])


def test_damaged_predictions(tmp_path):
    """Check that predictions that make no sense are refused before anything is fitted."""
    path = tmp_path / "tuning.db"
    tuned = AutoTunedClassifier(DecisionTreeClassifier(), TREE, storage=path, **KEEP).fit(X, y)
    whole = path.read_bytes()
    for column, value in [
        ("trial", "-1"),
        ("phase", "'last'"),
        ("fold", "x'00'"),
        ("fidelity", "2.0"),
        ("arrays", "x'00'"),
        ("arrays", "'text'"),
        ("arrays", "substr(arrays, 1, 300)"),
    ]:
        path.write_bytes(whole)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                f"UPDATE predictions SET {column} = {value} WHERE trial = 1 AND fold = 1"
            )
        with pytest.raises(ValueError, match=rf"is damaged: predictions\.{column} must be"):
            clone(tuned).fit(X, y)
