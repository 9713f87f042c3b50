"""The default model, built-in search spaces and starting points."""

from ._columns import CATEGORY, DATE, DURATION, NUMBER, TEXT, Column, date_columns, read_columns
from ._compose import auto_space, default_space, has_default_space
from ._encoders import (
    ColumnNamer,
    DateEncoder,
    LabelReader,
    NumberReader,
    NumberScaler,
)
from ._families import default_models
from ._meanings import StepInput
from ._model import default_model
from ._portfolio import MAX_POINTS, moved_default, starting_points
from ._registry import register_space
from ._texts import TermReducer, TextEncoder

__all__ = [
    "CATEGORY",
    "DATE",
    "DURATION",
    "MAX_POINTS",
    "NUMBER",
    "TEXT",
    "Column",
    "ColumnNamer",
    "DateEncoder",
    "LabelReader",
    "NumberReader",
    "NumberScaler",
    "StepInput",
    "TermReducer",
    "TextEncoder",
    "auto_space",
    "date_columns",
    "default_model",
    "default_models",
    "default_space",
    "has_default_space",
    "moved_default",
    "read_columns",
    "register_space",
    "starting_points",
]
