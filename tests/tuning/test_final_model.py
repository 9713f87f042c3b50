"""The final model: averages of fold models and ensembles, and the predictions that are kept."""

from __future__ import annotations

import pickle
import warnings
from threading import Lock

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import load_iris, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, Ridge, RidgeClassifier
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from autotune import (
    AutoTunedClassifier,
    AutoTunedRegressor,
    AveragedClassifier,
    AveragedRegressor,
    Budget,
)
from autotune.ensembles import LIBRARY_SIZE
from autotune.evaluation import Kept
from autotune.history import COMPLETE, DROPPED, Evaluation, History, Key
from autotune.tuning import make_problem
from autotune.tuning._ensemble import RowScorer
from autotune.tuning._kept import FoldResults, best_dropped

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
RX, ry = make_regression(90, 4, noise=20.0, random_state=0)
TREE = {"max_depth": (1, 6), "min_samples_leaf": (1, 20)}


class OneColumn(RegressorMixin, BaseEstimator):
    """Fits a line on one column; counts its fits, and may be impossible to pickle."""

    fits = 0

    def __init__(self, column=0, alpha=0.0, locked=False):
        self.column = column
        self.alpha = alpha
        self.locked = locked

    def fit(self, X, y):
        type(self).fits += 1
        self.model_ = Ridge(self.alpha).fit(X[:, [self.column]], y)
        self.n_features_in_ = X.shape[1]
        if self.locked:
            self.lock_ = Lock()
        return self

    def predict(self, X):
        return self.model_.predict(X[:, [self.column]])


class Loud(Ridge):
    """Warns when it is fitted."""

    def fit(self, X, y):
        warnings.warn("mind the gap", RuntimeWarning, stacklevel=2)
        return super().fit(X, y)


rng = np.random.RandomState(0)
TWO = rng.normal(size=(80, 2))  # each column tells half of the target
SUM = TWO.sum(axis=1)
COLUMNS = {"column": [0, 1]}


def fold_models(tuned, X, y, cv):
    """Return the models that scikit-learn fits on the folds with the winner's configuration."""
    (model,) = tuned.best_estimator_.estimators
    return cross_validate(model, X, y, cv=cv, return_estimator=True)["estimator"]


