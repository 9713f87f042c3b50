"""Killed runs go on where they were, and ``warm_start`` goes on where the last fit ended."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import time
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import studies
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier
from studies import X, Y, check_integrity, entries, identity, run, start, stored, summary, tuner
from waiting import PATIENCE, until

from autotune import AutoTunedClassifier, Bayes, Budget, read_history
from autotune.timing._clock import Clock

KILLED = -signal.SIGKILL


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    """Have the fits of this process reported to a file."""
    path = tmp_path / "log"
    monkeypatch.setenv("TOY_LOG", str(path))
    return path


@pytest.fixture(scope="module")
def expected() -> dict[str, dict]:
    """Return what runs that nobody interrupts come to."""
    return {name: summary(tuner(name).fit(X, Y)) for name in studies.STRATEGIES}


def resume_and_check(strategy: str, path: Path, log: Path, expected: dict, **settings) -> None:
    """Check that a killed run, when resumed, repeats nothing and comes to the same result."""
    finished = stored(path) if path.exists() else set()
    n_before = len(entries(log))
    model = tuner(strategy, storage=path, **settings).fit(X, Y)
    repeated = {identity(entry) for entry in entries(log)[n_before:]} & finished
    assert repeated == set()
    assert summary(model) == expected[strategy]
    assert finished <= stored(path)
    check_integrity(path)


# Killed


def test_durable_before_the_next(tmp_path, log, monkeypatch):
    """Check that inside each fit another connection sees all evaluations before it."""
    path = tmp_path / "tuning.db"
    monkeypatch.setenv("TOY_DB", str(path))
    tuner(storage=path).fit(X, Y)
    assert [entry["n"] for entry in entries(log)] == list(range(8 * studies.N_FOLDS + 1))


@pytest.mark.parametrize(
    ("strategy", "moment"),
    [("random", 1), ("random", 4), ("random", "refit"), ("grid", 17), ("bayes", 17)],
)
def test_killed_inside_a_fit(strategy, moment, tmp_path, log, expected):
    """Check that a run killed inside a given fit has stored all before, and is resumed there."""
    path = tmp_path / "tuning.db"
    code = run(studies.fit, strategy, {"storage": path}, TOY_LOG=log, TOY_KILL=moment)
    assert code == KILLED
    n_fits = len(entries(log))
    assert studies.count_evaluations(path) == n_fits - 1
    resume_and_check(strategy, path, log, expected)
    evaluations = [identity(e) for e in entries(log) if e["fold"] != studies.REFIT]
    assert len(evaluations) - len(set(evaluations)) == (moment != "refit")


def kill_at_write(n: int, settings: dict) -> None:
    """Fit, and die in the middle of the transaction of evaluation ``n``; for a child."""
    from autotune.storage import _journal

    done = []

    def to_row(evaluation):
        done.append(evaluation)
        if len(done) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(evaluation)

    original, _journal.to_row = _journal.to_row, to_row
    studies.fit("random", settings)


@pytest.mark.parametrize("n", [1, 5, 6])
def test_killed_inside_a_write(n, tmp_path, log, expected):
    """Check that an evaluation whose transaction was not committed is run again, whole."""
    path = tmp_path / "tuning.db"
    assert run(kill_at_write, n, {"storage": path}, TOY_LOG=log) == KILLED
    assert studies.count_evaluations(path) == n - 1
    check_integrity(path)
    resume_and_check("random", path, log, expected)


def kill_at_creation(statement: str, settings: dict) -> None:
    """Fit, and die just before a statement that makes the file; for a child."""
    from autotune.storage import _database

    def trace(text):
        if text.strip().startswith(statement):
            os.kill(os.getpid(), signal.SIGKILL)

    def connect(*args, **options):
        connection = original(*args, **options)
        connection.set_trace_callback(trace)
        return connection

    original, _database.sqlite3.connect = _database.sqlite3.connect, connect
    studies.fit("random", settings)


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA journal_mode", "CREATE TABLE trials", "PRAGMA user_version =", "INSERT"],
)
def test_killed_while_the_file_is_made(statement, tmp_path, log, expected):
    """Check that a file that was left half made is made whole."""
    path = tmp_path / "tuning.db"
    assert run(kill_at_creation, statement, {"storage": path}, TOY_LOG=log) == KILLED
    resume_and_check("random", path, log, expected)


def killed_at(moment: float, strategy: str, settings: dict, log: Path) -> int:
    """Carry out the toy study in a child, kill it after some seconds, return its exit code."""
    child = start(studies.fit, strategy, settings, TOY_LOG=log, TOY_PAUSE=0.005)
    child.join(moment)
    child.kill()
    child.join()
    return child.exitcode


def kill_at_random(n_kills, strategy, folder, log, expected, **settings) -> None:
    """Kill a run at random moments, in a fresh file each time, and resume it."""
    begin = time.monotonic()
    whole = {"storage": folder / "whole.db", **settings}
    assert run(studies.fit, strategy, whole, TOY_LOG=log, TOY_PAUSE=0.005) == 0
    duration = time.monotonic() - begin
    rng = np.random.default_rng(len(strategy))
    for number, moment in enumerate(rng.uniform(0, duration, n_kills)):
        path = folder / f"{number}.db"
        log.unlink()
        log.touch()
        killed_at(moment, strategy, {"storage": path, **settings}, log)
        resume_and_check(strategy, path, log, expected)


def test_killed_at_random(tmp_path, log, expected):
    """Check that a run killed at any moment is resumed without loss or repetition."""
    kill_at_random(3, "random", tmp_path, log, expected)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", studies.STRATEGIES)
def test_killed_at_twenty_random_moments(strategy, tmp_path, log, expected):
    """Check that a run killed at any of twenty moments is resumed without loss or repetition."""
    kill_at_random(20, strategy, tmp_path, log, expected)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["grid", "random"])
def test_killed_with_workers_at_random(strategy, tmp_path, log, expected):
    """Check that a run with two workers, killed at any moment, is resumed with two workers."""
    kill_at_random(5, strategy, tmp_path, log, expected, n_jobs=2)


def test_killed_again_and_again(tmp_path, log, expected):
    """Check that a run that is killed and resumed several times comes to the same result."""
    strategy = "bayes"
    path = tmp_path / "tuning.db"
    for moment in (3, 8, 14):
        n_fits = len(entries(log))
        assert run(
            studies.fit, strategy, {"storage": path}, TOY_LOG=log, TOY_KILL=n_fits + moment
        ) in (KILLED, 0)
    resume_and_check(strategy, path, log, expected)


def test_resumed_with_workers(tmp_path, log, expected):
    """Check that two workers finish what one process began."""
    strategy = "random"
    path = tmp_path / "tuning.db"
    code = run(studies.fit, strategy, {"storage": path}, TOY_LOG=log, TOY_KILL=6)
    assert code == KILLED
    resume_and_check(strategy, path, log, expected, n_jobs=2)


def test_resumed_with_seconds(tmp_path, log, expected):
    """Check that a run with a budget in seconds finishes what one without began."""
    strategy = "random"
    path = tmp_path / "tuning.db"
    code = run(studies.fit, strategy, {"storage": path}, TOY_LOG=log, TOY_KILL=6)
    assert code == KILLED
    budget = Budget(trials=8, seconds=60)
    resume_and_check(strategy, path, log, expected, budget=budget)


def test_later_trials_survive_an_earlier_one_in_flight(tmp_path, log, expected):
    """Check that trials that ended before an earlier one are kept when the run is killed."""
    path = tmp_path / "tuning.db"
    child = start(
        studies.fit, "random", {"storage": path, "n_jobs": 2}, TOY_LOG=log, TOY_PAUSE=0.05
    )
    until(lambda: len(entries(log)) > 9)
    child.kill()
    child.join()
    resume_and_check("random", path, log, expected)


# A budget in seconds


@pytest.mark.filterwarnings("ignore:budget. only")  # workers may take longer than what is left
def test_seconds_of_earlier_runs_count(tmp_path):
    """Check that the search of a resumed fit has what earlier runs left of the seconds."""
    path = tmp_path / "tuning.db"
    budget = Budget(seconds=300, trials=4)
    model = tuner(storage=path, budget=budget).fit(X, Y)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE evaluations SET ended = 299 WHERE trial = 3")
    budget = Budget(seconds=300, trials=10**6)
    begin = time.monotonic()
    again = tuner(storage=path, budget=budget, random_state=0).fit(X, Y)
    assert time.monotonic() - begin < 100
    assert len(again.history_) >= 4
    assert again.best_score_ >= model.best_score_


def test_time_of_earlier_runs_does_not_hurry_the_refit():
    """Check that a clock counts earlier runs for the search, and not for the refit."""
    now = [100.0]
    clock = Clock(10, lambda: now[0])
    clock.spend(9)
    now[0] += 0.5
    assert clock.elapsed() == pytest.approx(9.5)
    assert clock.left() == pytest.approx(0.5)
    assert clock.left_for_refit() == pytest.approx(9.5)


class Slow(DecisionTreeClassifier):
    """Hangs with a large depth, unless the variable TOY_OPEN is set."""

    def fit(self, X, y):
        if self.max_depth == 9 and "TOY_OPEN" not in os.environ:
            time.sleep(PATIENCE)
        return super().fit(X, y)


@pytest.mark.filterwarnings("ignore:1 of 2 trials failed")
@pytest.mark.parametrize("storage", [True, False])
def test_cut_short_is_run_again(storage, tmp_path, monkeypatch):
    """Check that what the end of a budget cut short is finished under a larger one."""
    path = tmp_path / "tuning.db" if storage else None
    model = AutoTunedClassifier(
        Slow(),
        {"max_depth": [9, 1]},
        strategy="grid",
        include_default=False,
        cv=2,
        storage=path,
        warm_start=not storage,
        random_state=0,
        budget=Budget(trials=5, seconds_per_trial=3),
    ).fit(X, Y)
    assert [trial.status for trial in model.history_] == ["timeout", "complete"]
    known = {e.key: e.ended for e in model.history_[0].evaluations.values()}
    model.fit(X, Y)
    assert [trial.status for trial in model.history_] == ["timeout", "complete"]
    # They were not tried again.
    assert {e.key: e.ended for e in model.history_[0].evaluations.values()} == known
    monkeypatch.setenv("TOY_OPEN", "1")
    model.set_params(budget=5).fit(X, Y)
    assert [trial.status for trial in model.history_] == ["complete", "complete"]
    assert {e.status for e in model.history_.evaluations()} == {"complete"}


def test_an_error_that_was_raised_is_raised_again(tmp_path):
    """Check that a stored failure is not skipped where failures end the search."""
    space = {"cut": [0.2, 0.5], "shift": [0, "no number"]}
    model = tuner("grid", space=space, storage=tmp_path / "t.db", error_score="raise")
    for _ in range(2):
        with pytest.raises(TypeError, match="str"):
            model.fit(X, Y)


# warm_start


@pytest.mark.parametrize("storage", [False, True])
@pytest.mark.parametrize("strategy", studies.STRATEGIES)
def test_a_larger_budget_continues(strategy, storage, tmp_path, log, expected):
    """Check that two fits with a growing budget do the same as one with the larger."""
    path = tmp_path / "tuning.db" if storage else None
    space = studies.STRATEGIES[strategy]["space"]
    if strategy == "grid":  # in scikit-learn's order only if the budget is enough for all
        space = {"cut": np.linspace(0, 1, 20).tolist(), "shift": [0, 1]}
        expected = {"grid": summary(tuner("grid", space=space, budget=8).fit(X, Y))}
        log.unlink()
    model = tuner(strategy, space=space, budget=3, warm_start=True, storage=path).fit(X, Y)
    first = [identity(entry) for entry in entries(log)]
    model.set_params(budget=8).fit(X, Y)
    second = [identity(entry) for entry in entries(log)[len(first) :]]
    n_folds = studies.N_FOLDS
    assert (len(first), len(second)) == (3 * n_folds + 1, 5 * n_folds + 1)
    assert not set(first[:-1]) & set(second[:-1])
    assert summary(model) == expected[strategy]
    if storage:
        assert len(read_history(path)) == 8 * n_folds
        assert (
            summary(tuner(strategy, space=space, storage=path, budget=8).fit(X, Y))
            == (expected[strategy])
        )


def test_a_whole_grid_continues_a_part_of_it(log):
    """Check that a budget for the whole grid adds the points that a smaller one left out."""
    model = tuner("grid", budget=3, warm_start=True, include_default=False).fit(X, Y)
    model.set_params(budget=None).fit(X, Y)
    found = {tuple(params.values()) for params in model.cv_results_["params"]}
    assert (len(found), len(model.history_)) == (8, 8)
    assert model.best_score_ == tuner("grid", include_default=False).fit(X, Y).best_score_


def test_the_design_follows_the_larger_budget():
    """Check that a Bayesian search draws the rest of a design that a larger budget makes longer."""
    settings = {
        "strategy": Bayes(n_candidates=50),
        "budget": 4,
        "warm_start": True,
        "random_state": 0,
        "cv": 3,
    }
    model = AutoTunedClassifier(studies.Cut(), {"cut": (0.0, 1.0), "shift": (0, 5)}, **settings)
    first = [trial.params for trial in model.fit(X, Y).history_]
    model.set_params(budget=12).fit(X, Y)
    assert [trial.params for trial in model.history_][:4] == first
    assert len(model.history_) == 12


def test_the_same_or_a_smaller_budget_only_fits_the_winner(log):
    """Check that nothing is evaluated, and nothing forgotten, when the budget does not grow."""
    model = tuner(warm_start=True).fit(X, Y)
    before = summary(model)
    n_before = len(entries(log))
    for budget in (8, 2):
        model.set_params(budget=budget).fit(X, Y)
        assert summary(model) == before
    assert [entry["fold"] for entry in entries(log)[n_before:]] == [studies.REFIT] * 2


@pytest.mark.parametrize("storage", [False, True])
def test_other_data_begin_anew(storage, tmp_path):
    """Check that other data, or another space, start a search of their own, with a warning."""
    path = tmp_path / "tuning.db" if storage else None
    model = tuner(warm_start=True, budget=3, storage=path).fit(X, Y)
    with pytest.warns(UserWarning, match=r"warm_start=True .* the data, .* a new search begins"):
        model.fit(X, 1 - Y)
    with pytest.warns(UserWarning, match="a new search begins"):
        model.set_params(space={"cut": (0.1, 0.2)}).fit(X, 1 - Y)
    assert [sorted(trial.params) for trial in model.history_] == [["cut"]] * 3
    if storage:
        assert read_history(path)["study"].nunique() == 3


def test_a_last_fit_without_warm_start_is_not_continued():
    """Check that the trials of a fit that left no identity are never taken for another's."""
    model = tuner(warm_start=True, budget=3).fit(X, Y)
    model.set_params(warm_start=False).fit(X, 1 - Y)
    with pytest.warns(UserWarning, match="that fit ran without it: a new search begins"):
        model.set_params(warm_start=True).fit(X, Y)
    assert len(model.history_) == 3


