"""The resource that low-fidelity evaluations save: rows, or an integer parameter."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._texts import short_repr
from ..compat import clone
from ..evaluation import Models, count_classes, count_rows, count_units
from ..history import History
from ..schedule import Plan
from ..strategies import ROWS, Strategy
from ._candidates import Candidates
from ._parameters import find_parameter, suggest


@dataclass(frozen=True)
class Resource:
    """The resource of a strategy.

    Attributes
    ----------
    name : str or None
        A parameter of the model; None for training rows.
    amount : int
        The amount at full fidelity.
    """

    name: str | None
    amount: int

    def used(self, history: History) -> np.ndarray:
        """Return the largest resource of each trial, shape (n_trials,); 0 without evaluations."""
        count = count_rows if self.name is None else count_units
        highest = (max((key.fidelity for key in t.evaluations), default=0.0) for t in history)
        return np.array([count(f, self.amount) if f else 0 for f in highest], dtype=np.int64)


def name_resource(strategy: Strategy, candidates: Candidates, prefix: str) -> str | None:
    """Return the parameter that is the resource, None for rows.

    Parameters
    ----------
    strategy : Strategy
    candidates : Candidates
    prefix : str
        Prefix for the name that the user wrote.

    Raises
    ------
    TypeError, ValueError
        If the model has no such parameter, or it is searched.
    """
    name = ROWS if strategy.resource is None else strategy.resource
    rule = f"strategy__resource must be {ROWS!r} or an integer parameter of the model"
    if not isinstance(name, str):
        raise TypeError(f"{rule}; got {short_repr(name)}")
    if name == ROWS:
        return None
    if candidates.estimator is None:
        raise ValueError(f"strategy__resource must be {ROWS!r} for several models; got {name!r}")
    full = f"{prefix}{name}"
    if find_parameter(candidates.estimator, full) is None:
        model = type(candidates.estimator).__name__
        hint = suggest(candidates.estimator, full, prefix)
        raise ValueError(f"{rule}; got {name!r}, which {model} does not have, {hint}")
    for searched in candidates.space.names:
        if full == searched or full.startswith(f"{searched}__"):
            raise ValueError(
                f"strategy__resource must not be searched; got {name!r}, and the space has "
                f"{searched!r}: take it out of the space, or choose another resource"
            )
    return full


def set_amount(strategy: Strategy, candidates: Candidates, name: str | None) -> Candidates:
    """Return the candidates with the resource at full fidelity.

    Raises
    ------
    TypeError, ValueError
        If that is not a positive integer.
    """
    largest = strategy.max_resources
    if name is None:
        if not isinstance(largest, str) or largest != "auto":
            raise ValueError(
                f"strategy__max_resources must be 'auto' where {ROWS!r} is the resource; "
                f"got {short_repr(largest)}"
            )
        return candidates
    if isinstance(largest, str) and largest == "auto":
        value = candidates.estimator.get_params(deep=True).get(name)
        if not _is_count(value):
            raise ValueError(
                "strategy__max_resources must be an integer of at least 1 where the model's "
                f"{name} is none; got 'auto', and {name}={short_repr(value)}"
            )
        return candidates
    rule = (
        "strategy__max_resources must be 'auto' or an integer of at least 1; got "
        f"{short_repr(largest)}"
    )
    if not isinstance(largest, numbers.Integral) or isinstance(largest, bool):
        raise TypeError(rule)
    if not _is_count(largest):
        raise ValueError(rule)
    estimator = clone(candidates.estimator).set_params(**{name: int(largest)})
    return replace(candidates, models=Models.of(estimator))


def make_plan(
    name: str | None,
    candidates: Candidates,
    y: Any,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    classifier: bool,
) -> Plan:
    """Return what a strategy knows about the data."""
    n_train = min(len(train) for train, _ in folds)
    amount = n_train if name is None else int(candidates.estimator.get_params()[name])
    return Plan(len(folds), n_train, count_classes(y) if classifier else 0, amount)


def _is_count(value: Any) -> bool:
    """Return whether a value is a positive integer."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 1
