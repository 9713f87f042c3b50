"""A server process that imports what workers need and forks them on request.

Forking the main process would copy the locks of its threads, and a new interpreter needs over a
second to import scikit-learn. The server runs no numerical code and starts no threads, so its
forks are safe and ready within milliseconds. It reaps workers, kills them with all their
descendants, enforces their memory limit, and cleans up if the main process disappears. It
serves one search after another (see ``_pool``), and exits after some time without one.

Messages are JSON lines:

- from the search: ``{"memory": bytes}``, ``{"preload": [modules]}``, ``{"folder": path}``,
  ``{"fork": number}`` with three descriptors (the connection, standard output and error),
  ``{"kill": number}``, ``{"rest": number}`` (forget the search); the server exits when
  the connection is closed;
- to the search: ``{"pid": number}``, ``{"importing": module}``, ``{"unclean": [modules]}`` (they
  start threads; the server ends), ``{"up": true}``, ``{"resting": number}``,
  ``{"ended": number, "why": text}``, also with ``"sound": false`` if it could not be forked.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from . import _system

WATCH_INTERVAL = 1.0  # seconds between looks at whether the search is still there
MEMORY_INTERVAL = 0.05  # seconds between looks at the workers' memory
N_DESCRIPTORS = 3  # that come with the request for a worker
# Those of OpenBLAS, which numpy and scipy bring, end before a fork.
CLEAN = {"autotune", "joblib", "numpy", "pandas", "scipy", "sklearn"}


class Channel:
    """A socket that carries JSON lines, some of them with file descriptors."""

    def __init__(self, connected: socket.socket):
        self.socket = connected
        self._buffer = b""
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self.socket.fileno()

    def send(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message; the receiver gets copies of the descriptors."""
        line = json.dumps(message).encode() + b"\n"
        if descriptors:  # short enough for one packet
            socket.send_fds(self.socket, [line], descriptors)
        else:
            self.socket.sendall(line)

    def receive(self) -> list[dict[str, Any]]:
        """Wait for messages; descriptors that came along are in ``message["descriptors"]``.

        Raises
        ------
        EOFError
            If the other side has disconnected.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self.socket, 65536, 64)
        except ConnectionError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        self._descriptors += descriptors
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        messages = [json.loads(line) for line in lines]
        for message in messages:
            if "fork" in message:
                message["descriptors"] = self._descriptors[:N_DESCRIPTORS]
                del self._descriptors[:N_DESCRIPTORS]
        return messages

    def close(self) -> None:
        """Hang up, also on behalf of forks that still hold the connection."""
        with suppress(OSError):  # the other side has hung up
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Server:
    """Forks, watches and kills workers.

    Parameters
    ----------
    channel : Channel
        To the process that started it.
    owner : int
        The number of that process.
    patience : float
        Seconds without a search after which it ends.
    """

    def __init__(self, channel: Channel, owner: int, patience: float):
        self._channel = channel
        self._owner = owner
        self._patience = patience
        self._idle_since = math.inf
        self._memory: int | None = None  # bytes that a worker and its descendants may use
        self._workers: dict[int, int] = {}  # pid -> number
        self._excess: set[int] = set()  # pids that were killed for their memory
        self._folders: list[str] = []
        self._wakeup, self._signalled = socket.socketpair()
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve until the search disconnects, its process ends, or the server is idle too long."""
        try:
            self._listen()
            self._channel.send({"up": True})
            while self._is_needed():
                interval = WATCH_INTERVAL if self._memory is None else MEMORY_INTERVAL
                for key, _ in self._selector.select(interval):
                    if key.fileobj is self._channel:
                        self._obey(self._channel.receive())
                    else:
                        self._wakeup.recv(4096)
                self._enforce_memory()
                self._reap()
        except (EOFError, BrokenPipeError):
            return
        finally:
            self._tidy()

    def _is_needed(self) -> bool:
        """Return whether the owner is alive and may still send requests."""
        idle = time.monotonic() - self._idle_since
        return idle < self._patience and _system.is_alive(self._owner)

    def _listen(self) -> None:
        """Prepare to receive requests and notice the end of workers."""
        for end in (self._wakeup, self._signalled):
            end.setblocking(False)
        signal.set_wakeup_fd(self._signalled.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def _obey(self, messages: list[dict[str, Any]]) -> None:
        """Handle a request of the search."""
        for message in messages:
            self._idle_since = math.inf
            if "memory" in message:
                self._memory = message["memory"]
            elif "preload" in message:
                self._preload(message["preload"])
            elif "folder" in message:
                self._folders.append(message["folder"])
            elif "fork" in message:
                self._fork(message["fork"], message["descriptors"])
            elif "kill" in message:
                self._kill(message["kill"])
            else:
                self._tidy()
                self._channel.send({"resting": message["rest"]})
                self._idle_since = time.monotonic()

    def _preload(self, modules: list[str]) -> None:
        """Import modules; end if one of them has started threads, which forks would lack."""
        unclean = []
        for name in modules:
            if name in sys.modules:
                continue
            self._channel.send({"importing": name})
            before = _system.threads()
            with suppress(Exception):  # a worker that needs it says so itself
                importlib.import_module(name)
            if name.partition(".")[0] not in CLEAN and _system.threads() - before:
                unclean.append(name)
        self._channel.send({"importing": ""})
        gc.freeze()  # keeps the collector of a worker from copying the server's pages
        if unclean:
            self._folders.clear()  # the search goes on with another server
            self._channel.send({"unclean": unclean})
            raise EOFError

    def _fork(self, number: int, descriptors: list[int]) -> None:
        """Start a worker, or report that it has ended if that is not possible."""
        try:
            if len(descriptors) < N_DESCRIPTORS:
                raise OSError("too many open files")
            pid = os.fork()
        except OSError as error:  # too many processes, no memory
            why = f"A worker cannot be forked: {error}"
            self._channel.send({"ended": number, "why": why, "sound": False})
        else:
            if pid == 0:
                self._become_worker(*descriptors)
            self._workers[pid] = number
        for descriptor in descriptors:
            os.close(descriptor)

    def _become_worker(self, descriptor: int, output: int, errors: int) -> None:
        """Turn this forked process into a worker; never returns."""
        code = 1
        try:
            os.setsid()
            server = os.getppid()
            _system.die_with_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            gc.enable()
            self._selector.close()
            for end in (self._channel.socket, self._wakeup, self._signalled):
                end.close()
            _system.redirect_output(output, errors)
            if server != 1:  # otherwise the server died before prctl was called
                from ._worker import serve

                serve(Connection(descriptor))
                code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:  # the last frame of the process: show it as Python would
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def _kill(self, number: int) -> None:
        """Kill a worker, unless it has ended already."""
        self._reap()
        for pid, other in self._workers.items():
            if other == number:
                _system.kill_tree(pid)

    def _reap(self) -> None:
        """Collect the processes that have ended and report the workers among them."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            if ended.si_pid in self._workers:
                # Its group is killed while its number cannot yet be given to another.
                _system.kill_tree(ended.si_pid)
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid in self._workers:
                self._report(ended.si_pid, os.waitstatus_to_exitcode(status))

    def _report(self, pid: int, code: int) -> None:
        """Tell the search that a worker has ended, and why."""
        why = _system.describe_exit(code)
        if pid in self._excess:
            self._excess.discard(pid)
            why = _system.describe_excess(self._memory)
        self._channel.send({"ended": self._workers.pop(pid), "why": why})

    def _enforce_memory(self) -> None:
        """Kill the workers that use too much memory."""
        if self._memory is None:
            return
        for pid in self._workers:
            if _system.memory(pid) > self._memory:
                self._excess.add(pid)
                _system.kill_tree(pid)

    def _tidy(self) -> None:
        """Clean up after a search: kill all its processes, including orphans, and remove files."""
        deadline = time.monotonic() + 5.0
        for pid in self._workers:
            _system.kill_tree(pid)
        while time.monotonic() < deadline:
            # A process that dies leaves its children to this one: look again until none is left.
            for pid in _system.children(os.getpid()):
                _system.kill_tree(pid)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._workers.clear()
        self._excess.clear()
        self._folders.clear()
        self._memory = None


def main(descriptor: int, owner: int, patience: float) -> None:
    """Run the server of the process ``owner``, at the other end of ``descriptor``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # workers take the filters of the search
    _system.adopt_orphans()
    gc.disable()  # imports make no garbage
    importlib.import_module("._worker", __package__)
    Server(Channel(socket.socket(fileno=descriptor)), owner, patience).run()
    os._exit(0)  # all is tidied up, and the search waits: leave out the interpreter's own end
