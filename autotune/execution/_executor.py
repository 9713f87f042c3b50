"""The choice of an executor for the active joblib configuration."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pickle import PicklingError
from typing import Any

from joblib import cpu_count, parallel_config
from joblib.parallel import (
    BACKENDS,
    LokyBackend,
    MultiprocessingBackend,
    SequentialBackend,
    ThreadingBackend,
    get_active_backend,
)

from .._texts import warn
from ._contract import Executor
from ._futures import FuturesBackend, FuturesExecutor
from ._inline import InlineExecutor

_LOCAL = (LokyBackend, MultiprocessingBackend, SequentialBackend)
_KNOWN = "loky, multiprocessing, threading, sequential, dask, FuturesBackend"


def make_executor(
    task: Any,
    n_jobs: int | None,
    *,
    killable: bool = False,
    memory: int | None = None,
    meanwhile: int | None = None,
) -> Executor:
    """Return an executor for ``task``.

    Parameters
    ----------
    task : Task
    n_jobs : int or None
        As everywhere in scikit-learn: None uses the active joblib configuration, -1 means all
        cores.
    killable : bool, default=False
        Whether evaluations must be killable, so that even a single one at a time runs in a
        worker process.
    memory : int or None, default=None
        Bytes that an evaluation in a worker process may use.
    meanwhile : int or None, default=None
        The trial that may run in this process while no worker is ready: one with the user's own
        parameters, as far as the space allows.

    Returns
    -------
    executor : Executor
        Dask, threads or a user's pool if they are the active backend; otherwise this process for
        one job at a time, and worker processes for several. Unknown backends are replaced with a
        warning.
    """
    backend, configured = get_active_backend()
    n_jobs = configured if n_jobs is None else n_jobs
    if _is_dask(backend):
        # Its number of jobs is not asked for: a frozen scheduler would never answer.
        return _on_cluster(task, backend, killable, memory)
    if _is_threading(backend) and not killable:
        return _in_threads(task, backend.effective_n_jobs(n_jobs))
    if isinstance(backend, FuturesBackend):
        return _in_pool(task, backend, n_jobs, killable, memory)
    if type(backend) in _LOCAL or _is_threading(backend):
        n_workers = backend.effective_n_jobs(n_jobs)
    else:
        n_workers = _count_instead(backend, n_jobs)
        _warn_of_backend(backend, n_workers, killable)
    if n_workers == 1 and not killable:
        return InlineExecutor(task)
    return _processes(task, n_workers, memory, meanwhile)


def local_parallelism() -> parallel_config:
    """Run parallel code of models on this machine, whatever the active backend is."""
    return parallel_config("loky")


def _is_dask(backend: Any) -> bool:
    """Return whether a backend is joblib's for Dask, without importing either."""
    names = {kind.__name__ for kind in type(backend).__mro__}
    return "DaskDistributedBackend" in names


def _is_threading(backend: Any) -> bool:
    """Return whether a backend uses threads of this process."""
    return isinstance(backend, ThreadingBackend) and bool(backend.supports_sharedmem)


def _count_instead(backend: Any, n_jobs: int | None) -> int:
    """Return how many local processes replace the workers of a backend."""
    asked = getattr(backend, "default_n_jobs", 1) if n_jobs is None else n_jobs
    return min(LokyBackend().effective_n_jobs(asked), cpu_count())


def _warn_of_backend(backend: Any, n_workers: int, killable: bool) -> None:
    """Warn about an unknown backend, and name its replacement."""
    kind = type(backend)
    name = next((name for name, known in BACKENDS.items() if known is kind), kind.__name__)
    alone = "a worker process" if killable else "this process"
    where = f"{n_workers} worker processes of this machine" if n_workers > 1 else alone
    warn(
        f"the active joblib backend {name!r} ({kind.__module__}.{kind.__qualname__}) is not one "
        f"that evaluations can run on ({_KNOWN}): they run in {where} instead",
    )


def _in_threads(task: Any, n_workers: int) -> Executor:
    """Return threads of this process, itself for a single one."""
    if n_workers == 1:
        return InlineExecutor(task)
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="autotune")
    return FuturesExecutor(task, pool, n_workers, shutdown=True)


def _in_pool(
    task: Any, backend: FuturesBackend, n_jobs: int | None, killable: bool, memory: int | None
) -> Executor:
    """Return an executor for the user's pool, with processes if jobs must be killable."""
    if killable:
        from .processes import SharedProcesses

        task = SharedProcesses(task, memory)
    try:
        return FuturesExecutor(task, backend.pool, backend.effective_n_jobs(n_jobs))
    except TypeError as error:
        _warn_of_inline(error)
        return InlineExecutor(task)


def _on_cluster(task: Any, backend: Any, killable: bool, memory: int | None) -> Executor:
    """Return an executor for Dask, or for this process if the task cannot be pickled."""
    from .cluster._executor import DaskExecutor

    patience = backend.wait_for_workers_timeout or 0.0
    try:
        return DaskExecutor(
            task, backend.client, killable=killable, memory=memory, patience=patience
        )
    except TypeError as error:
        _warn_of_inline(error)
        return InlineExecutor(task)


def _processes(task: Any, n_workers: int, memory: int | None, meanwhile: int | None) -> Executor:
    """Return worker processes, or this process if the task cannot be pickled."""
    from .processes._executor import ProcessExecutor

    try:
        return ProcessExecutor(task, n_workers, memory=memory, meanwhile=meanwhile)
    except (TypeError, PicklingError, OSError) as error:
        _warn_of_inline(error)
        return InlineExecutor(task)


def _warn_of_inline(error: Exception) -> None:
    """Warn why evaluations run in this process."""
    warn(
        "evaluations run in this process, one after another and without a way to end "
        f"one that hangs, because none can be sent to another process: {error}",
    )
