"""Warnings and errors about failed trials, and ending a search in which all fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.exceptions import FitFailedWarning

from .._texts import ADDRESS, last_line, short_repr, warn
from ..history import (
    COMPLETE,
    CRASHED,
    FAILED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
    Listener,
    Trial,
)
from ..space import Choice, Dimension, Space, is_number

_NUMBER = re.compile(r"\d+(\.\d*)?(e[+-]?\d+)?")
_FEWEST_FAILURES = 5  # trials, including the default, that prove a general error


class SameError(Listener):
    """Ends a search in which all trials fail with the same error, whatever their configuration.

    It ends when at least five trials have ended, all of them failed with the same last line, and
    they cover the space: each sub-space, each non-numeric choice, and at least two values of any
    other parameter. Messages that quote the configuration differ between trials, so such a search
    continues.

    Parameters
    ----------
    history : History
        May hold trials already.
    space : Space
    """

    def __init__(self, history: History, space: Space):
        self._space = space
        self._errors: set[str] = set()
        self._n_failed = 0
        for trial in history:
            if trial.status != RUNNING:
                self.ended(trial, history)

    def ended(self, trial: Trial, history: History) -> None:
        self._n_failed += trial.status == FAILED
        self._errors.add(last_line(trial.error or "") if trial.status == FAILED else trial.status)
        enough = self._n_failed >= _FEWEST_FAILURES and len(self._errors) == 1
        self.ends_search = enough and self._is_hopeless(history)

    def _is_hopeless(self, history: History) -> bool:
        """Return whether nothing has succeeded and the space was covered."""
        if any(t.status == RUNNING and _has_success(t, history) for t in history):
            return False
        return all(
            _is_tried(dimension, [trial.params[name] for trial in history if name in trial.params])
            for subspace in self._space.subspaces
            for name, dimension in subspace.items()
        )


def _has_success(trial: Trial, history: History) -> bool:
    """Return whether a trial has a finite score on any fold."""
    evaluations = trial.evaluations.values()
    return any(e.status == COMPLETE and history.counts(e) for e in evaluations)


def _is_tried(dimension: Dimension, values: Sequence[Any]) -> bool:
    """Return whether values cover the range of a parameter."""
    tried = {dimension.key(value) for value in values if value in dimension}
    if isinstance(dimension, Choice) and not all(map(is_number, dimension.values)):
        return len(tried) == dimension.n
    # The default's value counts, though it may lie outside.
    return bool(tried) and (dimension.constant or len(set(map(short_repr, values))) > 1)


def check_any_success(history: History) -> bool:
    """Return whether any trial can win; raise, with the first error, if trials only failed.

    If only the default outside the space succeeded, or trials were merely interrupted by the end
    of the budget, there is a warning instead, and the default is used.
    """
    complete = [trial for trial in history if trial.status == COMPLETE]
    if any(trial.eligible for trial in complete):
        return True
    if complete:
        warn(
            "no configuration of the space could be evaluated: the untuned model is used",
            FitFailedWarning,
        )
        return False
    failed = [trial for trial in history if _has_failed(trial, history)]
    if not failed:
        warn(
            "no trial ended within the budget: the untuned model is used. "
            "Allow more seconds, or fewer folds (cv)",
            FitFailedWarning,
        )
        return False
    raise _failure(failed, history)


def _has_failed(trial: Trial, history: History) -> bool:
    """Return whether a trial has failed, or would have if the budget had not ended."""
    if trial.status in (FAILED, CRASHED):
        return True
    failures = _failures(trial, history)
    without = [evaluation for evaluation in failures if not history.counts(evaluation)]
    return bool(without) or 0 < len(failures) == len(trial.evaluations)


def _failures(trial: Trial, history: History) -> list[Evaluation]:
    """Return the evaluations that raised, crashed or have no finite score, in their order."""
    return [
        evaluation
        for evaluation in trial.in_order()
        if evaluation.status in (FAILED, CRASHED)
        or (evaluation.status == COMPLETE and not history.counts(evaluation))
    ]


def _failure(failed: Sequence[Trial], history: History) -> Exception:
    """Return the error for a search without any success."""
    failures = [e for trial in failed for e in _failures(trial, history)]
    if len(failed) == len(history):
        count = f"all of the {len(history)} trials failed"
    else:
        count = (
            f"{len(failed)} of the {len(history)} trials failed, and the others did not end "
            "within the budget"
        )
    # Data of a wrong type make every evaluation raise TypeError: then fit does so too.
    kinds = {last_line(e.error).split(":")[0] for e in failures if e.error}
    return (TypeError if kinds == {"TypeError"} else ValueError)(
        f"{count}, so there is nothing to choose from. The first error was:\n{_reason(failures)}"
    )


def _reason(failures: Sequence[Evaluation]) -> str:
    """Return the first error and, for a NaN score, the first warning too."""
    first = next((e for e in failures if e.error), None)
    if first is None or first.error is None:
        return "the mean score is not finite"  # though those of the folds are
    warned = [text for e in failures for text in e.warnings]
    if first.status == COMPLETE and warned:
        return f"{first.error}, after the warning {warned[0]}"
    return first.error


def warn_of_failures(history: History, harmless: set[str]) -> None:
    """Warn once how many trials failed, with the most common error.

    Trials whose status is in ``harmless`` have not failed, but some of their evaluations may
    have, and then got ``error_score``.
    """
    failed = [trial for trial in history if trial.status not in harmless]
    if failed:
        warn(
            f"{len(failed)} of {len(history)} trials failed and cannot win; "
            f"{_most_common([trial.error or trial.status for trial in failed])}",
            FitFailedWarning,
        )
    counted = [
        evaluation
        for trial in history
        if trial.status == COMPLETE
        for evaluation in trial.evaluations.values()
        if evaluation.status == FAILED and history.counts(evaluation)
    ]
    if counted:
        warn(
            f"{len(counted)} evaluations failed and were scored with error_score="
            f"{history.error_score:g}; "
            f"{_most_common([e.error or e.status for e in counted])}",
            FitFailedWarning,
        )


def _most_common(errors: Sequence[str]) -> str:
    """Describe the most common last line of errors."""
    message, count = Counter(map(last_line, errors)).most_common(1)[0]
    return f"{count} of them with: {message} (every error is in cv_results_['error'])"


@dataclass(frozen=True)
class Cause:
    """Trials that failed with the same error.

    Attributes
    ----------
    status : str
        Their status; ``"complete"`` if failed folds count with ``error_score``.
    message : str
        The last line of the first trial's error.
    error : str
        The whole error.
    trials : tuple of int
        Their numbers.
    """

    status: str
    message: str
    error: str
    trials: tuple[int, ...]


def group_failures(history: History) -> list[Cause]:
    """Return the trials with an error, grouped by its last line without its numbers.

    The group with the most trials comes first.
    """
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in history:
        if trial.error or trial.status in (CRASHED, FAILED, TIMEOUT):
            line = ADDRESS.sub("", last_line(trial.error or trial.status))
            groups.setdefault((trial.status, _NUMBER.sub("#", line)), []).append(trial)
    causes = [
        Cause(
            status,
            last_line(trials[0].error or status),
            trials[0].error or "",
            tuple(trial.number for trial in trials),
        )
        for (status, _), trials in groups.items()
    ]
    return sorted(causes, key=lambda cause: -len(cause.trials))
