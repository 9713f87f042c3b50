"""Positions and labels of a parameter's values on an axis."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._texts import model_name, short_repr
from ..space import Dimension, Interval, Ordinal, Space, Steps, is_number, value_key
from ._search import Search

LINEAR, LOG, CHOICE = "linear", "log", "choice"
ABSENT = -2  # the code of a trial that lacks the parameter
NUMBER = -1  # the code of a trial whose value is a number
# Between numbers and what else a parameter can be, and between the latter: shares of the range
# of the numbers.
_GAP, _STEP = 0.24, 0.16
_AT_BOUND = 0.005  # of the range
_WIDE = 10.0  # the quotient of numbers from which on they can be logarithmic
_N_TICKS = 4  # powers of ten, at most
_LONGEST = 18  # characters of a value


@dataclass(frozen=True)
class Scale:
    """One parameter: the value that each trial has, and how they are laid out.

    Attributes
    ----------
    name, label : str
        The parameter's full name, and the part of it that identifies it.
    kind : {"linear", "log", "choice"}
        How its numbers are spread; "choice" if it has none.
    numbers : ndarray of shape (n_trials,)
        Values that are numbers, NaN for others.
    codes : ndarray of int, shape (n_trials,)
        Which of ``symbols`` a value is; -1 if it is a number, -2 if the trial lacks the
        parameter.
    symbols : tuple of str
        Values that are no numbers, in the order of the space.
    low, high : float
        The ends of the numbers, NaN if there are none.
    bounds : tuple of float or None
        The ends of the range that was searched, if it has any.
    """

    name: str
    label: str
    kind: str
    numbers: np.ndarray
    codes: np.ndarray
    symbols: tuple[str, ...]
    low: float
    high: float
    bounds: tuple[float, float] | None

    def places(self) -> np.ndarray:
        """Return where the trials lie: numbers between 0 and 1, symbols above; NaN if absent."""
        places = self.unit(self.numbers)
        for code in range(len(self.symbols)):
            places[self.codes == code] = self.place_of(code)
        return places

    def unit(self, numbers: Any) -> np.ndarray:
        """Return where numbers lie between the lowest, 0, and the highest, 1."""
        numbers = np.asarray(numbers, dtype=float)
        if self.kind == CHOICE or self.low == self.high:
            return np.where(np.isnan(numbers), np.nan, 0.5)
        if self.kind == LOG:
            numbers, low, high = np.log(numbers), math.log(self.low), math.log(self.high)
        else:
            low, high = self.low, self.high
        return (numbers - low) / (high - low)

    def place_of(self, code: int) -> float:
        """Return where a symbol lies."""
        if self.kind == CHOICE:
            return (code + 0.5) / len(self.symbols)
        return 1.0 + _GAP + _STEP * code

    @property
    def end(self) -> float:
        """The place at which the axis ends."""
        return (
            1.0 if self.kind == CHOICE or not self.symbols else self.place_of(len(self.symbols) - 1)
        )

    def native(self, places: Any) -> np.ndarray:
        """Return the numbers at some places, on past the highest where symbols lie."""
        places = np.asarray(places, dtype=float)
        if self.kind == CHOICE:
            return places * len(self.symbols) - 0.5
        if self.low == self.high:
            return self.low + (places - 0.5) * (abs(self.low) or 1.0)
        if self.kind == LOG:
            return self.low * (self.high / self.low) ** places
        return self.low + places * (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the places of some numbers and of all symbols, with what is written there."""
        texts = [(self.place_of(code), text) for code, text in enumerate(self.symbols)]
        if self.kind == CHOICE:
            return texts
        numbers = _log_ticks(self.low, self.high) if self.kind == LOG else []
        numbers = numbers or linear_ticks(self.low, self.high)
        places = self.unit(numbers).tolist()
        return list(zip(places, number_texts(numbers), strict=True)) + texts

    def at_bound(self, number: float) -> float | None:
        """Return the bound of the searched range on which a number lies, or None."""
        if self.bounds is None or not np.isfinite(number) or self.bounds[0] == self.bounds[1]:
            return None
        low, high = self.unit(self.bounds)
        place = (float(self.unit(number)) - low) / (high - low)
        if -_AT_BOUND <= place <= _AT_BOUND:
            return self.bounds[0]
        return self.bounds[1] if -_AT_BOUND <= place - 1.0 <= _AT_BOUND else None


