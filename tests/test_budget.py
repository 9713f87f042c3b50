"""Budgets: what is accepted, what is refused and how, and the clock."""

from __future__ import annotations

import copy
import math
import pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from fakes import FakeTime
from hypothesis import given
from hypothesis import strategies as st

from autotune import Budget
from autotune._budget import check_budget
from autotune._texts import short_repr
from autotune.timing._clock import Clock

ANY = (
    "budget must be a positive whole number of trials (40), a duration ('90s', '5min', '1h30min', "
    "datetime.timedelta), a Budget(trials=..., seconds=...), or None; got "
)
TRIALS = "Budget(trials=...) must be a positive whole number of trials (40), or None; got "
SECONDS = (
    "Budget(seconds=...) must be a positive number of seconds, a duration ('90s', '5min', "
    "'1h30min', datetime.timedelta), or None; got "
)
MEMORY = (
    "Budget(memory=...) must be a positive whole number of bytes, a size such as '500MB' or "
    "'2GB', or None; got "
)


@pytest.mark.parametrize(
    ("budget", "trials", "seconds"),
    [
        (None, None, None),
        (1, 1, None),
        (40, 40, None),
        (10**30, 10**30, None),
        (np.int64(7), 7, None),
        (np.uint8(7), 7, None),
        ("90s", None, 90),
        ("90 s", None, 90),
        ("  90  sec ", None, 90),
        ("1second", None, 1),
        ("2 seconds", None, 2),
        ("5min", None, 300),
        ("5 MIN", None, 300),
        ("5m", None, 300),
        ("1minute", None, 60),
        ("2.5 minutes", None, 150),
        ("1h", None, 3600),
        ("1h30min", None, 5400),
        ("1 h 30 min 15 s", None, 5415),
        ("1 hour", None, 3600),
        ("2hours", None, 7200),
        ("1d", None, 86400),
        ("1day", None, 86400),
        ("2 days", None, 172800),
        (".5h", None, 1800),
        ("250ms", None, 0.25),
        (timedelta(minutes=2), None, 120),
        (timedelta(microseconds=1), None, 1e-6),
        (Budget(), None, None),
        (Budget(trials=3), 3, None),
        (Budget(3, 2.5), 3, 2.5),
        (Budget(seconds=60), None, 60),
        (Budget(seconds="1min"), None, 60),
        (Budget(seconds=timedelta(days=1)), None, 86400),
        (Budget(seconds=np.float32(0.5)), None, 0.5),
        (Budget(seconds=Fraction(1, 2)), None, 0.5),
    ],
    ids=repr,
)
def test_what_is_accepted(budget, trials, seconds):
    """Check that each accepted form means what it says."""
    checked = check_budget(budget)
    assert (checked.trials, checked.seconds) == (trials, seconds)
    assert type(checked.trials) in (int, type(None))
    assert type(checked.seconds) in (float, type(None))


