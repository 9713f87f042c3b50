"""Starting and killing worker processes: forked by a server, or as new interpreters."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from . import _pool, _system
from ._server_link import ServerLink, command

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",  # joblib's n_jobs=-1
)
WAITING_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
BASE_MODULES = ("numpy", "scipy.linalg", "joblib", "sklearn.base", "sklearn.utils.validation")

_unclean: set[str] = set()  # modules that have started threads in a server


def can_fork() -> bool:
    """Return whether workers can be forked; on macOS, system libraries do not survive it."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "darwin"


def environment(threads: int | None) -> dict[str, str]:
    """Return the workers' environment; the user's settings of threads take precedence."""
    settings = {} if threads is None else dict.fromkeys(THREAD_VARIABLES, str(threads))
    if os.environ.keys().isdisjoint(WAITING_VARIABLES):
        # Threads that spin while they wait take the cores from those that compute.
        settings["OMP_WAIT_POLICY"] = "PASSIVE"
    return {**settings, **os.environ}


def preloadable(modules: set[str]) -> list[str]:
    """Return the modules that a server may import: those that do not change between fits."""
    return sorted(name for name in modules - _unclean if _is_installed(name))


def _is_installed(name: str) -> bool:
    """Return whether a module is part of a package that is installed, or of this one."""
    if name.partition(".")[0] == __package__.partition(".")[0]:
        return True
    spec = getattr(sys.modules.get(name), "__spec__", None)
    folders = Path(getattr(spec, "origin", None) or "").parts
    return "site-packages" in folders or "dist-packages" in folders


class Launcher(ABC):
    """Starts and kills worker processes, which it knows by number.

    Parameters
    ----------
    env : mapping
        The environment of the processes.
    memory : int or None
        Bytes that a worker and its descendants may use.
    """

    poll_interval: float | None = None  # seconds after which ``ended`` must be asked, if any

    def __init__(self, env: Mapping[str, str], memory: int | None):
        self._env = env
        self._memory = memory
        self._owner = os.getpid()

    @abstractmethod
    def preload(self, modules: set[str]) -> None:
        """Announce the modules that the workers will need."""

    @abstractmethod
    def guard(self, folder: str) -> None:
        """Have a folder removed if this process is killed."""

    @abstractmethod
    def start(self) -> int:
        """Start a worker and return its number at once."""

    @property
    def importing(self) -> str:
        """The module whose import all workers wait for, empty if they do not."""
        return ""

    @abstractmethod
    def connection(self, number: int) -> Connection | None:
        """Return the connection to a worker, None as long as there is none; only once."""

    @abstractmethod
    def kill(self, number: int) -> None:
        """Kill a worker and all that it started, without waiting."""

    @abstractmethod
    def waitables(self) -> list[Any]:
        """Return what becomes readable when a worker ends."""

    @abstractmethod
    def ended(self) -> dict[int, str]:
        """Return the workers that ended since the last call, and why."""

    def close(self) -> bool:
        """Kill all and free everything, unless this is a fork of the process that started it."""
        if os.getpid() != self._owner:
            return False
        self._close()
        return True

    @abstractmethod
    def _close(self) -> None:
        """Kill all and free everything."""


