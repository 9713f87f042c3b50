"""What is said when trials failed."""

from __future__ import annotations

import warnings
from collections import Counter

from sklearn.exceptions import FitFailedWarning

from ._history import COMPLETE, INTERRUPTED, RUNNING, TIMEOUT, History

_CUT_SHORT = (INTERRUPTED, RUNNING, TIMEOUT)


def check_any_success(history: History) -> bool:
    """Return whether any trial can win; raise, with the first error, if all trials failed.

    Where only the default outside the space succeeded, or the end of the budget cut all
    trials short, there is a warning instead: the default is used.
    """
    complete = [trial for trial in history if trial.status == COMPLETE]
    if any(trial.eligible for trial in complete):
        return True
    if complete:
        _warn(
            "no configuration of the space could be evaluated: the wrapped model is used as it is"
        )
        return False
    if any(trial.status in _CUT_SHORT for trial in history) or not len(history):
        _warn(
            "no trial ended within the budget: the wrapped model is used as it is, untuned. "
            "Allow more seconds, or fewer folds (cv)"
        )
        return False
    # Finite scores of the folds may still have an infinite mean.
    first = next((t.error for t in history if t.error), "the mean score is not finite")
    # Data of a wrong type make every evaluation raise TypeError: then fit does so too.
    kinds = {_last_line(e.error).split(":")[0] for e in history.evaluations() if e.error}
    raise (TypeError if kinds == {"TypeError"} else ValueError)(
        f"all of the {len(history)} trials failed, so there is nothing to choose from. "
        f"The first error was:\n{first}"
    )


def warn_of_failures(history: History, harmless: set[str]) -> None:
    """Say once how many trials failed, and what most of them met.

    Trials whose status is in ``harmless`` have not failed.
    """
    failed = [trial for trial in history if trial.status not in harmless]
    if not failed:
        return
    last_lines = Counter(_last_line(trial.error or trial.status) for trial in failed)
    message, count = last_lines.most_common(1)[0]
    warnings.warn(
        f"{len(failed)} of {len(history)} trials failed and cannot win; {count} of them with: "
        f"{message} (every error is in cv_results_['error'])",
        FitFailedWarning,
        stacklevel=6,
    )


def _warn(message: str) -> None:
    """Warn in the name of the line that called ``fit``."""
    warnings.warn(message, FitFailedWarning, stacklevel=7)


def _last_line(error: str) -> str:
    """Return the line of a traceback that names the exception."""
    return error.strip().splitlines()[-1]
