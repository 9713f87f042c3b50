"""Executors, clocks and runs in which every outcome is known beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autotune.evaluation import Job, Outcome
from autotune.execution import Executor
from autotune.history import COMPLETE, FAILED, Evaluation, History, Trial
from autotune.schedule import Full, Scheduler
from autotune.search import RandomSearcher, Searcher
from autotune.space import Space
from autotune.timing._clock import Clock
from autotune.tuning._tuner import Tuner, TunerSettings


class FakeTime:
    """A source of time that moves only when it is told to."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class FakeExecutor(Executor):
    """Ends jobs in any order, any number at a time, with outcomes known beforehand.

    Parameters
    ----------
    answer : callable
        ``answer(job)`` returns an Outcome, a status, or a score.
    n_workers : int
    rng : RandomState or None
        Draws which jobs end next; None: the oldest, one at a time.
    """

    def __init__(
        self,
        answer: Callable[[Job], Any] = lambda job: 1.0,
        n_workers: int = 1,
        rng: np.random.RandomState | None = None,
    ):
        self.answer = answer
        self.n_workers = n_workers
        self.rng = rng
        self.jobs: list[Job] = []
        self.flying: list[Job] = []
        self.waits: list[float | None] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job)
        self.flying.append(job)
        assert len(self.flying) <= self.n_workers

    def collect(self, timeout: float | None = None) -> list[Outcome]:
        self.waits.append(timeout)
        n_ended = 1 if self.rng is None else self.rng.randint(1, len(self.flying) + 1)
        order = range(n_ended) if self.rng is None else self.rng.permutation(len(self.flying))
        ended = [self.flying[place] for place in list(order)[:n_ended]]
        self.flying = [job for job in self.flying if job not in ended]
        return [as_outcome(job, self.answer(job)) for job in ended]

    def close(self) -> None:
        self.flying.clear()


def as_outcome(job: Job, answer: Any) -> Outcome:
    """Return what a job came to; ``answer`` is an Outcome, a status, or a score."""
    if isinstance(answer, Outcome):
        return answer
    evaluation = job.evaluation()
    if isinstance(answer, str):
        evaluation.status, evaluation.error = answer, f"it {answer}"
    else:
        evaluation.scores = {"score": float(answer)}
    return Outcome(evaluation)


def make_tuner(
    space: Any = None,
    *,
    searcher: Searcher | None = None,
    scheduler: Scheduler | None = None,
    executor: Executor | None = None,
    n_folds: int = 2,
    n_trials: int | None = 5,
    seed: int = 0,
    **settings: Any,
) -> Tuner:
    """Return a tuner with what the test does not mind filled in."""
    parsed = Space.parse({"C": (0.0, 1.0)} if space is None else space)
    defaults: dict[str, Any] = {
        "searcher": RandomSearcher(parsed, seed, n_trials) if searcher is None else searcher,
        "history": History(n_folds),
        "clock": Clock(None),
        "reserve": lambda history: 0.0,
        "n_trials": n_trials,
        "seed": seed,
    }
    return Tuner(
        TunerSettings(**{**defaults, **settings}),
        Full(n_folds) if scheduler is None else scheduler,
        FakeExecutor() if executor is None else executor,
    )


def add_trial(
    history: History, params: dict[str, Any], scores: list[float], origin: str = "test", **fields
) -> Trial:
    """Append a trial that is over: complete if its scores are finite, else failed."""
    trial = history.add(params, origin, **fields)
    for fold, score in enumerate(scores):
        evaluation = Evaluation(trial.number, fold, history.share, scores={"score": score})
        history.record(evaluation)
    history.set_status(trial, COMPLETE if all(map(math.isfinite, scores)) else FAILED)
    return trial
