"""The one home of hypothesis strategies."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats

from autotune.space import Space

NAMES = st.sampled_from(["C", "alpha", "clf__C", "gamma", "kernel", "max_depth"])

choice_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.sampled_from([len, sum, np.float64(0.5), np.int64(2), np.bool_(True)]),
)

choice_lists = st.lists(choice_values, min_size=1, max_size=5)

# Lists of three different numbers or more, some with a symbol among them.
number_lists = st.builds(
    lambda numbers, symbols, rng: rng.sample(numbers + symbols, len(numbers + symbols)),
    st.lists(
        st.integers(-(2**60), 2**60) | st.floats(allow_nan=False),
        min_size=3,
        max_size=8,
        unique=True,
    ),
    st.lists(st.sampled_from([None, "sqrt", "log2", False]), max_size=2, unique=True),
    st.randoms(use_true_random=False),
)


@st.composite
def intervals(draw):
    """Write an interval as a user does: integers or floats, linear or logarithmic."""
    log = draw(st.booleans())
    if draw(st.booleans()):
        low = draw(st.integers(1 if log else -1000, 1000))
        high = low + draw(st.integers(1, 2**30))
    else:
        low = draw(st.floats(1e-9 if log else -1e6, 1e6))
        high = low + draw(st.floats(1.0, 1e6))
    return (low, high, "log-uniform") if log else (low, high)


distributions = st.one_of(
    st.builds(stats.uniform, st.floats(-9, 9), st.floats(0.1, 9)),
    st.builds(stats.loguniform, st.floats(0.001, 1), st.floats(2, 1000)),
    st.builds(stats.randint, st.integers(-9, 0), st.integers(1, 99)),
)

ranges = st.one_of(choice_lists, number_lists, intervals(), distributions)

list_specs = st.dictionaries(NAMES, choice_lists, max_size=4)
list_unions = st.one_of(list_specs, st.lists(list_specs, min_size=1, max_size=3))

specs = st.dictionaries(NAMES, ranges, max_size=4)
unions = st.one_of(specs, st.lists(specs, min_size=1, max_size=3))

# What scikit-learn's ParameterSampler draws with replacement: not lists alone.
sampler_unions = st.lists(
    st.dictionaries(NAMES, st.one_of(choice_lists, distributions), max_size=4),
    min_size=1,
    max_size=3,
).map(lambda union: [{**union[0], "some_float": stats.uniform()}, *union[1:]])

spaces = unions.map(Space.parse)

random_states = st.integers(0, 2**32 - 1).map(np.random.RandomState)

# Finite spaces, some of which are exhausted at once; a union may repeat a configuration.
small_lists = st.lists(choice_values, min_size=1, max_size=3)
small_specs = st.dictionaries(NAMES, small_lists, max_size=2)
small_spaces = st.one_of(small_specs, st.lists(small_specs, min_size=1, max_size=2)).map(
    Space.parse
)

# What an evaluation may come to: a score, also one that cannot be used, or a way to fail.
scores = st.one_of(
    st.floats(-1, 1),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 0.0]),
)
answers = st.one_of(st.floats(-1, 1), scores, st.sampled_from(["failed", "timeout", "crashed"]))
answer_tables = st.lists(answers, min_size=1, max_size=8)

seeds = st.integers(0, 2**31 - 1)

# What stands in columns of raw frames, by what the columns are.
CELLS = {
    "numbers": [0, 1, -2.5, 1e30, float("inf"), float("nan"), None, True, Decimal("0.5"), 10**30],
    "text of numbers": ["1", "2.5", "$1,234.50", "45.3%", "(3.2)", "1 234,5", "?", "", None, "0,5"],
    "dates": [dt.date(2024, 2, 29), dt.datetime(1, 1, 1, 5), np.datetime64("2025-01"), None],
    "text of dates": ["2024-01-31", "1/2/2024", "31/12/1999 10:30", "Jan 5, 2024", "-", None],
    "durations": [dt.timedelta(1), dt.timedelta(-3), np.timedelta64(5, "m"), dt.time(1, 2), None],
    "text of times of day": ["13:45", "1:30:05.5", "-0:10", "nan", None],
    "labels": ["a", "b", "c d", b"\xff", 1, 2.5, False, None, float("nan"), ""],
    "texts": [
        "the cat sat on the mat",
        "a dog ate the cat",
        "no",
        "?!",
        "我今天去了市场",
        "😀",
        None,
    ],
    "nothing": [None, float("nan"), "?", " ", np.datetime64("NaT", "D")],
    "no single values": [[1, 2], (1,), {"a": 1}, {1}, object(), 1j, np.zeros(2)],
}
CELLS["anything"] = [cell for cells in list(CELLS.values())[:-1] for cell in cells]


@st.composite
def raw_frames(draw, n_rows=24, n_new=6):
    """Draw rows of raw data and new rows, as frames of pandas or arrays of objects."""
    columns = []
    for kind in draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4)):
        cells = st.lists(
            st.sampled_from(CELLS[kind]), min_size=n_rows + n_new, max_size=n_rows + n_new
        )
        column = np.empty(n_rows + n_new, dtype=object)
        for i, cell in enumerate(draw(cells)):
            column[i] = cell
        columns.append(column)
    X = np.empty((n_rows + n_new, len(columns)), dtype=object)
    for i, column in enumerate(columns):
        X[:, i] = column
    if draw(st.booleans()):
        pd = pytest.importorskip("pandas")
        names = st.sampled_from(["a", "b", "id", "day", 1, 2.5, None])
        X = pd.DataFrame(X, columns=[draw(names) for _ in columns])
        if draw(st.booleans()):
            X = X.infer_objects()
    return X[:n_rows], X[n_rows:]
