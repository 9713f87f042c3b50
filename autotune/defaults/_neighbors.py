"""Built-in search spaces: nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import UpTo

# n_neighbors: Bischl 2021 1..50 on a log scale, Binder 2020 1..30; the median of
#   auto-sklearn's winners is 2. More neighbours than training rows is an error.
# weights: auto-sklearn; two thirds of its winners weigh by distance.
# p is left alone: 57 % of those winners have the default, 2, and scikit-learn's distances
#   for p=1 refuse sparse matrices with 64-bit indices.
_WEIGHTS = ["uniform", "distance"]
_SPACE = {"n_neighbors": UpTo("rows", 1, 30, "log-uniform"), "weights": _WEIGHTS}
# radius: in the units of the data, so that no range suits them all.
_RADIUS = {"weights": _WEIGHTS}


def _propagation(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of label propagation, which depends on its kernel.

    With the default gamma, 20, a row far from all others has no weights at all.
    """
    spaces: dict[str, dict[str, Any]] = {
        "rbf": {"gamma": (2.0**-7, 2.0**3, "log-uniform")},
        "knn": {"n_neighbors": UpTo("rows", 2, 30, "log-uniform")},
    }
    return spaces.get(str(params.get("kernel")), {})


def _spreading(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of label spreading: how much of the labels is taken from neighbours too."""
    return {**_propagation(params), "alpha": (0.01, 0.99)}


SPACES: dict[str, Any] = {
    "sklearn.KNeighborsClassifier": _SPACE,
    "sklearn.KNeighborsRegressor": _SPACE,
    "sklearn.LabelPropagation": _propagation,
    "sklearn.LabelSpreading": _spreading,
    "sklearn.RadiusNeighborsClassifier": _RADIUS,
    "sklearn.RadiusNeighborsRegressor": _RADIUS,
}
