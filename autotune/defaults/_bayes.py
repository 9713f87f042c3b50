"""Built-in search spaces: naive Bayes."""

from __future__ import annotations

from typing import Any

# var_smoothing: a share of the largest variance of a feature. From the default 1e-9, which
#   only guards against a division by zero, to 1, where all variances are alike and the
#   model is a nearest-centroid classifier.
# alpha, fit_prior: auto-sklearn, 0.01..100 and both.
_DISCRETE = {"alpha": (1e-2, 1e2, "log-uniform"), "fit_prior": [True, False]}

SPACES: dict[str, Any] = {
    "sklearn.GaussianNB": {"var_smoothing": (1e-10, 1.0, "log-uniform")},
    "sklearn.BernoulliNB": _DISCRETE,
    "sklearn.MultinomialNB": _DISCRETE,
    "sklearn.CategoricalNB": _DISCRETE,
    # The prior of the classes plays a part only when there is a single class.
    "sklearn.ComplementNB": {"alpha": _DISCRETE["alpha"], "norm": [False, True]},
}
