"""Executors in this process, the choice among executors, and how a model is built."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pickle import PicklingError
from threading import Event

import joblib
import numpy as np
import pandas
import pytest
from estimators import ToyTask
from fakes import as_outcome
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune.compat._sklearn import output_of
from autotune.evaluation import Job, build
from autotune.execution import FuturesExecutor, InlineExecutor, make_executor
from autotune.execution.processes import ProcessExecutor, SharedProcesses
from autotune.history import TIMEOUT
from autotune.history._seeds import derive_seed, seed_estimator
from autotune.testing import check_executor, executor_checks


def in_threads(n_workers, wrap=lambda task: task):
    """Return what makes an executor with threads of its own."""

    def make(task):
        return FuturesExecutor(wrap(task), ThreadPoolExecutor(n_workers), n_workers, shutdown=True)

    return make


EXECUTORS = {
    "inline": InlineExecutor,
    "watched": lambda task: ProcessExecutor(task, 2, meanwhile=0),
    "one thread": in_threads(1),
    "threads": in_threads(2),
    "processes of threads": in_threads(2, SharedProcesses),
    "one process": ProcessExecutor,
    "processes": lambda task: ProcessExecutor(task, 2),
}


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS.keys())
@pytest.mark.parametrize(
    "check", [pytest.param(check, id=name) for name, check in executor_checks()]
)
def test_the_contract(make, check):
    """Check that every executor of this machine keeps the contract."""
    check(make)


@pytest.mark.slow
def test_the_contract_in_fresh_interpreters():
    """Check that workers that are started afresh keep the contract."""
    check_executor(lambda task: ProcessExecutor(task, launcher="spawn"))


def test_close_forgets_what_was_not_begun():
    """Check that a job that nobody asked for is not run."""
    executor = InlineExecutor(ToyTask())
    executor.submit(Job(0, 0, {}, 0))
    executor.close()
    assert executor.collect() == []


def test_what_takes_too_long_in_this_process_is_given_up():
    """Check that a job with a limit cannot keep the search from going on."""
    ended = Event()

    class Endless:
        def run(self, job):
            ended.wait()
            return as_outcome(job, 1.0)

    with InlineExecutor(Endless()) as executor:
        executor.submit(Job(0, 0, {}, 0, seconds=0.05))
        (outcome,) = executor.collect()
    ended.set()
    assert outcome.evaluation.status == TIMEOUT


def test_threads_have_the_configuration_of_who_made_them():
    """Check that scikit-learn's settings, which belong to a thread, reach the workers."""

    class Configured:
        def run(self, job):
            return as_outcome(job, float(get_config()["assume_finite"]))

    with config_context(assume_finite=True):
        executor = in_threads(1)(Configured())
    with executor:
        executor.submit(Job(0, 0, {}, 0))
        (outcome,) = executor.collect()
    assert outcome.evaluation.scores == {"score": 1.0}


# The choice among executors


@pytest.fixture
def _no_processes(monkeypatch):
    """Replace the worker processes, which have their own tests, by a record of the call."""

    def record(task, n_workers, **settings):
        return "processes", n_workers

    monkeypatch.setattr("autotune.execution.processes._executor.ProcessExecutor", record)


@pytest.mark.usefixtures("_no_processes")
@pytest.mark.parametrize(
    ("backend", "configured", "n_jobs", "killable", "expected"),
    [
        (None, None, None, False, InlineExecutor),
        (None, None, 1, False, InlineExecutor),
        (None, None, 2, False, ("processes", 2)),
        (None, None, 1, True, ("processes", 1)),
        ("loky", 3, None, False, ("processes", 3)),
        ("loky", 3, 2, False, ("processes", 2)),
        ("threading", 3, None, False, FuturesExecutor),
        ("threading", 1, None, False, InlineExecutor),
        ("threading", 3, None, True, ("processes", 3)),
        ("sequential", 3, None, False, InlineExecutor),
    ],
)
def test_the_executor_follows_joblib(backend, configured, n_jobs, killable, expected):
    """Check that ``n_jobs`` and ``joblib.parallel_config`` mean what they mean elsewhere."""
    if backend is None:
        executor = make_executor(ToyTask(), n_jobs, killable=killable)
    else:
        with joblib.parallel_config(backend=backend, n_jobs=configured):
            executor = make_executor(ToyTask(), n_jobs, killable=killable)
    if isinstance(expected, tuple):
        assert executor == expected
        return
    with executor:
        assert type(executor) is expected
        assert executor.n_workers == (3 if expected is FuturesExecutor else 1)


