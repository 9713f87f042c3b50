"""Search spaces: what a user writes, sampling, grids, encoding."""

from ._dimensions import Choice, Dimension, Interval
from ._distributions import Distribution, Draws
from ._space import Feature, Grid, Space
from ._values import describe

__all__ = [
    "Choice",
    "Dimension",
    "Distribution",
    "Draws",
    "Feature",
    "Grid",
    "Interval",
    "Space",
    "describe",
]
