from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
import sklearn
from estimators import ToyTask
from test_processes import FATES, SECONDS, limit, script
from workers import (
    PATIENCE,
    answer,
    belongings,
    call,
    collect,
    expire,
    is_gone,
    job,
    lines,
    read_pid,
    run,
    settle,
    shared_folders,
    until,
)

from autotune._history import COMPLETE, CRASHED, FAILED, TIMEOUT
from autotune.execution import _interim, _launchers, _system
from autotune.execution._processes import ProcessExecutor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stand-ins need Linux")


@pytest.fixture
def gate(tmp_path, monkeypatch) -> Path:
    """Return a file without which the real server does not start; let stand-ins be trusted.

    Whatever else the test run has imported and started must not keep this process from forking.
    """
    path = tmp_path / "gate"
    command = _launchers._command

    def wait_first(*arguments):
        *start, program = command(*arguments)
        wait = f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n"
        return [*start, wait + program]

    monkeypatch.setattr(_launchers, "_command", wait_first)
    monkeypatch.setattr(_interim, "is_safe_to_fork", lambda: True)
    monkeypatch.setattr(_system, "native_threads", set)
    return path


@pytest.fixture
def untrusted(gate, monkeypatch) -> Path:
    """Return the same, for stand-ins that may hang."""
    monkeypatch.setattr(_system, "native_threads", lambda: {"pool"})
    return gate


def open_and_wait(gate: Path, executor: ProcessExecutor) -> None:
    """Let the real server start and wait until a lasting worker is ready."""
    gate.touch()
    settle(executor)


def note(path: Path) -> int:
    """Add this process to a file and return which one it is there."""
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(lines(path))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_results_come_before_the_server_is_up(gate, n_workers):
    """Check that jobs run, side by side, while the server has not even started."""
    with ProcessExecutor(ToyTask(np.arange(500_000)), n_workers) as executor:
        for trial in range(4):
            executor.submit(call(lambda data: (os.getpid(), int(data[-1])), trial))
        models = [outcome.model for outcome in collect(executor, 4)]
    assert {last for _, last in models} == {499_999}
    assert len({pid for pid, _ in models}) <= n_workers


def test_hand_over(gate, tmp_path):
    """Check that a stand-in ends its job, which runs once, and the next one runs elsewhere."""
    seen, go = tmp_path / "seen", tmp_path / "go"

    def wait(data):
        note(seen)
        until(go.exists)
        return os.getpid()

    with ProcessExecutor(ToyTask()) as executor:
        first = answer(executor, lambda data: os.getpid())
        servers = {psutil.Process(first).ppid()}
        executor.submit(call(wait))
        executor.submit(call(lambda data: os.getpid(), 1))
        until(lambda: lines(seen))
        open_and_wait(gate, executor)
        assert [one.trial for one in executor.unfinished] == [0, 1]
        go.touch()
        outcomes = sorted(collect(executor, 2), key=lambda o: o.evaluation.trial)
        assert outcomes[0].model == first
        assert outcomes[1].model != first
        assert seen.read_text() == f"{first}\n"
        servers -= {child.pid for child in psutil.Process().children()}
        assert servers, "the interim server is still there, or a zombie"
        until(lambda: not psutil.pid_exists(first))  # nor a zombie


def test_what_an_untrusted_stand_in_has_not_ended_moves_on(untrusted, tmp_path):
    """Check that a job that may be stuck is run again as soon as a lasting worker is ready."""
    seen = tmp_path / "seen"

    def hang_once(data):
        while note(seen) == 1:
            time.sleep(3600)

    with ProcessExecutor(ToyTask()) as executor:
        executor.submit(call(hang_once))
        until(lambda: lines(seen))
        open_and_wait(untrusted, executor)
        assert [o.evaluation.status for o in collect(executor, 1)] == [COMPLETE]
    assert len(set(lines(seen))) == 2


@pytest.mark.parametrize(
    ("fault", "status", "error"), [fate for fate in FATES if fate[1] in (FAILED, TIMEOUT)]
)
def test_faults_in_a_stand_in(gate, fault, status, error):
    """Check that what fails or hangs there does what it does elsewhere, and the next job runs."""
    with ProcessExecutor(ToyTask()) as executor:
        evaluation = run(executor, job(1, limit(status), fault=fault)).evaluation
        assert (evaluation.trial, evaluation.status) == (1, status)
        assert error in evaluation.error
        assert run(executor, job(2)).evaluation.status == COMPLETE


