"""Successive halving and Hyperband."""

from __future__ import annotations

from ..schedule import Halving as HalvingScheduler
from ..schedule import Plan, Rung, Scheduler, make_rungs
from ._contract import ROWS
from ._random import Random


class Halving(Random):
    """Successive halving: many trials on little, and only the best of them on more.

    Random draws are evaluated on ``min_resources`` and one fold. Whenever a worker is free,
    the best trial among the best ``1 / factor`` so far goes on with ``factor`` times as much,
    then with everything, and at last on all folds; if none is due, a new trial begins.

    Parameters
    ----------
    factor : float, default=3
        One trial in ``factor`` is promoted, to ``factor`` times the resource; at least 1.5.
    min_resources : {"auto", "smallest"}, int or float, default="auto"
        What a trial begins with. An int is an amount of the resource, a float a share of it
        in (0, 1]; with all of it, each trial is evaluated in full. ``"smallest"``: two rows a
        fold and class, or 1 of a parameter, as in ``HalvingRandomSearchCV``. ``"auto"``: a
        ``factor ** 2``-th, but of rows at least 2000 and 50 a class, because the order of
        trials on fewer rows says little; where there are not as many, only folds are saved.
    resource : str, default="n_samples"
        What there is more and more of: ``"n_samples"``, training rows, in nested subsets that
        keep the proportions of the classes, or the name of an integer parameter of the model
        that is not searched, such as ``"n_estimators"`` or ``"clf__max_iter"``.
    max_resources : "auto" or int, default="auto"
        The largest value of that parameter, also of the final model; ``"auto"``: the model's
        own value. Of rows it is always all.

    Notes
    -----
    A budget of n trials is n trials that begin: the first in full, the others at the bottom.
    About ``n / factor`` of them reach the second step, ``n / factor**2`` the third, and at
    least one the top, so it costs much less than n trials of a random search. In a budget of
    seconds, trials begin until it ends.
    Trials that were not promoted have the status ``"dropped"`` and NaN as their mean score;
    ``cv_results_["n_resources"]`` is the most that a trial was given.
    The asynchronous rule is that of Li et al., "A System for Massively Parallel
    Hyperparameter Tuning", MLSys 2020.

    Examples
    --------
    >>> from autotune import Halving
    >>> Halving(resource="n_estimators", max_resources=300)
    Halving(max_resources=300, resource='n_estimators')
    """

    def __init__(
        self,
        *,
        factor: float = 3,
        min_resources: str | float = "auto",
        resource: str = ROWS,
        max_resources: str | int = "auto",
    ):
        self.factor = factor
        self.min_resources = min_resources
        self.resource = resource
        self.max_resources = max_resources

    def scheduler(self, plan: Plan, seed: int) -> Scheduler:
        of_rows = self.resource == ROWS
        rungs = make_rungs(plan, self.factor, self.min_resources, of_rows=of_rows)
        return HalvingScheduler(rungs, seed, float(self.factor), self._n_brackets(rungs))

    def _n_brackets(self, rungs: list[Rung]) -> int:
        """Return on how many of the rungs trials begin."""
        return 1


class Hyperband(Halving):
    """Halving that hedges: some trials begin with more than ``min_resources``.

    What is best on little may not be best on everything. So of the trials a part begins
    further up, down to a few that are evaluated in full at once, in the proportions of
    Hyperband; each part promotes its own best.

    Parameters
    ----------
    factor, min_resources, resource, max_resources
        As in :class:`Halving`.

    Notes
    -----
    A budget of n trials is n trials that begin, wherever they do.
    The proportions are those of algorithm 1 of Li et al., "Hyperband: A Novel Bandit-Based
    Approach to Hyperparameter Optimization", JMLR 18 (2018).

    Examples
    --------
    >>> from autotune import Hyperband
    >>> Hyperband(factor=4)
    Hyperband(factor=4)
    """

    def _n_brackets(self, rungs: list[Rung]) -> int:
        return len(rungs)
