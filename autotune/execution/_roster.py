"""What the search knows of its worker processes and of the jobs it has given them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from multiprocessing.connection import Connection

from ._contract import Job

EOF_GRACE = 0.5  # seconds between a worker's silence and the report of its end


@dataclass(eq=False)
class Ticket:
    """A job on its way."""

    job: Job
    payload: bytes
    again: bool = False  # it was sent before, to a worker that died with the server


@dataclass(eq=False)
class Worker:
    """A worker process as the search sees it.

    ``stand_in`` tells that it is there only until the lasting workers are ready; ``ticket`` is
    the job that it runs or, as long as it is not ``ready``, that it will run; ``began`` is when
    that job began.
    """

    number: int
    started: float
    stand_in: bool = False
    connection: Connection | None = None
    ready: bool = False
    ticket: Ticket | None = None
    sent: bool = False
    began: float = 0.0
    silent_since: float | None = None

    def deadline(self, start_timeout: float) -> float:
        """Return when the worker has to be killed."""
        if self.silent_since is not None:
            return self.silent_since + EOF_GRACE
        if not self.ready:
            return self.started + start_timeout
        if self.ticket is None or self.ticket.job.seconds is None:
            return math.inf
        return self.began + self.ticket.job.seconds

    def has_news(self) -> bool:
        """Tell whether there is something to read, if only that the other side has hung up."""
        try:
            return self.connection is not None and self.connection.poll()
        except OSError:
            return True


def is_same(one: Job, other: Job) -> bool:
    """Tell whether two jobs are the same evaluation; their parameters need not be comparable."""
    return (one.trial, one.fold, one.fidelity) == (other.trial, other.fold, other.fidelity)