def test_probabilities_are_those_of_the_folds():
    """Check that the average of a classifier's fold models is that computed by hand."""
    tree = DecisionTreeClassifier()
    tuned = AutoTunedClassifier(tree, TREE, budget=4, final_model="folds", random_state=0)
    tuned.fit(X, NAMES)
    models = fold_models(tuned, X, NAMES, 5)
    expected = np.mean([model.predict_proba(X) for model in models], axis=0)
    np.testing.assert_allclose(tuned.predict_proba(X), expected)
    np.testing.assert_array_equal(tuned.predict(X), tuned.classes_[expected.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(tuned.predict_log_proba(X)), expected)
    assert not hasattr(tuned, "decision_function")
    assert tuned.n_features_in_ == 4


def test_votes_decide_without_probabilities():
    """Check that models without probabilities have a vote each."""
    splitter = KFold(3, shuffle=True, random_state=0)
    tuned = AutoTunedClassifier(
        RidgeClassifier(), {"alpha": [0.1, 1.0]}, strategy="grid", cv=splitter, final_model="folds"
    )
    tuned.fit(X, y)
    votes = [model.predict(X) for model in fold_models(tuned, X, y, splitter)]
    expected = [np.bincount(each, minlength=3).argmax() for each in np.transpose(votes)]
    np.testing.assert_array_equal(tuned.predict(X), expected)
    assert not hasattr(tuned, "predict_proba")


@pytest.mark.parametrize("n_targets", [1, 2])
def test_predictions_are_the_mean_of_the_folds(n_targets):
    """Check that the average of a regressor's fold models is that computed by hand."""
    data = make_regression(60, 3, n_targets=n_targets, noise=9.0, random_state=0)
    space = {"max_depth": [2, 3]}
    tuned = AutoTunedRegressor(
        DecisionTreeRegressor(), space, strategy="grid", cv=4, final_model="folds", random_state=0
    )
    tuned.fit(*data)
    expected = np.mean([m.predict(data[0]) for m in fold_models(tuned, *data, 4)], axis=0)
    np.testing.assert_allclose(tuned.predict(data[0]), expected)


def test_folds_cost_no_fit():
    """Check that no model is fitted after the search, also one that cannot be pickled."""
    for locked, n_further in ((False, 0), (True, 5)):
        OneColumn.fits = 0
        model = OneColumn(locked=locked)
        tuned = AutoTunedRegressor(model, COLUMNS, strategy="grid", final_model="folds")
        tuned.fit(TWO, SUM)
        assert OneColumn.fits == 2 * 5 + n_further
        assert len(tuned.best_estimator_.estimators_) == 5


def test_classes_that_a_fold_lacks():
    """Check that probabilities of models that know different classes are aligned."""
    folds = [(np.r_[0:100], np.r_[100:150]), (np.r_[50:150], np.r_[0:50])]
    tuned = AutoTunedClassifier(
        GaussianNB(), {"var_smoothing": [1e-9]}, strategy="grid", cv=folds, final_model="folds"
    )
    tuned.fit(X, NAMES)
    first, last = (GaussianNB().fit(X[train], NAMES[train]) for train, _ in folds)
    expected = np.zeros((150, 3))
    expected[:, :2] += first.predict_proba(X) / 2
    expected[:, 1:] += last.predict_proba(X) / 2
    np.testing.assert_allclose(tuned.predict_proba(X), expected, atol=1e-12)
    np.testing.assert_array_equal(tuned.classes_, np.unique(NAMES))


def test_pipelines_are_whole():
    """Check that fold models of a pipeline whose first steps are shared can predict new rows."""
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    space = {"decisiontreeclassifier__max_depth": [1, 2, 3]}
    tuned = AutoTunedClassifier(
        pipeline, space, strategy="grid", final_model="folds", keep_predictions=True
    ).fit(X, y)
    expected = np.mean([m.predict_proba(X) for m in fold_models(tuned, X, y, 5)], axis=0)
    np.testing.assert_allclose(tuned.predict_proba(X), expected)


def test_identical_trials_are_no_ensemble():
    """Check that of trials that do the same the earliest remains, as if there were no ensemble."""
    space = {"min_impurity_decrease": [0.0, 1e-12, 1e-11]}
    models = [
        AutoTunedClassifier(
            DecisionTreeClassifier(max_depth=2, random_state=0),
            space,
            strategy="grid",
            final_model=final_model,
        ).fit(X, y)
        for final_model in ("ensemble", "refit")
    ]
    assert models[0].ensemble_weights_ == {0: 1.0}
    assert isinstance(models[0].best_estimator_, DecisionTreeClassifier)
    np.testing.assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))
    assert not hasattr(models[1], "ensemble_weights_")


def test_ensemble_of_what_adds_up():
    """Check that models that know different things are weighted, and predict their mean."""
    tuned = AutoTunedRegressor(
        OneColumn(), COLUMNS, strategy="grid", final_model="ensemble", keep_predictions=True
    ).fit(TWO, SUM)
    weights = tuned.ensemble_weights_
    assert set(weights) == {0, 1}
    assert sum(weights.values()) == pytest.approx(1)
    parts = [(train, 1 / 10) for train, _ in KFold(5).split(TWO)]
    expected = sum(
        share * weight * OneColumn(column).fit(TWO[train], SUM[train]).predict(TWO)
        for train, share in [*parts, (slice(None), 1 / 2)]
        for column, weight in weights.items()
    )
    np.testing.assert_allclose(tuned.predict(TWO), expected)
    assert tuned.score(TWO, SUM) > tuned.best_score_ + 0.2
    assert tuned.best_params_["column"] in (0, 1)


