from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
import sklearn
from estimators import Faulty, Recorded, ToyTask
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from waiting import PATIENCE, until

from autotune import AutoTunedClassifier, Budget
from autotune.evaluation._job import Job
from autotune.execution._futures import LOOK
from autotune.execution._pool_worker import read_answer
from autotune.execution.processes import _pool
from autotune.history import Key
from autotune.testing import check_executor, executor_checks

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

from autotune.execution.cluster import _client  # noqa: E402  # needs distributed
from autotune.execution.cluster._executor import DaskExecutor  # noqa: E402

SPACE = {"C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.1]}


@pytest.fixture(scope="module")
def here():
    """Return a client of a cluster in this process, which starts at once."""
    with _cluster(processes=False, n_workers=2) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def processes():
    """Return a client of a cluster with two worker processes."""
    with _cluster(processes=True, n_workers=2) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def fresh():
    """Return a client of a cluster of processes that the test may ruin."""
    with _cluster(processes=True, n_workers=2) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(params=["here", pytest.param("processes", marks=pytest.mark.slow)])
def client(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def _slow_is_not_frozen(monkeypatch):
    """Let the workers of a busy machine be silent for a while without being lost."""
    monkeypatch.setattr(_client, "FROZEN", 30.0)


@pytest.fixture(autouse=True)
def _nothing_left_on_the_client(request):
    """Fail a test that leaves futures, events or a broken connection behind."""
    names = {"client", "processes", "fresh"} & set(request.fixturenames)
    clients = [request.getfixturevalue(name) for name in names]
    with ExitStack() as stack:
        for client in clients:  # not the cluster that was started last
            stack.enter_context(client.as_current())
        yield
    for client in clients:
        assert client.submit(sum, [1, 2], pure=False).result(PATIENCE) == 3
        until(lambda client=client: not any(map(_is_ours, list(client.futures))))
        until(lambda client=client: not any(client.run(_servers).values()))


def _is_ours(key):
    return str(key).startswith(("Payload-", "run-"))


def _servers():
    """End the servers of this process that wait for another search, and return the others.

    A worker may forget a task, and so give back its server, later than the client does.
    """
    _pool.close()
    owner = f", {os.getpid()}, "
    servers = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            command = " ".join(process.cmdline())
            if "_fork_server import main" in command and owner in command:
                servers.append(process.pid)
    return servers


@contextmanager
def _cluster(**options):
    """Start a cluster that hurries to forget the copies of data that it thinks are too many."""
    with (
        dask.config.set({"distributed.scheduler.active-memory-manager.interval": "20ms"}),
        distributed.LocalCluster(
            threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50, **options
        ) as cluster,
    ):
        yield cluster


def _dask():
    return joblib.parallel_config(backend="dask")


def _scores(model):
    return {
        name: column
        for name, column in model.cv_results_.items()
        if "time" not in name and "param" not in name
    }


class Local(ClassifierMixin, BaseEstimator):
    """Is defined in a test module, and can take its time.

    Its fit lasts some seconds, or until the file ``note`` knows of so many fits or of so many
    processes that fitted: what others do in the meantime then does not depend on their speed.
    """

    def __init__(self, C=1.0, seconds=0.0, note=None, fits=math.inf, workers=math.inf):
        self.C = C
        self.seconds = seconds
        self.note = note
        self.fits = fits
        self.workers = workers

    def fit(self, X, y):
        if self.note is not None:
            with Path(self.note).open("a") as file:
                file.write(f"{os.getpid()}\n")
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and not self._knows_enough():
            time.sleep(0.01)
        self.classes_ = np.unique(y)
        return self

    def _knows_enough(self):
        pids = Path(self.note).read_text().split() if self.note is not None else []
        return len(pids) >= self.fits or len(set(pids)) >= self.workers

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    "check", [pytest.param(check, id=name) for name, check in executor_checks()]
)
def test_the_contract(client, check):
    """Check that a cluster keeps the contract of executors."""
    check(lambda task: DaskExecutor(task, client))


def test_the_contract_where_jobs_can_be_ended(client):
    """Check that a cluster keeps the contract if jobs have processes of their own."""
    check_executor(lambda task: DaskExecutor(task, client, killable=True))


@pytest.mark.parametrize("strategy", ["grid", "random"])
def test_results_equal_those_of_one_process(client, strategy):
    """Check that the cluster changes neither the scores nor the winner."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(
        SVC(), SPACE, strategy=strategy, budget=6, cv=3, random_state=0, return_train_score=True
    )
    alone = _scores(model.fit(X, y))
    best, prediction = model.best_params_, model.predict(X)
    with _dask():
        model.fit(X, y)
    for name, column in _scores(model).items():
        np.testing.assert_array_equal(column, alone[name], err_msg=name)
    assert model.best_params_ == best
    np.testing.assert_array_equal(model.predict(X), prediction)


def test_nested_in_a_parallel_cross_validation(client):
    """Check that searches inside tasks do not block each other, nor the cluster."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(SVC(), SPACE, strategy="grid", cv=2)
    expected = cross_val_score(model, X, y, cv=3)
    with _dask():
        scores = cross_val_score(model, X, y, cv=3, n_jobs=2)
    np.testing.assert_array_equal(scores, expected)


def test_failures_are_data(client):
    """Check that whatever a fit raises becomes a row, and the worker lives on."""
    X, y = load_iris(return_X_y=True)
    pids = set(client.run(os.getpid))
    faults = ["none", "raise", "sys_exit", "memory_error"]
    model = AutoTunedClassifier(
        Faulty(), {"fault": faults}, strategy="grid", cv=2, include_default=False
    )
    with _dask(), pytest.warns(sklearn.exceptions.FitFailedWarning, match="3 of 4 trials failed"):
        model.fit(X, y)
    assert [trial.status for trial in model.history_] == ["complete"] + ["failed"] * 3
    assert "this configuration does not work" in model.history_[1].error
    assert set(client.run(os.getpid)) == pids


def test_what_cannot_travel_stays_here(client):
    """Check that a model that cannot be pickled is tuned in this process, with a warning."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(
        Local(), {"C": [1.0]}, strategy="grid", cv=2, scoring=_Unpicklable()
    )
    with _dask(), pytest.warns(UserWarning, match="run in this process.*stays at home"):
        assert model.fit(X, y).best_score_ == 1.0


class _Unpicklable:
    def __call__(self, estimator, X, y):
        return 1.0

    def __reduce__(self):
        raise TypeError("stays at home")


def test_scikit_learn_s_configuration_travels(client):
    """Check that evaluations run under the configuration of the process that searches."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(
        DecisionTreeClassifier(), {"max_depth": [1]}, strategy="grid", cv=2, scoring=_is_routing
    )
    with _dask(), sklearn.config_context(enable_metadata_routing=True):
        assert model.fit(X, y).best_score_ == 1.0


