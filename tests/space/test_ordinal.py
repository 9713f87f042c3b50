"""Lists of numbers, which have an order."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC
from skopt.space import Categorical, Integer
from strategies import number_lists, seeds

from autotune.defaults import starting_points
from autotune.search import COMPLETE, BayesSearcher, Evaluation, GPSearcher, History
from autotune.search import _bayes as skopt_search
from autotune.search._acquisition import Maximiser, mutate
from autotune.search._embedding import Embedding
from autotune.space import Choice, Ordinal, Space

quick = settings(deadline=None, max_examples=50)


def one(spec):
    """Return the dimension of a single parameter."""
    return Space.parse({"a": spec}).subspaces[0]["a"]


def search(searcher, loss, n_trials):
    """Return the history of a search for the smallest loss."""
    history = History(1)
    while len(history) < n_trials and (params := searcher.ask(history)) is not None:
        trial = history.add(params, searcher.name)
        history.set_status(trial, COMPLETE)
        history.record(Evaluation(trial.number, 0, scores={"score": -loss(params)}))
    return history


def bowl(params):
    """Return a loss that is zero at a = 10 ** 1.3, b = 10 ** -1.7."""
    return (math.log10(params["a"]) - 1.3) ** 2 + (math.log10(params["b"]) + 1.7) ** 2


# Which lists


@pytest.mark.parametrize(
    "spec",
    [
        [1, 10, 100],
        [100, 1, 10],
        [0.1, 1, 10],
        (1, 2, 3),
        range(4),
        np.arange(1, 100),
        np.logspace(-3, 3, 7, dtype=np.float32),
        [1, 1, 2, 3],
        [0, 0.1, math.inf],
        [-math.inf, 0, math.inf],
        [2**53, 2**53 + 1, 2**53 + 2],
        [-1e308, 0.0, 1e308],
        [5e-324, 1e-310, 1.0],
    ],
)
def test_lists_of_numbers(spec):
    """Check that three numbers or more are one ordered feature, in ascending order."""
    dimension = one(spec)
    assert isinstance(dimension, Ordinal)
    assert list(dimension.numbers) == sorted(set(spec))
    assert (dimension.kind, dimension.symbols) == ("ordinal", ())
    assert dimension.places[[0, -1]].tolist() == [0.0, 1.0]
    assert (np.diff(dimension.places) > 0).all()


@pytest.mark.parametrize(
    "spec",
    [
        [1, 10],
        [32, 128, 32],
        [True, False],
        [True, False, 1, 2],
        [None, 1, 5],
        ["sqrt", 0.5, 1.0],
        [1, 1.0, 2],
        [1, 1.0, 2, 3],
        [math.nan, 1, 2],
        [10**400, 1, 2],
        [(1,), (2,), (3,)],
        ["1", "2", "3"],
        Categorical([1, 10, 100]),
        Categorical([1, 10, 100], prior=[0.2, 0.3, 0.5]),
    ],
)
def test_lists_without_order(spec):
    """Check that two numbers, equal ones, other values and categories stay plain choices."""
    dimension = one(spec)
    assert type(dimension) is Choice
    assert dimension.kind == "choice"


@pytest.mark.parametrize(
    ("spec", "places"),
    [
        ([1, 10, 100], [0, 0.5, 1]),
        ([1000, 1, 10, 100], [0, 1 / 3, 2 / 3, 1]),
        ([1, 2, 5, 10], [0, math.log10(2), math.log10(5), 1]),
        ([1, 2, 3], [0, 0.5, 1]),
        ([10, 20, 40, 50], [0, 0.25, 0.75, 1]),
        (range(1, 100), np.linspace(0, 1, 99)),
        ([0, 0.001, 0.01, 0.1, 1], [0, 0.25, 0.5, 0.75, 1]),
        ([-5, 0, 1, 1000], [0, 1 / 3, 2 / 3, 1]),
        ([0.1, 1, math.inf], [0, 0.5, 1]),
    ],
)
def test_places(spec, places):
    """Check that numbers lie on the scale on which they are even, or at their ranks."""
    np.testing.assert_allclose(one(spec).places, places)


@pytest.mark.parametrize(
    ("spec", "number", "nearest"),
    [
        ([1, 10, 100], 30, 10),
        ([1, 10, 100], 32.0, 100),
        ([1, 10, 100], -3.5, 1),
        ([1, 10, 100], 10.0, 10),
        ([1, 10, 100], 1e300, 100),
        ([1, 2, 3], 2.5, 2),
        ([1, 2, 3], 2.51, 3),
        ([0, 0.001, 0.01, 0.1], 0.004, 0.001),
        ([0.1, 1, math.inf], 500.0, 1),
        ([0.1, 1, math.inf], math.inf, math.inf),
        ([None, 5, 20, 10, "x"], 16, 20),
    ],
)
def test_nearest(spec, number, nearest):
    """Check that the nearest number is that on the list's own scale."""
    found = one(spec).nearest(number, None)
    assert (found, type(found)) == (nearest, type(nearest))


