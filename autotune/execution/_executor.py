"""Which executor suits the active joblib configuration."""

from __future__ import annotations

import warnings
from pickle import PicklingError
from typing import Any

from joblib.parallel import get_active_backend

from ._contract import Executor
from ._inline import InlineExecutor, ThreadExecutor


def make_executor(
    task: Any,
    n_jobs: int | None,
    *,
    killable: bool = False,
    memory: int | None = None,
    meanwhile: bool = False,
) -> Executor:
    """Return an executor for ``task``.

    Parameters
    ----------
    task : Task
    n_jobs : int or None
        As everywhere in scikit-learn: None asks the active joblib configuration, -1 means
        all cores.
    killable : bool, default=False
        Evaluations must be able to be ended from outside, so even a single one at a time
        runs in a worker process.
    memory : int or None, default=None
        Bytes that an evaluation in a worker process may use.
    meanwhile : bool, default=False
        Trial 0 is the user's own model: while no worker is ready, it may be tried in this process.

    Returns
    -------
    executor : Executor
        Dask where it is the active backend; threads where they are; else this process for
        one job at a time, and worker processes for several.
    """
    backend, configured = get_active_backend()
    n_jobs = configured if n_jobs is None else n_jobs
    n_workers = backend.effective_n_jobs(n_jobs)
    kind = type(backend).__name__
    if kind == "DaskDistributedBackend":
        return _on_cluster(task, backend.client, killable, memory)
    if kind == "ThreadingBackend" and not killable:
        return ThreadExecutor(task, n_workers) if n_workers > 1 else InlineExecutor(task)
    if n_workers == 1 and not killable:
        return InlineExecutor(task)
    return _processes(task, n_workers, memory, meanwhile)


def _on_cluster(task: Any, client: Any, killable: bool, memory: int | None) -> Executor:
    """Return a Dask cluster, or this process if the task cannot travel."""
    from ._distributed import DaskExecutor

    try:
        return DaskExecutor(task, client, killable=killable, memory=memory)
    except TypeError as error:
        _warn_of_inline(error)
        return InlineExecutor(task)


def _processes(task: Any, n_workers: int, memory: int | None, meanwhile: bool) -> Executor:
    """Return worker processes, or this process if the task cannot travel."""
    from ._processes import ProcessExecutor

    try:
        return ProcessExecutor(task, n_workers, memory=memory, meanwhile=meanwhile)
    except (TypeError, PicklingError, OSError) as error:
        _warn_of_inline(error)
        return InlineExecutor(task)


def _warn_of_inline(error: Exception) -> None:
    """Say why there are no other processes."""
    warnings.warn(
        "evaluations run in this process, one after another and without a way to end "
        f"one that hangs, because none can be sent to another process: {error}",
        stacklevel=3,
    )