@pytest.mark.parametrize(("fault", "status", "error"), [fate for fate in FATES if fate[2]])
def test_without_a_spare_core_a_fork_serves_for_good(gate, fault, status, error):
    """Check that faults end as they should, and the next job runs, without the real server."""
    with ProcessExecutor(ToyTask(), spare_core=False) as executor:
        evaluation = run(executor, job(1, limit(status), fault=fault)).evaluation
        assert (evaluation.trial, evaluation.status) == (1, status)
        assert error in evaluation.error
        assert run(executor, job(2)).evaluation.status == COMPLETE
        assert not gate.exists()


def test_a_lasting_fork_that_dies_is_replaced_by_the_real_server(gate):
    """Check that the end of the forked server costs no job."""
    with ProcessExecutor(ToyTask(), spare_core=False) as executor:
        first = answer(executor, lambda data: os.getpid())
        psutil.Process(first).parent().kill()
        until(lambda: is_gone(first))
        gate.touch()
        assert answer(executor, lambda data: os.getpid(), 1) != first


def test_what_may_hang_does_not_serve_for_good(untrusted):
    """Check that a process with threads of native code has the real server started."""
    with ProcessExecutor(ToyTask(), spare_core=False) as executor:
        assert not isinstance(executor._launcher._server, _interim.InterimServer)
        untrusted.touch()
        assert run(executor, job(1)).evaluation.status == COMPLETE


def test_a_time_limit_in_an_untrusted_stand_in(untrusted, tmp_path):
    """Check that a job that hangs there is no timeout, unless it hangs elsewhere too."""
    seen = tmp_path / "seen"

    def hang_once(data):
        while note(seen) == 1:
            time.sleep(3600)

    with ProcessExecutor(ToyTask()) as executor:
        executor.submit(job(0, PATIENCE, call=hang_once))
        until(lambda: lines(seen))
        assert executor.collect(0.01) == []  # has heard that the stand-in is ready
        expire(executor)
        assert executor.collect(0.1) == []
        untrusted.touch()
        assert [o.evaluation.status for o in collect(executor, 1)] == [COMPLETE]
        assert run(executor, job(1, SECONDS, fault="hang")).evaluation.status == TIMEOUT


def test_a_crash_of_a_stand_in(gate, tmp_path):
    """Check that its job runs again in a lasting worker, and that only the second end counts."""
    seen = tmp_path / "seen"

    def crash_once(data):
        if note(seen) == 1:
            os._exit(1)

    with ProcessExecutor(ToyTask(), 2) as executor:
        executor.submit(call(crash_once))
        executor.submit(job(1, fault="segfault"))
        settle(executor)  # a crash puts an end to standing in
        gate.touch()
        outcomes = sorted(collect(executor, 2), key=lambda o: o.evaluation.trial)
        assert [o.evaluation.status for o in outcomes] == [COMPLETE, CRASHED]
    assert len(set(lines(seen))) == 2


def test_the_interim_server_may_die(gate, tmp_path):
    """Check that no job is lost when the interim server is killed."""
    seen = tmp_path / "seen"

    def hang_at_first(data):
        while note(seen) <= 2:
            time.sleep(3600)

    with ProcessExecutor(ToyTask(), 2) as executor:
        for trial in range(3):
            executor.submit(call(hang_at_first, trial))
        until(lambda: len(lines(seen)) == 2)
        psutil.Process(read_pid(seen)).parent().kill()
        gate.touch()
        assert {o.evaluation.status for o in collect(executor, 3)} == {COMPLETE}


def test_cancel_and_close(gate, tmp_path):
    """Check that jobs in stand-ins can be cancelled, and that nothing is left of them."""
    before = belongings()
    seen = tmp_path / "seen"
    with ProcessExecutor(ToyTask(np.zeros(500_000)), 2) as executor:
        hanging = job(0, note=str(seen), detached=True, fault="hang_in_c")
        executor.submit(hanging)
        until(lambda: lines(seen))
        assert executor.cancel(hanging)
        assert run(executor, job(1)).evaluation.status == COMPLETE
        executor.submit(job(2, note=str(seen) + "2", detached=True, fault="hang"))
        until(lambda: lines(Path(f"{seen}2")))
    assert belongings() - before == set()


