"""What an executor must do.

An executor runs jobs somewhere and hands back evaluations, in the order in which they end.
It knows a ``Task`` (everything that all evaluations of one ``fit`` share), never the space,
the history or the budget.

- ``submit`` starts a job and returns at once; the caller keeps at most ``n_workers`` in
  flight, and ``n_prefetch`` more, so that no worker has to wait for the caller. Jobs begin in
  the order in which they were submitted.
- ``collect`` waits until at least one job has ended, or ``timeout`` seconds have passed,
  and returns all that have ended since. Without any job it returns at once. Where jobs run in
  the thread that collects them, it returns when one has ended.
- A job that raises is an evaluation with ``status="failed"``.
- Where evaluations can be killed (``can_kill``), a job that runs longer than ``job.seconds``
  ends as ``"timeout"``, one that loses its process as ``"crashed"``.
- ``has_begun`` tells whether a job that was submitted runs: what it waits before is not its time.
  ``delay`` says what it waits for.
- ``cancel`` ends a job that has no outcome yet, where that is possible; it then has none.
  Where evaluations can be killed, it is possible, and another job can run in its place.
- Where the place at which jobs run can be lost for good, ``submit`` and ``collect`` raise
  ``ClusterLostError`` when it is; what jobs were in flight have no outcome.
- ``close`` frees everything: processes, threads, files, shared memory. It never raises,
  and may be called again.

Each job has one outcome, which does not depend on where it ran but for its times.
``autotune.testing.check_executor`` checks what of this can be checked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..evaluation import Job, Outcome


class ClusterLostError(ConnectionError):
    """The machines on which evaluations ran are gone, or cannot be reached any more."""


class Executor(ABC):
    """Runs jobs; see the module's text for the rules."""

    n_workers: int = 1
    n_prefetch: int = 0
    can_kill: bool = False

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job."""

    @abstractmethod
    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait for at least one job to end, at most ``timeout`` seconds; return the ended."""

    @property
    def delay(self) -> str:
        """What no job could begin without so far, empty if nothing was missing."""
        return ""

    def has_begun(self, job: Job) -> bool:
        """Tell whether a job runs, so that its seconds count."""
        return True

    def cancel(self, job: Job) -> bool:
        """End a job without an outcome; return whether that was possible."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Stop what still runs and free everything."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