def _is_routing(estimator, X, y):
    return float(sklearn.get_config()["enable_metadata_routing"])


def test_data_travel_once(client, tmp_path):
    """Check that the data are pickled once, and unpickled once in each worker process at most."""
    X, y = load_iris(return_X_y=True)
    log = tmp_path / "log"
    data = Recorded.of(X, log)
    model = AutoTunedClassifier(Local(), {"C": list(range(1, 20))}, strategy="grid", cv=3)
    with _dask():
        model.fit(data, y)
    events = log.read_text().split("\n")[:-1]
    assert [event for event in events if event.startswith("pickled")] == [f"pickled {os.getpid()}"]
    unpickled = [event for event in events if event.startswith("unpickled")]
    pids = set(client.run(os.getpid).values()) - {os.getpid()}  # here the data are already
    assert bool(unpickled) == bool(pids)
    assert set(unpickled) <= {f"unpickled {pid}" for pid in pids}
    assert len(set(unpickled)) == len(unpickled)


def test_nothing_waits_for_a_batch(client, tmp_path):
    """Check that short evaluations go on beside a long one."""
    X, y = load_iris(return_X_y=True)
    n_short = 11
    model = AutoTunedClassifier(
        # The default comes first; it ends when the last of the others has begun.
        Local(seconds=PATIENCE, note=str(tmp_path / "note"), fits=1 + n_short),
        {"seconds": [0.002 * number for number in range(n_short)]},
        strategy="grid",
        cv=[(np.arange(100), np.arange(100, 150))],
        refit=False,
    )
    with _dask():
        model.fit(X, y)
    ended = [trial.evaluations[Key(0)].ended for trial in model.history_]
    assert sum(end < ended[0] for end in ended[1:]) >= n_short - 1


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hang", "hang_in_c", "exit"])
def test_seconds_are_kept(processes, fault):
    """Check that an evaluation that hangs or dies on the cluster costs itself only."""
    X, y = load_iris(return_X_y=True)
    pids = processes.run(os.getpid)
    model = AutoTunedClassifier(
        Faulty(),
        {"fault": ["none", fault], "C": [1.0, 2.0]},
        strategy="grid",
        budget=Budget(seconds=PATIENCE, seconds_per_trial=3),
        cv=2,
    )
    with _dask(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    expected = "crashed" if fault == "exit" else "timeout"
    statuses = {trial.params.get("fault", "none"): trial.status for trial in model.history_}
    assert statuses == {"none": "complete", fault: expected}
    assert model.predict(X).shape == y.shape
    assert processes.run(os.getpid) == pids
    until(lambda: not any(processes.run(_worker_processes).values()))


@pytest.mark.parametrize("how", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_threads_of_a_worker_share_a_server_and_the_data(how):
    """Check that a worker has one server of processes and one copy of the data for all threads."""
    task = ToyTask(np.ones(300_000))
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=3,
            processes=how == "processes",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster) as client,
        DaskExecutor(task, client, killable=True) as executor,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number in range(3):
            executor.submit(Job(number, 0, {"call": partial(_meet, folder, number)}, 0))
        outcomes = []
        while len(outcomes) < 3:
            outcomes += executor.collect(PATIENCE)
    pids, servers, files = zip(*(outcome.model for outcome in outcomes), strict=True)
    assert [len({*found}) for found in (pids, servers, files)] == [3, 1, 1]
    assert not {*pids, *servers} & {os.getpid()}
    until(lambda: not any(map(psutil.pid_exists, pids)))


def _meet(folder, number, data):
    """Wait until three jobs run; return this process, its server and the file of the data."""
    Path(folder, str(number)).touch()
    until(lambda: len(os.listdir(folder)) == 3)
    return os.getpid(), os.getppid(), data.filename


SEARCH = """
import os, sys, time
import dask, distributed
from estimators import ToyTask
from autotune.evaluation import Job
from autotune.execution.cluster._executor import DaskExecutor

scheduler, note = sys.argv[1:]

def endless(data):
    open(note, "w").write(str(os.getpid()))
    time.sleep(1000)

with distributed.Client(scheduler_file=scheduler) as client:
    executor = DaskExecutor(ToyTask(), client, killable=True)
    executor.submit(Job(0, 0, {"call": endless}, 0))
    print(executor.collect())
"""


@pytest.mark.slow
def test_a_search_that_is_killed(machines, tmp_path):
    """Check that what a search has started on a cluster ends if the search is killed."""
    note = tmp_path / "note"
    folders = [str(Path(__file__).parents[n]) for n in (2, 1)]
    search = psutil.Popen(
        [sys.executable, "-c", SEARCH, str(machines.file), str(note)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
    )
    try:
        until(lambda: note.exists() and note.read_text())
    finally:
        search.kill()
        search.wait(PATIENCE)
    until(lambda: not psutil.pid_exists(int(note.read_text())))


def _worker_processes():
    pids = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # one that has just ended has no command any more
            if "autotune" in " ".join(child.cmdline()):
                pids.append(child.pid)
    return pids


@pytest.mark.slow
def test_a_worker_that_dies_loses_nothing(fresh, tmp_path):
    """Check that a killed worker's evaluations are run again, though it held the data."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=12)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(fit)
        until(lambda: len(_pids(note)) == 2)
        for pid in _pids(note):  # all of them, and with them all copies of the data
            psutil.Process(pid).kill()
        run.result(PATIENCE)
    assert [trial.status for trial in model.history_] == ["complete"] * 12


@pytest.mark.slow
def test_a_worker_that_leaves_loses_nothing(fresh, tmp_path):
    """Check that the search goes on when the cluster shrinks."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=8)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(fit)
        until(lambda: len(_pids(note)) == 2)
        fresh.cluster.scale(1)
        run.result(PATIENCE)
    assert [trial.status for trial in model.history_] == ["complete"] * 8


@pytest.mark.slow
def test_a_worker_that_joins_is_used(fresh, tmp_path):
    """Check that the search uses a worker that was not there when it began."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=6, seconds=PATIENCE, workers=3)  # ends when there are three
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(fit)
        until(lambda: len(_pids(note)) == 2)
        fresh.cluster.scale(3)
        run.result(PATIENCE)
    assert len(_pids(note)) == 3
    assert [trial.status for trial in model.history_] == ["complete"] * 6


@pytest.mark.parametrize("what", ["client", "cluster"])
def test_a_cluster_that_is_closed(tmp_path, what):
    """Check that a search ends with what it knows, and a warning, if its cluster is closed."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=60)
    with (
        _cluster(processes=False, n_workers=2) as cluster,
        distributed.Client(cluster) as client,
        pytest.warns(UserWarning, match=r"the Dask cluster cannot be reached: .* ends early"),
    ):
        _during(fit, note, (client if what == "client" else cluster).close)
    assert {trial.status for trial in model.history_} == {"complete", "interrupted"}
    assert model.history_[model.best_index_].status == "complete"


def _during(fit, note, act):
    """Fit, and do something when a few evaluations have ended."""
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(fit)
        until(lambda: len(note.read_text().split()) > 6 if note.exists() else False)
        act()
        run.result(PATIENCE)


class _Machines:
    """A scheduler and two workers, each a process of its own, that nobody starts again."""

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(self.file.exists)
        self.workers = [self._start("worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]

    def _start(self, kind, *options):
        module = f"distributed.cli.dask_{kind}"
        command = [sys.executable, "-m", module, "--no-dashboard", "--scheduler-file", self.file]
        paths = os.pathsep.join(filter(None, sys.path))
        environment = {**os.environ, "PYTHONPATH": paths}
        return psutil.Popen([*command, *options], stderr=subprocess.DEVNULL, env=environment)

    def ruin(self, how):
        if how == "no workers":
            for worker in self.workers:
                worker.kill()
        elif how == "workers frozen":
            for worker in self.workers:
                worker.suspend()
        elif how == "scheduler killed":
            self.scheduler.kill()
        elif how == "scheduler frozen":
            self.scheduler.suspend()

    def close(self):
        for process in [*self.workers, self.scheduler]:
            for one in [*process.children(recursive=True), process]:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            process.wait(PATIENCE)


@pytest.fixture
def machines(tmp_path):
    machines = _Machines(tmp_path)
    try:
        with distributed.Client(scheduler_file=str(machines.file)) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
            yield machines
            for process in [*machines.workers, machines.scheduler]:
                process.kill()  # also what is frozen, which no client could leave
    finally:
        machines.close()


RUIN = {
    "no workers": "it has no workers",
    "scheduler killed": "the scheduler",
    "scheduler frozen": "the scheduler does not answer",
}


@pytest.mark.slow
def test_workers_that_freeze(machines, monkeypatch, tmp_path):
    """Check that the search ends with what it knows, and a last fit here."""
    monkeypatch.setattr(_client, "FROZEN", 3.0)
    note = tmp_path / "note"
    model, fit = _long_search(note, n=5000, seconds=0.1)
    model.set_params(refit=True, budget=Budget(seconds=PATIENCE, seconds_per_trial=5))
    with pytest.warns(UserWarning, match="cannot be reached: its workers do not answer"):
        _during(fit, note, lambda: machines.ruin("workers frozen"))
    assert model.history_[model.best_index_].status == "complete"
    assert str(os.getpid()) in note.read_text().split()  # the last fit


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "budget"),
    [*((how, None) for how in RUIN), ("scheduler frozen", Budget(trials=60, seconds=1000))],
)
def test_a_cluster_that_goes_away(machines, how, budget, tmp_path):
    """Check that the search ends with what it knows, and a last fit here, if its cluster is gone.

    With a budget of trials too: nothing waits for ever.
    """
    note = tmp_path / "note"
    model, fit = _long_search(note, n=60)
    model.set_params(refit=True, budget=budget)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "3s"}),
        pytest.warns(UserWarning, match=f"Dask cluster cannot be reached: {RUIN[how]}") as caught,
    ):
        _during(fit, note, lambda: machines.ruin(how))
    assert len(caught) == 1
    assert model.history_[model.best_index_].status == "complete"
    assert set(model.predict(np.zeros((3, 4)))) == {0}
    assert str(os.getpid()) in note.read_text().split()  # the last fit


