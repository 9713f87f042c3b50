"""What is searched, and which model, when the user says neither."""

from ._compose import default_space, has_default_space
from ._model import default_model

__all__ = ["default_model", "default_space", "has_default_space"]
