"""Files of earlier schemas: read, continued, or refused, and never half changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest
import studies
from studies import X, Y, check_integrity, summary, tuner

from autotune import read_history
from autotune.history import COMPARISON, SEARCH, History, Key
from autotune.storage import Journal
from autotune.storage._database import SCHEMA_VERSION, open_to_write

# What the first schema was.
SCHEMA = """
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
    saved_time REAL NOT NULL,
    error TEXT,
    warnings TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    PRIMARY KEY (study, trial, fold, fidelity)
);
PRAGMA application_id = 0x6175746F;
PRAGMA user_version = 1;
"""
# One study on a quarter of the rows, with a final comparison; one with rows left out by rungs.
CONTENT = """
INSERT INTO studies VALUES (1, 'a', 0, 7, '2026-11-27T12:00:00+00:00',
    '{"estimator": "SVC()", "n_folds": 2, "scale": {"share": 0.25, "exponent": 1.5}}', NULL);
INSERT INTO studies VALUES (2, 'b', 0, 8, '2026-11-27T13:00:00+00:00',
    '{"estimator": "Ridge()", "n_folds": 3}', NULL);
INSERT INTO trials VALUES (1, 0, 'default', 1, 'complete', '{"C": 1.0}');
INSERT INTO trials VALUES (2, 0, 'random', 1, 'interrupted', '{"alpha": 0.5}');
INSERT INTO trials VALUES (2, 1, 'random', 1, 'failed', '{"alpha": 0.25}');
INSERT INTO evaluations VALUES (1, 0, 0, 1.0, 'complete', '{"score": 0.5}', '{}',
    0.5, 0.125, 0.0, NULL, '[]', 0.0, 0.625);
INSERT INTO evaluations VALUES (1, 0, 1, 1.0, 'complete', '{"score": 0.75}', '{"score": 1.0}',
    0.5, 0.125, 0.25, NULL, '["UserWarning: one"]', 1.0, 1.625);
INSERT INTO evaluations VALUES (1, 0, 2, 1.0, 'complete', '{"score": 0.25}', '{}',
    0.5, 0.125, 0.0, NULL, '[]', 2.0, 2.625);
INSERT INTO evaluations VALUES (1, 0, 3, 1.0, 'timeout', '{}', '{}',
    0.5, 0.0, 0.0, 'too slow', '[]', 3.0, 3.5);
INSERT INTO evaluations VALUES (2, 1, 2, 1.0, 'failed', '{}', '{}',
    0.5, 0.0, 0.0, 'ValueError: no', '[]', 1.0, 1.5);
INSERT INTO evaluations VALUES (2, 1, 2, 0.5, 'complete', '{"score": -1.0}', '{}',
    0.5, 0.0, 0.0, NULL, '[]', 0.0, 0.5);
