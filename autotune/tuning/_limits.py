"""What a search keeps of its seconds for what follows, and on how many folds it compares."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..history import History
from ..timing import FewerFolds, FirstModel, Reserve, Subsample
from ._comparison import Finals, make_finals
from ._problem import Problem
from ._runtime import Runtime
from ._study import Study


@dataclass(frozen=True, eq=False)
class Limits:
    """What limits a search, beside its budget.

    Attributes
    ----------
    subsample : Subsample
        On what share of the rows it trains.
    reserve : Reserve
        The seconds that are kept for the last fit.
    finals : Finals
        Those for the final comparison, and who takes part in it.
    fewer_folds : FewerFolds
    longest : float
        The seconds that an evaluation is known to take.
    n_trials : int or None
        How many trials are worth their time: perhaps only the default, or not even that.
    """

    subsample: Subsample
    reserve: Reserve
    finals: Finals
    fewer_folds: FewerFolds
    longest: float
    n_trials: int | None

    def seconds_kept(self, history: History) -> float:
        """Return the seconds that are kept for all that follows the search."""
        return self.reserve(history) + self.finals.reserve()


def make_limits(
    problem: Problem, study: Study, runtime: Runtime, subsample: Subsample, first: FirstModel | None
) -> Limits:
    """Return the limits of a search, which may go on with what a study knows already."""
    history, clock, n_workers = study.history, runtime.clock, runtime.executor.n_workers
    rows, n_trials = subsample.share * problem.plan.n_train, problem.n_trials
    refits = problem.refit is not False
    if first is not None and not first.leaves_time(rows):
        n_trials, refits = (1 if first.is_whole else 0), False
    reserve = Reserve(runtime.task, clock.seconds, refit=refits, subsample=subsample)

    def keep(folds: tuple[int, ...]) -> None:
        study.keep(replace(subsample, folds=folds))

    fewer_folds = FewerFolds(clock, reserve.predict, n_workers, keep)
    fewer_folds.reconsider(history)
    reserve.learn(history)
    finals = make_finals(problem, history, n_workers)
    longest = 0.0 if first is None else first.expect(rows)
    return Limits(subsample, reserve, finals, fewer_folds, longest, n_trials)
