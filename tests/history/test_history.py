"""The history: what is recorded, and what follows from it."""

from __future__ import annotations

import ast
import copy
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from fakes import add_trial

import autotune
from autotune.history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    STATUSES,
    Evaluation,
    History,
    Key,
    Listener,
)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([0.25, 0.75], 0.5),
        ([1.0, np.nan], np.nan),
        ([np.inf, 1.0], np.inf),
        ([np.inf, -np.inf], np.nan),
        ([1e308, 1e308], np.inf),
        ([1.0], np.nan),
        ([], np.nan),
    ],
)
def test_the_score_is_the_mean_over_all_folds(scores, mean):
    """Check that a missing fold or a score that is no number leaves no mean, without a warning."""
    history = History(2)
    trial = add_trial(history, {}, scores)
    np.testing.assert_equal(history.score(trial), mean)


@pytest.mark.parametrize("error_score", [np.nan, 0.0, -7.5])
def test_a_failed_evaluation_counts_with_the_error_score(error_score):
    """Check ``error_score``, and that a fold that was never evaluated has no score."""
    history = History(3, error_score=error_score)
    trial = add_trial(history, {}, [1.0])
    history.record(Evaluation(0, 1, status=FAILED))
    np.testing.assert_equal(history.fold_scores(trial), [1.0, error_score, np.nan])


def test_an_evaluation_counts_at_its_fidelity_only():
    """Check that scores on part of the rows are kept apart."""
    history = History(1)
    trial = history.add({}, "test")
    history.record(Evaluation(0, 0, 0.5, scores={"score": 0.1}))
    assert np.isnan(history.score(trial))
    history.record(Evaluation(0, 0, scores={"score": 0.9}))
    assert history.score(trial) == 0.9
    assert history.fold_scores(trial, fidelity=0.5).tolist() == [0.1]


def test_recording_again_replaces():
    """Check that an evaluation that is repeated after a resumption counts once."""
    history = History(1)
    trial = add_trial(history, {}, [0.1])
    history.record(Evaluation(0, 0, scores={"score": 0.2}))
    assert history.score(trial) == 0.2
    assert repr(history) == "History(trials=1, evaluations=1)"


@pytest.mark.parametrize(
    ("given", "reported", "metrics", "metric"),
    [
        (None, [], ("score",), "score"),
        ("f1", [], ("f1",), "f1"),
        (None, [{"a": 1.0, "b": 2.0}], ("a", "b"), "a"),
        ("b", [{"a": 1.0, "b": 2.0}], ("a", "b"), "b"),
        (None, ["failed", {"b": 1.0, "a": 1.0}], ("b", "a"), "b"),
    ],
)
def test_metrics_are_what_the_first_success_reports(given, reported, metrics, metric):
    """Check names and order of the metrics, also while nothing has succeeded."""
    history = History(1, given)
    for scores in reported:
        trial = history.add({}, "test")
        failed = scores == "failed"
        status, scores = (FAILED, {"a": 1.0}) if failed else (COMPLETE, scores)
        history.record(Evaluation(trial.number, 0, status=status, scores=scores))
    assert (history.metrics, history.metric) == (metrics, metric)


def test_the_error_of_a_trial_is_that_of_its_first_fold():
    """Check that the order in which workers finish does not decide which error is shown."""
    history = History(3)
    trial = history.add({}, "test")
    assert trial.error is None
    for fold in (2, 1, 0):
        error = None if fold == 0 else f"in fold {fold}"
        history.record(Evaluation(0, fold, status=FAILED, error=error))
    assert trial.error == "in fold 1"


def test_the_frame_has_a_row_for_each_evaluation():
    """Check the columns, and the row of a trial without evaluations."""
    history = History(2)
    add_trial(history, {"C": 1, "kernel": "rbf"}, [0.5, 0.75], "default")
    history.add({"C": (1, 2)}, "random")
    history[0].evaluations[Key(0)].warnings = ("A: a", "B: b")
    history[0].evaluations[Key(0)].train_scores = {"score": 1.0}
    frame = history.to_frame()
    assert list(frame.columns) == [
        *("study", "created", "estimator", "trial", "origin", "eligible", "trial_status"),
        *("fold", "fidelity", "phase", "status"),
        *("param_C", "param_kernel", "score_score", "train_score"),
        *("fit_time", "score_time", "saved_time", "iterations"),
        *("started", "ended", "warnings", "error"),
    ]
    assert frame["trial"].tolist() == [0, 0, 1]
    assert frame["eligible"].tolist() == [True] * 3
    assert frame["trial_status"].tolist() == [COMPLETE, COMPLETE, RUNNING]
    assert frame["param_C"].tolist() == [1, 1, (1, 2)]
    assert frame["fold"].tolist()[:2] == [0, 1]
    assert frame["warnings"].tolist()[:2] == ["A: a\nB: b", ""]
    told = ["fold", "fidelity", "phase", "status", "score_score", *frame.columns[-8:]]
    assert frame.loc[2, told].isna().all()
    assert frame[["study", "created", "estimator"]].isna().all(axis=None)


