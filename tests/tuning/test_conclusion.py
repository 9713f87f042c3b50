"""Tests of the conclusion and the winner, on histories that were written by hand."""

from __future__ import annotations

import math
import warnings
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from fakes import add_trial
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.svm import SVC

from autotune import Auto, AutoTunedClassifier
from autotune.history import COMPARISON, COMPLETE, INTERRUPTED, Evaluation
from autotune.timing import Subsample
from autotune.tuning import SearchResult, choose_winner, conclude, make_problem

X, Y = load_iris(return_X_y=True)
SCORES = [[0.5, 0.6], [0.8, 0.7], [0.7, 0.9], [0.8, 0.8]]  # the default, and three others


def pose(**settings):
    """Return a problem of two folds."""
    settings = {"space": {"C": (0.1, 10.0)}, "cv": 2, "random_state": 0} | settings
    return make_problem(AutoTunedClassifier(SVC(), **settings), X, Y, {})


def found(problem, scores=SCORES, subsample=None, **default):
    """Return the result of a search with some scores by trial and fold."""
    history = problem.new_history()
    for number, row in enumerate(scores):
        origin = "default" if number == 0 else "random"
        add_trial(history, {"C": 1.0 + number}, row, origin, **(default if number == 0 else {}))
    return SearchResult(history, Subsample() if subsample is None else subsample)


def choose(problem, result):
    return choose_winner(problem, result, conclude(problem, result))


def test_what_is_told():
    """Check the table, the default's score, the space and the scorer, which cannot be changed."""
    problem = pose(scoring="accuracy")
    result = found(problem)
    conclusion = conclude(problem, result)
    means = conclusion.cv_results["mean_test_score"].tolist()
    assert means == pytest.approx([0.55, 0.75, 0.8, 0.8])
    assert conclusion.default_score == 0.55
    assert conclusion.space is problem.candidates.space
    assert conclusion.scorer is problem.scoring.scorer
    assert (conclusion.n_splits, conclusion.multimetric) == (2, False)
    assert not conclusion.is_cut_short
    assert conclusion.fallback is None
    for record in (conclusion, result, choose(problem, result)):
        for field in fields(record):
            with pytest.raises(FrozenInstanceError):
                setattr(record, field.name, None)


def test_the_winner():
    """Check that the best mean wins, the earliest among equals, with what to expect of it."""
    problem = pose()
    winner = choose(problem, found(problem))
    assert winner.trial.number == 2
    assert winner.score == pytest.approx(0.8)
    expected, (low, high) = winner.expected
    assert low <= expected <= winner.score <= high


def test_a_rule_decides():
    """Check that a callable gets the table, and that no score is told of its choice."""
    seen = []
    problem = pose(refit=lambda results: seen.append(results) or 1)
    result = found(problem)
    winner = choose(problem, result)
    assert (winner.trial.number, winner.expected) == (1, None)
    assert seen[0]["mean_test_score"].shape == (4,)


def test_nothing_says_who_wins():
    """Check that several metrics without ``refit`` have no winner."""
    problem = pose(scoring=["accuracy", "f1_macro"], refit=False)
    history = problem.new_history()
    history.add({"C": 1.0}, "default")
    for fold in range(2):
        history.record(Evaluation(0, fold, scores={"accuracy": 0.9, "f1_macro": 0.8}))
    history.set_status(history[0], COMPLETE)
    result = SearchResult(history, Subsample())
    assert conclude(problem, result).multimetric
    assert choose(problem, result) is None


@pytest.mark.parametrize(("rise", "number"), [(0.0, 2), (0.2, 2), (0.3, 0)])
def test_a_search_on_fewer_rows(rise, number):
    """Check that the winner must be better than what the default is expected to become."""
    problem = pose()
    result = found(problem, subsample=Subsample(0.5, rise=rise))
    assert choose(problem, result).trial.number == number


@pytest.mark.parametrize(("repeated", "number"), [(0.9, 3), (0.5, 2), (None, 2)])
def test_the_final_comparison(repeated, number):
    """Check that it decides where it was held."""
    problem = pose(strategy=Auto(n_repeats=1))
    result = found(problem)
    for trial in result.history:
        score = {2: 0.6, 3: repeated}.get(trial.number, 0.1)
        for fold in range(2) if repeated is not None else ():
            scores = {"score": score}
            result.history.record(Evaluation(trial.number, fold, phase=COMPARISON, scores=scores))
    assert choose(problem, result).trial.number == number


def test_only_the_default_outside_the_space():
    """Check that it is used, with a warning, where nothing else could be evaluated."""
    problem = pose()
    result = found(problem, [[0.5, 0.6], [math.nan, math.nan]], eligible=False)
    with pytest.warns(FitFailedWarning):
        winner = choose(problem, result)
    assert winner.trial is result.history[0]


def test_no_trial():
    """Check that the default is added where the search did not come to it."""
    problem = pose(include_default=False)
    result = found(problem, [])
    with pytest.warns(FitFailedWarning, match="untuned"):
        conclusion = conclude(problem, result)
    assert conclusion.fallback is result.history[0]
    assert conclusion.fallback.status == INTERRUPTED
    assert conclusion.fallback.params == {"C": 1.0}
    assert conclusion.cv_results["status"].tolist() == [INTERRUPTED]
    assert conclusion.default_score is None


def test_a_search_that_was_cut_short():
    """Check that trials are compared on the folds that the default has, if it is the better."""
    problem = pose()
    result = found(problem, [[0.9], [0.8, 0.8]])
    result.history.set_status(result.history[0], INTERRUPTED)
    conclusion = conclude(problem, result)
    assert conclusion.is_cut_short
    assert choose_winner(problem, result, conclusion).trial.number == 0
    assert np.isnan(conclusion.cv_results["split1_test_score"]).all()


def test_all_fail():
    """Check that there is no conclusion where all trials failed."""
    problem = pose()
    result = found(problem, [[math.nan, 0.5], [math.nan, math.nan]])
    with pytest.raises(ValueError, match="all of the 2 trials failed"):
        conclude(problem, result)


def test_only_the_default_in_time():
    """Check the warning where the first model has seen all rows and nothing else has ended."""

    class Whole:
        is_whole = True

    problem = pose(budget="2s")
    result = replace(found(problem, SCORES[:1]), first=Whole())
    with pytest.warns(UserWarning, match="2 s are enough to fit the model on all rows, but not"):
        conclude(problem, result)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conclude(problem, replace(found(problem), first=Whole()))
