"""How long predictions take: measured, reported and limited, on a clock that does not run."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import linear_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedRegressor, AveragedRegressor, Budget
from autotune.evaluation import _task, predict_seconds
from autotune.history import COMPLETE, Evaluation, History
from autotune.timing import Clock
from autotune.tuning import _speed, make_problem
from autotune.tuning._speed import PredictionTime

rng = np.random.RandomState(0)
X = rng.normal(size=(80, 2))  # each column tells a part of the target
y = X @ [1.0, 0.8]
FAST = 0.01


class OneColumn(RegressorMixin, BaseEstimator):
    """Fits a line on one column, and says how long it takes to predict."""

    def __init__(self, column=0, seconds=FAST):
        self.column = column
        self.seconds = seconds

    def fit(self, X, y):
        self.model_ = Ridge().fit(X[:, [self.column]], y)
        return self

    def predict(self, X):
        return self.model_.predict(X[:, [self.column]])


def said_seconds(model, *_):
    """Return how long a model says that it takes, an average as long as its models together."""
    parts = getattr(model, "estimators_", None)
    return model.seconds if parts is None else sum(part.seconds for part in parts)


@pytest.fixture
def said(monkeypatch):
    """Let models say how long they take."""
    monkeypatch.setattr(_task, "predict_seconds", said_seconds)
    monkeypatch.setattr(_speed, "predict_seconds", said_seconds)


def fit(limit, space=None, **params):
    """Return a fitted search within a limit on the prediction time."""
    space = {"column": [0, 1]} if space is None else space
    budget = None if limit is None else Budget(predict_seconds_per_row=limit)
    settings = {"strategy": "grid", "budget": budget, **params}
    return AutoTunedRegressor(OneColumn(), space, **settings).fit(X, y)


SLOW = [{"column": [0], "seconds": [1.0]}, {"column": [1], "seconds": [FAST]}]


def test_a_winner_that_is_too_slow_is_replaced(said):
    """Check that the best trial that is fast enough wins, and the best if none is."""
    free, limited = fit(None, SLOW), fit(0.1, SLOW)
    assert (free.best_params_["seconds"], limited.best_params_["seconds"]) == (1.0, FAST)
    assert limited.best_score_ < free.best_score_
    assert not hasattr(free, "predict_seconds_per_row_")
    assert limited.predict_seconds_per_row_ == {"final": FAST, "single": FAST}
    with (
        pytest.warns(UserWarning, match="no complete trial predicts within 0.001 s per row"),
        pytest.warns(UserWarning, match="the final model takes 1 s per row to predict"),
    ):
        none = fit(0.001, SLOW)
    assert none.best_params_ == free.best_params_


def test_the_average_of_folds_is_limited(said):
    """Check that the winner is fitted on all rows where its fold models would be too slow."""
    model = fit(None, final_model="folds")
    assert model.predict_seconds_per_row_ == {"final": pytest.approx(5 * FAST), "single": FAST}
    assert len(fit(5.1 * FAST, final_model="folds").best_estimator_.estimators_) == 5
    with pytest.warns(UserWarning, match="an average of models would take more than 0.03 s"):
        model = fit(3 * FAST, final_model="folds")
    assert isinstance(model.best_estimator_, OneColumn)


def test_members_are_fitted_on_all_rows_where_their_folds_are_too_slow(said):
    """Check an ensemble within each limit: of fold models, of single ones, and none."""
    whole = fit(11 * FAST, final_model="ensemble")
    assert len(whole.best_estimator_.estimators_) == 2 * 5
    single = fit(5 * FAST, final_model="ensemble")
    assert single.ensemble_weights_ == whole.ensemble_weights_
    members = [OneColumn(column).fit(X, y) for column in (0, 1)]
    weights = list(whole.ensemble_weights_.values())
    expected = weights @ np.array([member.predict(X) for member in members])
    np.testing.assert_allclose(single.predict(X), expected)
    assert single.predict_seconds_per_row_ == {"final": 2 * FAST, "single": FAST}
    again = clone(single.best_estimator_).fit(X, y)
    np.testing.assert_allclose(again.predict(X), expected)
    with pytest.warns(UserWarning, match="an average of models would take more than"):
        alone = fit(1.5 * FAST, final_model="ensemble")
    assert alone.ensemble_weights_ == {alone.best_index_: 1.0}
    assert isinstance(alone.best_estimator_, OneColumn)


def test_slow_trials_are_no_members(said):
    """Check that an ensemble is chosen among trials that are fast enough."""
    space = [{"column": [0, 1], "seconds": [FAST]}, {"column": [0, 1], "seconds": [1.0]}]
    model = fit(0.5, space, final_model="ensemble", include_default=False)
    params = [model.cv_results_["params"][number] for number in model.ensemble_weights_]
    assert len(params) > 1
    assert {each["seconds"] for each in params} == {FAST}


def test_scores_tell_the_time_where_nothing_else_does():
    """Check that evaluations of an earlier fit count with the least time of their scores."""
    owner = AutoTunedRegressor(
        OneColumn(), {"column": [0]}, budget=Budget(predict_seconds_per_row=1)
    )
    problem, history = make_problem(owner, X, y, {}), History(5)
    trial = history.add({}, "random")
    speed = PredictionTime(problem, history, None)
    assert speed.of(trial) == np.inf
    for fold in range(5):
        evaluation = Evaluation(0, fold, scores={"score": 1.0}, score_time=16.0 + fold)
        history.record(evaluation)
    history.set_status(trial, COMPLETE)
    assert speed.of(trial) == 1.0  # of 16 rows


def test_measuring(monkeypatch):
    """Check that rows are few, the least of two times counts, and kernel matrices stay whole."""
    ticks = iter([0.0, 5.0, 10.0, 12.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    seen = []

    class Seen(Ridge):
        def predict(self, X):
            seen.append(X.shape)
            return super().predict(X)

    many = rng.normal(size=(3000, 2))
    assert predict_seconds(Seen().fit(many, many[:, 0]), many) == 2.0 / 1000
    assert seen == [(1000, 2)] * 2
    monkeypatch.undo()
    rows, target = load_iris(return_X_y=True)
    kernel = linear_kernel(rows)
    train, test = np.arange(0, 150, 2), np.arange(1, 150, 2)
    model = SVC(kernel="precomputed").fit(kernel[np.ix_(train, train)], target[train])
    assert predict_seconds(model, kernel, test, train) > 0


def test_pipelines_are_measured_whole():
    """Check that steps whose results are shared among trials count."""
    pipeline = make_pipeline(StandardScaler(), Ridge())
    model = AutoTunedRegressor(
        pipeline,
        {"ridge__alpha": [0.1, 1.0]},
        strategy="grid",
        budget=Budget(predict_seconds_per_row=60.0),
        final_model="ensemble",
    ).fit(X, y)
    times = model.predict_seconds_per_row_
    assert 0 < times["single"] < 60
    assert 0 < times["final"] < 60


class Mute(AveragedRegressor):
    """Cannot predict."""

    def predict(self, X):
        raise RuntimeError("no words")


def test_a_model_that_cannot_predict_is_told_of():
    """Check that a failure of predictions after all fits leaves the model."""
    owner = AutoTunedRegressor(Ridge(), final_model="folds")
    model = Mute([OneColumn()]).fit(X, y)
    with pytest.warns(UserWarning, match="predict raised RuntimeError: no words"):
        times = _speed.measure_final_model(make_problem(owner, X, y, {}), model, [0.0], Clock(None))
    assert np.isnan(list(times.values())).all()


def test_an_average_is_not_measured_without_time():
    """Check that measuring the predictions of many models does not exceed the budget."""
    problem = make_problem(AutoTunedRegressor(Ridge(), final_model="folds"), X, y, {})
    model = AveragedRegressor([OneColumn()]).fit(X, y)
    found = {}
    for usual in (0.0, 30.0 / len(X), 100.0 / len(X)):  # one model takes twice that per row
        times = _speed.measure_final_model(problem, model, [usual, usual], Clock(100.0))
        found[usual * len(X)] = [n for n, t in times.items() if t not in (usual, 5 * usual)]
    assert found == {0.0: ["final", "single"], 30.0: ["single"], 100.0: []}
