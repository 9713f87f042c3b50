"""Transformation of losses to a scale that suits a Gaussian process."""

from __future__ import annotations

import math

import numpy as np

_LARGEST = 1e100  # beyond, squares overflow
_SMALLEST = 1e-150  # below, quotients overflow
_ALMOST_END = -1.0 + 1e-15  # a tail that is longer than the floating point resolves
_ROUNDING = 1e-12  # relative differences below are none
_POWERS = tuple(np.linspace(-1.0, 1.0, 11))


class Warp:
    """A monotone map that shortens the long tail of bad losses.

    The losses are put on a robust scale, the spread of their better half; then the transform
    of Yeo and Johnson (2000) makes them as normal as it can, with a power of at most one, so
    that bad losses are drawn together and good ones apart (as in HEBO, Cowen-Rivers et al.
    2022); then they get mean zero and variance one.

    Parameters
    ----------
    losses : ndarray
        Finite, at least one.
    """

    def __init__(self, losses: np.ndarray):
        losses = np.clip(losses, -_LARGEST, _LARGEST)
        self._center = float(np.median(losses))
        self._scale = max(_spread(losses), _SMALLEST)
        scaled = self._scaled(losses)
        self._power = max(_POWERS, key=lambda power: _likelihood(scaled, power))
        warped = _yeo_johnson(scaled, self._power)
        self._mean, deviation = float(warped.mean()), float(warped.std())
        self._deviation = deviation if deviation > 1e-9 else 1.0
        # A shortened tail ends at a finite height: there is nothing to undo beyond the data.
        self._highest = float(warped.max()) if self._power < 1.0 else math.inf

    def __call__(self, losses: np.ndarray) -> np.ndarray:
        """Return warped losses; smaller is better, as before."""
        return (_yeo_johnson(self._scaled(losses), self._power) - self._mean) / self._deviation

    def inverse(self, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return median and approximate standard deviation of losses.

        No loss is worse than the worst that was seen, unless the map is linear. The standard
        deviation is half the distance between the images of ``mean - std`` and
        ``mean + std``.
        """
        low, middle, high = (self._unwarp(mean + k * std) for k in (-1.0, 0.0, 1.0))
        return middle, (high - low) / 2

    def _scaled(self, losses: np.ndarray) -> np.ndarray:
        """Return losses on the robust scale."""
        distances = np.clip(losses, -_LARGEST, _LARGEST) - self._center
        return np.clip(distances / self._scale, -_LARGEST, _LARGEST)

    def _unwarp(self, values: np.ndarray) -> np.ndarray:
        """Return the losses whose image is ``values``."""
        warped = np.minimum(values * self._deviation + self._mean, self._highest)
        scaled = _inverse_yeo_johnson(warped, self._power)
        return self._center + self._scale * scaled


def _spread(losses: np.ndarray) -> float:
    """Return how far the better half reaches, or whatever spread there is, or one."""
    best, middle, worst = float(losses.min()), float(np.median(losses)), float(losses.max())
    for spread, size in (
        (middle - best, max(abs(best), abs(middle))),
        (float(losses.std()), max(abs(best), abs(worst))),
    ):
        if spread > _ROUNDING * size:
            return spread
    return 1.0


def _yeo_johnson(x: np.ndarray, power: float) -> np.ndarray:
    """Return the transform for a power of at most one."""
    good = 1.0 - np.minimum(x, 0.0)
    bad = np.log1p(np.maximum(x, 0.0))
    stretched = np.expm1(power * bad) / power if abs(power) > 1e-9 else bad
    return stretched - (good ** (2.0 - power) - 1.0) / (2.0 - power)


def _inverse_yeo_johnson(y: np.ndarray, power: float) -> np.ndarray:
    """Return the inverse."""
    good = (1.0 + (2.0 - power) * np.maximum(-y, 0.0)) ** (1.0 / (2.0 - power)) - 1.0
    bad = np.maximum(y, 0.0)
    if abs(power) > 1e-9:
        bad = np.log1p(np.maximum(power * bad, _ALMOST_END)) / power
    return np.expm1(bad) - good


def _likelihood(x: np.ndarray, power: float) -> float:
    """Return the log likelihood of a power if the transform is normal, without constants."""
    variance = max(float(_yeo_johnson(x, power).var()), 1e-12)
    jacobian = (power - 1.0) * float(np.sum(np.sign(x) * np.log1p(np.abs(x))))
    return jacobian - 0.5 * len(x) * math.log(variance)
