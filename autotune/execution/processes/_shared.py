"""Worker processes shared by the threads of one process."""

from __future__ import annotations

import math
import sys
import weakref
from collections import deque
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from multiprocessing import Pipe
from threading import Lock, Thread, current_thread
from typing import Any

from ...evaluation import Job, Outcome
from ...history import CRASHED
from .._packing import failure
from ._executor import ProcessExecutor, WorkerStartError
from ._worker_state import is_same

LOOK = 0.1  # seconds between looks at whether a job is still wanted


class SharedProcesses:
    """Runs jobs of a task, from any thread, in processes that can be killed.

    It replaces the task if the threads of a pool run the jobs: they share one server and one copy
    of the data, and each running job has a process.

    Parameters
    ----------
    task : Task
    memory : int or None, default=None
        Bytes of memory that a job may use.
    """

    def __init__(self, task: Any, memory: int | None = None):
        self.task = task
        self.memory = memory
        self._lock = Lock()
        self._driver: _Driver | None = None
        self._closed = False

    def __reduce__(self) -> tuple:
        return type(self), (self.task, self.memory)

    def run(self, job: Job) -> Outcome:
        """Run a job, with this thread's configuration, while it is wanted."""
        driver = self._current_driver()
        future = driver.submit(job)
        try:
            while True:
                with suppress(TimeoutError):
                    return future.result(LOOK)
                if not self.is_wanted():
                    driver.cancel(future)
        except CancelledError:
            return failure(job, "The evaluation was cancelled", CRASHED)
        except WorkerStartError as error:
            return failure(job, str(error), CRASHED)

    def is_wanted(self) -> bool:
        """Return whether the job of this thread is still wanted."""
        return True

    def close(self) -> None:
        """End all processes, and the jobs that run; none is run from then on."""
        with self._lock:
            self._closed = True
            if self._driver is not None:
                self._driver.close()

    def _current_driver(self) -> _Driver:
        """Return what runs jobs: another one if the last one's workers could not be started."""
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._driver is None or not self._driver.is_alive:
                executor = ProcessExecutor(self.task, sys.maxsize, memory=self.memory, threads=1)
                self._driver = _Driver(executor)
                weakref.finalize(self, self._driver.close)
            return self._driver


class _Driver:
    """A thread that gives one executor the jobs of all others."""

    def __init__(self, executor: ProcessExecutor):
        self.is_alive = True
        self._executor = executor
        self._lock = Lock()
        self._new: deque[tuple[Future, Job]] = deque()
        self._running: dict[Future, Job] = {}
        self._is_closing = False
        self._woken, self._wake = Pipe(duplex=False)
        self._thread = Thread(target=self._drive, name="autotune-processes", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future:
        """Start a job; return the future of its outcome."""
        future: Future = Future()
        self._new.append((future, job))
        self._tell()
        return future

    def cancel(self, future: Future) -> None:
        """End a job."""
        future.cancel()
        self._tell()

    def close(self) -> None:
        """End all jobs and processes."""
        self._is_closing = True
        self._tell()
        if current_thread() is not self._thread:
            self._thread.join()

    def _tell(self) -> None:
        """Wake up the thread."""
        with self._lock:
            if self.is_alive:
                self._wake.send_bytes(b"")
            else:
                self._give_up(CancelledError())

    # What follows runs in the thread.

    def _drive(self) -> None:
        """Run jobs until the end, or until workers cannot be started."""
        error: BaseException = CancelledError()
        try:
            while not self._is_closing:
                self._executor.proceed(math.inf, self._woken)
                while self._woken.poll():
                    self._woken.recv_bytes()
                self._update()
                for outcome in self._executor.collect(0.0):
                    self._settle(outcome)
        except Exception as reason:  # passed on to the waiting caller
            error = reason
        self._executor.close()
        with self._lock:
            self.is_alive = False
            self._woken.close()
            self._wake.close()
            self._give_up(error)

    def _update(self) -> None:
        """Start new jobs and end cancelled ones."""
        self._end_cancelled()
        while self._new:
            future, job = self._new.popleft()
            for other, old in self._running.items():
                if is_same(old, job):  # its sender has lost it, and sends it again
                    other.cancel()
            self._end_cancelled()
            self._running[future] = job
            self._executor.submit(job)

    def _end_cancelled(self) -> None:
        """End the jobs that were cancelled."""
        for future in [future for future in self._running if future.cancelled()]:
            self._executor.cancel(self._running.pop(future))

    def _settle(self, outcome: Outcome) -> None:
        """Hand over an outcome."""
        for future, job in list(self._running.items()):
            if is_same(job, outcome.evaluation):
                del self._running[future]
                if future.set_running_or_notify_cancel():
                    future.set_result(outcome)

    def _give_up(self, error: BaseException) -> None:
        """Leave all jobs without an outcome."""
        while self._new:
            self._running.update([self._new.popleft()])
        while self._running:
            future, _ = self._running.popitem()
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
