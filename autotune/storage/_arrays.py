"""Conversion between arrays and what the storage file has of them."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from zlib import error as ZlibError

import numpy as np

from ._fields import FIELDS, FieldError


def to_bytes(arrays: dict[str, Any]) -> bytes:
    """Return arrays with their names, compressed; nothing is pickled."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def to_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays that bytes hold: the rows, and as many responses to each method.

    Raises
    ------
    FieldError
        If they make no sense.
    """
    arrays = {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, ZlibError):
        pass  # nothing in it is better than half of it
    rows = arrays.get("rows")
    if rows is None or len(arrays) < 2 or any(len(each) != len(rows) for each in arrays.values()):
        rule = FIELDS["predictions"]["arrays"].rule
        raise FieldError("predictions.arrays", rule, content)
    return arrays
