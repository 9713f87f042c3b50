"""Built-in search spaces: forests of trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# More trees are never worse (Probst & Boulesteix 2018), only slower: n_estimators is no
# parameter to search. Probst et al. 2019 find max_features by far the most tunable, then
# the sample size and the size of the leaves; Weerts et al. 2018 that the rest can stay.
#
# max_features: Bischl 2021 and Binder 2020 0..1 (mtry.ratio); AutoGluon's portfolio 0.75..1
#   and sqrt or log2, which a share of 0.05 and more covers up to 400 features.
# min_samples_leaf: Binder 2020 1..100 (min.node.size); AutoGluon's portfolio 1..40.
# max_samples: Bischl 2021 and Binder 2020 0.1..1 (sample.fraction); only with bootstrap.
#   A default forest draws as many rows as there are: max_samples=1.0.
_MAX_FEATURES = (0.05, 1.0)
_MIN_SAMPLES_LEAF = (1, 40, "log-uniform")
_MAX_SAMPLES = (0.2, 1.0)


def _forest(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a forest; ``max_samples`` is refused without bootstrap."""
    space: dict[str, Any] = {
        "max_features": _MAX_FEATURES,
        "min_samples_leaf": _MIN_SAMPLES_LEAF,
    }
    if params.get("bootstrap"):
        space["max_samples"] = _MAX_SAMPLES
    return space


def _bagging(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of bagged trees; other models than the default have their own."""
    if params.get("estimator") is not None:
        return {}
    return {"max_samples": _MAX_SAMPLES, "max_features": (0.2, 1.0)}


SPACES: dict[str, Any] = {
    "sklearn.BaggingClassifier": _bagging,
    "sklearn.BaggingRegressor": _bagging,
    "sklearn.RandomForestClassifier": _forest,
    "sklearn.RandomForestRegressor": _forest,
    "sklearn.ExtraTreesClassifier": _forest,
    "sklearn.ExtraTreesRegressor": _forest,
}