def scales_of(search: Search, names: Sequence[str] | None = None) -> list[Scale]:
    """Return the parameters that vary, or those that are named, in this order.

    Raises
    ------
    ValueError
        If a name is no parameter of the search, or there is none to show.
    """
    known = list(dict.fromkeys([*search.space.names, *_tried_names(search)]))
    if names is None:
        names = [name for name in known if _varies(search.space, name)]
    for name in names:
        if name not in known:
            raise ValueError(f"parameters must be names out of {known}; got {name!r}")
    if not names:
        raise ValueError("there is no parameter to show: the space has a single configuration")
    labels = short_names(names)
    return [_scale(search, name, labels[name]) for name in names]


def _tried_names(search: Search) -> list[str]:
    """Return the parameters that trials have."""
    return [name for trial in search.history for name in trial.params]


def _varies(space: Space, name: str) -> bool:
    """Return whether a parameter has more than one value, absence among them."""
    dimensions = [subspace.get(name) for subspace in space.subspaces]
    if any(dimension is not None and not dimension.constant for dimension in dimensions):
        return True
    return len({repr(dimension) for dimension in dimensions}) > 1


def _scale(search: Search, name: str, label: str) -> Scale:
    """Return how one parameter is laid out."""
    dimensions = [subspace[name] for subspace in search.space.subspaces if name in subspace]
    values = [trial.params.get(name, _NOTHING) for trial in search.history]
    listed = [value for dimension in dimensions for value in _listed(dimension)]
    is_placed, kind = _numbers_of(dimensions)
    symbols = _symbols([v for v in (*listed, *values) if v is not _NOTHING and not is_placed(v)])
    places = {key: code for code, key in enumerate(symbols)}
    codes = [
        ABSENT if value is _NOTHING else NUMBER if is_placed(value) else places[value_key(value)]
        for value in values
    ]
    numbers = np.array([float(v) if is_placed(v) else math.nan for v in values], dtype=float)
    seen = [float(value) for value in (*listed, *values) if is_placed(value)]
    low, high = (min(seen), max(seen)) if seen else (math.nan, math.nan)
    return Scale(
        name,
        label,
        kind if seen else CHOICE,
        numbers,
        np.array(codes, dtype=int),
        value_texts(symbols.values()),
        low,
        high,
        _bounds(dimensions) if search.bounded else None,
    )


_NOTHING = object()  # the value of a parameter that a trial lacks


def _listed(dimension: Dimension) -> Sequence[Any]:
    """Return the ends of a range, or its choices."""
    return [dimension.decode(0.5)] if dimension.constant else dimension.grid(2)


def _symbols(values: Sequence[Any]) -> dict[Hashable, Any]:
    """Return distinct values by their keys, numbers in ascending order."""
    if all(map(_is_finite, values)):
        values = sorted(values)
    return {value_key(value): value for value in values}


def _is_finite(value: Any) -> bool:
    """Return whether a value is a number that floats can hold."""
    return is_number(value) and -sys.float_info.max <= value <= sys.float_info.max


def _is_positive(value: Any) -> bool:
    """Return whether a value is a number with a logarithm."""
    return _is_finite(value) and value > 0


def _numbers_of(dimensions: Sequence[Dimension]) -> tuple[Callable[[Any], bool], str]:
    """Return which values are placed as numbers, and how these are spread."""
    ranges = [d for d in dimensions if d.kind != CHOICE or isinstance(d, Ordinal)]
    if not ranges:
        return lambda value: False, CHOICE
    is_log = any(not d.constant for d in ranges) and all(d.constant or _is_log(d) for d in ranges)
    return (_is_positive, LOG) if is_log else (_is_finite, LINEAR)


def _is_log(dimension: Dimension) -> bool:
    """Return whether a range is logarithmic, or more even by its logarithms."""
    if isinstance(dimension, Interval):
        return dimension.log
    if isinstance(dimension, Ordinal):
        numbers = np.array(dimension.numbers, dtype=float)
    else:
        numbers = np.array([dimension.decode(u) for u in (0.1, 0.5, 0.9)], dtype=float)
    if numbers[0] <= 0 or numbers[-1] < _WIDE * numbers[0]:
        return False
    return _unevenness(np.log(numbers)) < _unevenness(numbers)


