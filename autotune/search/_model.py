"""Bayesian optimization with the Gaussian process of this package."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..history import COMPLETE, DROPPED, INTERRUPTED, RUNNING, History, Trial, derive_seed
from ..space import Space
from ._acquisition import Maximiser, log_expected_improvement, log_interior
from ._contract import Searcher
from ._cost import Costs, may_fit, seconds_of
from ._design import design
from ._embedding import Embedding
from ._levels import Level, Levels
from ._portfolio import STARTING_POINT
from ._seen import Seen, draw_unseen
from ._stopping import NEGLIGIBLE, comparison_noise, is_ripe
from ._surrogate import Surrogate

_UNFINISHED = (RUNNING, DROPPED, INTERRUPTED)
_HUGEST = 1e100  # the size of a score beyond which differences do not matter: squares are finite
_INITIAL = 3  # trials before the model is used: it says itself how little it knows
_EXPLORE = 5  # one proposal in so many explores
_OPTIMISM, _MODELLED = 3.0, 10  # standard deviations, at which it is judged after so many
_INTERIOR = 3.0  # over the number of trials: the power of the density that prefers the interior
_TRIES = 20  # proposals that may turn out to take too long
_PRIORITY = 1e6  # of a level that is to be tried, over the logarithm of any improvement


class GPSearcher(Searcher):
    """Models the score over the space and proposes where improvement is expected.

    The first proposals are points of a scrambled Sobol sequence (Owen 1998). After them, a
    Gaussian process (Matern 5/2, one length scale per parameter, noise; see ``Surrogate``)
    is fitted to the trials, and the proposal has the largest expected improvement over the
    best mean among them (log EI, Ament et al. 2023). Until all values of small choices were
    tried, each proposal has as many new ones as it can. Every fifth proposal explores, in case
    the best is far from where the process has looked: it has the value that was tried least, see
    ``Levels``, and after ten proposals the largest upper confidence bound (Srinivas, Krause,
    Kakade and Seeger 2010).
    As the process is least certain in the corners of the space, where few configurations are
    good, the improvement is weighted by a density that prefers the interior, to a power that
    falls with the number of trials (Hvarfner et al. 2022). With a budget in seconds, it is not
    once starting points were tried: these tell where good configurations are, and the middle of
    ranges, such as that of a number of trees, takes longer.
    Failed trials get the worst score seen. Pending trials get the mean that the process
    predicts, so that parallel proposals differ. A trial that was dropped gets the scores of its
    finished folds, corrected for the difficulty of these folds.
    Configurations that cannot be evaluated in the remaining time are not proposed, and with a
    budget in seconds, the improvement per second is maximised (Snoek, Larochelle and Adams
    2012); see ``Costs``.

    Parameters
    ----------
    space, seed, n_trials
        As in the contract.
    n_initial : int or None
        Number of trials before the model is used; None: 3.
    n_candidates : int
        Random points at which the acquisition function is evaluated before it is refined.
    cost_exponent : float
        The power of the seconds that an evaluation takes by which the expected improvement
        is divided; 0: only the improvement counts.
    stops : bool
        ``ask`` returns None when hardly any improvement is expected: at least 30 trials and 10
        per feature are complete, the best one has not been beaten by 25 and 5 per feature,
        and the expected improvement is at most a twentieth of the standard error by which the
        folds tell two trials apart.
    """

    name = "bayes"

    def __init__(
        self,
        space: Space,
        seed: int,
        n_trials: int | None = None,
        n_initial: int | None = None,
        n_candidates: int = 256,
        cost_exponent: float = 0.0,
        stops: bool = False,
    ):
        super().__init__(space, seed, n_trials)
        self.cost_exponent = cost_exponent
        self.stops = stops
        self.n_initial = _INITIAL if n_initial is None else n_initial
        self.embedding = Embedding(space)
        self._levels = Levels(self.embedding)
        self._maximise = Maximiser(n_random=n_candidates)
        self._seen = Seen(space)
        self._history: History | None = None  # whose trials are remembered here:
        self._units: dict[int, np.ndarray | None] = {}  # encoded trials
        self._folds: dict[int, np.ndarray] = {}  # fold scores of complete trials
        self._times: dict[int, float] = {}  # mean seconds of their evaluations

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        if self.stops and self._has_converged(history):
            return None
        seen = self._seen.update(history)
        rng = np.random.RandomState(derive_seed(self.seed, len(history)))
        costs = self._costs(history) if self.cost_exponent or seconds < math.inf else None
        for params in self._propose(history, rng, costs, seconds):
            if params not in seen and self._fits(params, costs, seconds):
                return params
        for _ in range(_TRIES):
            drawn = draw_unseen(self.space, seen, rng)
            if drawn is None or self._fits(drawn, costs, seconds):
                return drawn
        return None

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        return seconds == math.inf or self._fits(params, self._costs(history), seconds)

    def predict(
        self, history: History, configurations: Sequence[dict[str, Any]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the score that the model expects, and its standard deviation.

        Parameters
        ----------
        history : History
            With at least two complete trials in the space.
        configurations : sequence of dict
            In the space.
        """
        units = np.array([self.space.encode(params) for params in configurations])
        mean, std = self._surrogate(self._observe(history)).predict(units)
        return -mean, std

    def _propose(
        self, history: History, rng: np.random.RandomState, costs: Costs | None, seconds: float
    ) -> Iterator[dict[str, Any]]:
        """Yield points of the design, or the model's choices, best first."""
        seen = self._observe(history)
        turn = sum(trial.origin == self.name and self._is_inside(trial) for trial in history)
        explores = turn % _EXPLORE == _EXPLORE - 1
        wanted = self._levels.wanted(seen.units, explores=explores)
        is_early = len(seen.units) < self.n_initial or not seen.told.any()
        if not self.space.features or is_early:
            yield from self._design(turn, wanted)
            return
        surrogate, log_gain, good_first = self._improvement(seen)
        is_optimistic = explores and turn >= _MODELLED
        value = partial(_upper_bound, surrogate) if is_optimistic else log_gain
        is_informed = any(t.origin == STARTING_POINT and self._is_inside(t) for t in history)
        is_timed = costs is not None and self.cost_exponent > 0
        weight = 0.0 if is_informed and is_timed else _INTERIOR / len(seen.units)

        def criterion(candidates: np.ndarray) -> np.ndarray:
            gain = value(candidates)
            if weight:
                gain = gain + weight * log_interior(candidates, self.embedding)
            fits = np.array(True)
            if costs is not None:
                mean, std = costs.predict(candidates)
                gain, fits = gain - self.cost_exponent * mean, may_fit(mean, std, seconds)
            if wanted:
                gain = np.maximum(gain, -_PRIORITY)
                gain = gain + 2 * _PRIORITY * self._levels.count(candidates, wanted)
            return np.where(fits, gain, -np.inf)

        for vector in self._maximise(criterion, self.embedding, good_first, rng):
            yield self.space.decode(np.nan_to_num(vector, nan=0.5))

    def _design(self, turn: int, wanted: list[Level]) -> Iterator[dict[str, Any]]:
        """Yield the next points of the design, those with levels to be tried first."""
        points = self.embedding.snap(design(self.space, self.seed, turn + _TRIES)[turn:])
        for point in points[np.argsort(-self._levels.count(points, wanted), kind="stable")]:
            yield self.space.decode(np.nan_to_num(point, nan=0.5))

    def _improvement(
        self, seen: _Observed
    ) -> tuple[Surrogate, Callable[[np.ndarray], np.ndarray], np.ndarray]:
        """Return the model, the log of the improvement it expects, and trials, good ones first."""
        surrogate = self._surrogate(seen)
        means, _ = surrogate.predict_warped(seen.units)

        def log_gain(candidates: np.ndarray) -> np.ndarray:
            return log_expected_improvement(*surrogate.predict_warped(candidates), means.min())

        return surrogate, log_gain, seen.units[np.argsort(means, kind="stable")]

    def _has_converged(self, history: History) -> bool:
        """Return whether hardly any improvement is expected."""
        if not self.space.features or not is_ripe(history, len(self.space.features)):
            return False
        seen = self._observe(history)
        surrogate, log_gain, good_first = self._improvement(seen)
        rng = np.random.RandomState(derive_seed(self.seed, len(history)))
        found = self._maximise(log_gain, self.embedding, good_first, rng)
        gain = np.exp(log_gain(found)).max(initial=0.0)
        best = np.nanmin(seen.losses)
        noise = surrogate.warped_difference(best, best + comparison_noise(history))
        return bool(gain <= NEGLIGIBLE * noise)

    def _costs(self, history: History) -> Costs | None:
        """Return the model of the seconds, or None where nothing was timed."""
        self._encode(history)
        timed = [(self._units[t.number], self._seconds(t, history)) for t in history]
        timed = [(unit, time) for unit, time in timed if unit is not None and time == time]
        if not timed:
            return None
        units, times = zip(*timed, strict=True)
        return Costs(self.embedding).fit(np.array(units), np.array(times))

    def _fits(self, params: dict[str, Any], costs: Costs | None, seconds: float) -> bool:
        """Return whether there is time for a configuration, as far as is known."""
        if costs is None or seconds == math.inf:
            return True
        return bool(costs.fits(self.space.encode(params)[None], seconds)[0])

    def _surrogate(self, seen: _Observed) -> Surrogate:
        """Return the model of the losses."""
        surrogate = Surrogate(self.embedding).fit(
            seen.units[seen.told], seen.losses[seen.told], seen.noise_scale[seen.told]
        )
        return surrogate.believe(seen.units[seen.running]) if seen.running.any() else surrogate

    def _observe(self, history: History) -> _Observed:
        """Return what is known about the trials that lie in the space.

        How easy the folds are is told by those of the union, too.
        """
        self._encode(history)
        trials = [t for t in history if self._is_inside(t) or t.params in self.union]
        own = [i for i, trial in enumerate(trials) if self._is_inside(trial)]
        if not own:
            return _Observed(np.empty((0, len(self.space.features))), *np.empty((3, 0)))
        units = np.array([self._units[trials[i].number] for i in own])
        folds = np.array([self._fold_scores(trial, history) for trial in trials])
        running = np.array([trials[i].status == RUNNING for i in own])
        losses, noise_scale = _losses(trials, folds)
        return _Observed(units, losses[own], noise_scale[own], running)

    def _encode(self, history: History) -> None:
        """Encode the trials that are new."""
        if history is not self._history:
            self._history = history
            self._units.clear()
            self._folds.clear()
            self._times.clear()
        for trial in history.trials[len(self._units) :]:
            inside = trial.params in self.space
            self._units[trial.number] = self.space.encode(trial.params) if inside else None

    def _is_inside(self, trial: Trial) -> bool:
        """Return whether an encoded trial lies in the space."""
        return self._units[trial.number] is not None

    def _fold_scores(self, trial: Trial, history: History) -> np.ndarray:
        """Return the scores of a trial, remembered when they are complete."""
        if trial.status != COMPLETE:
            return history.compared_scores(trial)
        if trial.number not in self._folds:
            self._folds[trial.number] = history.compared_scores(trial)
        return self._folds[trial.number]

    def _seconds(self, trial: Trial, history: History) -> float:
        """Return the seconds of a trial's evaluations, remembered when it is complete."""
        if trial.status != COMPLETE:
            return seconds_of(trial, history.share)
        if trial.number not in self._times:
            self._times[trial.number] = seconds_of(trial, history.share)
        return self._times[trial.number]


