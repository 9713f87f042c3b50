"""The SQLite journal: every evaluation is on disk before the next is proposed.

The file holds any number of studies. A study is everything that decides what a ``fit`` does
but its budget: data, estimator, space, folds, scoring, strategy and seed. The schema is
documented in ``docs/storage.md``; nothing in it is pickled.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ._compat import import_pandas
from ._history import Evaluation, History, Trial
from ._tuner import Listener

APPLICATION_ID = 0x6175746F  # "auto": marks the file as one of ours
SCHEMA_VERSION = 1
_PATIENCE = 60.0  # seconds to wait for another process that writes

_SCHEMA = """
CREATE TABLE studies (
    study INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    created TEXT NOT NULL,
    description TEXT NOT NULL,
    writer TEXT,
    UNIQUE (fingerprint, attempt)
);
CREATE TABLE trials (
    study INTEGER NOT NULL REFERENCES studies,
    trial INTEGER NOT NULL,
    origin TEXT NOT NULL,
    eligible INTEGER NOT NULL,
    status TEXT NOT NULL,
    params TEXT NOT NULL,
    PRIMARY KEY (study, trial)
);
CREATE TABLE evaluations (
    study INTEGER NOT NULL REFERENCES studies,
    trial INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    fidelity REAL NOT NULL,
    status TEXT NOT NULL,
    scores TEXT NOT NULL,
    train_scores TEXT NOT NULL,
    fit_time REAL NOT NULL,
    score_time REAL NOT NULL,
    error TEXT,
    warnings TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    PRIMARY KEY (study, trial, fold, fidelity)
);
"""


class Journal(Listener):
    """Writes one study's evaluations as they end, and reads those of an earlier run.

    Parameters
    ----------
    path : str or path-like
        The file; made if it does not exist.
    fingerprint : str
        Identifies the study.
    description : dict
        What a reader of the file is told of the study.
    seed : int
        The seed of a study that is new.
    encode, decode : callable
        A trial's parameters to and from what ``json`` can write.

    Raises
    ------
    ValueError
        If the file cannot be used; the message says why.
    """

    def __init__(
        self,
        path: Any,
        fingerprint: str,
        description: dict[str, Any],
        seed: int,
        encode: Callable[[Trial], Any],
        decode: Callable[[int, str, Any], dict[str, Any]],
    ):
        self.path = path
        self._encode, self._decode = encode, decode
        self._written: dict[int, str] = {}
        self._connection: sqlite3.Connection | None = connect(path, create=True)
        with _refusals(path), _transaction(self._connection):
            self._study, self.seed = self._claim(fingerprint, description, seed)

    def _claim(self, fingerprint: str, description: dict, seed: int) -> tuple[int, int]:
        """Return the number and the seed of a study that no living process writes."""
        rows = self._query(
            "SELECT study, seed, writer FROM studies WHERE fingerprint = ? ORDER BY attempt",
            fingerprint,
        )
        for study, known_seed, writer in rows:
            if not _is_alive(writer):
                self._query("UPDATE studies SET writer = ? WHERE study = ?", _writer(), study)
                return study, known_seed
        now = datetime.now(UTC).isoformat(timespec="seconds")
        ((study,),) = self._query(
            "INSERT INTO studies (fingerprint, attempt, seed, created, description, writer) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING study",
            *(fingerprint, len(rows), seed, now, json.dumps(description), _writer()),
        )
        return study, seed

    def _query(self, statement: str, *values: Any) -> list[tuple]:
        """Execute a statement on the open connection and return its rows."""
        assert self._connection is not None
        return self._connection.execute(statement, values).fetchall()

    def load(self, history: History) -> None:
        """Add the trials of earlier runs, and their evaluations, to an empty history."""
        columns = ", ".join(_COLUMNS)
        with _refusals(self.path):
            trials = self._query(
                "SELECT trial, origin, eligible, status, params FROM trials "
                "WHERE study = ? ORDER BY trial",
                self._study,
            )
            evaluations = self._query(
                f"SELECT {columns} FROM evaluations WHERE study = ? ORDER BY trial, ended",
                self._study,
            )
            for number, origin, eligible, status, params in trials:
                if number != len(history):
                    break  # what follows a missing trial was proposed without it
                decoded = self._decode(number, origin, json.loads(params))
                history.add(decoded, origin, bool(eligible)).status = status
                self._written[number] = status
            for row in evaluations:
                if row[0] < len(history):
                    history.record(_evaluation(row))

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        values = [_plain(getattr(evaluation, name)) for name in _COLUMNS]
        marks = ", ".join("?" for _ in range(len(_COLUMNS) + 1))
        columns = ", ".join(_COLUMNS)
        statement = f"INSERT OR REPLACE INTO evaluations (study, {columns}) VALUES ({marks})"
        self._write(history[evaluation.trial], (statement, (self._study, *values)))

    def ended(self, trial: Trial, history: History) -> None:
        if self._written.get(trial.number) != trial.status:
            self._write(trial)

    def _write(self, trial: Trial, *more: tuple[str, tuple]) -> None:
        """Commit a trial's row and more; if that fails, warn and go on without the file."""
        if self._connection is None:
            return
        try:
            params = json.dumps(self._encode(trial))
            row = (self._study, trial.number, trial.origin, trial.eligible, trial.status, params)
            with _transaction(self._connection):
                self._query(_PUT_TRIAL, *row)
                for statement, values in more:
                    self._query(statement, *values)
            self._written[trial.number] = trial.status
        except (sqlite3.Error, ValueError) as error:
            self.close()
            warnings.warn(
                f"storage={str(self.path)!r} cannot be written any more ({error}); the search "
                f"goes on without it, and what the file holds up to trial {trial.number} is safe",
                stacklevel=2,
            )

    def close(self) -> None:
        """Leave the study to whoever opens it next; never raises."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(sqlite3.Error):  # whoever comes next sees that the process is gone
            connection.execute("UPDATE studies SET writer = NULL WHERE study = ?", (self._study,))
        connection.close()


_COLUMNS = (
    "trial",
    "fold",
    "fidelity",
    "status",
    "scores",
    "train_scores",
    "fit_time",
    "score_time",
    "error",
    "warnings",
    "started",
    "ended",
)
_JSON = ("scores", "train_scores", "warnings")
_PUT_TRIAL = (
    "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (study, trial) DO UPDATE SET status = excluded.status"
)


def _plain(value: Any) -> Any:
    """Return a field of an evaluation as a column holds it."""
    return json.dumps(value) if isinstance(value, dict | tuple) else value


def _evaluation(row: tuple) -> Evaluation:
    """Return the evaluation that a row holds."""
    fields = dict(zip(_COLUMNS, row, strict=True))
    fields.update({name: json.loads(fields[name]) for name in _JSON})
    fields["warnings"] = tuple(fields["warnings"])
    return Evaluation(**fields)


def connect(path: Any, *, create: bool) -> sqlite3.Connection:
    """Open a file as one of ours, or raise a ValueError that says why it is none."""
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise TypeError(f"storage must be the path of a file, or None; got {path!r}")
    location = Path(path)
    if not create and not location.is_file():
        raise ValueError(f"storage={str(path)!r} does not exist")
    if location.is_dir() or not location.absolute().parent.is_dir():
        raise ValueError(f"storage must be a file in an existing folder; got {str(path)!r}")
    with _refusals(path):
        connection = sqlite3.connect(location, timeout=_PATIENCE, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Any) -> None:
    """Check what a file holds, and make our tables in an empty one."""
    connection.execute("PRAGMA foreign_keys = ON")
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.execute("PRAGMA journal_mode = WAL")
        with _transaction(connection):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
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
    connection.execute("PRAGMA synchronous = FULL")


@contextmanager
def _refusals(path: Any) -> Iterator[None]:
    """Turn what SQLite raises into an error that names the parameter and the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise ValueError(
            f"storage={str(path)!r} cannot be used: {error}. It must be a file that autotune "
            "made, or none yet, undamaged and writable"
        ) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is executed inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk rolls back by itself
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _writer() -> str:
    """Return what identifies this process: host, number, and when it began."""
    return f"{socket.gethostname()}:{os.getpid()}:{_began(os.getpid())}"


