"""The storage file: opening, checking, creating, transactions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._texts import short_repr
from ._fields import FIELDS, FieldError
from ._migration import from_first_schema, from_second_schema

APPLICATION_ID = 0x6175746F  # "auto": marks the files of this package
SCHEMA_VERSION = 3
_SMALLEST = 512  # bytes of the smallest database that SQLite makes
_PATIENCE = 60.0  # seconds to wait for another process that writes

_KEYS = {
    "studies": "UNIQUE (fingerprint, attempt)",
    "trials": "PRIMARY KEY (study, trial)",
    "evaluations": "PRIMARY KEY (study, trial, phase, fold, fidelity)",
    "predictions": "PRIMARY KEY (study, trial, phase, fold, fidelity)",
}


def open_to_write(path: Any) -> sqlite3.Connection:
    """Open a storage file, or create it; raise a ValueError with the reason if that fails."""
    location = _location(path)
    with refusals(path):
        connection = sqlite3.connect(location, timeout=_PATIENCE, isolation_level=None)
        with _closed_on_error(connection):
            if _is_empty(connection):
                _create(connection)
            if _check(connection, path) < SCHEMA_VERSION:
                with damage(path), transaction(connection):
                    _migrate(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk
    return connection


def open_to_read(path: Any) -> sqlite3.Connection | None:
    """Open a storage file without changing it; None if it is empty."""
    location = _location(path)
    if not location.exists():
        raise ValueError(f"storage={str(path)!r} does not exist")
    with refusals(path):
        connection = _open_existing(location)
        with _closed_on_error(connection):
            if _is_empty(connection):
                connection.close()
                return None
            if _check(connection, path) < SCHEMA_VERSION:
                connection = _copy(connection)
                with _closed_on_error(connection), damage(path), transaction(connection):
                    _migrate(connection)
            connection.execute("PRAGMA query_only = ON")
    return connection


def _copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Close a file that is not to be changed, and return a copy in memory."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with closing(connection):
        connection.backup(copy)
    return copy


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate a file of an earlier schema, within a transaction."""
    version = _version(connection)
    if version == SCHEMA_VERSION:  # another process has done it
        return
    if version == 1:
        from_first_schema(connection, _table("evaluations"))
    else:
        from_second_schema(connection)
    connection.execute(_table("predictions"))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _table(name: str) -> str:
    """Return the statement that creates a table."""
    columns = [f"{column} {field.sql}" for column, field in FIELDS[name].items()]
    content = ",\n    ".join([*columns, _KEYS[name]])
    return f"CREATE TABLE {name} (\n    {content}\n)"


def _version(connection: sqlite3.Connection) -> int:
    """Return the version of a file's schema."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _open_existing(location: Path) -> sqlite3.Connection:
    """Open a file that exists, also where neither it nor its folder can be written."""
    uri = f"file:{quote(str(location))}?mode=rw"
    connection = sqlite3.connect(uri, timeout=_PATIENCE, isolation_level=None, uri=True)
    try:
        with _closed_on_error(connection):
            _is_empty(connection)
    except sqlite3.OperationalError:
        if Path(f"{location}-wal").exists():
            raise
        # Without a journal, no process is writing: SQLite can do without its side files.
        uri = f"file:{quote(str(location))}?immutable=1"
        connection = sqlite3.connect(uri, isolation_level=None, uri=True)
    return connection


def _location(path: Any) -> Path:
    """Return the absolute path of a possible storage file."""
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise TypeError(f"storage must be the path of a file, or None; got {short_repr(path)}")
    location = Path(os.fsdecode(path)).absolute()
    with refusals(path):  # the folder may not be readable
        # In this order: another thread may be making the file.
        usable = location.parent.is_dir() and (not location.exists() or location.is_file())
    if not usable or "\0" in str(location):
        raise ValueError(f"storage must be a file in an existing folder; got {str(path)!r}")
    if location.exists() and 0 < location.stat().st_size < _SMALLEST:
        # SQLite would take it for an empty one and write over it.
        raise ValueError(f"storage={str(path)!r} cannot be used: file is not a database")
    return location


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether a file has no tables."""
    return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _create(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file, unless another process does so first."""
    _use_wal(connection)
    with transaction(connection):
        if _is_empty(connection):
            for name in FIELDS:
                connection.execute(_table(name))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging, in which readers and a writer do not wait for each other."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait for the lock itself when two processes do this at once.
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _check(connection: sqlite3.Connection, path: Any) -> int:
    """Return the version of a file's schema; raise unless it is a sound storage file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    version = _version(connection)
    if application != APPLICATION_ID:
        raise ValueError(f"storage={str(path)!r} is a database of another program")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"storage={str(path)!r} was written by a newer release of autotune (schema "
            f"{version}; this release reads up to {SCHEMA_VERSION})"
        )
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    return version


@contextmanager
def refusals(path: Any) -> Iterator[None]:
    """Turn errors of SQLite into one that names the parameter and the file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        # UnicodeError: a damaged file's own text can be part of SQLite's message.
        raise ValueError(
            f"storage={str(path)!r} cannot be used: {error}. It must be a file that autotune "
            "made, or none yet, undamaged and writable"
        ) from error


@contextmanager
def damage(path: Any) -> Iterator[None]:
    """Name the file if its content is invalid."""
    try:
        yield
    except FieldError as error:
        raise ValueError(f"storage={str(path)!r} is damaged: {error}") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything that is executed inside, or nothing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """End a transaction that may be open."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):  # a transaction that cannot be ended ends with the process
            connection.execute("ROLLBACK")


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close a connection if the block raises."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
