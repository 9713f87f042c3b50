"""Search spaces: what a user writes, sampling, grids, encoding."""

from ._dimensions import Choice, Dimension, Interval, Steps
from ._distributions import Distribution, Draws
from ._space import Feature, Grid, Space
from ._values import describe, is_number, plain, short_repr, value_key

__all__ = [
    "Choice",
    "Dimension",
    "Distribution",
    "Draws",
    "Feature",
    "Grid",
    "Interval",
    "Space",
    "Steps",
    "describe",
    "is_number",
    "plain",
    "short_repr",
    "value_key",
]
