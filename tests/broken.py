"""Searchers, schedulers and executors that break one rule of their contract each."""

from __future__ import annotations

import copy
import math
import pickle
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace

import numpy as np

from autotune.evaluation import Job, Outcome
from autotune.execution import Executor
from autotune.history import CRASHED, TIMEOUT
from autotune.schedule import COMPLETE, DROPPED, FAILED, INTERRUPTED, RUNNING, Full, Request
from autotune.search import RandomSearcher

# Searchers


class Nameless(RandomSearcher):
    name = ""


class OutOfSpace(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        return {**(super().ask(history) or {}), "other": 1}


class Repeating(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        return self.space.sample(np.random.RandomState(self.seed))


class EndsEarly(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        return None if len(history) >= 2 else super().ask(history)


class Endless(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        return super().ask(history) or self.space.sample(np.random.RandomState(0))


class ForgetsTheUnfinished(RandomSearcher):
    """Counts only what is complete as proposed."""

    def ask(self, history, seconds=math.inf):
        known = copy.copy(history)
        known.trials = [trial for trial in history if trial.status == COMPLETE]
        return RandomSearcher(self.space, self.seed).ask(known)


class DrawsFromSharedGenerator(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        self.seed = np.random.randint(2**31)
        return super().ask(history)


class Counting(RandomSearcher):
    """Draws by the number of its calls instead of that of the trial."""

    n_calls = 0

    def ask(self, history, seconds=math.inf):
        self.n_calls += 1
        self.seed += self.n_calls
        return super().ask(history)


class Remembering(RandomSearcher):
    """Does not propose what it proposed in another search."""

    def __init__(self, space, seed, n_trials=None):
        super().__init__(space, seed, n_trials)
        self.proposed = set()

    def ask(self, history, seconds=math.inf):
        params = super().ask(history)
        attempt = 0
        while params is not None and self.space.key(params) in self.proposed and attempt < 20:
            attempt += 1
            params = self.space.sample(np.random.RandomState(attempt))
        self.proposed.add(None if params is None else self.space.key(params))
        return params


class Writing(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        for trial in history:
            history.set_status(trial, COMPLETE)
        return super().ask(history)


class FollowsFirstFold(RandomSearcher):
    """Draws by the fold of the last trial that ended first."""

    def ask(self, history, seconds=math.inf):
        folds = [key.fold for trial in history.trials[-1:] for key in trial.evaluations]
        return RandomSearcher(self.space, self.seed + sum(folds[:1])).ask(history)


class StopsAtFailure(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        failed = any(trial.status == FAILED for trial in history)
        return None if failed else super().ask(history)


class NeedsFiniteScores(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        for trial in history:
            if trial.status != RUNNING and not math.isfinite(history.score(trial)):
                raise FloatingPointError("a score is not finite")
        return super().ask(history)


class ForgetsTheDefault(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        own = copy.copy(history)
        own.trials = [trial for trial in history if trial.origin != "default"]
        return RandomSearcher(self.space, self.seed).ask(own)


class EncodesEveryTrial(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        for trial in history:
            self.space.encode(trial.params)
        return super().ask(history)


class Spendthrift(RandomSearcher):
    def affords(self, params, history, seconds):
        return seconds > 1


class NeverAffords(RandomSearcher):
    def ask(self, history, seconds=math.inf):
        return None if seconds < math.inf or len(history) >= 5 else super().ask(history)

    def affords(self, params, history, seconds):
        return False


class Impostor(RandomSearcher):
    def origin(self, params):
        return "default"


# Schedulers


class _Full(Full):
    def __init__(self, plan, seed):
        super().__init__(plan.n_folds)


class MiscountsFolds(_Full):
    def __init__(self, plan, seed):
        super().__init__(plan, seed)
        self.n_folds += 1


class OrderWithGaps(_Full):
    def __init__(self, plan, seed):
        super().__init__(plan, seed)
        self.order = [fold + 1 for fold in self.order]


class Eager(_Full):
    def next(self):
        return super().next() or Request(0, 0)


class EndsWhatNeverBegan(_Full):
    def close(self):
        return [None]


class OneFoldTooMany(_Full):
    def begin(self, trial):
        super().begin(trial)
        self._queue.append(Request(trial.number, self.n_folds))


class NoFidelity(_Full):
    def next(self):
        request = super().next()
        return request and replace(request, fidelity=0.0)


class Unbegun(_Full):
    def next(self):
        request = super().next()
        return request and replace(request, trial=request.trial + 1)


class Stammering(_Full):
    def begin(self, trial):
        super().begin(trial)
        self._queue.extend(list(self._queue))


class NeverSatisfied(_Full):
    def next(self):
        return self._queue[0] if self._queue else None


class Stubborn(_Full):
    """Goes on with trials that had to be killed."""

    def report(self, evaluation, history):
        queue = self._queue.copy()
        ended = super().report(evaluation, history)
        self._queue = queue
        return ended


class Undecided(_Full):
    def report(self, evaluation, history):
        ended = super().report(evaluation, history)
        return [(trial, status) for trial, status in ended if trial.number != 3]


class Pausing(_Full):
    """Wants nothing for a new trial, so that the search ends."""

    def begin(self, trial):
        if trial.number < 2:
            super().begin(trial)


class EndsTwice(_Full):
    def report(self, evaluation, history):
        return super().report(evaluation, history) * 2


class Postponing(_Full):
    def report(self, evaluation, history):
        ended = super().report(evaluation, history)
        return [(trial, INTERRUPTED) for trial, _ in ended]


class EndsCopies(_Full):
    def report(self, evaluation, history):
        ended = super().report(evaluation, history)
        return [(copy.copy(trial), status) for trial, status in ended]


class EndsTheEnded(_Full):
    """Ends a trial again with the last of its evaluations in flight."""

    def report(self, evaluation, history):
        trial = history[evaluation.trial]
        return [(trial, FAILED)] if trial.status != RUNNING else super().report(evaluation, history)


class Optimist(_Full):
    def report(self, evaluation, history):
        return [(trial, COMPLETE) for trial, _ in super().report(evaluation, history)]


class DropsAll(_Full):
    def report(self, evaluation, history):
        return [(trial, DROPPED) for trial, _ in super().report(evaluation, history)]


class Disorderly(_Full):
    def __init__(self, plan, seed):
        super().__init__(plan, seed)
        self.order.reverse()

    def begin(self, trial):
        self._queue.extend(Request(trial.number, fold) for fold in sorted(self.order))


class Moody(_Full):
    """Draws the order of the folds without regard to the seed."""

    def __init__(self, plan, seed):
        super().__init__(plan, seed)
        self.order = np.random.permutation(self.n_folds).tolist()

    def begin(self, trial):
        self._queue.extend(Request(trial.number, fold) for fold in self.order)


class GivesStatus(_Full):
    def report(self, evaluation, history):
        ended = super().report(evaluation, history)
        for trial, status in ended:
            history.set_status(trial, status)
        return ended


class ClosesAll(_Full):
    def begin(self, trial):
        super().begin(trial)
        self.begun = [*getattr(self, "begun", []), trial]

    def close(self):
        return [(trial, DROPPED) for trial in self.begun if trial.status == RUNNING]


class PretendsToPause(_Full):
    def pause(self, trial):
        return True


class PausesAll(_Full):
    def pause(self, trial):
        self._queue.clear()
        return True


class EndsWhatIsPaused(_Full):
    """Ends a trial that was paused when the search ends."""

    paused = None

    def pause(self, trial):
        self.paused = trial
        self._queue = type(self._queue)(r for r in self._queue if r.trial != trial.number)
        return True

    def close(self):
        return [(self.paused, DROPPED)] if self.paused else []


class ForgetsAllTheSame(PausesAll):
    def pause(self, trial):
        return not super().pause(trial)


class Vague(_Full):
    def pause(self, trial):
        return None


class BeginsAnew(_Full):
    def begin(self, trial):
        self._queue.extend(Request(trial.number, fold) for fold in self.order)


class WaitsForAllFolds(_Full):
    """Leaves out the folds that are not compared, and waits for them."""

    def report(self, evaluation, history):
        folds = history.compared_folds
        ended = super().report(evaluation, history)
        self._queue = type(self._queue)(r for r in self._queue if r.fold in folds)
        return ended


# Executors


class Threads(Executor):
    """An executor in threads, with nothing wrong, from which the others differ in one place."""

    n_threads = None

    def __init__(self, task, n_workers=2):
        self.task = task
        self.n_workers = n_workers
        self.pool = ThreadPoolExecutor(self.n_threads or n_workers)
        self.flying = {}

    def submit(self, job: Job) -> None:
        self.flying[self.pool.submit(self.run, job)] = job

    def run(self, job: Job) -> Outcome:
        return self.task.run(job)

    def collect(self, timeout=None):
        done, _ = wait(self.flying, timeout, FIRST_COMPLETED)
        return [future.result() for future in done if self.flying.pop(future)]

    def close(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)


class NoWorkers(Threads):
    def __init__(self, task):
        super().__init__(task)
        self.n_workers = 0


class Losing(Threads):
    """Loses the outcome of job 3, and with it a place for another job."""

    def collect(self, timeout=None):
        return [o for o in super().collect(timeout) if o.evaluation.trial != 3]


class Doubling(Threads):
    def collect(self, timeout=None):
        return [outcome for outcome in super().collect(timeout) for _ in range(2)]


class Mistaking(Threads):
    """Says that each evaluation was one of fold 0."""

    def collect(self, timeout=None):
        outcomes = super().collect(timeout)
        for outcome in outcomes:
            outcome.evaluation.fold = 0
        return outcomes


class Whitewashing(Threads):
    def run(self, job):
        return replace(super().run(job), evaluation=job.evaluation())


class Meddling(Threads):
    def run(self, job):
        outcome = super().run(job)
        job.params["seen"] = True
        return outcome


class OwnSeeds(Threads):
    def run(self, job):
        return super().run(replace(job, seed=1000 + job.seed))


class Raising(Threads):
    def run(self, job):
        outcome = super().run(job)
        if outcome.exception is not None:
            raise RuntimeError("a job failed")
        return outcome


class Laconic(Threads):
    def run(self, job):
        outcome = super().run(job)
        outcome.evaluation.error = outcome.evaluation.error and "it failed"
        return outcome


class Discreet(Threads):
    def run(self, job):
        return replace(super().run(job), exception=None)


class Overstating(Threads):
    def run(self, job):
        outcome = super().run(job)
        if outcome.exception is not None:
            outcome.evaluation.status = CRASHED
        return outcome


class DropsModels(Threads):
    """Sends everything through pickle, and the model not at all if that fails."""

    def run(self, job):
        outcome = super().run(job)
        try:
            pickle.dumps(outcome.model)
        except TypeError:
            outcome.model = None
        return outcome


class Synchronous(Threads):
    def submit(self, job):
        super().submit(job)
        wait(self.flying)


class Idle(Threads):
    def collect(self, timeout=None):
        if not self.flying:
            time.sleep(timeout or 0)
        return super().collect(timeout)


class Polling(Threads):
    def collect(self, timeout=None):
        return super().collect(0.001 if timeout is None else timeout)


class Untimely(Threads):
    def collect(self, timeout=None):
        return super().collect()


class Serial(Threads):
    n_threads = 1


class Greedy(Threads):
    """Begins prefetched jobs at once."""

    n_threads = 3
    n_prefetch = 1

    def submit(self, job):
        super().submit(job)
        time.sleep(0.05)


class Batches(Threads):
    def collect(self, timeout=None):
        done, _ = wait(self.flying, timeout)
        return [future.result() for future in done if self.flying.pop(future)]


class LastInFirstOut(Threads):
    """Begins with the job that was submitted last."""

    n_prefetch = 2

    def __init__(self, task):
        super().__init__(task, 1)
        self.stack = []

    def submit(self, job):
        self.stack.append(job)

    def collect(self, timeout=None):
        if not self.flying and self.stack:
            super().submit(self.stack.pop())
        return super().collect(timeout)


class Pretending(Threads):
    def cancel(self, job):
        return job in self.flying.values()


class AlwaysCancels(Threads):
    """Forgets the outcome, but says so of any job."""

    def cancel(self, job):
        self.flying = {future: one for future, one in self.flying.items() if one is not job}
        return True


class CannotCancel(Threads):
    can_kill = True


class NoAnswer(Threads):
    def cancel(self, job):
        return None


class Forgetting(AlwaysCancels):
    """Forgets the outcome of a job that it cancels, and runs it all the same."""

    can_kill = True
    n_prefetch = 1

    def cancel(self, job):
        known = job in self.flying.values()
        super().cancel(job)
        return known


class Unlimited(Threads):
    can_kill = True


class Immortal(Threads):
    """Pretends that no process can be lost."""

    can_kill = True

    def run(self, job):
        lethal = job.params["deed"] in ("exit", "die")
        return Outcome(job.evaluation()) if lethal else super().run(job)


class CountsFromSubmit(Threads):
    """Counts the seconds of a job that waits."""

    can_kill = True
    n_prefetch = 1

    def submit(self, job):
        super().submit(job)
        self.began = {**getattr(self, "began", {}), job.trial: time.monotonic()}

    def collect(self, timeout=None):
        outcomes = super().collect(timeout)
        for future, job in list(self.flying.items()):
            if job.seconds and time.monotonic() > self.began[job.trial] + job.seconds:
                del self.flying[future]
                outcomes.append(Outcome(job.evaluation(status=TIMEOUT)))
        return outcomes


class ClosesOnce(Threads):
    closed = False

    def close(self):
        super().close()
        if self.closed:
            raise RuntimeError("it is closed already")
        self.closed = True


class LeavesThreads(Threads):
    """Leaves a thread behind, until the test lets it go."""

    go_on = threading.Event()

    def close(self):
        super().close()
        threading.Thread(target=self.go_on.wait, daemon=True).start()


class LetsGoOn(Threads):
    """Does not end what runs when it is closed."""

    can_kill = True

    def close(self):
        self.pool.shutdown(wait=False, cancel_futures=True)


class WaitsAtTheEnd(Threads):
    """Waits for what runs when it is closed."""

    can_kill = True
