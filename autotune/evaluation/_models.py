"""The wrapped model, or a list of models as one choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHOSEN = "estimator"  # the parameter that names the model where several are in the race
BOOSTING, FAMILIES = "boosting", "families"  # stand for built-in models, which depend on the data
_PREFIX = f"{CHOSEN}__"


@dataclass(frozen=True)
class Models:
    """The models that a configuration may be for.

    Where there is a choice, a configuration holds one of them as ``"estimator"`` and that
    one's parameters as ``"estimator__<name>"``; else it holds the only one's parameters.

    Attributes
    ----------
    members : tuple of estimators
    is_choice : bool
        Whether a list was given, be it of one.
    """

    members: tuple[Any, ...]
    is_choice: bool

    @classmethod
    def of(cls, estimator: Any, space: Any = "auto") -> Models:
        """Return the models that a user gave as ``estimator``.

        Built-in models depend on the data: here the list of families is empty, and boosting
        alone is None.
        """
        if is_families(estimator, space):
            return cls((), True)
        if is_built_in(estimator):
            return cls((None,), False)
        if isinstance(estimator, list):
            return cls(tuple(estimator), True)
        return cls((estimator,), False)

    @property
    def only(self) -> Any:
        """The model of all configurations, None where there is a choice."""
        return None if self.is_choice else self.members[0]

    @property
    def first(self) -> Any:
        """The model by which is judged what holds for all, None in an empty list."""
        return next(iter(self.members), None)

    @property
    def prefix(self) -> str:
        """What stands before the names of a model's parameters in a configuration."""
        return _PREFIX if self.is_choice else ""

    @property
    def named(self) -> dict[str, Any]:
        """The models by the names under which metadata is routed to them."""
        if not self.is_choice:
            return {"estimator": self.only}
        return {f"estimator_{i}": model for i, model in enumerate(self.members)}

    def choose(self, model: Any) -> dict[str, Any]:
        """Return the configuration that says which model it is for, and nothing else."""
        return {CHOSEN: model} if self.is_choice else {}

    def split(self, params: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the model that a configuration is for, and what it says of that model."""
        return split_choice(self.only, params)


def is_built_in(estimator: Any) -> bool:
    """Return whether built-in models are meant, rather than those of a user."""
    return estimator is None or (isinstance(estimator, str) and estimator in (BOOSTING, FAMILIES))


def is_families(estimator: Any, space: Any = "auto") -> bool:
    """Return whether the built-in families of models are meant.

    Without a model they are, unless the user wrote a space, which is one of boosting.
    """
    if estimator is None:
        return isinstance(space, str) and space == "auto"
    return isinstance(estimator, str) and estimator == FAMILIES


def split_choice(estimator: Any, params: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the model of a configuration, with its parameters under the model's own names.

    ``estimator=None`` means that the configuration selects the model.
    """
    if estimator is not None:
        return estimator, dict(params)
    own = {name.removeprefix(_PREFIX): value for name, value in params.items() if name != CHOSEN}
    return params[CHOSEN], own
