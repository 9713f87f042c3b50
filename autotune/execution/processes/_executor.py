"""Evaluations in local worker processes that can be killed."""

from __future__ import annotations

import copy
import math
import pickle
import time
import weakref
from collections import deque
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

import joblib

from ..._texts import warn
from ...evaluation import Job, Outcome
from ...history import CRASHED, TIMEOUT
from .._contract import Executor
from .._packing import Folder, failure, pack_job, unpack_outcome
from .._watched import Watched, is_trusted
from . import _system
from ._launchers import ForkLauncher, Launcher, SpawnLauncher, can_fork, environment
from ._server_link import SERVER_ENDED
from ._setup import inner_backend, pack_setup
from ._worker import DONE, IMPORTING, READY
from ._worker_state import PendingJob, Worker, is_same

MAX_FAILED_STARTS = 3  # in a row


class WorkerStartError(RuntimeError):
    """Worker processes cannot be started, or cannot load the task."""


class ProcessExecutor(Executor):
    """Runs jobs in worker processes that can be killed.

    A worker starts with the first job that needs it; one that was killed or died is replaced.
    A worker takes over the working directory, the import path, the warnings filters and
    scikit-learn's configuration of the process that made the executor; its output goes where
    that process's goes.

    The server of the first search of a process takes a second or more to start; it serves later
    searches, too. While no worker is ready, small jobs of the trial ``meanwhile`` whose code
    comes from well-known packages run in a thread of this process. What does not end there is
    given to a worker.

    Parameters
    ----------
    task : Task
        Pickled once, by value where it is not importable; large arrays become files that all
        workers map read-only.
    n_workers : int, default=1
        Number of jobs that run at the same time. More may be submitted; they wait.
    memory : int or None, default=None
        Bytes of memory that a job may use, with the processes that it starts; mapped data do
        not count. A job that uses more is killed and ends as ``"crashed"``. Linux only.
    threads : int or None, default=None
        Number of threads for BLAS, OpenMP and joblib in each worker. None: the machine's
        cores divided among the workers; with one worker, whatever holds in this process.
        The user's own environment variables (such as ``OMP_NUM_THREADS``) win.
    start_timeout : float, default=60.0
        Seconds that a worker may take to start and to load the task.
    launcher : {"fork", "spawn"} or None, default=None
        How workers are started. None: forked where the system allows it.
    meanwhile : int or None, default=None
        The trial that may run in this process.

    Raises
    ------
    OSError
        If the server cannot be started, or there is no room for the data.
    TypeError
        If the task cannot be pickled.
    """

    can_kill = True
    n_prefetch = 1

    def __init__(
        self,
        task: Any,
        n_workers: int = 1,
        *,
        memory: int | None = None,
        threads: int | None = None,
        start_timeout: float = 60.0,
        launcher: str | None = None,
        meanwhile: int | None = None,
    ):
        self.n_workers = n_workers
        self._start_timeout = start_timeout
        self._queue: deque[PendingJob] = deque()
        self._workers: dict[int, Worker] = {}
        self._outcomes: list[Outcome] = []
        self._failed_starts = 0
        self._failure: WorkerStartError | None = None
        self._started = False  # a worker was ready
        self._here: PendingJob | None = None  # the job that runs in this process
        if memory is not None and not _system.CAN_MEASURE:
            warn("memory limits need Linux; running without")
            memory = None
        if threads is None and n_workers > 1:
            threads = max(1, joblib.cpu_count() // n_workers)
        self._threads = threads
        fork = can_fork() if launcher is None else launcher == "fork"
        env = environment(threads)
        self._launcher: Launcher = ForkLauncher(env, memory) if fork else SpawnLauncher(env, memory)
        folder = Folder(self._launcher.guard)
        self._release = weakref.finalize(self, _release, self._launcher, folder)
        self._backend = inner_backend(threads, n_workers)
        try:
            self._setup, modules = pack_setup(task, folder, self._backend)
            self._launcher.preload(modules)
        except BaseException:
            self._release()
            raise
        self._meanwhile = meanwhile
        self._task = copy.copy(task) if meanwhile is not None and is_trusted(modules) else None

    @property
    def unfinished(self) -> list[Job]:
        """The jobs that were submitted and have no outcome yet."""
        running = [worker.pending for worker in self._workers.values() if worker.pending]
        here = [] if self._here is None else [self._here]
        return [pending.job for pending in [*running, *here, *self._queue]]

    @property
    def delay(self) -> str:
        """Why no worker has been ready yet, empty if one has or none can be."""
        if self._started or self._failure is not None:
            return ""
        importing = {worker.importing for worker in self._workers.values()}
        names = sorted(filter(None, importing | {self._launcher.importing}))
        what = f"importing {', '.join(map(repr, names))}" if names else "starting"
        return f"worker processes were still {what}"

    def has_begun(self, job: Job) -> bool:
        return any(w.pending and is_same(w.pending.job, job) for w in self._workers.values())

    def submit(self, job: Job) -> None:
        """Send a job to a free worker, start one for it, or keep it until one is free."""
        if not self._release.alive:
            raise RuntimeError("submit was called after close")
        try:
            self._queue.append(PendingJob(job, *pack_job(job)))
        except Exception as error:  # picklers raise what the objects' code raises
            message = f"The configuration could not be sent: {type(error).__name__}: {error}"
            self._outcomes.append(failure(job, message))
        self._dispatch()

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait until a job has ended; without any job, return at once.

        Raises
        ------
        WorkerStartError
            If workers cannot be started; ``unfinished`` has the jobs that were not run. From
            then on nothing can be killed, and every job raises.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        try:
            while True:
                self._run_here(end)
                waiting = self.unfinished and not self._outcomes and self._failure is None
                self.proceed(end if waiting else 0.0)
                if self._failure is not None and self.unfinished and not self._outcomes:
                    raise self._failure
                if self._outcomes or not self.unfinished or time.monotonic() >= end:
                    outcomes, self._outcomes = self._outcomes, []
                    return outcomes
        except KeyboardInterrupt:
            self.close()
            raise

    def cancel(self, job: Job) -> bool:
        """Forget a job, killing the worker that runs it; return whether it was there.

        It has no outcome, unless it has ended already.
        """
        for pending in self._queue:
            if is_same(pending.job, job):
                self._queue.remove(pending)
                return True
        for worker in self._workers.values():
            if worker.pending is not None and is_same(worker.pending.job, job):
                self._remove(worker)
                self._dispatch()
                return True
        return False

    def close(self) -> None:
        """Kill the workers and remove all files; may be called again."""
        for worker in self._workers.values():
            if worker.connection is not None:
                worker.connection.close()
        self._workers.clear()
        self._queue.clear()
        self._release()

    # Sending

    def _dispatch(self) -> None:
        """Give the jobs that wait to workers without one; start workers that are missing."""
        for worker in self._free():
            if self._queue:
                self._give(worker, self._queue.popleft())
        n_wanted = min(self.n_workers, len(self.unfinished))
        while self._failure is None and len(self._workers) < n_wanted:
            self._start()

    def _free(self) -> list[Worker]:
        """Return the workers that may be given a job."""
        return [w for w in self._workers.values() if w.ready and w.pending is None]

    def _give(self, worker: Worker, pending: PendingJob) -> None:
        """Send a worker a job, which begins now."""
        worker.pending, worker.began = pending, time.monotonic()
        self._write(worker, pending.payload)

    def _start(self) -> None:
        """Start a worker."""
        try:
            number = self._launcher.start()
        except OSError as error:
            self._fail(f"worker processes cannot be started: {error}")
            return
        worker = self._workers[number] = Worker(number, time.monotonic())
        self._connect(worker)

    def _connect(self, worker: Worker) -> None:
        """Send a worker its setup as soon as there is a connection."""
        worker.connection = self._launcher.connection(worker.number)
        self._write(worker, self._setup)

    def _write(self, worker: Worker, payload: bytes) -> None:
        """Send bytes to a worker; one that is gone is found out by ``_listen``."""
        if worker.connection is not None:
            with suppress(OSError):
                worker.connection.send_bytes(payload)

    # While no worker is ready

    def _run_here(self, end: float) -> None:
        """Run a job in this process until it ends or a worker could run it."""
        if not self._may_run_here():
            return
        pending = self._here = self._queue.popleft()
        limit = math.inf if pending.job.seconds is None else pending.job.seconds
        end = min(end, time.monotonic() + limit)
        try:
            with Watched(self._task, pending.job, self._threads, self._backend) as watched:
                while not watched.has_ended() and not self._free() and time.monotonic() < end:
                    self.proceed(end, watched.ending)
                outcome = watched.outcome
        except (OSError, RuntimeError):  # no file or thread is left: a worker will say so
            outcome = None
        finally:
            self._here = None
            self._queue.appendleft(pending)
        if outcome is None:
            self._task = None
        else:
            self._queue.popleft()
            self._outcomes.append(outcome)
        self._dispatch()

    def _may_run_here(self) -> bool:
        """Return whether the next job may run in this process, as no worker has been ready yet."""
        if self._task is None or self._started or not self._queue:
            return False
        pending = self._queue[0]
        own = pending.job.trial == self._meanwhile and pending.job.callback_context is None
        return own and is_trusted(pending.modules) and bool(self._task.is_small(pending.job))

    # Receiving

    def proceed(self, end: float, *others: Any) -> None:
        """Wait for news, or for others, until a moment at most; do what is to be done then."""
        self._listen(min(end, self._next_deadline()), *others)
        self._enforce_deadlines()
        self._dispatch()

    def _next_deadline(self) -> float:
        """Return when something has to be done even if nothing is heard."""
        deadlines = [worker.deadline(self._start_timeout) for worker in self._workers.values()]
        poll = self._launcher.poll_interval
        if poll is not None:
            deadlines.append(time.monotonic() + poll)
        return min(deadlines, default=math.inf)

    def _listen(self, until: float, *others: Any) -> None:
        """Wait for messages of workers and their launcher, or for others; act on them."""
        for worker in self._workers.values():
            if worker.connection is None:
                self._connect(worker)
        talking = {
            worker.connection: worker
            for worker in self._workers.values()
            if worker.connection is not None and worker.silent_since is None
        }
        timeout = None if until == math.inf else max(0.0, until - time.monotonic())
        sources = self._launcher.waitables()
        heard = wait([*talking, *sources, *others], timeout)
        for source in heard:
            if source in talking and talking[source].number in self._workers:
                self._receive(talking[source])
        if not sources or any(source in heard for source in sources):
            self._note_ended(self._launcher.ended())

    def _receive(self, worker: Worker) -> None:
        """Take what has come of a worker's message, and act on one that is complete."""
        try:
            message = worker.receive()
            if message is None:
                return
            kind, *content = pickle.loads(message)
            if worker.ready and kind != DONE:
                raise ValueError(f"unexpected {kind!r}")
            outcome = unpack_outcome(*content) if kind == DONE else None
        except (EOFError, OSError):
            worker.silent_since = time.monotonic()
            return
        except Exception as error:  # the job wrote to the connection
            why = f"{type(error).__name__}: {error}"
            self._lose(worker, f"The answer of the worker process cannot be read: {why}")
            return
        if outcome is not None:
            self._finish(worker, outcome)
        elif kind == IMPORTING:
            (worker.importing,) = content
        elif kind == READY:
            worker.ready = self._started = True
            self._failed_starts = 0
        else:
            self._fail(f"worker processes cannot load the task: {content[0]}")

    def _finish(self, worker: Worker, outcome: Outcome) -> None:
        """Note the outcome of a worker's job."""
        if worker.pending is None:
            self._lose(worker, "")
            return
        job, worker.pending = worker.pending.job, None
        job.sign(outcome)
        self._outcomes.append(outcome)

    def _note_ended(self, ended: dict[int, str]) -> None:
        """Note the end of worker processes; what they had sent before still counts."""
        unready = None
        for number, why in ended.items():
            worker = self._workers.get(number)
            if worker is None:
                continue
            while number in self._workers and worker.silent_since is None and worker.has_news():
                self._receive(worker)
            if number in self._workers:
                unready = unready if worker.ready else why
                self._lose(worker, why)
        if unready is not None:  # several at once have one cause, the end of their server
            self._note_failed_start(unready)

    def _enforce_deadlines(self) -> None:
        """Kill the workers whose time is up."""
        now = time.monotonic()
        for worker in list(self._workers.values()):
            if worker.number not in self._workers or worker.deadline(self._start_timeout) > now:
                continue
            if worker.silent_since is not None:
                self._lose(worker, "The worker process closed its connection")
            elif worker.has_news():
                continue  # it has answered; this process was busy elsewhere
            elif not worker.ready:
                self._fail(f"{self.delay} after {self._start_timeout:g} s")
            else:
                self._expire(worker, now)

    # Ending

    def _expire(self, worker: Worker, now: float) -> None:
        """Kill a worker whose job takes too long."""
        assert worker.pending is not None
        job = worker.pending.job
        message = f"The evaluation did not end within {job.seconds:.3g} s"
        self._outcomes.append(failure(job, message, TIMEOUT, now - worker.began))
        self._remove(worker)
        self._dispatch()

    def _lose(self, worker: Worker, why: str) -> None:
        """Replace a worker that has died; the job that it ran has crashed.

        If the server died with all its workers, the cause is unknown: each of their jobs is run
        once more.
        """
        pending, worker.pending = worker.pending, None
        if pending is not None and why == SERVER_ENDED and not pending.again:
            pending.again = True
            self._queue.appendleft(pending)
        elif pending is not None:
            elapsed = time.monotonic() - worker.began
            self._outcomes.append(failure(pending.job, why, CRASHED, elapsed))
        self._remove(worker)
        self._dispatch()

    def _note_failed_start(self, why: str) -> None:
        """Count the starts that fail in a row."""
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            self._fail(
                f"worker processes cannot be started; {self._failed_starts} attempts failed, "
                f"the last one so: {why}"
            )

    def _fail(self, why: str) -> None:
        """Stop running jobs."""
        self._failure = WorkerStartError(why)
        self.can_kill = False
        for worker in list(self._workers.values()):
            if worker.pending is not None:
                self._queue.appendleft(worker.pending)
            self._remove(worker)

    def _remove(self, worker: Worker) -> None:
        """Kill a worker, if it lives, and forget it."""
        del self._workers[worker.number]
        self._launcher.kill(worker.number)
        if worker.connection is not None:
            worker.connection.close()


def _release(launcher: Launcher, folder: Folder) -> None:
    """Free everything; does nothing in a fork of the process that started it."""
    if launcher.close():
        folder.remove()
