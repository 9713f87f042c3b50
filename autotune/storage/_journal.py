"""The SQLite journal: every evaluation is saved before the next proposal.

The file holds any number of studies. A study is everything that determines a ``fit``
except its budget: data, estimator, space, folds, scoring, strategy and seed. The schema is
documented in ``docs/storage.md``; nothing in it is pickled.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np

from .._texts import warn
from ..history import COMPLETE, Evaluation, History, Key, Listener, Trial
from ._arrays import to_arrays, to_bytes
from ._database import damage, open_to_write, refusals, roll_back, transaction
from ._fields import FIELDS, FieldError, read_row, read_rows
from ._load import check_folds, load
from ._records import COLUMNS, describe_study, to_row
from ._writer import is_alive, this_writer

_MARKS = ", ".join("?" for _ in range(len(COLUMNS) + 1))
_PUT_EVALUATION = (
    f"INSERT OR REPLACE INTO evaluations (study, {', '.join(COLUMNS)}) VALUES ({_MARKS})"
)
_PUT_TRIAL = (
    "INSERT INTO trials (study, trial, origin, eligible, status, params) "
    "VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (study, trial) DO UPDATE SET status = excluded.status"
)
_PUT_ARRAYS = (
    "INSERT OR REPLACE INTO predictions (study, trial, phase, fold, fidelity, arrays) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_UNWRITABLE = (sqlite3.Error, ValueError, TypeError, OverflowError)


class Journal(Listener):
    """Writes one study's evaluations as they end, and reads those of an earlier run.

    Parameters
    ----------
    path : str or path-like
        The file; made if it does not exist.
    fingerprint : str
        Identifies the study.
    description : dict
        The description of the study for readers of the file.
    seed : int
        The seed of a study that is new; that of a known one is in ``self.seed``, and what the
        file has of the study in ``self.description``.
    history : History
        An empty one; it gets what earlier runs have found, and is what is saved.
    encode, decode : callable
        A trial's parameters to and from what ``json`` can write.

    Attributes
    ----------
    seed : int
    description : dict
    passed_over : dict or None
        If the study is new: the newest one of the file, unless a living process writes it.

    Raises
    ------
    TypeError, ValueError
        If the file cannot be used; the message says why.
    """

    def __init__(
        self,
        path: Any,
        fingerprint: str,
        description: dict[str, Any],
        seed: int,
        history: History,
        encode: Callable[[Trial], Any],
        decode: Callable[[int, str, Any], dict[str, Any]],
    ):
        self.path = path
        self._history = history
        self._encode, self._decode = encode, decode
        # What the file holds: the status of each trial, and the evaluations.
        self._statuses: list[str] = []
        self._saved: dict[tuple[int, Key], Evaluation] = {}
        connection = open_to_write(path)
        self._connection: sqlite3.Connection | None = connection
        self._study: int | None = None
        try:
            with refusals(path):
                with transaction(connection), damage(path):
                    study = _claim(connection, fingerprint, description, seed)
                self._study, self.seed = study["study"], study["seed"]
                self.description = study["description"]
                self.passed_over = study.get("passed_over")
                self._load(connection)
            history.study = describe_study(study)
            history.listeners.append(self)
        except BaseException:
            self._leave()
            raise

    def _load(self, connection: sqlite3.Connection) -> None:
        """Add the trials of earlier runs, and their evaluations, to the history."""
        history = self._history
        with damage(self.path):
            check_folds(self.description, history.n_folds)
            trials = read_rows(connection, "trials", self._study)
            evaluations = read_rows(connection, "evaluations", self._study)
            load(history, trials, evaluations, self._decode)
            self._check_metrics()
        self._statuses = [trial.status for trial in history]
        self._saved = {(e.trial, e.key): e for e in history.evaluations()}

    def _check_metrics(self) -> None:
        """Check that the scores are those of the metrics."""
        history = self._history
        names = set(history.metrics)
        for evaluation in history.evaluations():
            known = evaluation.scores.keys() <= names
            if evaluation.status == COMPLETE and not (
                known and history.metric in evaluation.scores
            ):
                rule = f"a JSON object of the scores {', '.join(history.metrics)}"
                raise FieldError("evaluations.scores", rule, evaluation.scores)

    def changed(
        self, evaluations: Sequence[Evaluation], trials: Sequence[Trial], history: History
    ) -> None:
        self._save(evaluations, trials)

    def save(self) -> None:
        """Save whatever of the history is not in the file."""
        missing = [
            evaluation
            for evaluation in self._history.evaluations()
            if self._saved.get((evaluation.trial, evaluation.key)) is not evaluation
        ]
        self._save(missing, self._history.trials)

    def _save(self, evaluations: Sequence[Evaluation], trials: Sequence[Trial]) -> None:
        """Commit evaluations, and what became of trials.

        If that fails, warn, and go on without the file. The trials before one that has an
        evaluation are saved with it, because it was proposed in the knowledge of them.
        """
        if self._connection is None:
            return
        n_saved = len(self._statuses)
        n_trials = max((e.trial + 1 for e in evaluations), default=0)
        new = self._history.trials[n_saved:n_trials]
        known = (trial for trial in trials if trial.number < n_saved)
        changed = [t for t in known if self._statuses[t.number] != t.status]
        if not (evaluations or changed):
            return
        try:
            with transaction(self._connection):
                self._connection.executemany(_PUT_TRIAL, map(self._trial_row, [*new, *changed]))
                rows = ((self._study, *to_row(evaluation)) for evaluation in evaluations)
                self._connection.executemany(_PUT_EVALUATION, rows)
        except _UNWRITABLE as error:
            self._give_up(error)
            return
        self._statuses.extend(trial.status for trial in new)
        for trial in changed:
            self._statuses[trial.number] = trial.status
        self._saved.update(((e.trial, e.key), e) for e in evaluations)

    def _trial_row(self, trial: Trial) -> tuple:
        """Return the values of a trial's row."""
        params = json.dumps(self._encode(trial))
        return self._study, trial.number, trial.origin, trial.eligible, trial.status, params

    def _give_up(self, error: Exception) -> None:
        """Go on without the file, and say so."""
        self._leave()
        warn(
            f"storage={str(self.path)!r} can no longer be written ({error}): the search continues "
            f"without it; the {len(self._saved)} evaluations that the file holds are safe",
        )

    def describe(self, name: str, value: Any) -> None:
        """Extend the description of the study in the file."""
        self.description[name] = value
        row = json.dumps(self.description), self._study
        self._execute("UPDATE studies SET description = ? WHERE study = ?", row)

    def save_arrays(self, trial: int, key: Key, arrays: dict[str, np.ndarray]) -> None:
        """Save the predictions of an evaluation, with the rows that they are for."""
        row = self._study, trial, key.phase, key.fold, key.fidelity, to_bytes(arrays)
        self._execute(_PUT_ARRAYS, row)

    def discard_arrays(self, trial: int) -> None:
        """Discard the predictions of a trial."""
        self._execute("DELETE FROM predictions WHERE study = ? AND trial = ?", (self._study, trial))

    def arrays(self) -> Iterator[tuple[int, Key, dict[str, np.ndarray]]]:
        """Yield trial, key and predictions of each evaluation that has any in the file."""
        if self._connection is None:
            return
        columns = FIELDS["predictions"]
        query = f"SELECT {', '.join(columns)} FROM predictions WHERE study = ?"
        with refusals(self.path), damage(self.path):
            for row in self._connection.execute(query, (self._study,)):
                values = read_row("predictions", row)
                key = Key(values["fold"], values["fidelity"], values["phase"])
                yield values["trial"], key, to_arrays(values["arrays"])

    def _execute(self, statement: str, values: tuple) -> None:
        """Commit a statement; if that fails, warn, and go on without the file."""
        if self._connection is None:
            return
        try:
            with transaction(self._connection):
                self._connection.execute(statement, values)
        except _UNWRITABLE as error:
            self._give_up(error)

    def close(self) -> None:
        """Save what an interruption has kept from being saved, and leave the file."""
        try:
            self.save()
        finally:
            self._leave()
            if self in self._history.listeners:
                self._history.listeners.remove(self)

    def _leave(self) -> None:
        """Release the study."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        roll_back(connection)
        with suppress(sqlite3.Error):  # the next process sees that this one is gone
            connection.execute("UPDATE studies SET writer = NULL WHERE study = ?", (self._study,))
        connection.close()


def _claim(
    connection: sqlite3.Connection, fingerprint: str, description: dict[str, Any], seed: int
) -> dict[str, Any]:
    """Return the row of a study that no living process writes."""
    studies = read_rows(connection, "studies")
    rows = [row for row in studies if row["fingerprint"] == fingerprint]
    for row in rows:
        if not is_alive(row["writer"]):
            known = {**description, **row["description"]}
            known.pop("interrupted", None)
            claim = "UPDATE studies SET writer = ?, description = ? WHERE study = ?"
            connection.execute(claim, (this_writer(), json.dumps(known), row["study"]))
            return {**row, "description": known}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    values = (fingerprint, len(rows), seed, now, json.dumps(description), this_writer())
    cursor = connection.execute(
        "INSERT INTO studies (fingerprint, attempt, seed, created, description, writer) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )
    return {
        "study": cursor.lastrowid,
        "seed": seed,
        "created": now,
        "description": dict(description),
        "passed_over": _passed_over(connection, studies),
    }


def _passed_over(
    connection: sqlite3.Connection, studies: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the newest study with its number of trials, and whether its run was interrupted.

    None if there is none, or if a living process writes it.
    """
    if not studies or is_alive(studies[-1]["writer"]):
        return None
    newest = studies[-1]
    query = "SELECT count(*) FROM trials WHERE study = ?"
    (n_trials,) = connection.execute(query, (newest["study"],)).fetchone()
    interrupted = newest["writer"] is not None or "interrupted" in newest["description"]
    return {**newest, "n_trials": n_trials, "interrupted": interrupted}
