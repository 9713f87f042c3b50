"""What values that are no numbers, or count in another unit, stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..space import Dimension, is_number
from ._registry import nearest_entry


@dataclass(frozen=True)
class StepInput:
    """What the data are like as they reach a model.

    Attributes
    ----------
    n_rows, n_columns : int
    variance : float
        Of all numbers together.
    """

    n_rows: int
    n_columns: int
    variance: float


# Returns what reaches a model, None if that is not known; it may take a while to find out.
Reaching = Callable[[], StepInput | None]

# What a model takes in place of "auto" or None, as far as that does not depend on the data.
_OWN_VALUES: dict[str, dict[str, Any]] = {
    # https://catboost.ai/docs/en/references/training-parameters/common
    "catboost.CatBoost": {
        "bagging_temperature": 1.0,
        "border_count": 254,
        "depth": 6,
        "iterations": 1000,
        "l2_leaf_reg": 3.0,
        "learning_rate": 0.03,
        "min_data_in_leaf": 1,
        "random_strength": 1.0,
        "rsm": 1.0,
    },
    # at most; see _BY_DATA
    "sklearn.MLPClassifier": {"batch_size": 200},
    "sklearn.MLPRegressor": {"batch_size": 200},
    # https://xgboost.readthedocs.io/en/stable/parameter.html
    "xgboost.XGBModel": {
        "colsample_bylevel": 1.0,
        "colsample_bynode": 1.0,
        "colsample_bytree": 1.0,
        "gamma": 0.0,
        "learning_rate": 0.3,
        "max_bin": 256,
        "max_delta_step": 0.0,
        "max_depth": 6,
        "max_leaves": 0,
        "min_child_weight": 1.0,
        "n_estimators": 100,
        "num_parallel_tree": 1,
        "reg_alpha": 0.0,
        "reg_lambda": 1.0,
        "scale_pos_weight": 1.0,
        "subsample": 1.0,
    },
}

# What scikit-learn's models make of a symbol, by the data that reach them.
_BY_DATA: dict[str, dict[Any, Callable[[StepInput], float]]] = {
    "batch_size": {"auto": lambda data: min(200, data.n_rows)},
    "gamma": {
        "auto": lambda data: 1.0 / data.n_columns,
        "scale": lambda data: 1.0 / (data.n_columns * data.variance) if data.variance else 1.0,
        None: lambda data: 1.0 / data.n_columns,
    },
    "k": {"all": lambda data: data.n_columns},
    "max_features": {
        "log2": lambda data: max(1, int(math.log2(data.n_columns))),
        "sqrt": lambda data: max(1, int(math.sqrt(data.n_columns))),
        None: lambda data: data.n_columns,
    },
    "max_samples": {
        "auto": lambda data: min(256, data.n_rows),
        None: lambda data: data.n_rows,
    },
    "n_components": {None: lambda data: min(data.n_rows, data.n_columns)},
}
# Parameters for which scikit-learn takes a number of rows or columns, or their share.
_COUNTS_OR_SHARES: dict[str, Callable[[StepInput], int]] = {
    "max_features": lambda data: data.n_columns,
    "max_samples": lambda data: data.n_rows,
    "min_samples_leaf": lambda data: data.n_rows,
    "min_samples_split": lambda data: data.n_rows,
}


def meaning(
    model: Any, name: str, value: Any, dimension: Dimension, reaching: Reaching = lambda: None
) -> Any:
    """Return the number that a value means in a range of numbers.

    It is the value itself if it is a number already or its meaning is unknown.

    Parameters
    ----------
    model : estimator
    name : str
        One of its own parameters.
    value : object
        Outside the range.
    dimension : Dimension
    reaching : callable, optional
        Returns what the data are like as they reach the model.
    """
    if is_number(value):
        return _in_its_unit(name, value, dimension, reaching)
    rule = _rule(model, name, value)
    data = None if rule is None else reaching()
    if rule is not None and data is not None:
        return _in_its_unit(name, rule(data), dimension, lambda: data)
    known = nearest_entry(type(model), _OWN_VALUES) or {}
    if name in known and (value is None or (isinstance(value, str) and value == "auto")):
        return known[name]
    if value is None and name.startswith(("max_", "n_components")):
        return math.inf  # no limit
    return value


def may_be_share(name: str) -> bool:
    """Say whether a parameter is a number of rows or columns, or their share."""
    return name in _COUNTS_OR_SHARES


def unlisted(model: Any) -> dict[str, None]:
    """Return the parameters of a model that may be known though it does not list them."""
    return dict.fromkeys(nearest_entry(type(model), _OWN_VALUES) or ())


def _rule(model: Any, name: str, value: Any) -> Callable[[StepInput], float] | None:
    """Return the rule that converts a symbol to a number, None if there is none."""
    is_symbol = value is None or isinstance(value, str)
    if not is_symbol or not type(model).__module__.startswith("sklearn."):
        return None
    return _BY_DATA.get(name, {}).get(value)


def _in_its_unit(name: str, value: float, dimension: Dimension, reaching: Reaching) -> float:
    """Return a share as a count or a count as a share, NaN if unknown.

    Without data, a share of one is all there is, and a count of one or two next to nothing.
    """
    if name not in _COUNTS_OR_SHARES or value in dimension:
        return value
    is_share = isinstance(value, float)
    if is_share and value <= 1 and _holds_counts(dimension):
        data = reaching()
        if data is not None:
            return max(1, int(value * _COUNTS_OR_SHARES[name](data)))
        return math.inf if value == 1 else math.nan
    if not is_share and _holds_shares(dimension):
        data = reaching()
        if data is not None:
            return value / _COUNTS_OR_SHARES[name](data)
        return 0.0 if value <= 2 else math.nan
    return value


def _holds_counts(dimension: Dimension) -> bool:
    """Return whether all numbers of a range are whole."""
    return dimension.kind == "int" or bool(_listed(dimension, int))


def _holds_shares(dimension: Dimension) -> bool:
    """Return whether all numbers of a range are shares."""
    if dimension.kind == "float":
        return bool(dimension.decode(1.0) <= 1)
    return max(_listed(dimension, float), default=math.inf) <= 1


def _listed(dimension: Dimension, kind: type) -> list[float]:
    """Return the numbers among the choices, if all of them are of one type."""
    numbers = [choice for choice in dimension.choices if is_number(choice)]
    return numbers if all(isinstance(number, kind) for number in numbers) else []
