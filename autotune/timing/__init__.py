"""Every rule about seconds: the clock, how fits grow, what a search can afford."""

from ._clock import Clock
from ._first_model import FirstModel, Fitted
from ._fit_time import FASTEST, Growth
from ._fold_subset import (
    LEAST_TRIALS,
    FewerFolds,
    compare_as_far_as_known,
    is_open,
    warn_of_default,
)
from ._reserve import Reserve, longest_fit, searched_share
from ._subsample import Scale, SharedOut, measure

__all__ = [
    "FASTEST",
    "LEAST_TRIALS",
    "Clock",
    "FewerFolds",
    "FirstModel",
    "Fitted",
    "Growth",
    "Reserve",
    "Scale",
    "SharedOut",
    "compare_as_far_as_known",
    "is_open",
    "longest_fit",
    "measure",
    "searched_share",
    "warn_of_default",
]
