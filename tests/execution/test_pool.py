from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from estimators import ToyTask
from test_processes import script
from waiting import PATIENCE, until
from workers import answer, call, collect, hold_servers, is_gone, job, lines, read_pid, run

from autotune.execution.processes import _launchers, _pool, _server_link
from autotune.execution.processes._executor import ProcessExecutor, WorkerStartError
from autotune.execution.processes._launchers import can_fork
from autotune.history import COMPLETE, CRASHED

pytestmark = pytest.mark.skipif(not can_fork(), reason="servers fork")


@pytest.fixture(autouse=True)
def _one_server_from_before(monkeypatch):
    """Let each test begin with no idle server but one that was started as usual.

    On a busy machine, a server may need more than a second to clean up after a search.
    """
    monkeypatch.setattr(_server_link, "GRACE", PATIENCE)
    usual = _pool._key(_launchers.environment(None))
    servers = [server for server in _pool._idle if server.key == usual][-1:]
    for server in set(_pool._idle) - set(servers):
        server.hang_up()
    _pool._idle[:] = servers


def server(executor: ProcessExecutor) -> int:
    """Return the process number of the server that forks the workers."""
    return answer(executor, lambda data: os.getppid())


def serve(**options) -> int:
    """Return the process number of the server that serves a search of its own."""
    with ProcessExecutor(ToyTask(), **options) as executor:
        return server(executor)


def test_one_server_after_another_search():
    """Check that the next search, with other data and more memory, has the same server."""
    with ProcessExecutor(ToyTask(), memory=50_000_000_000) as executor:
        first = server(executor)
    assert _pool.idle_servers() == {first}
    with ProcessExecutor(ToyTask(np.arange(500_000))) as executor:
        assert server(executor) == first
        assert _pool.idle_servers() == set()
        assert answer(executor, lambda data: int(data[-1])) == 499_999
    assert _pool.idle_servers() == {first}


def test_nothing_of_a_search_stays_with_its_server(tmp_path):
    """Check that workers, what they have started, files and limits go at the end of a search."""
    with ProcessExecutor(ToyTask(np.zeros(500_000)), memory=300_000_000) as executor:
        first = server(executor)
        (mapped,) = answer(executor, lambda data: [data.filename])
        executor.submit(job(1, note=str(tmp_path / "note"), detached=True, fault="hang"))
        child = read_pid(tmp_path / "note")
        worker = psutil.Process(child).ppid()
    until(lambda: is_gone(child) and is_gone(worker))
    until(lambda: not psutil.Process(first).children())
    assert not Path(mapped).parent.exists()
    with ProcessExecutor(ToyTask()) as executor:
        size = answer(executor, lambda data: np.ones(100_000_000).nbytes)  # 800 MB
        assert (server(executor), size) == (first, 800_000_000)


@pytest.mark.parametrize("change", ["variable", "path", "limit"])
def test_a_server_that_no_longer_serves(change, monkeypatch, tmp_path):
    """Check that a change of what workers inherit means another server, until it is undone."""
    first = serve()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with monkeypatch.context() as patch:
        if change == "variable":
            patch.setenv("ANY_VARIABLE", "changed")
        elif change == "path":
            patch.syspath_prepend(tmp_path)
        else:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
        assert serve() != first
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert serve() == first


def test_threads_of_workers_are_those_of_the_search():
    """Check that a server whose workers may use one thread is not used for others."""
    assert serve(threads=1) != serve(threads=2)


def test_idle_servers_end_by_themselves(monkeypatch):
    """Check that an idle server ends after its time, and that the next search has another."""
    _pool.close()
    monkeypatch.setattr(_pool, "PATIENCE", 0.1)
    first = serve()
    until(lambda: is_gone(first))
    assert first not in {child.pid for child in psutil.Process().children()}
    assert serve() != first


def test_few_servers_are_kept(monkeypatch):
    """Check that the server that has been idle for longest goes when there are too many."""
    monkeypatch.setattr(_pool, "MOST", 1)
    first, second = serve(threads=1), serve(threads=2)
    assert _pool.idle_servers() == {second}
    until(lambda: is_gone(first))


