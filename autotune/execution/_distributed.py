"""Evaluations on a Dask cluster."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from distributed import rejoin, secede
from distributed.worker import thread_state

from .._history import CRASHED
from ._contract import Executor, Job, Outcome
from ._parcel import Parcel
from ._shipping import failure, pack, unpack_outcome

LOOK = 0.5  # seconds between looks at which workers the cluster has
MAX_LOSSES = 3  # times that a job is sent again because the cluster lost it or the data


@dataclass(eq=False)
class _Sent:
    """A job on its way to a worker, None where the cluster chooses."""

    job: Job
    payload: bytes
    worker: str | None = None
    losses: int = 0


class DaskExecutor(Executor):
    """Runs jobs on the cluster of a ``distributed.Client``.

    The task is sent to each worker once, also to those that join later; they pass it on among
    themselves. Every worker holds it under a key of its own, since the cluster would forget, and
    send again, copies of the same key that it thinks are too many. Workers may join, leave
    and die while the search runs: the number of jobs in flight follows the cluster's number of
    threads, and what a lost worker ran is run again. In a task of the same cluster, the thread
    leaves the worker's pool while it waits, so that searches within searches cannot block
    each other.

    Parameters
    ----------
    task : Task
    client : distributed.Client
    killable : bool, default=False
        Jobs must be able to be ended from outside: the workers run them in processes of their
        own.
    memory : int or None, default=None
        Bytes that a job may use, where it has a process of its own.

    Raises
    ------
    TypeError
        If the task cannot be pickled.
    ConnectionError
        If the cluster cannot be reached, now or later.
    """

    def __init__(
        self, task: Any, client: Any, *, killable: bool = False, memory: int | None = None
    ):
        self.can_kill = killable
        self._client = client
        self._parcel = Parcel(task, killable=killable, memory=memory)
        self._sent: dict[Any, _Sent] = {}  # by future
        self._outcomes: list[Outcome] = []
        self._ended: SimpleQueue = SimpleQueue()
        self._away = False  # whether this thread has left the pool of a worker
        self._workers: dict[str, int] = {}
        self._told = 0  # the number of workers that the caller knows of
        self._looked = -math.inf
        self._data = self._scatter()
        self._held: dict[str, Any] = {}  # the copy of the task on each worker

    @property
    def n_workers(self) -> int:  # type: ignore[override]  # it changes with the cluster
        """Threads of the cluster, now."""
        self._told = self._count()
        return self._told

    def submit(self, job: Job) -> None:
        try:
            payload = pack(job)
        except Exception as error:  # picklers raise what the objects' code raises
            message = f"The configuration could not be sent: {type(error).__name__}: {error}"
            self._outcomes.append(failure(job, message))
            return
        self._send(_Sent(job, payload))

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait for at least one job to end, at most ``timeout`` seconds; return the ended.

        Return early, with nothing, when there is room for more jobs because a worker joined.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        while self._sent and not self._outcomes and time.monotonic() < end:
            self._leave_pool()
            self._receive(min(LOOK, max(end - time.monotonic(), 0.0)))
            if self._count() > self._told:
                break
        if not self._sent:
            self._enter_pool()
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def cancel(self, job: Job) -> bool:
        for future, sent in list(self._sent.items()):
            if sent.job is job:
                del self._sent[future]
                future.cancel(force=True)
                return True
        return False

    def close(self) -> None:
        futures = [*self._sent, *self._held.values(), self._data]
        self._sent.clear()
        if self._client.status == "running":
            with suppress(OSError):  # the cluster is gone, and with it what would be cancelled
                self._client.cancel(futures, force=True)
        for future in futures:
            future.release()
        self._enter_pool()

    # Sending

    def _scatter(self) -> Any:
        """Send the task to one worker; the others will fetch it from there."""
        with _talking_to(self._client):
            return self._client.scatter(self._parcel, hash=False)

    def _send(self, sent: _Sent) -> None:
        """Send a job to the worker that has the least to do."""
        self._count()
        sent.worker = self._least_busy()
        with _talking_to(self._client):
            if sent.worker is None:
                future = self._client.submit(_run, self._data, sent.payload, pure=False)
            else:
                task = self._copy_on(sent.worker)
                future = self._submit_to(sent.worker, _run, task, sent.payload)
        self._sent[future] = sent
        future.add_done_callback(self._ended.put)

    def _least_busy(self) -> str | None:
        """Return the worker with the fewest jobs per thread, or None if there is none."""
        n_jobs = Counter(sent.worker for sent in self._sent.values())
        return min(self._workers, key=lambda w: n_jobs[w] / self._workers[w], default=None)

    def _copy_on(self, worker: str) -> Any:
        """Return the copy of the task that is, or soon will be, on a worker."""
        held = self._held.get(worker)
        if held is None or held.status in ("lost", "cancelled", "error"):
            held = self._held[worker] = self._submit_to(worker, _hold, self._data)
        return held

    def _submit_to(self, worker: str, function: Any, *args: Any) -> Any:
        """Let a worker call a function, or another one if it is gone by then."""
        return self._client.submit(
            function, *args, workers=[worker], allow_other_workers=True, pure=False
        )

    def _count(self) -> int:
        """Return the number of the cluster's threads."""
        if time.monotonic() >= self._looked + LOOK:
            with _talking_to(self._client):
                self._workers = dict(self._client.nthreads())
            self._looked = time.monotonic()
            for gone in self._held.keys() - self._workers.keys():
                self._held.pop(gone).release()
        return max(1, sum(self._workers.values()))

    # Receiving

    def _receive(self, timeout: float) -> None:
        """Take the jobs that end within ``timeout`` seconds, at least one if there is any."""
        try:
            future = self._ended.get(timeout=timeout)
        except Empty:
            lost = [future for future in self._sent if future.status in ("lost", "cancelled")]
            for future in lost:
                self._settle(future)
            return
        while True:
            self._settle(future)
            if self._ended.empty():
                return
            future = self._ended.get()

    def _settle(self, future: Any) -> None:
        """Note the outcome of a job, or send it again if the cluster lost it."""
        sent = self._sent.pop(future, None)
        if sent is None:  # cancelled, or settled already
            return
        if future.status == "finished":
            self._outcomes.append(_named(unpack_outcome(*future.result()), sent.job))
        elif future.status == "error":
            self._crash(sent, future.exception())
        else:
            self._resend(sent)
        future.release()  # the cluster would keep the result as long as anybody knows the future

    def _resend(self, sent: _Sent) -> None:
        """Send a job again, with the data if the cluster has lost them too."""
        sent.losses += 1
        if sent.losses > MAX_LOSSES:
            self._crash(sent, RuntimeError("the cluster has lost the evaluation again and again"))
            return
        if self._data.status != "finished":
            self._data = self._scatter()
            self._held.clear()
        self._looked = -math.inf  # the worker may be gone
        self._send(sent)

    def _crash(self, sent: _Sent, exception: BaseException) -> None:
        """Note that the cluster could not run a job."""
        outcome = failure(sent.job, f"{type(exception).__name__}: {exception}", CRASHED)
        outcome.exception = exception
        self._outcomes.append(outcome)

    # Searches inside tasks

    def _leave_pool(self) -> None:
        """Let the worker start another task while this one waits, if this is one."""
        if not self._away and hasattr(thread_state, "execution_state"):
            secede()
            self._away = True

    def _enter_pool(self) -> None:
        """Undo ``_leave_pool``."""
        if self._away:
            self._away = False
            rejoin()


@contextmanager
def _talking_to(client: Any) -> Iterator[None]:
    """Turn what comes of a lost connection into one clear error."""
    try:
        if client.status != "running":
            raise ConnectionError(f"the client is {client.status}")
        yield
    except OSError as error:
        reason = str(error) or type(error).__name__
        raise ConnectionError(f"the Dask cluster cannot be reached: {reason}") from error


def _named(outcome: Outcome, job: Job) -> Outcome:
    """Return an outcome with its job's name; a job that could not be loaded did not know it."""
    evaluation = outcome.evaluation
    evaluation.trial, evaluation.fold, evaluation.fidelity = job.trial, job.fold, job.fidelity
    return outcome


def _hold(parcel: Parcel) -> Parcel:
    """Return the task: so it stays on the worker under another key."""
    return parcel


def _run(parcel: Parcel, payload: bytes) -> tuple[Outcome, bytes | None]:
    """Run a job; executed on a worker of the cluster."""
    return parcel.run(payload)
