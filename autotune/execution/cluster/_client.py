"""What a search tells a Dask cluster and hears from it, without anybody having to wait."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Event
from typing import Any

from ...evaluation import Job
from ._task import Parcel

FROZEN = 3.0  # seconds without a heartbeat after which a worker is not counted on
UNTRIED = 4.0  # times as many for a worker that has not run a job yet
PER_WORKER = 0.02  # seconds more for each worker: in large clusters, hearts beat more slowly
LOOK = 0.5  # seconds between looks at which workers the cluster has
MAX_LOSSES = 3  # times that a job is sent again because the cluster lost it or the data


class Cluster:
    """Runs jobs on a cluster, in the event loop of its client.

    A frozen scheduler blocks whoever calls it, so the search's thread never does.

    The task is sent to each worker once, also to those that join later; they pass it on among
    themselves. Every worker holds it under a key of its own, since the cluster would forget, and
    send again, copies of the same key that it thinks are too many.

    Parameters
    ----------
    client : distributed.Client
    parcel : Parcel
    alone : bool, default=False
        Whether jobs have processes of their own, so that none keeps the heart of its worker from
        beating, and a worker without a heartbeat is frozen.

    Attributes
    ----------
    threads : dict of str to int
        The number of threads of each worker that is not frozen, as of the last look.
    silence : float
        For how many seconds there has been no answer or no worker. Time in which this process
        did not get to look does not count.
    trouble : str
        What is wrong meanwhile.
    """

    def __init__(self, client: Any, parcel: Parcel, *, alone: bool = False):
        self.threads: dict[str, int] = {}
        self.silence = 0.0
        self.trouble = ""
        self._client = client
        self._parcel = parcel
        self._patience = FROZEN if alone else math.inf
        self._beats: dict[str, tuple[float, float]] = {}  # the last ones; when they were seen
        self._answered: set[str | None] = set()  # the workers that have run a job
        self._heard = Event()
        self._n_jobs: Counter[str | None] = Counter()
        self._data: Any = None  # the future of the task
        self._held: dict[str, Any] = {}  # the copy of the task on each worker
        self._sending = asyncio.Lock()
        self._watch = self._start(self._look_again_and_again())

    @property
    def has_answered(self) -> bool:
        """Whether any worker has run a job."""
        return bool(self._answered)

    def wait_for_workers(self, seconds: float) -> None:
        """Wait, but not for long, until it is known which workers there are."""
        self._heard.wait(seconds)

    def run(self, job: Job) -> Future:
        """Run a job; return the future of its packed outcome.

        Raises
        ------
        Exception
            Whatever pickling the job raises.
        """
        return self._start(self._run(self._parcel.pack(job)))

    def cancel(self, future: Future) -> None:
        """End a job, if the client can still say so."""
        if not self._client.loop.asyncio_loop.is_closed():
            future.cancel()

    def close(self, seconds: float) -> None:
        """Let the cluster forget the task, without waiting for long until it knows."""
        self.cancel(self._watch)
        self._parcel.close()
        with suppress(Exception):  # without the cluster there is nothing to forget
            self._start(self._forget()).result(seconds)

    def _start(self, coroutine: Coroutine) -> Future:
        """Carry out a coroutine in the event loop of the client."""
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._client.loop.asyncio_loop)
        except RuntimeError:  # the loop is closed
            coroutine.close()
            future: Future = Future()
            future.cancel()
            return future

    # All that follows runs in the event loop.

    async def _look_again_and_again(self) -> None:
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
        try:
            workers = (await self._client.scheduler.identity())["workers"]
        except OSError as error:
            self.trouble = f"the scheduler cannot be reached ({_message(error)})"
            return
        self._note_beats(workers)
        awake = {address for address in workers if not self._is_frozen(address)}
        self.threads = {address: workers[address]["nthreads"] for address in awake}
        for gone in self._held.keys() - awake:
            self._held.pop(gone).release()
        if awake:
            self.trouble, self.silence = "", 0.0
            self._heard.set()
        elif workers:
            self.trouble, self.silence = "its workers do not answer", max(self.silence, FROZEN)
        else:
            self.trouble = "it has no workers"

    def _note_beats(self, workers: dict[str, Any]) -> None:
        """Note when each heartbeat was seen first: the scheduler's clock may be another one."""
        now = time.monotonic()
        for address, worker in workers.items():
            beat = worker["last_seen"]
            if self._beats.get(address, (None,))[0] != beat:
                self._beats[address] = beat, now

    def _is_frozen(self, address: str) -> bool:
        """Tell whether a worker's heart has not been seen to beat for long.

        While a worker imports what its first job needs, it may not beat for longer.
        """
        factor = 1.0 if address in self._answered else UNTRIED
        patience = factor * self._patience + PER_WORKER * len(self._beats)
        return time.monotonic() - self._beats[address][1] > patience

    async def _run(self, payload: bytes) -> bytes:
        """Run a job on the worker that has the least to do; again if the cluster loses it."""
        for _ in range(1 + MAX_LOSSES):
            task = await self._send_task()
            worker = min(self.threads, key=self._load, default=None)
            self._n_jobs[worker] += 1
            try:
                answer = await self._run_on(worker, task, payload)
            finally:
                self._n_jobs[worker] -= 1
            if answer is not None:
                self._answered.add(worker)
                return answer
        raise RuntimeError("the cluster has lost the evaluation again and again")

    def _load(self, worker: str) -> float:
        """Return the number of jobs per thread of a worker."""
        return self._n_jobs[worker] / self.threads[worker]

    async def _send_task(self) -> Any:
        """Send the task to one worker, if none has it; the others fetch it from there."""
        async with self._sending:
            losses = 0
            while self._data is None or self._data.status != "finished":
                self._held.clear()
                try:
                    self._data = await self._client.scatter(self._parcel, hash=False)
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

    async def _run_on(self, worker: str | None, task: Any, payload: bytes) -> bytes | None:
        """Run a job on a worker, None where the cluster chooses; None if it was lost."""
        if worker is None:
            future = self._client.submit(_run, task, payload, pure=False)
        else:
            future = self._submit_to(worker, _run, self._copy_on(worker), payload)
        try:
            return await _answer(future)
        finally:
            if future.status == "pending" and self._client.status != "closed":
                await self._client.cancel([future], force=True)
            future.release()  # the cluster keeps a result as long as anybody knows the future

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

    async def _forget(self) -> None:
        """Let the cluster forget the task."""
        futures = [future for future in (*self._held.values(), self._data) if future is not None]
        await self._client.cancel(futures, force=True)
        for future in futures:
            future.release()


async def _answer(future: Any) -> bytes | None:
    """Wait for the packed outcome of a job; return None if the cluster has lost it."""
    waiting = asyncio.ensure_future(future.result())
    waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        # What is lost may never end.
        while not waiting.done() and future.status != "lost":
            await asyncio.wait({waiting}, timeout=LOOK)
    finally:
        waiting.cancel()
    if future.status == "error":
        waiting.result()  # raises it
    with suppress(OSError):  # the result was lost on its way
        return waiting.result() if future.status == "finished" else None
    return None


def _hold(parcel: Parcel) -> Parcel:
    """Return the task: so it stays on the worker under another key."""
    return parcel


def _run(parcel: Parcel, payload: bytes) -> bytes:
    """Run a job; executed on a worker of the cluster."""
    return parcel.run(payload)


def _message(error: Exception) -> str:
    """Return an exception's message, or its type's name if it has none."""
    return str(error) or type(error).__name__
