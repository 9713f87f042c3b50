"""Search spaces: what is accepted, what is refused, sampling, grids, encoding, JSON."""

from __future__ import annotations

import ast
import json
import math
import os
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from skopt.space import Categorical, Integer, Real

import autotune.space
from autotune.space import Choice, Distribution, Draws, Feature, Interval, Space, span

quick = settings(deadline=None, max_examples=60)


class Ladder:
    """Draws powers of two."""

    def rvs(self, random_state=None):
        return 2 ** random_state.randint(1, 6)


class Layers:
    """Draws tuples."""

    def rvs(self, random_state):
        return tuple(random_state.randint(1, 4, size=2).tolist())


class Global:
    """Draws from Python's and numpy's global generators."""

    def rvs(self):
        return random.random() + np.random.rand()


class Fixed:
    """Draws what it was given."""

    def __init__(self, value):
        self.value = value

    def rvs(self, random_state=None):
        return self.value


class Hostile:
    """Raises whatever is asked of it."""

    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __repr__(self):
        raise RuntimeError("no repr")

    def __reduce_ex__(self, protocol):
        raise RuntimeError("no pickle")

    def get_params(self, deep=True):
        raise RuntimeError("no parameters")


def cyclic():
    """Return a list that contains itself."""
    result = [1]
    result.append(result)
    return result


def cyclic_dict():
    """Return a dict that contains itself, two levels down."""
    result = {}
    result["inner"] = [result]
    return result


def nested():
    """Return a list in a list in a list, and so on, too deep to be walked through."""
    result = []
    for _ in range(100_000):
        result = [result]
    return result


class NoLength(list):
    """A list that cannot say how long it is."""

    def __len__(self):
        raise ZeroDivisionError("no length")


class NoItems(Sequence):
    """A sequence that has no items, whatever it says."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        raise RuntimeError(f"no item {index}")


def one(spec):
    """Return the dimension that is made of one range."""
    return Space.parse({"p": spec}).subspaces[0]["p"]


SVC_ = SVC()
ARRAY = np.logspace(-1, 1, 3)

CHOICES = {
    "list": ([1, 10, 100], [1, 10, 100]),
    "list of one": (["rbf"], ["rbf"]),
    "list of anything": ([None, True, "a", 1, (1, 2), len, SVC_], None),
    "list of lists": ([[1, 2], [3]], None),
    "list of dicts": ([{"a": 1}, {"a": 2}], None),
    "range": (range(3), [0, 1, 2]),
    "array": (ARRAY, ARRAY.tolist()),
    "array of strings": (np.array(["a", "b"]), ["a", "b"]),
    "Series": (pd.Series([1, 2]), [1, 2]),
    "Index": (pd.Index(["a", "b"]), ["a", "b"]),
    "tuple of one": ((100,), [100]),
    "tuple of three numbers": ((50, 50, 50), [50, 50, 50]),
    "tuple of strings": (("relu", "tanh"), ["relu", "tanh"]),
    "tuple of bools": ((True, False), [True, False]),
    "tuple of number and None": ((5, None), [5, None]),
    "Categorical": (Categorical([(50, 50), (100,)]), [(50, 50), (100,)]),
    "string": ("rbf", ["rbf"]),
    "number": (3, [3]),
    "numpy number": (np.float64(0.5), [0.5]),
    "numpy numbers": (
        [np.float32(0.5), np.int8(3), np.True_, np.longdouble(2)],
        [0.5, 3, True, 2.0],
    ),
    "numpy numbers inside": ([(np.int64(5), 5), [np.float64(1)]], [(5, 5), [1.0]]),
    "array of no dimension": ([np.array(3)], [3]),
    "array of durations": (
        np.arange(2).astype("m8[D]"),
        [np.timedelta64(0, "D"), np.timedelta64(1, "D")],
    ),
    "longest list of a range": (range(0, 5000, 5), list(range(0, 5000, 5))),
    "NaN": (math.nan, [math.nan]),
    "bool": (False, [False]),
    "None": (None, [None]),
    "callable": (len, [len]),
    "class": (SVC, [SVC]),
    "estimator": (SVC_, [SVC_]),
    "pipeline": ((PIPELINE := make_pipeline(StandardScaler(), SVC())), [PIPELINE]),
    "forest": ((FOREST := RandomForestClassifier()), [FOREST]),
    "dict": ({"a": 1}, [{"a": 1}]),
}


@pytest.mark.parametrize(("spec", "values"), CHOICES.values(), ids=CHOICES)
def test_choices(spec, values):
    """Check that every form of choices keeps the very values it was given."""
    dimension = one(spec)
    assert isinstance(dimension, Choice)
    values = list(spec) if values is None else values
    assert len(dimension.values) == len(values)
    for kept, given_ in zip(dimension.values, values, strict=True):
        assert type(kept) is type(given_)
        assert kept is given_ or kept == given_


INTERVALS = {
    "ints": ((1, 100), (1, 100, False, True)),
    "numpy ints": ((np.int64(1), np.int32(9)), (1, 9, False, True)),
    "floats": ((0.1, 1.0), (0.1, 1.0, False, False)),
    "mixed": ((1, 10.0), (1.0, 10.0, False, False)),
    "numpy floats": ((np.float64(0.5), np.float32(2)), (0.5, 2.0, False, False)),
    "uniform": ((1, 100, "uniform"), (1, 100, False, True)),
    "log": ((1e-4, 0.1, "log-uniform"), (1e-4, 0.1, True, False)),
    "log ints": ((1, 100, "log-uniform"), (1, 100, True, True)),
    "with base": ((1e-6, 1e6, "log-uniform", 10), (1e-6, 1e6, True, False)),
    "Real": (Real(1, 10), (1.0, 10.0, False, False)),
    "Real log": (Real(0.1, 10, prior="log-uniform"), (0.1, 10.0, True, False)),
    "Integer": (Integer(1, 10), (1, 10, False, True)),
    "Integer log": (Integer(1, 10, "log-uniform"), (1, 10, True, True)),
}


@pytest.mark.parametrize(("spec", "expected"), INTERVALS.values(), ids=INTERVALS)
def test_intervals(spec, expected):
    """Check that every form of interval is read with its bounds, scale and type."""
    dimension = one(spec)
    assert isinstance(dimension, Interval)
    assert (dimension.low, dimension.high, dimension.log, dimension.integer) == expected
    assert type(dimension.low) is type(dimension.high) is (int if expected[3] else float)


DISTRIBUTIONS = {
    "uniform": (stats.uniform(1, 100), "float", 0),
    "unfrozen uniform": (stats.uniform, "float", 0),
    "loguniform": (stats.loguniform(1e-4, 1e-1), "float", 0),
    "reciprocal": (stats.reciprocal(1e-4, 1e-1), "float", 0),
    "shifted loguniform": (stats.loguniform(0.1, 10, loc=5), "float", 0),
    "scaled loguniform": (stats.loguniform(0.1, 10, 0, 3), "float", 0),
    "randint": (stats.randint(1, 10), "int", 9),
    "randint by name": (stats.randint(low=1, high=10), "int", 9),
    "randint of one": (stats.randint(3, 4), "int", 1),
    "norm": (stats.norm(0, 2), "float", 0),
    "expon": (stats.expon(scale=100), "float", 0),
    "beta": (stats.beta(2, 3), "float", 0),
    "binom": (stats.binom(5, 0.3), "int", 6),
    "poisson": (stats.poisson(3), "int", 0),
    "listed ints": (stats.rv_discrete(values=([1, 5, 9], [0.2, 0.3, 0.5])), "int", 3),
    "listed floats": (stats.rv_discrete(values=([0.1, 0.5], [0.4, 0.6]))(), "float", 2),
}


@pytest.mark.parametrize(("frozen", "kind", "n"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_distributions(frozen, kind, n):
    """Check that a frozen distribution draws native numbers that survive the encoding."""
    dimension = one(frozen)
    assert isinstance(dimension, Distribution)
    assert (dimension.kind, dimension.n, dimension.size) == (kind, n, n or math.inf)
    rng = np.random.RandomState(0)
    for value in [dimension.sample(rng) for _ in range(100)]:
        assert type(value) is (int if kind == "int" else float)
        assert value in dimension
        u = dimension.encode(value)
        assert 0 <= u <= 1
        assert dimension.decode(u) == pytest.approx(value, rel=1e-9, abs=1e-12)
    for u in (0.0, 1e-12, 0.3, 1.0):
        assert dimension.decode(u) in dimension
    grid = list(dimension.grid(7))
    assert len(set(grid)) == len(grid) > 0
    assert all(value in dimension for value in grid)


@pytest.mark.parametrize("name", ["uniform", "loguniform", "scaled loguniform", "randint"])
def test_closed_forms_are_scipys(name):
    """Check that the encoding of the common distributions agrees with scipy's cdf and ppf."""
    frozen = DISTRIBUTIONS[name][0]
    dimension = one(frozen)
    for u in np.linspace(0.01, 0.99, 23):
        assert dimension.decode(u) == pytest.approx(frozen.ppf(u))
        value = dimension.decode(u)
        middle = frozen.cdf(value) - (frozen.pmf(value) / 2 if name == "randint" else 0)
        assert dimension.encode(value) == pytest.approx(middle)


