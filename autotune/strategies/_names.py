"""The names of the strategies."""

from __future__ import annotations

from typing import Any

from .._texts import short_repr
from ._auto import Auto
from ._bayes import Bayes
from ._contract import Strategy
from ._grid import Grid
from ._halving import Halving, Hyperband
from ._racing import Racing
from ._random import Random

STRATEGIES: dict[str, type[Strategy]] = {
    "grid": Grid,
    "random": Random,
    "bayes": Bayes,
    "racing": Racing,
    "halving": Halving,
    "hyperband": Hyperband,
    "auto": Auto,
}


def check_strategy(strategy: Any) -> Strategy:
    """Return the strategy for the user's name or object."""
    if isinstance(strategy, Strategy):
        return strategy
    names = ", ".join(repr(name) for name in STRATEGIES)
    rule = f"strategy must be one of {names}, or a strategy object such as Grid(points=3)"
    if not isinstance(strategy, str):
        raise TypeError(f"{rule}; got {short_repr(strategy)}")
    if strategy not in STRATEGIES:
        raise ValueError(f"{rule}; got {strategy!r}")
    return STRATEGIES[strategy]()
