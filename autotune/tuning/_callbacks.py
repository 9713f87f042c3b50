"""Callbacks of scikit-learn 1.9: one task for the search, one for each evaluation.

The tasks have the same names as in scikit-learn's searchers, and the wrapped model's own tasks
are nested in them, so that callbacks written for those searchers work here. These have no task
for a trial, so the end of one is a hook of its own, which other searchers never call.
"""

from __future__ import annotations

from typing import Any

from ..compat import callback_hooks, has_callbacks, open_callback_context
from ..history import CRASHED, TIMEOUT, Evaluation, History, Key, Listener, Trial
from ..schedule import Request
from ._problem import Problem

_EVALUATION = "candidate-split-evaluation"
_REFIT = "refit-with-best-params"


class Callbacks(Listener):
    """Notifies the callbacks of an estimator of the progress of its ``fit``.

    Parameters
    ----------
    owner : estimator
    problem : Problem
    n_evaluations : int or None
        Maximum number of evaluations of the search; None if unknown.
    """

    def __init__(self, owner: Any, problem: Problem, n_evaluations: int | None):
        weights = problem.routed.fit.get("sample_weight")
        metadata = None if weights is None else {"sample_weight": weights}
        self.event = {"estimator": owner, "X": problem.X, "y": problem.y, "metadata": metadata}
        self._active = has_callbacks(owner)
        # A wrapped model's callbacks, too, must know of which search its fits are a part.
        self._inherited = self._active or any(map(has_callbacks, owner._models().values()))
        self._trial_hooks = callback_hooks(owner, "on_trial_end")
        self._n_submitted = 0
        self._open: dict[tuple[int, Key], Any] = {}  # the contexts of what has not ended
        self._search = None
        # The search, the final comparison and the refit.
        n_tasks = 1 + problem.compares_finalists + (problem.refit is not False)
        self._root = open_callback_context(owner, n_tasks)
        if self._root is None:
            return
        self._root.call_on_fit_task_begin(**self.event)
        self._search = self._root.subcontext(
            task_name="search", max_subtasks=n_evaluations, sequential_subtasks=False
        )
        self._search.call_on_fit_task_begin(**self.event)

    @property
    def caller(self) -> Any:
        """The estimator that callbacks receive as the one being fitted; None without callbacks."""
        return self.event["estimator"] if self._active else None

    def submitting(self, trial: Trial, request: Request) -> Any:
        if not self._inherited or self._search is None:
            return None
        context = self._search.subcontext(task_name=_EVALUATION, task_id=self._n_submitted)
        self._n_submitted += 1
        self._open[request.trial, request.key] = context
        return context

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        context = self._open.pop((evaluation.trial, evaluation.key), None)
        if context is not None and evaluation.status in (TIMEOUT, CRASHED):
            context.call_on_fit_task_end(**self.event)

    def ended(self, trial: Trial, history: History) -> None:
        for hook in self._trial_hooks:
            self.ends_search |= bool(hook(self.event["estimator"], trial))

    def end_search(self) -> None:
        """Notify that the search, or the final comparison, has ended with all its evaluations."""
        for context in self._open.values():
            context.call_on_fit_task_end(**self.event)
        self._open.clear()
        if self._search is not None:
            self._search.call_on_fit_task_end(**self.event)

    def begin_comparison(self, n_evaluations: int) -> None:
        """Notify that the search has ended and the final comparison begins."""
        self.end_search()
        if self._root is not None:
            self._search = self._root.subcontext(
                task_name="final comparison",
                max_subtasks=n_evaluations,
                sequential_subtasks=False,
            )
            self._search.call_on_fit_task_begin(**self.event)

    def begin_refit(self) -> Any:
        """Return the context of the refit."""
        if self._root is None:
            return None
        return self._root.subcontext(task_name=_REFIT)

    def pass_over(self, context: Any) -> None:
        """Notify of an empty task."""
        if context is not None:
            context.call_on_fit_task_begin(**self.event)
            context.call_on_fit_task_end(**self.event)

    def end(self) -> None:
        """Notify that ``fit`` has ended."""
        if self._root is not None:
            self._root.call_on_fit_task_end(**self.event)
