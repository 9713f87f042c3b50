"""A task on its way to, and on, a worker of a cluster."""

from __future__ import annotations

import os
import pickle
import traceback
from collections import deque
from threading import Lock
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import joblib
import sklearn

from ...compat import cloudpickle
from ...evaluation import Job, Outcome
from ...history import CRASHED
from .._packing import failure, pack, pack_outcome, unpack_outcome
from ..processes import ProcessExecutor, WorkerStartError


class Parcel:
    """Carries a task to a worker once, and runs its jobs there.

    The task is unpickled by the first job that needs it, outside the worker's event loop. A
    worker in the process of the search uses the parcel, task and jobs that are there: copies of
    callbacks in the same process would tell nobody what they see. Where jobs must be able to be
    ended, each thread of the worker runs its jobs in a process of its own; these processes end
    when the worker forgets the parcel, or it is closed.

    Parameters
    ----------
    task : Task
    killable : bool
        Jobs must be able to be ended from outside.
    memory : int or None
        Bytes that a job in a process of its own may use.

    Raises
    ------
    TypeError
        If the task cannot be pickled.
    """

    _task: Any

    def __init__(self, task: Any, *, killable: bool, memory: int | None):
        buffers: list[pickle.PickleBuffer] = []
        try:
            payload = cloudpickle.dumps(task, protocol=5, buffer_callback=buffers.append)
        except Exception as error:  # picklers raise whatever the objects' own code raises
            raise TypeError(
                "the estimator, the data or the scoring cannot be pickled: "
                f"{type(error).__name__}: {error}"
            ) from error
        key = os.getpid(), uuid4().hex
        self._fill(key, payload, buffers, killable, memory, sklearn.get_config())
        self._task = task
        _here[key] = self

    def _fill(
        self,
        key: tuple[int, str],
        payload: bytes,
        buffers: list,
        killable: bool,
        memory: int | None,
        config: dict,
    ) -> None:
        """Set all attributes."""
        self._key = key
        self._payload = payload
        self._buffers = buffers
        self._killable = killable
        self._memory = memory
        self._config = config
        self._task = None
        self._lock = Lock()
        self._idle: deque[ProcessExecutor] = deque()
        self._jobs: WeakValueDictionary[int, Job] = WeakValueDictionary()
        self._n_jobs = 0
        self._closed = False

    def __reduce__(self) -> tuple:
        content = (self._payload, self._buffers, self._killable, self._memory, self._config)
        return _unpack, (self._key, *content)

    def __sizeof__(self) -> int:
        # The cluster weighs by this what it costs to move a parcel.
        return len(self._payload) + sum(memoryview(buffer).nbytes for buffer in self._buffers)

    def pack(self, job: Job) -> bytes:
        """Return a job, which must be kept until it has run, pickled for ``run``."""
        number = self._n_jobs = self._n_jobs + 1
        self._jobs[number] = job
        return pickle.dumps((number, pack(job)))

    def close(self) -> None:
        """End the processes that this process has started for jobs."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def run(self, payload: bytes) -> bytes:
        """Run a pickled job and return its outcome, packed for ``read_answer``; raise nothing."""
        outcome = self._outcome(payload)
        try:
            return pack(pack_outcome(outcome))
        except Exception:  # picklers raise what the objects' code raises
            evaluation = outcome.evaluation
            job = Job(
                evaluation.trial,
                evaluation.fold,
                {},
                0,
                evaluation.fidelity,
                phase=evaluation.phase,
            )
            return pack((failure(job, traceback.format_exc()), None))

    def _outcome(self, payload: bytes) -> Outcome:
        """Run a pickled job and return its outcome."""
        job = None
        try:
            number, packed = pickle.loads(payload)
            job = self._jobs.get(number) or pickle.loads(packed)
            with sklearn.config_context(**self._config), joblib.parallel_config("sequential"):
                return self._run_killable(job) if self._killable else self._load().run(job)
        except WorkerStartError as error:
            return failure(job or Job(-1, -1, {}, 0), str(error), CRASHED)
        except BaseException:  # KeyboardInterrupt, raised in a fit, would end the whole worker
            # A job that cannot be loaded has no number here; the search knows which one it sent.
            return failure(job or Job(-1, -1, {}, 0), traceback.format_exc())

    def _load(self) -> Any:
        """Return the task."""
        with self._lock:
            if self._task is None:
                self._task = pickle.loads(self._payload, buffers=self._buffers)
            return self._task

    def _run_killable(self, job: Job) -> Outcome:
        """Run a job in a process that ends with it if need be."""
        try:
            executor = self._idle.pop()
        except IndexError:
            executor = ProcessExecutor(self._load(), memory=self._memory, threads=1)
        try:
            executor.submit(job)
            outcomes: list[Outcome] = []
            while not outcomes:
                outcomes = executor.collect()
        except BaseException:
            executor.close()
            raise
        self._idle.append(executor)
        if self._closed:
            self.close()
        return outcomes[0]


_here: WeakValueDictionary[tuple[int, str], Parcel] = WeakValueDictionary()  # made here, by key


def _unpack(key: tuple[int, str], *content: Any) -> Parcel:
    """Rebuild a parcel on the other side, unless this is the process that has made it."""
    if key[0] == os.getpid() and key in _here:
        return _here[key]
    parcel = Parcel.__new__(Parcel)
    parcel._fill(key, *content)
    return parcel


def read_answer(answer: bytes, job: Job) -> Outcome:
    """Return what a job came to; an answer that cannot be read is the failure of its job."""
    try:
        outcome = unpack_outcome(*pickle.loads(answer))
        job.sign(outcome)
    except Exception:  # unpicklers raise what the objects' code raises
        message = "The answer of a worker could not be read:"
        return failure(job, f"{message}\n{traceback.format_exc()}")
    return outcome
