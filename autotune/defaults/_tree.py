"""Built-in search spaces: single trees."""

from __future__ import annotations

from typing import Any

# min_samples_leaf, ccp_alpha: Bischl 2021 for rpart (minbucket 1..64, cp 1e-4..0.1). cp is relative
#   to the root's impurity and ccp_alpha is absolute: the same scale for a classifier, whose
#   impurity lies between 0 and about 1, but in the target's own units for a regressor, which gets
#   a depth in its place.
# criterion: auto-sklearn. On 20 sets of the tuning half of KEEL it gains 0.3 to 0.4 points of
#   accuracy in place of min_samples_split (Bischl 2021 minsplit 2..128), which does little beside
#   the size of the leaves (benchmarks/RESULTS.md).
# max_depth: Binder 2020 1..30; on a log scale, as the first levels matter most.
# max_features: of an extra tree, as in a forest.
_CLASSIFIER = {
    "min_samples_leaf": (1, 64, "log-uniform"),
    "ccp_alpha": (1e-4, 0.1, "log-uniform"),
    "criterion": ["gini", "entropy"],
}

_REGRESSOR = {
    "min_samples_split": (2, 128, "log-uniform"),
    "min_samples_leaf": (1, 64, "log-uniform"),
    "max_depth": (2, 30, "log-uniform"),
}

SPACES: dict[str, Any] = {
    "sklearn.DecisionTreeClassifier": _CLASSIFIER,
    "sklearn.DecisionTreeRegressor": _REGRESSOR,
    "sklearn.ExtraTreeClassifier": {**_CLASSIFIER, "max_features": (0.1, 1.0)},
    "sklearn.ExtraTreeRegressor": {**_REGRESSOR, "max_features": (0.1, 1.0)},
}
