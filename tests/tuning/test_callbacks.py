"""Tests of scikit-learn's callbacks: one task for each evaluation, wherever it runs."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections import Counter
from contextlib import ExitStack, contextmanager

import joblib
import pytest
from estimators import Moody
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from autotune import Auto, AutoTunedClassifier, Budget
from autotune.history import Evaluation, History
from autotune.schedule import Request
from autotune.timing._subsample import Subsample
from autotune.tuning import _first_fits
from autotune.tuning._callbacks import Callbacks
from autotune.tuning._problem import make_problem

pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.callback._transport import open_listener, send

X, y = (data[::3] for data in load_iris(return_X_y=True))
SPACE = {"C": [1.0, 10.0, 100.0]}
EVALUATION, REFIT = "candidate-split-evaluation", "refit-with-best-params"
N_EVALUATIONS = 3 * 2  # the default is among the three


class Recorder:
    """A callback that notes every hook, also those called in worker processes.

    Parameters
    ----------
    stop_at : int or None
        The number of the evaluation whose end asks to stop.
    """

    max_propagation_depth = None

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.notes = []
        self._listener = open_listener(self.notes.append, owner=self)

    def __getstate__(self):
        return {**self.__dict__, "notes": []}

    def setup(self, estimator, context):
        send(self._listener, ("setup", context.task_name, None))

    def teardown(self, estimator, context):
        send(self._listener, ("teardown", context.task_name, None))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        name = context.source_task_name or context.task_name
        send(self._listener, ("begin", name, (None if X is None else len(X), metadata)))

    def on_fit_task_end(self, estimator, context):
        name = context.source_task_name or context.task_name
        send(self._listener, ("end", name, None))
        return name == EVALUATION and context.task_id == self.stop_at

    def count(self, hook, name):
        return sum(note[:2] == (hook, name) for note in self.notes)


def tuned(model=None, space=SPACE, **settings):
    return AutoTunedClassifier(
        SVC() if model is None else model, space, strategy="grid", cv=2, random_state=0, **settings
    )


def assert_complete(recorder, n_evaluations, n_fits=1):
    """Check that every task began and ended once."""
    for name, count in ((EVALUATION, n_evaluations), ("search", n_fits), (REFIT, n_fits)):
        assert (recorder.count("begin", name), recorder.count("end", name)) == (count, count), name


@pytest.mark.parametrize("settings", [{}, {"n_jobs": 2}], ids=["one process", "two processes"])
def test_one_task_per_evaluation(settings):
    """Check that callbacks are told of every evaluation, the search and the refit."""
    search, recorder = tuned(**settings), Recorder()
    search.set_callbacks(recorder).fit(X, y, sample_weight=y + 1.0)
    assert_complete(recorder, N_EVALUATIONS)
    hooks = [note[:2] for note in recorder.notes]
    assert hooks[0][0] == "setup"
    assert hooks[-1][0] == "teardown"
    assert recorder.count("setup", hooks[0][1]) == 1
    told = [note[2] for note in recorder.notes if note[:2] == ("begin", EVALUATION)]
    assert all(n_rows == 25 and list(metadata) == ["sample_weight"] for n_rows, metadata in told)
    assert search.best_params_ == tuned().fit(X, y, sample_weight=y + 1.0).best_params_


def test_a_last_fit_that_was_made_before_the_search(monkeypatch):
    """Check that its task begins and ends, though the default on all rows is the result."""

    def measure(*arguments):
        arguments[-1]._measure(len(X), 60.0)
        return Subsample()

    monkeypatch.setattr(_first_fits, "measure_subsample", measure)
    recorder = Recorder()
    search = AutoTunedClassifier(
        SVC(), {"C": [1.0, 1e-9]}, budget=Budget(trials=2, seconds=60), cv=2, random_state=0
    )
    search.set_callbacks(recorder).fit(X, y)
    assert search.best_params_ == {"C": 1.0}
    assert recorder.count("begin", REFIT) == recorder.count("end", REFIT) == 1


def test_in_threads():
    """Check the same for a pool of threads."""
    recorder = Recorder()
    with joblib.parallel_config(backend="threading", n_jobs=2):
        tuned().set_callbacks(recorder).fit(X, y)
    assert_complete(recorder, N_EVALUATIONS)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_nested(n_jobs):
    """Check that evaluations are told of inside GridSearchCV too."""
    recorder = Recorder()
    outer = GridSearchCV(tuned(), {"estimator__shrinking": [True, False]}, cv=2, n_jobs=n_jobs)
    outer.set_callbacks(recorder).fit(X, y)
    n_outer, n_fits = 2 * 2, 2 * 2 + 1  # the last of the fits is the refit
    assert recorder.count("begin", EVALUATION) == n_outer + n_fits * N_EVALUATIONS
    assert recorder.count("end", EVALUATION) == n_outer + n_fits * N_EVALUATIONS


def test_inside_itself():
    """Check a search that tunes a search."""
    recorder = Recorder()
    outer = tuned(tuned(), {"estimator__shrinking": [True, False]}, include_default=False)
    outer.set_callbacks(recorder).fit(X, y)
    inner_fits = 2 * 2 + 1
    assert recorder.count("end", "search") == inner_fits + 1
    assert recorder.count("end", REFIT) == inner_fits + 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stop(n_jobs):
    """Check that a callback can end the search, which then refits the best so far."""
    recorder = Recorder(stop_at=3)
    space = {"C": [*range(1, 51)]}  # 100 evaluations
    search = tuned(space=space, n_jobs=n_jobs).set_callbacks(recorder).fit(X, y)
    n_evaluations = recorder.count("end", EVALUATION)
    # Those that wait at a worker when the callback speaks are still carried out.
    assert n_evaluations == 4 if n_jobs == 1 else 4 <= n_evaluations < 50
    assert search.cv_results_["status"][search.best_index_] == "complete"
    assert search.predict(X).shape == y.shape


class Patience(Recorder):
    """A callback that stops a search after some trials without a better score."""

    def __init__(self, patience):
        super().__init__()
        self.patience, self.best, self.since = patience, -1.0, 0

    def on_trial_end(self, estimator, trial):
        score = estimator.history_.score(trial)
        self.best, self.since = (score, 0) if score > self.best else (self.best, self.since + 1)
        return self.since == self.patience


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stop_at_the_end_of_a_trial(n_jobs):
    """Check that a callback in this process is told of each trial, and can end the search."""
    space, patience = {"C": [*range(1, 51)]}, Patience(3)
    search = tuned(space=space, n_jobs=n_jobs).set_callbacks(patience).fit(X, y)
    n_complete = (search.cv_results_["status"] == "complete").sum()
    assert n_complete < 50
    if n_jobs == 1:
        assert n_complete == search.best_index_ + 1 + patience.patience


def test_no_comparison_after_a_stop():
    """Check that the final comparison does not follow a search that a callback has ended."""
    search = AutoTunedClassifier(SVC(), strategy=Auto(n_repeats=1), cv=2, random_state=0)
    search.set_callbacks(Patience(1)).fit(X, y)
    assert len(search.history_) < 50
    assert set(search.history_.to_frame()["phase"].dropna()) == {"search"}


def test_failures_are_tasks_too():
    """Check that an evaluation that raises has its end."""
    recorder = Recorder()
    search = tuned(Moody(), {"mood": ["fit", "predict"]}).set_callbacks(recorder)
    with pytest.warns() as caught:
        search.fit(X, y)
    assert len(caught) == 2
    assert_complete(recorder, N_EVALUATIONS)


@pytest.mark.filterwarnings("ignore:The estimator SVC does not support callbacks")
@pytest.mark.parametrize("model", [SVC(), LogisticRegression(max_iter=500)], ids=["leaf", "deep"])
def test_tasks_are_those_of_scikit_learn_s_searchers(model):
    """Check that a callback sees the names that it sees in a grid search, as often."""
    seen = []
    for search in (
        GridSearchCV(clone(model), SPACE, cv=2),
        AutoTunedClassifier(clone(model), SPACE, strategy="grid", cv=2, include_default=False),
    ):
        recorder = Recorder()
        search.set_callbacks(recorder).fit(X, y)
        seen.append(Counter(note[:2] for note in recorder.notes))
    assert seen[0] == seen[1]


EXECUTORS = {
    "one process": ({}, "loky"),
    "processes": ({"n_jobs": 2}, "loky"),
    "seconds": ({"budget": Budget(trials=3, seconds=600)}, "loky"),
    "threads": ({"n_jobs": 2}, "threading"),
    "dask": ({}, "dask"),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("settings", "backend"), EXECUTORS.values(), ids=EXECUTORS)
def test_scores_of_the_wrapped_model(settings, backend):
    """Check that the scores of a model's iterations belong to one run, as in a grid search."""
    logs = []
    for make in (
        lambda model: GridSearchCV(model, SPACE, cv=2),
        lambda model: tuned(model, include_default=False, **settings),
    ):
        monitor = ScoringMonitor(scoring="accuracy")
        model = make(LogisticRegression(max_iter=3).set_callbacks(monitor))
        with _backend(backend if logs else "loky"):
            model.fit(X, y)
        (log,) = monitor.get_logs(select="all", include_lineage=True)
        logs.append(Counter(map(_place_and_score, log.data)))
    assert logs[0] == logs[1]


