"""The problem that one ``fit`` solves: everything known before anything is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state, get_tags

from .._budget import Budget, check_budget
from .._texts import short_repr
from ..defaults import default_model, default_models
from ..evaluation import Fold, class_labels, is_built_in, is_families
from ..history import History, derive_seed
from ..results import Metric, describe_metric
from ..schedule import Plan
from ..strategies import Strategy, check_strategy
from ._candidates import Candidates, make_candidates
from ._repeats import RepeatedFolds
from ._resource import Resource, make_plan, name_resource, set_amount
from ._scoring import Routed, Scoring, make_scoring, route
from ._target import check_metrics, check_target, one_column
from ._validation import (
    asks_for_average,
    check_data,
    check_final_model,
    check_folds,
    check_model,
    check_settings,
    check_weights,
    choose_final_model,
    warn_of_dates,
)

SEARCH, TRIALS, FOLDS, REPEATS = range(4)  # purposes of seeds
_AS_GIVEN = (
    "cv",
    "refit",
    "keep_predictions",
    "include_default",
    "error_score",
    "return_train_score",
    "n_jobs",
    "verbose",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Validated parameters and data of one ``fit``, and everything derived from them.

    Attributes
    ----------
    X, y
        All rows.
    routed : Routed
        Metadata by recipient.
    folds : list of (train, test) index arrays
        Drawn once; all trials share them.
    repeats : RepeatedFolds
        Draws further folds, for the final comparison.
    estimator : estimator or list of estimators
        The model or models to tune.
    classifier : bool
        Whether the task is classification.
    pairwise : bool
        Whether X is a kernel or distance matrix, which cannot be subsampled.
    candidates : Candidates
    strategy : Strategy
    plan : Plan
        What the strategy knows about the data.
    resource : Resource
        The resource that low-fidelity evaluations save.
    built_in : bool
        Whether the models are built-in ones.
    by_family : bool
        Whether each family of them has a searcher of its own.
    budget : Budget
    n_trials : int or None
        The number of trials after which the search ends.
    scoring : Scoring
    scoring_param : object
        The parameter ``scoring``, as given.
    metric : Metric
        The deciding metric.
    seed : int
        The seed from which all others are derived.
    seeded : bool
        Whether ``random_state`` was given.
    final_model : {"refit", "folds", "ensemble"}
        The final model.
    asks_for_average : bool
        Whether the user named one of the last two.
    cv, refit, keep_predictions, include_default, error_score
        The parameters of these names.
    return_train_score, n_jobs, verbose
        Those too.
    """

    X: Any
    y: Any
    routed: Routed
    folds: list[Fold]
    repeats: RepeatedFolds
    estimator: Any
    classifier: bool
    pairwise: bool
    candidates: Candidates
    strategy: Strategy
    plan: Plan
    resource: Resource
    built_in: bool
    by_family: bool
    budget: Budget
    n_trials: int | None
    scoring: Scoring
    scoring_param: Any
    metric: Metric
    seed: int
    seeded: bool
    final_model: str
    asks_for_average: bool
    cv: Any
    refit: bool | str | Callable
    keep_predictions: bool
    include_default: bool
    error_score: Any
    return_train_score: bool
    n_jobs: int | None
    verbose: int

    @property
    def raises_errors(self) -> bool:
        """Whether the first evaluation that fails ends the search with its error."""
        return isinstance(self.error_score, str)

    @property
    def labels(self) -> np.ndarray | None:
        """The class labels of a classification; None for regression."""
        return class_labels(self.y) if self.classifier else None

    @property
    def may_save_seconds(self) -> bool:
        """Whether there may be too few seconds for all rows and folds."""
        return self.budget.seconds is not None and self.strategy.may_save()

    @property
    def n_repeated_folds(self) -> int:
        """The number of folds on which only the best trials are evaluated."""
        return self.repeats.n_repeats * len(self.folds)

    @property
    def compares_finalists(self) -> bool:
        """Whether the best trials are compared again, on repeats of the folds."""
        decides = self.refit is not False and not callable(self.refit)
        return bool(self.n_repeated_folds) and decides

    @property
    def n_evaluations(self) -> int | None:
        """The number of evaluations at most, None if that is not known."""
        if self.n_trials is None or self.strategy.resource is not None:
            return None
        return self.n_trials * len(self.folds)

    def seed_for(self, purpose: int) -> int:
        """Return the seed for ``SEARCH``, ``TRIALS``, ``FOLDS`` or ``REPEATS``."""
        return derive_seed(self.seed, purpose)

    def new_history(self) -> History:
        """Return a history without trials."""
        named = self.scoring.named
        return History(
            len(self.folds),
            self.scoring.metric,
            np.nan if self.raises_errors else float(self.error_score),
            None if named is None else tuple(named),
            self.n_repeated_folds,
        )


