"""What runs in this process while no worker is ready."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from estimators import ToyTask
from sklearn import config_context, get_config
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_info
from waiting import PATIENCE, until
from workers import answer, call, collect, hold_servers, job

from autotune.evaluation import Job, Task
from autotune.execution import run_watched
from autotune.execution._watched import Watched
from autotune.execution.processes import _pool
from autotune.execution.processes._executor import ProcessExecutor
from autotune.history import COMPLETE, FAILED, TIMEOUT

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
y = (X[:, 0] > 0).astype(int)
FOLDS = [(np.arange(80), np.arange(80, 120)), (np.arange(40, 120), np.arange(40))]


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """Return a file without which no server starts."""
    yield hold_servers(monkeypatch, tmp_path)
    _pool.close()


def make_task(model, scoring="accuracy", data=X) -> Task:
    return Task(model, data, y[: len(data)], FOLDS, get_scorer(scoring))


@pytest.mark.parametrize("data", [X, pd.DataFrame(X, columns=list("abcd"))], ids=type)
def test_the_default_is_tried_at_once(data, gate):
    """Check that folds of trial 0 end before the server has started, in this process."""
    task = make_task(LogisticRegression(), data=data)
    with ProcessExecutor(task, meanwhile=0) as executor:
        for fold in range(2):
            executor.submit(job(0, PATIENCE, fold))
        evaluations = [outcome.evaluation for outcome in collect(executor, 2)]
        assert [e.status for e in evaluations] == [COMPLETE, COMPLETE]
        assert "still starting" in executor.delay


def test_the_result_is_that_of_a_worker(gate):
    """Check that scores, warnings and settings do not depend on where an evaluation runs."""
    task = make_task(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1)), "roc_auc")
    seen = []
    with warnings.catch_warnings(), config_context(assume_finite=True):
        warnings.simplefilter("always")
        for here in (True, False):
            with ProcessExecutor(task, meanwhile=0 if here else None) as executor:
                executor.submit(job(0, PATIENCE))
                if not here:
                    gate.touch()
                seen += collect(executor, 1)
    first, second = (outcome.evaluation for outcome in seen)
    assert first.scores == second.scores
    assert first.warnings == second.warnings
    assert "ConvergenceWarning" in first.warnings[0]


def own_function(data):
    return data


class OwnModel(LogisticRegression):
    pass


NOT_HERE = {
    "a later trial": (LogisticRegression(), {}, 1),
    "a class of the user's": (OwnModel(), {}, 0),
    "a class of the user's inside": (make_pipeline(StandardScaler(), OwnModel()), {}, 0),
    "a function of the user's": (
        make_pipeline(FunctionTransformer(own_function), LogisticRegression()),
        {},
        0,
    ),
    "a function that ends the process": (
        make_pipeline(FunctionTransformer(os._exit), LogisticRegression()),
        {},
        0,
    ),
    "a model that was chosen": (None, {"estimator": OwnModel()}, 0),
    "much data": (LogisticRegression(), {}, 0),
}


@pytest.mark.parametrize("case", NOT_HERE)
def test_what_waits_for_a_worker(case, gate):
    """Check that nothing that could hang, end this process or take long is run in it."""
    model, params, trial = NOT_HERE[case]
    data = np.ones((120, 3000)) if case == "much data" else X
    with ProcessExecutor(make_task(model, data=data), meanwhile=0) as executor:
        executor.submit(Job(trial, 0, params, 0, seconds=PATIENCE))
        assert executor.collect(0.2) == []
        assert [one.trial for one in executor.unfinished] == [trial]


class Gated(ToyTask):
    """A task that is small, so that its jobs may run here.

    Sent to a worker, it is of a module that is not trusted: tests lift that.
    """

    def is_small(self, job):
        return True


@pytest.fixture
def trusting(monkeypatch):
    """Let every job run here."""
    monkeypatch.setattr("autotune.execution.processes._executor.is_trusted", lambda modules: True)


def test_what_does_not_end_here_is_given_to_a_worker(gate, trusting, tmp_path):
    """Check that a job that hangs here runs again in a worker, and its thread ends."""
    begun, here, before = tmp_path / "begun", os.getpid(), set(threading.enumerate())

    def hang_here(data):
        while os.getpid() == here:
            begun.touch()
            time.sleep(0.01)
        return os.getpid()

    with ProcessExecutor(Gated(), meanwhile=0) as executor:
        executor.submit(call(hang_here))
        assert executor.collect(1.0) == []
        assert begun.exists()
        until(lambda: set(threading.enumerate()) <= before)
        gate.touch()
        (outcome,) = collect(executor, 1)
        assert outcome.model not in (None, here)


def test_a_worker_that_is_ready_takes_over(gate, trusting):
    """Check that a job under way here moves to a worker as soon as one is free."""
    here = os.getpid()

    def wait_for_a_worker(data):
        if os.getpid() == here:
            gate.touch()
            while True:
                time.sleep(0.01)
        return os.getpid()

    with ProcessExecutor(Gated(), meanwhile=0) as executor:
        executor.submit(call(wait_for_a_worker))
        (outcome,) = collect(executor, 1)
        assert outcome.model != here
        assert executor.delay == ""


def test_a_limit_in_seconds_is_no_timeout_here(gate, trusting):
    """Check that a job whose time is up here has another chance in a worker."""
    here = os.getpid()

    def hang_here(data):
        while os.getpid() == here:
            time.sleep(0.01)

    with ProcessExecutor(Gated(), meanwhile=0) as executor:
        executor.submit(job(0, 0.1, call=hang_here))
        assert executor.collect(0.3) == []
        (pending,) = executor._queue
        pending.job = replace(pending.job, seconds=PATIENCE)  # what it gets in a worker
        gate.touch()
        assert [o.evaluation.status for o in collect(executor, 1)] == [COMPLETE]


def test_run_watched_ends_in_time():
    """Check that a fit that hangs is a timeout, and that its thread ends."""
    before = set(threading.enumerate())

    def hang(data):
        while True:
            time.sleep(0.01)

    outcome = run_watched(ToyTask(), job(3, 0.1, call=hang))
    assert (outcome.evaluation.trial, outcome.evaluation.status) == (3, TIMEOUT)
    assert "did not end within 0.1 s" in str(outcome.evaluation.error)
    until(lambda: set(threading.enumerate()) <= before)


def test_run_watched_is_like_any_other_run():
    """Check that models, errors, warnings and scikit-learn's settings come through."""

    def look(data):
        warnings.warn("a word", UserWarning, stacklevel=1)
        return get_config()["assume_finite"], threading.current_thread() is threading.main_thread()

    with warnings.catch_warnings(), config_context(assume_finite=True):
        warnings.simplefilter("always")
        outcome = run_watched(ToyTask(), job(0, PATIENCE, fold=None, call=look))
    assert outcome.model == (True, False)
    assert outcome.warnings == [(UserWarning, "a word")]
    failed = run_watched(ToyTask(), job(0, PATIENCE, fault="raise"))
    assert failed.evaluation.status == FAILED
    assert isinstance(failed.exception, ValueError)


