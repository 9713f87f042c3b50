"""The storage file: what it holds, who may write it, and what happens when it is bad."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
import studies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from studies import X, Y, check_integrity, run, start, summary, tuner
from waiting import PATIENCE, until

from autotune import AutoTunedClassifier, read_history
from autotune.history import Evaluation, History, Listener
from autotune.storage import Journal
from autotune.storage import _journal as storage_module
from autotune.storage._database import open_to_write
from autotune.storage._fields import FIELDS, read_row
from autotune.storage._records import COLUMNS, to_evaluation, to_row
from autotune.storage._writer import is_alive, this_writer


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "tuning.db"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> bytes:
    """Return the content of the file of a finished study."""
    path = tmp_path_factory.mktemp("finished") / "tuning.db"
    tuner(storage=path).fit(X, Y)
    return path.read_bytes()


def query(path: Path, statement: str, *values) -> list[tuple]:
    """Execute a statement on a file, commit, and return its rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        return connection.execute(statement, values).fetchall()


# What a study is


def test_the_same_fit_evaluates_nothing(path, monkeypatch, tmp_path):
    """Check that a finished fit, when repeated, gives the same result from the file."""
    first = summary(tuner(storage=path).fit(X, Y))
    log = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(log))
    assert summary(tuner(storage=str(path), n_jobs=2).fit(X, Y)) == first
    assert [entry["fold"] for entry in studies.entries(log)] == [studies.REFIT]
    assert not list(tmp_path.glob("*-wal"))


DIFFERENT = {
    "data": ({}, X + 1, Y),
    "target": ({}, X, 1 - Y),
    "seed": ({"random_state": 1}, X, Y),
    "space": ({"space": {"cut": (0.0, 1.0), "shift": (0, 6)}}, X, Y),
    "folds": ({"cv": KFold(4)}, X, Y),
    "scoring": ({"scoring": "f1"}, X, Y),
    "strategy": ({"strategy": "grid"}, X, Y),
    "default": ({"include_default": False}, X, Y),
    "train scores": ({"return_train_score": True}, X, Y),
    "error score": ({"error_score": 0.0}, X, Y),
}


def test_different_fits_share_a_file(path):
    """Check that whatever decides what a search does makes a study of its own."""
    alone = {}
    for name, (changes, data, target) in {"nothing": ({}, X, Y), **DIFFERENT}.items():
        options = {"strategy": "random", "budget": 2, **changes}
        alone[name] = summary(tuner(**options).fit(data, target))
        assert summary(tuner(**options, storage=path).fit(data, target)) == alone[name]
        assert query(path, "SELECT count(*) FROM studies") == [(len(alone),)]
    check_integrity(path)


class Interrupted(studies.Cut):
    """A model during the fourth fit of which the user presses Ctrl-C."""

    n_fits = 0

    def fit(self, X, y):
        Interrupted.n_fits += 1
        if Interrupted.n_fits == 4:
            raise KeyboardInterrupt
        return super().fit(X, y)


@pytest.mark.parametrize(
    ("changes", "data", "what"),
    [
        ({"space": {"cut": (0.0, 2.0)}}, X, "space"),
        ({"random_state": 1, "scoring": "f1"}, X, "scoring, random_state"),
        ({}, X + 1, "the data, the metadata or the folds"),
    ],
)
def test_an_interrupted_search_that_is_not_continued(changes, data, what, path, capsys):
    """Check that a warning says why, once; after a search that has ended it is a line."""
    Interrupted.n_fits = 0
    model = tuner(storage=path, budget=2, verbose=1).set_params(estimator=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    why = f"is not continued, because this fit differs in {what}: a new search begins"
    other, told = clone(model).set_params(**changes), rf"search 1 \(trials: 1, interrupted\) {why}"
    with pytest.raises(UserWarning, match=told):
        other.fit(data, Y)  # the suite's warnings are errors
    assert query(path, "SELECT writer FROM studies WHERE writer NOTNULL") == []
    other.fit(data, Y)
    model.fit(X, Y)
    assert "continued" not in capsys.readouterr().out
    model.set_params(random_state=2).fit(X, Y)
    assert "search 2 (trials: 2, ended) is not continued, because" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes", [{"n_jobs": 2}, {"budget": 3}, {"verbose": 1}, {"refit": False}]
)
def test_what_does_not_decide_is_the_same_study(changes, path):
    """Check that the budget, and where the work is done, do not make another study."""
    tuner(storage=path, budget=2).fit(X, Y)
    tuner(storage=path, **{"budget": 2, **changes}).fit(X, Y)
    assert query(path, "SELECT count(*) FROM studies") == [(1,)]


