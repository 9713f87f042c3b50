"""Serialization of what a search exchanges with its worker processes.

A task is pickled once, by value where it is not importable (classes of ``__main__``, local
functions). Its large arrays are written to files that all workers map read-only, so that
there is one additional copy of the data in memory, not one per worker.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..compat import cloudpickle
from ..evaluation import Job, Outcome
from ..history import COMPLETE, FAILED

LARGE = 1_000_000  # bytes from which an array becomes a file
MAPPABLE_KINDS = "biufcmMSUV"  # dtypes that numpy can map: no objects
SHARED_MEMORY = Path("/dev/shm")
RESERVED = 256_000_000  # bytes of shared memory that are left to others
_UNSIGNED = Job(0, 0, {}, 0)  # stands for a job that could not be loaded


class Folder:
    """Private temporary folders for the files of one task, on a disk with enough space.

    Parameters
    ----------
    on_create : callable
        Called with the path of each folder before anything is written there, so that another
        process can remove it if this one is killed.
    """

    def __init__(self, on_create: Callable[[str], None]):
        self._on_create = on_create
        self._paths: dict[str, Path] = {}
        self._n_files = 0

    def new_file(self, n_bytes: int, suffix: str) -> Path:
        """Return the path of a new file that will hold ``n_bytes``."""
        root = _root_with_room(n_bytes)
        if root not in self._paths:
            self._paths[root] = Path(tempfile.mkdtemp(prefix="autotune-", dir=root))
            self._on_create(str(self._paths[root]))
        self._n_files += 1
        return self._paths[root] / f"{self._n_files}{suffix}"

    def remove(self) -> None:
        """Remove everything; files that are already gone are ignored."""
        for path in self._paths.values():
            shutil.rmtree(path, ignore_errors=True)
        self._paths.clear()


def _root_with_room(n_bytes: int) -> str:
    """Return the directory for temporary files: the user's, shared memory, or the system's."""
    chosen = os.environ.get("JOBLIB_TEMP_FOLDER")
    if chosen:
        return chosen
    usable = SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK)
    if usable and shutil.disk_usage(SHARED_MEMORY).free > 2 * n_bytes + RESERVED:
        return str(SHARED_MEMORY)
    return tempfile.gettempdir()


class _Pickler(cloudpickle.Pickler):
    """Pickle by value what cannot be imported; record the modules used.

    A class or function of ``__main__`` becomes one of the worker's ``__main__``, so that it can
    be pickled there by its name, as a cache in a pipeline does.
    """

    def __init__(self, file: io.BytesIO):
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Return how to rebuild ``obj``."""
        module = getattr(obj, "__module__", None)
        self.modules.add(module if isinstance(module, str) else type(obj).__module__)
        reduced = super().reducer_override(obj)
        by_value = isinstance(reduced, tuple) and len(reduced) == 6
        if by_value and module == "__main__" and _has_name(obj):
            return *reduced[:5], partial(_publish, reduced[5])
        return reduced


def _has_name(obj: Any) -> bool:
    """Return whether a class or function can be found by its name in its module."""
    plain = "<" not in obj.__qualname__  # no lambda, nothing local
    return plain and (isinstance(obj, type) or "." not in obj.__qualname__)


def _publish(set_state: Callable[[Any, Any], Any], obj: Any, state: Any) -> None:
    """Complete a class or function and make it known in this process's ``__main__``."""
    set_state(obj, state)
    *outer, name = obj.__qualname__.split(".")
    scope: Any = sys.modules["__main__"]
    for part in outer:
        if not hasattr(scope, part):  # a class that is not needed itself
            setattr(scope, part, SimpleNamespace())
        scope = getattr(scope, part)
    setattr(scope, name, obj)


class _TaskPickler(_Pickler):
    """Pickle large arrays as files."""

    def __init__(self, file: io.BytesIO, folder: Folder):
        super().__init__(file)
        self._folder = folder
        self._written: dict[tuple, Path] = {}
        self._kept: list[np.ndarray] = []  # keeps addresses in ``_written`` from being reused

    def reducer_override(self, obj: Any) -> Any:
        """Return how to rebuild ``obj``."""
        reduced = super().reducer_override(obj)
        if type(obj) in (np.ndarray, np.memmap) and _is_mappable(obj):
            source = _mapped_source(obj)
            if source is not None:
                return _map_region, source
            return _map_file, (str(self._write(obj)),)
        return reduced

    def _write(self, array: np.ndarray) -> Path:
        """Write an array to a file, once for all views of the same memory."""
        address = (array.ctypes.data, array.shape, array.strides, array.dtype.str)
        if address not in self._written:
            path = self._folder.new_file(array.nbytes, ".npy")
            with path.open("wb") as file:
                np.save(file, np.asarray(array), allow_pickle=False)
            self._written[address] = path
            self._kept.append(array)
        return self._written[address]


