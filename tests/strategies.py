"""The one home of hypothesis strategies."""

from __future__ import annotations

import numpy as np
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

ranges = st.one_of(choice_lists, intervals(), distributions)

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
