"""Greedy selection of an ensemble from predictions."""

from __future__ import annotations

import numpy as np
import pytest

from autotune.ensembles import select_greedily


def score_of(target):
    """Return the negative squared distance to a target."""
    return lambda values: -float(np.square(values - target).sum())


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        ([[0.0, 0.0], [1.0, 1.0]], {1: 1.0}),
        ([[2.0, 0.0], [0.0, 2.0], [9.0, 9.0]], {0: 0.5, 1: 0.5}),
        ([[1.5, 1.5], [1.5, 1.5], [0.0, 0.0]], {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}),
        ([[np.nan, np.nan], [3.0, 3.0]], {1: 1.0}),
    ],
)
def test_greedy_selection(rows, weights):
    """Check the weights of hand-made predictions of a target of ones."""
    found = select_greedily([np.array(row) for row in rows], score_of(np.ones(2)))
    assert found == pytest.approx(weights)