@pytest.mark.parametrize(
    "budget",
    [
        *("ten", "", " ", "60", "5 parsecs", "-5s", "5s ago", "1h30", "s", "1,5h", "1e3s"),
        *("nan s", "0s", "0h0min", "inf", "9" * 400 + "s", "5\N{MICRO SIGN}s", "1:30"),
        *(0, -1, np.int64(0), timedelta(0), timedelta(seconds=-1)),
    ],
    ids=repr,
)
def test_bad_values_are_refused(budget):
    """Check that a value that cannot be meant is a ValueError that tells what can."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        check_budget(budget)
    assert str(caught.value) == f"{ANY}{budget!r}"


@pytest.mark.parametrize(
    "budget",
    [
        *(
            np.timedelta64(5, "s"),
            True,
            False,
            2.5,
            40.0,
            math.nan,
            math.inf,
            np.float64(4),
            np.bool_(True),
            1j,
        ),
        *([], [40], {}, {"trials": 4}, b"90s", (1, "s"), object(), Budget, Decimal(4)),
    ],
    ids=lambda budget: type(budget).__name__,
)
def test_bad_types_are_refused(budget):
    """Check that a type that cannot be meant is a TypeError that tells what can."""
    with pytest.raises(TypeError) as caught:
        check_budget(budget)
    assert str(caught.value) == f"{ANY}{short_repr(budget)}"


@pytest.mark.parametrize(
    ("limits", "kind", "rule"),
    [
        ({"trials": 0}, ValueError, TRIALS),
        ({"trials": -3}, ValueError, TRIALS),
        ({"trials": 2.0}, TypeError, TRIALS),
        ({"trials": True}, TypeError, TRIALS),
        ({"trials": "90s"}, TypeError, TRIALS),
        ({"seconds": 0}, ValueError, SECONDS),
        ({"seconds": -0.0}, ValueError, SECONDS),
        ({"seconds": -1.5}, ValueError, SECONDS),
        ({"seconds": math.nan}, ValueError, SECONDS),
        ({"seconds": math.inf}, ValueError, SECONDS),
        ({"seconds": 10**400}, ValueError, SECONDS),
        ({"seconds": "60"}, ValueError, SECONDS),
        ({"seconds": "5 parsecs"}, ValueError, SECONDS),
        ({"seconds": timedelta(0)}, ValueError, SECONDS),
        ({"seconds": True}, TypeError, SECONDS),
        ({"seconds": [60]}, TypeError, SECONDS),
        ({"seconds_per_trial": 0}, ValueError, SECONDS.replace("seconds=", "seconds_per_trial=")),
        (
            {"predict_seconds_per_row": -1.0},
            ValueError,
            SECONDS.replace("seconds=", "predict_seconds_per_row="),
        ),
        ({"memory": 0}, ValueError, MEMORY),
        ({"memory": "0.1 B"}, ValueError, MEMORY),
        ({"memory": "lots"}, ValueError, MEMORY),
        ({"memory": "2 GHz"}, ValueError, MEMORY),
        ({"memory": 10**400}, ValueError, MEMORY),
        ({"memory": "9" * 400 + "GB"}, ValueError, MEMORY),
        ({"memory": 2.5}, TypeError, MEMORY),
        ({"memory": True}, TypeError, MEMORY),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_limits_are_refused(limits, kind, rule):
    """Check that each limit of a Budget says its own rule and the value found."""
    (value,) = limits.values()
    with pytest.raises(kind) as caught:
        Budget(**limits)
    assert str(caught.value) == f"{rule}{value!r}"


@pytest.mark.parametrize(
    ("memory", "n_bytes"),
    [(1, 1), ("1b", 1), ("500MB", 500_000_000), ("2 GB", 2 * 10**9), ("1.5KiB", 1536)],
)
def test_sizes_of_memory(memory, n_bytes):
    """Check that sizes are bytes, decimal or binary as written."""
    assert Budget(memory=memory).memory == n_bytes


def test_budgets_are_values():
    """Check equality, hash, copies, pickle and the text of a Budget."""
    budget = Budget(trials=4, seconds="1min")
    assert budget == Budget(4, 60) != Budget(4)
    assert hash(budget) == hash(Budget(4, 60.0))
    assert copy.deepcopy(budget) == pickle.loads(pickle.dumps(budget)) == budget
    assert repr(budget) == "Budget(trials=4, seconds=60.0)"
    assert eval(repr(budget)) == budget
    assert repr(Budget()) == "Budget()"


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_refused(text):
    """Check that no text leads to another error, or to a budget that is no positive number."""
    try:
        budget = check_budget(text)
    except ValueError as error:
        assert str(error).startswith("budget must be")  # noqa: PT017  # either end is fine
    else:
        assert math.isfinite(budget.seconds)
        assert budget.seconds > 0


def test_the_clock():
    """Check that the clock counts from its start, and what an earlier run spent."""
    now = FakeTime()
    clock, continued, endless = Clock(10, now), Clock(10, now), Clock(None, now)
    continued.spend(4)
    now.seconds += 7
    assert (clock.elapsed(), clock.left()) == (7, 3)
    assert (continued.elapsed(), continued.left()) == (11, -1)
    assert (endless.elapsed(), endless.left()) == (7, math.inf)


def test_a_timer_has_the_time_of_its_clock():
    """Check that a timer begins when it is made, with a limit of its own."""
    now = FakeTime()
    clock = Clock(10, now)
    clock.spend(4)
    now.seconds += 3
    timer, endless = clock.timer(2), clock.timer(None)
    now.seconds += 1
    assert (timer.elapsed(), timer.left(), endless.left()) == (1, 1, math.inf)
