"""The tuner's loop without evaluations, for the checks of schedulers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..schedule import RUNNING, Evaluation, History, Request, Scheduler, Trial
from ._checks import require

N_TRIALS = 7
MOST_REQUESTS = 2000  # far more than any search here has evaluations
GOOD = (0.5, 0.7, 0.6, 0.9, 0.1)  # scores of evaluations, in turn


class Loop:
    """Carries out a search as the tuner does, with made-up outcomes, and notes what happens.

    Parameters
    ----------
    scheduler : Scheduler
    history : History
        May hold trials already; ``resume`` goes on with those that run.
    table : sequence of float or str
        What evaluations come to, by trial and fold.
    n_workers : int, default=1
    cancels : bool, default=True
        Whether evaluations in flight of a trial that ends are cancelled, or end later.

    Attributes
    ----------
    asked : list of (Request, str)
        What was asked for, and the status that its trial had.
    repeated : list of Request
        What was asked for though it had been, or was in the history.
    ended : list of (Trial, str, str)
        The trials that were ended, with the status that they had and the one that they got.
    flying : list of Request
        What has not ended.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        history: History,
        table: Sequence[Any] = GOOD,
        n_workers: int = 1,
        *,
        cancels: bool = True,
    ):
        self.scheduler = scheduler
        self.history = history
        self.table = table
        self.n_workers = n_workers
        self.cancels = cancels
        self.asked: list[tuple[Request, str]] = []
        self.repeated: list[Request] = []
        self.ended: list[tuple[Trial, str, str]] = []
        self.flying: list[Request] = []
        self._seen: set[Request] = set()
        self._rng = np.random.RandomState(0)

    def run(self, n_reports: float = math.inf) -> Loop:
        """Search to the end, or until some evaluations have ended."""
        while n_reports > 0:
            self.fill()
            if not self.flying:
                self.end(self.scheduler.close())
                break
            self.report(self.flying.pop(self._rng.randint(len(self.flying))))
            n_reports -= 1
        return self

    def resume(self) -> Loop:
        """Go on with what an earlier run had begun."""
        for trial in self.history:
            if trial.status != RUNNING:
                continue
            self.scheduler.begin(trial)
            for evaluation in list(trial.evaluations.values()):
                if trial.status == RUNNING:
                    self.end(self.scheduler.report(evaluation, self.history))
        return self

    def fill(self) -> None:
        """Ask for evaluations until all workers are busy or there are none."""
        while len(self.flying) < self.n_workers:
            request = self.next()
            if request is None:
                if len(self.history) < N_TRIALS:
                    self.scheduler.begin(self.history.add({}, "test"))
                else:
                    self.scheduler.drain()
                request = self.next()
            if request is None:
                return
            self.flying.append(request)

    def next(self) -> Request | None:
        """Return the scheduler's next request, noted."""
        request = self.scheduler.next()
        if request is None:
            return None
        require(isinstance(request, Request), f"next returned {request!r}, which is no Request")
        require(
            0 <= request.trial < len(self.history),
            f"next returned {request!r} when {len(self.history)} trials had begun",
        )
        trial = self.history[request.trial]
        known = request.key in trial.evaluations
        if known or request in self._seen:
            self.repeated.append(request)
        self._seen.add(request)
        self.asked.append((request, trial.status))
        require(len(self.asked) < MOST_REQUESTS, f"next does not cease to return {request!r}")
        return request

    def report(self, request: Request) -> None:
        """Let an evaluation end."""
        answer = self.table[(11 * request.trial + 3 * request.fold) % len(self.table)]
        evaluation = Evaluation(request.trial, *request.key, fit_time=0.1)
        if isinstance(answer, str):
            evaluation.status, evaluation.error = answer, f"it {answer}"
        else:
            evaluation.scores = {"score": answer + request.fold / 100}
        self.history.record(evaluation)
        self.end(self.scheduler.report(evaluation, self.history))

    def end(self, ended: list[tuple[Trial, str]]) -> None:
        """Give trials the status that the scheduler has decided on."""
        for trial, status in ended:
            self.ended.append((trial, trial.status, status))
            self.history.set_status(trial, status)
        if self.cancels:
            numbers = {trial.number for trial, _ in ended}
            self.flying = [request for request in self.flying if request.trial not in numbers]
