"""The calibration of a classifier by one number: the power to which probabilities are raised."""

from __future__ import annotations

import numpy as np

from ._constants import CALIBRATION_ROWS

_POWERS = np.exp(np.linspace(-1.2, 1.2, 13))  # from 0.3 to 3.3
SMALLEST = 1e-6  # what counts as a probability of 0, of which a power would still be 0


def sharpen(probabilities: np.ndarray, power: float) -> np.ndarray:
    """Return probabilities raised to a power and divided by their sum.

    Above 1 it makes them more certain, below less; it is the inverse of a temperature.
    """
    if power == 1.0:
        return probabilities
    raised = np.maximum(probabilities, SMALLEST) ** power
    return raised / raised.sum(axis=1, keepdims=True)


def find_power(probabilities: np.ndarray, codes: np.ndarray, least: float = 0.0) -> float:
    """Return the power, not below some least one, with which the log loss is smallest.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
    codes : ndarray of shape (n_samples,)
        The columns of the right classes.
    least : float
    """
    step = -(-len(codes) // CALIBRATION_ROWS)
    logarithms = np.log(np.maximum(probabilities[::step], SMALLEST))
    own = np.take_along_axis(logarithms, codes[::step, None], axis=1)[:, 0]

    def loss(power: float) -> float:
        return float(np.mean(np.log(np.exp(power * logarithms).sum(axis=1)) - power * own))

    return float(min((power for power in _POWERS if power >= least - 1e-9), key=loss))
