"""Tests of scikit-learn's callbacks: one task for each evaluation, wherever it runs."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import joblib
import pytest
from estimators import Moody
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, Budget
from autotune import _run as run_module
from autotune._pilot import Scale

pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
from sklearn.callback import ProgressBar
from sklearn.callback._transport import open_listener, send

pytestmark = pytest.mark.late  # scikit-learn's managers of callbacks

X, y = (data[::3] for data in load_iris(return_X_y=True))
SPACE = {"C": [1.0, 10.0, 100.0]}
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
        return name == "evaluation" and context.task_id == self.stop_at

    def count(self, hook, name):
        return sum(note[:2] == (hook, name) for note in self.notes)


def tuned(model=None, space=SPACE, **settings):
    return AutoTunedClassifier(
        SVC() if model is None else model, space, strategy="grid", cv=2, random_state=0, **settings
    )


def assert_complete(recorder, n_evaluations, n_fits=1):
    """Check that every task began and ended once."""
    for name, count in (("evaluation", n_evaluations), ("search", n_fits), ("refit", n_fits)):
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
    told = [note[2] for note in recorder.notes if note[:2] == ("begin", "evaluation")]
    assert all(n_rows == 25 and list(metadata) == ["sample_weight"] for n_rows, metadata in told)
    assert search.best_params_ == tuned().fit(X, y, sample_weight=y + 1.0).best_params_


def test_a_last_fit_that_was_made_before_the_search(monkeypatch):
    """Check that its task begins and ends, though the default on all rows is the result."""

    def measure(*arguments):
        arguments[-1]._measure(len(X), 60.0)
        return Scale()

    monkeypatch.setattr(run_module, "measure", measure)
    recorder = Recorder()
    search = AutoTunedClassifier(
        SVC(), {"C": [1.0, 1e-9]}, budget=Budget(trials=2, seconds=60), cv=2, random_state=0
    )
    search.set_callbacks(recorder).fit(X, y)
    assert search.best_params_ == {"C": 1.0}
    assert recorder.count("begin", "refit") == recorder.count("end", "refit") == 1


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
    n_fits = 2 * 2 + 1
    assert recorder.count("begin", "evaluation") == n_fits * N_EVALUATIONS
    assert recorder.count("end", "evaluation") == n_fits * N_EVALUATIONS


def test_inside_itself():
    """Check a search that tunes a search."""
    recorder = Recorder()
    outer = tuned(tuned(), {"estimator__shrinking": [True, False]}, include_default=False)
    outer.set_callbacks(recorder).fit(X, y)
    inner_fits = 2 * 2 + 1
    assert recorder.count("end", "search") == inner_fits + 1
    assert recorder.count("end", "refit") == inner_fits + 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_stop(n_jobs):
    """Check that a callback can end the search, which then refits the best so far."""
    recorder = Recorder(stop_at=3)
    space = {"C": [*range(1, 51)]}  # 100 evaluations
    search = tuned(space=space, n_jobs=n_jobs).set_callbacks(recorder).fit(X, y)
    n_evaluations = recorder.count("end", "evaluation")
    # Those that wait at a worker when the callback speaks are still carried out.
    assert n_evaluations == 4 if n_jobs == 1 else 4 <= n_evaluations < 50
    assert search.cv_results_["status"][search.best_index_] == "complete"
    assert search.predict(X).shape == y.shape


def test_failures_are_tasks_too():
    """Check that an evaluation that raises has its end."""
    recorder = Recorder()
    search = tuned(Moody(), {"mood": ["fit", "predict"]}).set_callbacks(recorder)
    with pytest.warns() as caught:
        search.fit(X, y)
    assert len(caught) == 2
    assert_complete(recorder, N_EVALUATIONS)


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
    from autotune._compat import HAS_CALLBACKS
    X, y = sklearn.datasets.load_iris(return_X_y=True)
    search = AutoTunedClassifier(sklearn.svm.SVC(), {"C": [1.0, 2.0]}, strategy="grid").fit(X, y)
    print(HAS_CALLBACKS, hasattr(search, "set_callbacks"), search.score(X, y) > 0.9)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.stdout.split() == ["False", "False", "True"]
