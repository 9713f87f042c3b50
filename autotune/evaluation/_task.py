"""One configuration on one fold: build, fit and score it, and record failures."""

from __future__ import annotations

import math
import numbers
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import current_thread, main_thread
from traceback import format_exc
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._texts import short_repr
from ..compat import (
    clone,
    cloudpickle,
    iterations_made,
    make_ready,
    num_samples,
    propagate_callbacks,
    safe_split,
    slice_params,
    to_numpy,
)
from ..ensembles import class_numbers, class_votes
from ..history import COMPARISON, COMPLETE, FAILED, FULL, REFIT
from ._build import build, for_last_step
from ._fidelity import class_labels, count_units, nested_order, take_rows
from ._job import Fold, Job, Keeps, Kept, Outcome
from ._prefix import PrefixCache, saved_time, scored_form, whole_form
from ._speed import predict_seconds

_SMALL_ROWS, _SMALL_CELLS = 3000, 300_000  # on which any model is fitted within a few seconds


@dataclass
class Task:
    """What all evaluations of one ``fit`` share; it is sent to each worker once.

    Attributes
    ----------
    estimator : estimator or None
        The wrapped model; None if the configuration selects it.
    X, y
        All rows.
    folds : list of (train, test) index arrays
    comparison_folds : list of (train, test) index arrays
        Those of the final comparison.
    keeps : Keeps or None
        What is kept of a fold where a job says so.
    scorer : callable
        ``scorer(estimator, X, y, **params)`` returns a number or a dict of numbers.
    fit_params, score_params : dict
        Metadata for ``fit`` and the scorer; values with one entry per row are sliced.
    return_train_score : bool
    caller : estimator or None
        The estimator that callbacks receive as the one being fitted.
    metric : str or None
        The deciding metric: if it fails, so does the evaluation. None: any of them.
    resource : str or None
        The integer parameter that the fidelity scales; None: training rows.
    stratify : bool
        Whether subsamples of the training rows are stratified.
    built_in : bool
        Whether the models are built-in ones: their pipelines pass metadata to the last step, and
        that their iterations end early is no news.
    prefixes : PrefixCache
        The cache of fitted first steps of pipelines.
    """

    estimator: Any
    X: Any
    y: Any
    folds: list[tuple[np.ndarray, np.ndarray]]
    scorer: Any
    fit_params: dict[str, Any] = field(default_factory=dict)
    score_params: dict[str, Any] = field(default_factory=dict)
    return_train_score: bool = False
    caller: Any = None
    metric: str | None = None
    resource: str | None = None
    stratify: bool = False
    built_in: bool = False
    prefixes: PrefixCache = field(default_factory=PrefixCache, repr=False)
    comparison_folds: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    keeps: Keeps | None = None
    _orders: dict[tuple, np.ndarray] = field(default_factory=dict, repr=False)
    _last_built: tuple[int, Any] = field(default=(-1, None), repr=False)

    def run(self, job: Job) -> Outcome:
        """Carry out a job; an exception becomes a failed evaluation."""
        outcome = Outcome(job.evaluation())
        with _noted_warnings(outcome, ConvergenceWarning if self.built_in else None):
            try:
                estimator = self._estimator(job)
                if job.phase == REFIT:
                    self.prefixes.clear()  # the last fit is the largest
                    X, y, fit_params = self._all_rows(estimator, job)
                    make_ready(estimator, y, beside_others=False)
                    self._fit(estimator, job, outcome, X, y, fit_params)
                    outcome.model = estimator
                else:
                    self._cross_validate(estimator, job, outcome)
            except (Exception, SystemExit) as exception:
                fail(outcome, exception)
        return outcome

    def __copy__(self) -> Task:
        """Return a task of the same data that may run beside this one."""
        return replace(self, prefixes=PrefixCache(0), _orders={}, _last_built=(-1, None))

    def is_small(self, job: Job) -> bool:
        """Return whether a job takes hardly longer than a few seconds, whatever the model."""
        n_rows = num_samples(self.X) * (1.0 if self.resource is not None else job.fidelity)
        n_columns = math.prod(getattr(self.X, "shape", ())[1:])
        return n_rows <= _SMALL_ROWS and n_rows * n_columns <= _SMALL_CELLS

    def _estimator(self, job: Job) -> Any:
        """Return an unfitted estimator; the folds of a trial are copies of the same one."""
        trial, built = self._last_built
        if trial != job.trial or job.phase == REFIT:
            built = build(self.estimator, job.params, job.seed)
            if job.phase != REFIT:  # which may have other parameters
                self._last_built = job.trial, built
        estimator = clone(built)
        if self.resource is not None and job.fidelity < FULL:
            amount = count_units(job.fidelity, estimator.get_params()[self.resource])
            estimator.set_params(**{self.resource: amount})
        return estimator

    def _rows(self, job: Job) -> tuple[np.ndarray, np.ndarray]:
        """Return the training and validation rows of a job, fewer of either if it says so."""
        assert job.fold is not None
        folds = self.comparison_folds if job.phase == COMPARISON else self.folds
        train, test = folds[job.fold]
        if job.n_test is not None and job.n_test < len(test):
            test = take_rows(test, self._order("test", job, test), job.n_test / len(test))
        if job.fidelity == FULL or self.resource is not None:
            return train, test
        order = self._order("train", job, train)
        return take_rows(train, order, job.fidelity), test

    def _order(self, part: str, job: Job, rows: np.ndarray) -> np.ndarray:
        """Return the order in which fewer of some rows are taken, the same for all trials."""
        key = part, job.phase, job.fold
        if key not in self._orders:
            labels = class_labels(self.y) if self.stratify else None
            labels = None if labels is None else labels[rows]
            self._orders[key] = nested_order(labels, len(rows), job.fold or 0)
        return self._orders[key]

    def _all_rows(self, estimator: Any, job: Job) -> tuple[Any, Any, dict[str, Any]]:
        """Return X, y and metadata of a refit: all rows, or fewer if the job says so."""
        if job.fidelity == FULL:
            return self.X, self.y, self._metadata(estimator)
        rows = np.arange(num_samples(self.X))
        rows = take_rows(rows, self._order("all", job, rows), job.fidelity)
        X, y = safe_split(estimator, self.X, self.y, rows)
        return X, y, self._metadata(estimator, rows)

    def _metadata(self, estimator: Any, rows: Any = None) -> dict[str, Any]:
        """Return the metadata of ``fit``, all or those of some rows."""
        params = self.fit_params
        if rows is not None:
            params = slice_params(self.X, params, rows)
        return for_last_step(estimator, params) if self.built_in else params

    def _cross_validate(self, estimator: Any, job: Job, outcome: Outcome) -> None:
        """Fit on the training rows of a fold and score the others."""
        train, test = self._rows(job)
        X_train, y_train = safe_split(estimator, self.X, self.y, train)
        make_ready(estimator, y_train, beside_others=True)
        X_test, y_test = safe_split(estimator, self.X, self.y, test, train)
        fit_params = self._metadata(estimator, train)
        fitted = self.prefixes.shorten(
            estimator, self.estimator, job, self.resource, (train, test), X_test, fit_params
        )
        self._fit(fitted, job, outcome, X_train, y_train, fit_params)

        evaluation = outcome.evaluation
        evaluation.saved_time = saved_time(fitted, estimator)
        evaluation.iterations = iterations_made(fitted)
        whole, estimator = estimator, scored_form(fitted, estimator, self.scorer)
        start = time.perf_counter()
        try:
            score_params = slice_params(self.X, self.score_params, test)
            scores = self._score(estimator, X_test, y_test, score_params)
            note_scores(outcome, scores, evaluation.scores, self.metric)
            if job.keep and self.keeps is not None:
                responses = self._responses(estimator, X_test)
                self._keep(outcome, whole_form(fitted, whole), (train, test), responses)
            evaluation.score_time = time.perf_counter() - start
            if self.return_train_score:
                score_params = slice_params(self.X, self.score_params, train)
                scores = self._score(estimator, X_train, y_train, score_params)
                note_scores(outcome, scores, evaluation.train_scores, self.metric)
        finally:
            evaluation.score_time = evaluation.score_time or time.perf_counter() - start

    def _responses(self, model: Any, X_test: Any) -> dict[str, np.ndarray]:
        """Return the responses of a model for validation rows, as far as they are kept."""
        keeps = self.keeps
        assert keeps is not None
        if not keeps.predictions:
            return {}
        if keeps.classes is None:
            return {"predict": to_numpy(model.predict(X_test)).astype(np.float32)}
        found = {}
        if hasattr(model, "predict_proba"):
            found["predict_proba"] = class_votes(model, X_test, keeps.classes).astype(np.float32)
        if keeps.all_responses or not found:
            try:
                found["predict"] = class_numbers(model.predict(X_test), keeps.classes)
            except KeyError:  # a label that the target does not have, such as that of outliers
                return {}
        if keeps.all_responses and _decides(model, keeps.classes):
            decisions = to_numpy(model.decision_function(X_test))
            found["decision_function"] = decisions.astype(np.float32)
        return found

    def _keep(
        self, outcome: Outcome, model: Any, fold: Fold, responses: dict[str, np.ndarray]
    ) -> None:
        """Put what is kept of a fold into an outcome."""
        assert self.keeps is not None
        content, seconds, (train, test) = None, None, fold
        if self.keeps.predict_time:
            seconds = predict_seconds(model, self.X, test, train)
        if self.keeps.models:
            try:
                content = cloudpickle.dumps(model, protocol=5)
            except Exception:  # of the model's own code; the model is fitted again if it is needed
                outcome.model = model
        outcome.kept = Kept(content, np.asarray(test, dtype=np.int32), responses, seconds)

    def _fit(
        self, estimator: Any, job: Job, outcome: Outcome, X: Any, y: Any, fit_params: dict
    ) -> None:
        """Fit, with the callbacks' begin and end around it."""
        context = job.callback_context
        event = {"estimator": self.caller, "X": X, "y": y, "metadata": _weights(fit_params)}
        start = time.perf_counter()
        try:
            with propagate_callbacks(context, estimator):
                if context is not None:
                    context.call_on_fit_task_begin(**event)
                if y is None:
                    estimator.fit(X, **fit_params)
                else:
                    estimator.fit(X, y, **fit_params)
        finally:
            outcome.evaluation.fit_time = time.perf_counter() - start
            if context is not None:
                outcome.stop = bool(context.call_on_fit_task_end(**event))

    def _score(self, estimator: Any, X: Any, y: Any, params: dict) -> Any:
        """Call the scorer, without y where there is none."""
        if y is None:
            return self.scorer(estimator, X, **params)
        return self.scorer(estimator, X, y, **params)


