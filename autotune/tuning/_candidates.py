"""The candidates: the wrapped model, its space and its defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any

from .._texts import short_repr
from ..compat import refusal
from ..defaults import MAX_POINTS, auto_space, has_default_space, moved_default, starting_points
from ..evaluation import CHOSEN, Models
from ..history import History
from ..space import Choice, Interval, Space, enclose, plain, widen
from ._parameters import find_parameter, suggest
from ._step_inputs import StepInputs

_INSIDE = (0.5, 0.25, 0.75)  # shares of a range where its values are checked


@dataclass(frozen=True)
class Candidates:
    """The models to tune, their space and their defaults.

    Attributes
    ----------
    models : Models
    space : Space
    wide : Space
        The same with the bounds where they may move to in the search, or as they are.
    defaults : list of (params, eligible)
        Each model with its own parameters, and whether it may win.
    inputs : StepInputs
        What reaches the steps of the models.
    """

    models: Models
    space: Space
    wide: Space
    defaults: list[tuple[dict[str, Any], bool]]
    inputs: StepInputs

    @property
    def estimator(self) -> Any:
        """The wrapped model; None where the configuration names one of several."""
        return self.models.only

    def moved_defaults(self) -> list[dict[str, Any]]:
        """Return the defaults that lie outside the space, moved into it."""
        models = self.models
        outside = [models.split(params)[0] for params, eligible in self.defaults if not eligible]
        moved = (
            moved_default(model, self.space, models.prefix, inputs=self.inputs) for model in outside
        )
        return [params for params in moved if params is not None]

    def typical(self) -> dict[str, Any]:
        """Return the configuration whose fit time represents the others before a search."""
        params, _ = self.defaults[0]
        return next(iter(self.moved_defaults()), params)

    def searched(self, history: History) -> Space:
        """Return the space of the trials, with the bounds that have moved."""
        proposals = (trial.params for trial in history if trial.origin != "default")
        return enclose(self.space, self.wide, proposals)

    def families(self) -> list[Candidates]:
        """Return the candidates of each model, together for models that share a sub-space."""
        parts: dict[tuple[int, ...], list[Any]] = {}
        for subspace, wider in zip(self.space.subspaces, self.wide.subspaces, strict=True):
            chosen = subspace[CHOSEN]
            places = tuple(i for i, model in enumerate(self.models.members) if model in chosen)
            parts.setdefault(places, []).append((subspace, wider))
        return [
            replace(
                self,
                models=Models(tuple(self.models.members[i] for i in places), True),
                space=Space([subspace for subspace, _ in subspaces]),
                wide=Space([wider for _, wider in subspaces]),
                defaults=[self.defaults[i] for i in places],
            )
            for places, subspaces in parts.items()
        ]

    def starting_points(self, *, balanced: bool = False) -> list[dict[str, Any]]:
        """Return configurations that did well on other data, alternating between models.

        ``balanced`` says whether the metric gives all classes the same weight.
        """
        ranked = [
            starting_points(
                model, self.space, self.models.prefix, balanced=balanced, inputs=self.inputs
            )
            for model in self.models.members
        ]
        points = [point for turn in zip_longest(*ranked) for point in turn if point is not None]
        return points[:MAX_POINTS]


def make_candidates(
    estimator: Any,
    space: Any,
    prefix: str = "",
    X: Any = None,
    y: Any = None,
    *,
    hurried: bool = False,
    widens: bool = False,
) -> Candidates:
    """Return the candidates for the parameters ``estimator`` and ``space``.

    Parameters
    ----------
    estimator : estimator or list of estimators
    space : "auto", dict or list of dicts
    prefix : str
        Prefix for each name that the user wrote.
    X, y
        The training data, on which built-in spaces and the meaning of symbols depend.
    hurried : bool
        Whether seconds count; see ``StepInputs``.
    widens : bool
        Whether bounds may move in the search.
    """
    models = Models.of(estimator)
    written = not (isinstance(space, str) and space == "auto")
    parsed = Space.parse(_prefixed(space, prefix) if written else _built_in_spaces(models, X, y))
    check_fits(parsed, models)
    defaults = [_default(models, model, parsed, written) for model in models.members]
    wide = widen(parsed, partial(_accepts, models)) if widens else parsed
    return Candidates(models, parsed, wide, defaults, StepInputs(X, y, trusting=not hurried))


def _prefixed(space: Any, prefix: str) -> Any:
    """Return a space with a prefix before each name."""
    if isinstance(space, list | tuple):
        return [_prefixed(part, prefix) if isinstance(part, dict) else part for part in space]
    if isinstance(space, dict) and prefix:
        return {
            f"{prefix}{name}" if isinstance(name, str) else name: value
            for name, value in space.items()
        }
    return space


def _built_in_spaces(models: Models, X: Any, y: Any) -> list[dict[str, Any]]:
    """Return the union of the built-in spaces; a model without one has only its default."""
    if not any(map(has_default_space, models.members)):
        auto_space(models.first)  # raises, and says how to write a space
    union = []
    for model in models.members:
        chosen = {name: [value] for name, value in models.choose(model).items()}
        spaces = auto_space(model, models.prefix, X, y) if has_default_space(model) else {}
        for space in spaces if isinstance(spaces, list) else [spaces]:
            union.append({**chosen, **space})
    return union


def _default(
    models: Models, model: Any, space: Space, written: bool
) -> tuple[dict[str, Any], bool]:
    """Return a model's own values of the tuned parameters, and whether they can win."""
    chosen = models.choose(model)
    own = {f"{models.prefix}{name}": value for name, value in model.get_params(deep=True).items()}
    for subspace in space.subspaces:
        params = {**chosen, **_values(own, subspace)}
        if params in space:
            return params, True
    return chosen or _values(own, space.names), not written


