"""Built-in search spaces: nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import Dense, UpTo

# n_neighbors: Bischl 2021 1..50 on a log scale, Binder 2020 1..30; the median of
#   auto-sklearn's winners is 2. More neighbours than training rows is an error.
# weights: auto-sklearn; two thirds of its winners weigh by distance.
# p: Bischl 2021 1..5; scikit-learn computes 1 and 2 quickly, without powers. On the tuning half of
#   KEEL it adds 0.5 to 0.6 points of accuracy to n_neighbors and weights, after 10 to 50 trials
#   (benchmarks/RESULTS.md). Other metrics ignore it, and p=1 refuses sparse matrices with 64-bit
#   indices.
_WEIGHTS = ["uniform", "distance"]


def _neighbors(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of nearest neighbours."""
    space = {"n_neighbors": UpTo("rows", 1, 30, "log-uniform"), "weights": _WEIGHTS}
    if params.get("metric") == "minkowski":
        return space | {"p": Dense([2, 1])}
    return space


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
    "sklearn.KNeighborsClassifier": _neighbors,
    "sklearn.KNeighborsRegressor": _neighbors,
    "sklearn.LabelPropagation": _propagation,
    "sklearn.LabelSpreading": _spreading,
    "sklearn.RadiusNeighborsClassifier": _RADIUS,
    "sklearn.RadiusNeighborsRegressor": _RADIUS,
}