def _decides(model: Any, classes: np.ndarray) -> bool:
    """Return whether a fitted model has a decision function for all of the classes."""
    return hasattr(model, "decision_function") and len(model.classes_) == len(classes)


def fail(outcome: Outcome, exception: BaseException) -> None:
    """Note an exception that is being handled."""
    outcome.evaluation.status = FAILED
    outcome.evaluation.error = format_exc()
    outcome.exception = exception


def note_scores(
    outcome: Outcome, scores: Any, target: dict[str, float], metric: str | None
) -> None:
    """Write what a scorer returned into ``target``; a metric that failed is left out.

    A scorer of several metrics reports those that failed as tracebacks; the evaluation fails
    with the one that decides, or with any if ``metric`` is None.
    """
    evaluation = outcome.evaluation
    for name, score in (scores if isinstance(scores, dict) else {"score": scores}).items():
        if isinstance(score, str) and isinstance(scores, dict):
            if metric in (None, name):
                evaluation.status = FAILED
            evaluation.error = evaluation.error or score
            continue
        value = score
        with suppress(AttributeError, ValueError, RuntimeError):  # no array, or one of several
            value = score.item()
        if not isinstance(value, numbers.Real):
            raise ValueError(
                "scoring must return a number, or a dict of numbers; "
                f"got {short_repr(score)} of type {type(score).__name__} for {name!r}"
            )
        target[name] = float(value)
        if evaluation.status == COMPLETE and not np.isfinite(target[name]):
            evaluation.error = evaluation.error or f"the score {name!r} is {target[name]}"