@pytest.mark.parametrize("value", [None, "sqrt", float("nan"), (1, 2)])
def test_nearest_to_what_is_no_number(value):
    """Check that nothing is near to what is no number, unless the list holds it."""
    assert one([1, 2, 3]).nearest(value, "nothing") == "nothing"
    assert one([1, 2, 3, "sqrt"]).nearest("sqrt", "nothing") == "sqrt"


@quick
@given(values=number_lists, seed=seeds)
def test_any_list(values, seed):
    """Check that any list is drawn, cut, written and told apart as plain choices are."""
    space, plain = Space.parse({"a": values}), Space([{"a": Choice(one(values).values)}])
    dimension = space.subspaces[0]["a"]
    assert space.fingerprint() == plain.fingerprint()
    assert space.size == plain.size
    drawn = [s.sample(np.random.RandomState(seed)) for s in (space, plain)]
    assert repr(drawn[0]) == repr(drawn[1])
    assert repr(list(space.grid(None))) == repr(list(ParameterGrid({"a": list(dimension.values)})))
    units = [dimension.encode(value) for value in dimension.numbers]
    assert units == sorted(units)
    for params in space.grid(None):
        assert repr(space.decode(space.encode(params))) == repr(params)
        assert space.key(params) == plain.key(params)
        written = json.loads(json.dumps(space.to_json(params)))
        assert written == json.loads(json.dumps(plain.to_json(params)))
        assert repr(space.from_json(written)) == repr(params)


@quick
@given(values=number_lists, number=st.floats(allow_nan=False) | st.integers(-(10**30), 10**30))
def test_nearest_of_any_list(values, number):
    """Check that the nearest number of any list is one of the two that a number lies between."""
    numbers = one(values).numbers
    nearest = one(values).nearest(number, None)
    assert nearest in numbers
    assert not any(min(nearest, number) < other < max(nearest, number) for other in numbers)


# The model


def test_columns():
    """Check that a list is one column in which numbers are as far apart as on their scale."""
    values = [100, 1, 10]
    space = Space.parse({"a": values, "b": ["x", "y", "z"]})
    embedding = Embedding(space)
    assert embedding.groups.tolist() == [0, 1, 1, 1]
    points = embedding(np.array([space.encode({"a": a, "b": "x"}) for a in values]))
    assert points[:, 0].tolist() == [1.0, 0.0, 0.5]


def test_columns_of_symbols():
    """Check that symbols have columns beside that of the numbers, and are in its middle."""
    space = Space.parse({"a": [None, 1, "auto", 2, 3]})
    points = Embedding(space)(np.array([space.encode({"a": a}) for a in (1, 2, 3, None, "auto")]))
    hot = math.sqrt(0.5)
    np.testing.assert_allclose(
        points, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [0.5, hot, 0], [0.5, 0, hot]]
    )


def test_conditional_lists():
    """Check that an absent list is in the middle, and an equal one is shared by sub-spaces."""
    steps = [1, 10, 100, 1000]
    space = Space.parse([{"k": ["r"], "C": steps, "g": [1, 2, 3, None]}, {"k": ["l"], "C": steps}])
    assert [(f.name, f.kind, f.n) for f in space.features] == [
        ("", "choice", 2),
        ("C", "ordinal", 4),
        ("g", "choice", 4),
    ]
    point = Embedding(space)(space.encode({"k": "l", "C": 10})[None])[0]
    np.testing.assert_allclose(point, [1, 1 / 3, 0.5, math.sqrt(0.5) / 4])


@quick
@given(values=number_lists, seed=seeds)
def test_snapping(values, seed):
    """Check that snapping gives, to the bit, what encoding the decoded value gives."""
    space = Space.parse({"a": values})
    units = np.append(np.random.RandomState(seed).random_sample(20), [0.0, 1.0])[:, None]
    expected = [space.encode(space.decode(unit)) for unit in units]
    np.testing.assert_array_equal(Embedding(space).snap(units), expected)


