"""What is tuned: the wrapped model, the space that fits it, and its defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from .._texts import short_repr
from ..compat import refusal
from ..defaults import MAX_POINTS, auto_space, has_default_space, moved_default, starting_points
from ..execution import CHOSEN
from ..space import Choice, Interval, Space, plain
from ._parameters import find_parameter, suggest


@dataclass(frozen=True)
class Candidates:
    """The models in the race.

    Attributes
    ----------
    estimator : estimator or None
        The wrapped model; None where the configuration names one of several.
    space : Space
    defaults : list of (params, eligible)
        Each model with its own parameters, and whether it may win.
    """

    estimator: Any
    space: Space
    defaults: list[tuple[dict[str, Any], bool]]

    def moved_defaults(self) -> list[dict[str, Any]]:
        """Return what the defaults that cannot win, as they lie outside the space, are inside."""
        outside = [params for params, eligible in self.defaults if not eligible]
        if self.estimator is not None:
            moved = [moved_default(self.estimator, self.space) for _ in outside]
        else:
            moved = [moved_default(p[CHOSEN], self.space, f"{CHOSEN}__") for p in outside]
        return [params for params in moved if params is not None]

    def typical(self) -> dict[str, Any]:
        """Return the configuration by which the times of others are judged before a search."""
        params, _ = self.defaults[0]
        return next(iter(self.moved_defaults()), params)

    def starting_points(self, *, balanced: bool = False) -> list[dict[str, Any]]:
        """Return what did well on other data; several models take turns.

        With ``balanced`` the metric gives rare classes the weight of others.
        """
        if self.estimator is not None:
            return starting_points(self.estimator, self.space, balanced=balanced)
        models = [params[CHOSEN] for params, _ in self.defaults]
        ranked = (
            starting_points(model, self.space, f"{CHOSEN}__", balanced=balanced) for model in models
        )
        points = [point for turn in zip_longest(*ranked) for point in turn if point is not None]
        return points[:MAX_POINTS]


def make_candidates(
    estimator: Any, space: Any, prefix: str = "", X: Any = None, y: Any = None
) -> Candidates:
    """Return the candidates for what the user gave as ``estimator`` and ``space``.

    Parameters
    ----------
    estimator : estimator or list of estimators
    space : "auto", dict or list of dicts
    prefix : str
        Put before each name that the user wrote.
    X, y
        The training data, on which built-in spaces depend.
    """
    written = not (isinstance(space, str) and space == "auto")
    if isinstance(estimator, list):
        parsed = Space.parse(space if written else _spaces_of_list(estimator, X, y))
        _check_chosen(parsed, estimator)
        defaults = [{CHOSEN: model} for model in estimator]
        return Candidates(None, parsed, [_place(d, parsed, written) for d in defaults])
    parsed = Space.parse(_prefixed(space, prefix) if written else auto_space(estimator, X=X, y=y))
    check_fits(parsed, estimator)
    return Candidates(estimator, parsed, [_own_params(estimator, parsed, written)])


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


def _spaces_of_list(estimators: list[Any], X: Any, y: Any) -> list[dict[str, Any]]:
    """Return the union of the built-in spaces; a model without one has only its default."""
    if not any(has_default_space(model) for model in estimators):
        auto_space(estimators[0])  # raises, and says how to write a space
    union = []
    for model in estimators:
        known = has_default_space(model)
        spaces = auto_space(model, f"{CHOSEN}__", X, y) if known else {}
        for space in spaces if isinstance(spaces, list) else [spaces]:
            union.append({CHOSEN: [model], **space})
    return union


def _check_chosen(space: Space, estimators: list[Any]) -> None:
    """Check that each sub-space says which of several estimators it is for."""
    for subspace in space.subspaces:
        dimension = subspace.get(CHOSEN)
        if not isinstance(dimension, Choice):
            raise ValueError(
                f"estimator is a list, so each space must choose among it, as in "
                f"{{'estimator': [{type(estimators[0]).__name__}()], 'estimator__...': ...}}; "
                f"got a space for {sorted(subspace)}"
            )
        for model in dimension.values:
            own = {k.removeprefix(f"{CHOSEN}__"): v for k, v in subspace.items() if k != CHOSEN}
            _check_names(own, model)


def _place(params: dict[str, Any], space: Space, written: bool) -> tuple[dict[str, Any], bool]:
    """Return a default with the parameters of the first sub-space that it lies in."""
    for subspace in space.subspaces:
        filled = {**params, **_values(subspace, params.get(CHOSEN))}
        if filled in space:
            return filled, True
    return params, not written


def _values(subspace: Any, model: Any) -> dict[str, Any]:
    """Return a model's own values of the parameters that a sub-space names."""
    own = model.get_params(deep=True)
    names = {name: name.removeprefix(f"{CHOSEN}__") for name in subspace if name != CHOSEN}
    return {name: plain(own[short]) for name, short in names.items() if short in own}


def _own_params(estimator: Any, space: Space, written: bool) -> tuple[dict[str, Any], bool]:
    """Return the estimator's own values of the tuned parameters, and whether they may win."""
    own = estimator.get_params(deep=True)
    for subspace in space.subspaces:
        params = {name: plain(own[name]) for name in subspace if name in own}
        if params in space:
            return params, True
    params = {name: plain(own[name]) for name in space.names if name in own}
    return params, not written


def check_fits(space: Space, estimator: Any) -> None:
    """Check names and values of a space against the estimator, before anything is fitted."""
    for subspace in space.subspaces:
        _check_names(subspace, estimator)


def _check_names(subspace: Any, estimator: Any) -> None:
    """Check one sub-space; a step that is itself chosen is checked for each choice."""
    for name, dimension in subspace.items():
        owners = list(_owners(name, subspace, estimator))
        if not owners:
            raise ValueError(_unknown_name(name, estimator))
        for value in _probes(dimension):
            refusals = [_refusal(name, owner, short, value) for owner, short in owners]
            if refusals and all(refusals):
                raise ValueError(
                    f"space[{name!r}] must hold values that the model accepts, got "
                    f"{short_repr(value)}: {refusals[0]}"
                )


def _refusal(name: str, owner: Any, short: str, value: Any) -> str | None:
    """Return why a model does not accept a value, or None; say whose fault an exception is."""
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
    """Return values that are certain to be tried: all choices, both ends of an int interval."""
    if isinstance(dimension, Choice):
        return list(dimension.values)
    if isinstance(dimension, Interval) and dimension.integer:
        return [dimension.low, dimension.high]
    return []


def _unknown_name(name: str, estimator: Any) -> str:
    """Return the message for a parameter that the model does not have."""
    model = type(estimator).__name__
    return f"space[{name!r}]: {model} has no such parameter; {suggest(estimator, name)}"
