"""How long an evaluation of a search may take."""

from __future__ import annotations

import math

import pytest
from fakes import add_trial

from autotune.history import COMPARISON, TIMEOUT, Evaluation, History, Key
from autotune.timing import Allowance


def make(n_known=0, *, n_folds=5, fit_time=1.0, limit=math.inf, longest=0.0, may_save=False):
    """Return what a trial with some evaluations is allowed, and the trial."""
    history = History(n_folds, n_repeat_folds=n_folds)
    trial = history.add({}, "test")
    for fold in range(n_known):
        history.record(Evaluation(0, fold, fit_time=fit_time, scores={"score": 1.0}))
    return Allowance(history, limit, longest, may_save_folds=may_save), trial


@pytest.mark.parametrize(
    ("settings", "n_workers", "expected"),
    [
        ({}, 1, 1.5 * 10 / 5),
        ({"n_known": 2}, 1, 1.5 * 10 / 3),
        ({"n_known": 2}, 2, 10.0),  # what is left
        ({"n_known": 4}, 1, 10.0),
        ({"longest": 2.0}, 1, 6.0),  # three times the longest one is nothing unusual
        ({"longest": 9.0}, 1, 10.0),
        ({"may_save": True}, 1, 1.5 * 10 / 3),  # three trials on one fold
        ({"n_known": 2, "limit": 2.5}, 1, 0.5),
    ],
)
def test_what_an_evaluation_may_take(settings, n_workers, expected):
    """Check that a trial's missing folds share the ten seconds that are left."""
    allowance, trial = make(**settings)
    assert allowance.of(trial, Key(4), 10.0, n_workers) == pytest.approx(expected)


def test_folds_cannot_be_saved_once_a_trial_is_complete():
    """Check that the folds of later trials share the time like those of any other."""
    allowance, trial = make(may_save=True)
    add_trial(allowance._history, {}, [1.0] * 5)
    assert allowance.of(trial, Key(0), 10.0, 1) == pytest.approx(1.5 * 10 / 5)


def test_repeated_folds_are_counted_by_themselves():
    """Check that the folds of the search say nothing of those of the final comparison."""
    allowance, trial = make(5, limit=7.0)
    repeated = Key(2, phase=COMPARISON)
    assert allowance.of(trial, repeated, 10.0, 1) == pytest.approx(1.5 * 10 / 5)
    assert (allowance.of_trial(trial, Key(0)), allowance.of_trial(trial, repeated)) == (2.0, 7.0)


def test_only_what_is_complete_tells_what_is_usual():
    """Check that the seconds of an evaluation that was given up are not usual."""
    allowance, trial = make()
    allowance.learn(Evaluation(0, 0, status=TIMEOUT, fit_time=3.0))
    assert allowance.of(trial, Key(0), 10.0, 1) == pytest.approx(3.0)
    allowance.learn(Evaluation(0, 0, fit_time=2.0))
    assert allowance.of(trial, Key(0), 10.0, 1) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("n_workers", "limit", "n_folds", "expected"),
    [
        (1, math.inf, 5, 2.0),
        (3, math.inf, 5, 6.0),
        (9, math.inf, 5, 10.0),
        (3, 5.0, 5, 1.0),
        (1, math.inf, 1, 10.0),
        (1, 5.0, 1, 1.0),
    ],
)
def test_what_an_evaluation_of_a_new_trial_may_take(n_workers, limit, n_folds, expected):
    """Check that the folds must fit into what is left, and all of them into a trial's limit."""
    allowance, _ = make(limit=limit)
    assert allowance.of_new_trial(10.0, n_workers, n_folds) == pytest.approx(expected)
