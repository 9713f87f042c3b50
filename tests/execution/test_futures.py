"""Evaluations in pools of ``concurrent.futures``."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Event, Thread

import joblib
import numpy as np
import pytest
from estimators import Faulty, Recorded, ToyTask
from joblib.externals.loky import ProcessPoolExecutor as LokyPool
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
from waiting import PATIENCE, until
from workers import answer, call, collect, job, lines, run, shared_folders

from autotune import AutoTunedClassifier, Budget
from autotune.execution import ClusterLostError, FuturesBackend, FuturesExecutor, make_executor
from autotune.execution import _pool_worker as worker
from autotune.execution._payload import Payload, find
from autotune.execution.processes import SharedProcesses
from autotune.history import COMPLETE, CRASHED, TIMEOUT
from autotune.testing import check_executor

X, y = load_iris(return_X_y=True)
SPACE = {"C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.1]}


class Strange(Executor):
    """A pool that nobody knows: a thread for each job, to which it goes as a pickle."""

    def submit(self, function, /, *args):
        future, message = Future(), pickle.dumps((function, args), protocol=4)
        Thread(target=self._work, args=(future, message)).start()
        return future

    @staticmethod
    def _work(future, message):
        function, args = pickle.loads(message)
        if future.set_running_or_notify_cancel():
            future.set_result(function(*args))


@pytest.fixture(scope="module")
def processes():
    """Return a pool of processes, which is started once."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def loky():
    pool = LokyPool(2)
    yield pool
    pool.shutdown(kill_workers=True)


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def strange():
    return Strange()


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("processes", "loky")]


@pytest.fixture(params=["threads", "strange", *SLOW])
def pool(request):
    return request.getfixturevalue(request.param)


def test_the_contract(pool):
    """Check that any pool keeps the contract of executors, and may be used by one after another."""
    check_executor(lambda task: FuturesExecutor(task, pool, 2))


def tuned(**settings):
    return AutoTunedClassifier(SVC(), SPACE, strategy="grid", cv=3, random_state=0, **settings)


def test_the_pool_of_joblib_s_configuration(pool):
    """Check that a fit uses the pool that is active, with the same results as without."""
    expected = tuned().fit(X, y)
    with joblib.parallel_config(backend=FuturesBackend(pool, 2)):
        model = tuned().fit(X, y)
    assert model.best_params_ == expected.best_params_
    np.testing.assert_array_equal(
        model.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )


def test_all_of_joblib_uses_the_pool(pool):
    """Check that searches run within the pool's jobs when the loop around them is parallel."""
    expected = cross_val_score(tuned(), X, y, cv=3)
    with joblib.parallel_config(backend=FuturesBackend(pool, 2)):
        np.testing.assert_array_equal(cross_val_score(tuned(), X, y, cv=3, n_jobs=2), expected)


@pytest.mark.parametrize(
    ("n_jobs", "expected"), [(None, 3), (-1, 3), (-2, 2), (-9, 1), (1, 1), (2, 2), (8, 3)]
)
def test_how_many_jobs(threads, n_jobs, expected):
    """Check that ``n_jobs`` means a share of the pool, and all of it where it is not given."""
    with (
        joblib.parallel_config(backend=FuturesBackend(threads, 3)),
        make_executor(ToyTask(), n_jobs) as executor,
    ):
        assert type(executor) is FuturesExecutor
        assert executor.n_workers == expected


def test_no_jobs(threads):
    """Check that ``n_jobs=0`` is refused as everywhere."""
    with (
        joblib.parallel_config(backend=FuturesBackend(threads, 3)),
        pytest.raises(ValueError, match="n_jobs == 0"),
    ):
        make_executor(ToyTask(), 0)


@pytest.mark.slow
def test_seconds_are_kept_in_any_pool(threads):
    """Check that an evaluation that hangs or dies in a pool costs itself only."""
    model = AutoTunedClassifier(
        Faulty(),
        {"fault": ["none", "hang_in_c", "exit"]},
        strategy="grid",
        budget=Budget(seconds=PATIENCE, seconds_per_trial=3),
        cv=2,
    )
    with (
        joblib.parallel_config(backend=FuturesBackend(threads, 2)),
        pytest.warns(FitFailedWarning, match="2 of 3 trials failed"),
    ):
        model.fit(X, y)
    statuses = {trial.params.get("fault", "none"): trial.status for trial in model.history_}
    assert statuses == {"none": COMPLETE, "hang_in_c": TIMEOUT, "exit": CRASHED}