def test_draws_are_those_of_a_worker():
    """Check that the global generators are seeded as in a worker, and left as they were."""

    def draw(data):
        return np.random.rand(), random.random()

    random.seed(1)
    np.random.seed(1)
    expected = draw(None)
    random.seed(1)
    np.random.seed(1)
    here = run_watched(ToyTask(), job(7, PATIENCE, fold=None, call=draw)).model
    assert draw(None) == expected
    with ProcessExecutor(ToyTask()) as executor:
        assert answer(executor, draw, 7) == here


def test_where_no_thread_can_be_started(gate, monkeypatch):
    """Check that the job waits for a worker, and that warnings and generators stay as they are."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    shown = warnings.showwarning, warnings.filters
    with ProcessExecutor(make_task(DecisionTreeClassifier()), meanwhile=0) as executor:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            executor.submit(job(0, PATIENCE))
            assert executor.collect(0.1) == []
        assert (warnings.showwarning, warnings.filters) == shown
        gate.touch()
        assert [o.evaluation.status for o in collect(executor, 1)] == [COMPLETE]


def test_threads_are_those_of_a_worker():
    """Check that a job here uses no more threads than one in a worker."""

    def count(data):
        RandomForestClassifier(2).fit(X, y)
        return {pool["num_threads"] for pool in threadpool_info()}

    with Watched(ToyTask(), call(count), threads=1) as watched:
        until(watched.has_ended)
        outcome = watched.outcome
    assert outcome is not None
    assert outcome.model == {1}


def test_nothing_is_said_to_the_users_terminal(capfd):
    """Check that giving up a thread prints no traceback."""

    def hang(data):
        while True:
            time.sleep(0.01)

    before = set(threading.enumerate())
    run_watched(ToyTask(), job(0, 0.05, call=hang))
    until(lambda: set(threading.enumerate()) <= before)
    sys.stderr.flush()
    assert capfd.readouterr() == ("", "")