def make_problem(owner: Any, X: Any, y: Any, params: dict[str, Any]) -> Problem:
    """Check the parameters of an estimator and the arguments of its ``fit``."""
    budget, strategy = check_budget(owner.budget), check_strategy(owner.strategy)
    check_settings(owner)
    classifier, models = owner._classifier, owner._models()
    for name, model in models.items():
        check_model(name, model, classifier=classifier)
    scoring = _make_scoring(owner)

    X, y = check_data(X, y, owner)
    check_target(y, classifier=classifier)
    if is_built_in(owner.estimator):
        y = one_column(y)
        X = X.to_pandas() if type(X).__module__.startswith("pyarrow") else X
    check_metrics(scoring, owner.scoring, y, classifier=classifier)
    check_weights(X, params)
    check_final_model(owner, y, classifier=classifier)
    estimator, candidates, resource = _what_is_tuned(owner, X, y, strategy, params)
    n_trials = strategy.n_trials(candidates.space, budget)
    routed = route(owner, models, scoring, params)
    folds = check_folds(owner.cv, X, y, routed.split, classifier=classifier)
    warn_of_dates(owner.cv, X)
    plan = make_plan(resource, candidates, y, folds, classifier=classifier)
    n_repeats = strategy.count_repeats()
    return Problem(
        X=X,
        y=y,
        routed=routed,
        folds=folds,
        repeats=RepeatedFolds(n_repeats, owner.cv, y, routed.split, classifier=classifier),
        estimator=estimator,
        classifier=classifier,
        pairwise=bool(get_tags(owner).input_tags.pairwise),
        candidates=candidates,
        strategy=strategy,
        plan=plan,
        resource=Resource(resource, plan.amount),
        built_in=is_built_in(owner.estimator),
        by_family=is_families(owner.estimator, owner.space) and strategy.allocates(),
        budget=budget,
        n_trials=n_trials,
        scoring=scoring,
        scoring_param=owner.scoring,
        metric=describe_metric(scoring.deciding, models.values()),
        seed=int(check_random_state(owner.random_state).randint(2**31)),
        seeded=owner.random_state is not None,
        final_model=choose_final_model(owner, y, scoring, folds, classifier=classifier),
        asks_for_average=asks_for_average(owner),
        **{name: getattr(owner, name) for name in _AS_GIVEN},
    )


def _make_scoring(owner: Any) -> Scoring:
    """Return how evaluations are scored."""
    raises_errors = isinstance(owner.error_score, str)
    return make_scoring(owner._template(), owner.scoring, owner.refit, raise_errors=raises_errors)


def _what_is_tuned(
    owner: Any, X: Any, y: Any, strategy: Strategy, params: dict[str, Any]
) -> tuple[Any, Candidates, str | None]:
    """Return the model, or the list of them, its candidates and the name of the resource."""
    estimator, prefix = owner.estimator, ""
    if is_families(estimator, owner.space):
        if not (isinstance(owner.space, str) and owner.space == "auto"):
            raise ValueError(
                "space must be 'auto' with estimator='families', whose models depend on the data; "
                f"got {short_repr(owner.space)}. Write a list of models to choose their spaces"
            )
        weighted = params.get("sample_weight") is not None
        estimator = default_models(X, classifier=owner._classifier, weighted=weighted)
        if len(np.shape(y)) > 1:
            estimator = [m for m in estimator if get_tags(m).target_tags.multi_output]
    elif is_built_in(estimator):
        if len(np.shape(y)) > 1:
            raise ValueError(
                f"y must have one column for boosting; got shape {np.shape(y)}: pass "
                "estimator='families' or a model that predicts several"
            )
        estimator = default_model(X, classifier=owner._classifier)
        prefix = "model__" if hasattr(estimator, "steps") else ""
    hurried = check_budget(owner.budget).needs_killing
    candidates = make_candidates(
        estimator, owner.space, prefix, X, y, hurried=hurried, widens=strategy.widens()
    )
    resource = name_resource(strategy, candidates, prefix)
    return estimator, set_amount(strategy, candidates, resource), resource
