"""A server of workers that is forked from the search itself, until the real one is up.

The real server needs over a second to import scikit-learn; a fork of the search has it already
and serves within milliseconds. Such a fork is not clean, so it is made only where that is known
to be harmless, it is made to resemble a fresh process, and it serves only until the real server
does; or for good, where the evaluations take all cores and the real one would take theirs. For
the rest the two are the same: the same code forks the workers, sends them the same task, kills
and reaps them, and tidies up.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import platform
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Mapping

import joblib.parallel
import numpy as np
from threadpoolctl import ThreadpoolController

from . import _system
from ._forkserver import Channel, Server
from ._servers import ForkedProcess, ServerLink

# What these set up in a process does not work in its forks, or makes forks behave differently
# from fresh processes. Whatever starts Python threads need not be listed.
HOSTILE = {
    *("cudf", "cuml", "cupy", "jax", "mxnet", "numba", "paddle", "pycuda", "tensorflow", "torch"),
    *("catboost", "cv2", "lightgbm", "onnxruntime", "polars", "xgboost"),  # pools of threads
    *("daal4py", "sklearnex"),  # patch scikit-learn
    *("PyQt5", "PyQt6", "PySide2", "PySide6", "gi", "tkinter", "wx"),
    *("eventlet", "gevent", "mpi4py"),
}
HARMLESS_THREADS = {"jemalloc_bg_thd"}  # jemalloc, which pyarrow brings, prepares itself for forks
VARIABLES = {  # where the library that ``threadpoolctl`` calls so looks for its number of threads
    "blis": "BLIS_NUM_THREADS",
    "mkl": "MKL_NUM_THREADS",
    "openblas": "OPENBLAS_NUM_THREADS",
    "openmp": "OMP_NUM_THREADS",
}


class InterimServer(ServerLink):
    """The link to a server that was forked from this process.

    Attributes
    ----------
    is_clean : bool
        No thread of native code was running when it was forked. Otherwise OpenMP, whose
        threads a fork has lost, is limited to one thread in its workers, and code that
        brings its own copy of OpenMP, or its own threads, may hang there.
    """

    def __init__(self, channel: Channel, process: ForkedProcess, is_clean: bool):
        super().__init__(channel, process)
        self.is_clean = is_clean


def is_safe_to_fork() -> bool:
    """Tell whether forks of this process can run evaluations.

    A fork has one thread: what others were doing, locks included, stays as it was for ever.
    """
    return (
        sys.platform == "linux"
        and platform.python_implementation() == "CPython"
        and threading.active_count() == 1
        and len(sys._current_frames()) == 1  # counts also threads that ``threading`` has not made
        and HOSTILE.isdisjoint(sys.modules)
    )


def fork_server(env: Mapping[str, str], others: Channel | None = None) -> InterimServer | None:
    """Fork a server of workers, or return None where that is not safe or not possible.

    Parameters
    ----------
    env : mapping
        The environment of the workers.
    others : Channel or None
        A connection that the server must not keep open.
    """
    if not is_safe_to_fork():
        return None
    _system.flush_output()  # or the fork would print it again
    ours, theirs = socket.socketpair()
    try:
        with warnings.catch_warnings():
            # Python warns of threads of any kind; those that exist here are dealt with.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
    except OSError:  # no memory, too many processes: the real server will do
        ours.close()
        theirs.close()
        return None
    if pid == 0:
        _become_server(theirs, [ours] if others is None else [ours, others.socket], env)
    # Only now: OpenBLAS ends its threads when its process is about to fork.
    is_clean = not _system.native_threads() - HARMLESS_THREADS
    theirs.close()
    ours.sendall(b"+" if is_clean else b"-")
    return InterimServer(Channel(ours), ForkedProcess(pid), is_clean)


def _become_server(
    connected: socket.socket, foreign: list[socket.socket], env: Mapping[str, str]
) -> None:
    """Turn this forked process into a server; never returns.

    Nothing that the search has open or has registered to be done at its end is touched.
    """
    code = 1
    try:
        os.setsid()
        gc.freeze()  # nothing of the search's is ever collected, so nothing is finalized
        gc.disable()
        for other in foreign:
            other.close()
        _forget_signals()
        _forget_settings()
        _system.adopt_orphans()
        is_clean = connected.recv(1) == b"+"
        _limit_threads(env, is_clean)
        os.environ.update(env)
        Server(Channel(connected), None).run()
        code = 0
    except BaseException:  # the last frame of the process: show it as Python would
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _forget_signals() -> None:
    """Handle signals as the real server does."""
    signal.set_wakeup_fd(-1)
    faulthandler.disable()
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _forget_settings() -> None:
    """Undo what the user has set up in the search and a fresh process would not have."""
    sys.settrace(None)
    sys.setprofile(None)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # lives as long as the process
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    # The backend of the ``parallel_config`` around the search; joblib has no public way out.
    vars(joblib.parallel._backend).clear()


def _limit_threads(env: Mapping[str, str], is_clean: bool) -> None:
    """Limit the libraries that have read their environment already."""
    limits = {
        library: int(env[variable])
        for library, variable in VARIABLES.items()
        if variable in env and variable not in os.environ
    }
    if not is_clean:
        limits["openmp"] = 1
    if limits:
        for library in ThreadpoolController().lib_controllers:
            if library.internal_api in limits:
                library.set_num_threads(limits[library.internal_api])