def _place_and_score(row):
    """Return what a score belongs to; who submits first depends on nothing but the settings."""
    accuracy = row.get("accuracy")
    return len(row["task_id_path"]), row["task_name"], accuracy and round(accuracy, 6)


@contextmanager
def _backend(name):
    """Use a backend of joblib; Dask's with a cluster in this process."""
    with ExitStack() as stack:
        if name == "dask":
            distributed = pytest.importorskip("distributed")
            cluster = distributed.LocalCluster(
                n_workers=2, processes=False, dashboard_address="127.0.0.1:0", silence_logs=50
            )
            stack.enter_context(distributed.Client(stack.enter_context(cluster)))
        stack.enter_context(joblib.parallel_config(name))
        yield


def test_given_up_tasks_end():
    """Check that every task that began has ended when the search has, also what was pruned."""
    recorder, history = Recorder(), History(2)
    owner = tuned().set_callbacks(recorder)
    callbacks = Callbacks(owner, make_problem(owner, X, y, {}), 8)
    trials = [history.add({}, "random") for _ in range(2)]
    for trial in trials:
        for fold in range(2):
            context = callbacks.submitting(trial, Request(trial.number, fold))
            context.call_on_fit_task_begin(**callbacks.event)
            assert context.task_id == 2 * trial.number + fold
    done = Evaluation(0, 0, status="crashed")
    callbacks.evaluated(done, history)
    assert recorder.count("end", EVALUATION) == 1
    callbacks.end_search()
    assert recorder.count("end", EVALUATION) == recorder.count("begin", EVALUATION) == 4
    assert recorder.notes[-1][:2] == ("end", "search")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rich's, not ours
