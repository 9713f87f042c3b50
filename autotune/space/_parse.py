"""Parsing and validation of the ranges that users write.

Every message begins with the location (``space['C']``) and has the rule and the value.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np

from .._texts import short_repr
from ._dimensions import Choice, Dimension, Interval, Steps
from ._distributions import Distribution, Draws
from ._ordinal import Ordinal, is_ordered
from ._values import is_endless, is_number, native, plain

_PRIORS = ("uniform", "log-uniform")
_LARGEST = 2**53  # beyond it a float cannot tell neighbouring integers apart
_TIMES = (np.timedelta64, np.datetime64, timedelta, date)
_LONG = 1000  # numbers of a range up to which it is a list of choices
_MOST = 100_000  # choices that a list may have


def parse_space(spec: Any) -> list[dict[str, Dimension]]:
    """Turn a dict, or a list of dicts, into sub-spaces with sorted names."""
    if isinstance(spec, Mapping):
        return [_parse_dict("space", spec)]
    if not isinstance(spec, list | tuple):
        raise TypeError(
            "space must be a dict of parameter names and ranges, or a list of such dicts, "
            f"got {short_repr(spec)}"
        )
    if not spec:
        raise ValueError("space must hold at least one dict, got an empty list")
    for i, item in enumerate(spec):
        if not isinstance(item, Mapping):
            raise TypeError(f"space[{i}] must be a dict, got {short_repr(item)}")
    if len(spec) == 1:
        return [_parse_dict("space[0]", spec[0])]
    return [_parse_dict(f"space[{i}]", item) for i, item in enumerate(spec)]


def _parse_dict(where: str, spec: Mapping[Any, Any]) -> dict[str, Dimension]:
    """Turn one dict into dimensions, sorted by name."""
    for name in spec:
        if not isinstance(name, str):
            raise TypeError(f"{where} must have strings as names, got {short_repr(name)}")
    return {name: parse_range(f"{where}[{name!r}]", spec[name], name) for name in sorted(spec)}


def parse_range(where: str, spec: Any, name: str = "") -> Dimension:
    """Turn what a user wrote for one parameter into a dimension."""
    if isinstance(spec, Dimension):
        return spec
    if isinstance(spec, str | bytes | bytearray | type):
        return _choice(where, [spec], spec)
    skopt = _parse_skopt(where, spec)
    if skopt is not None:
        return skopt
    if isinstance(spec, tuple):
        return _parse_tuple(where, spec)
    if all(hasattr(spec, name) for name in ("low", "high", "log")) and not _is_sequence(spec):
        # skrub's choose_float and choose_int, and their like
        integer = getattr(spec, "to_int", None)
        return _interval(where, spec, spec.low, spec.high, bool(spec.log), integer)
    if hasattr(spec, "outcomes") and hasattr(spec, "outcome_names"):  # skrub's choose_from
        return _choice(where, list(spec.outcomes), spec)
    _refuse_unordered(where, spec)
    if isinstance(spec, range) and spec[_LONG:]:
        return _long_range(where, spec)
    if _is_sequence(spec):
        return _choice(where, _read(where, spec), spec)
    if hasattr(spec, "rvs"):
        return _parse_rvs(where, spec, name)
    return _choice(where, [spec], spec)


def _long_range(where: str, spec: range) -> Dimension:
    """Return a long range as an interval."""
    ascending = spec if spec.step > 0 else spec[::-1]
    interval = _interval(where, spec, ascending[0], ascending[-1])
    return interval if ascending.step == 1 else Steps(ascending)


def _read(where: str, spec: Any) -> list[Any]:
    """Return the choices that a sequence lists."""
    try:
        n_choices = len(spec)
        choices = list(spec) if n_choices <= _MOST else []
    except Exception as error:  # of a user's class
        raise ValueError(
            f"{where} must list its choices; its {type(spec).__name__} raised "
            f"{type(error).__name__}: {error}"
        ) from error
    if n_choices > _MOST:
        raise ValueError(
            f"{where} must list at most {_MOST} choices, got {type(spec).__name__} of {n_choices}; "
            "write (low, high) for an interval"
        )
    return choices


def _is_sequence(spec: Any) -> bool:
    """Return whether something is a one-dimensional sequence: list, range, array, Series."""
    if isinstance(spec, Sequence):
        return True
    # Pipelines and ensembles have a length and items too, but are no arrays.
    return hasattr(spec, "__array__") and hasattr(spec, "__len__") and not np.isscalar(spec)


def _refuse_unordered(where: str, spec: Any) -> None:
    """Refuse what looks like choices but has no order, no end or too many dimensions."""
    if isinstance(spec, set | frozenset):
        rule = "must list its choices in a fixed order, as a list; a set has none"
    elif isinstance(spec, Iterator):
        rule = "must be a list of choices, not an iterator that can be read only once"
    elif hasattr(spec, "__array__") and not np.isscalar(spec) and np.ndim(spec) != 1:
        rule = f"must be one-dimensional, not of shape {np.shape(spec)}"
    elif type(spec).__module__.startswith("scipy.stats") and not hasattr(spec, "rvs"):
        rule = "must be a distribution with rvs, such as scipy.stats.loguniform(0.001, 1)"
    else:
        return
    raise ValueError(f"{where} {rule}; got {short_repr(spec)}")


def _choice(where: str, values: Sequence[Any], spec: Any) -> Choice:
    """Return choices; several numbers among them have an order."""
    choices = _checked(where, values, spec)
    return Ordinal(choices) if is_ordered(choices) else Choice(choices)


def _checked(where: str, values: Sequence[Any], spec: Any) -> list[Any]:
    """Return choices, of which there must be at least one, with Python's numbers."""
    if len(values) == 0:
        raise ValueError(f"{where} must have at least one choice, got {short_repr(spec)}")
    if any(map(is_endless, values)):
        raise ValueError(
            f"{where} must not hold a list that contains itself, or is nested without end, got "
            f"{short_repr(spec)}"
        )
    return [plain(value) for value in values]


