from __future__ import annotations

import os
import pickle
import random
import re
import signal
import stat
import struct
import subprocess
import sys
import textwrap
import time
import types
import warnings
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
import sklearn
from estimators import ToyTask
from waiting import PATIENCE, until
from workers import (
    answer,
    belongings,
    call,
    collect,
    expire,
    is_gone,
    job,
    read_pid,
    run,
    shared_folders,
)

from autotune.execution._packing import cloudpickle
from autotune.execution.processes import _worker_state
from autotune.execution.processes._executor import ProcessExecutor, WorkerStartError
from autotune.execution.processes._launchers import THREAD_VARIABLES
from autotune.history import COMPLETE, CRASHED, FAILED, TIMEOUT

SECONDS = 0.5  # what an evaluation that hangs is allowed


FATES = [  # fault, status, what the error says
    ("none", COMPLETE, None),
    ("raise", FAILED, "this configuration does not work"),
    ("sys_exit", FAILED, "SystemExit: stop"),
    ("interrupt", FAILED, "KeyboardInterrupt"),
    ("memory_error", FAILED, "MemoryError"),
    ("hang", TIMEOUT, "did not end within 0.5 s"),
    ("hang_in_c", TIMEOUT, "did not end within 0.5 s"),
    ("stop", TIMEOUT, "did not end within 0.5 s"),
    ("segfault", CRASHED, "killed by SIGSEGV"),
    ("exit", CRASHED, "exited with code 3"),
    ("kill", CRASHED, "killed by SIGKILL"),
    ("close_files", CRASHED, "closed its connection"),
]


def limit(status: str) -> float:
    """Return the seconds for a job: few only where it is to use them up."""
    return SECONDS if status == TIMEOUT else PATIENCE


