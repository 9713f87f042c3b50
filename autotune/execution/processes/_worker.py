"""The main loop of a worker process: load the task, then run one job after another.

It is forked (``_fork_server``) or started as a new interpreter (``main``), and communicates
with the search through one connection:

- from the search: one pickled ``Setup``, then pickled jobs;
- to the search: ``("importing", module)`` for each module, ``("ready",)`` or
  ``("unusable", why)``, then ``("done", outcome, rest)``.
"""

from __future__ import annotations

import os
import pickle
import random
import sys
import threading
import time
import traceback
import warnings
from contextlib import ExitStack
from multiprocessing.connection import Client, Connection
from typing import Any

import joblib
import numpy as np
import sklearn

from ...evaluation import Outcome
from .._packing import failure, pack_outcome
from . import _system
from ._setup import Setup, load_job

IMPORTING, READY, UNUSABLE, DONE = "importing", "ready", "unusable", "done"
WATCH_INTERVAL = 1.0  # seconds between looks at whether the search is still there


def serve(connection: Connection) -> None:
    """Run jobs until the search disconnects."""
    try:
        setup = pickle.loads(connection.recv_bytes())
        task = setup.apply(lambda name: _send(connection, IMPORTING, name))
    except EOFError:
        return
    except BaseException as error:  # loading runs user code; whatever it raises is the answer
        _send(connection, UNUSABLE, f"{type(error).__name__}: {error}")
        return
    _send(connection, READY)
    while True:
        try:
            payload = connection.recv_bytes()
        except (EOFError, OSError):
            return
        bare, rest = pack_outcome(_run(task, setup, payload))
        _send(connection, DONE, bare, rest)


def _send(connection: Connection, *message: Any) -> None:
    """Send a message to the search, if it still listens."""
    _system.flush_output()  # print its output before its outcome is known
    try:
        connection.send_bytes(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))
    except BrokenPipeError:
        sys.exit(1)


def _run(task: Any, setup: Setup, payload: bytes) -> Outcome:
    """Run one job; any exception becomes its failure."""
    job = None
    try:
        job = load_job(payload)
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            stack.enter_context(sklearn.config_context(**setup.config))
            if setup.backend is not None:
                stack.enter_context(joblib.parallel_config(backend=setup.backend))
            random.seed(job.seed)
            np.random.seed(job.seed % 2**32)  # noqa: NPY002  # used by estimators without a seed
            return task.run(job)
    except BaseException:  # also SystemExit and KeyboardInterrupt raised inside a fit
        return failure(job, traceback.format_exc())


def main(address: Any, number: int) -> None:
    """Serve in a new interpreter; the password comes on standard input."""
    authkey = sys.stdin.buffer.read()
    if os.name == "posix":
        threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
    with Client(address, authkey=authkey) as connection:
        connection.send_bytes(str(number).encode())
        serve(connection)


def _watch_parent(parent: int) -> None:
    """End this process when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(WATCH_INTERVAL)
    os._exit(1)
