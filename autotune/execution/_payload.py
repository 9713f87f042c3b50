"""Pickled tasks and jobs."""

from __future__ import annotations

import os
import pickle
from threading import Lock
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from ..compat import cloudpickle
from ._packing import UnsendableError

_known: WeakValueDictionary[str, Payload] = WeakValueDictionary()  # made or received here, by key
_lock = Lock()


class Payload:
    """A value that is pickled when it leaves this process, and only then.

    It is pickled once, by value if it is not importable, and unpickled when it is first opened,
    not while a message is read. Its copies in one process are one object: in the process that
    made it, it opens as the original value, because copies of callbacks would have no effect.

    Parameters
    ----------
    value : object
    what : str
        What it is, for an error.

    Attributes
    ----------
    key : str
    arrived : bool
        Whether it was made in another process.
    """

    def __init__(self, value: Any, what: str):
        self._set(uuid4().hex, None)
        self._value = value
        self._what = what
        _known[self.key] = self

    def _set(self, key: str, content: tuple[bytes | str, list] | None) -> None:
        """Set all attributes but the value."""
        self.key = key
        self.arrived = content is not None
        self._content = content
        self._open_lock = Lock()

    def pack(self) -> tuple[bytes | str, list]:
        """Return the pickled value and its large buffers.

        Raises
        ------
        TypeError
            If it cannot be pickled.
        """
        with self._open_lock:
            if self._content is None:
                buffers: list[pickle.PickleBuffer] = []
                try:
                    data = cloudpickle.dumps(self._value, 5, buffer_callback=buffers.append)
                except Exception as error:  # picklers raise whatever the objects' own code raises
                    why = f"{type(error).__name__}: {error}"
                    raise TypeError(f"{self._what} cannot be pickled: {why}") from error
                self._content = data, buffers
            return self._content

    @property
    def is_open(self) -> bool:
        """Whether the value is here."""
        return hasattr(self, "_value")

    def open(self) -> Any:
        """Return the value.

        Raises
        ------
        UnsendableError
            If it could not be pickled where it was made.
        """
        with self._open_lock:
            if not self.is_open:
                data, buffers = self._content or ("", [])
                if isinstance(data, str):
                    raise UnsendableError(data)
                self._value = pickle.loads(data, buffers=buffers)
            return self._value

    def __reduce_ex__(self, protocol: Any) -> tuple:
        try:
            data, buffers = self.pack()
        except TypeError as error:  # would end the threads in which some pools pickle
            return _receive, (self.key, str(error), [])
        if protocol < 5:
            buffers = [bytes(memoryview(buffer).cast("B")) for buffer in buffers]
        return _receive, (self.key, data, buffers)

    def __sizeof__(self) -> int:
        # Dask weighs by this what it costs to move a payload.
        data, buffers = self._content or (b"", [])
        return len(data) + sum(memoryview(buffer).nbytes for buffer in buffers)


def find(key: str) -> Payload | None:
    """Return the payload with a key, None if this process does not have it."""
    return _known.get(key)


def _receive(key: str, data: bytes | str, buffers: list) -> Payload:
    """Return a payload that has arrived, or the one that is here already."""
    with _lock:
        payload = _known.get(key)
        if payload is None:
            payload = _known[key] = Payload.__new__(Payload)
            payload._set(key, (data, buffers))
        return payload


def _forget() -> None:
    """Forget, in a fork, what its parent has: its locks may be held for ever."""
    global _lock
    _lock = Lock()
    _known.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
