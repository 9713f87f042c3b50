"""Search spaces: parsing, sampling, grids, encoding."""

from .._texts import short_repr
from ._dimensions import Choice, Dimension, Interval, Steps
from ._distributions import Distribution, Draws
from ._ordinal import Ordinal
from ._sameness import describe, digest, value_key
from ._space import Feature, Grid, Space
from ._span import span
from ._values import is_estimator, is_number, plain
from ._widening import enclose, ends_of, movable_ends, move_ends, widen

__all__ = [
    "Choice",
    "Dimension",
    "Distribution",
    "Draws",
    "Feature",
    "Grid",
    "Interval",
    "Ordinal",
    "Space",
    "Steps",
    "describe",
    "digest",
    "enclose",
    "ends_of",
    "is_estimator",
    "is_number",
    "movable_ends",
    "move_ends",
    "plain",
    "short_repr",
    "span",
    "value_key",
    "widen",
]