@pytest.mark.parametrize("budget", [None, "60s"])
def test_progress_bar(budget, capsys):
    """Check that scikit-learn's progress bar works, also where the number is unknown."""
    pytest.importorskip("rich")
    search = tuned(budget=budget).set_callbacks(ProgressBar())
    search.fit(X, y)
    output = capsys.readouterr().out
    assert "AutoTunedClassifier" in output
    assert search.predict(X).shape == y.shape


def test_without_the_api():
    """Check that all works where scikit-learn has no callbacks."""
    code = """
    import sys
    sys.modules["sklearn.callback"] = None
    try:
        import sklearn.datasets, sklearn.pipeline, sklearn.svm
    except ImportError:  # this scikit-learn needs the module itself: hide it from us alone
        del sys.modules["sklearn.callback"]
        import sklearn.datasets, sklearn.pipeline, sklearn.svm
        sys.modules["sklearn.callback"] = None
    from autotune import AutoTunedClassifier
    from autotune.compat._sklearn import HAS_CALLBACKS
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    search = AutoTunedClassifier(sklearn.svm.SVC(), {"C": [1.0, 2.0]}, strategy="grid").fit(X, y)
    print(HAS_CALLBACKS, hasattr(search, "set_callbacks"), search.score(X, y) > 0.9)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.stdout.split() == ["False", "False", "True"]