def script(text: str, folder: Path, **options) -> subprocess.Popen:
    """Start a script that has no ``if __name__ == "__main__"``."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    root = Path(__file__).parents[1]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root.parent)])}
    command = [sys.executable, str(path)]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=-1, **options)


@pytest.fixture
def _patient(monkeypatch):
    """Let a server take its time to report why a worker has ended."""
    monkeypatch.setattr(_worker_state, "EOF_GRACE", PATIENCE)


def test_every_fault_has_its_fate(monkeypatch):
    """Check that each fault ends as it should, at its own cost, beside innocents."""
    with ProcessExecutor(ToyTask(), 2) as executor:
        run(executor, job())
        for fault, status, error in FATES:
            # Only one that lives on has no end that the server could report.
            patience = SECONDS if fault == "close_files" else PATIENCE
            monkeypatch.setattr(_worker_state, "EOF_GRACE", patience)
            executor.submit(job(1, limit(status), fault=fault))
            executor.submit(job(2, PATIENCE))
            guilty, innocent = sorted(collect(executor, 2), key=lambda o: o.evaluation.trial)
            assert innocent.evaluation.status == COMPLETE, fault
            assert guilty.evaluation.status == status, fault
            assert guilty.evaluation.trial == 1, fault
            assert (error or "") in (guilty.evaluation.error or ""), fault
            if status == TIMEOUT:
                assert SECONDS <= guilty.evaluation.fit_time < PATIENCE, fault


def test_fresh_interpreters():
    """Check that workers that are started afresh do what forked ones do."""
    with ProcessExecutor(ToyTask(np.arange(500_000)), launcher="spawn") as executor:
        assert answer(executor, lambda data: int(data[-1])) == 499_999
        for fault, status in (("hang_in_c", TIMEOUT), ("exit", CRASHED)):
            executor.submit(job(1, limit(status), fault=fault))
            executor.submit(job(2))
            statuses = [o.evaluation.status for o in collect(executor, 2)]
            assert statuses == [status, COMPLETE]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux only")
@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize("launcher", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_memory_limit(launcher):
    """Check that a job that allocates without end is killed and the next one runs."""
    with ProcessExecutor(ToyTask(), memory=500_000_000, launcher=launcher) as executor:
        evaluation = run(executor, job(fault="leak")).evaluation
        assert evaluation.status == CRASHED
        assert evaluation.error == "The worker process exceeded its memory limit of 500 MB"
        assert run(executor, job()).evaluation.status == COMPLETE


def test_a_killed_server_is_replaced():
    """Check that the loss of the worker server costs the running jobs only, again and again."""
    with ProcessExecutor(ToyTask(), 3, launcher="fork") as executor:
        for trial in range(3):
            executor.submit(job(trial, fault="kill_parent"))
        fates = {(o.evaluation.status, o.evaluation.error) for o in collect(executor, 3)}
        assert fates == {(CRASHED, "The worker server ended")}
        assert run(executor, job()).evaluation.status == COMPLETE


@pytest.mark.parametrize("detached", [False, True])
def test_what_a_fit_started_dies_with_it(tmp_path, detached):
    """Check that the processes that a fit started are killed with its worker."""
    notes = [tmp_path / "timeout", tmp_path / "crash"]
    with ProcessExecutor(ToyTask()) as executor:
        run(executor, job())
        executor.submit(job(0, PATIENCE, note=str(notes[0]), detached=detached, fault="hang"))
        child = read_pid(notes[0])
        assert not is_gone(child)
        expire(executor)
        assert [o.evaluation.status for o in collect(executor, 1)] == [TIMEOUT]
        until(lambda: is_gone(child))
        dying = job(1, note=str(notes[1]), detached=detached, fault="exit")
        assert run(executor, dying).evaluation.status == CRASHED
        if not detached:
            until(lambda: is_gone(read_pid(notes[1])))
    until(lambda: is_gone(read_pid(notes[1])))


def test_an_answer_in_time_counts_when_it_is_read_late():
    """Check that a job that ended in time is no timeout because this process was busy."""
    with ProcessExecutor(ToyTask()) as executor:
        run(executor, job())
        executor.submit(job(1, PATIENCE))
        (worker,) = executor._workers.values()
        until(worker.has_news)
        expire(executor)
        assert [o.evaluation.status for o in executor.collect()] == [COMPLETE]


def test_order_and_queue():
    """Check that jobs beyond the workers wait, in order."""
    with ProcessExecutor(ToyTask()) as executor:
        for trial in (0, 1, 2, 1):
            executor.submit(job(trial))
        assert [one.trial for one in executor.unfinished] == [0, 1, 2, 1]
        assert [o.evaluation.trial for o in collect(executor, 4)] == [0, 1, 2, 1]
        assert executor.collect() == []


def test_cancel_kills_without_an_outcome(tmp_path):
    """Check that a cancelled job has no outcome, whether it runs or waits."""
    note = tmp_path / "note"
    with ProcessExecutor(ToyTask()) as executor:
        run(executor, job())
        running, waiting = job(0, note=str(note), fault="hang"), job(1)
        executor.submit(running)
        executor.submit(waiting)
        child = read_pid(note)
        assert executor.cancel(waiting)
        assert executor.cancel(running)
        assert not executor.cancel(running)
        assert executor.unfinished == []
        until(lambda: is_gone(child))
        assert run(executor, job(2)).evaluation.trial == 2


def test_close_is_fast_final_and_repeatable():
    """Check that closing does not wait for hanging jobs, and that nothing runs afterwards."""
    executor = ProcessExecutor(ToyTask(), 2)
    run(executor, job())
    executor.submit(job(fault="hang_in_c"))
    executor.submit(job(fault="hang"))
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < PATIENCE
    executor.close()
    assert executor.collect() == []
    with pytest.raises(RuntimeError, match="submit was called after close"):
        executor.submit(job())


@pytest.mark.parametrize("launcher", ["fork", "spawn"])
def test_nothing_is_left(launcher):
    """Check that after ``close`` there are no more processes, files, threads or folders."""
    before = belongings()
    with ProcessExecutor(ToyTask(np.zeros(500_000)), 2, launcher=launcher) as executor:
        for trial in range(2):
            executor.submit(job(trial, SECONDS, fault="hang"))
        collect(executor, 2)
    assert belongings() - before == set()
    assert not shared_folders()


def test_an_executor_that_is_forgotten_is_closed():
    """Check that the garbage collector ends the workers of an executor that nobody closed."""
    executor = ProcessExecutor(ToyTask())
    pid = answer(executor, lambda data: os.getpid())
    del executor
    until(lambda: is_gone(pid))


class Unloadable:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.usefixtures("_patient")
@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Unloadable(int, "x"), "cannot load the task: ValueError: invalid literal"),
        (Unloadable(os._exit, 5), "3 attempts failed.*exited with code 5"),
        (
            Unloadable(time.sleep, 3600),
            "worker processes were still (starting|importing .*) after 0.3 s",
        ),
    ],
)
def test_workers_that_cannot_start(task, message):
    """Check that the search is told, and that the job is not lost."""
    timeout = 0.3 if task.call[0] is time.sleep else PATIENCE
    with ProcessExecutor(task, start_timeout=timeout) as executor:
        executor.submit(job(3))
        with pytest.raises(WorkerStartError, match=message):
            collect(executor, 1)
        assert [one.trial for one in executor.unfinished] == [3]


def test_the_random_state_comes_from_the_job():
    """Check that draws depend on the job's seed, not on the worker or on what ran before."""
    with ProcessExecutor(ToyTask(), 2) as executor:
        for trial in (1, 2, 1, 2, 1):
            executor.submit(call(lambda data: (np.random.rand(), random.random()), trial))
        draws: dict[int, set] = {1: set(), 2: set()}
        for outcome in collect(executor, 5):
            draws[outcome.evaluation.trial].add(outcome.model)
        assert [len(draws[1]), len(draws[2])] == [1, 1]
        assert draws[1] != draws[2]


