"""The ``param_`` columns of ``cv_results_``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.ma import MaskedArray


def param_columns(configurations: list[dict[str, Any]]) -> dict[str, MaskedArray]:
    """Return one masked array per parameter; masked where a configuration lacks it."""
    names = dict.fromkeys(name for params in configurations for name in params)
    return {f"param_{name}": _param_column(name, configurations) for name in names}


def _param_column(name: str, configurations: list[dict[str, Any]]) -> MaskedArray:
    """Return one parameter's values, as numbers where all of them are."""
    rows = [row for row, params in enumerate(configurations) if name in params]
    values = [configurations[row][name] for row in rows]
    column = MaskedArray(np.empty(len(configurations), dtype=_dtype(values)), mask=True)
    for row, value in zip(rows, values, strict=True):
        column[row] = value
    return column


def _dtype(values: list[Any]) -> np.dtype:
    """Return the common type of numbers and booleans, else object."""
    try:
        array = np.array(values)
    except ValueError:  # sequences of different lengths
        return np.dtype(object)
    if array.ndim != 1 or array.dtype.kind == "U":
        return np.dtype(object)
    return array.dtype
