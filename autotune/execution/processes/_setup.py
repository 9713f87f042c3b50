"""The setup of a worker process, sent before its first job."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sklearn
from joblib.parallel import get_active_backend

from ...evaluation import Job
from .._packing import Folder, pack, pack_task

SMALL = 32_000  # bytes that fit, with the rest, into a connection before it is read


@dataclass(frozen=True)
class Setup:
    """Everything that a worker needs before its first job.

    Attributes
    ----------
    task : bytes or str
        The pickled task, or the path of a file that holds it.
    directory : str or None
        The working directory of the search.
    filters : list
        Its ``warnings.filters``.
    config : dict
        Its ``sklearn.get_config()``.
    backend : str or None
        The joblib backend for parallel code inside a job; None: joblib's own choice.
    modules : list of str
        What the task needs.
    """

    task: bytes | str
    directory: str | None
    filters: list[tuple]
    config: dict[str, Any]
    backend: str | None
    modules: list[str]

    def apply(self, report: Callable[[str], None]) -> Any:
        """Make this process like the search's and return the task.

        ``report`` is called with each module before it is imported.
        """
        if self.directory is not None:
            os.chdir(self.directory)
        _set_warnings(self.filters)
        missing = []
        for name in self.modules:
            if name not in sys.modules:
                report(name)
                missing += _import(name)
        report("")
        payload = self.task if isinstance(self.task, bytes) else Path(self.task).read_bytes()
        try:
            return pickle.loads(payload)
        except Exception as error:  # unpicklers raise whatever the objects' own code raises
            if missing:  # else it would not matter: what it has may travel by value
                raise missing[0] from error
            raise


def _import(name: str) -> list[ImportError]:
    """Import a module, or return an error with advice."""
    try:
        importlib.import_module(name)
    except Exception as error:  # any module may raise anything
        return [_missing(name, error)]
    return []


def load_job(payload: bytes) -> Job:
    """Return a pickled job, or raise an error with advice if a module is missing."""
    try:
        return pickle.loads(payload)
    except ModuleNotFoundError as error:
        raise _missing(error.name, error) from error


def _missing(name: str | None, error: Exception) -> ImportError:
    """Return an error with advice on a missing module."""
    return ImportError(
        f"the module {name!r} cannot be imported there ({type(error).__name__}: {error}). "
        "Install it, or add its folder to sys.path or PYTHONPATH before fit"
    )


def _set_warnings(filters: list[tuple]) -> None:
    """Replace the warnings filters by those of another process."""
    warnings.resetwarnings()
    for action, message, category, module, line in reversed(filters):
        warnings.filterwarnings(action, _pattern(message), category, _pattern(module), line)


def _pattern(text: Any) -> str:
    """Return a filter's text, which is None, exact or compiled, as a regular expression."""
    if text is None:
        return ""
    return re.escape(text) + r"\Z" if isinstance(text, str) else text.pattern


def pack_setup(task: Any, folder: Folder, backend: str | None) -> tuple[bytes, set[str]]:
    """Return a pickled setup that holds or names the task, and the modules that it needs."""
    payload: bytes | str
    payload, modules = pack_task(task, folder)
    if len(payload) > SMALL:
        path = folder.new_file(len(payload), ".pickle")
        path.write_bytes(payload)
        payload = str(path)
    config = sklearn.get_config()
    needed = sorted(name for name in modules if name in sys.modules and name != "__main__")
    setup = Setup(payload, _directory(), list(warnings.filters), config, backend, needed)
    return pack(setup), modules


def inner_backend(threads: int | None, n_workers: int) -> str | None:
    """Return the joblib backend for parallel code inside a job.

    If the search is itself a parallel job, joblib has already set the backend; several workers
    share the cores, so jobs must not start processes of their own.
    """
    outer, _ = get_active_backend()
    kind = type(outer).__name__
    if kind == "SequentialBackend" or (n_workers > 1 and threads == 1):
        return "sequential"
    return "threading" if n_workers > 1 or kind == "ThreadingBackend" else None


def _directory() -> str | None:
    """Return the working directory, None if it has been removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None