def test_distribution_contains():
    """Check that a distribution contains the numbers that it can draw and no others."""
    assert 1 in one(stats.uniform(0, 2))
    assert 2.1 not in one(stats.uniform(0, 2))
    assert 9 in one(stats.randint(1, 10))
    assert 10 not in one(stats.randint(1, 10))
    assert 3.0 not in one(stats.randint(1, 10))
    assert True not in one(stats.norm())
    assert math.inf not in one(stats.norm())
    assert 10**400 not in one(stats.norm())
    assert -1 not in one(stats.poisson(3))
    assert 2 not in one(stats.rv_discrete(values=([1, 5], [0.5, 0.5])))


RVS = {
    "ints": (Ladder(), "int", 0, {2, 4, 8, 16, 32}),
    "tuples": (Layers(), "choice", 9, {(a, b) for a in (1, 2, 3) for b in (1, 2, 3)}),
    "one value": (Fixed("x"), "choice", 1, {"x"}),
    "multivariate": (stats.multivariate_normal([0, 0]), "choice", 1000, None),
    "global": (Global(), "float", 0, None),
}


@pytest.mark.parametrize(("source", "kind", "n", "values"), RVS.values(), ids=RVS)
def test_rvs(source, kind, n, values):
    """Check that an object of which only rvs is known can be sampled, gridded and encoded."""
    dimension = one(source)
    assert isinstance(dimension, Draws)
    assert (dimension.kind, dimension.n, dimension.size) == (kind, n, math.inf)
    rng = np.random.RandomState(1)
    drawn = [dimension.sample(rng) for _ in range(50)]
    assert all(value in dimension and 0 <= dimension.encode(value) <= 1 for value in drawn)
    grid = dimension.grid(3)
    assert len(grid) == min(3, n or 3)
    if values is not None:
        assert set(drawn) <= values
        assert set(grid) <= values
        for value in drawn:
            assert dimension.decode(dimension.encode(value)) == value


def test_rvs_encodes_the_unseen_as_the_nearest():
    """Check that a value that was never drawn takes the place of the nearest draw."""
    ladder = one(Ladder())
    assert ladder.encode(15) == ladder.encode(16)
    assert ladder.encode(10**6) == ladder.encode(32)
    layers = one(Layers())
    assert layers.encode((3, 7)) in {layers.encode((3, i)) for i in (1, 2, 3)}


def test_rvs_without_random_state_is_reproducible():
    """Check that an rvs that draws from global generators is seeded, and they are put back."""
    random.seed(3)
    np.random.seed(4)
    expected = random.random(), np.random.rand()
    random.seed(3)
    np.random.seed(4)
    dimension = one(Global())
    first, second = (dimension.sample(np.random.RandomState(7)) for _ in range(2))
    assert first == second
    assert one(Global()).decode(0.3) == dimension.decode(0.3)
    assert (random.random(), np.random.rand()) == expected


def test_rvs_with_a_generator_of_its_own_is_not_advanced():
    """Check that the object a user passes keeps its state."""

    class Own:
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def rvs(self):
            return self.rng.random()

    source = Own()
    one(source).sample(np.random.RandomState(0))
    assert source.rvs() == Own().rvs()


