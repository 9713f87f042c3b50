"""How trials are divided among families of models."""

from __future__ import annotations

import math
from itertools import cycle

import numpy as np
import pytest
from fakes import add_trial

from autotune.history import COMPLETE, DROPPED, FAILED, TIMEOUT, Evaluation, History
from autotune.search import FamilySearcher, GPSearcher, GridSearcher
from autotune.search._allocation import _own_scale
from autotune.space import Space

SPACES = [Space.parse({"model": [name], "x": list(range(9))}) for name in "abc"]


def make(spaces=SPACES, **settings):
    """Return a searcher for some families, each a grid."""
    union = Space([subspace for space in spaces for subspace in space.subspaces])
    searchers = [GridSearcher(space, 0, None, 5, True) for space in spaces]
    return FamilySearcher(union, 0, searchers=searchers, **settings)


def divide(n_trials, scores, **settings):
    """Return which family gets each trial; the scores of a family follow one another."""
    history, searcher = History(2), make(**settings)
    scores = {name: cycle(own) for name, own in scores.items()}
    for _ in range(n_trials):
        params = searcher.ask(history)
        score = next(scores[params["model"]])
        add_trial(history, params, [score, score], searcher.origin(params))
    return "".join(trial.params["model"] for trial in history)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # No gain and no noise: the first of the best, as nothing says that others catch up.
        ({"a": [0.0], "b": [1.0], "c": [1.0]}, "abcabcbcbcbc"),
        # Failures get nothing while there is another family.
        ({"a": [math.nan], "b": [0.0], "c": [math.nan]}, "abcbbbbbb"),
    ],
)
def test_who_gets_the_next_trial(scores, expected):
    """Check that each family is tried twice, and then the one that most is expected of."""
    assert divide(len(expected), scores) == expected


def test_the_rule():
    """Check the expected improvement for the cost against numbers worked out by hand."""
    history, searcher = History(2), make()
    for name, score in (("a", 1.0), ("b", 2.0), ("b", 4.0), ("c", 3.0), ("c", 3.5)):
        x = sum(trial.params["model"] == name for trial in history)
        add_trial(history, {"model": name, "x": x}, [score, score])
    families = searcher._split(history)
    scale = 2.0 / 0.5  # of the gain of b
    expected = scale * np.array([np.exp(-3 / scale) / 4, 1 / 6, np.exp(-0.5 / scale) / 6])
    np.testing.assert_allclose(searcher._values(families, history), np.log(expected))


def test_the_scale_of_many_trials_is_their_own():
    """Check that the best quarter of many trials says how much more may be gained."""
    assert _own_scale(np.array([0.0, -9.0, -9.0]), 2.0) == 2.0
    scores = np.array([0.0, -1.0, *[-4.0] * 6, -np.inf])
    assert _own_scale(scores, 2.0) == pytest.approx((3 * 2.0 + 8 * 3.5) / 11)


@pytest.mark.parametrize(("timed", "expected"), [(False, "a"), (True, "b")])
def test_costs(timed, expected):
    """Check that of equal families the cheaper one is tried, by evaluations or by seconds."""
    history, searcher = History(2), make(SPACES[:2], timed=timed)
    for name, seconds, x in (("a", 3.0, 0), ("b", 1.0, 0), ("a", 3.0, 1), ("b", 1.0, 1)):
        trial = history.add({"model": name, "x": x}, "grid")
        for fold in range(2):
            history.record(
                Evaluation(trial.number, fold, 1.0, scores={"score": 1.0}, fit_time=seconds)
            )
        history.set_status(trial, COMPLETE)
    assert searcher.ask(history)["model"] == expected


def test_a_trial_that_was_stopped_counts_by_its_folds():
    """Check that a family is judged by the difference on the folds that it has."""
    history, searcher = History(2), make(SPACES[:2])
    add_trial(history, {"model": "a", "x": 0}, [1.0, 5.0])
    trial = add_trial(history, {"model": "b", "x": 0}, [0.5])
    history.set_status(trial, DROPPED)
    a, b = searcher._values(searcher._split(history), history)
    assert a - b > 1e290  # half a point behind on the fold that both have, and no scale yet
    history.set_status(trial, TIMEOUT)
    assert searcher._values(searcher._split(history), history)[1] == b
    history.set_status(trial, FAILED)
    assert searcher._values(searcher._split(history), history)[1] == -math.inf


def test_an_exhausted_family_leaves_its_trials_to_others():
    """Check that all configurations of all families are proposed in the end."""
    history, searcher = History(1), make(SPACES[:2])
    while (params := searcher.ask(history)) is not None:
        add_trial(history, params, [float(params["model"] == "a")], searcher.origin(params))
    assert len(history) == 18
    assert {trial.origin for trial in history} == {"grid"}


def test_what_lies_outside_belongs_to_no_family():
    """Check that a default that no family holds is not counted for one of them."""
    history, searcher = History(1), make(SPACES[:2])
    add_trial(history, {"model": "z"}, [1.0], "default", eligible=False)
    assert searcher._split(history) == [[], []]
    assert searcher.ask(history)["model"] == "a"


def test_folds_are_compared_across_families():
    """Check that a family whose trials are all stopped learns from them which are better."""
    space = Space.parse({"model": ["b"], "x": (0.0, 1.0)})
    union = Space([*SPACES[0].subspaces, *space.subspaces])
    history, searcher = History(2), GPSearcher(space, 0)
    add_trial(history, {"model": "a", "x": 0}, [1.0, 2.0])
    add_trial(history, {"model": "a", "x": 1}, [2.0, 3.0])
    for x in (0.2, 0.8):
        history.set_status(add_trial(history, {"model": "b", "x": x}, [-x]), DROPPED)
    assert not searcher._observe(history).told.any()
    searcher.join(union)
    np.testing.assert_allclose(searcher._observe(history).losses, [-0.3, 0.3])