"""
ROWS = [  # study, trial, phase, fold, fidelity
    (1, 0, SEARCH, 0, 0.25),
    (1, 0, SEARCH, 1, 0.25),
    (1, 0, COMPARISON, 0, 0.25),
    (1, 0, COMPARISON, 1, 0.25),
    (2, 0, None, None, None),
    (2, 1, SEARCH, 2, 0.5),
    (2, 1, SEARCH, 2, 1.0),
]


@pytest.fixture
def path(tmp_path) -> Path:
    """Return a file of schema 1."""
    path = tmp_path / "tuning.db"
    execute(path, SCHEMA + CONTENT)
    return path


def execute(path: Path, script: str) -> None:
    """Execute statements on a file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def version(path: Path) -> int:
    """Return the version of a file's schema."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def open_journal(path: Path, fingerprint: str, history: History) -> Journal:
    """Continue a study of a file."""
    return Journal(path, fingerprint, {}, 0, history, None, lambda number, origin, params: params)


def test_reading_changes_nothing(path):
    """Check that the frame has phases, folds and shares of all rows, and the file stays."""
    before = path.read_bytes()
    frame = read_history(path)
    assert path.read_bytes() == before
    assert frame.columns.tolist() == read_columns()
    found = frame[["study", "trial", "phase", "fold", "fidelity"]].astype(object)
    assert list(found.where(found.notna(), None).itertuples(index=False, name=None)) == ROWS
    assert frame["estimator"].tolist() == ["SVC()"] * 4 + ["Ridge()"] * 3
    assert frame["error"].dropna().tolist() == ["too slow", "ValueError: no"]
    assert frame["warnings"].tolist()[1] == "UserWarning: one"
    assert frame["train_score"].tolist()[1] == 1.0
    assert (frame["ended"] - frame["started"]).sum() == 0.625 * 3 + 0.5 * 3


def read_columns() -> list[str]:
    return [
        *("study", "created", "estimator", "trial", "origin", "eligible", "trial_status"),
        *("fold", "fidelity", "phase", "status", "param_C", "param_alpha"),
        *("score_score", "train_score", "fit_time", "score_time", "saved_time"),
        *("iterations", "started", "ended", "warnings", "error"),
    ]


def test_a_study_of_schema_1_goes_on(path):
    """Check that the file is brought to the schema of today, and each evaluation to its key."""
    expected = read_history(path)
    history = History(2, n_repeat_folds=2)
    history.share = 0.25
    journal = open_journal(path, "a", history)
    assert (version(path), journal.seed) == (SCHEMA_VERSION, 7)
    keys = [Key(fold, 0.25, phase) for phase in (SEARCH, COMPARISON) for fold in (0, 1)]
    assert [evaluation.key for evaluation in history[0].in_order()] == keys
    assert history.score(history[0]) == 0.625
    assert history.repeat_scores(history[0])[0] == 0.25
    journal.close()
    assert read_history(path).equals(expected)
    own = history.to_frame()
    assert own.equals(expected[expected["study"] == 1][own.columns].reset_index(drop=True))
    check_integrity(path)


def test_a_fit_of_schema_1_goes_on(tmp_path, monkeypatch):
    """Check that what is finished is not evaluated again, and gives the same result."""
    path, log = tmp_path / "tuning.db", tmp_path / "log"
    first = summary(tuner(storage=path).fit(X, Y))
    with closing(sqlite3.connect(path)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(evaluations)")]
        old = [name for name in names if name not in ("phase", "iterations")]
        columns = {"studies": "*", "trials": "*", "evaluations": ", ".join(old)}
        stored = {
            table: connection.execute(f"SELECT {names} FROM {table}").fetchall()
            for table, names in columns.items()
        }
    for side in ("", "-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    execute(path, SCHEMA)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("studies", "trials"):
            marks = ", ".join("?" for _ in stored[table][0])
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", stored[table])
        marks = ", ".join("?" for _ in old)
        insert = f"INSERT INTO evaluations ({', '.join(old)}) VALUES ({marks})"
        connection.executemany(insert, stored["evaluations"])
    monkeypatch.setenv("TOY_LOG", str(log))
    assert summary(tuner(storage=path).fit(X, Y)) == first
    assert [entry["fold"] for entry in studies.entries(log)] == [studies.REFIT]
    assert version(path) == SCHEMA_VERSION


def test_a_file_of_schema_2_goes_on(tmp_path):
    """Check that it is read as it is, and that a fit adds what only the later schema has."""
    path = tmp_path / "tuning.db"
    first = summary(tuner(storage=path).fit(X, Y))
    execute(path, "ALTER TABLE evaluations DROP COLUMN iterations")
    execute(path, "DROP TABLE predictions; PRAGMA user_version = 2;")
    frame = read_history(path)
    assert version(path) == 2
    assert frame["iterations"].isna().all()
    assert summary(tuner(storage=path).fit(X, Y)) == first
    assert version(path) == SCHEMA_VERSION
    assert read_history(path).equals(frame)
    check_integrity(path)


DAMAGE = {
    "studies.description must be with a number of folds as 'n_folds'; got None": (
        "UPDATE studies SET description = json_remove(description, '$.n_folds') WHERE study = 2"
    ),
    "studies.description must be a JSON object with a text as 'estimator', and valid": (
        "UPDATE studies SET description = json_set(description, '$.n_folds', '2')"
    ),
    "evaluations.study must be the number of a study; got 3": (
        "UPDATE evaluations SET study = 3 WHERE study = 2"
    ),
    "evaluations.fidelity must be a number above 0, at most 1; got 'all'": (
        "UPDATE evaluations SET fidelity = 'all' WHERE fold = 0"
    ),
    "evaluations.fold must be a whole number, 0 or more; got 0.5": (
        "UPDATE evaluations SET fold = 0.5 WHERE fold = 0"
    ),
}


@pytest.mark.parametrize(("message", "statement"), DAMAGE.items(), ids=DAMAGE)
def test_a_damaged_file_of_schema_1(message, statement, path):
    """Check that it is refused with one error that names the file and the field."""
    execute(path, statement)
    for action in (
        read_history,
        lambda path: open_journal(path, "a", History(2, n_repeat_folds=2)),
    ):
        with pytest.raises(ValueError, match=rf"storage='.*tuning.db' is damaged: {message}"):
            action(path)


def test_a_file_that_cannot_be_brought_to_the_schema_of_today_stays(path):
    """Check that nothing of it is changed where a part cannot be."""
    execute(path, next(iter(DAMAGE.values())))
    with closing(sqlite3.connect(path)) as connection:
        before = list(connection.iterdump())
        with pytest.raises(ValueError, match="is damaged"):
            open_to_write(path)
        assert list(connection.iterdump()) == before
    assert version(path) == 1


def test_several_bring_a_file_to_the_schema_of_today_at_once(path):
    """Check that one does so, and the others find it done."""
    barrier, opened = Barrier(4), []

    def open_together():
        barrier.wait()
        with closing(open_to_write(path)) as connection:
            opened.append(connection.execute("SELECT count(*) FROM evaluations").fetchone())

    threads = [Thread(target=open_together) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [(6,)] * 4
    check_integrity(path)
    assert json.loads(read_history(path)["fidelity"].dropna().to_json(orient="values")) == [
        row[-1] for row in ROWS if row[-1] is not None
    ]
