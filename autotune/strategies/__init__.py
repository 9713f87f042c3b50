"""The strategies that users name: each combines a searcher and a scheduler."""

from ._auto import Auto
from ._bayes import Bayes
from ._contract import ROWS, Strategy
from ._grid import Grid
from ._halving import Halving, Hyperband
from ._names import STRATEGIES, check_strategy
from ._racing import Racing
from ._random import Random

__all__ = [
    "ROWS",
    "STRATEGIES",
    "Auto",
    "Bayes",
    "Grid",
    "Halving",
    "Hyperband",
    "Racing",
    "Random",
    "Strategy",
    "check_strategy",
]
