"""Built-in search spaces: nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# n_neighbors: Bischl 2021 1..50 on a log scale, Binder 2020 1..30; the median of
#   auto-sklearn's winners is 2. More neighbours than training rows is an error, which a
#   space that knows no data can only make rare.
# weights, p: auto-sklearn; two thirds of its winners weigh by distance, 57 % have p=2.
#   Powers in between (Bischl 2021 1..5) cost ten times as much and gain little.
_N_NEIGHBORS = (1, 30, "log-uniform")


def _nearest_neighbors(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a k-nearest-neighbours model; only Minkowski's metric has a power."""
    space: dict[str, Any] = {"n_neighbors": _N_NEIGHBORS, "weights": ["uniform", "distance"]}
    if params.get("metric") == "minkowski":
        space["p"] = [2, 1]
    return space


SPACES: dict[str, Any] = {
    "sklearn.KNeighborsClassifier": _nearest_neighbors,
    "sklearn.KNeighborsRegressor": _nearest_neighbors,
}
