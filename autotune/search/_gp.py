"""A Gaussian process: numbers in, mean and standard deviation out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

_SQRT5 = math.sqrt(5.0)
_LENGTHS, _SIGNALS, _NOISES = (-4.0, 5.0), (-4.0, 4.0), (-14.0, 1.0)  # bounds of logarithms


@dataclass(frozen=True)
class Prior:
    """What is assumed about a process before any data, for targets of about unit variance.

    Attributes
    ----------
    length, signal, noise : tuple of float
        Mean and standard deviation of the logarithm of a length scale, of the variance of
        the function, and of the variance of the noise.
    mean : float
        Variance of the constant mean, which is integrated out.
    """

    length: tuple[float, float] = (0.0, 1.0)
    signal: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-5.0, 2.0)
    mean: float = 1.0

    def normal(self, n_lengths: int) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of all logarithms."""
        pairs = np.array([*[self.length] * n_lengths, self.signal, self.noise])
        return pairs[:, 0], pairs[:, 1]


class GaussianProcess:
    """Matern 5/2 kernel with one length scale per group of columns, noise, unknown mean.

    The parameters are those of largest posterior density, found with L-BFGS and the analytic
    gradient from the centre of the prior (Rasmussen and Williams 2006, section 5.4.1): one
    fixed start, so that equal data give equal processes.

    Parameters
    ----------
    groups : ndarray of int, shape (n_columns,)
        The length scale that each column of the input uses, numbered from 0.
    prior : Prior
    max_iter : int
        Number of steps of L-BFGS.

    Attributes
    ----------
    theta : ndarray of shape (n_lengths + 2,)
        Logarithms of the length scales, of the signal's and of the noise's variance.
    """

    def __init__(self, groups: np.ndarray, prior: Prior | None = None, max_iter: int = 12):
        self.groups = np.asarray(groups, dtype=int)
        self.n_lengths = int(self.groups.max(initial=-1)) + 1
        self.prior = Prior() if prior is None else prior
        self.max_iter = max_iter
        self.theta = self.prior.normal(self.n_lengths)[0]

    def fit(
        self, X: np.ndarray, y: np.ndarray, noise_scale: np.ndarray | None = None
    ) -> GaussianProcess:
        """Find the parameters, then condition on the data.

        Parameters
        ----------
        X : ndarray of shape (n, n_columns)
        y : ndarray of shape (n,)
            Mean about zero, variance about one.
        noise_scale : ndarray of shape (n,), optional
            Factors of the variance of the noise.
        """
        objective = NegativeLogPosterior(X, y, self.groups, self.prior, noise_scale)
        result = minimize(
            objective,
            self.prior.normal(self.n_lengths)[0],
            jac=True,
            method="L-BFGS-B",
            bounds=[_LENGTHS] * self.n_lengths + [_SIGNALS, _NOISES],
            options={"maxiter": self.max_iter, "ftol": 1e-3, "gtol": 1e-2},
        )
        self.theta = result.x
        return self.condition(X, y, noise_scale)

    def condition(
        self, X: np.ndarray, y: np.ndarray, noise_scale: np.ndarray | None = None
    ) -> GaussianProcess:
        """Condition on data with the parameters as they are."""
        self._points = self._scaled(X)
        K = self._kernel(self._points)
        scale = np.ones(len(y)) if noise_scale is None else noise_scale
        K.flat[:: len(K) + 1] += math.exp(self.theta[-1]) * scale
        self._whiten, _ = lapack.dtrtri(_cholesky(K), lower=1)
        self._alpha = self._whiten.T @ (self._whiten @ y)
        return self

    def predict(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the noise-free function, each shape (n,)."""
        cross = self._kernel(self._scaled(X))
        explained = np.square(cross @ self._whiten.T).sum(axis=1)
        total = math.exp(self.theta[-2]) + self.prior.mean
        return cross @ self._alpha, np.sqrt(np.maximum(total - explained, 1e-12 * total))

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        """Return points divided by their length scales."""
        return X * np.exp(-self.theta[self.groups])

    def _kernel(self, points: np.ndarray) -> np.ndarray:
        """Return the covariance of scaled points with those of the data."""
        norms = np.square(points).sum(axis=1)[:, None] + np.square(self._points).sum(axis=1)
        r = np.maximum(norms - 2.0 * (points @ self._points.T), 0.0)
        np.sqrt(r, out=r)  # in place: for hundreds of points, new memory takes longest
        r *= _SQRT5
        matern = r * r
        matern /= 3.0
        matern += 1.0 + r
        matern *= np.exp(np.negative(r, out=r), out=r)
        matern *= math.exp(self.theta[-2])
        matern += self.prior.mean
        return matern


class NegativeLogPosterior:
    """Negative log posterior density of a process's parameters, and its gradient.

    Distances between pairs of points are computed once, and only below the diagonal.
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray,
        prior: Prior,
        noise_scale: np.ndarray | None = None,
    ):
        n = len(y)
        self._y = y
        self._noise_scale = np.ones(n) if noise_scale is None else noise_scale
        self._constant = prior.mean
        rows, columns = np.tril_indices(n, -1)
        self._pairs = rows * n + columns
        n_lengths = int(groups.max(initial=-1)) + 1
        self._squares = np.zeros((n_lengths, len(rows)))
        for column, group in enumerate(groups):
            self._squares[group] += np.square(X[rows, column] - X[columns, column])
        self._center, deviation = prior.normal(n_lengths)
        self._precision = deviation**-2.0

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return value and gradient.

        With L = -log p(y | theta) and A = dL/dK = (K^-1 - alpha alpha^T) / 2, the derivative
        with respect to a parameter is the sum of A * dK/dtheta (Rasmussen and Williams 2006,
        equation 5.9).
        """
        n = len(self._y)
        weights, (signal, noise) = np.exp(-2.0 * theta[:-2]), np.exp(theta[-2:])
        r = np.sqrt(5.0 * (weights @ self._squares))
        decay = signal * np.exp(-r)
        slope = decay * (1.0 + r)  # dk/dlog(length) = 5/3 slope * squared distance / length**2
        kernel = slope + decay * (r * r / 3.0)
        K = np.zeros((n, n))
        K.ravel()[self._pairs] = kernel + self._constant
        K.flat[:: n + 1] = signal + self._constant + noise * self._noise_scale
        # The lower triangle in C order is the upper triangle in LAPACK's.
        upper, info = lapack.dpotrf(K.T, lower=0)
        if info:  # not positive definite in floating point: no place to stay
            return 1e10, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(upper, self._y, lower=0)
        inverse, _ = lapack.dpotri(upper, lower=0)
        A = 0.5 * (inverse.T - np.outer(alpha, alpha))
        off, on = A.ravel()[self._pairs], np.diagonal(A)
        gradient = np.empty_like(theta)
        gradient[:-2] = (10.0 / 3.0) * weights * (self._squares @ (off * slope))
        gradient[-2] = 2.0 * (off @ kernel) + signal * on.sum()
        gradient[-1] = noise * (on @ self._noise_scale)
        distance = theta - self._center
        value = 0.5 * (self._y @ alpha) + np.log(np.diagonal(upper)).sum()
        value += 0.5 * (self._precision @ np.square(distance))
        return float(value), gradient + self._precision * distance


def _cholesky(K: np.ndarray) -> np.ndarray:
    """Return the lower factor, with as little added to the diagonal as it takes."""
    lower, info = lapack.dpotrf(K, lower=1, clean=1)
    jitter = 1e-10 * float(np.mean(np.diagonal(K)))
    while info:
        lower, info = lapack.dpotrf(K + jitter * np.eye(len(K)), lower=1, clean=1)
        jitter *= 10.0
    return lower
