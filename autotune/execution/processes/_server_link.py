"""The client side of the fork server: starting, requesting, stopping."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Hashable, Mapping
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from ._fork_server import Channel

GRACE = 1.0  # seconds that a server has to kill its workers before it is killed itself
SERVER_ENDED = "The worker server ended"  # and all workers with it

# The server is no child of this process, which need not wait for its end: it may come at any time.
_DETACH = """import os
if os.fork(): os._exit(0)
os.write({0}, b'{{"pid": %d}}\\n' % os.getpid())
"""

_numbers = itertools.count(1)


def command(function: str, module: str, *arguments: Any) -> list[str]:
    """Return the command that calls a function of this package in a new interpreter.

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


class ServerLink:
    """A server and the connection to it.

    ``rest`` must have returned True before another search may use it.

    Parameters
    ----------
    env : mapping
        The environment of the server and its workers.
    patience : float
        Seconds that the server waits for another search.
    key : hashable
        What it inherits from this process when it starts.
    """

    def __init__(self, env: Mapping[str, str], patience: float, key: Hashable = None):
        self.key = key
        ours, theirs = _socketpair()
        self.channel = Channel(ours)
        self.pid: int | None = None
        self.importing = ""  # the module that the server imports
        self.unclean: set[str] = set()  # modules because of which it has ended
        self._numbers: set[int] = set()
        self._sound = True  # it could always fork
        self._up = False  # ready for requests, though it may be importing
        self._rested = 0  # the number of the last search that the server has forgotten
        try:
            self._starter = self._start(theirs.fileno(), env, patience)
        except BaseException:
            self.channel.close()
            raise
        finally:
            theirs.close()

    def _start(self, descriptor: int, env: Mapping[str, str], patience: float) -> subprocess.Popen:
        """Start the process that starts the server."""
        *start, program = command("main", "_fork_server", descriptor, os.getpid(), patience)
        return subprocess.Popen(
            [*start, _DETACH.format(descriptor) + program],
            env=env,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def is_alive(self) -> bool:
        """Return whether the server is running or starting."""
        try:
            peeked = self.channel.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(peeked)

    def say(self, message: dict[str, Any]) -> None:
        """Send a message to the server; ``ended`` detects whether it is gone."""
        with suppress(OSError):
            self.channel.send(message)

    def fork(self) -> tuple[int, Connection]:
        """Ask for a worker; return its number and a connection that works from the beginning."""
        number = next(_numbers)
        self._numbers.add(number)
        ours, theirs = _socketpair()
        with theirs, ExitStack() as stack:
            outputs = [_output(descriptor, stack) for descriptor in (1, 2)]
            with suppress(OSError):  # the server has just died: ``ended`` reports it
                self.channel.send({"fork": number}, [theirs.fileno(), *outputs])
        return number, Connection(ours.detach())

    def kill(self, number: int) -> None:
        """Ask for a worker to be killed; if the server is gone, so is the worker."""
        self.say({"kill": number})

    def waitables(self) -> list[Any]:
        """Return what becomes readable when the server sends a message."""
        return [self.channel] if self.channel.fileno() >= 0 else []

    def ended(self) -> dict[int, str]:
        """Return what the server reports; without a server, all workers have ended."""
        ended: dict[int, str] = {}
        try:
            self.channel.socket.setblocking(False)
            while True:
                for message in self.channel.receive():
                    self._hear(message, ended)
        except BlockingIOError:
            self.channel.socket.setblocking(True)
        except (EOFError, OSError):
            self.hang_up()
            ended |= dict.fromkeys(self._numbers - set(ended), SERVER_ENDED)
        self._numbers -= set(ended)
        return ended

    def _hear(self, message: dict[str, Any], ended: dict[int, str]) -> None:
        """Record a message."""
        self._sound = self._sound and message.get("sound", True)
        if "ended" in message:
            if message["ended"] in self._numbers:  # not one of an earlier search
                ended[message["ended"]] = message["why"]
        elif "unclean" in message:
            self.unclean.update(message["unclean"])
        elif "pid" in message:
            self.pid = message["pid"]
            self._starter.wait()  # it ends at this moment
        else:
            self.importing = message.get("importing", "")
            self._up = self._up or "up" in message
            self._rested = message.get("resting", self._rested)

    def rest(self) -> bool:
        """Have the server clean up after this search; return whether it can serve another one.

        Nothing of the search is left then, unless the server is still starting and will do so.
        """
        self.ended()
        self._numbers.clear()
        number = next(_numbers)
        self.say({"rest": number})
        deadline = time.monotonic() + GRACE
        while self._has_workers() and self._rested != number and self._wait(deadline):
            self.ended()
        has_rested = self._rested == number or not self._has_workers()
        return has_rested and self._sound and self.is_alive()

    def hang_up(self) -> None:
        """Close the connection to the server and wait until it is gone."""
        if not self.waitables():
            return
        with suppress(OSError):  # it has hung up
            self.channel.socket.shutdown(socket.SHUT_WR)
        # A server that is up kills its workers; if it is killed itself, they die with it.
        if not self._has_workers() or not self._is_gone(GRACE):
            self._kill()
        self.channel.close()
        if self._starter.poll() is None:
            self._starter.kill()
            self._starter.wait()

    def _has_workers(self) -> bool:
        """Return whether there may be workers: not before all is imported."""
        return self._up and not self.importing

    def _kill(self) -> None:
        """Kill the server, whose number is free for others only when it has hung up."""
        with suppress(EOFError, OSError):
            self.channel.socket.setblocking(False)
            for message in self.channel.receive():
                self._hear(message, {})
        if self.pid is not None and not self._is_gone(0.0):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._is_gone(GRACE)

    def _is_gone(self, patience: float) -> bool:
        """Return whether the server hangs up within some seconds, as it does when it ends."""
        deadline = time.monotonic() + patience
        with suppress(OSError):
            self.channel.socket.setblocking(True)
            while self._wait(deadline):
                if not self.channel.socket.recv(65536):
                    return True
            return False
        return True

    def _wait(self, deadline: float) -> bool:
        """Wait until the server sends a message or ends; return whether it did in time."""
        patience = max(deadline - time.monotonic(), 0.0)
        return bool(self.waitables() and wait(self.waitables(), patience))


def _socketpair() -> list[socket.socket]:
    """Return connected sockets whose numbers are not those of standard streams, if closed."""
    from fcntl import F_DUPFD_CLOEXEC, fcntl  # not on Windows

    pair = socket.socketpair()
    with pair[0], pair[1]:
        return [socket.socket(fileno=fcntl(one.fileno(), F_DUPFD_CLOEXEC, 3)) for one in pair]


def _output(descriptor: int, stack: ExitStack) -> int:
    """Return an open descriptor for what is written to standard output or error."""
    try:
        os.fstat(descriptor)
    except OSError:  # it is closed
        descriptor = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, descriptor)
    return descriptor
