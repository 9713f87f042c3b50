"""What a fidelity below one is: nested fair subsets of rows, or less of a parameter."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeExecutor, FakeTime, make_tuner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import linear_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier, AutoTunedRegressor, Budget, Halving
from autotune.evaluation import Job, Task
from autotune.evaluation._fidelity import (
    class_labels,
    count_classes,
    count_rows,
    count_units,
    nested_order,
    take_rows,
)
from autotune.history import COMPLETE, FULL, Evaluation, History
from autotune.schedule import Halving as HalvingScheduler
from autotune.schedule import Rung
from autotune.timing._clock import Clock
from autotune.timing._reserve import Reserve

X, y = load_iris(return_X_y=True)

# Rows


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    seed=st.integers(0, 99),
    as_text=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_every_beginning_is_a_fair_sample(labels, seed, as_text):
    """Check that classes come in proportion, each as soon as there is room, in any order."""
    column = np.array([f"class {label}" for label in labels], dtype=object if as_text else None)
    order = nested_order(column, len(labels), seed)
    assert sorted(order) == list(range(len(labels)))
    classes, sizes = np.unique(column.astype(str), return_counts=True)
    for n in range(len(classes), len(labels) + 1):
        counts = [np.sum(column[order[:n]] == name) for name in classes]
        fair = sizes * n / len(labels)
        assert min(counts) >= 1
        assert np.all(np.abs(counts - fair) <= len(classes))


@pytest.mark.parametrize("sizes", [(5, 5, 5), (40, 7), (1, 1, 1, 90), (9,)])
def test_rows_are_in_the_order_of_their_share_of_the_class(sizes):
    """Check the order against its definition: by share of the class, then at random."""
    column = np.random.RandomState(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    rng = np.random.RandomState(7)
    shuffled = rng.permutation(len(column))
    share = np.empty(len(column))
    for label, size in enumerate(sizes):
        share[shuffled[column[shuffled] == label]] = np.arange(size) / size
    drawn = np.empty(len(column))
    drawn[shuffled[np.argsort(column[shuffled], kind="stable")]] = rng.random_sample(len(column))
    assert nested_order(column, len(column), 7).tolist() == np.lexsort((drawn, share)).tolist()


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize(("n_test", "n_scored"), [(None, 75), (75, 75), (30, 30), (1, 1)])
def test_fewer_validation_rows(n_test, n_scored, stratify):
    """Check that they are the same for all trials, and a fair sample where there are labels."""
    seen = []

    def score(model, X, y):
        seen.append((X, y))
        return 0.5

    folds = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    task = Task(DecisionTreeRegressor(), X, y, folds, score, stratify=stratify)
    outcomes = [task.run(Job(trial, 0, {}, 0, 0.5, n_test=n_test)) for trial in range(2)]
    assert [outcome.evaluation.status for outcome in outcomes] == [COMPLETE] * 2
    (first, labels), (second, _) = seen
    assert len(first) == n_scored
    assert np.array_equal(first, second)
    if stratify and n_scored > 1:
        assert np.bincount(labels).tolist() == [n_scored // 3] * 3


def test_beginnings_differ_between_folds():
    """Check that the order is drawn, with and without labels."""
    for labels in (None, y):
        orders = [nested_order(labels, len(y), seed).tolist() for seed in (0, 0, 1)]
        assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("fidelity", "n_rows", "expected"),
    [(1.0, 7, 7), (3 / 7, 7, 3), (0.5, 7, 4), (1e-9, 7, 1), (200 / 1797, 1797, 200)],
)
def test_the_number_of_rows(fidelity, n_rows, expected):
    """Check that rows are rounded up, but not for the sake of a rounding error."""
    assert count_rows(fidelity, n_rows) == expected


@pytest.mark.parametrize(
    ("fidelity", "amount", "expected"), [(0.5, 100, 50), (1 / 9, 3, 1), (0.01, 10, 1), (1.0, 9, 9)]
)
def test_the_number_of_units(fidelity, amount, expected):
    """Check that a parameter is at least 1."""
    assert count_units(fidelity, amount) == expected


def test_rows_keep_their_order():
    """Check that a subset of a series is a series."""
    train = np.arange(100, 160)
    rows = take_rows(train, nested_order(None, 60, 0), 0.3)
    assert len(rows) == 18
    assert rows.tolist() == sorted(set(rows) & set(train))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (None, 0),
        (np.array([1.0, 2.0, 1.0]), 2),
        (np.array([["a"], ["b"]]), 2),
        (["a", 1, None], 3),
        (np.eye(3), 0),
    ],
)
def test_the_number_of_classes(target, expected):
    """Check what is counted as a column of labels."""
    assert count_classes(target) == expected
    assert (class_labels(target) is None) == (expected == 0)


class Witness(ClassifierMixin, BaseEstimator):
    """Notes what it is fitted on.

    Parameters
    ----------
    size : int
        Something to give more and more of.
    level : float
        Something to tune.
    """

    seen: list[tuple] = []  # noqa: RUF012  # shared by clones on purpose

    def __init__(self, size=40, level=0.0):
        self.size = size
        self.level = level

    def fit(self, X, y, sample_weight=None):
        weights = None if sample_weight is None else sample_weight.tolist()
        self.seen.append((self.size, X[:, 0].tolist(), np.bincount(y).tolist(), weights))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def task(**settings):
    """Return a task of one fold whose rows are numbered in the first column."""
    numbered = np.column_stack([np.arange(150.0), X])
    folds = [(np.arange(0, 120), np.arange(120, 150))]
    return Task(Witness(), numbered, y, folds, lambda m, X, y: float(len(X)), **settings)


def fits(task, fidelities):
    """Return what the model was fitted on at each fidelity, and the scores."""
    Witness.seen.clear()
    outcomes = [task.run(Job(0, 0, {}, 0, fidelity)) for fidelity in fidelities]
    assert [o.evaluation.error for o in outcomes] == [None] * len(outcomes)
    return list(Witness.seen), [o.evaluation.scores["score"] for o in outcomes]


def test_rows_are_nested_stratified_and_the_same_for_all_trials():
    """Check the training rows of three fidelities, on all validation rows, with weights."""
    weights = np.arange(150) / 2
    seen, scores = fits(task(stratify=True, fit_params={"sample_weight": weights}), [0.1, 0.5, 1.0])
    rows = [set(row) for _, row, _, _ in seen]
    assert rows[0] < rows[1] < rows[2] == set(range(120))
    assert [counts for _, _, counts, _ in seen] == [[5, 5, 2], [25, 25, 10], [50, 50, 20]]
    assert all(w == [row / 2 for row in rows] for _, rows, _, w in seen)
    assert scores == [30.0] * 3
    assert fits(task(stratify=True), [0.5])[0][0][1] == seen[1][1]
    assert {size for size, *_ in seen} == {40}


def test_a_kernel_loses_rows_and_columns():
    """Check that a precomputed kernel is cut to the rows of the subset."""
    strategy = Halving(min_resources=0.3)
    search = AutoTunedClassifier(
        SVC(kernel="precomputed"), {"C": (0.1, 9.0)}, strategy=strategy, budget=5, random_state=0
    )
    search.fit(linear_kernel(X), y)
    assert set(search.cv_results_["n_resources"]) == {36, 120}
    assert search.best_score_ > 0.9


def test_regression_on_fewer_rows():
    """Check that a continuous target is not stratified."""
    rng = np.random.RandomState(0)
    data = rng.normal(size=(90, 2))
    search = AutoTunedRegressor(
        DecisionTreeRegressor(), strategy=Halving(min_resources=0.1), budget=6, random_state=0, cv=3
    )
    search.fit(data, data[:, 0] + rng.normal(size=90))
    assert min(search.cv_results_["n_resources"]) == 6
    assert set(search.cv_results_["status"]) == {"complete", "dropped"}


# A parameter


def test_a_parameter_is_scaled_and_rows_are_not():
    """Check the values of the model's own parameter, which at full fidelity is untouched."""
    seen, scores = fits(task(resource="size"), [0.1, 0.26, 0.001, 1.0])
    assert [size for size, *_ in seen] == [4, 10, 1, 40]
    assert {len(rows) for _, rows, _, _ in seen} == {120}
    assert scores == [30.0] * 4