@pytest.mark.slow
@pytest.mark.parametrize("how", RUIN)
def test_seconds_are_kept_without_a_cluster(machines, how, tmp_path):
    """Check that the budget is kept, and the one error says what was lost, if nothing is known."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=60, seconds=PATIENCE)
    model.set_params(refit=True, budget="15s")
    start = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(fit)
        machines.ruin(how)
        with pytest.raises(ConnectionError, match=r"cluster cannot be reached.* no trial was"):
            run.result(PATIENCE)
    assert time.monotonic() - start < 15 + 10  # Dask would wait for 30 s
    assert {trial.status for trial in model.history_} <= {"interrupted"}


@pytest.mark.slow
@pytest.mark.parametrize("how", RUIN)
def test_a_cluster_that_goes_away_before_the_last_fit(machines, how, tmp_path):
    """Check that the last fit runs in this process if the cluster is lost after the search."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=3, seconds=0.0)
    model.set_params(refit=_Ruin(machines, how), budget=Budget(trials=3, seconds=1000))
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "3s"}),
        pytest.warns(UserWarning, match="cannot be reached: .*: the last fit runs in this process"),
    ):
        fit()
    assert note.read_text().split()[-1] == str(os.getpid())
    assert [trial.status for trial in model.history_] == ["complete"] * 3