def test_workers_resemble_this_process(tmp_path, monkeypatch):
    """Check that directory, import path, warnings and scikit-learn's settings are taken over."""
    (tmp_path / "mine.py").write_text("ANSWER = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def look(data):
        import mine

        with pytest.raises(UserWarning):
            warnings.warn("raised as told", UserWarning, stacklevel=1)
        warnings.warn("hidden as told", FutureWarning, stacklevel=1)
        return mine.ANSWER, os.getcwd(), sklearn.get_config()["assume_finite"]

    def disturb(data):
        warnings.simplefilter("ignore")
        sklearn.set_config(assume_finite=False)

    with warnings.catch_warnings(), sklearn.config_context(assume_finite=True):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "hidden as", FutureWarning)
        with ProcessExecutor(ToyTask()) as executor:
            for _ in range(2):
                assert answer(executor, look) == (42, str(tmp_path), True)
                answer(executor, disturb)


def _count_threads(data):
    limits = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    return limits, joblib.effective_n_jobs(-1), joblib.effective_n_jobs(4)


def test_threads_are_divided_among_workers(monkeypatch):
    """Check that several workers do not use more threads than the machine has cores."""
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with ProcessExecutor(ToyTask(), max(2, joblib.cpu_count())) as executor:
        limits, n_jobs, n_four = answer(executor, _count_threads)
        assert set(limits.values()) == {"1"}
        assert (n_jobs, n_four) == (1, 1)


def test_one_worker_keeps_its_threads(monkeypatch):
    """Check that nothing is limited for one worker, and that the user's own limits win."""
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with ProcessExecutor(ToyTask(), 1) as executor:
        limits, n_jobs, _ = answer(executor, _count_threads)
        assert set(limits.values()) == {None}
        assert n_jobs == joblib.cpu_count()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with ProcessExecutor(ToyTask(), 1, threads=3) as executor:
        limits, _, _ = answer(executor, _count_threads)
        assert limits.pop("OMP_NUM_THREADS") == "7"
        assert set(limits.values()) == {"3"}


