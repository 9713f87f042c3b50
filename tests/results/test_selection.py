"""The ranking and the winner."""

from __future__ import annotations

import numpy as np
import pytest
import strategies
from fakes import add_trial
from hypothesis import given
from hypothesis import strategies as st

from autotune.history import COMPLETE, FAILED, STATUSES, Evaluation, History
from autotune.results._cv_results import cv_results
from autotune.results._selection import default_may_match, rank, select

trials = st.lists(
    st.tuples(strategies.scores, st.booleans(), st.sampled_from(STATUSES)), min_size=1, max_size=9
)


@given(rows=trials)
def test_the_ranking_is_total_and_the_winner_the_best(rows):
    """Check that every trial has a rank, and the first is the best that completed and may win."""
    history = History(1)
    for score, eligible, status in rows:
        history.set_status(add_trial(history, {}, [score], eligible=eligible), status)
    ranks = rank(history, "score")
    assert ranks.dtype == np.int32
    assert ranks.shape == (len(rows),)
    competing = [
        i
        for i, (score, eligible, status) in enumerate(rows)
        if np.isfinite(score) and eligible and status == COMPLETE
    ]
    for i in range(len(rows)):
        better = [j for j in competing if i not in competing or rows[j][0] > rows[i][0]]
        assert ranks[i] == len(better) + 1
    if competing:
        winner = select(True, cv_results(history), history)
        assert winner == max(competing, key=lambda i: (rows[i][0], -i))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.3, 0.2], [3, 1, 2]),
        ([0.3, 0.3, 0.2], [1, 1, 3]),
        ([np.nan, 0.1, np.inf, 0.2, -np.inf], [3, 2, 3, 1, 3]),
        ([np.nan, np.nan], [1, 1]),
        ([-1e308, 1e308], [2, 1]),
        ([], []),
    ],
)
def test_ranks(scores, expected):
    """Check ranks with ties, and that what is no finite number comes last."""
    history = History(1)
    for score in scores:
        add_trial(history, {}, [score])
    assert rank(history, "score").tolist() == expected


def test_the_reference_row_cannot_win():
    """Check that a default outside the space is ranked behind all that may win."""
    history = History(1)
    add_trial(history, {}, [0.9], "default", eligible=False)
    add_trial(history, {}, [0.1])
    assert rank(history, "score").tolist() == [2, 1]
    assert select(True, cv_results(history), history) == 1


def test_the_default_wins_a_tie():
    """Check that among equals the earliest trial wins."""
    history = History(1)
    for _ in range(3):
        add_trial(history, {}, [0.5])
    assert select("score", cv_results(history), history) == 0


@pytest.mark.parametrize("choice", [1, np.int64(1), np.int32(1)])
def test_refit_may_choose(choice):
    """Check that a callable decides, also against the ranking."""
    history = History(1)
    add_trial(history, {}, [0.9])
    add_trial(history, {}, [0.1])
    assert select(lambda results: choice, cv_results(history), history) == 1


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        (1.0, TypeError, "refit must return the integer index of a trial; got 1.0"),
        (None, TypeError, "refit must return the integer index of a trial; got None"),
        ("a", TypeError, "refit must return the integer index of a trial; got 'a'"),
        (2, IndexError, "refit must return an index from 0 to 1; got 2"),
        (-1, IndexError, "refit must return an index from 0 to 1; got -1"),
    ],
)
def test_refit_may_not_choose_nonsense(choice, error, message):
    """Check the messages for what a callable must not return."""
    history = History(1)
    add_trial(history, {}, [0.9])
    add_trial(history, {}, [0.1])
    with pytest.raises(error) as caught:
        select(lambda results: choice, cv_results(history), history)
    assert str(caught.value) == message


def test_a_callable_cannot_choose_the_reference_row():
    """Check that a callable sees only the trials that may win, and its index is theirs."""
    history = History(1)
    add_trial(history, {"a": 0}, [0.9], "default", eligible=False)
    add_trial(history, {"a": 1}, [0.1])
    add_trial(history, {"a": 2}, [0.2])
    seen = {}

    def refit(results):
        seen.update(results)
        return results["mean_test_score"].argmax()

    assert select(refit, cv_results(history), history) == 2
    assert seen["params"] == [{"a": 1}, {"a": 2}]
    assert seen["param_a"].tolist() == [1, 2]


@pytest.mark.parametrize("status", [status for status in STATUSES if status != COMPLETE])
def test_a_callable_sees_only_complete_trials(status):
    """Check that np.argmax meets no NaN, and that numbers are numbers without the other rows."""
    history = History(1)
    history.set_status(add_trial(history, {"a": None, "b": 1}, [np.nan]), status)
    add_trial(history, {"a": 3}, [0.2])
    add_trial(history, {"a": 2}, [0.3], "default", eligible=False)
    add_trial(history, {"a": 10}, [0.4])
    seen = {}

    def refit(results):
        seen.update(results)
        return np.argmax(results["mean_test_score"])

    table = cv_results(history)
    assert select(refit, table, history) == 3
    assert np.log10(seen["param_a"]).tolist() == [np.log10(3), 1.0]
    assert seen["rank_test_score"].tolist() == [2, 1]
    assert list(seen) == [name for name in table if name != "param_b"]
    assert {len(column) for column in seen.values()} == {2}


def test_a_trial_that_never_succeeded_cannot_win():
    """Check that it has the rank that its error score gives it, and the next one wins."""
    history = History(1, error_score=0.0)
    trial = history.add({}, "test")
    history.record(Evaluation(0, 0, status=FAILED))
    history.set_status(trial, FAILED)
    add_trial(history, {}, [-2.0])
    add_trial(history, {}, [-1.0])
    assert rank(history, "score").tolist() == [1, 3, 2]
    assert select(True, cv_results(history), history) == 2
    assert (
        select(lambda table: list(table["rank_test_score"]).index(1), cv_results(history), history)
        == 2
    )


@pytest.mark.parametrize(
    ("default", "winner", "rise", "expected"),
    [
        ([0.5, 0.5], [0.6, 0.8], 0.1, False),
        ([0.5, 0.5], [0.6, 0.8], 0.3, True),
        ([0.5, 0.5], [0.5, 0.5], 0.0, True),
        ([0.5, np.nan], [0.6, 0.8], 0.2, True),  # dropped: the fold that it has counts
        ([0.3, np.nan], [0.6, 0.8], 0.2, False),
        ([np.nan, np.nan], [0.6, 0.8], 9.0, False),  # it failed
    ],
)
def test_when_the_default_may_match_a_winner_on_few_rows(default, winner, rise, expected):
    """Check the comparison with what the default is expected to have on all rows."""
    history = History(2)
    trials = [add_trial(history, {}, scores) for scores in (default, winner)]
    assert default_may_match(*trials, history, rise) == expected
