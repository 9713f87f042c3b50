"""Low fidelity: fewer training rows, or a smaller value of an integer parameter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..compat import to_numpy


def count_rows(fidelity: float, n_rows: int) -> int:
    """Return the number of training rows out of ``n_rows`` for a fidelity."""
    return min(n_rows, max(1, math.ceil(fidelity * n_rows - 1e-9)))  # 3 / 7 * 7 may exceed 3


def count_units(fidelity: float, amount: int) -> int:
    """Return the value that a fidelity gives to a parameter that is ``amount`` at full."""
    return max(1, round(fidelity * amount))


def take_rows(train: np.ndarray, order: np.ndarray, fidelity: float) -> np.ndarray:
    """Return the training rows of a fidelity, in their own order: a series stays a series."""
    return np.asarray(train)[np.sort(order[: count_rows(fidelity, len(train))])]


def nested_order(labels: np.ndarray | None, n_rows: int, seed: int) -> np.ndarray:
    """Return a random order of rows whose every beginning is a fair sample.

    With labels, shape (n_rows,), each beginning has one row of every class as soon as it is
    long enough, and beyond that the classes in proportion.
    """
    rng = np.random.RandomState(seed)
    if labels is None:
        return rng.permutation(n_rows)
    codes = _encode(labels)
    shuffled = rng.permutation(n_rows)
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    sizes = np.bincount(codes)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    share = (np.arange(n_rows) - starts) / np.repeat(sizes, sizes)  # of its class, before a row
    # By share, then at random. Sorts of what is sorted in long runs are much faster than lexsort.
    order = np.argsort(share, kind="stable")
    place = np.concatenate([[0], np.cumsum(np.diff(share[order]) > 0)])
    drawn = rng.random_sample(n_rows)[order]
    return by_class[order[np.argsort(place + drawn, kind="stable")]]


def class_labels(y: Any) -> np.ndarray | None:
    """Return the target as one column of labels, or None if it is none."""
    labels = to_numpy(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return labels if y is not None and labels.ndim == 1 else None


def count_classes(y: Any) -> int:
    """Return the number of classes of a target; 0 if it is no column of labels."""
    labels = class_labels(y)
    return 0 if labels is None else int(_encode(labels).max()) + 1


def _encode(labels: np.ndarray) -> np.ndarray:
    """Return each label as the number of its class."""
    if labels.dtype.kind != "O":
        return np.unique(labels, return_inverse=True)[1].reshape(-1)
    numbers: dict[Any, int] = {}  # objects need not have an order
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels.tolist()])