def test_memory_maps_are_the_same_data(path, tmp_path):
    """Check that data that an outer parallel loop has mapped are recognised."""
    np.save(tmp_path / "X.npy", X)
    tuner(storage=path, budget=2).fit(X, Y)
    tuner(storage=path, budget=2).fit(np.load(tmp_path / "X.npy", mmap_mode="r"), Y)
    assert query(path, "SELECT count(*) FROM studies") == [(1,)]


def test_a_study_is_known_to_other_processes(path):
    """Check that the identity of a study does not depend on the process."""
    settings = {"storage": str(path), "budget": 2, "scoring": ["f1", "accuracy"], "refit": "f1"}
    studies.fit("random", settings)
    code = f"import sys; sys.path[:0] = {sys.path!r}; import studies; "
    command = [sys.executable, "-c", f"{code}studies.fit('random', {settings!r})"]
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"  # not that of this process
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    assert query(path, "SELECT count(*) FROM studies") == [(1,)]


def test_a_commit_is_on_the_disk(path):
    """Check that a writer waits for the disk, though those of other tests do not."""
    with closing(open_to_write(path)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


# Who writes


def fit_again_and_again(path: Path, seeds: list[int], barrier: Path) -> None:
    """Carry out several studies after a sign; for a child."""
    until(barrier.exists)
    for seed in seeds:
        tuner(storage=path, budget=4, random_state=seed).fit(X, Y)


def test_several_processes_write_at_once(path, tmp_path):
    """Check that processes that make and write a file at once lose nothing and never fail."""
    barrier = tmp_path / "go"
    seeds = [[n, 10 + n] for n in range(4)]
    children = [start(fit_again_and_again, path, part, barrier) for part in seeds]
    barrier.touch()
    for child in children:
        child.join(PATIENCE)
    assert [child.exitcode for child in children] == [0] * 4
    counts = query(path, "SELECT count(*) FROM evaluations GROUP BY study")
    assert counts == [(4 * studies.N_FOLDS,)] * 8
    check_integrity(path)


def test_nested_cross_validation_shares_a_file(path):
    """Check that the searches of an outer parallel cross-validation share one file."""
    alone = cross_val_score(tuner(budget=3), X, Y, cv=3)
    for _ in range(2):
        scores = cross_val_score(tuner(budget=3, storage=path), X, Y, cv=3, n_jobs=2)
        assert scores.tolist() == alone.tolist()
    assert query(path, "SELECT count(*) FROM studies") == [(3,)]
    assert len(read_history(path)) == 3 * 3 * studies.N_FOLDS


def test_the_same_study_twice_at_once(path, tmp_path):
    """Check that a study that a living process writes is left to it, and taken up after it."""
    log = tmp_path / "log"
    child = start(studies.fit, "random", {"storage": path}, TOY_LOG=log, TOY_HOLD=4)
    until(lambda: len(studies.entries(log)) > 3)
    os.kill(child.pid, signal.SIGSTOP)
    expected = summary(tuner().fit(X, Y))
    assert summary(tuner(storage=path).fit(X, Y)) == expected
    assert query(path, "SELECT attempt FROM studies") == [(0,), (1,)]
    child.kill()  # also what is stopped
    child.join()
    n_stored = query(path, "SELECT count(*) FROM evaluations WHERE study = 1")[0][0]
    assert 3 <= n_stored < 8 * studies.N_FOLDS
    assert summary(tuner(storage=path).fit(X, Y)) == expected
    assert query(path, "SELECT count(*) FROM evaluations") == [(2 * 8 * studies.N_FOLDS,)]
    assert query(path, "SELECT DISTINCT writer FROM studies") == [(None,)]


def test_the_same_study_twice_in_two_threads(path):
    """Check that fits in threads of one process do not share a study."""
    errors = []

    def fit() -> None:
        try:
            tuner(storage=path, budget=4).fit(X, Y)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=fit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    counts = query(path, "SELECT count(*) FROM evaluations GROUP BY study")
    assert set(counts) == {(4 * studies.N_FOLDS,)}
    check_integrity(path)


def test_who_is_alive():
    """Check that a process counts as alive only while it runs, and only under its own name."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    host, _, _ = this_writer().partition(":")
    began = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    writer = f"{host}:{child.pid}:{began}"
    assert is_alive(this_writer())
    assert is_alive(writer)
    assert not is_alive(f"{host}:{child.pid}:{int(began) + 1}")  # the number was given again
    assert not is_alive(f"another-{writer}")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(writer)  # a zombie
    child.communicate()
    assert not is_alive(writer)
    for nonsense in (None, "", host, f"{host}:x:1", f"{host}::"):
        assert not is_alive(nonsense)


# What is written


def plus_one(values):
    return values + 1


SPACE = [
    {
        "scale": [StandardScaler(), None, "passthrough", MinMaxScaler()],
        "model__C": (0.01, 10.0, "log-uniform"),
        "model__fit_intercept": [True, np.bool_(False)],
    },
    {
        "scale": [FunctionTransformer()],
        "scale__func": [np.log1p, plus_one, None],
        "model": [LogisticRegression(C=3), DecisionTreeClassifier()],
    },
    {
        "model": [DecisionTreeClassifier()],
        "model__max_depth": [np.int64(2), 3, None],
        "model__class_weight": [{0: 1, 1: 2}, "balanced", None],
        "model__min_samples_leaf": (1, 5),
    },
]


@pytest.mark.parametrize("strategy", ["random", "bayes"])
@pytest.mark.parametrize("space", [SPACE, SPACE[2]], ids=["union", "default outside"])
def test_configurations_come_back(space, strategy, path):
    """Check that configurations of all kinds are read back as what they were."""
    pipeline = Pipeline([("scale", None), ("model", LogisticRegression())])
    options = {"strategy": strategy, "budget": 10, "cv": 2, "random_state": 0}
    first = AutoTunedClassifier(pipeline, space, **options, storage=path).fit(X, Y)
    again = AutoTunedClassifier(pipeline, space, **options, storage=path).fit(X, Y)
    pairs = zip(first.history_, again.history_, strict=True)
    for one, other in pairs:
        assert repr(one.params) == repr(other.params)
        assert first.space_.key(one.params) == first.space_.key(other.params) or not one.number
        assert {n: type(v) for n, v in one.params.items()} == {
            n: type(v) for n, v in other.params.items()
        }
        assert (one.status, one.eligible) == (other.status, other.eligible)
    assert len(read_history(path)) == 10 * 2


def test_tuples(path):
    """Check that tuples are readable in the file and tuples again after it."""
    space = {"cut": [(0.5,), 0.2], "shift": [0, 1]}

    class First(studies.Cut):
        def fit(self, X, y):
            self.cut = self.cut[0] if isinstance(self.cut, tuple) else self.cut
            return super().fit(X, y)

    model = AutoTunedClassifier(First(), space, strategy="grid", cv=2, storage=path)
    model.fit(X, Y)
    again = model.fit(X, Y)
    assert [t.params["cut"] for t in again.history_ if t.eligible].count((0.5,)) == 2
    assert "(0.5,)" in set(read_history(path)["param_cut"])


def test_everything_in_the_file_is_text(path):
    """Check that the file holds valid JSON and no pickle."""
    pipeline = Pipeline([("scale", None), ("model", LogisticRegression())])
    model = AutoTunedClassifier(pipeline, SPACE, budget=8, cv=2, random_state=0, storage=path)
    model.fit(X, Y)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    for table, columns in {
        "studies": ("description",),
        "trials": ("params",),
        "evaluations": ("scores", "train_scores", "warnings"),
    }.items():
        for row in query(path, f"SELECT {', '.join(columns)} FROM {table}"):
            for text in row:
                json.loads(text, parse_constant=refuse)
        for row in query(path, f"SELECT * FROM {table}"):
            assert not any(isinstance(value, bytes) for value in row)


def test_an_evaluation_and_what_it_decides_are_one_transaction(path):
    """Check that other trials that an evaluation ended are on disk together with it."""
    history = History(2, "score")
    journal = Journal(path, "a", {}, 0, history, lambda trial: trial.params, None)
    for number in range(3):
        history.add({"C": number}, "random")
    for number in range(3):
        with history.changes():
            history.record(Evaluation(number, 0, scores={"score": 1.0}))
            if number == 2:
                history.set_status(history[0], "dropped")
                history.set_status(history[2], "complete")
            n_rows = query(path, "SELECT count(*) FROM evaluations")
            assert n_rows == [(number,)]
    rows = query(path, "SELECT status FROM trials ORDER BY trial")
    assert rows == [("dropped",), ("running",), ("complete",)]
    journal.close()


def test_a_journal_that_gives_up_leaves_the_other_listeners(path):
    """Check that who is told after it hears all the same, and it is not told after its end."""
    history, heard = History(1, "score"), []

    class Hearing(Listener):
        def evaluated(self, evaluation, history):
            heard.append(evaluation.trial)

    journal = Journal(path, "a", {}, 0, history, lambda trial: trial.params, None)
    journal._connection.execute("PRAGMA query_only = ON")
    for number in range(2):
        history.add({"C": number}, "random")
    with history.telling([Hearing(), Hearing()]):
        with pytest.warns(UserWarning, match="can no longer be written"):
            history.record(Evaluation(0, 0, scores={"score": 1.0}))
        history.record(Evaluation(1, 0, scores={"score": 1.0}))
    assert heard == [0, 0, 1, 1]
    journal.close()
    assert history.listeners == []


def test_an_evaluation_that_is_repeated_is_saved_in_the_end(path):
    """Check that ``close`` saves it where an interruption has kept it from being told."""
    history = History(1, "score")
    journal = Journal(path, "a", {}, 0, history, lambda trial: trial.params, None)
    history.add({"C": 1}, "random")
    history.record(Evaluation(0, 0, status="timeout"))
    with suppress(KeyboardInterrupt), history.changes():
        history.record(Evaluation(0, 0, scores={"score": 1.0}))
        raise KeyboardInterrupt
    assert query(path, "SELECT status FROM evaluations") == [("timeout",)]
    journal.close()
    assert query(path, "SELECT status FROM evaluations") == [("complete",)]


@given(
    scores=st.dictionaries(st.text(), st.floats(), max_size=3),
    error=st.none() | st.text(st.characters(codec="utf-8")),
    noted=st.lists(st.text(), max_size=2),
    times=st.tuples(*[st.floats(0, 1e9) for _ in range(4)]),
)
@settings(max_examples=50)
def test_evaluations_come_back(scores, error, noted, times):
    """Check that an evaluation is read from a row as what it was, whatever its scores."""
    evaluation = Evaluation(3, 1, 0.5, "comparison", "failed", scores, {}, *times[:2], 0.25)
    evaluation.started, evaluation.ended = times[2:]
    evaluation.warnings, evaluation.error = tuple(noted), error
    with closing(sqlite3.connect(":memory:")) as connection:
        marks = ", ".join("?" for _ in to_row(evaluation))
        row = connection.execute(f"SELECT {marks}", to_row(evaluation)).fetchone()
    again = to_evaluation(read_row("evaluations", (1, *row)))
    assert repr(again) == repr(evaluation)  # NaN is NaN here
    for name in ("scores", "warnings"):
        json.loads(row[COLUMNS.index(name)], parse_constant=lambda _: 1 / 0)


ODD = "half a pair: \ud800, and nothing: \0"


class Odd(studies.Cut):
    """Raises an endless error that is no Unicode, and warns."""

    def fit(self, X, y):
        warnings.warn(ODD, stacklevel=1)
        if self.shift == 1:
            raise ValueError(ODD + "x" * 10**6)
        return super().fit(X, y)


def odd_score(estimator, X, y) -> float:
    return {0: 0.5, 2: math.inf, 3: math.nan, 4: -math.inf}[estimator.shift]


@pytest.mark.filterwarnings("ignore:4 of 5 trials failed", "default:half a pair")
def test_failures_and_odd_scores_come_back(path):
    """Check that scores that are no numbers, and errors and warnings with any text, are kept."""
    options = {"strategy": "grid", "cv": 2, "scoring": odd_score, "storage": path}
    space = {"shift": [0, 1, 2, 3, 4]}
    first = AutoTunedClassifier(Odd(), space, **options).fit(X, Y)
    assert query(path, "SELECT count(*) FROM evaluations") == [(10,)]
    again = AutoTunedClassifier(Odd(), space, **options).fit(X, Y)
    one, other = summary(first), summary(again)
    assert one["best"] == other["best"]
    assert [t.status for t in first.history_] == [t.status for t in again.history_]
    scores = [e.scores for e in again.history_.evaluations()]
    assert repr(scores) == repr([e.scores for e in first.history_.evaluations()])
    assert "half a pair: \\ud800" in again.history_[1].error
    assert len(again.history_[1].error) < 25_000
    for frame in (again.history_.to_frame(), read_history(path)):
        assert frame["warnings"][0] == r"UserWarning: half a pair: \ud800, and nothing: \x00"


def test_odd_parameters_come_back(path):
    """Check that frames show parameters with any text."""
    names = ["half a pair: \ud800", "nothing: \0", "\u202eright to left\n"]
    options = {"strategy": "grid", "scoring": lambda *args: 1.0, "storage": path}
    model = AutoTunedClassifier(studies.Cut(), {"shift": names}, **options).fit(X, Y)
    shown = {r"half a pair: \ud800", r"nothing: \x00", names[2]}
    for frame in (model.history_.to_frame(), read_history(path)):
        assert shown < set(frame["param_shift"])


# What is no storage

BAD_PATHS = {
    "folder": (lambda folder: folder, ValueError, "must be a file in an existing folder"),
    "no folder": (lambda folder: folder / "no" / "t.db", ValueError, "in an existing folder"),
    "device": (lambda folder: "/dev/null", ValueError, "must be a file in an existing folder"),
    "null character": (lambda folder: f"{folder}/a\0b", ValueError, "must be a file"),
    "empty": (lambda folder: "", TypeError, "must be the path of a file, or None; got ''"),
    "number": (lambda folder: 3, TypeError, "must be the path of a file, or None; got 3"),
    "bytes": (lambda folder: b"t.db", TypeError, "must be the path of a file"),
    "True": (lambda folder: True, TypeError, "must be the path of a file"),
}


@pytest.mark.parametrize(("make", "kind", "message"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_bad_paths(make, kind, message, tmp_path):
    """Check that what cannot be a file is refused before anything is fitted."""
    with pytest.raises(kind, match=f"storage.*{message}"):
        tuner(storage=make(tmp_path)).fit(X, Y)
    with pytest.raises((TypeError, ValueError), match="storage"):
        read_history(make(tmp_path))


def test_memory_is_a_file_name(tmp_path, monkeypatch):
    """Check that a name that SQLite understands in its own way is just a name."""
    monkeypatch.chdir(tmp_path)
    tuner(storage=":memory:", budget=2).fit(X, Y)
    assert len(read_history(":memory:")) == 2 * studies.N_FOLDS


def foreign_text(path: Path) -> None:
    path.write_text("name,value\n" * 500)


def foreign_note(path: Path) -> None:
    path.write_text("a word")


def foreign_database(path: Path) -> None:
    query(path, "CREATE TABLE studies (study INTEGER)")


def newer_database(path: Path) -> None:
    tuner(storage=path, budget=2).fit(X, Y)
    query(path, "PRAGMA user_version = 4")


FOREIGN = {
    foreign_text: "file is not a database",
    foreign_note: "file is not a database",
    foreign_database: "is a database of another program",
    newer_database: r"newer release of autotune \(schema 4; this release reads up to 3\)",
}


@pytest.mark.parametrize(("make", "message"), FOREIGN.items())
def test_foreign_files(make, message, path):
    """Check that a file of another program or release is refused and left as it was."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"storage='.*tuning.db' .*{message}"):
        tuner(storage=path).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        read_history(path)
    assert path.read_bytes() == before


def put(path: Path, content: bytes) -> None:
    """Make a file with some content, and nothing beside it."""
    for side in ("", "-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    path.write_bytes(content)


def use(path: Path) -> str | None:
    """Fit with and read a file; return the error, which must name the file, if any."""
    errors = set()
    for action in (lambda: tuner(storage=path).fit(X, Y), lambda: read_history(path)):
        try:
            action()
        except ValueError as error:
            errors.add(str(error))
    assert all(error.startswith("storage=") for error in errors), errors
    return min(errors, default=None)


def test_truncated_files(finished, path):
    """Check that a file that was cut anywhere is refused, unless nothing is left."""
    lengths = {1, 50, 99, 100, 511, 512, 1000, *range(4096, len(finished), 4096)}
    lengths |= {len(finished) - 1, 4095, 4097}
    for length in lengths:
        put(path, finished[:length])
        assert use(path) is not None, length
    put(path, b"")
    assert len(read_history(path)) == 0
    assert use(path) is None


def test_damaged_files(finished, path):
    """Check that a file with random damage is refused with one clear error, or can be used."""
    rng = np.random.default_rng(0)
    verdicts = []
    for n_bytes in (1, 1, 1, 1, 1, 1, 20, 20, 200, 200, 2000):
        content = np.frombuffer(finished, dtype=np.uint8).copy()
        places = rng.integers(0, len(content), n_bytes)
        content[places] ^= rng.integers(1, 256, n_bytes, dtype=np.uint8)
        put(path, content.tobytes())
        verdicts.append(use(path))
    assert verdicts[-1] is not None


DAMAGE = {
    "trials.params must be a JSON object": "UPDATE trials SET params = '{' WHERE trial = 1",
    "trials.params must be a configuration of the space": (
        'UPDATE trials SET params = \'{"cut": 7.0, "shift": 0}\' WHERE trial = 1'
    ),
    "trials.status must be one of": "UPDATE trials SET status = 'fine' WHERE trial = 1",
    "trials.trial must be each number from 0 on; got 2": "DELETE FROM trials WHERE trial = 1",
    "trials.origin must be a text": "UPDATE trials SET origin = x'00'",
    "trials.eligible must be 0 or 1; got 2": "UPDATE trials SET eligible = 2",
    "evaluations.scores must be a JSON object of numbers": (
        "UPDATE evaluations SET scores = '[1]' WHERE trial = 1"
    ),
    "evaluations.scores must be a JSON object of the scores score": (
        "UPDATE evaluations SET scores = '{\"loss\": 1}' WHERE trial = 1"
    ),
    "evaluations.fit_time must be a number of seconds": (
        "UPDATE evaluations SET fit_time = 'long' WHERE trial = 1"
    ),
    "evaluations.fold must be a number below 3; got 77": (
        "UPDATE evaluations SET fold = 77 WHERE trial = 1 AND fold = 2"
    ),
    "evaluations.fold must be a whole number, 0 or more; got -1": (
        "UPDATE evaluations SET fold = -1 WHERE fold = 0"
    ),
    "evaluations.trial must be the number of a trial; got 50": (
        "UPDATE evaluations SET trial = 50 WHERE trial = 1"
    ),
    "studies.seed must be a whole number": "UPDATE studies SET seed = -1",
    "studies.description must be of folds below 3; got \\[0, 3\\]": (
        "UPDATE studies SET description = "
        "json_set(description, '$.scale', json('{\"folds\": [0, 3]}'))"
    ),
    "studies.created must be a time": "UPDATE studies SET created = 'yesterday'",
    "studies.writer must be": "UPDATE studies SET writer = 'nobody'",
}


@pytest.mark.parametrize(("message", "statement"), DAMAGE.items(), ids=DAMAGE)
def test_what_makes_no_sense(message, statement, finished, path):
    """Check that what cannot be understood is an error that names the file and the field."""
    path.write_bytes(finished)
    query(path, statement)
    for _ in range(2):  # the refused fit has not claimed the study
        with pytest.raises(ValueError, match=rf"storage='.*tuning.db' is damaged: {message}"):
            tuner(storage=path).fit(X, Y)


SCALES = ["[]", '{"share": 0}', '{"share": 2}', '{"share": "1"}', '{"share": NaN}']
SCALES += [
    '{"folds": []}',
    '{"folds": [-1]}',
    '{"folds": [0.5]}',
    '{"folds": 3}',
    '{"rise": 1e999}',
]
SCALES += ['{"exponent": null}', '{"exponent": 1e9}', '{"size": 1}', '{"share": true}']


@pytest.mark.parametrize("scale", SCALES)
def test_scales_that_make_no_sense(scale, finished, path):
    """Check that nonsense in what a search has measured is an error of that field."""
    path.write_bytes(finished)
    query(path, "UPDATE studies SET description = json_set(description, '$.scale', '@')")
    query(path, "UPDATE studies SET description = replace(description, '\"@\"', ?)", scale)
    for action in ACTIONS:
        with pytest.raises(ValueError, match=r"tuning.db' is damaged: studies.description must"):
            action(path)


ACTIONS = (lambda path: tuner(storage=path).fit(X, Y), read_history)
NESTED = ["[" * 100_000, '{"tuple": ' * 500 + "[]" + "}" * 500, "1" + "0" * 5000, "1" + "0" * 4000]
NESTED = [*NESTED, *(f'{{"cut": {text}, "shift": 0, "score": {text}}}' for text in NESTED)]
nonsense = st.one_of(
    st.none(),
    st.binary(max_size=5),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(NESTED),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda part: (
            st.lists(part, max_size=3)
            | st.dictionaries(
                st.sampled_from(["cut", "shift", "score", "repr", "choice", "tuple", "scale"]), part
            )
        ),
        max_leaves=6,
    ).map(json.dumps),
)


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in FIELDS for column in FIELDS[table]]
)
@given(data=st.data())
@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_nonsense_in_any_field(data, table, column, finished, path):
    """Check that whatever stands in a field can be used, or is one error that names a field.

    Sound values, such as another fidelity, may be used and leave no trial with a score.
    """
    put(path, finished)
    row = data.draw(st.sampled_from(["1", "rowid = 1", "rowid = 5"]))
    try:
        query(path, f"UPDATE {table} SET {column} = ? WHERE {row}", data.draw(nonsense))
    except sqlite3.IntegrityError:  # the schema keeps it out
        return
    errors = [error for error in map(_refusal, ACTIONS, [path] * 2) if error is not None]
    named = rf"storage={str(path)!r} is damaged: ({'|'.join(FIELDS)})\.\w+ must be "
    used = "all of the 8 trials failed"
    assert all(re.match(rf"{named}|{used}", error) for error in errors), errors


