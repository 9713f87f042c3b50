"""Non-blocking communication between a search and a Dask cluster."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent import futures
from concurrent.futures import Future
from threading import Event
from typing import Any

from .._futures import LOOK
from .._payload import Payload
from .._pool_worker import forget

FROZEN = 3.0  # seconds without a heartbeat after which a worker counts as frozen
UNTRIED = 4.0  # times as many for a worker that has not run a job yet
PER_WORKER = 0.02  # seconds more per worker: heartbeats are less frequent in large clusters
RELEASE_SECONDS = 5.0  # in which workers that answer may end running jobs
MAX_LOSSES = 3  # times that a job is sent again because the cluster lost it or the data


class Cluster(futures.Executor):
    """The workers of a cluster as a pool, which operates in the client's event loop.

    Calls to a frozen scheduler block, so the search's thread makes none. The task
    is sent once from this process; workers pass it on to each other.

    Parameters
    ----------
    client : distributed.Client
    alone : bool, default=False
        Whether jobs have processes of their own, so that they cannot delay the heartbeat of
        their worker, and a worker without a heartbeat is frozen.

    Attributes
    ----------
    threads : dict of str to int
        The number of threads of each worker that is not frozen, as of the last look.
    silence : float
        Seconds without an answer or a worker, not counting time in which this process did not
        check.
    trouble : str
        The current problem.
    """

    def __init__(self, client: Any, *, alone: bool = False):
        self.threads: dict[str, int] = {}
        self.silence = 0.0
        self.trouble = ""
        self._client = client
        self._patience = FROZEN if alone else math.inf
        self._beats: dict[str, tuple[float, float]] = {}  # the last ones; when they were seen
        self._answered: set[str | None] = set()  # the workers that have run a job
        self._present: set[str | None] = {None}  # the workers, be they frozen; None: any
        self._heard = Event()
        self._n_jobs: Counter[str | None] = Counter()
        self._data: Any = None  # the future of the task
        self._sending = asyncio.Lock()

    def open(self, task: Payload, seconds: float) -> None:
        """Start watching the workers, and wait briefly until some are known."""
        self._task = task
        self._watch = self._start(self._poll())
        self._heard.wait(seconds)

    @property
    def has_answered(self) -> bool:
        """Whether any worker has run a job."""
        return bool(self._answered)

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future:
        """Call a function on a worker; the task among its arguments is there, or sent, by then."""
        return self._start(self._run(function, args))

    def cancel(self, future: Future) -> bool:
        """Cancel a job; return whether it has no outcome, even if the cluster is unreachable."""
        is_open = not self._client.loop.asyncio_loop.is_closed()
        return not is_open or future.cancel() or future.done()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Release the task on the cluster, and wait briefly until running jobs have ended."""
        released = self._start(self._forget())
        end = time.monotonic() + (LOOK if math.isinf(self._patience) else RELEASE_SECONDS)
        while not released.done() and not self.trouble and time.monotonic() < end:
            futures.wait([released], LOOK)
        self.cancel(self._watch)

    def _start(self, coroutine: Coroutine) -> Future:
        """Run a coroutine in the event loop of the client."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._client.loop.asyncio_loop)
        except RuntimeError:  # the loop is closed
            coroutine.close()
            future: Future = Future()
            future.cancel()
            return future

    # All that follows runs in the event loop.

    async def _poll(self) -> None:
        """Keep the attributes up to date."""
        look: asyncio.Task | None = None
        try:
            while True:
                look = look or asyncio.ensure_future(self._look())
                done, _ = await asyncio.wait({look}, timeout=LOOK)
                if done:
                    look = None
                    await asyncio.sleep(LOOK)
                else:
                    self.trouble = "the scheduler does not answer"
                if self.trouble:
                    self.silence += LOOK
        finally:
            if look is not None:
                look.cancel()

    async def _look(self) -> None:
        """Ask for the workers and their threads."""
        if self._client.scheduler is None:
            self.trouble = "its client was closed"
            return
        try:
            workers = (await self._client.scheduler.identity())["workers"]
        except OSError as error:
            self.trouble = f"the scheduler cannot be reached ({_message(error)})"
            return
        self._present = {None, *workers}
        self._note_beats(workers)
        awake = {address for address in workers if not self._is_frozen(address)}
        self.threads = {address: workers[address]["nthreads"] for address in awake}
        if awake:
            self.trouble, self.silence = "", 0.0
            self._heard.set()
        elif workers:
            self.trouble, self.silence = "its workers do not answer", max(self.silence, FROZEN)
        else:
            self.trouble = "it has no workers"

    def _note_beats(self, workers: dict[str, Any]) -> None:
        """Record when each heartbeat was first seen: the scheduler's clock may differ."""
        now = time.monotonic()
        for address, worker in workers.items():
            beat = worker["last_seen"]
            if self._beats.get(address, (None,))[0] != beat:
                self._beats[address] = beat, now

    def _is_frozen(self, address: str) -> bool:
        """Return whether a worker's last heartbeat is too old.

        A worker that imports what its first job needs has more time.
        """
        factor = 1.0 if address in self._answered else UNTRIED
        patience = factor * self._patience + PER_WORKER * len(self._beats)
        return time.monotonic() - self._beats[address][1] > patience

    async def _run(self, function: Callable, args: tuple) -> Any:
        """Call a function on the worker that has the least to do; again if that is lost."""
        for _ in range(1 + MAX_LOSSES):
            sent = [await self._send_task() if arg is self._task else arg for arg in args]
            worker = min(self.threads, key=self._load, default=None)
            self._n_jobs[worker] += 1
            try:
                answer = await self._run_on(worker, function, sent)
            except _LostError:
                continue
            finally:
                self._n_jobs[worker] -= 1
            if answer is not None:  # else it asks for the task
                self._answered.add(worker)
            return answer
        raise RuntimeError("the cluster lost the evaluation repeatedly")

    def _load(self, worker: str) -> float:
        """Return the number of jobs per thread of a worker."""
        return self._n_jobs[worker] / self.threads[worker]

    async def _send_task(self) -> Any:
        """Send the task to one worker, if none has it; the others fetch it from there."""
        async with self._sending:
            losses = 0
            while self._data is None or self._data.status != "finished":
                try:
                    self._data = await self._client.scatter(self._task, hash=False)
                except OSError:
                    losses += 1
                    if losses > MAX_LOSSES:
                        raise
                await self._wait_for_an_answer()
            return self._data

    async def _wait_for_an_answer(self) -> None:
        """Wait while it is known that the cluster does not answer, or has no workers."""
        while self.trouble:
            await asyncio.sleep(LOOK)

    async def _run_on(self, worker: str | None, function: Callable, args: list) -> Any:
        """Call a function on a worker, or another one if it is gone by then."""
        workers = None if worker is None else [worker]
        future = self._client.submit(
            function, *args, workers=workers, allow_other_workers=worker is not None, pure=False
        )
        try:
            return await _answer(future, lambda: worker in self._present)
        finally:
            if future.status == "pending" and self._client.status != "closed":
                await self._client.cancel([future], force=True)
            future.release()  # the cluster keeps a result as long as anybody knows the future

    async def _forget(self) -> None:
        """Let the cluster forget the task, and its workers end what they run of it."""
        if self._data is not None:
            await self._client.cancel([self._data], force=True)
            self._data.release()
        await self._client.run(
            forget, self._task.key, workers=list(self.threads), on_error="ignore"
        )


class _LostError(Exception):
    """The cluster has lost a job or its result."""


async def _answer(future: Any, has_worker: Callable[[], bool]) -> Any:
    """Wait for the result of a future, and raise if the cluster has lost it, or its worker."""
    waiting = asyncio.ensure_future(future.result())
    waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        # What is lost may never end. Without any worker, Dask forgets that another one will do.
        while not waiting.done() and future.status != "lost" and has_worker():
            await asyncio.wait({waiting}, timeout=LOOK)
    finally:
        waiting.cancel()
    if future.status == "error":
        waiting.result()  # raises it
    if future.status != "finished":
        raise _LostError
    try:
        return waiting.result()
    except OSError as error:  # the result was lost on its way
        raise _LostError from error


def _message(error: Exception) -> str:
    """Return an exception's message, or its type's name if it has none."""
    return str(error) or type(error).__name__
