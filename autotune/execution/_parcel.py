"""A task on its way to, and on, a worker of a cluster."""

from __future__ import annotations

import pickle
import traceback
from collections import deque
from threading import Lock
from typing import Any

import cloudpickle
import joblib
import sklearn

from .._history import CRASHED
from ._contract import Job, Outcome
from ._processes import ProcessExecutor, WorkerStartError
from ._shipping import failure, pack, pack_outcome, unpack_outcome


class Parcel:
    """Carries a task to a worker once, and runs its jobs there.

    The task is unpickled by the first job that needs it, outside the worker's event loop. Where
    jobs must be able to be ended, each thread of the worker runs its jobs in a process of its
    own; these processes end when the worker forgets the parcel.

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

    def __init__(self, task: Any, *, killable: bool, memory: int | None):
        buffers: list[pickle.PickleBuffer] = []
        try:
            payload = cloudpickle.dumps(task, protocol=5, buffer_callback=buffers.append)
        except Exception as error:  # picklers raise whatever the objects' own code raises
            raise TypeError(
                "the estimator, the data or the scoring cannot be pickled: "
                f"{type(error).__name__}: {error}"
            ) from error
        self._fill(payload, buffers, killable, memory, sklearn.get_config())

    def _fill(
        self, payload: bytes, buffers: list, killable: bool, memory: int | None, config: dict
    ) -> None:
        """Set all attributes."""
        self._payload = payload
        self._buffers = buffers
        self._killable = killable
        self._memory = memory
        self._config = config
        self._task: Any = None
        self._lock = Lock()
        self._idle: deque[ProcessExecutor] = deque()

    def __reduce__(self) -> tuple:
        content = (self._payload, self._buffers, self._killable, self._memory, self._config)
        return _unpack, content

    def __sizeof__(self) -> int:
        # The cluster weighs by this what it costs to move a parcel.
        return len(self._payload) + sum(memoryview(buffer).nbytes for buffer in self._buffers)

    def run(self, payload: bytes) -> bytes:
        """Run a pickled job and return its outcome, packed for ``read_answer``; raise nothing."""
        outcome = self._outcome(payload)
        try:
            return pack(pack_outcome(outcome))
        except Exception:  # picklers raise what the objects' code raises
            evaluation = outcome.evaluation
            job = Job(evaluation.trial, evaluation.fold, {}, 0, evaluation.fidelity)
            return pack((failure(job, traceback.format_exc()), None))

    def _outcome(self, payload: bytes) -> Outcome:
        """Run a pickled job and return its outcome."""
        job = None
        try:
            job = pickle.loads(payload)
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
        return outcomes[0]


def _unpack(*content: Any) -> Parcel:
    """Rebuild a parcel on the other side."""
    parcel = Parcel.__new__(Parcel)
    parcel._fill(*content)
    return parcel


def read_answer(answer: bytes, job: Job) -> Outcome:
    """Return what a job came to; an answer that cannot be read is the failure of its job."""
    try:
        outcome = unpack_outcome(*pickle.loads(answer))
        evaluation = outcome.evaluation
        # A job that could not be loaded did not know its name.
        evaluation.trial, evaluation.fold, evaluation.fidelity = job.trial, job.fold, job.fidelity
    except Exception:  # unpicklers raise what the objects' code raises
        message = "The answer of a worker could not be read:"
        return failure(job, f"{message}\n{traceback.format_exc()}")
    return outcome