class _Ruin:
    """Chooses the first trial, and ruins the cluster."""

    def __init__(self, machines, how):
        self.machines, self.how = machines, how

    def __call__(self, cv_results):
        self.machines.ruin(self.how)
        return 0


@pytest.mark.slow
def test_a_scheduler_that_is_frozen_for_a_while(machines, tmp_path):
    """Check that a search goes on when its cluster answers again."""
    note = tmp_path / "note"
    model, fit = _long_search(note, n=20)

    def freeze():
        machines.scheduler.suspend()
        time.sleep(5 * LOOK)
        machines.scheduler.resume()

    _during(fit, note, freeze)
    assert [trial.status for trial in model.history_] == ["complete"] * 20


UNREADABLE = {
    "no pickle": b"nonsense",
    "another length": pickle.dumps((1, 2, 3)),
    "another type": pickle.dumps(({}, None)),
    "raises": b"cbuiltins\nfloat\n(S'x'\ntR.",
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_answers_that_cannot_be_read(answer):
    """Check that an answer that makes no sense is the failure of its evaluation."""
    outcome = read_answer(answer, Job(3, 1, {}, 0, 0.5))
    evaluation = outcome.evaluation
    assert (evaluation.trial, evaluation.key, evaluation.status) == (3, Key(1, 0.5), "failed")
    assert evaluation.error.startswith("The answer of a worker could not be read:")


class Broken(Exception):
    """Cannot be unpickled, since it is made of two values and pickled with one."""

    def __init__(self, name, number):
        super().__init__(f"{name} {number}")


class Breaking(Local):
    def fit(self, X, y):
        if self.C > 1:
            raise Broken("no fit for", self.C)
        return super().fit(X, y)


def test_exceptions_that_cannot_be_read(client):
    """Check that an exception that cannot be unpickled only fails its evaluation."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(Breaking(), {"C": [1.0, 2.0]}, strategy="grid", cv=2)
    with _dask(), pytest.warns(sklearn.exceptions.FitFailedWarning, match="no fit for 2.0"):
        model.fit(X, y)
    assert [trial.status for trial in model.history_] == ["complete", "failed"]


def _long_search(note, n, seconds=0.3, workers=math.inf):
    """Return a model and the call that fits it for a while."""
    X, y = load_iris(return_X_y=True)
    model = AutoTunedClassifier(
        Local(seconds=seconds, note=str(note), workers=workers),
        {"C": list(range(n))},
        strategy="grid",
        cv=[(np.arange(100), np.arange(100, 150))],
        include_default=False,
        refit=False,
    )

    def fit():
        with _dask():
            return model.fit(X, y)

    return model, fit


def _pids(note):
    return set(map(int, note.read_text().split())) if note.exists() else set()