def _refusal(action, path: Path) -> str | None:
    """Return the message of the ValueError that an action raises, if any."""
    try:
        with warnings.catch_warnings(action="ignore"):
            action(path)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table in ("studies", "trials", "evaluations")  # predictions are read on request
        for column in FIELDS[table]
        if column != "study"
    ],
)
def test_bytes_in_any_field(table, column, finished, path):
    """Check that bytes, which no field holds, are an error that names the field, in all rows."""
    path.write_bytes(finished)
    values = "randomblob(4)" if "trial" in FIELDS[table] else "x'00'"
    query(path, f"UPDATE {table} SET {column} = {values}")
    for action in ACTIONS:
        with pytest.raises(ValueError, match=rf"tuning.db' is damaged: {table}\.{column} must be"):
            action(path)


def test_side_files_of_a_file_that_is_gone(path, tmp_path):
    """Check that what a killed process left beside a file that was deleted does no harm."""
    log = tmp_path / "log"
    run(studies.fit, "random", {"storage": path}, TOY_LOG=log, TOY_KILL=6)
    assert Path(f"{path}-wal").exists()
    path.unlink()
    assert summary(tuner(storage=path).fit(X, Y)) == summary(tuner().fit(X, Y))
    check_integrity(path)


def test_a_damaged_journal(finished, path):
    """Check that garbage in SQLite's own journal costs no committed study."""
    path.write_bytes(finished)
    Path(f"{path}-wal").write_bytes(os.urandom(10_000))
    assert use(path) is None
    check_integrity(path)


