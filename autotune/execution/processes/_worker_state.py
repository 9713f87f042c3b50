"""The search's record of its worker processes and their jobs."""

from __future__ import annotations

import math
import os
import pickle
import struct
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from ...evaluation import Job
from ...history import Evaluation

EOF_GRACE = 0.5  # seconds between a worker's silence and the report of its end
_CHUNK = 1 << 20  # bytes read at once
_BEGINNING = pickle.dumps(None, protocol=pickle.HIGHEST_PROTOCOL)[:2]  # of all messages


@dataclass(eq=False)
class PendingJob:
    """A job without an outcome.

    ``modules`` are those that it needs; ``again`` is True if it was sent before, to a worker
    that died with the server.
    """

    job: Job
    payload: bytes
    modules: set[str] = field(default_factory=set)
    again: bool = False


@dataclass(eq=False)
class Worker:
    """The search's record of a worker process.

    ``importing`` is the module that it imports before it is ``ready``; ``pending`` is the job
    that it runs, which ``began`` then. ``received`` is what has come of a message.
    """

    number: int
    started: float
    connection: Connection | None = None
    importing: str = ""
    ready: bool = False
    pending: PendingJob | None = None
    began: float = 0.0
    silent_since: float | None = None
    received: bytearray = field(default_factory=bytearray)

    def deadline(self, start_timeout: float) -> float:
        """Return when the worker has to be killed."""
        if self.silent_since is not None:
            return self.silent_since + EOF_GRACE
        if not self.ready:
            return self.started + start_timeout
        if self.pending is None or self.pending.job.seconds is None:
            return math.inf
        return self.began + self.pending.job.seconds

    def has_news(self) -> bool:
        """Return whether there is something to read, or the other side has disconnected."""
        try:
            return self.connection is not None and self.connection.poll()
        except OSError:
            return True

    def receive(self) -> bytes | bytearray | None:
        """Return the next message if all of it has come, else None; never wait for the rest.

        Raises
        ------
        EOFError, OSError
            If the other side has disconnected.
        ValueError
            If something else than messages has come.
        """
        assert self.connection is not None
        if os.name == "nt":  # its pipes have messages, not bytes
            return self.connection.recv_bytes()
        while self.connection.poll():
            part = os.read(self.connection.fileno(), min(_n_missing(self.received), _CHUNK))
            if not part:
                raise EOFError
            self.received += part
            if not _n_missing(self.received):
                start = _start(self.received)
                message, self.received = self.received[start:], bytearray()
                return message
        return None


def _n_missing(received: bytearray) -> int:
    """Return the bytes that a message lacks, as ``Connection.send_bytes`` writes it."""
    start = _start(received)
    if len(received) < start:
        return start - len(received)
    (size,) = struct.unpack("!i" if start == 4 else "!4xQ", received[:start])
    if size < 2 or not _BEGINNING.startswith(received[start : start + 2]):
        raise ValueError("it is no message")
    return start + size - len(received)


def _start(received: bytearray) -> int:
    """Return where the content of a message starts, after its size."""
    return 12 if received[:4] == b"\xff\xff\xff\xff" else 4


def is_same(one: Job, other: Job | Evaluation) -> bool:
    """Return whether a job is an evaluation; its parameters need not be comparable."""
    return (one.trial, one.key) == (other.trial, other.key)
