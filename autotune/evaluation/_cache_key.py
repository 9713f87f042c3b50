"""Keys by which two unfitted estimators are known to be the same, parameters and all."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Hashable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import joblib
import numpy as np
from scipy.sparse import issparse

_NUMBERS = (bool, int, float, complex)
_PLAIN_KINDS = "biufcmMSUV"  # arrays whose bytes are their content


class UnkeyableError(TypeError):
    """A value that nothing can tell from another one."""


def key_of(value: Any) -> Hashable:
    """Return a key that equals another value's only if both are the same to a fit.

    Equal values may have different keys: then something is done twice, which is no mistake.

    Raises
    ------
    UnkeyableError
        If there is none.
    """
    kind = type(value)
    if value is None or kind in (str, bytes):
        return kind, value
    if kind in _NUMBERS or isinstance(value, np.generic):
        return kind, repr(value)  # NaN equals itself, 1 differs from 1.0 and from True
    if isinstance(value, type | FunctionType | BuiltinFunctionType | np.ufunc):
        return kind, value
    if kind in (list, tuple):
        return kind, tuple(map(key_of, value))
    if kind is dict:
        return kind, tuple((key_of(name), key_of(item)) for name, item in value.items())
    if kind is np.ndarray and value.dtype.kind in _PLAIN_KINDS and not value.dtype.hasobject:
        return kind, value.dtype.str, value.shape, value.flags.c_contiguous, digest(value)
    if hasattr(value, "get_params") and hasattr(value, "__dict__"):
        return kind, _key_of_estimator(value)
    try:
        return kind, joblib.hash(value)
    except Exception as error:  # picklers raise whatever the objects' own code raises
        raise UnkeyableError(f"{kind.__name__} cannot be compared: {error}") from error


def _key_of_estimator(estimator: Any) -> Hashable:
    """Return the key of all that an unfitted estimator holds, its output settings included."""
    content = vars(estimator)
    if content.get("_skl_callbacks"):
        raise UnkeyableError(f"{type(estimator).__name__} has callbacks, which expect its fit")
    return key_of(content)


def digest(value: Any) -> bytes | None:
    """Return a digest of a value's content, None if it has none.

    What containers only note for themselves does not count: how a frame arranges its columns,
    whether a sparse matrix was found to be sorted.
    """
    content: Any = value
    if issparse(value):
        content = [part for part in vars(value).values() if isinstance(part, np.ndarray)]
    elif hasattr(value, "iloc") and hasattr(value, "items"):
        content = [value.index, *((name, part.array) for name, part in value.items())]
    sink = _Digest()
    pickler = pickle.Pickler(sink, protocol=5)
    pickler.fast = True  # whether two parts are the same object or equal ones does not count
    try:
        pickler.dump(content)
    except Exception:  # picklers raise whatever the objects' own code raises
        return None
    return sink.hash.digest()


class _Digest:
    """A file that keeps only the digest of what is written to it."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return memoryview(data).nbytes