def _parse_tuple(where: str, spec: tuple[Any, ...]) -> Dimension:
    """Turn a tuple into an interval if it begins with two numbers and nothing forbids it."""
    if any(isinstance(bound, _TIMES) for bound in spec[:2]):
        raise ValueError(
            f"{where} must be an interval of numbers, not of times, got {short_repr(spec)}; "
            "write a list if these are choices"
        )
    numeric = len(spec) >= 2 and all(_is_bound(bound) for bound in spec[:2])
    if numeric and len(spec) == 2:
        return _interval(where, spec, spec[0], spec[1])
    if numeric and len(spec) == 3 and isinstance(spec[2], str):
        if spec[2] not in _PRIORS:
            raise ValueError(
                f'{where} must end in "uniform" or "log-uniform", got {spec!r}; '
                f"write {list(spec)!r} if these are choices"
            )
        return _interval(where, spec, spec[0], spec[1], spec[2] == "log-uniform")
    if numeric and len(spec) == 4 and spec[2] in _PRIORS:
        # scikit-optimize's fourth place, the base of the logarithm, changes no probability.
        return _interval(where, spec, spec[0], spec[1], spec[2] == "log-uniform")
    return _choice(where, spec, spec)


def _is_bound(value: Any) -> bool:
    """Return whether a value can be the bound of an interval."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _interval(
    where: str, spec: Any, low: Any, high: Any, log: bool = False, integer: bool | None = None
) -> Interval:
    """Return an interval whose bounds make sense; two integers make it one of integers."""
    if integer is None:
        integer = isinstance(low, Integral) and isinstance(high, Integral)
    shown = short_repr(tuple(map(native, spec)) if isinstance(spec, tuple) else spec)
    if integer and max(abs(int(low)), abs(int(high))) > _LARGEST:
        raise ValueError(f"{where} must have integer bounds within +-2**53, got {shown}")
    if not (_is_finite(low) and _is_finite(high) and _is_finite(float(high) - float(low))):
        raise ValueError(f"{where} must have finite bounds, got {shown}")
    if low >= high:
        raise ValueError(
            f"{where} must be an interval (low, high) with low < high, got {shown}"
            + (_other_meanings(spec) if isinstance(spec, tuple) else "")
        )
    if log and low <= 0:
        raise ValueError(
            f"{where} must have low > 0, because a logarithmic range cannot go through zero, "
            f"got {shown}"
        )
    return Interval(low, high, log=log, integer=integer)


def _other_meanings(spec: tuple[Any, ...]) -> str:
    """Return what to write for what an interval without any numbers may have been meant for."""
    low, high, *rest = map(native, spec)
    if low == high:
        return f"; write [{low!r}] for a single value, [{(low, high)!r}] for the tuple itself"
    return (
        f"; write {(high, low, *rest)!r} for the interval, {[low, high]!r} for two choices, "
        f"[{(low, high, *rest)!r}] for the tuple itself"
    )


def _is_finite(value: Any) -> bool:
    """Return whether a number is finite as a float."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _parse_skopt(where: str, spec: Any) -> Dimension | None:
    """Turn a dimension of scikit-optimize into ours; None for anything else.

    Who passes one has imported scikit-optimize, so that this module need not.
    """
    module = sys.modules.get("skopt.space.space")
    if module is None or not isinstance(spec, module.Dimension):
        return None
    if isinstance(spec, module.Categorical):
        # Whoever writes numbers as categories says that they have no order.
        return Choice(_checked(where, list(spec.categories), spec), spec.prior)
    integer = isinstance(spec, module.Integer)
    return _interval(where, spec, spec.low, spec.high, spec.prior == "log-uniform", integer)


