"""Successive halving: only the best trials of a rung are promoted to the next one."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..history import COMPLETE, DROPPED, FAILED, RUNNING, Evaluation, History, Key, Trial
from ._contract import Request, Scheduler
from ._full import verdict
from ._rungs import Rung


@dataclass(slots=True)
class _Place:
    """The trials of one bracket that were evaluated on one rung."""

    ranking: list[tuple[float, int]] = field(default_factory=list)  # (-score, trial), best first
    promoted: set[int] = field(default_factory=set)

    def enter(self, trial: int, score: float) -> None:
        """Rank a trial, possibly again."""
        if (-score, trial) not in self.ranking:
            insort(self.ranking, (-score, trial))

    def remove(self, trial: int) -> None:
        """Remove a trial that failed."""
        self.ranking = [entry for entry in self.ranking if entry[1] != trial]
        self.promoted.discard(trial)


class Halving(Scheduler):
    """Asynchronous successive halving (ASHA), in one bracket or several.

    A trial begins on a low rung. Whenever a worker is free, the best trial that is in the top
    ``1 / factor`` of its rung and was not promoted yet is evaluated on the next rung, highest
    rungs first; if there is none, a new trial begins. Promotion is asynchronous: no rung has to
    fill first [1]_. A trial that was evaluated on the last rung, on all folds at full fidelity,
    is complete.

    Trial 0 and the defaults skip the rungs: they are evaluated in full at once, so that there
    is an incumbent, and do not take part in the comparisons. A trial that fails is removed from
    all rungs. When no new trial will begin and nothing else is left to do, a rung without any
    promotion promotes its best trial, so that at least one reaches the top. The other trials
    are then stopped.

    With several brackets, as in Hyperband [2]_, bracket i begins on rung i and compares only
    its own trials. Trials are assigned by number, in the proportions of Hyperband.

    Parameters
    ----------
    rungs : sequence of Rung
        With increasing cost; the last is of full fidelity on all folds.
    seed : int
        Determines the order of the folds, the same for all trials.
    factor : float
        Only one trial in ``factor`` is promoted.
    n_brackets : int
        At most the number of rungs.

    References
    ----------
    .. [1] Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020,
       algorithm 2.
    .. [2] Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter
       Optimization", JMLR 18 (2018), algorithm 1.
    """

    def __init__(
        self, rungs: Sequence[Rung], seed: int = 0, factor: float = 3.0, n_brackets: int = 1
    ):
        super().__init__(rungs[-1].n_folds)
        self.rungs = tuple(rungs)
        self.factor = factor
        self.order = np.random.RandomState(seed).permutation(self.n_folds).tolist()
        self._folds = [self.order[: rung.n_folds] for rung in rungs]
        self._keys = [{Key(fold, r.fidelity) for fold in self.order[: r.n_folds]} for r in rungs]
        self._cycle = _deal(_weights(n_brackets, factor))
        self._places = [[_Place() for _ in rungs] for _ in range(n_brackets)]
        self._trials: dict[int, Trial] = {}  # those that run, or wait for a promotion
        self._rung: dict[int, int] = {}  # the rung that each of them is on
        self._queue: deque[Request] = deque()
        self._flying: set[tuple[int, Key]] = set()  # trial and key
        self._draining = False
        self._knows_earlier = False

    @property
    def _top(self) -> int:
        """The number of the last rung."""
        return len(self.rungs) - 1

    def begin(self, trial: Trial) -> None:
        self._trials[trial.number] = trial
        self._enter(trial, self._reached(trial))

    def next(self) -> Request | None:
        if not self._queue:
            promotion = self._next_promotion()
            if promotion is None:
                return None
            number, rung = promotion
            self._places[self._bracket(number)][rung].promoted.add(number)
            self._enter(self._trials[number], rung + 1)
        request = self._queue.popleft()
        self._flying.add((request.trial, request.key))
        return request

    def report(self, evaluation: Evaluation, history: History) -> list[tuple[Trial, str]]:
        trial = history[evaluation.trial]
        self._flying.discard((evaluation.trial, evaluation.key))
        if trial.status != RUNNING:
            return []
        self._learn_of_earlier(history)
        status = self._judge(trial, evaluation, history)
        if status is None:
            self._rank(trial, history)
            return []
        self._forget(trial)
        if status != COMPLETE:
            for place in self._places[self._bracket(trial.number)]:
                place.remove(trial.number)
        return [(trial, status)]

    def drain(self) -> None:
        self._draining = True

    def close(self) -> list[tuple[Trial, str]]:
        busy = {r.trial for r in self._queue} | {number for number, _ in self._flying}
        waiting = [t for number, t in sorted(self._trials.items()) if number not in busy]
        for trial in waiting:
            self._forget(trial)
        return [(trial, DROPPED) for trial in waiting]

    def _bracket(self, number: int) -> int:
        """Return the bracket of a trial, and so the rung that it begins on."""
        return self._cycle[number % len(self._cycle)]

    def _begins_low(self, trial: Trial) -> bool:
        """Return whether a trial begins on a low rung, instead of at the top."""
        return trial.number > 0 and trial.origin != "default"

    def _reached(self, trial: Trial) -> int:
        """Return the highest rung on which a trial has an evaluation, or else its first."""
        if not self._begins_low(trial):
            return self._top
        first = self._bracket(trial.number)
        own = trial.evaluations.keys()
        higher = (
            rung
            for rung in range(self._top, first, -1)
            if own & (self._keys[rung] - self._keys[rung - 1])
        )
        return next(higher, first)

    def _enter(self, trial: Trial, rung: int) -> None:
        """Plan the missing evaluations of a trial on a rung."""
        self._rung[trial.number] = rung
        fidelity = self.rungs[rung].fidelity
        requests = (Request(trial.number, fold, fidelity) for fold in self._folds[rung])
        self._queue.extend(r for r in requests if r.key not in trial.evaluations)

    def _judge(self, trial: Trial, evaluation: Evaluation, history: History) -> str | None:
        """Return the status with which an evaluation ends its trial, or None if it continues."""
        if not history.counts(evaluation):
            return FAILED if evaluation.status == COMPLETE else evaluation.status
        is_whole = trial.evaluations.keys() >= self._keys[self._top]
        return verdict(trial, history) if is_whole else None

    def _rank(self, trial: Trial, history: History) -> None:
        """Rank a trial on the rungs on which it was evaluated."""
        if not self._begins_low(trial):
            return
        bracket = self._bracket(trial.number)
        places = self._places[bracket]
        reached = self._rung.get(trial.number, self._top)
        for rung in range(bracket, self._top):
            if trial.evaluations.keys() >= self._keys[rung]:
                scores = history.fold_scores(trial, fidelity=self.rungs[rung].fidelity)
                with np.errstate(over="ignore"):  # huge scores have an infinite mean
                    places[rung].enter(trial.number, float(scores[self._folds[rung]].mean()))
                if rung < reached:
                    places[rung].promoted.add(trial.number)

    def _learn_of_earlier(self, history: History) -> None:
        """Rank the trials that an earlier run has ended, once."""
        if self._knows_earlier:
            return
        self._knows_earlier = True
        for trial in history:
            if trial.status in (COMPLETE, DROPPED) and trial.number not in self._trials:
                self._rung[trial.number] = self._reached(trial)
                self._rank(trial, history)
                del self._rung[trial.number]

    def _next_promotion(self) -> tuple[int, int] | None:
        """Return the trial to promote next and its rung, or None."""
        for rung, place in self._from_the_top():
            n_best = int(len(place.ranking) / self.factor)
            number = self._first_waiting(place, place.ranking[:n_best])
            if number is not None:
                return number, rung
        if not self._draining or self._flying:
            return None
        for rung, place in reversed(list(self._from_the_top())):
            number = None if place.promoted else self._first_waiting(place, place.ranking)
            if number is not None:
                return number, rung
        return None

    def _from_the_top(self) -> Iterator[tuple[int, _Place]]:
        """Yield the rungs below the top, of all brackets, the highest first."""
        for rung in range(self._top - 1, -1, -1):
            for places in self._places:
                yield rung, places[rung]

    def _first_waiting(self, place: _Place, ranking: Iterable[tuple[float, int]]) -> int | None:
        """Return the best trial that has not been promoted and has not ended."""
        return next((n for _, n in ranking if n not in place.promoted and n in self._trials), None)

    def _forget(self, trial: Trial) -> None:
        """Discard the planned evaluations of a trial."""
        self._trials.pop(trial.number, None)
        self._rung.pop(trial.number, None)
        self._queue = deque(r for r in self._queue if r.trial != trial.number)
        self._flying = {pair for pair in self._flying if pair[0] != trial.number}


def _weights(n_brackets: int, factor: float) -> list[int]:
    """Return how many trials of Hyperband begin in each bracket, that of rung 0 first."""
    return [
        int(np.ceil(n_brackets / (steps + 1) * factor**steps - 1e-9))
        for steps in range(n_brackets - 1, -1, -1)
    ]


def _deal(weights: Sequence[int]) -> list[int]:
    """Return a cycle in which each index occurs as often as its weight, evenly spread."""
    credit = np.zeros(len(weights))
    cycle = []
    for _ in range(sum(weights)):
        credit += weights
        place = int(credit.argmax())
        credit[place] -= sum(weights)
        cycle.append(place)
    return cycle