@pytest.mark.parametrize("scoring", ["roc_auc_ovr", "neg_log_loss", "accuracy"])
def test_ensemble_of_classifiers(scoring):
    """Check that an ensemble is chosen by the metric, and that its members' folds are averaged."""
    blurred = X + np.random.RandomState(0).normal(scale=1.5, size=X.shape)
    tuned = AutoTunedClassifier(
        DecisionTreeClassifier(),
        TREE,
        strategy="random",
        budget=5,
        scoring=scoring,
        final_model="ensemble",
        random_state=0,
    ).fit(blurred, NAMES)
    n_members = len(tuned.ensemble_weights_)
    assert sum(tuned.ensemble_weights_.values()) == pytest.approx(1)
    is_average = isinstance(tuned.best_estimator_, AveragedClassifier)
    assert is_average or scoring != "neg_log_loss"
    if is_average:
        assert len(tuned.best_estimator_.estimators_) == (5 + 1) * n_members
    assert np.isfinite(tuned.score(blurred, NAMES))


def test_kept_models_are_forgotten():
    """Check that trials that are out go, then the worst: models before predictions."""
    history, kept = History(1), FoldResults(capacity=1000)
    for number, (score, status) in enumerate([(0.5, COMPLETE), (0.9, COMPLETE), (0.1, DROPPED)]):
        trial = history.add({}, "random")
        history.record(Evaluation(number, 0, scores={"score": score}))
        kept.add(number, Key(0), Kept(bytes(300), np.arange(10), {"predict": np.zeros(10)}))
        history.set_status(trial, status)
    kept.take(_Nothing, history)
    assert [_left(kept, history, number) for number in range(3)] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    kept._capacity = 650
    kept.take(_Nothing, history)
    assert [_left(kept, history, n) for n in range(2)] == [(False, True), (True, True)]
    kept._capacity = 100
    kept.take(_Nothing, history)
    assert [_left(kept, history, n) for n in range(2)] == [(False, False), (False, True)]


class _Nothing:
    """An outcome that brings nothing."""

    evaluation = Evaluation(0, 0)
    kept = None


def _left(kept, history, number):
    """Return whether a model and predictions are kept of a trial's fold."""
    return Key(0) in kept._models.get(number, {}), bool(kept.predictions(history[number], Key(0)))


def test_a_model_that_was_dropped_stands_for_its_kind():
    """Check that of a model without a complete trial the best of those dropped may be chosen."""
    history, trees, bayes = History(2), DecisionTreeClassifier(), GaussianNB()
    found = [(trees, 0.9, COMPLETE), (trees, 0.8, DROPPED), (bayes, 0.2, DROPPED)]
    for number, (model, score, status) in enumerate([*found, (bayes, 0.3, DROPPED)]):
        trial = history.add({"estimator": model}, "random")
        for fold in range(2 if status == COMPLETE else 1):
            history.record(Evaluation(number, fold, scores={"score": score}))
        history.set_status(trial, status)
    assert [trial.number for trial in best_dropped(history)] == [3]


def test_only_the_best_are_kept():
    """Check that predictions of the best trials are kept only, however small they are."""
    history, kept = History(1), FoldResults()
    for number in range(LIBRARY_SIZE + 3):
        trial = history.add({}, "random")
        history.record(Evaluation(number, 0, scores={"score": float(number)}))
        kept.add(number, Key(0), Kept(None, np.arange(10), {"predict": np.zeros(10)}))
        history.set_status(trial, COMPLETE)
        kept.take(_Nothing, history)
    assert sorted(kept._predictions) == list(range(3, LIBRARY_SIZE + 3))