def _is_alive(writer: str | None) -> bool:
    """Return whether the process that claimed a study still runs, as far as can be seen.

    A process of another host counts as gone: SQLite's journal does not work across hosts.
    """
    host, _, rest = (writer or "").rpartition(":")[0].rpartition(":")
    if writer is None or host != socket.gethostname():
        return False
    return _began(int(rest)) == writer.rpartition(":")[2] != ""


def _began(pid: int) -> str:
    """Return when a process began, as text; empty if it does not run or cannot be seen."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        return stat.rpartition(")")[2].split()[19]
    if os.name != "posix":
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "running"


def read_history(path: Any) -> Any:
    """Read all evaluations from a storage file.

    Parameters
    ----------
    path : str or path-like
        A file that ``storage=`` named in a fit, finished or not; it is not changed.

    Returns
    -------
    frame : pandas.DataFrame
        One row per evaluation: ``study`` (a number), ``created`` and what was tuned
        (``estimator``), ``trial``, ``origin``, ``trial_status``, one ``param_<name>`` per
        parameter, ``fold``, ``fidelity``, ``status``, one ``score_<metric>`` per metric,
        ``fit_time``, ``score_time``, ``started``, ``ended`` in seconds, ``warnings`` and
        ``error``.

    Raises
    ------
    ValueError
        If there is no such file, or it is not one of ours.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from autotune import AutoTunedClassifier, read_history
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "tuning.db")
    ...     model = AutoTunedClassifier(DecisionTreeClassifier(), budget=3, storage=path)
    ...     _ = model.fit(*load_iris(return_X_y=True))
    ...     read_history(path).groupby("trial")["fold"].count().tolist()
    [5, 5, 5]
    """
    pd = import_pandas("read_history")
    connection = connect(path, create=False)
    try:
        connection.execute("PRAGMA query_only = ON")
        with _refusals(path):
            rows = connection.execute(_READ).fetchall()
    finally:
        connection.close()
    return pd.DataFrame([_frame_row(row) for row in rows], columns=None if rows else ["study"])


_READ = (
    "SELECT study, created, description, trial, origin, trials.status, params, "
    + ", ".join(f"evaluations.{name}" for name in _COLUMNS)
    + " FROM evaluations JOIN trials USING (study, trial) JOIN studies USING (study) "
    "ORDER BY study, trial, fold, fidelity"
)


def _frame_row(row: tuple) -> dict[str, Any]:
    """Return one row of the frame."""
    study, created, description, trial, origin, status, params, *rest = row
    evaluation = _evaluation(tuple(rest))
    frame_row = {
        "study": study,
        "created": created,
        "estimator": json.loads(description)["estimator"],
        "trial": trial,
        "origin": origin,
        "trial_status": status,
        "fold": evaluation.fold,
        "fidelity": evaluation.fidelity,
        "status": evaluation.status,
    }
    for name, value in json.loads(params).items():
        shown = value["repr"] if isinstance(value, dict) and "repr" in value else value
        frame_row[f"param_{name}"] = shown
    frame_row.update({f"score_{name}": score for name, score in evaluation.scores.items()})
    frame_row.update(
        fit_time=evaluation.fit_time,
        score_time=evaluation.score_time,
        started=evaluation.started,
        ended=evaluation.ended,
        warnings="\n".join(evaluation.warnings),
        error=evaluation.error,
    )
    return frame_row