def test_read_only_connection(finished, path, monkeypatch):
    """Check that a file that cannot be written is refused before anything is fitted."""
    path.write_bytes(finished)

    def read_only(location):
        connection = open_to_write(location)
        connection.execute("PRAGMA query_only = ON")
        return connection

    monkeypatch.setattr(storage_module, "open_to_write", read_only)
    with pytest.raises(ValueError, match=r"storage=.* attempt to write a readonly database"):
        tuner(storage=path).fit(X, Y)


def use_read_only(path: Path) -> None:
    """Fit with and read a file without the right to write it; for a child."""
    if os.getuid() == 0:  # whom no mode of a file keeps out
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    with pytest.raises(ValueError, match=r"storage=.* cannot be used: .*(readonly|open)"):
        tuner(storage=path).fit(X, Y)
    assert len(read_history(path)) == 8 * studies.N_FOLDS


def test_read_only_file(finished):
    """Check that a file and a folder without the right to write can be read, and only read."""
    # Not in pytest's folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        path = folder / "tuning.db"
        path.write_bytes(finished)
        path.chmod(0o444)
        folder.chmod(0o555)
        try:
            assert run(use_read_only, path) == 0
            assert path.read_bytes() == finished
            assert os.listdir(folder) == ["tuning.db"]
        finally:
            folder.chmod(0o755)


