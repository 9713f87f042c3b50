"""Built-in search spaces: nearest neighbours."""

from __future__ import annotations

from typing import Any

# n_neighbors: Bischl 2021 1..50 on a log scale, Binder 2020 1..30; the median of
#   auto-sklearn's winners is 2. More neighbours than training rows is an error, which a
#   space that knows no data can only make rare.
# weights: auto-sklearn; two thirds of its winners weigh by distance.
# p is left alone: 57 % of those winners have the default, 2, and scikit-learn's distances
#   for p=1 refuse sparse matrices with 64-bit indices.
_SPACE = {"n_neighbors": (1, 30, "log-uniform"), "weights": ["uniform", "distance"]}

SPACES: dict[str, Any] = {
    "sklearn.KNeighborsClassifier": _SPACE,
    "sklearn.KNeighborsRegressor": _SPACE,
}