def test_what_is_missing_is_fitted_again(tmp_path):
    """Check that a fit that goes on from a file has the model of one that did not stop."""
    settings = {"strategy": "random", "final_model": "ensemble", "random_state": 0, "budget": 6}
    settings |= {"scoring": "neg_log_loss", "keep_predictions": True}
    blurred = X + np.random.RandomState(0).normal(scale=1.5, size=X.shape)
    whole = AutoTunedClassifier(DecisionTreeClassifier(), TREE, **settings).fit(blurred, y)
    stored = clone(whole).set_params(storage=tmp_path / "tuning.db").fit(blurred, y)
    again = clone(stored).fit(blurred, y)
    assert isinstance(whole.best_estimator_, AveragedClassifier)
    for model in (stored, again):
        assert model.ensemble_weights_ == whole.ensemble_weights_
        np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))
        np.testing.assert_array_equal(model.oof_predictions_, whole.oof_predictions_)


def test_finish_averages():
    """Check that an interrupted fit ends with the average of fold models that are fitted again."""
    tuned = AutoTunedRegressor(OneColumn(), COLUMNS, strategy="grid", final_model="folds")
    expected = clone(tuned).fit(TWO, SUM).predict(TWO)
    tuned.fit(TWO, SUM)
    del tuned.best_estimator_
    np.testing.assert_array_equal(tuned.finish(TWO, SUM).predict(TWO), expected)


def test_out_of_fold_predictions():
    """Check that the winner's predictions are those of scikit-learn, in the order of the rows."""
    splitter = StratifiedKFold(5, shuffle=True, random_state=1)
    tuned = AutoTunedClassifier(
        GaussianNB(), {"var_smoothing": [1e-9]}, strategy="grid", cv=splitter, keep_predictions=True
    ).fit(X, NAMES)
    expected = cross_val_predict(GaussianNB(), X, NAMES, cv=splitter, method="predict_proba")
    np.testing.assert_allclose(tuned.oof_predictions_, expected, atol=1e-6)
    assert isinstance(tuned.best_estimator_, GaussianNB)
    tuned.set_params(keep_predictions=False).fit(X, y)
    assert not hasattr(tuned, "oof_predictions_")


def test_rows_without_prediction_are_nan():
    """Check that a row in several validation folds has the mean, and one in none is NaN."""
    splitter = ShuffleSplit(3, test_size=0.3, random_state=0)
    tuned = AutoTunedRegressor(
        Ridge(), {"alpha": [1.0]}, strategy="grid", cv=splitter, keep_predictions=True, refit=False
    ).fit(RX, ry)
    known = [[] for _ in ry]
    for train, test in splitter.split(RX):
        model = Ridge().fit(RX[train], ry[train])
        for row in test:
            known[row].append(model.predict(RX[[row]])[0])
    expected = [np.mean(values) if values else np.nan for values in known]
    assert np.isnan(expected).any()
    np.testing.assert_allclose(tuned.oof_predictions_, expected, rtol=1e-5)
    assert not hasattr(tuned, "best_estimator_")


FAST_METRICS = {  # and the target of each
    None: (NAMES, ry),
    "accuracy": (NAMES,),
    "balanced_accuracy": (NAMES, NAMES[0] == NAMES),
    "f1_macro": (NAMES, NAMES[0] == NAMES),
    "neg_log_loss": (NAMES, NAMES[0] == NAMES),
    "roc_auc": (NAMES[0] == NAMES,),
    "roc_auc_ovr": (NAMES, NAMES[0] == NAMES),
    "neg_mean_absolute_error": (ry,),
    "neg_mean_squared_error": (ry,),
    "neg_root_mean_squared_error": (ry,),
    "r2": (ry,),
}