# A full disk


def fit_with_little_room(path: Path, n_bytes: int, report: Path) -> None:
    """Fit where no file can grow beyond a size; for a child."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
    try:
        with warnings.catch_warnings(record=True, action="always") as caught:
            model = tuner(storage=path, budget=30).fit(X, Y)
        found = {"warnings": [str(w.message) for w in caught], "trials": len(model.history_)}
        found["best"] = model.best_score_
    except ValueError as error:
        found = {"error": str(error)}
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    report.write_text(json.dumps(found))


@pytest.mark.parametrize("n_bytes", [0, 3000, 60_000, 100_000])
def test_full_disk(n_bytes, path, tmp_path):
    """Check that a full disk is an error at the start and one warning later, without damage."""
    report = tmp_path / "report"
    assert run(fit_with_little_room, path, n_bytes, report) == 0
    found = json.loads(report.read_text())
    if n_bytes < 10_000:
        assert found["error"].startswith(f"storage={str(path)!r} cannot be used: ")
    else:
        expected = tuner(budget=30).fit(X, Y)
        assert (found["trials"], found["best"]) == (30, expected.best_score_)
        (message,) = found["warnings"]
        assert "can no longer be written" in message
        assert int(message.split(" evaluations")[0].rpartition("the ")[2]) == (
            studies.count_evaluations(path)
        )
        check_integrity(path)
    whole = tuner(budget=30, storage=path).fit(X, Y)
    assert summary(whole) == summary(tuner(budget=30).fit(X, Y))
    check_integrity(path)


def test_a_database_that_is_full(path, monkeypatch):
    """Check that a database at its size limit gives one warning and the whole result."""

    def limited(location):
        connection = open_to_write(location)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        return connection

    expected = summary(tuner(budget=40).fit(X, Y))
    monkeypatch.setattr(storage_module, "open_to_write", limited)
    with pytest.warns(UserWarning, match=r"can no longer be written \(database or disk is full"):
        model = tuner(storage=path, budget=40).fit(X, Y)
    assert summary(model) == expected
    check_integrity(path)
    monkeypatch.undo()
    assert summary(tuner(storage=path, budget=40).fit(X, Y)) == expected


# Reading


def test_read_history(path):
    """Check that the frame has the documented columns, in order, for several studies."""
    options = {"cv": 2, "budget": 2, "random_state": 0, "storage": path, "strategy": "random"}
    AutoTunedClassifier(
        DecisionTreeClassifier(),
        {"max_depth": [2, None]},
        scoring=["accuracy", "f1"],
        refit="f1",
        return_train_score=True,
        **options,
    ).fit(X, Y)
    AutoTunedClassifier(LogisticRegression(), {"C": (0.1, 10.0)}, **options).fit(X, Y)
    frame = read_history(path)
    assert list(frame.columns) == [
        *("study", "created", "estimator", "trial", "origin", "eligible", "trial_status"),
        *("fold", "fidelity", "phase", "status"),
        *("param_max_depth", "param_C"),
        *("score_accuracy", "score_f1", "score_score"),
        *("train_accuracy", "train_f1"),
        *("fit_time", "score_time", "saved_time", "iterations"),
        *("started", "ended", "warnings", "error"),
    ]
    assert frame[["study", "trial", "fold"]].values.tolist() == [
        [study, trial, fold] for study in (1, 2) for trial in (0, 1) for fold in (0, 1)
    ]
    assert set(frame["trial_status"]) == set(frame["status"]) == {"complete"}
    assert frame["origin"].tolist()[:4:2] == ["default", frame["origin"][2]]
    assert frame["estimator"].str.contains("Tree").tolist() == [True] * 4 + [False] * 4
    assert (frame["ended"] >= frame["started"]).all()


def test_the_frame_of_a_fit_is_that_of_its_file(path):
    """Check that columns, types and values are the same, whoever is asked."""
    model = tuner(storage=path).fit(X, Y)
    frame = model.history_.to_frame()
    assert frame.equals(read_history(path))
    assert frame["study"].tolist() == [1] * len(frame)
    assert frame["estimator"].str.contains("Cut").all()
    assert tuner().fit(X, Y).history_.to_frame()["created"].isna().all()


def test_the_frame_of_a_file_without_evaluations(path):
    """Check that a file without evaluations gives an empty frame with the fixed columns."""
    open_to_write(path).close()
    frame = read_history(path)
    assert len(frame) == 0
    assert {"study", "trial", "fold", "status", "error"} <= set(frame.columns)
    with pytest.raises(ValueError, match=r"storage='.*none.db' does not exist"):
        read_history(path.with_name("none.db"))


def test_reading_while_another_process_writes(path, tmp_path):
    """Check that a reader sees the evaluations grow and never keeps the writer waiting."""
    log, hold = tmp_path / "log", tmp_path / "hold"
    studies.let_go(hold, 3)
    child = start(studies.fit, "random", {"storage": path}, TOY_LOG=log, TOY_HOLD=hold)
    until(lambda: studies.entries(log))
    lengths = []
    for held in (3, 8, 13, np.inf):
        studies.let_go(hold, held)
        while child.is_alive() and len(studies.entries(log)) < held:
            lengths.append(len(read_history(path)))
        assert held == np.inf or len(read_history(path)) == held - 1
    child.join()
    assert child.exitcode == 0
    assert lengths == sorted(lengths)
    assert len(read_history(path)) == 8 * studies.N_FOLDS