def tuned(model, space, strategy, **settings):
    settings = {"budget": 6, "cv": 3, "random_state": 0, **settings}
    return AutoTunedClassifier(model, space, strategy=strategy, **settings)


def test_the_largest_amount_may_be_said():
    """Check that it replaces the model's own value, also in the refit."""
    search = tuned(
        RandomForestClassifier(3),
        {"max_depth": (1, 5)},
        Halving(resource="n_estimators", max_resources=12, min_resources=4),
    ).fit(X, y)
    assert set(search.cv_results_["n_resources"]) == {4, 12}
    assert search.best_estimator_.n_estimators == 12
    assert search.estimator.n_estimators == 3
    assert "n_estimators" not in search.best_params_


def test_a_parameter_inside_a_pipeline_and_of_the_built_in_model():
    """Check how the resource is named."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=90))
    strategy = Halving(resource="logisticregression__max_iter", min_resources=30)
    search = tuned(pipeline, {"logisticregression__C": (0.1, 9.0)}, strategy).fit(X, y)
    assert set(search.cv_results_["n_resources"]) == {30, 90}
    strategy = Halving(resource="max_iter", max_resources=4, min_resources=2)
    with threadpool_limits(1):  # the data are tiny, and threads wait for each other
        search = tuned(None, {"max_leaf_nodes": (2, 9)}, strategy, budget=3).fit(X, y)
    assert set(search.cv_results_["n_resources"]) <= {2, 4}


FOREST, DEPTH = RandomForestClassifier(9), {"max_depth": (1, 5)}
RULE = "strategy__resource must be 'n_samples' or an integer parameter of the model"


class UnknownAmount(Witness):
    def __init__(self, size=None, level=0.0):
        super().__init__(size, level)


@pytest.mark.parametrize(
    ("model", "space", "settings", "error", "message"),
    [
        (FOREST, DEPTH, {"resource": 3}, TypeError, f"{RULE}; got 3"),
        (FOREST, DEPTH, {"resource": None, "max_resources": 3}, ValueError, "strategy__max_res"),
        (
            FOREST,
            DEPTH,
            {"resource": "n_estimator"},
            ValueError,
            f"{RULE}; got 'n_estimator', which RandomForestClassifier does not have, "
            "did you mean 'n_estimators'?",
        ),
        (
            FOREST,
            {"n_estimators": (2, 9)},
            {"resource": "n_estimators"},
            ValueError,
            "strategy__resource must not be searched; got 'n_estimators', and the space has "
            "'n_estimators': take it out of the space, or choose another resource",
        ),
        (
            make_pipeline(FOREST),
            {"randomforestclassifier": [FOREST, SVC()]},
            {"resource": "randomforestclassifier__n_estimators"},
            ValueError,
            "strategy__resource must not be searched; got 'randomforestclassifier__n_estimators', "
            "and the space has 'randomforestclassifier': take",
        ),
        (
            [FOREST, ExtraTreesClassifier()],
            "auto",
            {"resource": "n_estimators"},
            ValueError,
            "strategy__resource must be 'n_samples' for several models; got 'n_estimators'",
        ),
        (
            UnknownAmount(),
            {"level": (0.0, 1.0)},
            {"resource": "size"},
            ValueError,
            "strategy__max_resources must be an integer of at least 1 where the model's size is "
            "none; got 'auto', and size=None",
        ),
        (
            FOREST,
            DEPTH,
            {"max_resources": 100},
            ValueError,
            "strategy__max_resources must be 'auto' where 'n_samples' is the resource; got 100",
        ),
        (
            FOREST,
            DEPTH,
            {"resource": "n_estimators", "max_resources": 0},
            ValueError,
            "strategy__max_resources must be 'auto' or an integer of at least 1; got 0",
        ),
        (
            FOREST,
            DEPTH,
            {"resource": "n_estimators", "max_resources": "all"},
            TypeError,
            "strategy__max_resources must be 'auto' or an integer of at least 1; got 'all'",
        ),
    ],
)
def test_bad_resources(model, space, settings, error, message):
    """Check that a resource that cannot be one is refused before anything is fitted."""
    with pytest.raises(error) as caught:
        tuned(model, space, Halving(**settings)).fit(X, y)
    assert str(caught.value).startswith(message)


# Time


def test_cheap_evaluations_do_not_count_as_folds():
    """Check that a trial's share of the time is that of its missing folds of full fidelity."""
    now = FakeTime()

    class Slow(FakeExecutor):
        def collect(self, timeout=None):
            now.seconds += 1.0
            return super().collect(timeout)

    executor = Slow(lambda job: job.params["C"])
    scheduler = HalvingScheduler([Rung(0.5, 1), Rung(FULL, 3)], factor=1.5)
    make_tuner(
        executor=executor,
        n_folds=3,
        n_trials=2,
        clock=Clock(20.0, now),
        scheduler=scheduler,
        searcher=None,
    ).run()
    assert [job.fidelity for job in executor.jobs] == [1.0] * 3 + [0.5] + [1.0] * 3
    assert [job.seconds for job in executor.jobs[3:5]] == [0.5 * 17, 0.5 * 16]