class ForkLauncher(Launcher):
    """Has workers forked by a server that has imported what they need."""

    def __init__(self, env: Mapping[str, str], memory: int | None):
        super().__init__(env, memory)
        self._modules = set(BASE_MODULES)
        self._folders: list[str] = []
        self._connections: dict[int, Connection] = {}
        self._server = self._open_server()

    def _open_server(self) -> ServerLink:
        """Return a server that has received all earlier requests."""
        server = _pool.take(self._env)
        server.say({"memory": self._memory})
        server.say({"preload": list(BASE_MODULES)})
        server.say({"preload": preloadable(self._modules)})
        for folder in self._folders:
            server.say({"folder": folder})
        return server

    def preload(self, modules: set[str]) -> None:
        """Have the server import the modules of installed packages."""
        self._modules |= modules
        self._server.say({"preload": preloadable(modules)})

    def guard(self, folder: str) -> None:
        """Have the server remove the folder."""
        self._folders.append(folder)
        self._server.say({"folder": folder})

    def start(self) -> int:
        """Ask the server for a worker; if the server is gone, start another."""
        if not self._server.is_alive():
            self._server.hang_up()
            _unclean.update(self._server.unclean)
            self._server = self._open_server()
        number, connection = self._server.fork()
        self._connections[number] = connection
        return number

    @property
    def importing(self) -> str:
        return self._server.importing

    def connection(self, number: int) -> Connection | None:
        """Return the connection; there is one from the beginning."""
        return self._connections.pop(number, None)

    def kill(self, number: int) -> None:
        """Ask the server of a worker to kill it."""
        if number in self._server:
            self._server.kill(number)

    def waitables(self) -> list[Any]:
        """Return the connection to the server."""
        return self._server.waitables()

    def ended(self) -> dict[int, str]:
        """Return what the server reports."""
        return self._server.ended()

    def _close(self) -> None:
        """Have the server kill the workers, and keep it for the next search."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        _pool.give_back(self._server)
        _unclean.update(self._server.unclean)


class SpawnLauncher(Launcher):
    """Starts each worker as a new interpreter, on every system."""

    poll_interval = 0.05

    def __init__(self, env: Mapping[str, str], memory: int | None):
        super().__init__(env, memory)
        self._authkey = secrets.token_bytes(32)
        # Not a Unix socket: its file would outlive this object.
        family = "AF_PIPE" if sys.platform == "win32" else "AF_INET"
        self._listener = Listener(family=family, backlog=64, authkey=self._authkey)
        self._processes: dict[int, subprocess.Popen] = {}
        self._connections: dict[int, Connection] = {}
        self._excess: set[int] = set()
        self._n_started = 0
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        """Accept connections of workers until the search itself connects."""
        while True:
            try:
                connection = self._listener.accept()
                number = int(connection.recv_bytes())
            except (OSError, EOFError, AuthenticationError):  # a caller that died or lied
                continue
            if number == 0:
                connection.close()
                return
            self._connections[number] = connection

    def preload(self, modules: set[str]) -> None:
        """Do nothing: a new interpreter imports what its task needs."""

    def guard(self, folder: str) -> None:
        """Do nothing: there is no server to remove it."""

    def start(self) -> int:
        """Start an interpreter; its password goes where no other process can read it."""
        self._n_started += 1
        process = subprocess.Popen(
            command("main", "_worker", self._listener.address, self._n_started),
            env=self._env,
            stdin=subprocess.PIPE,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._processes[self._n_started] = process
        if process.stdin is not None:
            with process.stdin as pipe:
                pipe.write(self._authkey)
        return self._n_started

    def connection(self, number: int) -> Connection | None:
        """Return the connection of a worker that has called."""
        return self._connections.pop(number, None)

    def kill(self, number: int) -> None:
        """Kill a worker with its descendants, if the system can list them."""
        process = self._processes.get(number)
        if process is not None and process.poll() is None:
            _kill(process)

    def waitables(self) -> list[Any]:
        """Return nothing: processes have to be polled."""
        return []

    def ended(self) -> dict[int, str]:
        """Poll the processes; kill those that use too much memory."""
        ended = {}
        for number, process in list(self._processes.items()):
            code = process.poll()
            if code is not None:
                ended[number] = self._why(number, code)
                del self._processes[number]
            elif self._memory is not None and _system.memory(process.pid) > self._memory:
                self._excess.add(number)
                _kill(process)
        return ended

    def _why(self, number: int, code: int) -> str:
        """Return why a worker ended."""
        if number in self._excess:
            return _system.describe_excess(self._memory)
        return _system.describe_exit(code)

    def _close(self) -> None:
        """Kill all processes and end the thread."""
        for process in self._processes.values():
            _kill(process)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
        if self._acceptor.is_alive():
            with Client(self._listener.address, authkey=self._authkey) as connection:
                connection.send_bytes(b"0")
            self._acceptor.join()
            self._listener.close()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


def _kill(process: subprocess.Popen) -> None:
    """Kill a process with its descendants, if the system can list them."""
    if os.name == "posix":
        _system.kill_tree(process.pid)
    process.kill()
