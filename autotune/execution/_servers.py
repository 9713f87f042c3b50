"""The search's side of a server that forks workers: asking it, hearing it, ending it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

from ._forkserver import Channel

GRACE = 1.0  # seconds that a server has to kill its workers before it is killed itself
SERVER_ENDED = "The worker server ended"  # and all workers with it


class Process(Protocol):
    """What has to be known of a server's process; ``subprocess.Popen`` is one."""

    def poll(self) -> int | None:
        """Return the exit code, None as long as the process lives."""

    def kill(self) -> None:
        """Kill the process."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; raise ``subprocess.TimeoutExpired``."""


class ForkedProcess:
    """A child that was forked from this process, seen as ``subprocess.Popen`` sees its own."""

    def __init__(self, pid: int):
        self._pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                self._code = 0
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def kill(self) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired("a forked server", timeout or 0.0)
            time.sleep(0.001)
        return code


class ServerLink:
    """A server's process and the connection to it.

    Parameters
    ----------
    channel : Channel
    process : Process
    """

    def __init__(self, channel: Channel, process: Process):
        self.channel = channel
        self.process = process
        self._numbers: set[int] = set()
        self._up = False

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def say(self, message: dict[str, Any]) -> None:
        """Tell the server something."""
        self.channel.send(message)

    def fork(self, number: int) -> Connection:
        """Ask for a worker and return the connection to it, which works from the beginning."""
        self._numbers.add(number)
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self.channel.send({"fork": number}, theirs.fileno())
            except OSError:  # the server has just died: ``ended`` reports it for this worker too
                self.process.kill()
        return Connection(ours.detach())

    def kill(self, number: int) -> None:
        """Ask for a worker to be killed; if the server is gone, so is the worker."""
        with suppress(OSError):  # hung up
            self.channel.send({"kill": number})

    def waitables(self) -> list[Any]:
        """Return what becomes readable when the server has something to say."""
        return [self.channel] if self.channel.fileno() >= 0 else []

    def ended(self) -> dict[int, str]:
        """Return what the server reports; without a server no worker lives on."""
        ended: dict[int, str] = {}
        try:
            self.channel.socket.setblocking(False)
            while True:
                for message in self.channel.receive():
                    self._up = True
                    if "ended" in message:
                        ended[message["ended"]] = message["why"]
        except BlockingIOError:
            self.channel.socket.setblocking(True)
        except (EOFError, OSError):
            self.process.kill()
            self.hang_up()
            ended |= dict.fromkeys(self._numbers - set(ended), SERVER_ENDED)
        self._numbers -= set(ended)
        return ended

    def hang_up(self) -> None:
        """Close the connection to the server and wait until it is gone."""
        self.channel.close()
        try:
            self.process.wait(GRACE if self._up else 0.0)
        except subprocess.TimeoutExpired:
            # Not up yet: it has no workers. Else its workers die with it.
            self.process.kill()
            self.process.wait()