def test_the_refit_is_predicted_from_full_fits():
    """Check that the time of cheap fits is scaled up, and then forgotten."""
    data = np.zeros((100, 1))
    reserve = Reserve(Task(None, data, None, [(range(100), range(1))], None), 60.0, refit=True)
    history = History(1)
    trial = history.add({}, "test")
    cheap = Evaluation(0, 0, 0.1, scores={"score": 1.0}, fit_time=0.5)
    history.record(cheap)
    reserve.evaluated(cheap, history)
    assert reserve(history) == pytest.approx(1.1 * 5.0)
    full = Evaluation(0, 0, scores={"score": 1.0}, fit_time=0.25)
    history.record(full)
    history.set_status(trial, COMPLETE)
    reserve.ended(trial, history)
    assert reserve(history) == pytest.approx(1.1 * 0.25)


def test_a_budget_in_seconds():
    """Check that a search that time ends has a complete trial, and few are left undecided."""
    digits = [part[:500] for part in load_digits(return_X_y=True)]  # so that a trial is quick
    strategy = Halving(resource="n_estimators")
    space = {"min_samples_leaf": (1, 30)}
    search = tuned(RandomForestClassifier(9), space, strategy)
    search.set_params(budget=Budget(trials=1, seconds_per_trial=60)).fit(*digits)  # starts workers
    search.set_params(budget="3s").fit(*digits)
    statuses = search.cv_results_["status"].tolist()
    assert statuses[0] == "complete"
    assert statuses.count("interrupted") <= 2
    assert search.best_score_ >= search.default_score_