def test_a_script_without_guard(tmp_path):
    """Check that classes of ``__main__`` work, that it runs once, and that prints are seen."""
    text = """
    import os
    from autotune.evaluation._job import Job, Outcome
    from autotune.history import Evaluation
    from autotune.execution.processes._executor import ProcessExecutor

    print("the script runs", flush=True)

    class Model:
        pass

    class Task:
        def run(self, job):
            print("the job runs")
            return Outcome(job.evaluation(), model=job.params["make"]())

    def make():
        return Model()

    executor = ProcessExecutor(Task())
    if os.fork() == 0:
        executor.close()  # a fork's copy is not the executor
        del executor
        os._exit(0)
    os.wait()
    executor.submit(Job(0, -1, {"make": make}, seed=0))
    [outcome] = executor.collect()
    print(isinstance(outcome.model, Model))
    # Without close: the interpreter's end does it.
    """
    with script(text, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert output.split("\n") == ["the script runs", "the job runs", "True", ""]


HANGING_SCRIPT = """
import os, sys
import numpy as np
from autotune.evaluation._job import Job
from autotune.execution.processes._executor import ProcessExecutor
from estimators import ToyTask

executor = ProcessExecutor(ToyTask(np.zeros(500_000)), 2, launcher="{launcher}")
pids = []
for trial in range(2):
    executor.submit(Job(trial, 0, {{"note": f"child-{{trial}}", "detached": True,
                                    "fault": "hang_in_c"}}, seed=0))
try:
    open("waiting", "w").close()
    executor.collect()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""


def _start_hanging(tmp_path: Path, launcher: str) -> tuple[subprocess.Popen, list[int]]:
    """Start a script whose jobs hang; return it and all the processes below it."""
    process = script(
        HANGING_SCRIPT.format(launcher=launcher), tmp_path, stderr=-1, start_new_session=True
    )
    until((tmp_path / "waiting").exists)
    children = [read_pid(tmp_path / f"child-{trial}") for trial in range(2)]
    workers = [psutil.Process(child).ppid() for child in children]
    servers = {psutil.Process(worker).ppid() for worker in workers} - {process.pid}
    return process, [*children, *workers, *servers]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is left to tidy up")
def test_killing_the_search_leaves_nothing(tmp_path):
    """Check that after ``kill -9`` of the search its processes and files disappear."""
    process, pids = _start_hanging(tmp_path, "fork")
    assert list(shared_folders()[0].iterdir())
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: all(map(is_gone, pids)))
    until(lambda: not shared_folders())


@pytest.mark.parametrize("launcher", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_an_interrupt_ends_the_workers(tmp_path, launcher):
    """Check that Ctrl-C raises ``KeyboardInterrupt`` at once and leaves nothing."""
    process, pids = _start_hanging(tmp_path, launcher)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does
    output, errors = process.communicate(timeout=PATIENCE)
    assert output == "interrupted\n"
    assert errors.count("Traceback") == 1
    until(lambda: all(map(is_gone, pids)))
    until(lambda: not shared_folders())


MAIN_CLASSES = """
import pickle
from autotune.evaluation._job import Job, Outcome
from autotune.history import Evaluation
from autotune.execution.processes._executor import ProcessExecutor

class Base:
    pass

class Model(Base):
    @staticmethod
    def double(value):
        return 2 * value

    class Part:
        pass

def function():
    return 42

class Task:
    def __init__(self):
        self.known = [Model(), function, Model.Part]

    def run(self, job):
        make = job.params["make"]
        things = [*self.known, make, make()]
        copies = pickle.loads(pickle.dumps(things))  # plain pickle goes by names
        same = [type(one) is type(other) for one, other in zip(things, copies)]
        told = all(same), copies[1](), copies[0].double(4), copies[2] is Model.Part
        return Outcome(job.evaluation(), model=(told, things[-1]))

def make():
    return Model()

with ProcessExecutor(Task()) as executor:
    for trial in range(2):  # the second time, the worker knows them already
        executor.submit(Job(trial, -1, {"make": make}, seed=0))
        [outcome] = executor.collect()
        print(outcome.evaluation.error or outcome.model[0], type(outcome.model[1]) is Model)
"""


def test_classes_of_a_script_can_be_pickled_in_a_worker(tmp_path):
    """Check that what is defined in ``__main__`` is found there by its name in a worker, too."""
    with script(MAIN_CLASSES, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert output == "(True, 42, 8, True) True\n" * 2


CACHED = """
import sys
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier
from autotune import AutoTunedClassifier, Budget

def scale(X):
    return 2 * X

class Cut(TransformerMixin, BaseEstimator):
    def __init__(self, function=scale):
        self.function = function

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.function(X[:, :2])

X, y = load_iris(return_X_y=True)
pipe = Pipeline([("cut", Cut()), ("tree", DecisionTreeClassifier())], memory="cache")
model = AutoTunedClassifier(
    pipe, {"tree__max_depth": [1, 3]}, budget=Budget(trials=3, seconds=60), error_score="raise"
)
print(model.fit(X, y).best_score_ > 0.5)
"""


def test_a_cache_of_a_class_of_the_script(tmp_path):
    """Check that a pipeline with a memory and a transformer of the script is tuned in workers."""
    with script(CACHED, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert output == "True\n"


class Unreadable(Exception):
    def __init__(self, one, two):
        super().__init__(one)


class Disguised(Exception):
    def __reduce__(self):
        return str, ("a text",)


class Exiting(Exception):
    def __reduce__(self):
        return sys.exit, ("from inside",)


def _raise(exception: BaseException):
    raise exception


@pytest.mark.parametrize("make", [lambda: Unreadable("a", "b"), Disguised, Exiting])
def test_exceptions_that_cannot_be_read(make):
    """Check that an exception whose pickle is broken costs its own evaluation only."""
    with ProcessExecutor(ToyTask()) as executor:
        outcome = run(executor, job(1, call=lambda data: _raise(make())))
        assert outcome.evaluation.status == FAILED
        assert type(make()).__name__ in outcome.evaluation.error
        assert isinstance(outcome.exception, RuntimeError)
        assert run(executor, job(2)).evaluation.status == COMPLETE


def framed(message) -> bytes:
    """Return a message as it travels."""
    content = pickle.dumps(message)
    return struct.pack("!i", len(content)) + content


def _write(noise: bytes, *, hang: bool):
    """Write to everything that may be the connection to the search."""
    for descriptor in range(3, 256):
        try:
            is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        except OSError:
            continue
        if is_socket:
            os.write(descriptor, noise)
    if hang:
        time.sleep(3600)


@pytest.mark.parametrize("hang", [False, True])
@pytest.mark.parametrize(
    "noise",
    [
        struct.pack("!i", 5) + b"noise",
        struct.pack("!i", 10**6) + b"too little",
        struct.pack("!i", -5),
        framed(("unusable", "not at all")),
        framed(("importing",)),
        framed("text"),
        framed(("done",)),
    ],
    ids=["noise", "short", "negative", "unusable", "importing", "text", "no content"],
)
def test_answers_that_cannot_be_read(noise, hang):
    """Check that what a job writes to its worker's connection costs its own evaluation only."""
    with ProcessExecutor(ToyTask(), launcher="fork") as executor:
        run(executor, job())
        outcome = run(executor, job(1, PATIENCE, call=lambda data: _write(noise, hang=hang)))
        assert (outcome.evaluation.trial, outcome.evaluation.status) == (1, CRASHED)
        assert run(executor, job(2)).evaluation.status == COMPLETE


def test_a_module_that_cannot_be_imported_in_a_worker(tmp_path, monkeypatch):
    """Check that the error names the module, the reason and the remedy."""
    module = types.ModuleType("made_up_module")
    module.Model = type("Model", (), {"__module__": "made_up_module"})
    monkeypatch.setitem(sys.modules, "made_up_module", module)
    message = (
        r"the module 'made_up_module' cannot be imported there \(ModuleNotFoundError: .*\)\. "
        "Install it, or add its folder to sys.path or PYTHONPATH before fit"
    )
    with ProcessExecutor(ToyTask(module.Model())) as executor:
        executor.submit(job())
        with pytest.raises(WorkerStartError, match=message):
            collect(executor, 1)
    with ProcessExecutor(ToyTask()) as executor:
        evaluation = run(executor, job(model=module.Model())).evaluation
        assert evaluation.status == FAILED
        assert re.search(message, evaluation.error)


def test_a_module_that_travels_by_value(tmp_path, monkeypatch):
    """Check that a module need not be importable in a worker if its classes are pickled whole."""
    module = types.ModuleType("travels_by_value")
    exec("class Model:\n    def answer(self): return 42", vars(module))  # our own
    monkeypatch.setitem(sys.modules, "travels_by_value", module)
    cloudpickle.register_pickle_by_value(module)
    try:
        with ProcessExecutor(ToyTask(module.Model())) as executor:
            assert answer(executor, lambda data: data.answer()) == 42
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def test_what_takes_long_to_import_is_named(tmp_path, monkeypatch):
    """Check that an executor says which module its workers import."""
    text = (
        "import os, time\nif os.environ.get('IMPORTS_SLOWLY'): time.sleep(3600)\ndef answer(_): ..."
    )
    (tmp_path / "imports_slowly.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    function = __import__("imports_slowly").answer
    monkeypatch.setenv("IMPORTS_SLOWLY", "1")
    with ProcessExecutor(ToyTask(function)) as executor:
        waiting = job()
        executor.submit(waiting)
        until(lambda: executor.collect(0.05) == [] and "imports_slowly" in executor.delay)
        assert executor.delay == "worker processes were still importing 'imports_slowly'"
        assert not executor.has_begun(waiting)
    monkeypatch.delitem(sys.modules, "imports_slowly")


def test_when_a_job_begins(tmp_path):
    """Check that a job has begun when a worker has it, not while it waits."""
    with ProcessExecutor(ToyTask()) as executor:
        run(executor, job())
        assert executor.delay == ""
        first, second = job(1, fault="hang"), job(2)
        executor.submit(first)
        executor.submit(second)
        assert (executor.has_begun(first), executor.has_begun(second)) == (True, False)


def test_idle_threads_sleep(monkeypatch):
    """Check that OpenMP's threads do not spin in workers, unless the user wants them to."""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    for name in names:
        monkeypatch.delenv(name, raising=False)

    def look(data):
        return [os.environ.get(name) for name in names]

    with ProcessExecutor(ToyTask()) as executor:
        assert answer(executor, look) == ["PASSIVE", None, None]
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    with ProcessExecutor(ToyTask()) as executor:
        assert answer(executor, look) == [None, "1000", None]


def test_an_executor_that_has_given_up():
    """Check that workers that cannot start are not tried again by each job."""
    with ProcessExecutor(Unloadable(int, "x")) as executor:
        executor.submit(job(1))
        for _ in range(2):
            with pytest.raises(WorkerStartError, match="invalid literal"):
                collect(executor, 1)
        assert not executor.can_kill
        assert executor.delay == ""
        assert executor.cancel(job(1))
        assert executor.collect() == []
