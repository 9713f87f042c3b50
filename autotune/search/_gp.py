"""A Gaussian process: numbers in, mean and standard deviation out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True)
class Prior:
    """Normal priors on the logarithms of a process's parameters, with hard bounds.

    Attributes
    ----------
    length, signal, noise : tuple of float
        Mean and standard deviation of the logarithm of the length scales, of the variance
        of the function, and of the variance of the noise; targets have unit variance.
    mean : float
        Variance of the constant mean, which is integrated out.
    """

    length: tuple[float, float]
    signal: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-5.0, 2.0)
    mean: float = 1.0

    @classmethod
    def scaled(cls, n_active: float, **kw) -> Prior:
        """Return the prior for points of which ``n_active`` features count at a time.

        The length scales grow with the root of the dimension, so that distances keep their
        meaning (Hvarfner, Hellsten and Nardi 2024).
        """
        return cls(length=(math.log(0.5) + 0.5 * math.log(max(n_active, 1.0)), 1.0), **kw)


class GaussianProcess:
    """Matern 5/2 kernel with one length scale per group of columns, noise, unknown mean.

    The parameters are those of largest posterior density (L-BFGS from the prior's centre,
    analytic gradient; Rasmussen and Williams 2006, equations 4.17 and 5.9).

    Parameters
    ----------
    groups : ndarray of int, shape (n_columns,)
        The length scale that each column of the input uses, numbered from 0.
    prior : Prior
    max_iter : int
        Number of steps of L-BFGS.
    """

    def __init__(self, groups: np.ndarray, prior: Prior, max_iter: int = 30):
        self.groups = np.asarray(groups)
        self.prior = prior
        self.max_iter = max_iter
        self.n_lengths = int(self.groups.max(initial=-1)) + 1

    def fit(
        self, X: np.ndarray, y: np.ndarray, noise_scale: np.ndarray | None = None
    ) -> GaussianProcess:
        """Find the parameters and condition on the data."""
        self.theta = self._maximise(X, y, _ones(y) if noise_scale is None else noise_scale)
        return self.condition(X, y, noise_scale)

    def condition(
        self, X: np.ndarray, y: np.ndarray, noise_scale: np.ndarray | None = None
    ) -> GaussianProcess:
        """Condition on data, with the parameters as they are."""
        scale = _ones(y) if noise_scale is None else noise_scale
        self._scaled = self._scale(X)
        K = self._kernel(self._scaled, self._scaled)
        K.flat[:: len(K) + 1] += math.exp(self.theta[-1]) * scale
        lower = _cholesky(K)
        self._whiten, _ = lapack.dtrtri(lower, lower=1)
        self._alpha = self._whiten.T @ (self._whiten @ y)
        return self

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the noise-free function."""
        cross = self._kernel(self._scale(X), self._scaled)
        reduction = np.square(cross @ self._whiten.T).sum(1)
        total = math.exp(self.theta[-2]) + self.prior.mean
        return cross @ self._alpha, np.sqrt(np.maximum(total - reduction, 1e-12))

    def _scale(self, X: np.ndarray) -> np.ndarray:
        return X * np.exp(-self.theta[self.groups])

    def _kernel(self, A: np.ndarray, B: np.ndarray) -> np.ndarray:
        squares = np.square(A).sum(1)[:, None] + np.square(B).sum(1) - 2 * (A @ B.T)
        r = _SQRT5 * np.sqrt(np.maximum(squares, 0.0))
        return math.exp(self.theta[-2]) * (1 + r + r * r / 3) * np.exp(-r) + self.prior.mean

    def _maximise(self, X, y, scale):
        objective = Objective(X, y, scale, self.groups, self.prior)
        lengths = [self.prior.length[0]] * self.n_lengths
        start = np.array([*lengths, self.prior.signal[0], self.prior.noise[0]])
        if len(y) < 2:
            return start
        bounds = [(-4.0, 5.0)] * self.n_lengths + [(-4.0, 4.0), (-14.0, 1.0)]
        result = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": self.max_iter, "ftol": 1e-5, "gtol": 1e-3},
        )
        self.n_evals = result.nfev
        return result.x


class Objective:
    """Negative log posterior density of the parameters and its gradient."""

    def __init__(self, X, y, scale, groups, prior):
        self.y = y
        self.scale = scale
        self.prior = prior
        n = len(y)
        rows, columns = np.tril_indices(n, -1)
        self.pairs = np.ravel_multi_index((rows, columns), (n, n))
        differences = np.square(X[rows] - X[columns])
        n_lengths = int(groups.max(initial=-1)) + 1
        self.squares = np.zeros((n_lengths, len(rows)))
        np.add.at(self.squares, groups, differences.T)
        means = [*([prior.length[0]] * n_lengths), prior.signal[0], prior.noise[0]]
        sds = [*([prior.length[1]] * n_lengths), prior.signal[1], prior.noise[1]]
        self.means, self.precisions = np.array(means), np.array(sds) ** -2.0

    def __call__(self, theta):
        n = len(self.y)
        weights = np.exp(-2 * theta[:-2])
        signal, noise = math.exp(theta[-2]), math.exp(theta[-1])
        r = np.sqrt(5 * (weights @ self.squares))
        decay = signal * np.exp(-r)
        slope = decay * (1 + r)
        pairs = slope + decay * (r * r / 3)
        K = np.zeros((n, n))
        K.ravel()[self.pairs] = pairs + self.prior.mean
        K.flat[:: n + 1] = signal + self.prior.mean + noise * self.scale
        # C order: the lower triangle is what Fortran calls the upper
        upper, info = lapack.dpotrf(K.T, lower=0)
        if info:
            return 1e10, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(upper, self.y, lower=0)
        value = 0.5 * self.y @ alpha + np.log(np.diagonal(upper)).sum()
        inverse, _ = lapack.dpotri(upper, lower=0)
        outer = 0.5 * (inverse.T - np.outer(alpha, alpha))  # dL/dK, lower triangle valid
        off, on = outer.ravel()[self.pairs], np.diagonal(outer)
        gradient = np.empty_like(theta)
        gradient[:-2] = (10 / 3) * weights * (self.squares @ (off * slope))
        gradient[-2] = 2 * off @ pairs + signal * on.sum()
        gradient[-1] = noise * (on @ self.scale)
        deviation = theta - self.means
        value += 0.5 * self.precisions @ np.square(deviation)
        return value, gradient + self.precisions * deviation


def _ones(y):
    return np.ones(len(y))


def _cholesky(K):
    lower, info = lapack.dpotrf(K, lower=1, clean=1)
    jitter = 1e-10 * np.mean(np.diagonal(K))
    while info:
        jitter *= 10
        lower, info = lapack.dpotrf(K + jitter * np.eye(len(K)), lower=1, clean=1)
    return lower
