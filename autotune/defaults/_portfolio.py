"""Starting points: portfolios of configurations, adapted to the space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import numpy as np

from ..space import Choice, Dimension, Ordinal, Space, is_number
from ._compose import is_estimator
from ._meanings import Reaching, StepInput, may_be_share, meaning, unlisted
from ._points import BALANCED_POINTS, POINTS
from ._registry import nearest_entry

# More would spend a short budget on configurations that know nothing of the data.
MAX_POINTS = 8

Entry = dict[str, Any]
Portfolio = tuple[str, list[Entry]]  # prefix of the parameters, and entries
# Returns the step input of a nested model, given the estimator and the model's parameter.
Inputs = Callable[[Any, str], StepInput | None]
_MISFIT = object()
# Gives the other values of an entry their meaning, also where it is not searched.
_KERNEL = "kernel"
_CLASS_WEIGHT, _BALANCED = "class_weight", "balanced"


def starting_points(
    estimator: Any,
    space: Space,
    prefix: str = "",
    *,
    balanced: bool = False,
    inputs: Inputs | None = None,
) -> list[dict[str, Any]]:
    """Return configurations that did well on other data, the most promising first.

    Pipelines, ensembles and meta-estimators are searched for models with a portfolio, as
    `default_space` searches them for spaces. Parameters of an entry that the space does not
    have stay as the model has them; if that is another kernel, the entry is dropped. A number
    outside a range is moved to the nearest one in it; an entry with another value outside a
    list of choices is dropped. Parameters that no entry mentions keep the model's own value,
    or what `moved_default` makes of it; where nothing is known of them, or the model's value is
    neither of two choices, they vary from entry to entry. The i-th entries of several models
    are taken together.

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
    balanced : bool, default=False
        Whether the metric gives rare classes the weight of others: then entries that do not
        mention ``class_weight`` have "balanced", or take turns if that is not among its choices.
    inputs : callable, optional
        ``inputs(estimator, "step")`` returns what the data are like as they reach a step. It
        is asked where a value is a symbol, or a share, and the space has numbers.

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
    for view in _views(space, estimator, prefix, balanced, inputs):
        if view.portfolios:
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


def moved_default(
    estimator: Any, space: Space, prefix: str = "", *, inputs: Inputs | None = None
) -> dict[str, Any] | None:
    """Move an estimator's own parameters into a space.

    Each value is kept if the space contains it; a number is moved to the nearest one; a string or
    None becomes the number that it means, if that is known, or else the middle of
    the range or the first choice. Of several sub-spaces it is that in which the
    fewest choices, and then the fewest values, have to change.

    Parameters
    ----------
    estimator, space, prefix, inputs
        As for `starting_points`.

    Returns
    -------
    dict or None
        A configuration of the space; None if no sub-space is for the estimator.
    """
    views = _views(space, estimator, prefix, inputs=inputs)
    views = [view for view in views if view.base in space]
    return min(views, key=lambda view: view.distance).base if views else None


def _views(
    space: Space,
    estimator: Any,
    prefix: str,
    balanced: bool = False,
    inputs: Inputs | None = None,
) -> list[_View]:
    """Return the views of the sub-spaces that are for an estimator."""
    views = (_look_at(sub, estimator, prefix, balanced, inputs) for sub in space.subspaces)
    return [view for view in views if view is not None]