@pytest.mark.parametrize(
    ("scoring", "target"), [(name, y) for name, each in FAST_METRICS.items() for y in each]
)
def test_fast_metrics_are_those_of_scikit_learn(scoring, target):
    """Check that what is computed without checks is what the scorer says."""
    classifies = target is not ry
    kind, model, data = (
        (AutoTunedClassifier, GaussianNB(var_smoothing=0.3), (X, target))
        if classifies
        else (AutoTunedRegressor, LinearRegression(), (RX, ry))
    )
    tuned = kind(model, scoring=scoring, space={}, budget=1)
    scorer = RowScorer(make_problem(tuned, *data, {}))
    rows = np.arange(0, len(target), 2)
    model.fit(*data)
    values = model.predict_proba(X[rows]) if classifies else model.predict(RX[rows])
    fast = scorer(rows, values)
    assert scorer._fast is not None
    scorer._fast = None
    assert 0 < abs(fast) == pytest.approx(abs(scorer(rows, values)))


def test_other_scorers_are_replaced():
    """Check that a scorer that may look at anything is replaced by a loss, and told of."""

    def score(model, X, y):
        return -log_loss(y, model.predict_proba(X))

    tuned = AutoTunedClassifier(
        GaussianNB(),
        {"var_smoothing": [1e-9, 1e-1]},
        strategy="grid",
        scoring=score,
        final_model="ensemble",
    )
    with pytest.warns(UserWarning, match="may look at more than predictions, .* by its log loss"):
        tuned.fit(X, y)


def test_a_metric_that_fails_leaves_the_winner():
    """Check that a metric that cannot take kept predictions is told of, and costs no search."""

    def picky(y_true, y_pred):
        if len(y_pred) > 20:
            raise RuntimeError("too many rows")
        return float(np.mean(y_true == y_pred))

    tuned = AutoTunedRegressor(
        OneColumn(), COLUMNS, strategy="grid", scoring=make_scorer(picky), final_model="ensemble"
    )
    with pytest.warns(UserWarning, match="no ensemble could be chosen, .* too many rows"):
        tuned.fit(TWO, SUM)
    assert tuned.ensemble_weights_ == {0: 1.0}
    assert isinstance(tuned.best_estimator_, OneColumn)


def test_warnings_of_folds_are_repeated():
    """Check that what the averaged models have warned of is told, as by a last fit."""
    tuned = AutoTunedRegressor(Loud(), {"alpha": [1.0]}, strategy="grid", final_model="folds", cv=2)
    with pytest.warns(RuntimeWarning, match="mind the gap"):
        tuned.fit(RX, ry)


@pytest.mark.parametrize("final_model", ["folds", "ensemble"])
def test_round_trips(final_model):
    """Check that the model survives pickle, skops and clone, and is drawn with its members."""
    tuned = AutoTunedRegressor(OneColumn(), COLUMNS, strategy="grid", final_model=final_model)
    expected = tuned.fit(TWO, SUM).predict(TWO)
    n_models = 5 if final_model == "folds" else (5 + 1) * 2
    assert len(tuned.best_estimator_.estimators_) == n_models
    written = skops.io.dumps(tuned)
    loaded = skops.io.loads(written, trusted=skops.io.get_untrusted_types(data=written))
    for model in (pickle.loads(pickle.dumps(tuned)), loaded):
        np.testing.assert_array_equal(model.predict(TWO), expected)
    again = clone(tuned.best_estimator_).fit(TWO, SUM)
    np.testing.assert_allclose(again.predict(TWO), expected)
    assert "OneColumn" in tuned._repr_html_()


BAD = [
    (
        {"final_model": "best"},
        ValueError,
        "final_model must be one of 'auto', 'refit', 'folds', 'ensemble'",
    ),
    ({"final_model": None}, TypeError, "final_model must be one of 'auto', .*; got None"),
    ({"keep_predictions": 1}, TypeError, "keep_predictions must be True or False; got 1"),
    (
        {"final_model": "ensemble", "refit": lambda results: 0},
        ValueError,
        "final_model='ensemble' needs a score by which trials are chosen",
    ),
]


@pytest.mark.parametrize(("params", "error", "message"), BAD)
def test_bad_parameters(params, error, message):
    """Check that bad values are refused by name before anything is fitted."""
    with pytest.raises(error, match=message):
        AutoTunedClassifier(GaussianNB(), **params).fit(X, y)


