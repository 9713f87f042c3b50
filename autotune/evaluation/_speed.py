"""How long a fitted model takes to predict."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..compat import num_samples, safe_split

MOST_TIMED = 1000  # rows; enough for the cost of a call not to count


def predict_seconds(
    model: Any, X: Any, rows: np.ndarray | None = None, columns: np.ndarray | None = None
) -> float:
    """Return the seconds per row that a model takes to predict a few rows, the least of two times.

    ``columns`` are those of a kernel matrix.
    """
    everything = np.arange(num_samples(X))
    rows = (everything if rows is None else rows)[:MOST_TIMED]
    few, _ = safe_split(model, X, None, rows, everything if columns is None else columns)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        model.predict(few)
        times.append(time.perf_counter() - start)
    return min(times) / len(rows)
