"""Bayesian optimization with scikit-optimize's Gaussian process."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..history import COMPLETE, DROPPED, RUNNING, History, Trial, derive_seed
from ..space import Feature, Space
from ._contract import Searcher
from ._design import default_size, design_point
from ._seen import Seen, draw_unseen

_LARGEST = 1e100  # larger losses are scaled down, so that their squares are finite


class BayesSearcher(Searcher):
    """Models the score over the space and proposes where improvement is expected.

    The first proposals are points of a scrambled Sobol sequence (Owen 1998). After them,
    scikit-optimize's ``Optimizer`` fits a Gaussian process (Matern 5/2 with one length scale
    per feature, Gaussian noise) to all trials and maximises the expected improvement
    (Jones, Schonlau and Welch 1998).
    Failed trials count with the worst score seen; trials that still run with the mean
    ("constant liar", Ginsbourger, Le Riche and Carraro 2010), so that workers do not crowd.
    Parameters that a sub-space lacks are held at the middle of their range.

    Parameters
    ----------
    space, seed, n_trials
        As in the contract.
    n_initial : int or None
        Number of trials before the model is used; None: ``min(10, max(4, 2 d))`` for ``d``
        features, and at most a third of the trials.
    n_candidates : int
        Random points at which the acquisition function is evaluated before it is refined.
    """

    name = "bayes"

    def __init__(
        self,
        space: Space,
        seed: int,
        n_trials: int | None = None,
        n_initial: int | None = None,
        n_candidates: int = 1000,
    ):
        super().__init__(space, seed, n_trials)
        self.n_initial = default_size(space, n_trials) if n_initial is None else n_initial
        self.n_candidates = n_candidates
        self._seen = Seen(space)
        self._codes: dict[int, list[Any]] = {}

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        seen = self._seen.update(history)
        rng = np.random.RandomState(derive_seed(self.seed, len(history)))
        params = self._propose(history, rng)
        return params if params not in seen else draw_unseen(self.space, seen, rng)

    def _propose(self, history: History, rng: np.random.RandomState) -> dict[str, Any]:
        """Return the design's next point, then the model's choice."""
        known = [trial for trial in history if trial.params in self.space]
        scored = sum(trial.status == COMPLETE for trial in known)
        if not self.space.features or scored < 2 or len(known) < self.n_initial:
            return design_point(
                self.space, self.seed, sum(trial.origin == self.name for trial in known)
            )
        points = [self._point(trial) for trial in known]
        losses = _losses(known, history)
        return self._decode(self._optimize(points, losses, rng))

    def _optimize(self, points: list[list[Any]], losses: np.ndarray, rng: Any) -> list[Any]:
        """Return the point with the largest expected improvement."""
        from skopt import Optimizer

        # More threads only get into each other's way, and into that of the evaluations.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # its notes on duplicates and convergence
            optimizer = Optimizer(
                [_dimension(feature) for feature in self.space.features],
                base_estimator="GP",
                n_initial_points=0,
                acq_func="EI",
                acq_optimizer_kwargs={"n_points": self.n_candidates, "n_restarts_optimizer": 2},
                random_state=rng,
                model_queue_size=1,
            )
            optimizer.tell(points, losses.tolist())
            return list(optimizer.ask())

    def _point(self, trial: Trial) -> list[Any]:
        """Return a trial's configuration in scikit-optimize's terms."""
        if trial.number not in self._codes:
            vector = np.nan_to_num(self.space.encode(trial.params), nan=0.5)
            pairs = zip(self.space.features, vector, strict=True)
            self._codes[trial.number] = [_code(feature, unit) for feature, unit in pairs]
        return self._codes[trial.number]

    def _decode(self, point: list[Any]) -> dict[str, Any]:
        """Return the configuration of a point of scikit-optimize."""
        pairs = zip(self.space.features, point, strict=True)
        units = [(x + 0.5) / f.n if _is_listed(f) else float(x) for f, x in pairs]
        return self.space.decode(np.array(units))


def _is_listed(feature: Feature) -> bool:
    """Return whether a feature's values are positions in a list."""
    return feature.kind in ("choice", "ordinal") and feature.n > 2


def _dimension(feature: Feature) -> Any:
    """Return scikit-optimize's dimension for a feature."""
    from skopt.space import Categorical, Integer, Real

    if not _is_listed(feature):
        return Real(0.0, 1.0)
    if feature.kind == "ordinal":
        return Integer(0, feature.n - 1)
    return Categorical(list(range(feature.n)))


def _code(feature: Feature, unit: float) -> Any:
    """Return a feature's value in scikit-optimize's terms."""
    if _is_listed(feature):
        return min(int(unit * feature.n), feature.n - 1)
    return float(unit)


def _losses(trials: list[Trial], history: History) -> np.ndarray:
    """Return the losses to minimise, which are always finite."""
    scores = np.array([history.score(t) if t.status == COMPLETE else np.nan for t in trials])
    finite = scores[np.isfinite(scores)]
    scale = max(1.0, np.abs(finite).max() / _LARGEST)
    scores, finite = scores / scale, finite / scale
    waiting = np.array([t.status in (RUNNING, DROPPED) for t in trials])
    return -np.where(np.isfinite(scores), scores, np.where(waiting, finite.mean(), finite.min()))
