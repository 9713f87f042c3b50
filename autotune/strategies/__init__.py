"""WHAT A USER NAMES: each strategy is a searcher and a scheduler."""

from ._strategies import (
    ROWS,
    Auto,
    Bayes,
    Grid,
    Halving,
    Hyperband,
    Racing,
    Random,
    Strategy,
    check_strategy,
)

__all__ = [
    "ROWS",
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
