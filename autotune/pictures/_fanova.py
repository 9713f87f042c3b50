"""How much of a function's variance is due to each of its variables, and to pairs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def shares_of_variance(
    trees: Sequence[Any], n_variables: int, pairs: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the functional ANOVA of a forest over the unit cube.

    A tree is constant in boxes, so that its marginals are known exactly: the mean over all
    other variables is a weighted sum over the leaves [1]_. The shares of all variables, pairs
    and larger groups add up to one.

    Parameters
    ----------
    trees : sequence of sklearn.tree.DecisionTreeRegressor
        Fitted on points of the unit cube, shape (n, n_variables).
    n_variables : int
    pairs : sequence of (int, int)
        Whose interaction is wanted.

    Returns
    -------
    single : ndarray of shape (n_variables,)
        The share of each variable alone, a mean over the trees that vary.
    joint : ndarray of shape (n_pairs,)
        What each pair adds to the shares of its members.

    References
    ----------
    .. [1] F. Hutter, H. Hoos and K. Leyton-Brown, "An efficient approach for assessing
       hyperparameter importance", ICML (2014), algorithm 2.
    """
    single, joint, n_varying = np.zeros(n_variables), np.zeros(len(pairs)), 0
    for tree in trees:
        low, high, values = leaves(tree, n_variables)
        widths = high - low
        volumes = widths.prod(axis=1)
        mean = volumes @ values
        variance = volumes @ (values - mean) ** 2
        if variance <= 0:
            continue
        n_varying += 1
        parts = [_cells(low[:, j], high[:, j]) for j in range(n_variables)]
        weights = volumes * (values - mean)
        alone = np.zeros(n_variables)
        for j, (sizes, covers) in enumerate(parts):
            alone[j] = sizes @ ((weights / widths[:, j]) @ covers) ** 2
        single += alone / variance
        for place, (i, j) in enumerate(pairs):
            (rows, over_rows), (columns, over_columns) = parts[i], parts[j]
            scaled = over_rows * (weights / (widths[:, i] * widths[:, j]))[:, None]
            together = rows @ (scaled.T @ over_columns) ** 2 @ columns
            joint[place] += max(together - alone[i] - alone[j], 0.0) / variance
    n_varying = max(n_varying, 1)
    return single / n_varying, joint / n_varying


def leaves(tree: Any, n_variables: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the boxes of a tree's leaves within the unit cube, and the values there."""
    nodes = tree.tree_
    low = np.zeros((nodes.node_count, n_variables))
    high = np.ones((nodes.node_count, n_variables))
    for node in range(nodes.node_count):  # parents come before their children
        left, right = nodes.children_left[node], nodes.children_right[node]
        if left < 0:
            continue
        variable = nodes.feature[node]
        low[[left, right]], high[[left, right]] = low[node], high[node]
        cut = np.clip(nodes.threshold[node], low[node, variable], high[node, variable])
        high[left, variable] = low[right, variable] = cut
    is_leaf = nodes.children_left < 0
    return low[is_leaf], high[is_leaf], nodes.value[is_leaf, 0, 0]


def _cells(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the widths of the cells between all bounds, and which leaf covers which cell."""
    bounds = np.unique([low, high])
    middles = (bounds[1:] + bounds[:-1]) / 2
    covers = (low[:, None] < middles) & (middles < high[:, None])
    return np.diff(bounds), covers.astype(float)
