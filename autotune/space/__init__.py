"""Search spaces: what a user writes, sampling, grids, encoding."""

from .._texts import short_repr
from ._dimensions import Choice, Dimension, Interval, Steps
from ._distributions import Distribution, Draws
from ._ordinal import Ordinal
from ._space import Feature, Grid, Space
from ._values import describe, is_number, plain, value_key

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
    "is_number",
    "plain",
    "short_repr",
    "value_key",
]
