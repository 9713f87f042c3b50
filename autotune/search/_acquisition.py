"""Expected improvement, and the search for its maximum."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr

from ._embedding import Embedding

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF_PI = math.sqrt(0.5 * math.pi)
_EDGE = 0.1  # of the density in the middle of a range, so that its ends are not ruled out


def log_expected_improvement(mean: np.ndarray, std: np.ndarray, best: float) -> np.ndarray:
    """Return log E[max(best - f, 0)] for normal f, accurate where the expectation underflows.

    Ament, Daulton, Eriksson, Balandat and Bakshy (2023), equation 9.
    """
    return _log_h((best - mean) / std) + np.log(std)


def _log_h(z: np.ndarray) -> np.ndarray:
    """Return log(phi(z) + z Phi(z))."""
    log_density = -0.5 * z * z - _HALF_LOG_2PI
    near = np.maximum(z, -1.0)
    plain = np.log(np.exp(-0.5 * near * near - _HALF_LOG_2PI) + near * np.exp(log_ndtr(near)))
    far = np.minimum(z, -1.0)
    # phi + z Phi = phi (1 - |z| Phi / phi); far out 1 - |z| Phi / phi cancels to 1 / z**2.
    ratio = -far * _ROOT_HALF_PI * erfcx(-far / math.sqrt(2.0))
    rest = np.where(far < -1e4, far**-2.0, 1.0 - ratio)
    return np.where(z > -1.0, plain, log_density + np.log(rest))


def log_interior(units: np.ndarray, embedding: Embedding) -> np.ndarray:
    """Return the logarithm of a density that is low at the ends of ranges, without constants.

    Features that a vector's sub-space lacks do not count, nor do choices.
    """
    numbers = units[:, ~embedding.is_choice]
    return np.nansum(np.log(4.0 * numbers * (1.0 - numbers) + _EDGE), axis=1)


@dataclass(frozen=True)
class Maximiser:
    """Random candidates, neighbours of good trials, then rounds of ever smaller steps.

    Parameters
    ----------
    n_random : int
        Candidates anywhere in the space.
    n_local : int
        Candidates near good trials.
    n_best : int
        Candidates that each round starts from.
    n_steps : int
        Neighbours of each of them.
    step_sizes : tuple of float
        Standard deviation of the steps of each round, in units of the range.
    """

    n_random: int = 256
    n_local: int = 100
    n_best: int = 10
    n_steps: int = 15
    step_sizes: tuple[float, ...] = (0.1, 0.03, 0.01)

    def __call__(
        self,
        criterion: Callable[[np.ndarray], np.ndarray],
        embedding: Embedding,
        trials: np.ndarray,
        rng: np.random.RandomState,
    ) -> np.ndarray:
        """Return the best vectors that were found and are not trials, best first.

        Parameters
        ----------
        criterion : callable
            From snapped vectors to what is to be maximised.
        embedding : Embedding
        trials : ndarray of shape (n, n_features)
            Encoded trials, the good ones first.
        rng : RandomState
        """
        taken = {row.tobytes() for row in trials}

        def valued(units: np.ndarray) -> np.ndarray:
            snapped = embedding.snap(units)
            values = criterion(snapped)
            # Of the others, too bad to be refined, it need not be known.
            first = np.argsort(-values, kind="stable")[: 5 * self.n_best]
            values[first[[snapped[i].tobytes() in taken for i in first]]] = -np.inf
            return values

        good = trials[: self.n_best]
        good = np.where(np.isnan(good), rng.random_sample(good.shape), good)
        origins = np.repeat(good, -(-self.n_local // len(good)), axis=0)
        sizes = np.exp(rng.uniform(math.log(0.02), math.log(0.3), (len(origins), 1)))
        anywhere = rng.random_sample((self.n_random, embedding.n_features))
        units = np.vstack([anywhere, mutate(origins, embedding, sizes, rng)])
        values = valued(units)
        for size in self.step_sizes:
            top = np.argsort(-values, kind="stable")[: self.n_best]
            moved = mutate(np.repeat(units[top], self.n_steps, axis=0), embedding, size, rng)
            units = np.vstack([units[top], moved])
            values = np.concatenate([values[top], valued(moved)])
        order = np.argsort(-values, kind="stable")[: self.n_best]
        found = embedding.snap(units[order[np.isfinite(values[order])]])
        return found[[row.tobytes() not in taken for row in found]]


def mutate(
    units: np.ndarray,
    embedding: Embedding,
    size: float | np.ndarray,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Change about half of each vector's active features, at least one.

    Numbers take a normal step and are reflected at the ends; in a list, its size is at least
    the distance between neighbours. Choices, the sub-space among them, are drawn anew.
    """
    shape = units.shape
    active = embedding.active[embedding.subspace(units)]
    lots = np.where(active, rng.random_sample(shape), 2.0)
    share = rng.random_sample((shape[0], 1))
    changed = (lots < share) | (lots == lots.min(axis=1, keepdims=True))
    sizes = np.maximum(size, embedding.cells)
    stepped = np.abs(units + sizes * rng.standard_normal(shape))
    stepped = np.clip(1.0 - np.abs(1.0 - stepped), 0.0, 1.0)
    moved = np.where(embedding.is_choice, rng.random_sample(shape), stepped)
    return np.where(changed, moved, units)