@pytest.mark.usefixtures("_no_processes")
def test_an_outer_parallel_loop_is_not_multiplied():
    """Check that ``n_jobs=None`` stays in its process within joblib's workers."""

    def kind():
        with make_executor(ToyTask(), None) as executor:
            return type(executor).__name__, executor.n_workers

    with joblib.parallel_config(backend="threading"):
        kinds = joblib.Parallel(n_jobs=2)(joblib.delayed(kind)() for _ in range(2))
    assert kinds == [("InlineExecutor", 1)] * 2


def test_no_jobs_are_refused():
    """Check that ``n_jobs=0`` is an error, as everywhere in scikit-learn."""
    with pytest.raises(ValueError, match="n_jobs == 0"):
        make_executor(ToyTask(), 0)


@pytest.mark.parametrize("error", [TypeError, PicklingError, OSError])
def test_what_cannot_travel_stays(monkeypatch, error):
    """Check that a task that cannot be sent to a process runs here, with a warning."""

    def refuse(task, n_workers, **settings):
        raise error("cannot pickle '_thread.lock' object")

    monkeypatch.setattr("autotune.execution.processes._executor.ProcessExecutor", refuse)
    with pytest.warns(UserWarning, match="evaluations run in this process.*_thread.lock"):
        executor = make_executor(ToyTask(), 2)
    assert type(executor) is InlineExecutor


# Building a model


def test_a_fit_cannot_change_the_space():
    """Check that every object among the parameters is copied, and the wrapped model too."""
    tree, sizes, weights = DecisionTreeClassifier(), np.array([1, 2]), {0: 1.0}
    model = BaggingClassifier()
    params = {"estimator": tree, "max_samples": sizes, "estimator__class_weight": weights}
    built = build(model, params, 0)
    assert built is not model
    assert built.estimator is not tree
    assert built.estimator.class_weight == weights
    assert built.estimator.class_weight is not weights
    assert built.max_samples is not sizes
    assert params["estimator"].random_state is None
    assert tree.class_weight is None


def test_values_arrive_as_they_are():
    """Check None, booleans, strings, tuples, functions and classes."""
    values = [None, True, "rbf", (50, 50), len, int, PCA, np.float64(0.5), [1, (2,)]]
    for value in values:
        arrived = build(SVC(), {"C": value}, 0).C
        assert arrived == value
        assert type(arrived) is type(value)


def test_one_of_several_models():
    """Check that a configuration may name its model, with its own parameters."""
    model = SVC(gamma="auto")
    built = build(None, {"estimator": model, "estimator__C": 7}, 0)
    assert (built.C, built.gamma, model.C) == (7, "auto", 1.0)
    assert build(None, {"estimator": model}, 0) is not model


def test_whole_steps_and_their_parameters():
    """Check that a step is set before its parameters, whatever the order of the names."""
    pipeline = Pipeline([("clf", LogisticRegression())])
    built = build(pipeline, {"clf__n_estimators": 3, "clf": RandomForestClassifier()}, 0)
    assert built.named_steps["clf"].n_estimators == 3
    assert isinstance(pipeline.named_steps["clf"], LogisticRegression)