def test_refit_toggled(log):
    """Check that ``refit`` is no part of what is continued."""
    model = tuner(warm_start=True, refit=False).fit(X, Y)
    assert not hasattr(model, "best_estimator_")
    n_before = len(entries(log))
    model.set_params(refit=True).fit(X, Y)
    assert [entry["fold"] for entry in entries(log)[n_before:]] == [studies.REFIT]
    assert model.predict(X).shape == Y.shape
    model.set_params(refit=False).fit(X, Y)
    assert len(entries(log)) == n_before + 1


def test_pickle_continues_and_clone_does_not(expected):
    """Check that a pickle keeps the last fit and a clone forgets it."""
    model = tuner(budget=3, warm_start=True).fit(X, Y)
    copy = pickle.loads(pickle.dumps(model)).set_params(budget=8).fit(X, Y)
    assert summary(copy) == expected["random"]
    assert len(model.history_) == 3
    fresh = clone(model)
    assert not hasattr(fresh, "history_")
    assert len(fresh.fit(X, Y).history_) == 3


def test_a_random_seed_is_kept():
    """Check that without ``random_state`` the trials still continue one sequence."""
    model = tuner(budget=3, warm_start=True, random_state=None).fit(X, Y)
    first = [trial.params for trial in model.history_]
    model.set_params(budget=6).fit(X, Y)
    assert [trial.params for trial in model.history_][:3] == first
    assert len(model.history_) == 6


