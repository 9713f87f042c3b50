"""Spaces with room beyond their bounds."""

from __future__ import annotations

import pytest
import strategies
from hypothesis import given, settings

from autotune.space import Space, enclose, ends_of, movable_ends, move_ends, widen

LOG = "log-uniform"


def anything(subspace, name, value):
    """Accept every value."""
    return True


@pytest.mark.parametrize(
    ("own", "wide"),
    [
        ((10.0, 20.0), (5.0, 25.0)),
        ((2.0, 20.0), (1.0, 29.0)),
        ((-20.0, -2.0), (-29.0, -1.0)),
        ((0.0, 0.5), (0.0, 0.75)),
        ((0.5, 1.0), (0.25, 1.0)),
        ((0.1, 10.0, LOG), (0.01, 100.0, LOG)),
        ((0.1, 1000.0, LOG), (0.001, 100000.0, LOG)),
        ((2, 10), (1, 14)),
        ((1, 10), (1, 15)),
        ((3, 300, LOG), (1, 3000, LOG)),
    ],
)
def test_room(own, wide):
    """Check where the ends of an interval move to."""
    (dimension,) = widen(Space.parse({"x": own}), anything).subspaces[0].values()
    assert (dimension.low, dimension.high) == pytest.approx(wide[:2])
    assert dimension.log == (len(own) == 3)
    assert dimension.integer == isinstance(own[0], int)


def test_ends_that_a_model_refuses_stay():
    """Check that each end is asked about, and that choices are as they were."""
    space = Space.parse({"x": (2.0, 4.0), "y": ["a", "b"]})
    wide = widen(space, lambda subspace, name, value: value < 4.0)
    assert wide.fingerprint() == Space.parse({"x": (1.0, 4.0), "y": ["a", "b"]}).fingerprint()
    assert movable_ends(space, wide) == {("x", "low")}


def test_ends_of_a_configuration():
    """Check which ends a configuration lies on, and that only these move."""
    space = Space.parse({"n": (1, 100), "x": (2.0, 4.0)})
    wide = widen(space, anything)
    assert ends_of(space, {"n": 100, "x": 3.0}) == {("n", "high")}
    assert ends_of(space, {"n": 50, "x": 2.05}) == {("x", "low")}
    assert ends_of(space, {"n": 50, "x": 3.95}) == {("x", "high")}
    moved = move_ends(space, wide, [("x", "high")])
    assert {"n": 100, "x": 5.0} in moved
    assert {"n": 101, "x": 5.0} not in moved
    assert {"n": 100, "x": 1.9} not in moved


def test_enclosing_space():
    """Check that the ends beyond which configurations lie have moved, and no others."""
    space = Space.parse([{"kind": ["a"], "x": (2.0, 4.0)}, {"kind": ["b"], "x": ["none", "all"]}])
    wide = widen(space, anything)
    inside = [{"kind": "a", "x": 2.0}, {"kind": "b", "x": "all"}]
    assert enclose(space, wide, inside) is space
    enclosing = enclose(space, wide, [*inside, {"kind": "a", "x": 4.5}])
    assert {"kind": "a", "x": 5.0} in enclosing
    assert {"kind": "a", "x": 1.5} not in enclosing


@given(space=strategies.spaces)
@settings(deadline=None, max_examples=30)
def test_any_space_can_be_widened(space):
    """Check that a wider space holds what the space holds, under the same names."""
    wide = widen(space, anything)
    assert wide.names == space.names
    for subspace, wider in zip(space.subspaces, wide.subspaces, strict=True):
        for name, dimension in subspace.items():
            low, high = getattr(dimension, "low", 0), getattr(dimension, "high", 0)
            assert getattr(wider[name], "low", 0) <= low <= high <= getattr(wider[name], "high", 0)
