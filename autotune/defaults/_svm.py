"""Built-in search spaces: support vector machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import UpTo

# C, gamma: the guide of LIBSVM (Hsu, Chang & Lin 2003) and auto-sklearn search C in
#   2**-5..2**15 and gamma in 2**-15..2**3. C stops at 2**12: the time of libsvm grows
#   with C, and hours are spent beyond.
# gamma="scale" is a sub-space of its own: it follows the number and the variance of the
#   features, so it is the better half of the space on data that was not scaled.
# epsilon: auto-sklearn 1e-3..1, for targets of about unit variance.
# kernel: stays as the model has it. A linear kernel is the limit of rbf for small gamma
#   and large C (Keerthi & Lin 2003), and poly, on data that was not scaled, can run for
#   hours: with it C is kept low, where the terms of high degree stay harmless.
# class_weight: for imbalanced classes the choice that matters most.
_C = (2.0**-5, 2.0**12, "log-uniform")
_GAMMA = (2.0**-15, 2.0**3, "log-uniform")
_EPSILON = (1e-3, 1.0, "log-uniform")
_CLASS_WEIGHT = [None, "balanced"]

# For every kernel the parameters that it has, besides those of the machine itself.
_KERNELS: dict[str, list[dict[str, Any]]] = {
    "rbf": [{"C": _C, "gamma": _GAMMA}, {"C": _C, "gamma": ["scale"]}],
    "linear": [{"C": (1e-3, 1e2, "log-uniform")}],
    # Binder 2020 has degree 2..5; coef0 0..1 mixes in the lower degrees (auto-sklearn -1..1).
    "poly": [
        {
            "C": (1e-3, 10.0, "log-uniform"),
            "gamma": ["scale"],
            "degree": (2, 4),
            "coef0": (0.0, 1.0),
        }
    ],
    # tanh saturates when gamma or coef0 is large (Lin & Lin 2003).
    "sigmoid": [
        {
            "C": (2.0**-5, 2.0**7, "log-uniform"),
            "gamma": (2.0**-15, 1.0, "log-uniform"),
            "coef0": (-1.0, 0.0),
        }
    ],
}
# A precomputed kernel or a function of the user's: gamma and degree mean nothing to it.
_OTHER_KERNEL: list[dict[str, Any]] = [{"C": _C}]


def _kernel_spaces(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sub-spaces of the model's kernel."""
    kernel = params.get("kernel")
    return _KERNELS.get(kernel, _OTHER_KERNEL) if isinstance(kernel, str) else _OTHER_KERNEL


def _svc(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the space of SVC."""
    return [{**space, "class_weight": _CLASS_WEIGHT} for space in _kernel_spaces(params)]


def _svr(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the space of SVR."""
    return [{**space, "epsilon": _EPSILON} for space in _kernel_spaces(params)]


def _without_c(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return a space of a machine that has nu in place of C."""
    return {name: values for name, values in space.items() if name != "C"}


# nu: a share of the rows; two classes allow no more than twice the share of the smaller one.
def _nu_svc(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the space of NuSVC."""
    nu = {"nu": UpTo("nu", 0.02, 0.7)}
    return [{**nu, **_without_c(space)} for space in _kernel_spaces(params)]


def _nu_svr(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the space of NuSVR."""
    return [{**space, "nu": (0.05, 0.9)} for space in _kernel_spaces(params)]


# Binder 2020 searches cost in 1e-4..1e3; liblinear seldom converges above 1e2.
_LINEAR_C = (1e-4, 1e2, "log-uniform")

SPACES: dict[str, Any] = {
    "sklearn.NuSVC": _nu_svc,
    "sklearn.NuSVR": _nu_svr,
    "sklearn.SVC": _svc,
    "sklearn.SVR": _svr,
    "sklearn.LinearSVC": {"C": _LINEAR_C, "class_weight": _CLASS_WEIGHT},
    "sklearn.LinearSVR": {"C": (1e-3, 1e3, "log-uniform"), "epsilon": _EPSILON},
}
