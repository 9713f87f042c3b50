"""The code that pool workers run: jobs of tasks that were sent to them.

A task is sent to each process once: jobs refer to it by key, and a worker that does not have
it reports so.
"""

from __future__ import annotations

import pickle
import time
import traceback
from threading import Lock, Timer

import sklearn
from joblib import parallel_config

from ..evaluation import Job, Outcome
from ._packing import failure, pack, pack_outcome, unpack_outcome
from ._payload import Payload, find

KEPT = 60.0  # seconds for which a process keeps a task that no job asks for
_kept: dict[str, tuple[Payload, float]] = {}  # the tasks that were sent here; their last use
_lock = Lock()


def run(task: Payload | str, job: Payload) -> Outcome | bytes | None:
    """Run a job, raising nothing; return None if the task is not here.

    The outcome is pickled in this thread, for ``read_answer``.
    """
    payload = find(task) if isinstance(task, str) else task
    if payload is None:
        return None
    outcome = _run(payload, job)
    if payload.arrived:
        _keep(payload)
    if not job.arrived:
        return outcome
    try:
        return pack(pack_outcome(outcome))
    except Exception:  # picklers raise what the objects' code raises
        return pack((failure(None, traceback.format_exc()), None))


def _run(task: Payload, payload: Payload) -> Outcome:
    """Run a job; any exception becomes its failure."""
    job = None
    try:
        job = payload.open()
        opened, config = task.open()
        with sklearn.config_context(**config), parallel_config("sequential"):
            return opened.run(job)
    except BaseException:  # KeyboardInterrupt, raised in a fit, would end the whole worker
        return failure(job, traceback.format_exc())


def _keep(task: Payload) -> None:
    """Keep a task for the next job, for a limited time."""
    with _lock:
        if not _kept:
            _sweep_later()
        _kept[task.key] = task, time.monotonic()


def _sweep_later() -> None:
    """Have a thread sweep after a while."""
    timer = Timer(KEPT, _sweep)
    timer.daemon = True
    timer.start()


def _sweep() -> None:
    """Release the tasks that were not used recently."""
    oldest = time.monotonic() - KEPT
    with _lock:
        old = [_kept.pop(key) for key, (_, used) in list(_kept.items()) if used <= oldest]
        if _kept:
            _sweep_later()
    old.clear()  # without the lock: this may end processes


def forget(key: str) -> None:
    """End the jobs of a task in this process, and release it."""
    payload = find(key)
    with _lock:
        _kept.pop(key, None)
    if payload is not None and payload.is_open:
        task, _ = payload.open()
        getattr(task, "close", bool)()


def read_answer(answer: Outcome | bytes, job: Job) -> Outcome:
    """Return the outcome of a job, which has failed if its answer cannot be read."""
    if isinstance(answer, Outcome):
        return answer
    try:
        outcome = unpack_outcome(*pickle.loads(answer))
        job.sign(outcome)
    except Exception:  # unpicklers raise what the objects' code raises
        message = "The answer of a worker could not be read:"
        return failure(job, f"{message}\n{traceback.format_exc()}")
    return outcome