def _values(own: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the values of the parameters with some names, as far as there are any."""
    return {name: plain(own[name]) for name in names if name in own}


def check_fits(space: Space, models: Models) -> None:
    """Check names and values of a space against the models, before anything is fitted."""
    for subspace in space.subspaces:
        if models.is_choice and not isinstance(subspace.get(CHOSEN), Choice):
            raise ValueError(
                f"estimator is a list, so each space must choose among it, as in "
                f"{{'estimator': [{type(models.first).__name__}()], 'estimator__...': ...}}; "
                f"got a space for {sorted(subspace)}"
            )
        for model, own in _members(models, subspace):
            _check_names(own, model)


def _members(models: Models, subspace: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the models of a sub-space, with its parameters under the model's own names."""
    if not models.is_choice:
        yield models.only, subspace
        return
    own = models.split(subspace)[1]
    for model in subspace[CHOSEN].values:
        yield model, own


def _check_names(subspace: Any, estimator: Any) -> None:
    """Check one sub-space; a step that is itself chosen is checked for each choice."""
    for name, dimension in subspace.items():
        owners = list(_owners(name, subspace, estimator))
        if not owners:
            raise ValueError(_unknown_name(name, estimator))
        values = _probes(dimension)
        refused = [(v, why) for v in values if (why := _refused(name, owners, v)) is not None]
        if refused and (_is_listed(dimension) or len(refused) == len(values)):
            value, reason = refused[0]
            raise ValueError(
                f"space[{name!r}] must hold values that the model accepts, got "
                f"{short_repr(value)}: {reason}"
            )


def _accepts(models: Models, subspace: Any, name: str, value: Any) -> bool:
    """Return whether the models of a sub-space accept a value of a parameter."""
    short = name.removeprefix(models.prefix)
    return all(
        _refused(short, _owners(short, own, model), value) is None
        for model, own in _members(models, subspace)
    )


def _refused(name: str, owners: Iterable[tuple[Any, str]], value: Any) -> str | None:
    """Return why all owners of a parameter refuse a value; None if one accepts it."""
    reasons = [_refusal(name, owner, short, value) for owner, short in owners]
    return reasons[0] if reasons and all(reasons) else None


def _refusal(name: str, owner: Any, short: str, value: Any) -> str | None:
    """Return why a model does not accept a value, or None."""
    try:
        return refusal(owner, short, value)
    except Exception as error:  # of the value's own methods
        raise ValueError(
            f"space[{name!r}] must hold values that can be compared and shown, got "
            f"{short_repr(value)}, which raised {type(error).__name__}: {error}"
        ) from error


def _owners(name: str, subspace: Any, estimator: Any) -> Iterator[tuple[Any, str]]:
    """Yield the estimators that a parameter may belong to, with its name there."""
    parts = name.split("__")
    for cut in range(len(parts) - 1, 0, -1):
        step = "__".join(parts[:cut])
        if isinstance(subspace.get(step), Choice):
            short = "__".join(parts[cut:])
            for model in subspace[step].values:
                if hasattr(model, "get_params") and not isinstance(model, type):
                    yield from _owners(short, {}, model)
            return
    found = find_parameter(estimator, name)
    if found is not None:
        yield found


def _probes(dimension: Any) -> list[Any]:
    """Return values to check: all choices, both ends of an integer interval, some of others."""
    if isinstance(dimension, Choice):
        return list(dimension.values)
    if isinstance(dimension, Interval) and dimension.integer:
        return [dimension.low, dimension.high]
    return [dimension.decode(u) for u in _INSIDE]


def _is_listed(dimension: Any) -> bool:
    """Return whether all values that are checked must be valid: choices and integers."""
    return isinstance(dimension, Choice) or (isinstance(dimension, Interval) and dimension.integer)


def _unknown_name(name: str, estimator: Any) -> str:
    """Return the message for a parameter that the model does not have."""
    model = type(estimator).__name__
    return f"space[{name!r}]: {model} has no such parameter; {suggest(estimator, name)}"
