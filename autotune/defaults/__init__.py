"""What is searched, and which model, when the user says neither."""

from ._columns import Column, read_columns
from ._compose import default_space, has_default_space
from ._model import default_model
from ._portfolio import MAX_POINTS, starting_points

__all__ = [
    "MAX_POINTS",
    "Column",
    "default_model",
    "default_space",
    "has_default_space",
    "read_columns",
    "starting_points",
]