@pytest.mark.parametrize("n", [3, 10, 1000])
def test_steps_reach_neighbours(n):
    """Check that even the smallest step of the local search can reach adjacent numbers."""
    space = Space.parse({"a": list(range(n))})
    embedding, rng = Embedding(space), np.random.RandomState(0)
    start = np.repeat(space.encode({"a": n // 2})[None], 400, axis=0)
    moved = embedding.snap(mutate(start, embedding, min(Maximiser.step_sizes) / 100, rng))
    steps = np.round((moved - start)[:, 0] * n).astype(int)
    assert {-1, 0, 1} <= set(steps)
    assert np.abs(steps).max() <= 5
    assert (steps != 0).mean() > 0.3


@pytest.mark.parametrize("make", [GPSearcher, BayesSearcher])
def test_proposals_do_not_depend_on_the_order_of_the_list(make):
    """Check that a shuffled list gives the same proposals."""
    values = np.logspace(-3, 3, 21)
    shuffled = np.random.RandomState(0).permutation(values)
    tried = [
        [trial.params for trial in search(make(Space.parse(space), 3, 12), bowl, 12)]
        for space in ({"a": values, "b": values}, {"a": shuffled, "b": shuffled})
    ]
    assert tried[0] == tried[1]


def best_losses(space, n_trials=30):
    """Return the smallest loss that each of some seeds finds in the bowl."""
    return [
        min(-history.score(trial) for trial in history)
        for history in (
            search(GPSearcher(Space.parse(space), seed, n_trials), bowl, n_trials)
            for seed in range(5)
        )
    ]


def test_a_fine_list_is_as_good_as_an_interval():
    """Check that the same range is searched as well as a list as it is as an interval."""
    interval = best_losses(dict.fromkeys("ab", (0.001, 1000.0, "log-uniform")))
    for n in (61, 601):
        listed = best_losses({name: np.logspace(-3, 3, n).tolist() for name in "ab"})
        assert np.median(listed) <= np.median(interval) + 1e-3


def test_lists_of_a_union():
    """Check that lists of numbers keep their order where only one sub-space has them."""
    steps = np.logspace(-4, 2, 61)
    union = [{"k": ["rbf"], "C": steps, "gamma": steps}, {"k": ["linear"], "C": steps}]

    def loss(params):
        """Return a loss that is zero at C = 1, gamma = 0.01 with the kernel that has it."""
        other = math.log10(params["gamma"]) + 2 if params["k"] == "rbf" else 1.0
        return math.log10(params["C"]) ** 2 + other**2

    found = []
    for seed in range(5):
        history = search(GPSearcher(Space.parse(union), seed, 30), loss, 30)
        found.append(min(loss(trial.params) for trial in history))
    assert np.median(found) <= 0.02


def test_symbols_among_numbers():
    """Check that numbers keep their order, and a symbol its chance, in a mixed list."""
    for best in (None, 63):

        def loss(params, best=best):
            """Return a loss that is zero at one symbol or number."""
            if params["a"] is None or best is None:
                return float(params["a"] is not best)
            return ((params["a"] - best) / 100) ** 2

        spec = {"a": [None, *range(100)], "b": (0.0, 1.0)}
        histories = [search(GPSearcher(Space.parse(spec), seed, 30), loss, 30) for seed in range(5)]
        found = [min(loss(trial.params) for trial in history) for history in histories]
        assert np.median(found) <= 1e-4


def test_cost_does_not_depend_on_the_length():
    """Check that the model's columns are as many for a long list as for a short one."""
    sizes = {}
    for n in (3, 50_000):
        space = Space.parse({"a": np.linspace(1, 2, n), "b": [*range(n), None, "x"]})
        embedding = Embedding(space)
        sizes[n] = len(embedding.groups), embedding(np.full((2, 2), 0.3)).shape
    assert sizes == {3: (4, (2, 4)), 50_000: (4, (2, 4))}


def test_dimension_of_scikit_optimize():
    """Check that scikit-optimize gets the ranks of a list as integers."""
    space = Space.parse({"a": [10, 1, 100, 1000], "b": [1, 2, 3, None], "c": (0.0, 1.0)})
    found = [skopt_search._dimension(feature) for feature in space.features]
    assert found[0] == Integer(0, 3)
    assert isinstance(found[1], Categorical)
    searcher = BayesSearcher(space, 0)
    history = History(1)
    for a, b in itertools.product([10, 1, 100, 1000], [3, None]):
        trial = history.add({"a": a, "b": b, "c": 0.25}, "bayes")
        assert searcher._decode(searcher._point(trial)) == trial.params


# Starting points


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 5, 50, 500], [5, 50]),
        ([500, 50, 5], [5, 50]),
        ([20, 30, 40], [20, 40]),
        ([0.01, 0.1, 10.0], [10.0, 10.0]),
    ],
)
def test_starting_points_move_to_the_nearest(values, expected):
    """Check that the entries for C = 10 and 68.7, gamma = 0.0007 take the nearest numbers."""
    space = Space.parse({"C": values, "gamma": ["scale", 1e-4, 1e-3, 1e-2]})
    found = starting_points(SVC(), space)
    assert [point["C"] for point in found] == expected
    assert [point["gamma"] for point in found] == ["scale", 1e-3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2, 4, 8], []),  # counts, where the entries have shares
        ([0.2, 0.5, 0.9], [0.5]),
        ([0.2, 0.55, 3, 5], [0.55]),
        ([1, 0.45, "sqrt", 0.55, 0.65], [0.55, 0.45]),
    ],
)
def test_shares_are_no_counts(values, expected):
    """Check that an entry with a share is not moved to a count of features."""
    space = Space.parse({"max_features": values})
    found = [point["max_features"] for point in starting_points(RandomForestClassifier(), space)]
    assert found == expected


def test_own_value_moves_to_the_nearest():
    """Check that a parameter without an entry is as near as can be to the model's own value."""
    spec = {"C": [0.01, 0.3, 9], "max_iter": [1000, 30, 300], "verbose": [0, 5]}
    spec["intercept_scaling"] = [None, 7, 8, 9]
    found = starting_points(LogisticRegression(intercept_scaling="other"), Space.parse(spec))
    assert [point["C"] for point in found] == [9, 0.3]
    assert {(p["max_iter"], p["verbose"]) for p in found} == {(300, 0)}
    assert len({p["intercept_scaling"] for p in found}) == 2  # nothing is near to "other"
