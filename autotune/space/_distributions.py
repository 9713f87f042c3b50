"""Ranges given by a distribution: frozen scipy distributions, or anything with ``rvs``."""

from __future__ import annotations

import bisect
import copy
import inspect
import math
import random
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._dimensions import Dimension, Interval
from ._sameness import describe, distinct, value_key
from ._values import is_integer, is_number, native

_TINY = sys.float_info.min
_ALMOST_ONE = 1.0 - sys.float_info.epsilon / 2
_N_DRAWS = 1000


class Distribution(Dimension):
    """A frozen distribution of ``scipy.stats``, continuous or discrete.

    Values are drawn by the distribution's own ``rvs``; the encoding is its ``cdf``. The three
    that everybody uses (``uniform``, ``loguniform``, ``randint``) are encoded in closed form,
    because scipy needs about 100 microseconds for one call of ``cdf``.

    Parameters
    ----------
    frozen : scipy frozen distribution
        One that draws finite numbers.
    """

    def __init__(self, frozen: Any):
        self.frozen = frozen
        discrete = hasattr(frozen, "pmf")
        self._low, self._high = (float(bound) for bound in frozen.support())
        self._values = _listed_values(frozen) if discrete else None
        self._integer = discrete and (
            self._values is None or all(float(value).is_integer() for value in self._values)
        )
        self._interval = _closed_form(frozen, self._low, self._high)
        self.kind = "int" if self._integer else "float"
        self.uniform = discrete and self._interval is not None
        if self._values is not None:
            self.n = len(self._values)
        elif discrete and math.isfinite(self._low) and math.isfinite(self._high):
            self.n = int(self._high) - int(self._low) + 1
        self.size = self.n or math.inf

    def sample(self, rng: np.random.RandomState) -> int | float:
        """Draw a number with the distribution's own ``rvs``."""
        return self._native(self.frozen.rvs(random_state=rng))

    def grid(self, points: int | None) -> Sequence[int | float]:
        """Return the distinct ones of the quantiles ``(i + 0.5) / points``."""
        if points is not None:
            return distinct(self.decode((i + 0.5) / points) for i in range(points))
        if self._values is not None:
            return [self._native(value) for value in self._values]
        if not self.n:
            raise ValueError(f"this range has no full grid, got {self.fingerprint()}")
        return range(int(self._low), int(self._high) + 1)

    def __contains__(self, value: object) -> bool:
        if self._interval is not None:
            return value in self._interval
        if not is_number(value) or (self._integer and not is_integer(value)):
            return False
        number = float(value) if abs(value) < sys.float_info.max else math.inf
        if not (math.isfinite(number) and self._low <= number <= self._high):
            return False
        return not hasattr(self.frozen, "pmf") or bool(self.frozen.pmf(number) > 0)

    def encode(self, value: Any) -> float:
        """Return the probability of smaller values, and half of its own."""
        if self._interval is not None:
            return self._interval.encode(value)
        u = self.frozen.cdf(value)
        if hasattr(self.frozen, "pmf"):
            u = u - self.frozen.pmf(value) / 2
        return min(max(float(u), 0.0), 1.0)

    def decode(self, u: float) -> int | float:
        """Return the quantile at ``u``, short of infinite ends."""
        if self._interval is not None:
            return self._interval.decode(u)
        with np.errstate(all="ignore"):  # close to an infinite end
            value = float(self.frozen.ppf(min(max(u, _TINY), _ALMOST_ONE)))
        return self._native(min(max(value, self._low), self._high))

    def _nearest_number(self, value: float) -> int | float:
        """Return the nearer end, or the nearest value with a probability."""
        if self._interval is not None:
            return self._interval._nearest_number(value)
        if self._values is not None:
            return self._native(min(self._values, key=lambda listed: abs(listed - value)))
        inside = min(max(value, self._low), self._high)
        if math.isfinite(inside):
            nearest = self._native(round(inside) if self._integer else inside)
            if nearest in self:
                return nearest
        return self.decode(self.encode(inside))

    def key(self, value: Any) -> Hashable:
        """Return the number itself."""
        return self._native(value)

    def fingerprint(self) -> str:
        """Return the call that makes the distribution."""
        frozen = self.frozen
        name = frozen.dist.name or type(frozen.dist).__name__
        arguments = [describe(value) for value in frozen.args]
        arguments += [f"{key}={describe(frozen.kwds[key])}" for key in sorted(frozen.kwds)]
        text = f"{name}({', '.join(arguments)})"
        if hasattr(sys.modules.get("scipy.stats"), name):
            return text
        # A user's own distribution: its name and arguments do not say what it draws.
        quantiles = [float(frozen.ppf(q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
        return f"{text} with quantiles {describe(quantiles)}"

    def _native(self, value: Any) -> int | float:
        """Return a Python number of the distribution's kind."""
        return int(value) if self._integer else float(value)


def _closed_form(frozen: Any, low: float, high: float) -> Interval | None:
    """Return the interval that has the same distribution function, if there is one."""
    name = frozen.dist.name
    if name == "randint" and low < high and low.is_integer():
        return Interval(low, high, integer=True)
    if name == "uniform" and low < high:
        return Interval(low, high)
    # A shifted loguniform is not log-uniform between its ends.
    shifted = len(frozen.args) > 2 or "loc" in frozen.kwds
    if name in ("loguniform", "reciprocal") and not shifted and 0 < low < high:
        return Interval(low, high, log=True)
    return None


def _listed_values(frozen: Any) -> list[Any] | None:
    """Return the values of ``rv_discrete(values=...)``, None for all other distributions."""
    listed = getattr(frozen.dist, "xk", None)
    if listed is None:
        return None
    shift = frozen.args[0] if frozen.args else frozen.kwds.get("loc", 0)
    values = np.unique(np.asarray(listed)) + shift
    return values[frozen.pmf(values) > 0].tolist()


class Draws(Dimension):
    """Whatever an object's ``rvs`` draws; nothing else is known about it.

    The encoding is the empirical distribution function of 1000 draws with a fixed seed if
    they are numbers; otherwise the distinct draws are choices. A value that was never drawn
    is encoded as the nearest one.

    Parameters
    ----------
    source : object with ``rvs``
        ``rvs`` may take ``random_state``. One that does not is copied, and numpy's and
        Python's global generators are seeded while it draws, so that a fit can be repeated.
    """

    def __init__(self, source: Any):
        self._takes_state = _takes_random_state(source.rvs)
        self.source = source if self._takes_state else copy.deepcopy(source)
        rng = np.random.RandomState(0)
        drawing = source if self._takes_state else copy.deepcopy(source)
        draws = [self._draw(drawing, rng) for _ in range(_N_DRAWS)]
        numeric = all(map(is_number, draws))
        integer = all(map(is_integer, draws))
        self.kind = "int" if integer else "float" if numeric else "choice"
        if numeric and not integer:
            draws = list(map(float, draws))
        self.seen = draws
        self._types = frozenset(map(type, draws))
        self._points = distinct(sorted(draws) if numeric else draws)
        # Few repetitions: a continuous range, of which the draws are a sample.
        continuous = numeric and not integer and len(self._points) > _N_DRAWS / 2
        self._positions = {value_key(value): i for i, value in enumerate(self._points)}
        self._ends = self._cumulate(draws) if numeric else self._spread_evenly()
        self._middles = [(a + b) / 2 for a, b in zip([0.0, *self._ends], self._ends, strict=False)]
        self._curve = np.array([self._points, self._middles]) if continuous else None
        count = len(self._points)
        self.n = count if self.kind == "choice" or count == 1 else 0

    def __getstate__(self) -> dict[str, Any]:
        """Return the source alone: not every format has the keys of values as keys."""
        return {"source": self.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # derives the rest anew

    def _cumulate(self, draws: list[Any]) -> list[float]:
        """Return the share of draws up to each distinct number."""
        ordered = sorted(draws)
        return [bisect.bisect_right(ordered, point) / len(draws) for point in self._points]

    def _spread_evenly(self) -> list[float]:
        """Return the ends of equal parts of [0, 1], one for each distinct draw."""
        return [(i + 1) / len(self._points) for i in range(len(self._points))]

    def _draw(self, source: Any, rng: np.random.RandomState) -> Any:
        """Draw a value from the object or a copy of it."""
        if self._takes_state:
            return native(source.rvs(random_state=rng))
        with _seeded_globals(int(rng.randint(2**31 - 1))):
            return native(source.rvs())

    def sample(self, rng: np.random.RandomState) -> Any:
        """Draw a value with the object's own ``rvs``."""
        return self._draw(self.source, rng)

    def grid(self, points: int | None) -> Sequence[Any]:
        """Return distinct draws, spread over all that were seen."""
        if points is None:
            raise ValueError(f"an object with rvs has no full grid, got {self.fingerprint()}")
        return distinct(self.decode((i + 0.5) / points) for i in range(points))

    def __contains__(self, value: object) -> bool:
        # What the object may draw is unknown: every value of the kind that it drew.
        if self.kind == "int":
            return is_integer(value)
        if self.kind == "float":
            return is_number(value) and abs(value) <= sys.float_info.max
        return value_key(value) in self._positions or type(value) in self._types

    def encode(self, value: Any) -> float:
        """Place a value at its share among the draws, or where the nearest draw is."""
        if self._curve is not None:
            return float(np.interp(float(value), self._curve[0], self._curve[1]))
        return self._middles[self._nearest(value)]

    def _nearest(self, value: Any) -> int:
        """Return the position of the draw that is nearest to a value."""
        position = self._positions.get(value_key(value))
        if position is not None:
            return position
        if self.kind == "choice":
            text = describe(value)
            return _longest_common_start([describe(point) for point in self._points], text)
        return min(range(len(self._points)), key=lambda i: abs(self._points[i] - value))

    def decode(self, u: float) -> Any:
        """Return the draw at a share of all draws."""
        if self._curve is not None:
            return float(np.interp(u, self._curve[1], self._curve[0]))
        return self._points[min(bisect.bisect_right(self._ends, u), len(self._points) - 1)]

    @property
    def choices(self) -> Sequence[Any]:
        """The distinct draws, if they are no numbers."""
        return self._points if self.kind == "choice" else ()

    def index(self, value: Any) -> int | None:
        """Return the position of a value among the distinct draws, if it was drawn."""
        return self._positions.get(value_key(value)) if self.kind == "choice" else None

    def key(self, value: Any) -> Hashable:
        """Return the number itself, or the identity of anything else."""
        return float(value) if self.kind == "float" else value_key(value)

    def _identity(self) -> Hashable:
        return value_key(self.source)

    def fingerprint(self) -> str:
        """Return the object's class and state."""
        return f"rvs of {describe(self.source)}"


def _longest_common_start(texts: Sequence[str], text: str) -> int:
    """Return the position of the text that agrees longest with another from its start."""

    def agreement(other: str) -> int:
        pairs = zip(text, other, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(text), len(other)))

    return max(range(len(texts)), key=lambda i: agreement(texts[i]))


def _takes_random_state(rvs: Callable[..., Any]) -> bool:
    """Return whether ``rvs`` has an argument ``random_state``."""
    try:
        parameters = inspect.signature(rvs).parameters.values()
    except (TypeError, ValueError):  # written in C, without a signature: assume scipy's
        return True
    return any(p.name == "random_state" or p.kind is p.VAR_KEYWORD for p in parameters)


@contextmanager
def _seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators of numpy and Python, and put them back afterwards."""
    numpy_state = np.random.get_state()  # noqa: NPY002  # such an object draws from it
    python_state = random.getstate()
    np.random.seed(seed)  # noqa: NPY002  # as above
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002  # as above
        random.setstate(python_state)