def _unevenness(numbers: np.ndarray) -> float:
    """Return how far ascending numbers are from equal distances."""
    places = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    return float(np.abs(places - np.linspace(0.0, 1.0, len(numbers))).max())


def _bounds(dimensions: Iterable[Dimension]) -> tuple[float, float] | None:
    """Return the ends of a range that has any."""
    ends: list[float] = []
    for dimension in dimensions:
        if isinstance(dimension, Ordinal):
            ends += [float(dimension.numbers[0]), float(dimension.numbers[-1])]
        elif isinstance(dimension, Interval | Steps):
            ends += [float(value) for value in dimension.grid(2)]
    return (min(ends), max(ends)) if ends else None


def _log_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten between two numbers, with 2 and 5 times these if there are few."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        step = math.ceil((last - first + 1) / _N_TICKS)
        return [10.0**exponent for exponent in range(first, last + 1, step)]
    factors = (1, 3) if first < last else (1, 2, 5)
    numbers = [factor * 10.0**e for e in range(first - 1, last + 1) for factor in factors]
    numbers = [n for n in numbers if low * (1 - 1e-9) <= n <= high * (1 + 1e-9)]
    return numbers if len(numbers) > 1 else []


def linear_ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two numbers."""
    if low == high:
        return [low]
    exponent = math.floor(math.log10(high - low))
    for step in (factor * 10.0 ** (exponent - k) for k in (0, 1) for factor in (5, 2, 1)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first >= 2:
            break
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def number_texts(numbers: Sequence[float]) -> list[str]:
    """Return numbers in few characters, all with powers of ten if one needs them."""
    if all(number == 0 or 1e-2 <= abs(number) < 1e4 for number in numbers):
        return [f"{number:.4g}" for number in numbers]
    return [_power_text(number) for number in numbers]


def _power_text(number: float) -> str:
    """Return a number with a power of ten."""
    if number == 0:
        return "0"
    exponent = math.floor(math.log10(abs(number)) + 1e-9)
    mantissa = number / 10.0**exponent
    if abs(mantissa - 1) < 1e-6:
        return f"$10^{{{exponent}}}$"
    return f"{mantissa:.3g}" if exponent == 0 else rf"${mantissa:.3g}\cdot10^{{{exponent}}}$"


def value_texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Return values in few characters; numbered where two would read the same."""
    texts: list[str] = []
    for text in map(value_text, values):
        same = sum(known.partition(" #")[0] == text for known in texts)
        texts.append(f"{text} #{same + 1}" if same else text)
    return tuple(texts)


def value_text(value: Any) -> str:
    """Return a value in few characters: of an estimator or a function its name."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        text = model_name(value)
    elif isinstance(value, str):
        text = value
    elif isinstance(value, float | np.floating):
        text = _float_text(float(value))
    elif is_number(value):
        text = short_repr(int(value))
    else:
        text = getattr(value, "__name__", None) or short_repr(value)
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair has no glyph
    return shorten(text, _LONGEST).replace("$", r"\$")


def _float_text(value: float) -> str:
    """Return three digits of a number, without a power of ten up to a million."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"


def shorten(text: str, longest: int) -> str:
    """Return the beginning of a long text; a formula is left alone."""
    return text if len(text) <= longest or "$" in text else text[: longest - 1] + "…"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return names without the components that they all begin with.

    A name that is no more than these keeps its last one, as ``"estimator"`` does beside
    ``"estimator__C"``.
    """
    parts = [name.split("__") for name in names]
    n_common = 0
    while (
        max(map(len, parts)) > n_common + 1 and len({tuple(p[: n_common + 1]) for p in parts}) == 1
    ):
        n_common += 1
    labels = ["__".join(p[n_common:]) or p[-1] for p in parts]
    return dict(zip(names, labels if len(set(labels)) == len(set(names)) else names, strict=True))


def wrap(label: str, width: int = 20, n_lines: int = 3) -> str:
    """Return a long name in several lines, broken at underscores and spaces.

    Of a name that is longer still, the end is kept: it says most.
    """
    lines = [""]
    for word in re.findall(r"[^_ ]*[_ ]+|[^_ ]+", label):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    kept = lines if len(lines) <= n_lines else ["…", *lines[1 - n_lines :]]
    return "\n".join(line.rstrip() for line in kept)