@dataclass(frozen=True)
class _Owner:
    """A model and what reaches it, as far as values of its parameters depend on that."""

    model: Any
    reaching: Reaching

    def value_in(self, dimension: Dimension, name: str, value: Any) -> Any:
        """Return a value of a parameter, moved into its range."""
        if value in dimension:
            return value
        number = meaning(self.model, name, value, dimension, self.reaching)
        return dimension.nearest(number, _MISFIT)


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
        The values of what the sub-space searches.
    moved : list of str
        The parameters of ``base`` whose value is not the estimator's.
    varied : list of str
        Those that take turns in their values.
    weights : dict of str to str
        The class weights that suit the metric.
    portfolios : list of Portfolio
    owners : dict of str to _Owner
        Whose parameters they are, by what precedes the parameter's name.
    """

    subspace: Mapping[str, Dimension]
    values: dict[str, Any]
    base: Entry
    moved: list[str]
    varied: list[str]
    weights: dict[str, str]
    portfolios: list[Portfolio]
    owners: dict[str, _Owner]

    @property
    def is_own(self) -> bool:
        """Whether ``base`` is what the estimator has."""
        return not self.moved

    @property
    def distance(self) -> tuple[int, int]:
        """How far ``base`` is from what the estimator has: choices that differ, and values."""
        choices = [n for n in self.moved if self.subspace[n].kind == "choice"]
        unlike = [n for n in choices if not is_number(self.base[n])]
        return len(unlike), len(self.moved)

    @property
    def models(self) -> tuple[tuple[str, int], ...]:
        """What sub-spaces share when they search the same models."""
        return tuple((prefix, id(entries)) for prefix, entries in self.portfolios)

    def place(self, named: Entry, turn: int = 0) -> Entry | None:
        """Return the configuration of an entry in this sub-space, None if it does not fit."""
        placed = {}
        for name, value in named.items():
            if name in self.subspace:
                moved = self._moved(name, value)
                if moved is _MISFIT:
                    return None
                placed[name] = moved
            elif name.endswith(_KERNEL) and not _is_text(self.values.get(name, value), value):
                return None
        varied = {name: _vary(self.subspace[name], self.base[name], turn) for name in self.varied}
        return self.base | varied | self.weights | placed if placed else None

    def _moved(self, name: str, value: Any) -> Any:
        """Return the value of an entry, or the number of the range that is nearest to it."""
        dimension, short = self.subspace[name], name.rpartition("__")[2]
        if dimension.kind == "int" and isinstance(value, float) and not may_be_share(short):
            return _MISFIT
        moved = self.owners[name.removesuffix(short)].value_in(dimension, short, value)
        return float(moved) if dimension.kind == "float" and moved is not _MISFIT else moved


def _look_at(
    subspace: Mapping[str, Dimension],
    estimator: Any,
    prefix: str,
    balanced: bool,
    inputs: Inputs | None,
) -> _View | None:
    """Return the view of a sub-space, None if it is not for the estimator."""
    values: dict[str, Any] = {}
    portfolios: list[Portfolio] = []
    chosen = prefix.removesuffix("__")
    if prefix and chosen in subspace:
        if estimator not in subspace[chosen]:
            return None
        values[chosen] = estimator
    moved: dict[str, bool] = {}
    owners: dict[str, _Owner] = {}

    def reaching(model_prefix: str) -> StepInput | None:
        path = model_prefix.removeprefix(prefix).removesuffix("__")
        return None if inputs is None else inputs(estimator, path)

    weights = [n for n in subspace if balanced and n.endswith(_CLASS_WEIGHT)]
    suited = {n: _BALANCED for n in weights if _BALANCED in subspace[n]}
    _read(estimator, prefix, subspace, values, portfolios, moved, owners, reaching, suited)
    moved |= {name: False for name in subspace if name not in values}
    base = {name: values[name] if name in values else _middle(subspace[name]) for name in subspace}
    varied = [n for n, is_known in moved.items() if not is_known or _is_pair(subspace[n])]
    varied += [n for n in weights if n not in suited and n not in varied]
    return _View(subspace, values, base, list(moved), varied, suited, portfolios, owners)


def _read(
    model: Any,
    prefix: str,
    subspace: Mapping[str, Dimension],
    values: dict[str, Any],
    portfolios: list[Portfolio],
    moved: dict[str, bool],
    owners: dict[str, _Owner],
    reaching: Callable[[str], StepInput | None],
    weights: dict[str, str],
) -> None:
    """Collect values and portfolios, and which values were moved, and whether for a reason."""
    owner = owners[prefix] = _Owner(model, partial(reaching, prefix))
    entries = nearest_entry(type(model), POINTS)
    if f"{prefix}{_CLASS_WEIGHT}" in weights:
        entries = nearest_entry(type(model), BALANCED_POINTS) or entries
    if entries:
        portfolios.append((prefix, entries))
    for name, value in (unlisted(model) | model.get_params(deep=True)).items():
        if "__" in name:
            continue
        full = f"{prefix}{name}"
        dimension = subspace.get(full)
        if dimension is not None and value not in dimension:
            inside = owner.value_in(dimension, name, value)
            moved[full] = inside is not _MISFIT
            value = inside if moved[full] else _middle(dimension)
        values[full] = value
        if is_estimator(value):
            found = values, portfolios, moved, owners
            _read(value, f"{full}__", subspace, *found, reaching, weights)


def _points(views: list[_View]) -> Iterator[Entry]:
    """Yield the configurations of sub-spaces that search the same models, in their ranking."""
    ranked = [
        [named for named in map(_prefixer(prefix), entries) if _first_fit(views, named)]
        for prefix, entries in views[0].portfolios
    ]
    for turn, combination in enumerate(zip_longest(*ranked, fillvalue={}), start=1):
        named = {name: value for part in combination for name, value in part.items()}
        point = _first_fit(views, named, turn)
        if point is not None:
            yield point


def _prefixer(prefix: str) -> Callable[[Entry], Entry]:
    """Return a function that puts a prefix before each name."""
    return lambda entry: {f"{prefix}{name}": value for name, value in entry.items()}


def _first_fit(views: list[_View], named: Entry, turn: int = 0) -> Entry | None:
    """Return the configuration of an entry in the first sub-space that it fits."""
    points = (view.place(named, turn) for view in views)
    return next((point for point in points if point is not None), None)


def _is_text(value: Any, text: str) -> bool:
    """Return whether a value, which may be an array or a function, is this very text."""
    return isinstance(value, str) and value == text


def _middle(dimension: Dimension) -> Any:
    """Return the middle of a range, of a list its middle number or its first choice."""
    if isinstance(dimension, Ordinal):
        return dimension.numbers[len(dimension.numbers) // 2]
    return dimension.values[0] if isinstance(dimension, Choice) else dimension.decode(0.5)


def _is_pair(dimension: Dimension) -> bool:
    """Return whether there are two choices, both of which some starting points can try."""
    return isinstance(dimension, Choice) and dimension.n == 2


def _vary(dimension: Dimension, first: Any, turn: int) -> Any:
    """Return the value of a parameter in a turn; turn 0 has the first one.

    Choices follow one another in their order. Places in an interval are those of van der
    Corput's sequence: its middle, then its quarters, then its eighths.
    """
    if isinstance(dimension, Choice):
        place = dimension.index(first) or 0
        return dimension.choices[(place + turn) % dimension.n]
    digits = np.binary_repr(turn + 1)
    return dimension.decode(int(digits[::-1], 2) / 2 ** len(digits))