def test_kernel_matrices_are_refused():
    """Check that models of other columns are not averaged, and that predictions can be kept."""
    model = SVC(kernel="precomputed")
    settings = {"space": {"C": [1.0]}, "strategy": "grid", "keep_predictions": True}
    with pytest.raises(ValueError, match=r"must be 'refit' for a kernel .* got 'folds'"):
        AutoTunedClassifier(model, **settings, final_model="folds").fit(X @ X.T, y)
    tuned = AutoTunedClassifier(model, **settings).fit(X @ X.T, y)
    assert (tuned.oof_predictions_.argmax(axis=1) == y).mean() == pytest.approx(tuned.best_score_)


@pytest.mark.parametrize("params", [{"final_model": "folds"}, {"keep_predictions": True}])
def test_classifiers_of_several_outputs_are_refused(params):
    """Check that nothing is averaged whose classes have no single order."""
    ((name, value),) = params.items()
    with pytest.raises(ValueError, match=f"{name} must be .* several outputs; got {value!r}"):
        AutoTunedClassifier(RandomForestClassifier(), **params).fit(X, np.c_[y, y])


@pytest.mark.slow
def test_models_of_few_rows_are_not_averaged():
    """Check that the winner of a search on a share of the rows is fitted as without averages."""
    budget = Budget(trials=2, seconds=60)
    tuned = AutoTunedRegressor(
        Ridge(), {"alpha": [0.1, 1.0]}, strategy="random", budget=budget, final_model="folds"
    ).fit(RX, ry)
    assert isinstance(tuned.best_estimator_, AveragedRegressor)
    del tuned.best_estimator_
    for trial in tuned.history_:
        for key, evaluation in list(trial.evaluations.items()):
            evaluation.fidelity = 0.5
            trial.evaluations[evaluation.key] = trial.evaluations.pop(key)
    tuned.history_.share = 0.5
    with pytest.warns(UserWarning, match="on 50% of them, so final_model='folds' is replaced"):
        tuned.finish(RX, ry)
    assert isinstance(tuned.best_estimator_, Ridge)


def test_one_fold_makes_no_ensemble():
    """Check that with a single fold, which proves nothing, the winner remains."""
    splitter = ShuffleSplit(1, random_state=0)
    tuned = AutoTunedRegressor(
        OneColumn(), COLUMNS, strategy="grid", cv=splitter, final_model="ensemble"
    ).fit(TWO, SUM)
    assert len(tuned.ensemble_weights_) == 1
    assert isinstance(tuned.best_estimator_, OneColumn)


@pytest.mark.slow
def test_processes_and_seconds():
    """Check that models come back from worker processes, also where seconds are counted."""
    settings = {"strategy": "random", "scoring": "neg_log_loss", "random_state": 0, "cv": 3}
    here = AutoTunedClassifier(
        DecisionTreeClassifier(), TREE, budget=6, final_model="ensemble", **settings
    ).fit(X, y)
    there = clone(here).set_params(n_jobs=2).fit(X, y)
    assert there.ensemble_weights_ == here.ensemble_weights_
    np.testing.assert_array_equal(there.predict_proba(X), here.predict_proba(X))
    for final_model in ("folds", "ensemble"):
        budget = Budget(trials=4, seconds=60)
        timed = clone(here).set_params(budget=budget, final_model=final_model).fit(X, y)
        assert isinstance(timed.best_estimator_, AveragedClassifier)


@pytest.mark.slow
def test_models_that_cannot_leave_a_worker():
    """Check that fold models that cannot be pickled are fitted again in this process."""
    tuned = AutoTunedRegressor(
        OneColumn(locked=True), COLUMNS, strategy="grid", final_model="folds", n_jobs=2
    ).fit(TWO, SUM)
    assert len(tuned.best_estimator_.estimators_) == 5
    assert all(trial.status == COMPLETE for trial in tuned.history_)
