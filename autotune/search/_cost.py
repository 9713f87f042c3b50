"""A model of the time that a configuration takes."""

from __future__ import annotations

import math

import numpy as np

from .._budget import FASTEST
from ..history import COMPLETE, TIMEOUT, Trial
from ._embedding import Embedding
from ._gp import GaussianProcess, Prior
from ._surrogate import one_thread

_MAX_POINTS = 150  # the newest trials suffice, and the cost is cubic in their number
_LEAST_SPREAD = 0.7  # of the logarithm of times, however similar the first ones are
_KILLED = 2.0  # how much longer than it was allowed an evaluation that was killed may have taken
_NOISE = math.log(0.01)


class Costs:
    """A Gaussian process over the logarithm of an evaluation's seconds.

    Times depend on few parameters and smoothly on those, so its own parameters stay where
    their prior has them: conditioning takes a fraction of a millisecond.

    Parameters
    ----------
    embedding : Embedding
    """

    def __init__(self, embedding: Embedding):
        self._embedding = embedding
        self._process: GaussianProcess | None = None

    def fit(self, units: np.ndarray, seconds: np.ndarray) -> Costs:
        """Learn from the seconds that configurations took, NaN where that is unknown.

        Parameters
        ----------
        units : ndarray of shape (n, n_features)
            Vectors of ``Space.encode``.
        seconds : ndarray of shape (n,)
        """
        timed = np.flatnonzero(np.isfinite(seconds))[-_MAX_POINTS:]
        if not len(timed):
            return self
        logs = np.log(np.maximum(seconds[timed], FASTEST))
        self._center, self._spread = logs.mean(), max(float(logs.std()), _LEAST_SPREAD)
        n_active = max(1.0, float(self._embedding.active.sum(axis=1).mean()))
        prior = Prior(length=(math.log(math.sqrt(n_active)), 1.0), noise=(_NOISE, 1.0))
        process = GaussianProcess(self._embedding.groups, prior)
        with one_thread():
            process.condition(self._embedding(units[timed]), (logs - self._center) / self._spread)
        self._process = process
        return self

    def predict(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the logarithm of an evaluation's seconds."""
        if self._process is None:
            return np.full(len(units), -np.inf), np.zeros(len(units))
        with one_thread():
            mean, std = self._process.predict(self._embedding(units))
        return self._center + self._spread * mean, self._spread * std

    def fits(self, units: np.ndarray, seconds: float) -> np.ndarray:
        """Return which configurations may be evaluated within ``seconds``."""
        return may_fit(*self.predict(units), seconds)


def may_fit(mean: np.ndarray, std: np.ndarray, seconds: float) -> np.ndarray:
    """Return which of some predictions of ``Costs`` allow an evaluation within ``seconds``.

    Those that will take longer even if they are faster than expected by a standard deviation
    are not among them.
    """
    return mean - std <= math.log(max(seconds, FASTEST))


def seconds_of(trial: Trial, fidelity: float) -> float:
    """Return the mean seconds of a trial's evaluations of a fidelity, NaN if there are none."""
    times = [
        evaluation.seconds * (_KILLED if evaluation.status == TIMEOUT else 1.0)
        for evaluation in trial.evaluations.values()
        if evaluation.fidelity == fidelity and evaluation.status in (COMPLETE, TIMEOUT)
    ]
    return sum(times) / len(times) if times else math.nan
