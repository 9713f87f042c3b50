"""The tuning loop: ask, submit, record, until the budget ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..evaluation import Job, Outcome
from ..execution import Executor
from ..history import (
    COMPLETE,
    INTERRUPTED,
    RUNNING,
    SEARCH,
    Evaluation,
    History,
    Key,
    Listener,
    Trial,
    derive_seed,
)
from ..schedule import Request, Scheduler
from ..search import Searcher
from ..timing import (
    EVALUATION_GRACE,
    Allowance,
    Clock,
    Reference,
    one_fold_counts,
    sound_folds,
    validation_rows,
)
from ._kept import FoldResults


@dataclass(frozen=True, kw_only=True)
class TunerSettings:
    """The components and limits of a search.

    Attributes
    ----------
    searcher : Searcher
    history : History
        May contain trials already; those still running are resumed.
    clock : Clock
    reserve : callable
        ``reserve(history)`` returns the seconds to reserve for later steps.
    n_trials : int or None
        The number of trials after which the search ends.
    seconds_per_trial : float or None
        Total time of the evaluations of one trial.
    seconds_per_default : float
        The same for defaults other than the first.
    seed : int
    defaults : sequence of (params, eligible)
        Configurations that are tried first.
    listeners : sequence of Listener
    raise_errors : bool
        Re-raise the first exception of an evaluation.
    fewer_folds : callable or None
        ``fewer_folds(evaluation, history, order)`` may change the compared folds before an
        evaluation is reported to the scheduler.
    can_end : callable or None
        ``can_end(trial, history)`` returns whether there is time to complete a trial.
    longest : float
        The seconds that an evaluation is known to take.
    reference_seconds : float
        Total time of the evaluations of defaults that cannot win; infinite: they are evaluated
        first, like other defaults.
    kept : FoldResults or None
        Keeps models and predictions of folds; None: nothing is kept.
    """

    searcher: Searcher
    history: History
    clock: Clock
    reserve: Callable[[History], float]
    n_trials: int | None
    seconds_per_trial: float | None = None
    seconds_per_default: float = math.inf
    seed: int
    defaults: Sequence[tuple[dict[str, Any], bool]] = ()
    listeners: Sequence[Listener] = ()
    raise_errors: bool = False
    fewer_folds: Callable[[Evaluation, History, Sequence[int]], None] | None = None
    can_end: Callable[[Trial, History], bool] | None = None
    longest: float = 0.0
    reference_seconds: float = math.inf
    kept: FoldResults | None = None


class Tuner:
    """Runs trials until the budget, the space or a callback ends the search.

    Whenever a worker is free, the next evaluation is submitted: the one that the scheduler
    requests, or the first of a new trial. There are no batches.

    Parameters
    ----------
    settings : TunerSettings
    scheduler : Scheduler
    executor : Executor
    """

    def __init__(self, settings: TunerSettings, scheduler: Scheduler, executor: Executor):
        self.settings = settings
        self.scheduler = scheduler
        self.executor = executor
        self.history = settings.history
        self._n_trials = _limit(settings.n_trials)
        self._running: dict[tuple[int, Key], Job] = {}
        self._stopped = False
        self._allowed = Allowance(
            self.history,
            _limit(settings.seconds_per_trial),
            settings.longest,
            may_save_folds=settings.fewer_folds is not None,
        )
        self._reference = Reference(self.history, settings.reference_seconds)

    def run(self) -> None:
        """Search until nothing can be started and nothing is running."""
        with self.history.telling(self.settings.listeners):
            try:
                self._resume()
                self._loop()
                self._end(self.scheduler.close())
            finally:
                self._interrupt()

    def _resume(self) -> None:
        """Resume the unfinished trials of an earlier run."""
        with self.history.changes():
            for trial in self.history:
                if trial.status in (RUNNING, INTERRUPTED):
                    self.history.set_status(trial, RUNNING)
                    if not self._reference.takes(trial):
                        self.scheduler.begin(trial)
                    self._continue(trial)

    def _continue(self, trial: Trial) -> None:
        """Report the evaluations of a trial that an interrupted run had recorded."""
        for evaluation in list(trial.evaluations.values()):
            if trial.status == RUNNING and evaluation.phase == SEARCH:
                self._conclude(evaluation)

    def _interrupt(self) -> None:
        """Mark trials that the end of the search interrupted, so that a later run resumes them.

        An interrupt may come between a trial's last evaluation and the scheduler's word on it.
        """
        n_folds = len(self.history.compared_folds)
        with self.history.changes():
            for trial in self.history:
                if trial.status == RUNNING:
                    is_whole = len(sound_folds(trial, self.history)) == n_folds
                    self.history.set_status(trial, COMPLETE if is_whole else INTERRUPTED)

    def _loop(self) -> None:
        """Submit jobs and handle outcomes until there are none left."""
        while True:
            while len(self._running) < self.executor.n_workers + self.executor.n_prefetch:
                # A prefetched evaluation must not cost knowledge: it belongs to a trial under way.
                job = self._next_job(begin=len(self._running) < self.executor.n_workers)
                if job is None:
                    break
                self._running[job.trial, job.key] = job
                self.executor.submit(job)
            if not self._running:
                return
            for outcome in self.executor.collect(self._patience()):
                self._settle(outcome)
            if self.seconds_left() < -EVALUATION_GRACE:
                self._cancel(lambda job: True)  # it still runs, or has not even begun

    def _patience(self) -> float | None:
        """Return how long to wait for an outcome; None: without a limit.

        After the end, jobs that could not be cancelled must be waited for.
        """
        left = self.seconds_left() + 2 * EVALUATION_GRACE
        return left if math.isfinite(left) and left > 0 else None

    def _cancel(self, condition: Callable[[Job], bool]) -> None:
        """Cancel jobs that have no outcome yet, if possible."""
        for key, job in list(self._running.items()):
            if condition(job) and self.executor.cancel(job):
                del self._running[key]

    @property
    def stopped(self) -> bool:
        """Whether a callback or another listener has asked to stop."""
        return self._stopped or any(listener.ends_search for listener in self.settings.listeners)

    def seconds_left(self) -> float:
        """Return the remaining seconds of the search."""
        return self.settings.clock.left() - self.settings.reserve(self.history)

    def _next_job(self, *, begin: bool) -> Job | None:
        """Return the next evaluation as a job, or None if none should start now.

        Only with ``begin`` may it be the first of a new trial.
        """
        if self.stopped or self.seconds_left() <= 0:
            return None
        request = self._next_request()
        if request is None and begin:
            request = self._next_of_new_trial()
        return None if request is None else self._job(request)

    def _next_of_new_trial(self) -> Request | None:
        """Return an evaluation of a reference default that is due, or begin the next trial."""
        running = self._running.values()
        request = self._reference.next(running, self.seconds_left(), idle=False)
        if request is not None:
            return request
        trial = self._begin_trial()
        if trial is None:
            self.scheduler.drain()
            request = self._next_request()
            return request or self._reference.next(running, self.seconds_left(), idle=True)
        self.scheduler.begin(trial)
        return self._next_request()

    def _next_request(self) -> Request | None:
        """Return the scheduler's next request, skipping trials that cannot end in time."""
        while (request := self.scheduler.next()) is not None:
            trial = self.history[request.trial]
            if self.settings.can_end is None or self.settings.can_end(trial, self.history):
                return request
            if not self.scheduler.pause(trial):
                return request
            self.history.set_status(trial, INTERRUPTED)
        return None

    def _job(self, request: Request) -> Job:
        """Return a request as a job."""
        trial = self.history[request.trial]
        contexts = [listener.submitting(trial, request) for listener in self.settings.listeners]
        seconds = self._allowance(trial, request.key)
        kept = self.settings.kept
        return Job(
            trial=trial.number,
            fold=request.fold,
            fidelity=request.fidelity,
            phase=request.phase,
            n_test=validation_rows(self.history.share),
            params=trial.params,
            seed=derive_seed(self.settings.seed, trial.number),
            seconds=max(seconds, 0.0) if math.isfinite(seconds) else None,
            callback_context=next((c for c in contexts if c is not None), None),
            keep=kept is not None and kept.wants(request.key, self.history),
        )

    def _allowance(self, trial: Trial, key: Key) -> float:
        """Return the seconds after which an evaluation of a trial is killed."""
        left = self.seconds_left()
        if not self._reference.takes(trial):
            allowed = self._allowed.of(trial, key, left, self.executor.n_workers)
            if 0 < trial.number < len(self.settings.defaults):
                spent = self.history.seconds_spent(trial, key)
                return min(allowed, self.settings.seconds_per_default - spent)
            return allowed
        allowed = self._reference.allowance(trial, self._running.values(), left)
        return min(allowed, self._allowed.of_trial(trial, key))

    def _begin_trial(self) -> Trial | None:
        """Add the next trial to the history, or return None if there is none."""
        while len(self.history) < min(len(self.settings.defaults), self._n_trials):
            params, eligible = self.settings.defaults[len(self.history)]
            trial = self.history.add(params, "default", eligible)
            if not self._reference.takes(trial):
                return trial
        if len(self.history) >= self._n_trials:
            return None
        proposal = self._propose(len(self.history.compared_folds))
        saves_folds = self.settings.fewer_folds is not None
        if proposal is None and saves_folds and one_fold_counts(self.history):
            proposal = self._propose(1)
        if proposal is None or self.seconds_left() <= 0:  # asking takes time too
            return None
        return self.history.add(proposal, self.settings.searcher.origin(proposal))

    def _propose(self, n_folds: int) -> dict[str, Any] | None:
        """Return a configuration for which there is time on so many folds, or None."""
        left, n_workers = self.seconds_left(), self.executor.n_workers
        seconds = self._allowed.of_new_trial(left, n_workers, n_folds)
        return self.settings.searcher.ask(self.history, seconds)

    def _settle(self, outcome: Outcome) -> None:
        """Record the outcome of a job, and end trials accordingly."""
        evaluation = outcome.evaluation
        self._running.pop((evaluation.trial, evaluation.key), None)
        evaluation.ended = self.settings.clock.elapsed()
        evaluation.started = evaluation.ended - evaluation.seconds
        self._allowed.learn(evaluation)
        with self.history.changes():  # listeners get an evaluation with its effects
            self.history.record(evaluation)
            if self.settings.fewer_folds is not None:
                self.settings.fewer_folds(evaluation, self.history, self.scheduler.order)
            self._conclude(evaluation)
        if self.settings.kept is not None:
            self.settings.kept.take(outcome, self.history)
        self._stopped |= outcome.stop
        if self.settings.raise_errors and evaluation.status != COMPLETE:
            raise outcome.exception or RuntimeError(evaluation.error)

    def _conclude(self, evaluation: Evaluation) -> None:
        """Report an evaluation, and set the status of the trials that it ends."""
        if self._reference.takes(self.history[evaluation.trial]):
            self._end(self._reference.report(evaluation))
        else:
            self._end(self.scheduler.report(evaluation, self.history))

    def _end(self, ended: list[tuple[Trial, str]]) -> None:
        """Set the final status of trials."""
        with self.history.changes():
            for trial, status in ended:
                self.history.set_status(trial, status)
        numbers = {trial.number for trial, _ in ended}
        self._cancel(lambda job: job.trial in numbers)


def _limit(limit: float | None) -> float:
    """Return a limit as a number, infinite if there is none."""
    return math.inf if limit is None else limit