def _upper_bound(surrogate: Surrogate, candidates: np.ndarray) -> np.ndarray:
    """Return how good candidates may be, on the process's own scale."""
    mean, std = surrogate.predict_warped(candidates)
    return _OPTIMISM * std - mean


@dataclass(frozen=True, slots=True)
class _Observed:
    """Encoded observations of a history.

    Attributes
    ----------
    units : ndarray of shape (n, n_features)
        Encoded configurations.
    losses, noise_scale : ndarray of shape (n,)
        What is to be minimised, NaN where nothing is known; factors of its noise.
    running : ndarray of bool, shape (n,)
        Which trials are pending.
    """

    units: np.ndarray
    losses: np.ndarray
    noise_scale: np.ndarray
    running: np.ndarray

    @property
    def told(self) -> np.ndarray:
        """Which losses are known."""
        return np.isfinite(self.losses)


def _losses(trials: list[Trial], folds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is to be minimised, NaN where nothing is known, and factors of its noise.

    A trial with only some of its folds is credited with the scores of those, corrected by
    how much easier than others they are for the complete trials; its noise is larger by the
    share of folds that are missing. Without two complete trials nothing is known.
    """
    folds = np.where(np.isinf(folds), np.nan, np.clip(folds, -_HUGEST, _HUGEST))
    means = folds.mean(axis=1)
    complete = np.array([trial.status == COMPLETE for trial in trials]) & np.isfinite(means)
    if complete.sum() < 2:
        return np.full(len(trials), np.nan), np.ones(len(trials))
    unfinished = np.array([trial.status in _UNFINISHED for trial in trials])
    done = np.isfinite(folds)
    n_done = np.maximum(done.sum(axis=1), 1)
    ease = np.median(folds[complete] - means[complete, None], axis=0)
    corrected = np.where(done, folds - ease, 0.0).sum(axis=1) / n_done
    partial = unfinished & done.any(axis=1)
    scores = np.where(complete, means, np.where(partial, corrected, means[complete].min()))
    losses = np.where(unfinished & ~partial, np.nan, -scores)
    return losses, np.where(partial, folds.shape[1] / n_done, 1.0)
