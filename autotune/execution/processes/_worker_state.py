"""The search's record of its worker processes and their jobs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from ...evaluation import Job
from ...history import Evaluation

EOF_GRACE = 0.5  # seconds between a worker's silence and the report of its end


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
    that it runs, which ``began`` then.
    """

    number: int
    started: float
    connection: Connection | None = None
    importing: str = ""
    ready: bool = False
    pending: PendingJob | None = None
    began: float = 0.0
    silent_since: float | None = None

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


def is_same(one: Job, other: Job | Evaluation) -> bool:
    """Return whether a job is an evaluation; its parameters need not be comparable."""
    return (one.trial, one.key) == (other.trial, other.key)