BAD = {
    "string": ("auto", TypeError, "space must be a dict of parameter names and ranges"),
    "None": (None, TypeError, "space must be a dict of parameter names and ranges"),
    "no dict": ([], ValueError, "space must hold at least one dict, got an empty list"),
    "list of no dict": ([{}, 3], TypeError, "space[1] must be a dict, got 3"),
    "dict and count": ([({}, 3)], TypeError, "space[0] must be a dict, got ({}, 3)"),
    "name": ({1: [2]}, TypeError, "space must have strings as names, got 1"),
    "name in list": ([{}, {None: 1}], TypeError, "space[1] must have strings as names, got None"),
    "empty list": ({"C": []}, ValueError, "space['C'] must have at least one choice, got []"),
    "empty tuple": ({"C": ()}, ValueError, "space['C'] must have at least one choice, got ()"),
    "empty array": ({"C": np.array([])}, ValueError, "space['C'] must have at least one choice"),
    "empty in list": ([{}, {"C": []}], ValueError, "space[1]['C'] must have at least one choice"),
    "2-D": (
        {"C": np.eye(2)},
        ValueError,
        "space['C'] must be one-dimensional, not of shape (2, 2)",
    ),
    "0-D": ({"C": np.array(1)}, ValueError, "space['C'] must be one-dimensional, not of shape ()"),
    "frame": ({"C": pd.DataFrame({"a": [1]})}, ValueError, "space['C'] must be one-dimensional"),
    "set": ({"C": {1, 2}}, ValueError, "space['C'] must list its choices in a fixed order"),
    "iterator": ({"C": iter([1])}, ValueError, "space['C'] must be a list of choices, not an iter"),
    "inverted": (
        {"C": (10, 1)},
        ValueError,
        "space['C'] must be an interval (low, high) with low < high, got (10, 1); "
        "write (1, 10) for the interval, [10, 1] for two choices, [(10, 1)] for the tuple itself",
    ),
    "empty interval": (
        {"h": (50, 50)},
        ValueError,
        "space['h'] must be an interval (low, high) with low < high, got (50, 50); "
        "write [50] for a single value, [(50, 50)] for the tuple itself",
    ),
    "inverted logarithmic": (
        {"C": (1.0, 0.1, "log-uniform")},
        ValueError,
        "write (0.1, 1.0, 'log-uniform') for the interval, [1.0, 0.1] for two choices, ",
    ),
    "durations": (
        {"wait": (np.timedelta64(1, "D"), np.timedelta64(5, "D"))},
        ValueError,
        "space['wait'] must be an interval of numbers, not of times, got ",
    ),
    "dates": (
        {"day": (pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01"))},
        ValueError,
        "space['day'] must be an interval of numbers, not of times, got ",
    ),
    "list in itself": (
        {"a": cyclic()},
        ValueError,
        "space['a'] must not hold a list that contains",
    ),
    "dict in itself": (
        {"a": [1, cyclic_dict()]},
        ValueError,
        "space['a'] must not hold a list that contains itself, or is nested without end, got [1, {",
    ),
    "nested without end": ({"a": [nested()]}, ValueError, "space['a'] must not hold a list that"),
    "endless range": (
        {"n": range(10**30)},
        ValueError,
        "space['n'] must have integer bounds within +-2**53, got range(0, 1000",
    ),
    "huge array": (
        {"C": np.broadcast_to(np.float64(1), 10**12)},
        ValueError,
        "space['C'] must list at most 100000 choices, got ndarray of 1000000000000; write",
    ),
    "no length": (
        {"C": NoLength([1, 2])},
        ValueError,
        "space['C'] must list its choices; its NoLength raised ZeroDivisionError: no length",
    ),
    "no items": ({"C": NoItems()}, ValueError, "its NoItems raised RuntimeError: no item 0"),
    "numpy bounds": ({"C": (np.int64(2), np.int64(1))}, ValueError, "got (2, 1);"),
    "NaN": ({"C": (math.nan, 1)}, ValueError, "space['C'] must have finite bounds, got (nan, 1)"),
    "inf": ({"C": (0, math.inf)}, ValueError, "space['C'] must have finite bounds, got (0, inf)"),
    "width": ({"C": (-1e308, 1e308)}, ValueError, "space['C'] must have finite bounds"),
    "huge float": ({"C": (1.0, 10**400)}, ValueError, "space['C'] must have finite bounds"),
    "huge ints": ({"C": (1, 2**60)}, ValueError, "space['C'] must have integer bounds within"),
    "Real NaN": ({"C": Real(math.nan, 1)}, ValueError, "space['C'] must have finite bounds, got R"),
    "log of zero": (
        {"C": (0, 1, "log-uniform")},
        ValueError,
        "space['C'] must have low > 0, because a logarithmic range cannot go through zero, "
        "got (0, 1, 'log-uniform')",
    ),
    "log below zero": ({"C": (-1.0, 1, "log-uniform")}, ValueError, "space['C'] must have low > 0"),
    "prior": (
        {"C": (1, 2, "log")},
        ValueError,
        "space['C'] must end in \"uniform\" or \"log-uniform\", got (1, 2, 'log'); "
        "write [1, 2, 'log'] if these are choices",
    ),
    "tutorial": (
        {"alpha": stats.randint(0.0001, 0.001)},
        ValueError,
        "space['alpha'] must be a distribution that can draw a usable value: randint draws "
        "integers, and (0.0001, 0.001) is no range of integers; for alpha write "
        'loguniform(0.0001, 0.001) or (0.0001, 0.001, "log-uniform")',
    ),
    "randint of floats": (
        {"p": stats.randint(low=-0.5, high=0.5)},
        ValueError,
        "for p write uniform(-0.5, 1.0) or (-0.5, 0.5)",
    ),
    "inverted randint": (
        {"n": stats.randint(5, 2)},
        ValueError,
        "randint(5, 2) draws integers from low to high - 1, of which there are none",
    ),
    "scale": (
        {"C": stats.uniform(1, -3)},
        ValueError,
        "space['C'] must be a distribution that can draw a usable value, got uniform(1, -3), "
        "whose parameters are invalid; uniform(loc, scale) covers loc to loc + scale",
    ),
    "endless uniform": ({"C": stats.uniform(1, math.inf)}, ValueError, "got uniform(1, inf)"),
    "loguniform of zero": (
        {"C": stats.loguniform(0, 1)},
        ValueError,
        "got loguniform(0, 1), whose parameters are invalid",
    ),
    "NaN shape": (
        {"C": stats.norm(0, scale=math.nan)},
        ValueError,
        "got norm(0, scale=nan), whose",
    ),
    "unfrozen": ({"C": stats.loguniform}, ValueError, "with all its parameters, such as logunif"),
    "arrays": ({"C": stats.uniform([0, 1], 2)}, ValueError, "which draws arrays"),
    "new scipy": (
        {"C": stats.Normal()} if hasattr(stats, "Normal") else {"C": np.eye(2)},
        ValueError,
        "space['C'] must be",
    ),
    "drawn inf": (
        {"C": stats.lognorm(s=1, scale=1e308)},
        ValueError,
        "space['C'] must be a distribution of finite numbers, got lognorm(s=1, scale=1e+308), "
        "which draws NaN or infinity",
    ),
    "rvs of NaN": ({"C": Fixed(math.nan)}, ValueError, "space['C'] must be a distribution of fin"),
    "rvs that raises": (
        {"C": type("Broken", (), {"rvs": lambda self, random_state: 1 / 0})()},
        ValueError,
        "which raised ZeroDivisionError: division by zero",
    ),
}


@pytest.mark.parametrize(("spec", "error", "message"), BAD.values(), ids=BAD)
def test_bad_specs(spec, error, message):
    """Check that a bad space is refused with the place, the rule and the value."""
    with pytest.raises(error) as caught:
        Space.parse(spec)
    assert message in str(caught.value)


CLASSIC = {
    "svc grid": {"C": [1, 10, 100], "gamma": [0.001, 0.0001], "kernel": ["rbf"]},
    "svc random": {
        "C": stats.uniform(1, 100),
        "gamma": stats.uniform(0.0001, 0.1),
        "kernel": ["rbf"],
    },
    "svc bayes": {"C": (1, 100), "gamma": (0.0001, 0.1), "kernel": ["rbf"]},
    "mlp": {
        "hidden_layer_sizes": [(50, 50), (100,)],
        "activation": ["relu", "tanh"],
        "solver": ["adam", "sgd"],
    },
    "mlp alpha": {
        "hidden_layer_sizes": [(50, 50), (100,)],
        "solver": ["adam", "sgd"],
        "alpha": (0.0001, 0.001, "log-uniform"),
    },
    "union": [
        {"clf": [SVC()], "clf__C": (0.1, 10.0), "clf__class_weight": [None, "balanced"]},
        {"clf": [RandomForestClassifier()], "clf__max_features": ["sqrt", 1, 1.0, None]},
        {},
    ],
    "duplicates": {"a": [1, 1, True, 1.0], "b": [None, None]},
    "weights": {"a": Categorical(["x", (1, 2)], prior=[0.1, 0.9]), "b": stats.poisson(3)},
    "arrays": {"a": [np.array([1, 2]), np.array([1.0, 2.0])], "b": np.array([0.1, 0.2])},
    "rvs": [{"h": Layers()}, {"n": Ladder(), "g": Global()}],
}


@pytest.mark.parametrize("spec", CLASSIC.values(), ids=CLASSIC)
def test_classic_spaces(spec):
    """Check that the spaces of tutorials sample, grid, encode and travel through JSON."""
    space = Space.parse(spec)
    rng = np.random.RandomState(0)
    for params in [*(space.sample(rng) for _ in range(30)), *space.grid(3)]:
        assert params in space
        assert list(params) == sorted(params)
        back = space.from_json(json.loads(json.dumps(space.to_json(params))))
        assert space.key(back) == space.key(params)
        vector = space.encode(params)
        active = vector[~np.isnan(vector)]
        assert ((active >= 0) & (active <= 1)).all()
        assert space.decode(vector) in space


@pytest.mark.parametrize("spec", CLASSIC.values(), ids=CLASSIC)
def test_pickle(spec):
    """Check that a space that went through pickle is the same space."""
    space = Space.parse(spec)
    again = pickle.loads(pickle.dumps(space))
    assert again.fingerprint() == space.fingerprint()
    assert again.features == space.features
    params = space.sample(np.random.RandomState(0))
    assert space.key(params) == again.key(again.sample(np.random.RandomState(0)))


def test_parse_of_a_space():
    """Check that a space is taken as it is, and that a spec is not changed by parsing it."""
    spec = {"b": [1, 2], "a": (1, 2)}
    space = Space.parse(spec)
    assert Space.parse(space) is space
    assert spec == {"b": [1, 2], "a": (1, 2)}
    assert space.names == ("a", "b")
    assert list(space.subspaces[0]) == ["a", "b"]
    assert repr(space) == "Space({'a': (1, 2), 'b': [1, 2]})"


SIZES = {
    "empty": ({}, 1, True),
    "lists": ({"a": [1, 2], "b": [1, 1, 1]}, 6, True),
    "ints": ({"a": (1, 10), "b": stats.randint(0, 5)}, 50, True),
    "log ints": ({"a": (1, 10, "log-uniform")}, 10, False),
    "weights": ({"a": Categorical([1, 2], prior=[0.1, 0.9])}, 2, False),
    "binom": ({"a": stats.binom(5, 0.5)}, 6, False),
    "listed": ({"a": stats.rv_discrete(values=([1, 5], [0.5, 0.5]))}, 2, False),
    "union": ([{"a": [1, 2]}, {}, {"b": (0, 3)}], 7, True),
    "float": ({"a": (0.0, 1.0)}, math.inf, False),
    "huge and float": (
        {**{f"p{i}": (0, 2**52) for i in range(30)}, "z": (0.0, 1.0)},
        math.inf,
        False,
    ),
    "poisson": ({"a": stats.poisson(2)}, math.inf, False),
    "rvs": ({"a": Ladder()}, math.inf, False),
}


@pytest.mark.parametrize(("spec", "size", "uniform"), SIZES.values(), ids=SIZES)
def test_size(spec, size, uniform):
    """Check the number of configurations, and that the full grid has just as many."""
    space = Space.parse(spec)
    assert space.size == size
    assert space.uniform is uniform
    if math.isfinite(size):
        grid = space.grid(None)
        assert len(grid) == len(list(grid)) == size
        assert all(params in space for params in grid)
    else:
        with pytest.raises(ValueError, match="has no full grid"):
            space.grid(None)


GRIDS = {
    "float": ((0.0, 1.0), 5, [0.0, 0.25, 0.5, 0.75, 1.0]),
    "one point": ((0.0, 1.0), 1, [0.5]),
    "log": ((0.001, 1000.0, "log-uniform"), 3, [0.001, 1.0, 1000.0]),
    "ints": ((1, 101), 5, [1, 26, 51, 76, 101]),
    "few ints": ((1, 3), 5, [1, 2, 3]),
    "log ints": ((1, 1000, "log-uniform"), 4, [1, 10, 100, 1000]),
    "crowded log ints": ((1, 6, "log-uniform"), 5, [1, 2, 3, 4, 6]),
    "uniform": (stats.uniform(0, 10), 5, [1.0, 3.0, 5.0, 7.0, 9.0]),
    "randint": (stats.randint(0, 3), 5, [0, 1, 2]),
    "median": (stats.norm(3, 1), 1, [3.0]),
    "choices": (["a", "b", "c"], 2, ["a", "b", "c"]),
}


@pytest.mark.parametrize(("spec", "points", "expected"), GRIDS.values(), ids=GRIDS)
def test_grid_points(spec, points, expected):
    """Check into which points a range is cut."""
    values = [params["p"] for params in Space.parse({"p": spec}).grid(points)]
    assert [type(value) for value in values] == [type(value) for value in expected]
    if isinstance(expected[0], float):
        expected = pytest.approx(expected)
    assert values == expected


def test_grid_is_lazy():
    """Check that a grid of more configurations than fit in memory can be read at any place."""
    grid = Space.parse({"a": (0, 2**40), "b": (0, 2**40), "c": [0, 1]}).grid(None)
    assert grid.size == 2 * (2**40 + 1) ** 2
    assert grid[3] == {"a": 0, "b": 1, "c": 1}
    assert grid[-1] == {"a": 2**40, "b": 2**40, "c": 1}
    assert next(iter(grid)) == {"a": 0, "b": 0, "c": 0}
    with pytest.raises(IndexError, match="configurations, got index"):
        grid[grid.size]
    with pytest.raises(IndexError):
        grid[-grid.size - 1]


def test_grid_slices_and_bad_points():
    """Check that a slice is a list and that a grid has at least one point per range."""
    space = Space.parse({"a": (0, 9)})
    assert space.grid(None)[2:8:3] == [{"a": 2}, {"a": 5}]
    with pytest.raises(ValueError, match="points must be at least 1, or None for all, got 0"):
        space.grid(0)


@quick
@given(strategies.list_unions)
def test_grid_equals_parameter_grid(spec):
    """Check that order and content of a grid of lists are those of ParameterGrid."""
    expected = list(ParameterGrid(spec))
    grid = Space.parse(spec).grid()
    assert list(grid) == expected
    assert [grid[i] for i in range(len(grid))] == expected


@quick
@given(strategies.sampler_unions, st.integers(0, 2**32 - 1))
def test_sample_equals_parameter_sampler(spec, seed):
    """Check that drawing equals ParameterSampler's, draw for draw, where that one can draw."""
    space, rng = Space.parse(spec), np.random.RandomState(seed)
    drawn = [space.sample(rng) for _ in range(5)]
    assert drawn == list(ParameterSampler(spec, 5, random_state=np.random.RandomState(seed)))


@quick
@given(strategies.spaces, strategies.random_states)
def test_proposals_lie_in_the_space(space, rng):
    """Check that everything drawn and every point of a grid lies in the space."""
    for params in [space.sample(rng) for _ in range(5)]:
        assert params in space
        assert list(params) == sorted(params)
    grid = space.grid(3)
    for i in (0, len(grid) // 2, len(grid) - 1):
        assert grid[i] in space


@quick
@given(strategies.spaces, strategies.random_states)
def test_encode_round_trip(space, rng):
    """Check that decode undoes encode: exactly, or to 1e-9 of the range for floats."""
    for params in [space.sample(rng) for _ in range(5)]:
        vector = space.encode(params)
        assert vector.shape == (len(space.features),)
        back = space.decode(vector)
        assert back.keys() == params.keys()
        subspace = next(s for s in space.subspaces if params in Space([s]))
        for name, value in params.items():
            if subspace[name].kind == "float":
                assert back[name] == pytest.approx(value, rel=1e-9, abs=1e-9)
            else:
                assert subspace[name].key(back[name]) == subspace[name].key(value)


@quick
@given(strategies.spaces, st.data())
def test_decode_of_any_vector(space, data):
    """Check that every vector decodes to a configuration, even one of NaN or out of bounds."""
    elements = st.one_of(st.floats(0, 1), st.floats())
    vector = data.draw(hnp.arrays(float, len(space.features), elements=elements))
    params = space.decode(vector)
    assert params in space
    for value in params.values():
        assert not isinstance(value, np.generic) or any(
            value is choice for s in space.subspaces for d in s.values() for choice in d.choices
        )
    k = len(space.subspaces)
    middle_or_clipped = float(np.clip(np.nan_to_num(vector[0], nan=0.5), 0, 1)) if k > 1 else 0.0
    chosen = min(int(middle_or_clipped * k), k - 1)
    for i, feature in enumerate(space.features):
        if chosen not in feature.subspaces:
            vector[i] = math.nan  # a place that does not count
    assert space.key(space.decode(vector)) == space.key(params)


@quick
@given(strategies.spaces, strategies.random_states)
def test_json_round_trip(space, rng):
    """Check that a configuration survives json.dumps, values and types."""
    params = space.sample(rng)
    written = json.dumps(space.to_json(params), allow_nan=False)
    back = space.from_json(json.loads(written))
    assert list(back) == list(params)
    assert space.key(back) == space.key(params)


def test_to_json_is_readable():
    """Check the text: native values as themselves, others by index and repr."""
    space = Space.parse(
        [
            {"a": [(50, 50), None, math.nan], "b": (0.1, 1.0), "c": np.array([0.5, 1.5])},
            {"h": Layers(), "f": [SVC(C=2)]},
        ]
    )
    assert space.to_json({"a": None, "b": 0.1, "c": np.float64(1.5)}) == {
        "a": None,
        "b": 0.1,
        "c": {"choice": 1, "subspace": 0, "repr": "np.float64(1.5)"},
    }
    assert space.to_json({"a": math.nan, "b": 1, "c": 0.5})["a"]["choice"] == 2
    drawn = space.to_json({"h": (1, 9), "f": SVC(C=2)})
    assert drawn == {
        "f": {"choice": 0, "subspace": 1, "repr": "SVC(C=2)"},
        "h": {"tuple": [1, 9]},
    }
    assert space.from_json(drawn)["h"] == (1, 9)
    numbers = Space.parse({"a": (1, 9), "b": (0.1, 1.0)})
    written_numbers = numbers.to_json({"a": np.int64(2), "b": np.float64(0.5)})
    assert json.dumps(written_numbers) == '{"a": 2, "b": 0.5}'
    assert Space.parse({"a": ["x", (1, 2)]}).to_json({"a": (1, 2)}) == {
        "a": {"choice": 1, "repr": "(1, 2)"}
    }


def test_json_tells_subspaces_apart():
    """Check that an index is read in the sub-space in which it was written."""
    space = Space.parse([{"a": [(1,), (2,)]}, {"a": [(3,), (4,)]}])
    for params in space.grid():
        assert space.from_json(space.to_json(params)) == params


def test_json_of_what_cannot_be_written():
    """Check that a drawn object that JSON cannot hold is refused by name."""

    class Objects:
        def rvs(self, random_state):
            return SVC(C=random_state.rand())

    space = Space.parse({"clf": Objects()})
    params = space.sample(np.random.RandomState(99))
    with pytest.raises(ValueError, match=r"space\['clf'\] drew a value that JSON cannot hold"):
        space.to_json(params)


@pytest.mark.parametrize(
    "obj",
    [
        None,
        [],
        {},
        {"a": 1},
        {"a": 3, "b": (1, 2)},
        {"a": True, "b": {"choice": 0}},
        {"a": 1, "b": {"choice": 2}},
        {"a": 1, "b": {"choice": -1}},
        {"a": 1, "b": {"choice": True}},
        {"a": 1, "b": {"choice": "0"}},
        {"a": 1, "b": {"choice": 0, "subspace": 1}},
        {"a": 1, "b": {"other": 0}},
        {"a": {"choice": 0}, "b": {"choice": 0}},
        {"a": 1, "b": {"choice": 0}, "c": 1},
    ],
)
def test_from_json_refuses(obj):
    """Check that what does not fit the space is refused."""
    space = Space.parse({"a": (1, 2), "b": [(1, 2), (3, 4)]})
    assert space.from_json({"a": 1, "b": {"choice": 1}}) == {"a": 1, "b": (3, 4)}
    with pytest.raises(ValueError, match="obj must be a configuration of the space"):
        space.from_json(obj)


SEEDED = RandomForestClassifier(random_state=np.random.RandomState(1))

CONTAINS = {
    "int": ([1], 1, True),
    "bool is no int": ([1], True, False),
    "int is no bool": ([True], 1, False),
    "numpy bool": ([True], np.bool_(True), True),
    "float is no int": ([1], 1.0, False),
    "float in a list of integers": ([1, 10, 100], 1.0, False),
    "float in a mixed list": ([0.1, 1, 10], 1.0, True),
    "float in a mixed list with a symbol": (["sqrt", 1, 0.5], 1.0, True),
    "int in a list of floats": ([0.1, 1.0], 1, True),
    "numpy int in a list of floats": ([0.1, 1.0], np.int8(1), True),
    "int where both are listed": ([1, 1.0, 2.0], 2, False),
    "float where both are listed": ([1, 1.0, 2], 2.0, False),
    "bool in a list of floats": ([0.1, 1.0], True, False),
    "float in a list of floats and bools": ([True, 0.5], 1.0, False),
    "tuple of floats in a list of floats": ([(1, 2), 0.5], (1.0, 2.0), False),
    "numpy choice": (ARRAY, 1.0, True),
    "numpy value": ([1, 2], np.int64(2), True),
    "NaN": ([math.nan], math.nan, True),
    "tuple": ([(1, 2)], (1, 2), True),
    "list is no tuple": ([(1, 2)], [1, 2], False),
    "bool in tuple": ([(1, 2)], (True, 2), False),
    "array": ([np.array([1, 2])], np.array([1, 2]), True),
    "array of other type": ([np.array([1, 2])], np.array([1.0, 2.0]), False),
    "array of objects": ([np.array([1, "a"], object)], np.array([1, "a"], object), True),
    "dict": ([{"a": 1, "b": 2}], {"b": 2, "a": 1}, True),
    "clone": ([SVC(C=3)], clone(SVC(C=3)), True),
    "other parameters": ([SVC(C=3)], SVC(C=4), False),
    "clone of pipeline": ([PIPELINE], clone(PIPELINE), True),
    "clone with a state": ([SEEDED], clone(SEEDED), True),
    "int interval": ((1, 100), 100, True),
    "numpy int in interval": ((1, 100), np.int64(5), True),
    "float in int interval": ((1, 100), 1.0, False),
    "bool in interval": ((0, 1), True, False),
    "numpy bool in interval": ((0.0, 1.0), np.bool_(True), False),
    "below": ((1, 100), 0, False),
    "int in float interval": ((0.5, 2.0), 1, True),
    "string in interval": ((0.5, 2.0), "1", False),
    "NaN in interval": ((0.5, 2.0), math.nan, False),
    "upper end": ((0.5, 2.0), 2.0, True),
}


@pytest.mark.parametrize(("spec", "value", "expected"), CONTAINS.values(), ids=CONTAINS)
def test_contains(spec, value, expected):
    """Check what lies in a range and what does not."""
    assert ({"p": value} in Space.parse({"p": spec})) is expected


def test_contains_needs_exactly_the_names():
    """Check that a configuration has all names of one sub-space and no others."""
    space = Space.parse([{"a": [1], "b": [1]}, {"c": [1]}])
    assert {"c": 1} in space
    assert {"b": 1, "a": 1} in space
    for params in ({}, {"a": 1}, {"a": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}, [], None, 3, "a"):
        assert params not in space


LONG = {
    "step 1": (range(1, 10**9), [1, 10**9 - 1], [0, 10**9, 1.5, "a", True]),
    "downwards": (range(10**9, 0, -1), [1, 10**9], [0, 10**9 + 1]),
    "step 5": (range(0, 10**9, 5), [0, 5, 10**9 - 5], [1, 10**9, 5.0, None]),
    "negative step": (range(6000, -6000, -3), [6000, -5997, 0], [1, 6003, -6000]),
}


@pytest.mark.parametrize(("spec", "inside", "outside"), LONG.values(), ids=LONG)
def test_long_ranges(spec, inside, outside):
    """Check that a range too long to be listed is an interval of whole numbers."""
    dimension = one(spec)
    assert (dimension.kind, dimension.n, dimension.size) == ("int", len(spec), len(spec))
    assert [value in dimension for value in inside] == [True] * len(inside)
    assert [value in dimension for value in outside] == [False] * len(outside)
    rng = np.random.RandomState(0)
    for value in [*dimension.grid(7), *(dimension.sample(rng) for _ in range(200)), *inside]:
        assert type(value) is int
        assert value in spec
        assert dimension.decode(dimension.encode(value)) == value
    assert dimension.grid(2) == sorted([spec[0], spec[-1]])
    assert one(spec) == dimension
    assert one(spec[:-1]) != dimension


@pytest.mark.parametrize("spec", [*CLASSIC.values(), {"a": [1], "b": [Hostile()]}])
@pytest.mark.parametrize(
    "value",
    [
        np.eye(3),
        pd.DataFrame({"a": [1, 2]}),
        Hostile(),
        cyclic(),
        lambda: 0,
        np.longdouble(1),
        np.datetime64("2020-01-01"),
        10**400,
        -math.inf,
        1j,
        SVC(kernel=Hostile()),
        {Fixed: {1}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_contains_and_key_never_raise(spec, value):
    """Check that the strangest values are answered, not raised about."""
    space = Space.parse(spec)
    for subspace in space.subspaces:
        params = dict.fromkeys(subspace, value)
        assert (params in space) in (True, False)
        assert space.key(params) == space.key(dict(params))
        hash(space.key(params))


def test_key():
    """Check that configurations share a key exactly when they are the same."""
    space = Space.parse({"a": [1, 1.0, True, (1,), [1], None], "b": (0.5, 2.0)})
    keys = {space.key({"a": value, "b": 1.0}) for value in (1, 1.0, True, (1,), [1], None)}
    assert len(keys) == 6
    assert space.key({"a": 1, "b": 1}) == space.key({"b": 1.0, "a": np.int64(1)})
    assert space.key({"outside": [1]}) == space.key({"outside": [1]})
    assert space.key({"outside": [1]}) != space.key({"outside": [1.0]})


@given(
    st.lists(st.integers(-3, 3) | st.sampled_from([-2.0, 0.0, 0.5, 1.0, 3.0]), min_size=1),
    st.integers(-3, 3) | st.floats(-3, 3),
)
def test_numbers_of_a_list_are_of_one_kind(values, number):
    """Check when a list holds a number that it lists as an integer and not as a float, or so."""
    space = Space.parse({"p": values})
    listed = [value for value in values if value == number]
    exact = any(type(value) is type(number) for value in listed)
    has_float = any(type(value) is float for value in values)
    tells_apart = len(set(values)) < len({(type(value), value) for value in values})
    expected = exact or bool(listed and has_float and not tells_apart)
    assert ({"p": number} in space) is expected
    if expected and not exact:
        assert space.key({"p": number}) == space.key({"p": listed[0]})
        assert space.encode({"p": number}) == pytest.approx(space.encode({"p": listed[0]}))
        assert type(space.from_json(space.to_json({"p": number}))["p"]) is type(listed[0])


def test_features():
    """Check the layout: the sub-space first, equal ranges shared, constants left out."""
    space = Space.parse(
        [
            {"C": (1.0, 9.0), "kernel": "linear", "n": [1, 2, 2]},
            {"C": (1.0, 9.0), "gamma": (1, 5), "n": [1, 2]},
            {"C": (1.0, 8.0), "s": stats.norm(), "one": stats.randint(3, 4)},
        ]
    )
    assert space.features == (
        Feature("", "choice", 3, (0, 1, 2)),
        Feature("C", "float", 0, (0, 1)),
        Feature("C", "float", 0, (2,)),
        Feature("gamma", "int", 5, (1,)),
        Feature("n", "choice", 2, (0,)),
        Feature("n", "choice", 2, (1,)),
        Feature("s", "float", 0, (2,)),
    )
    vector = space.encode({"C": 5, "gamma": 3, "n": 1})
    np.testing.assert_allclose(vector, [0.5, 0.5, math.nan, 0.5, math.nan, 0.25, math.nan])
    assert space.decode(vector) == {"C": 5.0, "gamma": 3, "n": 1}
    assert space.decode([0.9, *[0.5] * 6])["one"] == 3


def test_encode_ends():
    """Check that the ends of [0, 1] are the ends of an interval, exactly."""
    for spec in ((0.1, 0.7), (1e-7, 0.3, "log-uniform"), (3, 17), (1, 10**9, "log-uniform")):
        dimension = one(spec)
        assert (dimension.decode(0.0), dimension.decode(1.0)) == spec[:2]
        assert (dimension.decode(-1.0), dimension.decode(2.0)) == spec[:2]


@pytest.mark.parametrize("spec", [(1, 300), (1, 300, "log-uniform"), (-7, 5)])
def test_every_integer_has_its_share(spec):
    """Check that all integers are reached, near 1 and n by their own share of [0, 1]."""
    dimension = one(spec)
    values = list(dimension.grid(None))
    assert [dimension.decode(dimension.encode(value)) for value in values] == values
    drawn = [dimension.decode(u) for u in np.linspace(0, 1, 100_001)]
    counts = np.bincount(np.array(drawn) - spec[0])
    expected = np.ones(len(values))
    if len(spec) == 3:
        expected = np.log((np.array(values) + 0.5) / (np.array(values) - 0.5))
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), rtol=0.1)


def test_sampling_of_weights_and_log():
    """Check that weights and a logarithmic scale shape what is drawn."""
    rng = np.random.RandomState(0)
    weighted = one(Categorical(["a", "b", "c"], prior=[0.2, 0.0, 0.8]))
    drawn = [weighted.sample(rng) for _ in range(2000)]
    assert drawn.count("a") / 2000 == pytest.approx(0.2, abs=0.05)
    assert "b" not in drawn
    log = one((1e-4, 1.0, "log-uniform"))
    assert np.median([log.sample(rng) for _ in range(2000)]) == pytest.approx(1e-2, rel=0.4)
    repeated = one(["a", "b", "b"])
    assert [repeated.sample(rng) for _ in range(2000)].count("b") > 1200


def test_errors_of_encode_decode_and_to_json():
    """Check that what lies outside the space, or has the wrong length, is refused."""
    space = Space.parse({"a": (1, 5)})
    with pytest.raises(ValueError, match="params must lie in the space"):
        space.encode({"a": 9})
    with pytest.raises(ValueError, match="params must lie in the space"):
        space.to_json({"a": 9})
    with pytest.raises(ValueError, match="vector must have 1 numbers, got 2"):
        space.decode([0.1, 0.2])


FINGERPRINT = """
from functools import partial
import numpy as np
from scipy import stats
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from autotune.space import Space

class Thing:
    def __init__(self):
        self.state = {"b": 1, "a": {"x", "y", "z"}}

class Drawn(Thing):
    def rvs(self, random_state):
        return random_state.rand()

text = Space.parse([
    {"a": [1, 1.0, True, None, "x", (1,), np.float64(0.1), frozenset(["p", "q", "r"])],
     "b": [len, np.mean, lambda x: x + 1, partial(max, 1), SVC, SVC(C=2), make_pipeline(SVC())],
     "c": [Thing(), {"k": [1]}, np.arange(5.0), np.array([1, "a"], object)]},
    {"d": (1, 9), "e": (0.1, 1.0, "log-uniform"), "f": stats.norm(0, scale=2), "g": Drawn()},
    {"h": stats.rv_discrete(values=([1, 5], [0.5, 0.5]))},
]).fingerprint()
"""


def test_fingerprint_is_the_same_in_every_process():
    """Check that a fingerprint depends on neither the hash seed nor memory addresses."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", FINGERPRINT + "print(text)"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    texts = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert texts[0] == texts[1]
    assert "0x" not in texts[0]
    assert "'d': (1, 9), 'e': (0.1, 1.0, \"log-uniform\"), 'f': norm(0, scale=2)" in texts[0]


def test_fingerprint_tells_spaces_apart():
    """Check that different spaces have different fingerprints."""
    specs = [
        {"a": [1]},
        {"a": [1.0]},
        {"a": [True]},
        {"a": [(1,)]},
        {"a": [[1]]},
        {"b": [1]},
        [{"a": [1]}, {}],
        {"a": (1, 2)},
        {"a": (1.0, 2.0)},
        {"a": (1, 2, "log-uniform")},
        {"a": stats.norm(1, 2)},
        {"a": stats.norm(1, 3)},
        {"a": [lambda x: x]},
        {"a": [lambda x: x + 1]},
        {"a": [lambda x: x + 2]},
        {"a": [SVC()]},
        {"a": [SVC(C=2)]},
        {"a": [np.array([1, 2])]},
        {"a": [np.array([1, 3])]},
        {"a": Categorical([1, 2], prior=[0.5, 0.5])},
        {"a": Categorical([1, 2], prior=[0.4, 0.6])},
        {"a": Fixed(1)},
        {"a": Fixed(2)},
        {"a": stats.rv_discrete(values=([1, 5], [0.5, 0.5]))},
        {"a": stats.rv_discrete(values=([1, 6], [0.5, 0.5]))},
    ]
    texts = [Space.parse(spec).fingerprint() for spec in specs]
    assert len(set(texts)) == len(texts)


def test_dimensions_are_values():
    """Check that dimensions are equal when they mean the same, and can be hashed."""
    assert one((1, 2)) == one((1, 2, "uniform"))
    assert one((1, 2)) != one([1, 2])
    assert one([1, 2]) != one([1, 2.0])
    assert one([SVC()]) == one([SVC()])
    assert one((1, 9)) == one(Integer(1, 9))
    assert one((1, 9)) != one((1.0, 9.0))
    assert one(stats.norm(1)) == one(stats.norm(1))
    assert one(Ladder()) == one(Ladder())
    assert one((1, 9)) != (1, 9)
    assert hash(one([1, 2])) == hash(one([1, 2]))
    assert repr(one((1, 9))) == "Interval((1, 9))"
    assert Space.parse({"p": one((1, 9))}).subspaces[0]["p"] == one((1, 9))


def test_import_is_light():
    """Check that the package imports numpy and the standard library, and nothing else."""
    allowed = {"numpy", *sys.stdlib_module_names}
    for path in Path(autotune.space.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported = {str(node.module).split(".")[0]}
            else:
                continue
            assert imported <= allowed, path.name


NEAREST = [
    # range, value, nearest; "none" without a notion of nearness
    ([32, 128], 200, 128),
    ([32, 128], 64, 32),  # the first among equals, by ratio
    ([1.0, 10.0], 1, 1.0),
    ([0.1, 1, 10], 1.0, 1),
    ([0.5, 1], 1.0, 1),
    ([-10, 0, 10], -4, 0),
    ([None, 5, 10], 7, 5),
    ([None, 5, 10], None, None),
    ([(32,), (128,), (100, 100)], (100,), (128,)),
    ([(32, 32), (100, 50)], (100, 100), (100, 50)),
    ([(1, 2), (1, 3)], (1, 1), (1, 2)),
    (["l1", "l2"], "elasticnet", "none"),
    ([True, False], 1, "none"),
    ([2, 5], True, "none"),
    ([2, 5], "auto", "none"),
    ([2, 5], math.nan, "none"),
    ([0, 2, 5], 10**400, 5),
    ([0, 2, 5], -(10**400), 0),
    ([2, 5], math.inf, 5),
    ([2, 5, math.inf], 9, 5),
    ((2, 9), 1, 2),
    ((2, 9), 3.6, 4),
    ((2, 9), math.inf, 9),
    ((2, 9), 10**400, 9),
    ((2, 9), None, "none"),
    ((0.5, 2.0), 1, 1),  # a float interval holds whole numbers
    ((0.5, 2.0), 7, 2.0),
    ((1e-3, 1e-1, "log-uniform"), 0.0, 1e-3),
    ((1e-3, 1e-1, "log-uniform"), "scale", "none"),
    ((1e-3, 1e-1, "log-uniform"), math.nan, "none"),
    (range(10, 100_000, 10), 5, 10),
    (range(10, 100_000, 10), 94, 90),
    (range(10, 100_000, 10), math.inf, 99_990),
    (stats.randint(1, 10), 30, 9),
    (stats.loguniform(0.1, 10), 30, 10.0),
    (stats.expon(), -1, 0.0),
    (stats.binom(5, 0.5), 7, 5),
    (stats.rv_discrete(values=([1, 5, 9], [0.2, 0.3, 0.5])), 6, 5),
    (Ladder(), 2.2, 2),
    (Layers(), "auto", "none"),
]


@pytest.mark.parametrize(("spec", "value", "expected"), NEAREST)
def test_the_nearest_value_of_a_range(spec, value, expected):
    """Check that a value is moved to the nearest one of a range, if anything tells which."""
    (dimension,) = Space.parse({"a": spec}).subspaces[0].values()
    nearest = dimension.nearest(value, "none")
    assert nearest == expected
    assert type(nearest) is type(expected)


@quick
@given(strategies.ranges, st.floats(allow_nan=False) | st.integers())
def test_a_number_is_moved_into_a_range_of_numbers(spec, number):
    """Check that any number has a nearest one in every range, unless it has no numbers."""
    (dimension,) = Space.parse({"a": spec}).subspaces[0].values()
    nearest = dimension.nearest(number, "none")
    assert nearest in dimension or (nearest == "none" and dimension.kind == "choice")


class Chosen:
    """Has the attributes of what skrub's ``choose_float`` and ``choose_int`` return."""

    def __init__(self, low, high, log=False, **more):
        self.low, self.high, self.log = low, high, log
        vars(self).update(more)

    def rvs(self, random_state=None):
        raise AssertionError("the range says it better than draws from it")


class ChosenFrom:
    """Has the attributes of what skrub's ``choose_from`` and ``choose_bool`` return."""

    def __init__(self, outcomes, names=None):
        self.outcomes, self.outcome_names = outcomes, names


class Categories:
    """Has the attributes of Optuna's ``CategoricalDistribution``."""

    def __init__(self, choices):
        self.choices = choices

    def to_internal_repr(self, choice):
        return self.choices.index(choice)


Foreign = type("Float", (), {"__module__": "flaml.tune.sample", "__repr__": lambda self: "<it>"})


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        (Chosen(1, 10, to_int=False), (1.0, 10.0)),
        (Chosen(1, 10, to_int=True), (1, 10)),
        (Chosen(1, 10), (1, 10)),
        (Chosen(0.1, 10, log=True, to_int=False), (0.1, 10.0, "log-uniform")),
        (Chosen(1, 100, log=True, to_int=True), (1, 100, "log-uniform")),
        (ChosenFrom(["a", None]), ["a", None]),
        (ChosenFrom([1, 10, 100], ["low", "mid", "high"]), [1, 10, 100]),
        (Chosen(1, 9, step=1), (1, 9)),
        (Chosen(1, 10, step=4), [1, 5, 9]),
        (Chosen(0, 10**6, step=10), range(0, 10**6 + 1, 10)),
        (Chosen(0.5, 2.1, step=0.5), [0.5, 1.0, 1.5, 2.0]),
        (Chosen(0.0, 1.0, step=1e-9), (0.0, 1.0)),
        (Chosen(0.1, 10.0, log=True, step=None), (0.1, 10.0, "log-uniform")),
        (Categories((1, 2, "x")), [1, 2, "x"]),
    ],
)
def test_ranges_of_other_libraries(spec, same):
    """Check that objects with the attributes of skrub's or Optuna's are what they say."""
    assert Space.parse({"p": spec}).fingerprint() == Space.parse({"p": same}).fingerprint()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Chosen(2, 1), "space['p'] must be an interval (low, high) with low < high, got <"),
        (Chosen(0, 1, log=True), "space['p'] must have low > 0, because a logarithmic range"),
        (ChosenFrom([]), "space['p'] must have at least one choice, got <"),
        (Foreign(), "space['p'] must be a range in the syntax of autotune, such as (0.001"),
        ({"a": 1}.keys(), "space['p'] must be a list of choices, not a view of a dict; got dict_k"),
    ],
)
def test_bad_ranges_of_other_libraries(spec, message):
    """Check that they are refused as other ranges are."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Space.parse({"p": spec})


# The space of known configurations


def test_span():
    """Check that numbers span intervals, and that what else differs makes sub-spaces."""
    configurations = [
        {"C": 0.1, "kernel": "rbf", "n": 3},
        {"C": 100.0, "kernel": "linear", "n": 3},
        {"C": "auto", "kernel": "rbf", "n": 9},
        {"degree": 2},
    ]
    space = span(configurations)
    C, kernel, n = Interval(0.1, 100.0, log=True), Choice(["rbf", "linear", "rbf"]), (3, 9)
    assert space.subspaces == (
        {"C": C, "kernel": kernel, "n": Interval(*n, integer=True)},
        {"C": Choice(["auto"]), "kernel": kernel, "n": Interval(*n, integer=True)},
        {"degree": Choice([2])},
    )
    assert all(params in space for params in configurations)
    assert span([]).names == ()
