"""Built-in search spaces: resampling of rare classes by imbalanced-learn."""

from __future__ import annotations

from typing import Any

from ._facts import UpTo

# Chawla et al. 2002 take five neighbours within a class, which has to have as many other rows.
# ADASYN: only up from its five, as rows without a neighbour of another class are of no use to it.
_SMOTE = {"k_neighbors": UpTo("rare_neighbors", 1, 15, "log-uniform")}

SPACES: dict[str, Any] = {
    "imblearn.ADASYN": {"n_neighbors": UpTo("rare_neighbors", 5, 20, "log-uniform")},
    "imblearn.BorderlineSMOTE": _SMOTE,
    "imblearn.NearMiss": {"n_neighbors": UpTo("rare_neighbors", 1, 15, "log-uniform")},
    "imblearn.SMOTE": _SMOTE,
    "imblearn.SVMSMOTE": _SMOTE,
}