def _parse_rvs(where: str, spec: Any, name: str) -> Dimension:
    """Turn a distribution, or anything else with ``rvs``, into a dimension."""
    if hasattr(spec, "freeze"):  # scipy.stats.uniform instead of scipy.stats.uniform()
        try:
            spec = spec.freeze()
        except Exception as error:
            raise ValueError(
                f"{where} must be a distribution with all its parameters, such as "
                f"{getattr(spec, 'name', 'dist')}(...), got it without ({error})"
            ) from error
    if all(hasattr(spec, attribute) for attribute in ("dist", "args", "kwds", "ppf", "cdf")):
        _check_frozen(where, spec, name)
        with np.errstate(over="ignore"):  # the error says it better than a warning
            drawn = spec.rvs(random_state=np.random.RandomState(0), size=100)
        _check_draws(where, spec, [drawn])
        return Distribution(spec)
    try:
        draws = Draws(spec)
    except Exception as error:
        raise ValueError(
            f"{where} must have an rvs that draws single values, got {short_repr(spec)}, "
            f"which raised {type(error).__name__}: {error}"
        ) from error
    _check_draws(where, spec, draws.seen)
    return draws


def _check_draws(where: str, spec: Any, draws: Sequence[Any]) -> None:
    """Refuse a distribution that draws NaN or infinity."""
    for draw in draws:
        numbers = isinstance(draw, np.ndarray) and draw.dtype.kind == "f"
        if (numbers or is_number(draw)) and not np.all(np.isfinite(draw)):
            raise ValueError(
                f"{where} must be a distribution of finite numbers, got {_call(spec)}, "
                "which draws NaN or infinity"
            )


def _check_frozen(where: str, spec: Any, name: str) -> None:
    """Refuse a frozen distribution that can never draw a usable value."""
    with np.errstate(invalid="ignore"):
        support = spec.support()
    if np.ndim(support[0]) > 0 or np.ndim(support[1]) > 0:
        raise ValueError(f"{where} must draw single numbers, got {_call(spec)}, which draws arrays")
    if spec.dist.name == "randint":
        _check_randint(where, spec, name)
    if math.isnan(support[0]) or math.isnan(support[1]):
        hint = ""
        if spec.dist.name == "uniform":
            hint = "; uniform(loc, scale) covers loc to loc + scale, and scale must be positive"
        raise ValueError(
            f"{where} must be a distribution that can draw a usable value, got {_call(spec)}, "
            f"whose parameters are invalid{hint}"
        )


def _check_randint(where: str, spec: Any, name: str) -> None:
    """Refuse ``randint`` with bounds between which there is no integer."""
    bounds = dict(zip(("low", "high"), spec.args, strict=False)) | spec.kwds
    low, high = native(bounds["low"]), native(bounds["high"])
    shown = f"({low!r}, {high!r})"
    if float(low).is_integer() and float(high).is_integer():
        if low >= high:
            raise ValueError(
                f"{where} must be a distribution that can draw a usable value: "
                f"randint{shown} draws integers from low to high - 1, of which there are none"
            )
        return
    meant = f"uniform({low!r}, {high - low!r}) or {shown}"
    if low > 0:
        meant = f'loguniform{shown} or ({low!r}, {high!r}, "log-uniform")'
    raise ValueError(
        f"{where} must be a distribution that can draw a usable value: randint draws integers, "
        f"and {shown} is no range of integers; for {name or 'this parameter'} write {meant}"
    )


def _call(spec: Any) -> str:
    """Return a distribution as the call that makes it."""
    if not hasattr(spec, "dist"):
        return short_repr(spec)
    arguments = [repr(native(value)) for value in spec.args]
    arguments += [f"{key}={native(value)!r}" for key, value in spec.kwds.items()]
    return f"{spec.dist.name}({', '.join(arguments)})"
