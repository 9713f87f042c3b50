"""The first steps of a pipeline, fitted once per fold and reused by all trials that share them.

``PrefixCache.shorten`` turns an unfitted pipeline into an equivalent one whose first steps are
a single ``Prefix``, which fits them only if they are not cached. Cached steps have the same
classes and parameters, seeds included, and were fitted on the same rows. The cache is not used
for:

- anything but a plain ``Pipeline``, one with ``memory``, ``verbose`` or ``transform_input``;
- callbacks, metadata routing, metadata for one of the first steps;
- steps that change their input, or draw from the global random generators;
- results that are too large or cannot be copied exactly;
- the refit, which always fits every step.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from ..compat import has_callbacks, only_predicts, routing_enabled
from ..space import digest
from ._cache import Entry, EntryCache, is_passthrough, observe
from ._job import Job
from ._models import split_choice

CAPACITY = 256_000_000  # bytes that each process may keep
_PATIENCE = 20  # evaluations after which unused steps may be evicted: two rounds of ten folds

_FITTED, _TRAIN, _TEST = "fitted", "train", "test"


@dataclass(frozen=True)
class _Stage:
    """Steps that are cached together.

    Attributes
    ----------
    steps : list of (name, transformer)
        Unfitted.
    steps_key : str
        A digest of these steps and those of the stages before.
    rows : bytes
        A digest of the rows that they are fitted on.
    evictable : bool
        Whether other trials vary these steps.
    """

    steps: list[tuple[str, Any]]
    steps_key: str
    rows: bytes
    evictable: bool

    @property
    def key(self) -> Hashable:
        return self.steps_key, self.rows


class Prefix(BaseEstimator):
    """Replaces the first steps of a pipeline.

    Attributes
    ----------
    saved_time : float
        Seconds of fitting that the cache saved.
    """

    def __init__(self, cache: PrefixCache, stages: list[_Stage], X_test: Any):
        self._cache = cache
        self._entries = cache.entries
        self._stages = stages
        self._known = {_TEST: X_test}
        self._entry: Entry | None = None
        self.saved_time = 0.0

    def __repr__(self) -> str:
        names = [name for stage in self._stages for name, _ in stage.steps]
        return f"Prefix({', '.join(names)})"

    @property
    def entry(self) -> Entry:
        """The fitted steps."""
        if self._entry is None:
            raise NotFittedError("the first steps of the pipeline are not fitted")
        return self._entry

    def fit(self, X: Any, y: Any = None) -> Prefix:
        """Fit all steps that are not cached."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit the steps that are not cached, and return the transformed rows."""
        self._known[_TRAIN] = X
        self._entries.visit()
        n_done, rows = self._recall(X)
        for number in range(n_done, len(self._stages)):
            rows = self._fit_stage(number, rows, y)
        return rows

    def _recall(self, X: Any) -> tuple[int, Any]:
        """Return how many stages are cached, and their transformation of X."""
        entries = [
            self._entries.find(stage.key, evictable=stage.evictable) for stage in self._stages
        ]
        for last in reversed(range(len(entries))):
            entry = entries[last]
            result = None if entry is None else entry.results.get(_FITTED)
            if entry is not None and result is not None:
                self._entry, self.saved_time = entry, entry.seconds
                return last + 1, result.unpack()
        return 0, X

    def _fit_stage(self, number: int, X: Any, y: Any) -> Any:
        """Fit the steps of a stage on the output of the stage before."""
        stage, parent, cache = self._stages[number], self._entry, self._cache
        doubtful = cache.is_sound(stage.steps_key) is None
        before = digest(X) if doubtful and number == 0 else None
        pipeline = Pipeline(stage.steps)
        start = time.perf_counter()
        rows, caught, pure = observe(lambda: pipeline.fit_transform(X, y))
        seconds = time.perf_counter() - start
        if doubtful and number == 0:
            pure &= before is not None and digest(X) == before and not _share(X, rows)
        elif doubtful:  # the input is a copy of the output of the stages before
            pure &= bool(cache.is_sound(self._stages[number - 1].steps_key))
        if doubtful:
            cache.judge(stage.steps_key, pure)
        steps = pipeline.steps
        if parent is not None:
            seconds, steps = seconds + parent.seconds, [*parent.steps, *steps]
        self._entry = Entry(stage.key, steps, parent, seconds, stage.evictable)
        if pure and cache.is_sound(stage.steps_key):
            self._entries.put(self._entry, _FITTED, rows, caught)
        return rows

    def transform(self, X: Any) -> Any:
        """Return transformed rows, from the cache if they are those of the fold."""
        for name, known in self._known.items():
            if X is known:
                return self._transform_known(self.entry, name, X)
        return self.entry.transform(X)

    def _transform_known(self, entry: Entry, name: str, X: Any) -> Any:
        """Return the rows with a name, transformed."""
        result = entry.results.get(name)
        if result is not None:
            return result.unpack()
        if entry.parent is not None:
            X = self._transform_known(entry.parent, name, X)
        rows, caught, pure = observe(lambda: entry.transform_further(X))
        if pure:
            self._entries.add(entry, name, rows, caught)
        return rows


