"""The surrogate: predictions for configurations that were not evaluated."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from ._embedding import Embedding
from ._gp import GaussianProcess, Prior
from ._warp import Warp

# A fit costs n**3: its parameters are found on the best and a spread of the others, and at
# most so many points are kept.
MAX_FIT = 64
MAX_POINTS = 500


class Surrogate:
    """A Gaussian process over the configurations of a space, in the units of its data.

    Parameters
    ----------
    embedding : Embedding

    Examples
    --------
    >>> import numpy as np
    >>> from autotune.search._embedding import Embedding
    >>> from autotune.space import Space
    >>> space = Space.parse({"C": (0.1, 10.0, "log-uniform")})
    >>> units = np.array([[0.0], [0.3], [0.6], [1.0]])
    >>> surrogate = Surrogate(Embedding(space)).fit(units, (units[:, 0] - 0.6) ** 2)
    >>> mean, std = surrogate.predict(np.array([[0.1], [0.6]]))
    >>> bool(mean[0] > mean[1])
    True
    """

    def __init__(self, embedding: Embedding):
        self._embedding = embedding

    def fit(
        self, units: np.ndarray, values: np.ndarray, noise_scale: np.ndarray | None = None
    ) -> Surrogate:
        """Learn from finite values, smaller ones being better.

        Parameters
        ----------
        units : ndarray of shape (n, n_features)
            Vectors of ``Space.encode``, at least one.
        values : ndarray of shape (n,)
        noise_scale : ndarray of shape (n,), optional
            Factors of the variance of the noise: 2 for a mean over half of the folds.
        """
        scale = np.ones(len(values)) if noise_scale is None else noise_scale
        kept = _best_and_last(values, MAX_POINTS)
        self._warp = Warp(values[kept])
        self._units, self._scale = units[kept], scale[kept]
        self._targets = self._warp(values[kept])
        points, fitted = self._embedding(self._units), _best_and_spread(self._targets, MAX_FIT)
        with one_thread():
            self._process = GaussianProcess(self._embedding.groups, self._prior())
            self._process.fit(points[fitted], self._targets[fitted], self._scale[fitted])
            if len(fitted) < len(kept):
                self._process.condition(points, self._targets, self._scale)
        return self

    def _prior(self) -> Prior:
        """Return a prior whose length scales grow with the root of the dimension.

        Distances then keep their meaning in every dimension (Hvarfner, Hellsten and Nardi
        2024). They are so short that little is believed of where no trial is near.
        """
        n_active = max(1.0, float(self._embedding.active.sum(axis=1).mean()))
        return Prior(length=(math.log(0.25 * math.sqrt(n_active)), 1.0))

    def believe(self, units: np.ndarray) -> Surrogate:
        """Take the present mean at some points for their values.

        This leaves the mean everywhere as it is and lowers the uncertainty around the points
        ("kriging believer", Ginsbourger, Le Riche and Carraro 2010).
        """
        points = self._embedding(units)
        with one_thread():
            lies, _ = self._process.predict(points)
            self._units = np.vstack([self._units, units])
            self._targets = np.concatenate([self._targets, lies])
            self._scale = np.concatenate([self._scale, np.ones(len(units))])
            self._process.condition(self._embedding(self._units), self._targets, self._scale)
        return self

    def predict(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return expected values and their standard deviations, each of shape (n,)."""
        return self._warp.inverse(*self.predict_warped(units))

    def warped_difference(self, better: float, worse: float) -> float:
        """Return the difference of two values on the process's own scale."""
        low, high = self._warp(np.array([better, worse]))
        return float(high - low)

    def predict_warped(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation on the process's own scale."""
        with one_thread():
            return self._process.predict(self._embedding(units))


@cache
def _controller() -> ThreadpoolController:
    """Return what limits the threads of the linear algebra loaded by now."""
    return ThreadpoolController()


def one_thread() -> Any:
    """Return a context in which linear algebra uses one thread.

    For matrices of a hundred rows, starting threads costs many times what they save.
    """
    return _controller().limit(limits=1, user_api="blas")


def _best_and_last(values: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of the best half and the newest others, in order."""
    if len(values) <= size:
        return np.arange(len(values))
    order = np.argsort(values, kind="stable")
    others = np.sort(order[size // 2 :])
    return np.sort(np.concatenate([order[: size // 2], others[-(size - size // 2) :]]))


def _best_and_spread(values: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of the best half and of others at equal ranks, in order."""
    if len(values) <= size:
        return np.arange(len(values))
    order = np.argsort(values, kind="stable")
    ranks = np.linspace(size // 2, len(values) - 1, size - size // 2).astype(int)
    return np.sort(np.concatenate([order[: size // 2], order[ranks]]))