class Plain(TransformerMixin, BaseEstimator):
    """A transformer that knows no names, and so no ``set_output``."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)


def columns():
    return ColumnTransformer([("all", StandardScaler(), [0, 1])], remainder="passthrough")


IN_PANDAS = {
    "a transformer": (make_pipeline(StandardScaler(), SVC()), {"standardscaler": MinMaxScaler()}),
    "a pipeline": (
        make_pipeline(StandardScaler(), SVC()),
        {"standardscaler": make_pipeline(MinMaxScaler(), PCA(2))},
    ),
    "for a pipeline": (
        Pipeline([("prepare", make_pipeline(StandardScaler(), PCA(2))), ("clf", SVC())]),
        {"prepare": MinMaxScaler(), "clf__C": 3},
    ),
    "for passthrough": (
        Pipeline([("scale", "passthrough"), ("pca", PCA(2)), ("clf", SVC())]),
        {"scale": StandardScaler()},
    ),
    "in columns": (make_pipeline(columns(), SVC()), {"columntransformer__all": MinMaxScaler()}),
    "columns": (
        make_pipeline(columns(), SVC()),
        {"columntransformer__all": MinMaxScaler(), "columntransformer": columns()},
    ),
    "in a union": (
        make_pipeline(FeatureUnion([("one", "drop"), ("two", PCA(2))]), SVC()),
        {"featureunion__one": MinMaxScaler()},
    ),
}


@pytest.mark.parametrize("name", IN_PANDAS)
@pytest.mark.parametrize("several", [False, True])
def test_chosen_steps_keep_the_output(name, several):
    """Check that a transformer that is chosen has the output that its pipeline was set to."""
    pipeline, params = IN_PANDAS[name]
    pipeline = clone(pipeline).set_output(transform="pandas")
    if several:
        params = {"estimator": pipeline, **{f"estimator__{k}": v for k, v in params.items()}}
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=list("abc"))
    built = build(None if several else pipeline, params, 0).fit(X, np.tile([0, 1], 10))
    rows = X
    for step in built[:-1]:
        assert step == "passthrough" or isinstance(step.transform(rows), pandas.DataFrame)
        rows = rows if step == "passthrough" else step.transform(rows)
    assert not any(output_of(value) for value in params.values() if value is not pipeline)


@pytest.mark.parametrize(
    ("pipeline", "step", "output"),
    [
        (make_pipeline(StandardScaler(), SVC()), MinMaxScaler(), None),
        (
            make_pipeline(StandardScaler(), SVC()).set_output(transform="pandas"),
            MinMaxScaler().set_output(transform="default"),
            "default",
        ),
        (make_pipeline(StandardScaler(), SVC()).set_output(transform="pandas"), Plain(), None),
        (
            Pipeline(
                [
                    ("standardscaler", "passthrough"),
                    ("one", PCA().set_output(transform="pandas")),
                    ("two", PCA()),
                    ("clf", SVC()),
                ]
            ),
            MinMaxScaler(),
            None,
        ),
        (make_pipeline(StandardScaler(), SVC()).set_output(transform="pandas"), SVC(), None),
    ],
)
def test_output_that_was_not_asked_for(pipeline, step, output):
    """Check that a choice keeps its own output, and gets none that the pipeline does not have."""
    built = build(pipeline, {"standardscaler": step}, 0)
    assert output_of(built.named_steps["standardscaler"]) == output


# Seeds


def test_only_missing_seeds_are_set():
    """Check that each ``random_state=None`` has its own seed, and others are left alone."""
    model = BaggingClassifier(DecisionTreeClassifier(random_state=5))
    seed_estimator(model, 1)
    assert model.estimator.random_state == 5
    assert isinstance(model.random_state, int)
    other = BaggingClassifier(DecisionTreeClassifier())
    seed_estimator(other, 1)
    assert other.estimator.random_state != other.random_state


def test_seeds_differ_for_every_path():
    """Check that paths of all lengths, zeros at the end included, have seeds of their own."""
    paths = [(), (0,), (0, 0), (1,), (1, 0), (0, 1), (1, 1), (2**31 - 1,), (0, 0, 0, 0)]
    seeds = {derive_seed(seed, *path) for seed in range(200) for path in paths}
    assert len(seeds) == 200 * len(paths)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert derive_seed(7, 3) == derive_seed(7, 3)


def test_unseeded_models_are_left_alone():
    """Check a model without any ``random_state``."""
    built = build(Pipeline([("clf", DecisionTreeClassifier(random_state=0))]), {}, 9)
    assert built.named_steps["clf"].random_state == 0
