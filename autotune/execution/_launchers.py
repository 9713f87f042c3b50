"""How worker processes are started and killed: forked by a server, or started afresh."""

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
from typing import Any

from . import _system
from ._forkserver import Channel, preloadable
from ._interim import InterimServer, fork_server
from ._servers import ServerLink

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "LOKY_MAX_CPU_COUNT",  # what joblib takes n_jobs=-1 for
)
BASE_MODULES = ("numpy", "joblib", "sklearn.base", "sklearn.utils.validation")


def can_fork() -> bool:
    """Tell whether workers can be forked; on macOS, system libraries do not survive it."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "darwin"


def environment(threads: int | None) -> dict[str, str]:
    """Return the workers' environment; what the user has set about threads stays."""
    limits = {} if threads is None else dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**limits, **os.environ}


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
        self._n_started = 0

    @abstractmethod
    def preload(self, modules: set[str]) -> None:
        """Say which modules the workers will need."""

    @abstractmethod
    def guard(self, folder: str) -> None:
        """Have a folder removed should this process be killed."""

    @abstractmethod
    def start(self) -> int:
        """Start a worker and return its number at once."""

    def start_stand_in(self) -> int | None:
        """Start a worker to be used until the others are ready; None if that would not help."""
        return None

    @property
    def trusts_stand_ins(self) -> bool:
        """Tell whether stand-ins can do all that the other workers can."""
        return False

    def dismiss_stand_ins(self) -> None:
        """Say that no stand-in is needed any more; those that live are killed."""
        return

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


def _command(function: str, module: str, *arguments: Any) -> list[str]:
    """Return the command that calls a function of this package in a fresh interpreter.

    The user's main module is not run there, unlike with ``multiprocessing``.
    """
    if not sys.executable:
        raise OSError("Worker processes need a Python interpreter, but sys.executable is empty.")
    path = [entry for entry in sys.path if isinstance(entry, str)]
    program = (
        f"import sys; sys.path[:] = {path!r}; "
        f"from {__package__}.{module} import {function}; {function}(*{arguments!r})"
    )
    return [sys.executable, *["-O"] * sys.flags.optimize, "-c", program]


class ForkLauncher(Launcher):
    """Has workers forked by a server that has imported what they need.

    Until that server is up, another one, forked from this process, can have workers stand in,
    unless there is a memory limit: the memory of such workers cannot be told from the search's.

    Parameters
    ----------
    env, memory
        As for all launchers.
    spare_core : bool
        There is a core on which the server can start beside the evaluations. If there is none,
        it would take their time: a server that was forked from this process stays for good, if
        it is clean.
    """

    def __init__(self, env: Mapping[str, str], memory: int | None, spare_core: bool = True):
        super().__init__(env, memory)
        self._messages: list[dict[str, Any]] = [{"preload": list(BASE_MODULES)}]
        self._connections: dict[int, Connection] = {}
        forked = None if spare_core or memory is not None else fork_server(env)
        if forked is not None and not forked.is_clean:
            forked.hang_up()
            forked = None
        self._server: ServerLink = self._start_server() if forked is None else forked
        self._interim: InterimServer | None = None

    def _start_server(self) -> ServerLink:
        """Start the server and tell it what was ever said."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                _command("main", "_forkserver", theirs.fileno(), self._memory),
                env=self._env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        server = ServerLink(Channel(ours), process)
        for message in self._messages:
            server.say(message)
        return server

    def preload(self, modules: set[str]) -> None:
        """Have the server import the modules, if they are known to be harmless."""
        self._say({"preload": preloadable(modules)})

    def guard(self, folder: str) -> None:
        """Have the server remove the folder."""
        self._say({"folder": folder})

    def _say(self, message: dict[str, Any]) -> None:
        """Tell the server, and every later one."""
        self._messages.append(message)
        self._server.say(message)

    def start(self) -> int:
        """Ask the server for a worker; if the server is gone, start another."""
        if self._server.process.poll() is not None:
            self._server.hang_up()
            self._server = self._start_server()
        return self._fork(self._server)

    def start_stand_in(self) -> int | None:
        """Ask the interim server for a worker; fork it when it is asked for the first time."""
        if isinstance(self._server, InterimServer):
            return None
        if self._interim is None and self._memory is None and self._n_started == 0:
            self._interim = fork_server(self._env, self._server.channel)
        if self._interim is None or not self._interim.waitables():
            return None
        return self._fork(self._interim)

    def _fork(self, server: ServerLink) -> int:
        """Ask a server for a worker."""
        self._n_started += 1
        self._connections[self._n_started] = server.fork(self._n_started)
        return self._n_started

    @property
    def trusts_stand_ins(self) -> bool:
        return self._interim is not None and self._interim.is_clean

    def dismiss_stand_ins(self) -> None:
        """End the interim server and the workers that it still has."""
        if self._interim is not None:
            self._interim.ended()  # a server that is up gets the time to tidy up
            self._interim.hang_up()
            self._interim = None

    def connection(self, number: int) -> Connection | None:
        """Return the connection; there is one from the beginning."""
        return self._connections.pop(number, None)

    def kill(self, number: int) -> None:
        """Ask the server of a worker to kill it."""
        for server in self._servers():
            if number in server:
                server.kill(number)

    def waitables(self) -> list[Any]:
        """Return the connections to the servers."""
        return [channel for server in self._servers() for channel in server.waitables()]

    def ended(self) -> dict[int, str]:
        """Return what the servers report."""
        return {number: why for one in self._servers() for number, why in one.ended().items()}

    def _servers(self) -> list[ServerLink]:
        """Return the servers there are."""
        return [self._server] if self._interim is None else [self._server, self._interim]

    def _close(self) -> None:
        """Have the servers kill their workers and end."""
        self._server.ended()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self.dismiss_stand_ins()
        self._server.hang_up()


class SpawnLauncher(Launcher):
    """Starts each worker as a fresh interpreter, on every system."""

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
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        """Take the calls of workers until the search itself calls."""
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
        """Do nothing: a fresh interpreter imports what its task names."""

    def guard(self, folder: str) -> None:
        """Do nothing: there is nobody to leave it to."""

    def start(self) -> int:
        """Start an interpreter; its password goes where no other process can read it."""
        self._n_started += 1
        process = subprocess.Popen(
            _command("main", "_worker", self._listener.address, self._n_started),
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
        """Kill a worker with its descendants, where the system can tell them."""
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
        """Say why a worker ended."""
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
    """Kill a process, with its descendants where the system can tell them."""
    if os.name == "posix":
        _system.kill_tree(process.pid)
    process.kill()
