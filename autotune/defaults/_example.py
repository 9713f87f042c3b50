"""An example of a search space, for models without a built-in one."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ..compat import declares, refusal

_LENGTH = 3
# Numbers that are no matter of tuning and would make a poor example.
_NOT_TUNED = {
    *("n_jobs", "nthread", "num_threads", "thread_count"),
    *("random_state", "random_seed", "seed", "verbose", "verbosity"),
    *("cache_size", "copy_X", "cv", "n_splits", "tol", "warm_start"),
}
# What the data may not allow, though the default suits them.
_NO_LESS, _NO_MORE = {"radius"}, {"n_components", "nu"}


def example_space(estimator: Any) -> dict[str, Any]:
    """Return a space over a few of the estimator's parameters, {} if none is a number or switch.

    What lies deepest comes first: a pipeline's example is about its models.
    """
    own = estimator.get_params(deep=True)
    ranges: dict[str, Any] = {}
    switches: dict[str, Any] = {}
    for name in sorted(own, key=lambda name: name.count("__"), reverse=True):
        path, _, short = name.rpartition("__")
        value = own[name]
        if short in _NOT_TUNED:
            continue
        if isinstance(value, bool):
            switches[name] = [True, False]
        elif isinstance(value, int | float | np.number) and 0 < value < np.inf:
            found = _range_around(value, own.get(path, estimator), short)
            ranges.update({name: found} if found else {})
    return dict(list((ranges or switches).items())[:_LENGTH])


def _range_around(value: Any, owner: Any, name: str) -> tuple[Any, ...] | None:
    """Return a range around a positive number that its owner accepts, None if there is none."""
    lows: list[Any]
    highs: list[Any]
    scale: tuple[str, ...] = ()
    if isinstance(value, Integral):
        value = int(value)
        lows, highs = [max(1, value // 2)], [value * 2]
    else:
        value, scale = float(f"{value:.3g}"), ("log-uniform",)
        half_way = float(f"{(value + 1) / 2:.3g}")
        lows = [float(f"{value / 10:.3g}"), 1.0, half_way]
        highs = [float(f"{value * 10:.3g}"), 1.0, half_way]
    lows = [low for low in lows if low < value and name not in _NO_LESS]
    highs = [high for high in highs if high > value and name not in _NO_MORE]
    low, high = (_first_accepted([*ends, value], value, owner, name) for ends in (lows, highs))
    return (low, high, *scale) if low < high else None


def _first_accepted(ends: list[Any], value: Any, owner: Any, name: str) -> Any:
    """Return the first end of a range around a value that a parameter accepts.

    Where the owner does not declare what it accepts, a number up to 1 may be a share and stays
    one, and a larger one stays larger.
    """
    if declares(owner, name):
        return next((end for end in ends if refusal(owner, name, end) is None), value)
    return next(end for end in ends if (end <= 1) == (value <= 1))
