"""The rungs of successive halving: increasing amounts of a resource, then all folds."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

from ..history import FULL
from ._contract import Plan

_FEWEST_ROWS = 2000  # on fewer, folds are the better thing to save
_FEWEST_PER_CLASS = 50
_SMALLEST_FACTOR = 1.5
_RULE = "strategy__min_resources must be 'auto', 'smallest', an integer or a share in (0, 1]"


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung: the fidelity and the number of folds at which trials are compared."""

    fidelity: float
    n_folds: int


def make_rungs(plan: Plan, factor: Any, min_resources: Any, *, of_rows: bool) -> list[Rung]:
    """Return the rungs for the user's ``factor`` and ``min_resources``.

    The amounts grow by ``factor``, on one fold; an amount close to the full one is omitted. The
    last rung has full fidelity on all folds, and is the only one if ``min_resources`` is all of
    the resource.

    Parameters
    ----------
    plan : Plan
    factor : float
    min_resources : {"auto", "smallest"}, int or float
    of_rows : bool
        Whether training rows are the resource.

    Raises
    ------
    TypeError, ValueError
        If ``factor`` or ``min_resources`` is invalid.
    """
    _check_factor(factor)
    amount = float(_smallest_amount(plan, factor, min_resources, of_rows))
    whole = Rung(FULL, plan.n_folds)
    if not isinstance(min_resources, str) and amount >= plan.amount:
        return [whole]
    rungs = []
    while amount * math.sqrt(factor) <= plan.amount:
        rungs.append(Rung(round(amount) / plan.amount, 1))
        amount *= factor
    rungs += [Rung(FULL, 1), whole]
    return list(dict.fromkeys(rungs))  # amounts may be rounded alike, one fold be all folds


def fewest_rows(n_classes: int) -> int:
    """Return the number of training rows from which rankings of configurations are useful."""
    return max(_FEWEST_ROWS, _FEWEST_PER_CLASS * n_classes)


def _check_factor(factor: Any) -> None:
    """Check the factor."""
    rule = f"strategy__factor must be a number of at least {_SMALLEST_FACTOR}; got {factor!r}"
    if not isinstance(factor, numbers.Real) or isinstance(factor, bool):
        raise TypeError(rule)
    if not _SMALLEST_FACTOR <= float(factor) < math.inf:
        raise ValueError(rule)


def _smallest_amount(plan: Plan, factor: float, given: Any, of_rows: bool) -> int:
    """Return the amount of the resource that a trial begins with."""
    if isinstance(given, str):
        return _named_amount(plan, factor, given, of_rows)
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        raise TypeError(f"{_RULE}; got {given!r}")
    if not isinstance(given, numbers.Integral):
        if not 0 < float(given) <= 1:
            raise ValueError(f"{_RULE}; got {given!r}")
        return max(1, round(float(given) * plan.amount))
    if not 1 <= int(given) <= plan.amount:
        raise ValueError(
            f"strategy__min_resources must be an integer from 1 to {plan.amount}, the maximum; "
            f"got {given!r}"
        )
    return int(given)


def _named_amount(plan: Plan, factor: float, name: str, of_rows: bool) -> int:
    """Return the amount for ``"auto"`` or ``"smallest"``."""
    n_classes = max(plan.n_classes, 1)
    if name == "smallest":
        return 2 * plan.n_folds * n_classes if of_rows else 1
    if name == "auto":
        share = math.ceil(plan.amount / factor**2)
        return max(share, fewest_rows(n_classes)) if of_rows else share
    raise ValueError(f"{_RULE}; got {name!r}")
