"""Evaluations in a thread of the main process, abandoned if they take too long.

They are used while no worker process is ready: a thread cannot be killed, but the main process
can stop waiting for it.
"""

from __future__ import annotations

import ctypes
import random
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import wait
from threading import Thread, current_thread, main_thread
from typing import Any

import joblib
import numpy as np
from sklearn import config_context, get_config
from threadpoolctl import ThreadpoolController

from ..evaluation import Job, Outcome, note_warnings
from ..history import TIMEOUT
from ._packing import failure

# Packages whose models neither hang nor end the process, on data that make sense.
TRUSTED = {
    *("catboost", "imblearn", "lightgbm", "sklearn", "xgboost"),
    *("autotune", "numpy", "pandas", "pyarrow", "scipy"),
    *("builtins", "collections", "copyreg", "functools"),
}


def is_trusted(modules: set[str]) -> bool:
    """Return whether code comes from well-known packages only."""
    return all(name.partition(".")[0] in TRUSTED for name in modules)


class Watched:
    """A job in a thread of this process, from ``with`` to the end of its block.

    Warnings are recorded as in a worker, if the block belongs to the main thread.

    Parameters
    ----------
    task : Task
    job : Job
    threads : int or None, default=None
        Number of threads for BLAS and OpenMP; None: the setting of this process.
    backend : str or None, default=None
        The joblib backend for parallel code inside the job. None: threads, because
        processes would outlive an abandoned job.
    """

    def __init__(self, task: Any, job: Job, threads: int | None = None, backend: str | None = None):
        self.job = job
        self.began = time.monotonic()
        self.ending, self._end = Pipe(duplex=False)  # readable when the thread ends
        self._outcome: Outcome | None = None
        self._caught: list[warnings.WarningMessage] | None = None
        self._stack = ExitStack()
        self._task = task
        self._surroundings: list[Any] = [
            partial(config_context, **get_config()),
            partial(joblib.parallel_config, backend=backend or "threading"),
        ]
        if threads is not None:
            # Ending the thread while it looks for the libraries would leave a file open.
            self._surroundings.append(partial(ThreadpoolController().limit, limits=threads))
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watched:
        if current_thread() is main_thread():  # as everywhere: the filters are the process's
            self._caught = self._stack.enter_context(warnings.catch_warnings(record=True))
        self._stack.enter_context(_seeded(self.job.seed))
        try:
            self._thread.start()
        except RuntimeError:  # there are too many threads
            self._stack.close()
            self.ending.close()
            self._end.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()
        self.ending.close()
        # With a trace function (coverage, a debugger), Python 3.11 would not go on before the
        # thread does, so it is left alone.
        if self._outcome is None and self._thread.ident is not None and sys.gettrace() is None:
            # Ends Python code; compiled code runs on until it returns.
            ident, error = ctypes.c_ulong(self._thread.ident), ctypes.py_object(SystemExit)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, error)

    @property
    def outcome(self) -> Outcome | None:
        """The outcome of the job, None while it runs."""
        if self._outcome is not None and self._caught is not None:
            note_warnings(self._outcome, self._caught)
        return self._outcome

    def has_ended(self) -> bool:
        """Return whether the job has ended, even without an outcome."""
        return self.ending.poll()

    def _run(self) -> None:
        """Run the job as it would run in a worker."""
        with suppress(SystemExit), self._end, ExitStack() as stack:
            for surround in self._surroundings:
                stack.enter_context(surround())
            self._outcome = self._task.run(self.job)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators as a worker does, and restore them afterwards."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002  # that of others
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  # used by estimators without a seed
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002  # see above


def run_watched(task: Any, job: Job) -> Outcome:
    """Run a job in a thread of this process; a job that does not end in time has timed out.

    Without threads, there is no time limit.
    """
    try:
        with Watched(task, job) as watched:
            wait([watched.ending], job.seconds)
            error = f"it did not end within {job.seconds or 0.0:.3g} s"
            return watched.outcome or failure(job, error, TIMEOUT, job.seconds or 0.0)
    except (OSError, RuntimeError):  # no file or thread is left
        return task.run(job)