def test_the_frame_of_an_empty_history():
    """Check that there is a frame before anything happened."""
    frame = History(2).to_frame()
    assert len(frame) == 0
    assert {"study", "trial", "fold", "phase", "status", "error"} <= set(frame.columns)


def test_the_frame_shows_what_was_killed():
    """Check that statuses of trial and evaluation are both there."""
    history = History(2)
    trial = add_trial(history, {"C": 1}, [0.5])
    history.record(Evaluation(0, 1, status=CRASHED, error="killed"))
    history.set_status(trial, CRASHED)
    frame = history.to_frame()
    assert frame["trial_status"].tolist() == [CRASHED, CRASHED]
    assert frame["status"].tolist() == [COMPLETE, CRASHED]
    assert frame["error"].tolist()[1] == "killed"


# Changes, and who is told of them


class Hearing(Listener):
    """Notes what it is told, each time as one entry."""

    def __init__(self):
        self.heard = []

    def changed(self, evaluations, trials, history):
        folds = [(evaluation.trial, evaluation.fold) for evaluation in evaluations]
        self.heard.append((folds, [(trial.number, trial.status) for trial in trials]))


def listening(n_trials=2):
    """Return a history of trials that run, and what hears of it."""
    history, hearing = History(2), Hearing()
    for number in range(n_trials):
        history.add({"C": number}, "test")
    history.listeners.append(hearing)
    return history, hearing


@pytest.mark.parametrize("status", [status for status in STATUSES if status != RUNNING])
def test_listeners_are_told_of_every_new_status(status):
    """Check that a trial that is paused is told of too, and nothing where nothing changed."""
    history, hearing = listening()
    for new in (RUNNING, status, status):
        history.set_status(history[1], new)
    assert hearing.heard == [([], [(1, status)])]


def test_what_changes_together_is_told_at_once():
    """Check that an evaluation comes with all that it decides, and when that is complete."""
    history, hearing = listening(3)
    with history.changes():
        history.record(Evaluation(2, 0))
        with history.changes():
            history.set_status(history[2], COMPLETE)
            history.set_status(history[0], INTERRUPTED)
        history.set_status(history[0], DROPPED)
        assert hearing.heard == []
    assert hearing.heard == [([(2, 0)], [(2, COMPLETE), (0, DROPPED)])]


def test_changes_that_an_exception_leaves_are_not_told():
    """Check that they are in the history, and are not told with later ones either."""
    history, hearing = listening()

    def interrupted():
        with history.changes():
            history.record(Evaluation(0, 0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    history.set_status(history[1], CRASHED)
    assert hearing.heard == [([], [(1, CRASHED)])]
    assert len(history[0].evaluations) == 1


def test_listeners_are_told_of_what_changes_inside():
    """Check that they join those before them and leave, whatever happens, and copies have none."""
    history, hearing = listening()
    late = Hearing()
    with suppress(KeyboardInterrupt), history.telling([late]):
        history.set_status(history[0], FAILED)
        copy.deepcopy(history).set_status(history[1], FAILED)
        raise KeyboardInterrupt
    history.set_status(history[0], RUNNING)
    assert late.heard == [([], [(0, FAILED)])]
    assert hearing.heard == [*late.heard, ([], [(0, RUNNING)])]


def test_nothing_but_the_history_changes_a_trial():
    """Check that what a trial is made of cannot be set, nor is the way around that taken."""
    history, _ = listening()
    for name in ("number", "params", "origin", "eligible", "status", "evaluations"):
        with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
            setattr(history[0], name, getattr(history[0], name))
    root = Path(autotune.__file__).parent
    around = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "__setattr__"
    }
    assert around == {"_budget.py", "history/_history.py"}