@pytest.mark.slow
def test_data_travel_once(processes, tmp_path):
    """Check that data are pickled once, and unpickled once at most in each process of a pool."""
    log = tmp_path / "log"
    data = Recorded.of(X, log)
    with joblib.parallel_config(backend=FuturesBackend(processes, 2)):
        tuned().fit(data, y)
    events = lines(log)
    assert events.count(f"pickled {os.getpid()}") == 1
    others = [event for event in events if event.startswith("unpickled")]
    assert 1 <= len(others) == len(set(others)) <= 2


def test_a_worker_without_the_task(strange, monkeypatch):
    """Check that a worker that does not have the task, or not any more, is sent it."""
    asked = []

    def find(key):
        asked.append(key)
        return None

    monkeypatch.setattr(worker, "find", find)
    with FuturesExecutor(ToyTask("the data"), strange, 2) as executor:
        assert answer(executor, lambda data: data) == "the data"
        assert answer(executor, lambda data: data) == "the data"
    assert len(asked) == 3  # for two jobs and close
    assert len(set(asked)) == 1


def test_nothing_is_pickled_for_threads(threads):
    """Check that threads have the very task and job, and return the very model."""
    with FuturesExecutor(ToyTask(data := Event()), threads, 2) as executor:
        assert answer(executor, lambda given: given) is data


class Stubborn:
    def __call__(self, estimator, X, y):
        return 1.0

    def __reduce__(self):
        raise TypeError("stays at home")


def test_what_cannot_travel_stays_here(strange):
    """Check that a scorer that cannot be pickled is used in this process, with a warning."""
    model = tuned(scoring=Stubborn())
    with (
        joblib.parallel_config(backend=FuturesBackend(strange, 2)),
        pytest.warns(UserWarning, match="run in this process.* scoring cannot be pickled: .*home"),
    ):
        assert model.fit(X, y).best_score_ == 1.0


class Breaking(ThreadPoolExecutor):
    """A pool that breaks during its tenth job."""

    n_jobs = 0

    def submit(self, function, /, *args):
        self.n_jobs += 1
        return super().submit(function if self.n_jobs < 10 else self._break, *args)

    def _break(self, *args):
        raise BrokenProcessPool("a process died")


def test_a_pool_that_breaks():
    """Check that a search ends with what it knows, and a warning, if its pool breaks."""
    with (
        Breaking(2) as pool,
        joblib.parallel_config(backend=FuturesBackend(pool, 2)),
        pytest.warns(UserWarning, match="be used: a process died: the search ends early"),
    ):
        model = tuned().fit(X, y)
    assert model.history_[model.best_index_].status == COMPLETE
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("moment", ["before", "meanwhile"])
def test_a_pool_that_is_shut_down(moment):
    """Check that nobody waits for a pool that was shut down."""
    pool, gate = ThreadPoolExecutor(1), Event()
    with FuturesExecutor(ToyTask(), pool, 1) as executor:
        if moment == "meanwhile":
            executor.submit(call(lambda data: gate.wait()))
            executor.submit(job(1))
        pool.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(ClusterLostError, match="can no longer be used"):
            executor.submit(job(2))
        if moment == "meanwhile":
            with pytest.raises(ClusterLostError, match="it was shut down"):
                executor.collect()
        gate.set()


class Losing(ThreadPoolExecutor):
    """A pool that fails to return what was computed."""

    def submit(self, function, /, *args):
        return super().submit(lambda: [][function(*args) is None])


def test_what_the_pool_itself_raises():
    """Check that an error that is not the job's is told as the crash of that job."""
    with FuturesExecutor(ToyTask(), Losing(1), 1, shutdown=True) as executor:
        outcome = run(executor, job())
    assert outcome.evaluation.status == CRASHED
    assert outcome.evaluation.error.startswith("IndexError: ")