def test_stand_ins_resemble_other_workers(gate, tmp_path, monkeypatch):
    """Check that a job sees the same surroundings in a stand-in and in a lasting worker."""

    def look(data):
        handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
        return {
            "handlers": [str(handler) for handler in handlers],
            "trace": (sys.gettrace() is None, sys.getprofile() is None),
            "stdin": sys.stdin.read(),
            "directory": os.getcwd(),
            "random": (random.random(), np.random.rand()),
            "errors": np.geterr(),
            "sklearn": sklearn.get_config(),
            "n_jobs": [joblib.effective_n_jobs(n) for n in (None, -1, 3)],
            "backend": type(joblib.parallel.get_active_backend()[0]).__name__,
            "writable": data.flags.writeable,
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "leader": os.getsid(0) == os.getpid(),
        }

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with (
            np.errstate(all="raise"),
            sklearn.config_context(assume_finite=True),
            joblib.parallel_config("threading", n_jobs=2),
            ProcessExecutor(ToyTask(np.zeros(500_000)), 2) as executor,
        ):
            interim = answer(executor, look)
            open_and_wait(gate, executor)
            lasting = answer(executor, look)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert interim == lasting


def test_what_is_not_safe_to_fork(monkeypatch):
    """Check that threads and libraries that do not survive it keep this process from forking."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(sys, "_current_frames", lambda: {1: None})
    for name in _interim.HOSTILE:
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert _interim.is_safe_to_fork()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch", sys)
        assert not _interim.is_safe_to_fork()
    monkeypatch.undo()
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert not _interim.is_safe_to_fork()
    end.set()
    thread.join()


@pytest.mark.parametrize("options", [{"memory": 10**9}, {"launcher": "spawn"}])
def test_where_nobody_stands_in(gate, options):
    """Check that a memory limit, and fresh interpreters, do without."""
    with ProcessExecutor(ToyTask(), **options) as executor:
        executor.submit(job())
        assert executor.collect(0.1) == []
        assert not executor._standing_in
        gate.touch()
        collect(executor, 1)


NEVER_UP = """
import atexit, sys
from concurrent.futures import ThreadPoolExecutor
from autotune.execution import _launchers
_launchers._command = lambda *_: [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
"""

AFTER_NUMERICS = """
import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from autotune.execution import _system
from autotune.execution._processes import ProcessExecutor
from estimators import ToyTask
from workers import answer

X = np.random.default_rng(0).normal(size=(5000, 20))
y = (X[:, 0] > 0).astype(int)

def work(data):
    models = [
        HistGradientBoostingClassifier(max_iter=3), PCA(3), LogisticRegression(),
        RandomForestClassifier(4, n_jobs=2),
    ]
    return [type(model.fit(X, y)).__name__ for model in models]

if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(abs, range(9)))
    expected = work(None)
    atexit.register(print, "the end")
    print("said once")
    with ProcessExecutor(ToyTask(X)) as executor:
        print(answer(executor, work) == expected, executor._standing_in)
"""


def test_stand_ins_after_numerical_code(tmp_path):
    """Check that OpenMP, BLAS and threads used before do not stop a stand-in from fitting."""
    with script(NEVER_UP + AFTER_NUMERICS, tmp_path, stderr=-1) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (output, errors) == ("said once\nTrue True\nthe end\n", "")


KILLED = """
import numpy as np
from autotune.execution import _launchers
from autotune.execution._processes import ProcessExecutor
from estimators import ToyTask
from workers import job

command = _launchers._command

def late(*arguments):
    *start, program = command(*arguments)
    return [*start, "import time; time.sleep(2); " + program]

_launchers._command = late
executor = ProcessExecutor(ToyTask(np.zeros(500_000)))
executor.submit(job(note="child", detached=True, fault="hang_in_c"))
executor.collect()
"""


def test_killing_the_search_before_the_server_is_up(tmp_path):
    """Check that its folder and all its processes disappear."""
    with script(KILLED, tmp_path) as process:
        child = read_pid(tmp_path / "child")
        assert shared_folders()
        process.kill()
    until(lambda: is_gone(child))
    until(lambda: not shared_folders())


NESTED = """
from pathlib import Path
import psutil
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier
from autotune import AutoTunedClassifier

class Tree(DecisionTreeClassifier):
    def fit(self, X, y):
        # A search's own process, and what is forked from it, were started by joblib.
        if "loky" in " ".join(psutil.Process().cmdline()):
            Path("stood-in").touch()
        return super().fit(X, y)

if __name__ == "__main__":
    model = AutoTunedClassifier(
        Tree(), {"max_depth": (1, 5)}, strategy="random", budget="1.5s", cv=2
    )
    X, y = load_iris(return_X_y=True)
    print(cross_val_score(model, X, y, cv=2, n_jobs=2, error_score="raise").min() > 0.5)
"""


def test_nested_in_parallel_jobs(tmp_path):
    """Check that searches inside the workers of joblib have jobs run by forks of these."""
    with script(NESTED, tmp_path) as process:
        output, _ = process.communicate(timeout=PATIENCE)
    assert output == "True\n"
    assert (tmp_path / "stood-in").exists()