def _is_mappable(array: np.ndarray) -> bool:
    """Return whether an array is large and made of plain numbers or fixed-width text."""
    plain = array.dtype.kind in MAPPABLE_KINDS and not array.dtype.hasobject
    return plain and array.nbytes >= LARGE and not array.dtype.metadata


def _mapped_source(array: np.ndarray) -> tuple | None:
    """Return where on disk a memory-mapped array is already, or None."""
    base: Any = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    # Mode "c" holds changes that are not in the file.
    if not isinstance(base, np.memmap) or base.mode == "c" or not base.filename:
        return None
    order = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else None
    if order is None or not os.path.exists(base.filename):
        return None
    offset = base.offset + array.ctypes.data - base.ctypes.data
    return os.path.abspath(base.filename), array.dtype, offset, array.shape, order


def _map_file(path: str) -> np.ndarray:
    """Map a file written by this module."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _map_region(path: str, dtype: np.dtype, offset: int, shape: tuple, order: Any) -> np.ndarray:
    """Map a part of a file that was mapped by the user."""
    return np.memmap(path, dtype, "r", offset, shape, order)


def pack_task(task: Any, folder: Folder) -> tuple[bytes, set[str]]:
    """Return the pickled task and the names of the modules that it needs.

    Raises
    ------
    TypeError
        If the task cannot be pickled.
    """
    buffer = io.BytesIO()
    pickler = _TaskPickler(buffer, folder)
    try:
        pickler.dump(task)
    except OSError:  # no room for the files: says so itself
        raise
    except Exception as error:  # picklers raise whatever the objects' own code raises
        raise TypeError(
            "The estimator, the data or the scoring cannot be sent to worker processes: "
            f"{type(error).__name__}: {error}"
        ) from error
    return buffer.getvalue(), pickler.modules


def pack_job(job: Job) -> tuple[bytes, set[str]]:
    """Return a pickled job and the names of the modules that it needs."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump(job)
    return buffer.getvalue(), pickler.modules


def pack(value: Any) -> bytes:
    """Pickle a value, by value where it is not importable."""
    return cloudpickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


class _ResultPickler(cloudpickle.Pickler):
    """Pickle mapped arrays, which a fitted model may hold, as ordinary ones."""

    def reducer_override(self, obj: Any) -> Any:
        """Return how to rebuild ``obj``."""
        if type(obj) is np.memmap:
            return np.array(obj).__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return super().reducer_override(obj)


def _pack_result(value: Any) -> bytes:
    """Pickle the result of a job."""
    buffer = io.BytesIO()
    _ResultPickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


class UnsendableError(RuntimeError):
    """The result of a successful job cannot be sent back from its process."""


def failure(job: Job | None, error: str, status: str = FAILED, fit_time: float = 0.0) -> Outcome:
    """Return the outcome of a failed job.

    None stands for a job that could not be loaded: the search signs the outcome (``Job.sign``).
    """
    job = _UNSIGNED if job is None else job
    return Outcome(job.evaluation(status=status, error=error, fit_time=fit_time))


def pack_outcome(outcome: Outcome) -> tuple[Outcome, bytes | None]:
    """Split an outcome into what always travels and the rest, pickled apart.

    A model or an exception that cannot be pickled must not take the evaluation with it.
    """
    bare = Outcome(outcome.evaluation, stop=outcome.stop, kept=outcome.kept)
    model = outcome.model if outcome.kept is None else None  # else it could not be pickled
    if model is None and outcome.exception is None:
        return bare, None
    try:
        return bare, _pack_result((model, outcome.exception, outcome.warnings))
    except Exception as error:  # picklers raise whatever the objects' own code raises
        bare = _spoil(bare, error)
        exception, bare.exception = bare.exception, None
        return bare, _pack_result((None, exception, []))


def unpack_outcome(bare: Outcome, rest: bytes | None) -> Outcome:
    """Put together what ``pack_outcome`` split."""
    if rest is None:
        return bare
    try:
        model, exception, noted = pickle.loads(rest)
        if not isinstance(exception, BaseException | None):
            raise TypeError(f"the exception became {exception!r}")
    except (Exception, SystemExit) as error:  # unpicklers raise whatever the objects' code raises
        return _spoil(bare, error)
    bare.model, bare.exception, bare.warnings = model, exception, noted
    return bare


def _spoil(bare: Outcome, error: BaseException) -> Outcome:
    """Return the outcome without its model; without one, only the exception is replaced."""
    evaluation = bare.evaluation
    kind: type[RuntimeError] = RuntimeError
    if evaluation.status == COMPLETE:
        message = f"The result could not be sent back: {type(error).__name__}: {error}"
        evaluation = replace(evaluation, status=FAILED, scores={}, error=message)
        kind = UnsendableError
    return Outcome(evaluation, exception=kind(evaluation.error), stop=bare.stop)