# Payloads


def test_a_payload_is_one_object_in_a_process():
    """Check that copies are the one that was made, or the one that arrived first."""
    payload = Payload({"a": 1}, "it")
    assert pickle.loads(pickle.dumps(payload)) is payload
    message = pickle.dumps(Payload(np.arange(3), "it"))
    gc.collect()
    first = pickle.loads(message)
    assert first.arrived
    assert pickle.loads(message) is first
    assert find(first.key) is first
    assert first.open() is first.open()
    assert first.open().tolist() == [0, 1, 2]


def test_nobody_keeps_a_payload(monkeypatch):
    """Check that a task that no job asks for is let go after a while."""
    monkeypatch.setattr(worker, "KEPT", 0.05)
    message = pickle.dumps(Payload((ToyTask(), {}), "it"))
    task = pickle.loads(message)
    key = task.key
    answered = worker.run(task, pickle.loads(pickle.dumps(Payload(job(), "it"))))
    assert isinstance(answered, bytes)
    del task
    until(lambda: find(key) is None)
    assert worker.run(key, Payload(job(), "it")) is None


# Processes that threads share


@pytest.fixture
def shared():
    """Return an executor of three threads that share processes, and what is shared."""
    task = SharedProcesses(ToyTask(np.ones(300_000)))
    with FuturesExecutor(task, ThreadPoolExecutor(3), 3, shutdown=True) as executor:
        yield executor, task


def test_threads_share_a_server_and_the_data(shared, tmp_path):
    """Check that jobs side by side have one server, and one copy of the data, on a machine."""
    executor, _ = shared

    def meet(data, number):
        (tmp_path / str(number)).touch()
        until(lambda: len(list(tmp_path.iterdir())) == 3)
        return os.getpid(), os.getppid(), data.filename

    before = set(shared_folders())
    for number in range(3):
        executor.submit(call(lambda data, number=number: meet(data, number), number))
    pids, servers, files = zip(*(outcome.model for outcome in collect(executor, 3)), strict=True)
    assert len(set(pids)) == 3
    assert len({*servers}) == len({*files}) == 1
    assert os.getpid() not in {*pids, *servers}
    assert len(set(shared_folders()) - before) == 1


def test_the_same_job_again(shared, tmp_path):
    """Check that a job that is sent again takes the place of the one that still runs."""
    executor, _ = shared
    executor.submit(call(lambda data: (tmp_path / "begun").touch() or until(lambda: False)))
    until((tmp_path / "begun").exists)
    executor.submit(call(lambda data: "again"))
    first, second = collect(executor, 2)
    assert (first.evaluation.status, second.model) == (CRASHED, "again")


def test_a_job_that_nobody_wants(shared, monkeypatch, tmp_path):
    """Check that a job ends when nobody waits for it any more."""
    executor, _ = shared
    pid = tmp_path / "pid"
    executor.submit(call(lambda data: pid.write_text(str(os.getpid())) and until(lambda: False)))
    until(lambda: lines(pid))
    monkeypatch.setattr(SharedProcesses, "is_wanted", lambda self: False)
    (outcome,) = collect(executor, 1)
    assert outcome.evaluation.status == CRASHED


def test_workers_that_cannot_start(monkeypatch, tmp_path):
    """Check that all jobs say why there are no processes, and a later one tries again."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "nothing"))
    task = SharedProcesses(ToyTask())
    with FuturesExecutor(task, ThreadPoolExecutor(2), 2, shutdown=True) as executor:
        for number in range(2):
            executor.submit(job(number))
        errors = {outcome.evaluation.error for outcome in collect(executor, 2)}
        assert all("nothing" in error for error in errors)
        monkeypatch.undo()
        assert run(executor, job(2)).evaluation.status == COMPLETE


def test_shared_processes_end_when_they_are_forgotten():
    """Check that neither processes nor threads are left of what was never closed."""
    before = set(threading.enumerate())
    task = SharedProcesses(ToyTask())
    assert task.run(job()).evaluation.status == COMPLETE
    assert set(threading.enumerate()) - before
    del task
    gc.collect()
    until(lambda: set(threading.enumerate()) <= before)
