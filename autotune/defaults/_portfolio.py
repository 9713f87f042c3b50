"""Configurations worth trying first: the portfolios, fitted to the space that is searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ..compat import takes_shares
from ..space import Choice, Dimension, Ordinal, Space, plain
from ._compose import is_estimator
from ._points import POINTS
from ._registry import nearest_entry

# More would spend a short budget on configurations that know nothing of the data.
MAX_POINTS = 8

Entry = dict[str, Any]
Portfolio = tuple[str, list[Entry]]  # what precedes the names of a model's parameters
_MISFIT = object()
# Gives the other values of an entry their meaning, also where it is not searched.
_KERNEL = "kernel"


def starting_points(estimator: Any, space: Space, prefix: str = "") -> list[dict[str, Any]]:
    """Return configurations that did well on other data, the most promising first.

    Pipelines, ensembles and meta-estimators are searched for models with a portfolio, as
    `default_space` searches them for spaces. Parameters of an entry that the space does not
    have stay as the model has them; if that is another kernel, the entry is dropped. A number
    outside an interval is moved to its nearer end, one outside a list of three numbers or more
    to the nearest of them; an entry with a value outside any other list of choices is dropped.
    Parameters that no entry mentions keep the model's own value. Where that lies outside, they
    take the nearest of three numbers or more, or the middle of their range (the first choice).
    The i-th entries of several models are taken together.

    Parameters
    ----------
    estimator : estimator instance
        Fitted or not; it is not changed. What the space chooses in place of one of its steps
        is looked into as well.
    space : Space
        What is searched.
    prefix : str, default=""
        Put before every name, for an estimator that is itself chosen: with ``"estimator__"``
        only sub-spaces that have the estimator among the choices of ``"estimator"`` count.

    Returns
    -------
    list of dict
        At most eight configurations of the space, all different and none the model's own;
        empty if nothing is known.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from autotune.defaults import default_space, starting_points
    >>> from autotune.space import Space
    >>> model = KNeighborsClassifier()
    >>> space = Space.parse(default_space(model))
    >>> all(point in space for point in starting_points(model, space))
    True
    """
    groups: dict[Any, list[_View]] = {}
    for subspace in space.subspaces:
        view = _look_at(subspace, estimator, prefix)
        if view is not None:
            groups.setdefault(view.models, []).append(view)
    own = [view.base for views in groups.values() for view in views if view.is_own]
    seen = {space.key(params) for params in own}
    points = []
    # Different models in one union take turns.
    for turn in zip_longest(*map(_points, groups.values())):
        for point in turn:
            if point is not None and point in space and space.key(point) not in seen:
                seen.add(space.key(point))
                points.append(point)
    return points[:MAX_POINTS]


@dataclass(frozen=True)
class _View:
    """A sub-space as the estimator sees it.

    Attributes
    ----------
    subspace : mapping of str to Dimension
    values : dict
        Every parameter of the estimator and of all that is nested in it, by its full name;
        a value in the sub-space where that has the name.
    base : dict
        The values of what the sub-space searches, the middle of its range for a parameter
        that the estimator does not list.
    is_own : bool
        Whether ``base`` is what the estimator has.
    portfolios : list of Portfolio
    shares : set of str
        The parameters for which a float is a share and an int a count.
    """

    subspace: Mapping[str, Dimension]
    values: dict[str, Any]
    base: Entry
    is_own: bool
    portfolios: list[Portfolio]
    shares: set[str]

    @property
    def models(self) -> tuple[tuple[str, int], ...]:
        """What sub-spaces share when they search the same models."""
        return tuple((prefix, id(entries)) for prefix, entries in self.portfolios)

    def place(self, named: Entry) -> Entry | None:
        """Return the configuration that an entry comes to here, None if it does not fit."""
        placed = {}
        for name, value in named.items():
            if name in self.subspace:
                moved = _moved_into(self.subspace[name], value, name in self.shares)
                if moved is _MISFIT:
                    return None
                placed[name] = moved
            elif name.endswith(_KERNEL) and not _is_text(self.values.get(name, value), value):
                return None
        return self.base | placed if placed else None


def _look_at(subspace: Mapping[str, Dimension], estimator: Any, prefix: str) -> _View | None:
    """Return the view of a sub-space, None if it is not for the estimator."""
    values: dict[str, Any] = {}
    portfolios: list[Portfolio] = []
    shares: set[str] = set()
    chosen = prefix.removesuffix("__")
    if prefix and chosen in subspace:
        if estimator not in subspace[chosen]:
            return None
        values[chosen] = estimator
    moved = _read(estimator, prefix, subspace, values, portfolios, shares)
    if not portfolios:
        return None
    base = {name: values[name] if name in values else _middle(subspace[name]) for name in subspace}
    is_own = not moved and all(name in values for name in subspace)
    return _View(subspace, values, base, is_own, portfolios, shares)


def _read(
    model: Any,
    prefix: str,
    subspace: Mapping[str, Dimension],
    values: dict[str, Any],
    portfolios: list[Portfolio],
    shares: set[str],
) -> bool:
    """Collect what a view holds; say whether a value had to be moved into the sub-space."""
    entries = nearest_entry(type(model), POINTS)
    if entries:
        portfolios.append((prefix, entries))
    moved = False
    for name, value in model.get_params(deep=True).items():
        if "__" in name:
            continue
        full = f"{prefix}{name}"
        if takes_shares(model, name):
            shares.add(full)
        dimension = subspace.get(full)
        if dimension is not None and value not in dimension:
            value, moved = _nearest_listed(dimension, plain(value), full in shares), True
            value = _middle(dimension) if value is _MISFIT else value
        values[full] = value
        if is_estimator(value):
            moved |= _read(value, f"{full}__", subspace, values, portfolios, shares)
    return moved


def _points(views: list[_View]) -> Iterator[Entry]:
    """Yield the configurations of sub-spaces that search the same models, in their ranking."""
    ranked = [
        [named for named in map(_prefixer(prefix), entries) if _first_fit(views, named)]
        for prefix, entries in views[0].portfolios
    ]
    for combination in zip_longest(*ranked, fillvalue={}):
        point = _first_fit(views, {name: v for part in combination for name, v in part.items()})
        if point is not None:
            yield point


def _prefixer(prefix: str) -> Callable[[Entry], Entry]:
    """Return a function that puts a prefix before each name."""
    return lambda entry: {f"{prefix}{name}": value for name, value in entry.items()}


def _first_fit(views: list[_View], named: Entry) -> Entry | None:
    """Return what an entry comes to in the first sub-space that it fits."""
    return next((point for view in views if (point := view.place(named)) is not None), None)


def _moved_into(dimension: Dimension, value: Any, is_share: bool) -> Any:
    """Return the value, or the nearest number of the list or the interval that lacks it."""
    if dimension.kind in ("choice", "ordinal") or not _is_number(value):
        return value if value in dimension else _nearest_listed(dimension, value, is_share)
    if dimension.kind == "int" and not isinstance(value, int):
        return _MISFIT  # a share where the user counts
    low, high = dimension.decode(0.0), dimension.decode(1.0)
    moved = min(max(value, low), high)
    return float(moved) if dimension.kind == "float" else moved


def _nearest_listed(dimension: Dimension, value: Any, is_share: bool) -> Any:
    """Return the number of a list that is nearest to a value, which may be none.

    ``is_share`` says that a float is a share and an int a count, and that neither stands for
    the other.
    """
    if not isinstance(dimension, Ordinal) or not _is_number(value):
        return _MISFIT
    nearest = dimension.nearest(value, alike=is_share)
    return _MISFIT if nearest is None else nearest


def _is_text(value: Any, text: str) -> bool:
    """Say whether a value, which may be an array or a function, is this very text."""
    return isinstance(value, str) and value == text


def _is_number(value: Any) -> bool:
    """Say whether a value of an entry is a number; a bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _middle(dimension: Dimension) -> Any:
    """Return the middle of a range, of a list its middle number or its first choice."""
    if isinstance(dimension, Ordinal):
        return dimension.numbers[len(dimension.numbers) // 2]
    return dimension.values[0] if isinstance(dimension, Choice) else dimension.decode(0.5)
