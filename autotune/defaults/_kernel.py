"""Built-in search spaces: kernel ridge regression and Gaussian processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# alpha: Ridge's range, relative to kernels whose diagonal is one for most.
# gamma: as for support vector machines; None is one over the number of features. A sigmoid kernel
#   is not positive definite, whatever its parameters.
_KERNEL_RIDGE: dict[str, dict[str, Any]] = {
    "rbf": {"gamma": (2.0**-15, 2.0**3, "log-uniform")},
    "laplacian": {"gamma": (2.0**-15, 2.0**3, "log-uniform")},
    "chi2": {"gamma": (2.0**-10, 2.0**3, "log-uniform")},
    "polynomial": {"degree": (2, 4), "coef0": (0.0, 1.0)},
    "poly": {"degree": (2, 4), "coef0": (0.0, 1.0)},
}


def _kernel_ridge(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of KernelRidge, with the parameters of its kernel."""
    kernel = params.get("kernel")
    own = _KERNEL_RIDGE.get(kernel, {}) if isinstance(kernel, str) else {}
    return {"alpha": (1e-4, 1e2, "log-uniform"), **own}


SPACES: dict[str, Any] = {
    "sklearn.KernelRidge": _kernel_ridge,
    # The kernel's own parameters are found by the fit; the noise is not, without a WhiteKernel.
    "sklearn.GaussianProcessRegressor": {
        "alpha": (1e-6, 1.0, "log-uniform"),
        "normalize_y": [False, True],
    },
}