def _share(a: Any, b: Any) -> bool:
    """Return whether writing to one of two containers may change the other."""
    if issparse(a) and issparse(b):
        a, b = a.data, b.data
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return a is b or (arrays and np.may_share_memory(a, b))


class PrefixCache:
    """The cache of one process; a pickled copy is empty.

    Parameters
    ----------
    capacity : int or None, default=None
        Bytes to keep; 0: reuse nothing; None: ``CAPACITY``.
    """

    def __init__(self, capacity: int | None = None):
        self.capacity = CAPACITY if capacity is None else capacity
        self.entries = EntryCache(self.capacity, _PATIENCE)
        self._verdicts: dict[str, bool] = {}
        self._last_plan: tuple[tuple[int, float], list[tuple[int, str, bool]]] | None = None

    def __reduce__(self) -> tuple:
        return PrefixCache, (self.capacity,)

    def is_sound(self, steps_key: str) -> bool | None:
        """Return whether skipping the fit of some steps has no side effect; None if unknown."""
        return self._verdicts.get(steps_key)

    def judge(self, steps_key: str, sound: bool) -> None:
        """Record whether skipping the fit of some steps has no side effect."""
        self._verdicts[steps_key] = sound

    def clear(self) -> None:
        """Empty the cache."""
        self.entries = EntryCache(self.capacity, _PATIENCE)

    def shorten(
        self,
        estimator: Any,
        template: Any,
        job: Job,
        resource: str | None,
        rows: tuple[np.ndarray, np.ndarray],
        X_test: Any,
        fit_params: dict[str, Any],
    ) -> Any:
        """Return an unfitted pipeline with its first steps reused, or the estimator as it is.

        Parameters
        ----------
        estimator : estimator
            Of the job, unfitted.
        template : estimator or None
            The estimator that the job's configuration was applied to.
        job : Job
        resource : str or None
            A parameter that depends on the job's fidelity.
        rows : tuple of index arrays
            Training and validation rows.
        X_test : array-like
            The validation rows themselves, as the scorer will get them.
        fit_params : dict
        """
        if not self.capacity or job.callback_context is not None or routing_enabled():
            return estimator
        if not _is_splittable(estimator, fit_params):
            return estimator
        stages = self._stages(estimator, _varied(template, job.params, resource), job, rows)
        if not stages or self.is_sound(stages[0].steps_key) is False:
            return estimator
        n_steps = sum(len(stage.steps) for stage in stages)
        prefix = Prefix(self, stages, X_test)
        return Pipeline([(estimator.steps[0][0], prefix), *estimator.steps[n_steps:]])

    def _stages(
        self, pipeline: Pipeline, varied: _Varied, job: Job, rows: tuple[np.ndarray, np.ndarray]
    ) -> list[_Stage]:
        """Return the stages that trials may share: one of all trials, one of some."""
        plan = self._last_plan
        if plan is None or plan[0] != (job.trial, job.fidelity):
            plan = (job.trial, job.fidelity), _plan(pipeline, varied)
            self._last_plan = plan
        name = hashlib.blake2b(digest_size=16)
        for indices in rows:
            name.update(f"{len(indices)} {indices.dtype};".encode())
            name.update(indices.tobytes())
        stages, start = [], 0
        for end, steps_key, evictable in plan[1]:
            stages.append(_Stage(pipeline.steps[start:end], steps_key, name.digest(), evictable))
            start = end
        return stages