def test_a_server_that_is_killed_between_searches():
    """Check that the next search has another server and loses nothing."""
    first = serve()
    os.kill(first, signal.SIGKILL)
    until(lambda: is_gone(first))
    assert serve() != first


def test_a_server_that_does_not_answer(monkeypatch):
    """Check that a server that hangs at the end of a search is killed, not kept."""
    monkeypatch.setattr(_server_link, "GRACE", 0.1)
    with ProcessExecutor(ToyTask()) as executor:
        first = server(executor)
        os.kill(first, signal.SIGSTOP)
    until(lambda: is_gone(first))  # it hangs up a moment before
    assert _pool.idle_servers() == set()


def test_a_server_that_is_killed_during_a_search():
    """Check that the search goes on with another server, which is the one that is kept."""
    with ProcessExecutor(ToyTask()) as executor:
        run(executor, job())
        assert run(executor, job(fault="kill_parent")).evaluation.status == CRASHED
        second = server(executor)
    assert _pool.idle_servers() == {second}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of others can be set on Linux only")
def test_a_server_that_cannot_fork():
    """Check that the reason is said at once, and that no later search meets that server."""
    with ProcessExecutor(ToyTask()) as executor:
        first = server(executor)
        resource.prlimit(first, resource.RLIMIT_NOFILE, (3, 3))
        assert run(executor, job(fault="exit")).evaluation.status == CRASHED
        executor.submit(job())
        with pytest.raises(WorkerStartError, match=r"cannot be forked: too many open files"):
            collect(executor, 1)
    assert _pool.idle_servers() == set()
    assert serve() != first


def test_searches_side_by_side():
    """Check that searches in several threads do not share a server, and lose nothing."""
    together = threading.Barrier(3)

    def search(number: int) -> tuple[int, int]:
        with ProcessExecutor(ToyTask(number)) as executor:
            pid = server(executor)
            together.wait(PATIENCE)
            return pid, answer(executor, lambda data: data)

    with ThreadPoolExecutor(3) as pool:
        pids, data = zip(*pool.map(search, range(3)), strict=True)
    assert len(set(pids)) == 3
    assert data == (0, 1, 2)
    assert _pool.idle_servers() == set(pids)


def test_output_goes_where_it_goes_now(capfd, tmp_path):
    """Check that a worker writes to what is standard output now, not when the server started."""
    first = serve()
    saved = os.dup(1)
    with (tmp_path / "output").open("w") as file:
        os.dup2(file.fileno(), 1)
        with ProcessExecutor(ToyTask()) as executor:
            assert answer(executor, lambda data: print("a word") or os.getppid()) == first
        os.dup2(saved, 1)
        os.close(saved)
    assert (tmp_path / "output").read_text() == "a word\n"
    with ProcessExecutor(ToyTask()) as executor:
        answer(executor, lambda data: print("another word"))
    assert capfd.readouterr().out == "another word\n"


def test_without_standard_output(tmp_path):
    """Check that a process whose standard streams are closed can have workers."""
    text = """
    import os, sys
    for number in range(3):
        os.close(number)
    from autotune.execution.processes._executor import ProcessExecutor
    from estimators import ToyTask
    from workers import answer
    with ProcessExecutor(ToyTask()) as executor:
        number = answer(executor, lambda data: print("unseen") or 42)
    open("answer", "w").write(str(number))
    """
    with script(text, tmp_path) as process:
        process.communicate(timeout=PATIENCE)
    assert (tmp_path / "answer").read_text() == "42"


SERVED = """
import os, sys, time
from autotune.execution.processes import _server_link
from autotune.execution.processes._executor import ProcessExecutor
from estimators import ToyTask
from workers import answer

_server_link.GRACE = 60.0

def serve():
    with ProcessExecutor(ToyTask()) as executor:
        return answer(executor, lambda data: os.getppid())

print(serve(), flush=True)
"""


