"""What is searched, and which model, when the user says neither."""

from ._compose import default_space, has_default_space
from ._model import default_model
from ._portfolio import MAX_POINTS, starting_points

__all__ = [
    "MAX_POINTS",
    "default_model",
    "default_space",
    "has_default_space",
    "starting_points",
]
