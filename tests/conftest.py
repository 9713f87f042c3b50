"""What holds for every test: hypothesis profiles, and that nothing of ours is left behind."""

from __future__ import annotations

import contextlib
import multiprocessing.util
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

# Threads of OpenMP that spin while they wait make a busy machine ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import studies  # loads OpenMP, which reads that

from autotune.execution.processes import _pool
from autotune.storage import _journal

PATIENCE = 20.0  # seconds that processes and threads get to end after they were told to

settings.register_profile("default", deadline=None, print_blob=True)
# In CI the examples are the same at every run, so that a red run can be repeated.
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def _signals_of_the_foreground() -> Iterator[None]:
    """Let children hear Ctrl-C, which a process started in the background has them ignore."""
    handler = signal.getsignal(signal.SIGINT)
    if handler == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="session", autouse=True)
def _private_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give each run its own temporary folder, so that runs side by side see only their files."""
    # Sockets of scikit-learn's callbacks live there until the interpreter ends.
    multiprocessing.util.get_temp_dir()
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("JOBLIB_TEMP_FOLDER", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def _disks_that_need_not_be_waited_for() -> Iterator[None]:
    """Leave commits to the operating system, which keeps them if a process is killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_journal, "open_to_write", studies.open_without_waiting)
        yield


@pytest.fixture(autouse=True)
def _nothing_left_behind(_private_temporary_folder: Path) -> Iterator[None]:
    """Fail a test that leaves a process, a thread or a temporary file of ours behind."""
    folder, old_pids = _private_temporary_folder, set(psutil.pids())
    checks: dict[str, Callable[[], set]] = {
        "processes": lambda: _our_processes(_new_pids(old_pids), folder),
        "threads": _our_threads,
        "files": lambda: set(folder.glob("*autotune*")),
    }
    before = {kind: look() for kind, look in checks.items()}
    yield
    left = {kind: _wait_until_gone(look, before[kind]) for kind, look in checks.items()}
    left = {kind: things for kind, things in left.items() if things}
    assert not left, f"the test left behind: {left}"


def _new_pids(old: set[int]) -> set[int]:
    """Return the processes that have begun, but for the servers that wait for another search."""
    return set(psutil.pids()) - old - _pool.idle_servers()


def _wait_until_gone(look: Callable[[], set], before: set) -> set:
    """Return what was not there before and is still there after some patience."""
    deadline = time.monotonic() + PATIENCE
    while (left := look() - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _our_processes(pids: set[int], folder: Path) -> set[psutil.Process]:
    """Return the processes that run our code for this test run, orphans included."""
    ours = set()
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(pid)
            if _runs_our_code(process, folder):
                ours.add(process)
    return ours


def _runs_our_code(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a process runs a module of the package and inherited our environment.

    A zombie has neither a command nor an environment left: it is ours if it is our child.
    """
    if process.status() == psutil.STATUS_ZOMBIE:
        return process.ppid() == os.getpid()
    ours = process.environ().get("TMPDIR") == str(folder)
    return ours and any("autotune.execution" in word for word in process.cmdline())


def _our_threads() -> set[threading.Thread]:
    """Return the living threads that bear the package's name or run its code."""
    return {thread for thread in threading.enumerate() if _is_ours(thread)}


def _is_ours(thread: threading.Thread) -> bool:
    """Tell whether a thread's name, class or target comes from the package."""
    target = getattr(thread, "_target", None)
    origins = (thread.name, type(thread).__module__, getattr(target, "__module__", None) or "")
    return any(origin.startswith("autotune") for origin in origins)