def _weights(fit_params: dict[str, Any]) -> dict[str, Any] | None:
    """Return the metadata for callbacks."""
    weights = [fit_params[name] for name in fit_params if name.endswith("sample_weight")]
    return None if not weights or weights[0] is None else {"sample_weight": weights[0]}


@contextmanager
def _noted_warnings(outcome: Outcome, ignored: type[Warning] | None) -> Iterator[None]:
    """Note the warnings raised inside, each once, except for those of a category.

    Python's warning filters belong to the process, not the thread: in a worker thread the
    warnings go where they always go.
    """
    if current_thread() is not main_thread():
        yield
        return
    with warnings.catch_warnings(record=True) as caught:
        if all(action != "error" for action, *_ in warnings.filters):
            # A warning that the user ignores may be the reason why a score is NaN.
            for category in (UserWarning, RuntimeWarning):
                warnings.simplefilter("default", category)
        if ignored is not None:
            warnings.simplefilter("ignore", ignored)
        yield
    note_warnings(outcome, caught)


def note_warnings(outcome: Outcome, caught: list[warnings.WarningMessage]) -> None:
    """Note warnings, each once."""
    distinct = dict.fromkeys((w.category, str(w.message)) for w in caught)
    outcome.evaluation.warnings = tuple(f"{c.__name__}: {text}" for c, text in distinct)
    if outcome.evaluation.phase == REFIT:
        outcome.warnings = list(distinct)