def scored_form(fitted: Any, estimator: Any, scorer: Any) -> Any:
    """Return a fitted pipeline as a scorer should get it.

    A scorer that only predicts gets the short form, which knows the validation rows already.
    Another one, which may look into the steps, gets ``estimator`` with its fitted steps.
    """
    return fitted if only_predicts(scorer) else whole_form(fitted, estimator)


def whole_form(fitted: Any, estimator: Any) -> Any:
    """Return a fitted pipeline with all its steps."""
    if fitted is estimator:
        return fitted
    estimator.steps = [*fitted.steps[0][1].entry.steps, *fitted.steps[1:]]
    return estimator


def saved_time(fitted: Any, estimator: Any) -> float:
    """Return the seconds that a short form has saved in fitting."""
    return 0.0 if fitted is estimator else fitted.steps[0][1].saved_time


@dataclass(frozen=True)
class _Varied:
    """Names of the steps whose parameters or seeds differ between trials."""

    steps: frozenset[str]
    seeds: frozenset[str]


def _varied(template: Any, params: dict[str, Any], resource: str | None) -> _Varied:
    """Return what differs between trials that are made from one template."""
    template, own = split_choice(template, params)
    names = [*own, *([] if resource is None else [resource])]
    unseeded = [
        name
        for name, value in template.get_params(deep=True).items()
        if value is None and name.split("__")[-1] == "random_state"
    ]
    steps, seeds = (frozenset(name.split("__")[0] for name in each) for each in (names, unseeded))
    return _Varied(steps | seeds, seeds)


def _is_splittable(estimator: Any, fit_params: dict[str, Any]) -> bool:
    """Return whether the first steps of an estimator can be fitted apart from the last."""
    if type(estimator) is not Pipeline or estimator.memory is not None or estimator.verbose:
        return False
    if getattr(estimator, "transform_input", None) or has_callbacks(estimator):
        return False
    # Invalid pipelines are left for scikit-learn to refuse.
    names = [name for name, _ in estimator.steps]
    reserved = estimator.get_params(deep=False)
    if len(set(names)) < len(names) or any("__" in n or n in reserved for n in names):
        return False
    *first, (last, model) = estimator.steps
    if is_passthrough(model) or all(is_passthrough(step) for _, step in first):
        return False
    if not all(name.startswith(f"{last}__") for name in fit_params):
        return False
    return all(
        is_passthrough(step)
        or (hasattr(step, "transform") and (hasattr(step, "fit") or hasattr(step, "fit_transform")))
        for _, step in first
    )


def _plan(pipeline: Pipeline, varied: _Varied) -> list[tuple[int, str, bool]]:
    """Return the end, digest and evictability of each stage of a pipeline.

    A step that gets another seed in each trial ends what can be shared; a step that is tuned
    may have the same parameters in some trials.
    """
    names = [name for name, _ in pipeline.steps[:-1]]
    shared = next((i for i, name in enumerate(names) if name in varied.seeds), len(names))
    stable = next((i for i, name in enumerate(names) if name in varied.steps), shared)
    plan, start = [], 0
    for end, evictable in ((stable, False), (shared, True)):
        steps = pipeline.steps[start:end]
        if all(is_passthrough(step) for _, step in steps):
            continue
        steps_key = None if any(map(_expects_its_fit, steps)) else digest(pipeline.steps[:end])
        if steps_key is None:
            break
        plan.append((end, steps_key, evictable))
        start = end
    return plan


def _expects_its_fit(step: tuple[str, Any]) -> bool:
    """Return whether a step, or anything nested in it, has callbacks."""
    _, transformer = step
    nested = transformer.get_params(deep=True) if hasattr(transformer, "get_params") else {}
    return any(map(has_callbacks, (transformer, *nested.values())))
