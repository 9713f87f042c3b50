"""The contract of an executor, which decides where evaluations run.

An executor runs jobs and returns their outcomes in the order in which they end. It knows a
``Task`` (everything that the evaluations of one ``fit`` share), never the space, the history or
the budget.

- ``submit`` starts a job and returns at once. At most ``n_workers`` jobs run at a time, and the
  caller submits up to ``n_prefetch`` more, so that no worker has to wait for the caller. Jobs
  begin in the order in which they were submitted.
- ``collect`` waits until at least one job has ended, or ``timeout`` seconds have passed, and
  returns all outcomes so far. Without any job it returns at once. If jobs run in the calling
  thread, it returns when one has ended.
- A job that raises gives an evaluation with ``status="failed"``.
- If evaluations can be killed (``can_kill``), a job that runs longer than ``job.seconds`` ends
  with status ``"timeout"``, and one whose process dies with ``"crashed"``.
- ``has_begun`` returns whether a submitted job is running: waiting time does not count towards
  its limit. ``delay`` says what jobs are waiting for.
- ``cancel`` ends a job that has no outcome yet, if possible; the job then has none. It is always
  possible if evaluations can be killed, and another job can then run instead.
- If the workers can be lost for good, ``submit`` and ``collect`` raise ``ClusterLostError`` when
  that happens; running jobs then have no outcome.
- ``close`` frees everything: processes, threads, files, shared memory. It never raises, and may
  be called more than once.

Each job has one outcome which, except for its times, does not depend on where it ran.
``autotune.testing.check_executor`` checks these rules as far as possible.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..evaluation import Job, Outcome


class ClusterLostError(ConnectionError):
    """The machines on which evaluations ran are gone or cannot be reached."""


class Executor(ABC):
    """Runs jobs; the module's docstring has the rules."""

    n_workers: int = 1
    n_prefetch: int = 0
    can_kill: bool = False

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Start a job."""

    @abstractmethod
    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait up to ``timeout`` seconds for a job to end; return all outcomes so far."""

    @property
    def delay(self) -> str:
        """What jobs have been waiting for before they could begin; empty if nothing."""
        return ""

    def has_begun(self, job: Job) -> bool:
        """Return whether a job is running, so that its time counts."""
        return True

    def cancel(self, job: Job) -> bool:
        """End a job without an outcome; return whether that was possible."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Stop all jobs and free everything."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
