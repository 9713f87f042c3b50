"""Built-in search spaces: discriminant analysis and class centroids."""

from __future__ import annotations

from typing import Any

# Friedman 1989, regularized discriminant analysis: from 0, the sample covariance, to 1.
# solver: the default, "svd", knows no shrinkage; "eigen" does, and transforms as well.
SPACES: dict[str, Any] = {
    "sklearn.LinearDiscriminantAnalysis": {
        "solver": ["eigen"],
        "shrinkage": (1e-4, 1.0, "log-uniform"),
    },
    "sklearn.QuadraticDiscriminantAnalysis": {"reg_param": (1e-3, 1.0, "log-uniform")},
    # In units of the within-class standard deviation (Tibshirani et al. 2002).
    "sklearn.NearestCentroid": {"shrink_threshold": (0.01, 5.0, "log-uniform")},
}
