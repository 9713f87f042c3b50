"""Which of several families of models gets the next trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..history import CRASHED, FAILED, TIMEOUT, History, Trial
from ..space import Space
from ._contract import Searcher
from ._stopping import comparison_noise

_LEAST = 2  # trials of each family
_PRIOR = 3  # trials that the usual scale weighs as much as
_TINY = 1e-300  # the scale where no trial differs from another
_FAILED = (FAILED, CRASHED)  # whose scores do not count; of other trials those so far do


class FamilySearcher(Searcher):
    """Divides the trials among families, each with a searcher of its own.

    Each family gets one trial before any gets a second one, and two before any gets a third,
    often its own parameters and a starting point, unless the first failed or ran out of time.
    Then a trial is for the family from which most improvement over the best trial is expected for
    its cost: a bandit of which only the largest reward counts. The upper tail of a family's scores
    is taken for exponential with a scale s. The next of n + 1 trials is the family's best
    with probability 1 / (n + 1), and then exceeds its best so far, which is g below the best of
    all, by more than g with probability exp(-g / s), and by s more in the mean. So the expected
    improvement is::

        s exp(-g / s) / (n + 1)

    A family that is behind is tried again while it may catch up, and the less often the more
    trials did not. The scale is the mean excess of the best quarter of the family's trials over
    the next best, where they are many. Where they are few, it is the most that a family ever gained
    over its first trial, divided by the 1/2 + ... + 1/n that the best of n such scores exceeds
    one of them by in the mean, and at least the noise by which folds tell two trials apart.

    Parameters
    ----------
    space, seed, n_trials
        As in the contract; the space is the union of the families'.
    searchers : sequence of Searcher
        Each of them proposes configurations of one family.
    timed : bool, default=False
        Whether the cost of a trial is its time, or else the number of its evaluations.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        n_trials: int | None = None,
        *,
        searchers: Sequence[Searcher],
        timed: bool = False,
    ):
        super().__init__(space, seed, n_trials)
        self.searchers = list(searchers)
        self.timed = timed
        self.name = self.searchers[0].name
        for searcher in self.searchers:
            searcher.join(space)
        self._families: list[int | None] = []  # of the trials of the history, by their numbers
        self._history: History | None = None

    def ask(self, history: History, seconds: float = math.inf) -> dict[str, Any] | None:
        for place in self._ranked(history):
            proposal = self.searchers[place].ask(history, seconds)
            if proposal is not None:
                return proposal
        return None

    def affords(self, params: dict[str, Any], history: History, seconds: float) -> bool:
        return self.searchers[self._family(params) or 0].affords(params, history, seconds)

    def origin(self, params: dict[str, Any]) -> str:
        return self.searchers[self._family(params) or 0].origin(params)

    def _family(self, params: dict[str, Any]) -> int | None:
        """Return the family of a configuration, None outside the space."""
        places = range(len(self.searchers))
        return next((i for i in places if params in self.searchers[i].space), None)

    def _ranked(self, history: History) -> list[int]:
        """Return the families, the one that deserves the next trial first."""
        trials = self._split(history)
        places = range(len(trials))
        few = [i for i in places if len(trials[i]) < _LEAST and not any(map(_is_cut, trials[i]))]
        few.sort(key=lambda i: len(trials[i]))
        tried = [i for i in places if i not in few]
        values = self._values([trials[i] for i in tried], history)
        return few + [tried[i] for i in np.argsort(-values, kind="stable")]

    def _split(self, history: History) -> list[list[Trial]]:
        """Return the trials of each family."""
        if history is not self._history:
            self._history, self._families = history, []
        for trial in history.trials[len(self._families) :]:
            self._families.append(self._family(trial.params))
        split: list[list[Trial]] = [[] for _ in self.searchers]
        for family, trial in zip(self._families, history, strict=True):
            if family is not None:
                split[family].append(trial)
        return split

    def _values(self, families: list[list[Trial]], history: History) -> np.ndarray:
        """Return the logarithm of the improvement that is expected for the cost, by family."""
        complete = [trial for trial in history if trial.can_win]
        costs = np.array([self._cost(trials) for trials in families])
        numbers = np.array([len(trials) for trials in families])
        if not complete:
            return -np.log(costs * (numbers + 1))
        best = max(complete, key=history.score)
        scores = [np.array([_excess(t, best, history) for t in trials]) for trials in families]
        tops = np.array([own.max() for own in scores])
        usual = max(_usual_scale(scores), comparison_noise(history))
        scales = np.array([max(_own_scale(own, usual), _TINY) for own in scores])
        with np.errstate(over="ignore"):
            return np.log(scales) + tops / scales - np.log(costs * (numbers + 1))

    def _cost(self, trials: list[Trial]) -> float:
        """Return the mean cost of a trial."""
        evaluations = [e for trial in trials for e in trial.evaluations.values()]
        cost = sum(e.seconds for e in evaluations) if self.timed else float(len(evaluations))
        return max(cost, 1e-6) / len(trials)


def _is_cut(trial: Trial) -> bool:
    """Return whether a trial failed or ran out of time."""
    return trial.status in (*_FAILED, TIMEOUT)


def _excess(trial: Trial, best: Trial, history: History) -> float:
    """Return by how much a trial is better than the best one, on the folds that it has."""
    if trial.status in _FAILED:
        return -math.inf
    differences = history.compared_scores(trial) - history.compared_scores(best)
    differences = differences[np.isfinite(differences)]
    return min(float(differences.mean()), 0.0) if len(differences) else -math.inf


def _own_scale(scores: np.ndarray, usual: float) -> float:
    """Return the scale of a family's tail: the usual one, the more trials the more its own."""
    own = np.sort(scores[np.isfinite(scores)])[::-1]
    n_best = len(own) // 4
    if not n_best:
        return usual
    excess = own[:n_best].mean() - own[n_best]
    return float((_PRIOR * usual + len(own) * excess) / (_PRIOR + len(own)))


def _usual_scale(scores: list[np.ndarray]) -> float:
    """Return the scale that the quickest gain over a family's first trial amounts to."""
    scale = 0.0
    for own in scores:
        own = own[np.isfinite(own)]
        if len(own) > 1:
            gained = np.maximum.accumulate(own)[1:] - own[0]
            scale = max(scale, np.max(gained / np.cumsum(1.0 / np.arange(2, len(own) + 1))))
    return float(scale)