def test_a_fit_in_memory_moves_to_a_file(tmp_path, log):
    """Check that trials of a fit without storage are written when storage is added."""
    path = tmp_path / "tuning.db"
    model = tuner(budget=3, warm_start=True, random_state=None).fit(X, Y)
    n_before = len(entries(log))
    model.set_params(budget=5, storage=path).fit(X, Y)
    assert len(entries(log)) == n_before + 2 * studies.N_FOLDS + 1
    assert len(read_history(path)) == 5 * studies.N_FOLDS
    again = tuner(budget=5, random_state=None, storage=path).fit(X, Y)
    assert summary(again) == summary(model)


def test_frames_are_recognised(tmp_path):
    """Check that a frame of several blocks and types is the same data after a fit."""
    frame = pd.DataFrame({"a": X[:, 1]})
    for name in "bcd":
        frame[name] = np.arange(len(X)) % 5
    model = AutoTunedClassifier(
        DecisionTreeClassifier(), budget=2, cv=2, warm_start=True, random_state=0
    ).fit(frame, pd.Series(Y, name="target"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(budget=4).fit(frame, pd.Series(Y, name="target"))
    assert len(model.history_) == 4


def test_a_bad_storage_leaves_the_last_fit_alone(tmp_path):
    """Check that an estimator whose storage is refused is still the model that it was."""
    model = tuner(warm_start=True).fit(X, Y)
    before = summary(model)
    with pytest.raises(ValueError, match="storage must be a file"):
        model.set_params(storage=tmp_path).fit(X, Y)
    assert summary(model) == before
    assert len(model.history_) == 8
