"""The share of a function's variance due to each variable and each pair of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_THIN = 1e-12  # the width of a box between cuts that rounding has made one

Boxes = tuple[np.ndarray, np.ndarray, np.ndarray]  # lower and upper corners, values


def shares_of_variance(
    forest: Sequence[Boxes], pairs: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the functional ANOVA of a forest over the unit cube.

    A tree is constant in boxes, so that its marginals are known exactly: the mean over all
    other variables is a weighted sum over the leaves [1]_. The shares of all variables, pairs
    and larger groups add up to one.

    Parameters
    ----------
    forest : sequence of Boxes
        The ``leaves`` of each tree.
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
    shares = [_of_tree(*boxes, pairs) for boxes in forest]
    n_variables = forest[0][0].shape[1]
    varying = [share for share in shares if share is not None]
    mean = np.mean(varying, axis=0) if varying else np.zeros(n_variables + len(pairs))
    return mean[:n_variables], mean[n_variables:]


def _of_tree(
    low: np.ndarray, high: np.ndarray, values: np.ndarray, pairs: Sequence[tuple[int, int]]
) -> np.ndarray | None:
    """Return the shares of all variables, then of pairs, in one tree; None if it is constant."""
    widths = np.maximum(high - low, _THIN)
    volumes = widths.prod(axis=1)
    weights = volumes * (values - volumes @ values)
    variance = weights**2 @ (1 / volumes)
    if variance <= 0:
        return None
    n_variables = low.shape[1]
    cells = [_cells(low[:, j], high[:, j]) for j in range(n_variables)]
    shares = np.zeros(n_variables + len(pairs))
    for j, (sizes, covers) in enumerate(cells):
        shares[j] = sizes @ ((weights / widths[:, j]) @ covers) ** 2
    for place, (i, j) in enumerate(pairs, n_variables):
        (sizes_i, covers_i), (sizes_j, covers_j) = cells[i], cells[j]
        scaled = weights / (widths[:, i] * widths[:, j])
        marginal = (covers_i * scaled[:, None]).T @ covers_j
        together = sizes_i @ marginal**2 @ sizes_j
        shares[place] = max(together - shares[i] - shares[j], 0.0)
    return shares / variance


def leaves(tree: Any, n_variables: int) -> Boxes:
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
