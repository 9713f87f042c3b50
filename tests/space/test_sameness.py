"""When two values are the same: as a configuration, and in content."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from autotune.space import describe, digest, value_key


def step(**params):
    return StandardScaler().set_params(**params)


def adder(n):
    return lambda x: x + n


def recursive():
    def count(n):
        return n and count(n - 1)

    return count


def cut(array):
    """Return an array with gaps that holds what another one does."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def requesting(**requests):
    with config_context(enable_metadata_routing=True):
        return LogisticRegression().set_fit_request(**requests)


class Rows(np.ndarray):
    pass


class Thing:
    def __init__(self, state):
        self.state = state


CUBE = np.arange(8.0).reshape(2, 2, 2)
FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
SPARSE = sparse.csr_matrix(np.diag([1.0, 2.0]))

# What is the same under both rules, and what differs under both.
SAME = {
    "estimators": (step(), step()),
    "nested": ({"a": [step(), (None, "x")]}, {"a": [step(), (None, "x")]}),
    "pipelines": (make_pipeline(step()), clone(make_pipeline(step()))),
    "nan": (float("nan"), float("nan")),
    "sets": ({"b", "a"}, {"a", "b"}),
    "sets in objects": (Thing({"b", "a", (1,)}), Thing({"a", "b", (1,)})),
    "arrays": (np.arange(3), np.arange(3)),
    "array with gaps": (CUBE, cut(CUBE)),
    "times": (np.zeros(2, "M8[s]"), np.zeros(2, "M8[s]")),
    "empty arrays": (np.zeros((0, 2)), np.zeros((0, 2))),
    "records": (np.zeros(2, [("a", "f4")]), np.zeros(2, [("a", "f4")])),
    "objects": (np.array([None, "a"], object), np.array([None, "a"], object)),
    "frames": (FRAME, FRAME.copy()),
    "series": (FRAME["b"], FRAME["b"].copy()),
    "sparse": (SPARSE, SPARSE.copy()),
    "seeds": (np.random.RandomState(0), np.random.RandomState(0)),
    "ufuncs": (np.log1p, np.log1p),
    "functions": (adder(1), adder(1)),
    "partial": (partial(max, 1), partial(max, 1)),
    "distributions": (stats.norm(1), stats.norm(1)),
    "modules": (Thing(np), Thing(np)),
}
DIFFERENT = {
    "parameters": (step(), step(with_mean=False)),
    "classes": (StandardScaler(), MinMaxScaler()),
    "output": (step(), step().set_output(transform="pandas")),
    "numbers": (1, 1.0),
    "bools": (1, True),
    "texts": ("a", b"a"),
    "containers": ([1], (1,)),
    "array types": (np.arange(3), np.arange(3.0)),
    "array content": (CUBE, CUBE.transpose(1, 0, 2)),
    "array shapes": (CUBE, CUBE.ravel()),
    "array classes": (CUBE, CUBE.view(Rows)),
    "masks": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    "frames": (FRAME, FRAME.rename(columns={"a": "c"})),
    "sparse": (SPARSE, 2 * SPARSE),
    "sparse formats": (SPARSE, SPARSE.tocsc()),
    "dicts of keys": (SPARSE.todok(), (2 * SPARSE).todok()),
    "seeds": (np.random.RandomState(0), np.random.RandomState(1)),
    "functions": (lambda x: x + 1, lambda x: x + 2),
    "closures": (adder(1), adder(2)),
    "defaults": (lambda x=1: x, lambda x=2: x),
    "distributions": (stats.norm(1), stats.norm(2)),
    "objects": (Thing([1]), Thing([2])),
}
# What no model tells apart, and yet is not the same content.
ALIKE = {
    "zeros": (0.0, -0.0),
    "numpy's numbers": (np.float64(1), 1.0),
    "orders": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "parameters": (step(with_mean=np.True_), step(with_mean=True)),
}
UNKNOWN = [(i for i in range(3)), [recursive()], step(copy=(i for i in range(3)))]


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_the_same(pair):
    """Check that what is the same has equal keys, digests and texts."""
    first, second = pair
    assert value_key(first) == value_key(second)
    assert hash(value_key(first)) == hash(value_key(second))
    assert digest(first) == digest(second) is not None
    assert describe(first) == describe(second)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different(pair):
    """Check that what a model can tell apart has other keys, digests and texts."""
    first, second = pair
    assert value_key(first) != value_key(second)
    assert digest(first) != digest(second)
    assert describe(first) != describe(second)


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_alike(pair):
    """Check that content is the stricter rule."""
    first, second = pair
    assert value_key(first) == value_key(second)
    assert digest(first) != digest(second)


@pytest.mark.parametrize("value", UNKNOWN, ids=["generator", "recursion", "parameter"])
def test_unknown_content(value):
    """Check that what pickle cannot write has no digest, and is only itself."""
    assert digest(value) is None
    assert value_key(value) == value_key(value)
    assert describe(value) == describe(value)


def test_metadata_requests():
    """Check that what an estimator asks for is a part of it."""
    first, second = requesting(sample_weight=True), requesting(sample_weight=True)
    other = requesting(sample_weight=False)
    for rule in (value_key, describe):
        assert rule(first) == rule(second) == rule(clone(first)) != rule(other)


def test_only_itself():
    """Check that two values of which nothing is known are never the same."""
    assert value_key(i for i in ()) != value_key(i for i in ())


@pytest.mark.parametrize("value", [CUBE, FRAME[["a"]], SPARSE], ids=["array", "frame", "sparse"])
def test_notes_do_not_count(value):
    """Check that a digest does not see what a container notes for itself, or who may write."""
    before = digest(value)
    copied = pickle.loads(pickle.dumps(value))
    if sparse.issparse(copied):
        assert copied.has_canonical_format is not None  # which it notes
    if isinstance(copied, pd.DataFrame):
        copied.insert(1, "new", [0, 0])
        del copied["new"]
    if isinstance(copied, np.ndarray):
        copied.flags.writeable = False
    assert digest(copied) == before


def test_memory_map(tmp_path):
    """Check that an array in a file is the array."""
    np.save(tmp_path / "cube.npy", CUBE)
    mapped = np.load(tmp_path / "cube.npy", mmap_mode="r")
    assert digest(mapped) == digest(CUBE)
    assert digest(mapped.T) == digest(CUBE.T) != digest(CUBE)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.frozensets(st.text())
    ),
    max_leaves=5,
)


@given(VALUES, VALUES)
def test_rules_agree(first, second):
    """Check that copies are the same, and that the same content is the same configuration."""
    copied = pickle.loads(pickle.dumps(first))
    assert value_key(copied) == value_key(first)
    assert digest(copied) == digest(first)
    assert describe(copied) == describe(first)
    if digest(first) == digest(second) or describe(first) == describe(second):
        assert value_key(first) == value_key(second)


DIGESTS = """
import test_sameness as t
print([t.describe(v) + " " + str(t.digest(v)) for pair in t.SAME.values() for v in pair])
"""


@pytest.mark.slow
def test_every_process_agrees():
    """Check that digests and texts depend on neither the hash seed nor memory addresses."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}" + DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert "None" not in runs[0].stdout.replace("=None", "").replace("(None", "")
