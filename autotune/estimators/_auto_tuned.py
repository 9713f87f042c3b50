"""The estimators: parameters, ``fit``, tags, metadata routing and callbacks."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted

from .._budget import check_budget
from ..compat import (
    CallbackSupportMixin,
    clone_parametrized,
    routing_enabled,
    with_callbacks,
)
from ..defaults import default_model
from ..evaluation import Models, is_built_in, is_families
from ..timing import Clock
from ..tuning import (
    Callbacks,
    asks_for_average,
    make_problem,
    make_router,
    make_scoring,
    open_runtime,
    open_study,
    search,
    take_over,
)
from ._arguments import explain_unknown, refuse_fit_arguments, refuse_inner, refuse_unknown
from ._delegation import NO_MODEL, DelegatingMixin
from ._docs import share_documentation
from ._fitted import FittedMixin
from ._reporting import ReportingMixin
from ._tags import combine_tags

_NOTHING_TO_FINISH = (
    "finish ends a fit of this %(name)s that was interrupted, and there was none: call 'fit'"
)


class BaseAutoTuned(
    MetaEstimatorMixin, CallbackSupportMixin, FittedMixin, ReportingMixin, DelegatingMixin
):
    """What the classifier and the regressor share.

    It precedes scikit-learn's mixins in the bases, because it replaces their ``score``.
    """

    _classifier: bool

    @explain_unknown
    def __init__(
        self,
        estimator=None,
        space="auto",
        *,
        strategy="auto",
        budget=None,
        scoring=None,
        cv=None,
        refit=True,
        final_model="auto",
        keep_predictions=False,
        include_default=True,
        error_score=np.nan,
        return_train_score=False,
        n_jobs=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        storage=None,
    ):
        self.estimator = estimator
        self.space = space
        self.strategy = strategy
        self.budget = budget
        self.scoring = scoring
        self.cv = cv
        self.refit = refit
        self.final_model = final_model
        self.keep_predictions = keep_predictions
        self.include_default = include_default
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.storage = storage

    def set_params(self, **params):
        """Set parameters of this estimator, of the wrapped model and of the strategy.

        Parameters
        ----------
        **params : dict
            Values by name: ``budget``, ``estimator__C``, ``strategy__factor``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For an unknown name, with a suggestion, and for a parameter of a strategy that is
            given by its name.
        """
        names = [name.partition("__")[0] for name in params]
        refuse_unknown(self, names, self.get_params(deep=False), ValueError)
        refuse_inner(self, params)
        return super().set_params(**params)

    @with_callbacks
    def fit(self, X, y=None, **params):
        """Tune the model, then fit it on all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or dataframe of shape (n_samples, n_features)
            Training data, as the wrapped model accepts it.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        **params : dict
            ``groups`` for the splitter and, for example, ``sample_weight`` for the model and
            the scorers that accept it. With metadata routing, the metadata that each requests.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            For an invalid parameter, before anything is fitted; the message names it.
            Also a ValueError if no evaluation succeeded, with the text of the first error.
        TimeoutError
            If nothing could be fitted within a budget in seconds, not even the untuned model.
        KeyboardInterrupt
            When interrupted. ``history_`` has the results so far; :meth:`finish` ends the fit with
            these, and another ``fit`` with ``warm_start=True`` continues the search.
        """
        refuse_fit_arguments(self, params, self._models().values())
        clock = Clock(check_budget(self.budget).seconds)
        problem = make_problem(self, X, y, params)
        callbacks = Callbacks(self, problem, problem.n_evaluations)
        with open_study(problem, self.storage, self._last_fit()) as study, self._resumable(study):
            problem = study.problem
            with (
                self._keeping(problem, study.history, study.journal, self.warm_start) as kept,
                open_runtime(problem, clock, callbacks, kept) as runtime,
            ):
                result = search(problem, study, runtime)
                self._end(problem, result, runtime)
        callbacks.end()
        return self

    @with_callbacks
    def finish(self, X, y=None, **params):
        """End a ``fit`` that was interrupted: fit the best model so far on all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or dataframe of shape (n_samples, n_features)
            The data of the interrupted ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Its target.
        **params : dict
            The other arguments of that ``fit``.

        Returns
        -------
        self
            With all attributes that ``fit`` sets; unchanged if no ``fit`` was interrupted.

        Raises
        ------
        NotFittedError
            If there is no search to finish.
        ValueError
            If the folds differ from those of the interrupted ``fit``, or all trials had failed.
        TimeoutError
            If the model could not be fitted within a budget in seconds, which starts again.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from autotune import AutoTunedClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = AutoTunedClassifier(SVC(), budget=5, random_state=0)
        >>> try:
        ...     model = model.fit(X, y)
        ... except KeyboardInterrupt:
        ...     model = model.finish(X, y)
        """
        check_is_fitted(self, "history_", msg=_NOTHING_TO_FINISH)
        if "best_estimator_" in self.__dict__:
            return self
        clock = Clock(check_budget(self.budget).seconds)
        _, seed, subsample = self._study
        problem = replace(make_problem(self, X, y, params), seed=seed)
        result = take_over(problem, self.history_, subsample)
        callbacks = Callbacks(self, problem, 0)
        with (
            self._keeping(problem, self.history_, None, True) as kept,
            open_runtime(problem, clock, callbacks, kept) as runtime,
        ):
            callbacks.end_search()
            self._end(problem, result, runtime)
        callbacks.end()
        return self

    def score(self, X, y=None, **params):
        """Score the tuned model with the metric that was optimized.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target.
        **params : dict
            Metadata for the scorer; needs metadata routing.

        Returns
        -------
        score : float
            The value of ``scoring`` or, without it, of the model's own ``score``.
        """
        check_is_fitted(self, "best_estimator_", msg=NO_MODEL)
        if params and not routing_enabled():
            raise ValueError(
                f"score takes metadata only with sklearn.set_config(enable_metadata_routing=True);"
                f" got {sorted(params)}"
            )
        score_params = process_routing(self, "score", **params).scorer["score"] if params else {}
        scorer = self.scorer_
        if isinstance(scorer, dict):
            metric = self.refit if isinstance(self.refit, str) else next(iter(scorer))
            return scorer[metric](self.best_estimator_, X, y, **score_params)
        score = scorer(self.best_estimator_, X, y, **score_params)
        if isinstance(score, dict):
            return score[self.refit if isinstance(self.refit, str) else next(iter(score))]
        return score

    def get_metadata_routing(self):
        """Return how metadata is routed to the model, the scorers and the splitter.

        Returns
        -------
        routing : sklearn.utils.metadata_routing.MetadataRouter
        """
        models = self._models()
        scorer = make_scoring(self._template(), self.scoring, self.refit).scorer
        return make_router(self, models, scorer, self.cv)

    def _models(self) -> dict[str, Any]:
        """Return the wrapped models by the names under which metadata is routed to them."""
        return self._race().named

    def _template(self) -> Any:
        """Return the wrapped model, the first of several, or the built-in default."""
        return self._race().first

    def _race(self) -> Models:
        """Return the wrapped models, or the built-in default, which stands for all families."""
        if not is_built_in(self.estimator):
            return Models.of(self.estimator)
        model = default_model(None, classifier=self._classifier)
        return Models.of([model] if is_families(self.estimator, self.space) else model)

    def _may_average(self) -> bool:
        """Return whether the final model may be an average of models."""
        if self.final_model == "auto":
            return is_built_in(self.estimator) and not callable(self.refit)
        return self.final_model != "refit"

    def _forwarded_tags(self, tags: Any) -> Any:
        """Return the wrapped models' tags under this class's own estimator type."""
        models = self._race().members
        if not models:  # which fit refuses
            return tags
        inner = deepcopy(combine_tags([get_tags(model) for model in models]))
        if is_built_in(self.estimator):
            inner.input_tags.sparse = True  # the default models depend on the type of X
        if self._classifier and (asks_for_average(self) or self.keep_predictions):
            inner.target_tags.multi_output = False
            if inner.classifier_tags is not None:
                inner.classifier_tags.multi_label = False
        if inner.estimator_type == tags.estimator_type:
            return inner
        tags.input_tags = inner.input_tags
        return tags

    def __sklearn_clone__(self):
        return clone_parametrized(self)


@share_documentation
class AutoTunedClassifier(BaseAutoTuned, ClassifierMixin, BaseEstimator):
    """A classifier that tunes a model inside ``fit``, within a fixed budget.

    See Also
    --------
    AutoTunedRegressor : The same for regression.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from autotune import AutoTunedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> space = {"C": (0.1, 100.0, "log-uniform"), "kernel": ["linear", "rbf"]}
    >>> model = AutoTunedClassifier(SVC(), space, strategy="random", budget=8, random_state=0)
    >>> model.fit(X, y).predict(X[:2])
    array([0, 0])
    >>> model.best_score_ >= model.default_score_
    True
    """

    _classifier = True

    def __sklearn_tags__(self):
        return self._forwarded_tags(super().__sklearn_tags__())


@share_documentation
class AutoTunedRegressor(BaseAutoTuned, RegressorMixin, BaseEstimator):
    """A regressor that tunes a model inside ``fit``, within a fixed budget.

    See Also
    --------
    AutoTunedClassifier : The same for classification.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from autotune import AutoTunedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = AutoTunedRegressor(Ridge(), budget=10, random_state=0).fit(X, y)
    >>> model.best_score_ >= model.default_score_
    True
    """

    _classifier = False

    def __sklearn_tags__(self):
        return self._forwarded_tags(super().__sklearn_tags__())
