"""Evaluations in worker processes of this machine, which can be killed at any moment."""

from __future__ import annotations

import math
import pickle
import time
import warnings
import weakref
from collections import deque
from multiprocessing.connection import wait
from typing import Any

import joblib

from .._history import CRASHED, TIMEOUT
from . import _system
from ._contract import Executor, Job, Outcome
from ._launchers import ForkLauncher, Launcher, SpawnLauncher, can_fork, environment
from ._roster import Ticket, Worker, is_same
from ._servers import SERVER_ENDED
from ._setup import SMALL, inner_backend, pack_setup
from ._shipping import Folder, failure, pack, unpack_outcome
from ._worker import DONE, READY

MAX_FAILED_STARTS = 3  # in a row


class WorkerStartError(RuntimeError):
    """Worker processes cannot be started, or cannot load the task."""


class ProcessExecutor(Executor):
    """Runs jobs in worker processes that can be killed.

    The workers' server starts with the executor, each worker with the first job that needs
    it. A worker that was killed or died is replaced. A worker takes over the working
    directory, the import path, the warnings filters and scikit-learn's configuration of the
    process that made the executor; its output goes where that process's goes.

    The server takes a second or more to start. Where it is safe, workers that are forked from
    this process stand in until the first of the lasting ones is ready; from then on they get no
    more jobs. What goes wrong in them is not held against a job: if it takes a stand-in with it,
    it runs again in a lasting worker. A time limit counts in stand-ins too, except in those
    that may hang for reasons of their own (native threads ran when they were forked): there a
    job that does not end in time, or before a lasting worker is ready, runs again as well.

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
    spare_core : bool, default=True
        Whether there is a core on which the server can start beside the evaluations. If not,
        and where that is known to be safe, this process is forked and stands in to the end.
    start_timeout : float, default=60.0
        Seconds that a worker may take to start and to load the task.
    launcher : {"fork", "spawn"} or None, default=None
        How workers are started. None: forked where the system allows it.

    Raises
    ------
    TypeError
        If the task cannot be pickled.
    """

    can_kill = True
    n_spare = 1

    def __init__(
        self,
        task: Any,
        n_workers: int = 1,
        *,
        memory: int | None = None,
        threads: int | None = None,
        spare_core: bool = True,
        start_timeout: float = 60.0,
        launcher: str | None = None,
    ):
        self.n_workers = n_workers
        self._start_timeout = start_timeout
        self._queue: deque[Ticket] = deque()
        self._workers: dict[int, Worker] = {}
        self._outcomes: list[Outcome] = []
        self._failed_starts = 0
        self._standing_in = True  # until a worker is ready
        if memory is not None and not _system.CAN_MEASURE:
            warnings.warn("memory limits need Linux; running without", stacklevel=2)
            memory = None
        if threads is None and n_workers > 1:
            threads = max(1, joblib.cpu_count() // n_workers)
        fork = can_fork() if launcher is None else launcher == "fork"
        env = environment(threads)
        self._launcher: Launcher = (
            ForkLauncher(env, memory, spare_core) if fork else SpawnLauncher(env, memory)
        )
        folder = Folder(self._launcher.guard)
        self._release = weakref.finalize(self, _release, self._launcher, folder)
        try:
            self._setup, modules = pack_setup(task, folder, inner_backend(threads, n_workers))
            self._launcher.preload(modules)
        except BaseException:
            self._release()
            raise

    @property
    def unfinished(self) -> list[Job]:
        """The jobs that were submitted and have no outcome yet."""
        running = [worker.ticket for worker in self._workers.values() if worker.ticket]
        return [ticket.job for ticket in [*running, *self._queue]]

    def submit(self, job: Job) -> None:
        """Send a job to a free worker, start one for it, or keep it until one is free."""
        if not self._release.alive:
            raise RuntimeError("submit was called after close")
        try:
            self._queue.append(Ticket(job, pack(job)))
        except Exception as error:  # picklers raise what the objects' code raises
            message = f"The configuration could not be sent: {type(error).__name__}: {error}"
            self._outcomes.append(failure(job, message))
        self._dispatch()

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        """Wait until a job has ended; without any job, return at once.

        Raises
        ------
        WorkerStartError
            If workers cannot be started; ``unfinished`` has the jobs that were not run.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        try:
            while True:
                waiting = self.unfinished and not self._outcomes
                self._listen(min(end, self._next_deadline()) if waiting else 0.0)
                self._enforce_deadlines()
                self._dispatch()
                if self._outcomes or not self.unfinished or time.monotonic() >= end:
                    outcomes, self._outcomes = self._outcomes, []
                    return outcomes
        except KeyboardInterrupt:
            self.close()
            raise

    def drop(self, trial: int) -> list[Job]:
        """Forget the jobs of a trial that no worker has been given; return them."""
        dropped = [ticket for ticket in self._queue if ticket.job.trial == trial]
        self._queue = deque(ticket for ticket in self._queue if ticket not in dropped)
        return [ticket.job for ticket in dropped]

    def cancel(self, job: Job) -> bool:
        """Forget a job, killing the worker that runs it; tell whether it was there.

        It has no outcome, unless it has ended already.
        """
        for ticket in self._queue:
            if is_same(ticket.job, job):
                self._queue.remove(ticket)
                return True
        for worker in self._workers.values():
            if worker.ticket is not None and is_same(worker.ticket.job, job):
                self._remove(worker)
                self._replace()
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
        while self._queue and self._n_busy() < self.n_workers:
            if not self._free() and len(self._crew()) < self.n_workers:
                self._start()
            if not self._free():
                return
            worker = max(self._free(), key=lambda candidate: candidate.ready)
            worker.ticket, worker.sent = self._queue.popleft(), False
            self._send(worker)

    def _crew(self, *, stand_in: bool = False) -> list[Worker]:
        """Return the lasting workers, or those that stand in for them."""
        return [worker for worker in self._workers.values() if worker.stand_in == stand_in]

    def _free(self) -> list[Worker]:
        """Return the workers that may be given a job."""
        crew = self._crew(stand_in=self._standing_in)
        return [worker for worker in crew if worker.ticket is None]

    def _n_busy(self) -> int:
        """Return how many jobs workers have been given."""
        return sum(worker.ticket is not None for worker in self._workers.values())

    def _start(self) -> None:
        """Start a worker, and another one that stands in for it."""
        # In this order: the interim server must not inherit connections of workers.
        if self._standing_in and len(self._crew(stand_in=True)) < self.n_workers:
            self._start_stand_in()
        try:
            number = self._launcher.start()
        except OSError as error:
            raise WorkerStartError(f"worker processes cannot be started: {error}") from error
        self._enlist(number)

    def _start_stand_in(self) -> None:
        """Start a worker that stands in, or note that there can be none."""
        number = self._launcher.start_stand_in()
        if number is None:
            self._hand_over()
        else:
            self._enlist(number, stand_in=True)

    def _enlist(self, number: int, *, stand_in: bool = False) -> None:
        """Note that a worker is being started."""
        worker = Worker(number, time.monotonic(), stand_in)
        self._workers[worker.number] = worker
        self._connect(worker)

    def _connect(self, worker: Worker) -> None:
        """Send a worker its setup as soon as there is a connection."""
        worker.connection = self._launcher.connection(worker.number)
        if worker.connection is not None and self._write(worker, self._setup):
            self._send(worker)

    def _send(self, worker: Worker) -> None:
        """Send a worker its job, ahead of time if the connection can hold it."""
        if worker.ticket is None or worker.sent or worker.connection is None:
            return
        if worker.ready or len(worker.ticket.payload) < SMALL:
            worker.began = time.monotonic()
            worker.sent = self._write(worker, worker.ticket.payload)

    def _write(self, worker: Worker, payload: bytes) -> bool:
        """Send bytes to a worker; a worker that is gone is found out by ``_listen``."""
        if worker.connection is None:
            return False
        try:
            worker.connection.send_bytes(payload)
        except OSError:
            return False
        return True

    # Receiving

    def _next_deadline(self) -> float:
        """Return when something has to be done even if nothing is heard."""
        deadlines = [worker.deadline(self._start_timeout) for worker in self._workers.values()]
        poll = self._launcher.poll_interval
        if poll is not None:
            deadlines.append(time.monotonic() + poll)
        return min(deadlines, default=math.inf)

    def _listen(self, until: float) -> None:
        """Wait for messages of workers and their launcher, and act on them."""
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
        heard = wait([*talking, *sources], timeout)
        for source in heard:
            if source in talking and talking[source].number in self._workers:
                self._receive(talking[source])
        if not sources or any(source in heard for source in sources):
            self._bury(self._launcher.ended())

    def _receive(self, worker: Worker) -> None:
        """Take one message of a worker."""
        assert worker.connection is not None
        try:
            kind, *content = pickle.loads(worker.connection.recv_bytes())
        except (EOFError, OSError):
            worker.silent_since = time.monotonic()
            return
        if kind == READY:
            worker.ready = True
            # The job may have begun before this message was read.
            worker.began = min(max(worker.began, content[0]), time.monotonic())
            self._send(worker)
            if not worker.stand_in:
                self._failed_starts = 0
                self._hand_over()
        elif kind == DONE:
            self._finish(worker, unpack_outcome(*content))
        elif worker.stand_in:
            self._lose(worker, content[0])
        else:
            self._take_back(worker)
            raise WorkerStartError(f"worker processes cannot load the task: {content[0]}")

    def _finish(self, worker: Worker, outcome: Outcome) -> None:
        """Note the outcome of a worker's job."""
        assert worker.ticket is not None
        job, worker.ticket = worker.ticket.job, None
        evaluation = outcome.evaluation
        # A job that could not be loaded did not know its own name.
        evaluation.trial, evaluation.fold = job.trial, job.fold
        evaluation.fidelity = job.fidelity
        self._outcomes.append(outcome)
        if worker.stand_in and not self._standing_in:
            self._remove(worker)

    def _hand_over(self) -> None:
        """Have no job begin in a stand-in any more; one that may be stuck moves on."""
        self._standing_in = False
        for worker in self._crew(stand_in=True):
            while worker.silent_since is None and worker.has_news():
                self._receive(worker)
            if worker.number not in self._workers:
                continue
            if worker.ticket is None or not (worker.ready and self._launcher.trusts_stand_ins):
                self._take_back(worker)
        self._dismiss()

    def _dismiss(self) -> None:
        """Let the stand-ins' server go with the last of them."""
        if not self._standing_in and not self._crew(stand_in=True):
            self._launcher.dismiss_stand_ins()

    def _bury(self, ended: dict[int, str]) -> None:
        """Note the end of worker processes; what they had sent before still counts."""
        unready = None
        for number, why in ended.items():
            worker = self._workers.get(number)
            if worker is None:
                continue
            while worker.silent_since is None and worker.has_news():
                self._receive(worker)
            if number in self._workers:
                self._lose(worker, why)
                unready = unready if worker.ready or worker.stand_in else why
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
                why = f"A worker was not ready within {self._start_timeout:g} s"
                self._lose(worker, why)
                if not worker.stand_in:
                    self._note_failed_start(why)
            elif worker.stand_in and not self._launcher.trusts_stand_ins:
                self._lose(worker, "")
            else:
                self._expire(worker, now)

    # Ending

    def _expire(self, worker: Worker, now: float) -> None:
        """Kill a worker whose job takes too long."""
        assert worker.ticket is not None
        job = worker.ticket.job
        message = f"The evaluation did not end within {job.seconds:.3g} s"
        self._outcomes.append(failure(job, message, TIMEOUT, now - worker.began))
        self._remove(worker)
        self._replace()

    def _lose(self, worker: Worker, why: str) -> None:
        """Replace a worker that has died; its job has crashed, if it had begun.

        When the server has died with all its workers, nobody knows by whose fault: each of
        their jobs gets a second chance. A stand-in's job has another one anyway.
        """
        if worker.stand_in:
            self._take_back(worker)
            self._hand_over()
            return
        ticket = worker.ticket
        if ticket is not None and why == SERVER_ENDED and not ticket.again:
            ticket.again = True
        elif ticket is not None and worker.ready and worker.sent:
            elapsed = time.monotonic() - worker.began
            self._outcomes.append(failure(ticket.job, why, CRASHED, elapsed))
            worker.ticket = None
        self._take_back(worker)
        self._replace()

    def _note_failed_start(self, why: str) -> None:
        """Count the starts that fail in a row."""
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            raise WorkerStartError(
                f"worker processes cannot be started; {self._failed_starts} attempts failed, "
                f"the last one so: {why}"
            )

    def _take_back(self, worker: Worker) -> None:
        """Forget a worker, but not the job that it has not begun."""
        self._remove(worker)
        if worker.ticket is not None:
            self._queue.appendleft(worker.ticket)

    def _remove(self, worker: Worker) -> None:
        """Kill a worker, if it lives, and forget it."""
        del self._workers[worker.number]
        self._launcher.kill(worker.number)
        if worker.connection is not None:
            worker.connection.close()
        self._dismiss()

    def _replace(self) -> None:
        """Have the next worker ready before it is needed."""
        if len(self._crew()) < self.n_workers:
            self._start()
        elif self._standing_in and len(self._crew(stand_in=True)) < self.n_workers:
            self._start_stand_in()


def _release(launcher: Launcher, folder: Folder) -> None:
    """Free everything; does nothing in a fork of the process that started it."""
    if launcher.close():
        folder.remove()
