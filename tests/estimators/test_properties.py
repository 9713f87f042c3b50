"""Whole fits with generated spaces, budgets, scores and failures."""

from __future__ import annotations

import math
import warnings
import zlib

import numpy as np
import pytest
import strategies
from fakes import FakeExecutor, FakeTime, as_outcome, make_tuner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import FitFailedWarning
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier, Bayes, Grid, Random
from autotune.history import COMPLETE, FAILED, RUNNING, STATUSES
from autotune.history._seeds import derive_seed
from autotune.search import RandomSearcher
from autotune.timing._clock import Clock


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Keep linear algebra of a few rows from spreading over all cores."""
    with threadpool_limits(1):
        yield


STRATEGIES = {"grid": Grid(points=3), "random": Random(), "bayes": Bayes(n_initial=3)}
STRATEGIES["skopt"] = Bayes(surrogate="skopt", n_initial=3)
X = np.arange(8.0)[:, None]
y = np.array([0, 1] * 4)


class Inner(BaseEstimator):
    """Holds a nested parameter."""

    def __init__(self, C=1):
        self.C = C


class Scripted(ClassifierMixin, BaseEstimator):
    """Takes any configuration; what it comes to is looked up in ``table``."""

    def __init__(
        self,
        table=(0.5,),
        C=1,
        alpha=1,
        gamma=1,
        kernel=1,
        max_depth=1,
        clf=None,
        random_state=None,
    ):
        self.table = table
        self.C = C
        self.alpha = alpha
        self.gamma = gamma
        self.kernel = kernel
        self.max_depth = max_depth
        self.clf = clf
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        own = [(k, repr(v)) for k, v in sorted(self.get_params().items()) if k != "random_state"]
        place = zlib.crc32(f"{own} {X.sum()}".encode()) % len(self.table)
        self.answer_ = self.table[place]
        if isinstance(self.answer_, str):
            raise RuntimeError(f"it {self.answer_}")
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def score(self, X, y):
        return self.answer_


def fit(strategy, table, space, **settings):
    """Return a fitted classifier, or the error that says that nothing succeeded."""
    model = Scripted(tuple(table), clf=Inner())
    tuned = AutoTunedClassifier(
        model, space, strategy=strategy, cv=2, refit=False, scoring=None, **settings
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        try:
            return tuned.fit(X, y)
        except ValueError as error:
            assert str(error).startswith("all of the")  # noqa: PT017  # any other error is ours
            return tuned


def check_history(history, n_trials):
    """Check that a history is complete: each trial has all folds, or a recorded reason."""
    assert 1 <= len(history) <= n_trials
    assert [trial.number for trial in history] == list(range(len(history)))
    for trial in history:
        assert trial.status in STATUSES
        assert trial.status != RUNNING
        folds = {key.fold for key in trial.evaluations}
        assert folds == {0, 1}
        if trial.status == COMPLETE:
            assert math.isfinite(history.score(trial))
        else:
            assert trial.error or not math.isfinite(history.score(trial))


def check_winner(tuned):
    """Check that the winner is the best trial that may win, the earliest of equals."""
    history = tuned.history_
    complete = [t for t in history if t.status == COMPLETE]
    eligible = [t for t in complete if t.eligible]
    if not complete:
        assert not hasattr(tuned, "best_index_")
        return
    best = max(eligible, key=history.score) if eligible else complete[0]
    assert tuned.best_index_ == best.number
    assert tuned.best_params_ == best.params
    assert tuned.cv_results_["mean_test_score"][best.number] == history.score(best)


def check_results(results, history):
    """Check the shape of ``cv_results_``, and that the ranking is total."""
    n = len(history)
    assert all(len(column) == n for column in results.values())
    for kind in ("mean_", "std_", "split0_", "split1_"):
        assert results[f"{kind}test_score"].dtype == float
    names = {name for trial in history for name in trial.params}
    assert {f"param_{name}" for name in names} == {k for k in results if k.startswith("param_")}
    ranks = results["rank_test_score"]
    assert ranks.min() == 1
    assert ranks.max() <= n
    for trial in history:
        for name in names:
            assert results[f"param_{name}"].mask[trial.number] == (name not in trial.params)


@pytest.mark.parametrize(
    ("name", "max_examples"), [("grid", 25), ("random", 25), ("bayes", 6), ("skopt", 3)]
)
def test_any_fit(name, max_examples):
    """Check budget, history, ranking, winner and results of generated searches."""

    @given(
        table=strategies.answer_tables,
        spec=strategies.unions,
        budget=st.integers(1, 7),
        include_default=st.booleans(),
        seed=strategies.seeds,
    )
    @settings(deadline=None, max_examples=max_examples)
    def check(table, spec, budget, include_default, seed):
        tuned = fit(
            STRATEGIES[name],
            table,
            spec,
            budget=budget,
            include_default=include_default,
            random_state=seed,
        )
        check_history(tuned.history_, budget)
        check_winner(tuned)
        if hasattr(tuned, "cv_results_"):
            check_results(tuned.cv_results_, tuned.history_)
            assert all(t.params in tuned.space_ for t in tuned.history_ if t.origin != "default")

    check()


@pytest.mark.parametrize(("name", "max_examples"), [("grid", 10), ("random", 10), ("bayes", 4)])
def test_any_fit_can_be_repeated(name, max_examples):
    """Check that one ``random_state`` gives the same trials with the same scores, twice."""

    @given(table=strategies.answer_tables, spec=strategies.unions, seed=strategies.seeds)
    @settings(deadline=None, max_examples=max_examples)
    def check(table, spec, seed):
        runs = [fit(STRATEGIES[name], table, spec, budget=6, random_state=seed) for _ in range(2)]
        one, two = (
            repr(
                [
                    (
                        t.params,
                        t.origin,
                        t.status,
                        sorted((k, e.scores) for k, e in t.evaluations.items()),
                    )
                    for t in run.history_
                ]
            )
            for run in runs
        )
        assert one == two
        assert getattr(runs[0], "best_index_", None) == getattr(runs[1], "best_index_", None)

    check()


@given(
    table=strategies.answer_tables,
    space=strategies.spaces,
    n_workers=st.integers(1, 6),
    n_folds=st.integers(1, 4),
    n_trials=st.integers(1, 9),
    n_defaults=st.integers(0, 2),
    seed=strategies.seeds,
)
@settings(deadline=None, max_examples=60)
def test_the_loop_with_workers_that_finish_in_any_order(
    table, space, n_workers, n_folds, n_trials, n_defaults, seed
):
    """Check that the trials are the same as one worker's, whatever the order of events."""
    histories = []
    for n, rng in ((1, None), (n_workers, np.random.RandomState(seed))):
        executor = FakeExecutor(
            lambda job: table[derive_seed(seed, job.trial, job.fold) % len(table)], n, rng
        )
        tuner = make_tuner(
            executor=executor,
            searcher=RandomSearcher(space, seed, n_trials),
            n_trials=n_trials,
            n_folds=n_folds,
            defaults=[({"default": i}, False) for i in range(n_defaults)],
        )
        tuner.run()
        histories.append(tuner.history)
    one, many = histories
    assert [repr(trial.params) for trial in one] == [repr(trial.params) for trial in many]
    killed = {"timeout", "crashed"}
    for alone, together in zip(one, many, strict=True):
        assert (alone.status in killed) == (together.status in killed)
        if alone.status not in killed:
            assert alone.status == together.status
            np.testing.assert_equal(one.fold_scores(alone), many.fold_scores(together))


@given(
    durations=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=5),
    seconds=st.floats(0.1, 20.0),
    reserve=st.floats(0.0, 5.0),
    n_workers=st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_nothing_begins_after_the_budget(durations, seconds, reserve, n_workers):
    """Check that with any durations no job is submitted when only the reserve is left."""
    now = FakeTime()
    begun = []

    def answer(job):
        now.seconds += durations[derive_seed(job.trial, job.fold) % len(durations)]
        return as_outcome(job, 1.0)

    class Noting(FakeExecutor):
        def submit(self, job):
            begun.append((now.seconds - 1000.0, job.seconds))
            super().submit(job)

    executor = Noting(answer, n_workers, np.random.RandomState(0))
    tuner = make_tuner(
        executor=executor, clock=Clock(seconds, now), reserve=lambda history: reserve, n_trials=30
    )
    tuner.run()
    assert len(tuner.history) <= 30
    assert all(at < seconds - reserve for at, _ in begun)
    assert all(0 < allowed <= seconds - reserve - at + 1e-6 for at, allowed in begun)
    assert {trial.status for trial in tuner.history} <= {COMPLETE, "interrupted"}
    assert FAILED not in {trial.status for trial in tuner.history}