@pytest.mark.parametrize("end", ["time.sleep(600)", "sys.exit(1)", "os._exit(0)"])
def test_the_end_of_the_process(end, tmp_path):
    """Check that the idle server goes with its process, however that ends, without a word."""
    with script(SERVED + end, tmp_path, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        if "sleep" in end:
            process.kill()
        output, errors = process.communicate(timeout=PATIENCE)
    assert (output, errors) == ("", "")
    until(lambda: is_gone(pid))


FORKED = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks of processes with threads
if os.fork() == 0:
    print(serve(), flush=True)
    sys.exit()
os.wait()
print(serve())
"""


def test_a_fork_of_the_process(tmp_path):
    """Check that a fork has a server of its own and leaves its parent's alone."""
    with script(SERVED + FORKED, tmp_path, stderr=subprocess.PIPE) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    first, forked, again = map(int, output.split())
    assert (first, errors) == (again, "")
    assert forked != first
    until(lambda: is_gone(forked))


def test_a_fork_does_not_keep_the_server_alive(tmp_path):
    """Check that a server goes with its process although a fork holds its connection."""
    text = SERVED + "if os.fork() == 0: open('fork', 'w').write(str(os.getpid())); time.sleep(600)"
    with script(text, tmp_path) as process:
        assert process.stdout is not None
        pid, fork = int(process.stdout.readline()), read_pid(tmp_path / "fork")
        process.kill()
        until(lambda: is_gone(pid))
        os.kill(fork, signal.SIGKILL)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a function that installs a module and imports it."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def install(name: str, text: str):
        (folder / f"{name}.py").write_text(f"import os\nPID = os.getpid()\n{text}\n")
        monkeypatch.setattr(_launchers, "_unclean", set())
        module = __import__(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return install


MODEL = "class Model:\n    def answer(self): return PID"
THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"


def test_installed_modules_are_imported_once(library):
    """Check that the server imports what the task needs, and workers find it there."""
    module = library("imported_once", MODEL)
    for _ in range(2):
        with ProcessExecutor(ToyTask(module.Model())) as executor:
            imported_by, parent = answer(executor, lambda data: (data.answer(), os.getppid()))
        assert imported_by == parent


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted on Linux only")
def test_modules_that_start_threads_are_left_to_workers(library, tmp_path):
    """Check that workers are forked from a server without threads, and nothing is lost."""
    module = library("starts_threads", f"{THREAD}\n{MODEL}")
    data = {"model": module.Model(), "array": np.arange(500_000)}

    def look(data):
        (thread,) = [t for t in threading.enumerate() if t is not threading.main_thread()]
        return data["model"].answer() == os.getpid(), thread.is_alive(), int(data["array"][-1])

    for _ in range(2):
        with ProcessExecutor(ToyTask(data)) as executor:
            assert answer(executor, look) == (True, True, 499_999)
    assert _launchers._unclean == {"starts_threads"}


def test_the_users_own_modules_are_imported_by_each_worker(tmp_path, monkeypatch):
    """Check that a module that changes between two searches is the changed one."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    seen = []
    for number in (1, 2):
        (tmp_path / "my_own_module.py").write_text(f"def answer(data): return {number}")
        sys.modules.pop("my_own_module", None)
        function = __import__("my_own_module").answer
        with ProcessExecutor(ToyTask()) as executor:
            seen.append((answer(executor, function), server(executor)))
    monkeypatch.delitem(sys.modules, "my_own_module")
    assert [number for number, _ in seen] == [1, 2]
    assert seen[0][1] == seen[1][1]


def test_a_search_that_ends_before_its_server_is_up(monkeypatch, tmp_path):
    """Check that the server goes on starting and serves the next search; old jobs do not run."""
    gate = hold_servers(monkeypatch, tmp_path)
    note = tmp_path / "note"
    with ProcessExecutor(ToyTask()) as executor:
        executor.submit(call(lambda data: note.write_text("1")))
        assert executor.collect(0.0) == []
    starting = set(until(lambda: _pool.idle_servers() - {None}))
    gate.touch()
    with ProcessExecutor(ToyTask()) as executor:
        executor.submit(job(7))
        (outcome,) = collect(executor, 1)
        assert (outcome.evaluation.trial, outcome.evaluation.status) == (7, COMPLETE)
        assert {server(executor)} == starting
    assert lines(note) == []
