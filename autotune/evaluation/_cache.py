"""A bounded cache of fitted steps and the rows they transformed."""

from __future__ import annotations

import io
import pickle
import random
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import RLock, current_thread, main_thread
from typing import Any

import numpy as np

from ..compat import cloudpickle


@dataclass(eq=False)
class Entry:
    """Fitted steps, and the rows they transformed.

    Attributes
    ----------
    key : hashable
    steps : list of (name, transformer)
        Fitted, from the first of the pipeline on.
    parent : Entry or None
        The entry of the steps before the last ones, which are shared with it.
    seconds : float
        The time it took to fit all steps.
    evictable : bool
        Whether any other entry may take its place.
    results : dict of str to Result
        Transformed rows by their role: those that were fitted, or scored.
    """

    key: Hashable
    steps: list[tuple[str, Any]]
    parent: Entry | None
    seconds: float
    evictable: bool
    results: dict[str, Result] = field(default_factory=dict)
    size: int = 0
    used: int = 0

    def transform(self, X: Any) -> Any:
        """Transform rows as a pipeline does."""
        return self.transform_further(X if self.parent is None else self.parent.transform(X))

    def transform_further(self, X: Any) -> Any:
        """Apply the steps that the parent does not have."""
        n_done = 0 if self.parent is None else len(self.parent.steps)
        for _, step in self.steps[n_done:]:
            if not is_passthrough(step):
                X = step.transform(X)
        return X


@dataclass(frozen=True)
class Result:
    """Transformed rows as immutable bytes, and the warnings that were raised meanwhile."""

    content: bytes
    warnings: list[warnings.WarningMessage]

    def unpack(self) -> Any:
        """Return a copy of the rows, and warn again."""
        for each in self.warnings:
            _show(each)
        return pickle.loads(self.content)


class EntryCache:
    """Entries by key, at most ``capacity`` bytes of them.

    An entry is evicted only if it is marked evictable, or was not used during ``patience``
    visits. Evicting the least recently used entry would not work here: a search cycles through
    its folds, so each entry would be gone just before it is needed.

    Parameters
    ----------
    capacity : int
        Bytes.
    patience : int
    """

    def __init__(self, capacity: int, patience: int):
        self.capacity = capacity
        self.patience = patience
        self._entries: dict[Hashable, Entry] = {}
        self._visits = 0
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The bytes that are used."""
        return sum(entry.size for entry in self._entries.values())

    def visit(self) -> None:
        """Count a visit: entries age."""
        with self._lock:
            self._visits += 1

    def find(self, key: Hashable, *, evictable: bool) -> Entry | None:
        """Return the entry with a key, and mark it as used."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                entry.used = self._visits
                entry.evictable &= evictable
            return entry

    def put(self, entry: Entry, name: str, rows: Any, caught: list) -> None:
        """Store a new entry with its first result, if there is room."""
        room = self._room(entry)
        content = _pack(rows, room)
        size = None if content is None else _size(entry.steps, room - len(content))
        if content is None or size is None:
            return
        with self._lock:
            if entry.key not in self._entries and self._make_room(entry, size + len(content)):
                entry.results[name] = Result(content, caught)
                entry.size, entry.used = size + len(content), self._visits
                self._entries[entry.key] = entry

    def add(self, entry: Entry, name: str, rows: Any, caught: list) -> None:
        """Store a further result of an entry that is still cached, if there is room."""
        if self._entries.get(entry.key) is not entry:
            return
        content = _pack(rows, self._room(entry))
        if content is None:
            return
        with self._lock:
            kept = self._entries.get(entry.key) is entry and name not in entry.results
            if kept and self._make_room(entry, len(content)):
                entry.results[name] = Result(content, caught)
                entry.size += len(content)

    def _room(self, new: Entry) -> int:
        """Return the bytes that an entry may take."""
        with self._lock:
            return self.capacity - self.size + sum(each.size for _, each in self._victims(new))

    def _victims(self, new: Entry) -> list[tuple[Hashable, Entry]]:
        """Return the entries that a new one may evict, in the order of eviction."""
        found = [
            (key, entry)
            for key, entry in self._entries.items()
            if entry is not new
            and (
                (entry.evictable and not new.evictable) or self._visits - entry.used > self.patience
            )
        ]
        return sorted(found, key=lambda item: (not item[1].evictable, item[1].used))

    def _make_room(self, new: Entry, size: int) -> bool:
        """Evict entries until there is room; return whether there is."""
        if size > self._room(new):
            return False
        for key, entry in self._victims(new):
            if self.size + size <= self.capacity:
                break
            del self._entries[key]
            entry.results.clear()  # entries that are built on this one may still hold it
        return True


def is_passthrough(step: Any) -> bool:
    """Return whether a pipeline skips a step."""
    return step is None or isinstance(step, str)


def observe(action: Callable[[], Any]) -> tuple[Any, list[warnings.WarningMessage], bool]:
    """Return an action's result, its warnings, and whether it is safe to reuse the result.

    It is not if the action drew from the global random generators: later draws would differ.
    Warnings are recorded in the main thread only, because Python's filters belong to the
    process; there they are shown as usual, too.
    """
    before = _global_random_state()
    caught: list[warnings.WarningMessage] = []
    if current_thread() is not main_thread():
        return action(), caught, _global_random_state() == before
    try:
        with warnings.catch_warnings(record=True) as caught:
            result = action()
    finally:
        for each in caught:
            _show(each)
    return result, caught, _global_random_state() == before


def _show(warning: warnings.WarningMessage) -> None:
    """Show a warning that has passed the filters already."""
    # A second pass through the filters might suppress it as a repetition.
    warnings.showwarning(
        warning.message, warning.category, warning.filename, warning.lineno, line=warning.line
    )


def _global_random_state() -> tuple:
    """Return the state of the generators that belong to the process."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002  # the global generator is meant
    return random.getstate(), name, np.asarray(keys).tobytes(), tuple(rest)


class _UnfaithfulError(Exception):
    """A copy would differ, if only in its memory layout."""


class _NoRoomError(Exception):
    """The content is larger than the limit."""


class _Sink(io.BytesIO):
    """A file of limited size, which may store only the number of bytes written."""

    def __init__(self, room: int, *, keep: bool):
        super().__init__()
        self.size = 0
        self._room = room
        self._keep = keep

    def write(self, data: Any) -> int:
        n_bytes = memoryview(data).nbytes
        self.size += n_bytes
        if self.size > self._room:
            raise _NoRoomError
        return super().write(data) if self._keep else n_bytes


class _Packer(pickle.Pickler):
    """Pickles only what can be restored exactly."""

    def reducer_override(self, obj: Any) -> Any:
        """Refuse arrays whose layout, on which sums may depend, would change."""
        if isinstance(obj, np.ndarray) and not obj.flags.forc:
            raise _UnfaithfulError
        return NotImplemented


def _pack(rows: Any, room: int) -> bytes | None:
    """Return rows as bytes, None if they are too large or cannot be kept."""
    sink = _Sink(room, keep=True)
    try:
        _Packer(sink, protocol=5).dump(rows)
    except Exception:  # raised by the objects' own code; then nothing is cached
        return None
    return sink.getvalue()


def _size(steps: list[tuple[str, Any]], room: int) -> int | None:
    """Return the bytes that fitted steps take, None if that is too much or unknown."""
    sink = _Sink(room, keep=False)
    try:
        cloudpickle.Pickler(sink, protocol=5).dump(steps)
    except Exception:  # raised by the objects' own code; then nothing is cached
        return None
    return sink.size
