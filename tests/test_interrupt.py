"""Ctrl-C ends the workers, keeps what is known and raises ``KeyboardInterrupt``."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
import studies
from sklearn.exceptions import NotFittedError
from studies import X, Y, check_integrity, entries, identity, start, stored, summary, tuner

from autotune import Budget

WAYS = {
    "inline": {},
    "workers": {"n_jobs": 2},
    "seconds": {"budget": Budget(trials=8, seconds=120)},
}


def interrupted_fit(report: Path, settings: dict) -> None:
    """Fit until interrupted, and write what is left; for a child."""
    os.setsid()
    model = tuner(**settings)
    try:
        model.fit(X, Y)
    except KeyboardInterrupt:
        found = {"raised": True}
    else:
        found = {"raised": False}
    found["evaluations"] = sum(1 for _ in model.history_.evaluations())
    found["statuses"] = sorted({trial.status for trial in model.history_})
    found["children"] = len(psutil.Process().children(recursive=True))
    try:
        model.predict(X)
    except NotFittedError:
        found["predict"] = "not fitted"
    del os.environ["TOY_HOLD"]
    again = model.set_params(warm_start=True).fit(X, Y)
    found["summary"] = summary(again)
    report.write_text(json.dumps(found, default=repr))


def interrupt(log: Path, report: Path, settings: dict, *, group: bool, n_fits: int) -> dict:
    """Interrupt a child in the middle of the search; return its report."""
    child = start(interrupted_fit, report, settings, TOY_LOG=log, TOY_HOLD=n_fits)
    studies.until(lambda: len(entries(log)) >= n_fits)
    (os.killpg if group else os.kill)(child.pid, signal.SIGINT)
    child.join(studies.PATIENCE)
    assert child.exitcode == 0
    return json.loads(report.read_text())


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_interrupted(way, group, tmp_path):
    """Check that what had ended is in the history and on the disk, and nothing else goes on.

    A terminal interrupts the whole group of processes, ``kill`` only one.
    """
    log, path = tmp_path / "log", tmp_path / "tuning.db"
    settings = {"storage": path, "warm_start": True, **WAYS[way]}
    found = interrupt(log, tmp_path / "report", settings, group=group, n_fits=7)
    assert found["raised"]
    assert found["evaluations"] >= 7 - 2 * settings.get("n_jobs", 1)
    assert "running" not in found["statuses"]
    assert "failed" not in found["statuses"]
    assert found["children"] == 0
    assert found["predict"] == "not fitted"
    expected = json.loads(json.dumps(summary(tuner().fit(X, Y)), default=repr))
    assert found["summary"] == expected
    check_integrity(path)
    n_runs = len([entry for entry in entries(log) if entry["fold"] != studies.REFIT])
    n_in_flight = n_runs - len(stored(path))
    assert 0 <= n_in_flight <= 2 * settings.get("n_jobs", 1)


def fit_in_the_background(report: Path, settings: dict) -> None:
    """Fit while Ctrl-C is ignored, as under ``nohup``, and write what is left; for a child."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    model = tuner(**settings).fit(X, Y)
    report.write_text(json.dumps(summary(model), default=repr))


@pytest.mark.parametrize("way", WAYS)
def test_ignored(way, tmp_path):
    """Check that where Ctrl-C is ignored it ends neither the search nor any worker."""
    log, report = tmp_path / "log", tmp_path / "report"
    child = start(fit_in_the_background, report, WAYS[way], TOY_LOG=log, TOY_PAUSE=0.05)
    for n_fits in range(1, 12):
        studies.until(lambda n=n_fits: len(entries(log)) >= n)
        os.killpg(child.pid, signal.SIGINT)
    child.join(studies.PATIENCE)
    assert child.exitcode == 0
    expected = json.loads(json.dumps(summary(tuner().fit(X, Y)), default=repr))
    assert json.loads(report.read_text()) == expected


def test_resumed_elsewhere(tmp_path, monkeypatch):
    """Check that another process goes on with what was stored at the interrupt."""
    log, path = tmp_path / "log", tmp_path / "tuning.db"
    child = start(studies.fit, "random", {"storage": path}, TOY_LOG=log, TOY_HOLD=7)
    studies.until(lambda: len(entries(log)) >= 7)
    os.kill(child.pid, signal.SIGINT)
    child.join(studies.PATIENCE)
    assert child.exitcode == 1
    finished, n_before = stored(path), len(entries(log))
    assert len(finished) >= 6
    monkeypatch.setenv("TOY_LOG", str(log))
    model = tuner(storage=path).fit(X, Y)
    assert not {identity(entry) for entry in entries(log)[n_before:]} & finished
    assert summary(model) == summary(tuner().fit(X, Y))


def test_interrupted_between_the_end_of_a_fit_and_its_commit(tmp_path, monkeypatch):
    """Check that an evaluation that had ended is saved when the interrupt comes just then."""
    from autotune.storage import _journal

    def interrupted_row(evaluation):
        if len(seen) == 6:
            monkeypatch.undo()
            raise KeyboardInterrupt
        seen.append(evaluation)
        return original(evaluation)

    seen, original = [], _journal.to_row
    monkeypatch.setattr(_journal, "to_row", interrupted_row)
    path = tmp_path / "tuning.db"
    model = tuner(storage=path)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert sum(1 for _ in model.history_.evaluations()) == 7
    assert studies.count_evaluations(path) == 7
    check_integrity(path)
