"""Successive halving and Hyperband."""

from __future__ import annotations

from ..schedule import Halving as HalvingScheduler
from ..schedule import Plan, Rung, Scheduler, make_rungs
from ._contract import ROWS
from ._random import Random


class Halving(Random):
    """Successive halving: many trials on few resources, of which only the best get more.

    Random draws are evaluated on ``min_resources`` and one fold. Whenever a worker is free,
    the best trial among the top ``1 / factor`` is promoted to ``factor`` times the resource,
    then to all of it, and finally to all folds; if none can be promoted, a new trial begins.

    Parameters
    ----------
    factor : float, default=3
        One trial in ``factor`` is promoted, to ``factor`` times the resource; at least 1.5.
    min_resources : {"auto", "smallest"}, int or float, default="auto"
        The initial resource of a trial. An int is an amount, a float a share in (0, 1]; if it
        is the maximum, each trial is evaluated in full. ``"smallest"``: two rows per fold and
        class, or 1 for a parameter, as in ``HalvingRandomSearchCV``. ``"auto"``: the maximum
        divided by ``factor ** 2``, but at least 2000 rows and 50 rows per class, because
        smaller subsamples rank trials poorly; with fewer rows, only folds are saved.
    resource : str, default="n_samples"
        The resource that increases: ``"n_samples"``, the training rows, in nested stratified
        subsets, or the name of an integer parameter of the model that is not searched, such as
        ``"n_estimators"`` or ``"clf__max_iter"``.
    max_resources : "auto" or int, default="auto"
        The largest value of that parameter, also of the final model; ``"auto"``: the model's
        own value. For rows, it is always all of them.

    Notes
    -----
    A budget of n trials counts trials that begin: the first in full, the others on the lowest
    rung. About ``n / factor`` of them reach the second rung, ``n / factor**2`` the third, and
    at least one the top, so it costs much less than n trials of random search. With a budget
    in seconds, trials begin until it ends.
    Trials that were not promoted have the status ``"dropped"`` and a mean score of NaN;
    ``cv_results_["n_resources"]`` is the largest resource of each trial.
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
        """Return the number of rungs on which trials begin."""
        return 1


class Hyperband(Halving):
    """Hyperband: halving in which some trials begin with more than ``min_resources``.

    Results at low fidelity may be misleading. Therefore some trials begin on higher rungs, and
    a few are evaluated in full at once, in the proportions of Hyperband; each bracket promotes
    its own best trials.

    Parameters
    ----------
    factor : float, default=3
    min_resources : {"auto", "smallest"}, int or float, default="auto"
    resource : str, default="n_samples"
    max_resources : "auto" or int, default="auto"
        These four are as in :class:`Halving`.

    Notes
    -----
    A budget of n trials counts trials that begin, on any rung.
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
