"""Live progress on the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .._texts import choice_text
from ..history import (
    COMPARISON,
    COMPLETE,
    CRASHED,
    FAILED,
    TIMEOUT,
    Evaluation,
    History,
    Listener,
    Trial,
)
from ..timing import Clock
from ._live import NAME, make_live_line
from ._metric import UNKNOWN, Metric


class Progress(Listener):
    """Prints the progress of the search.

    Parameters
    ----------
    verbose : int
        1: a line that is rewritten on a terminal or in a notebook; for other output, a line
        whenever the best score improves. 2 and more: a line for each trial.
    n_trials : int or None
    clock : Clock
    write : callable or None, default=None
        Receives text; None writes to the current standard output.
    metric : Metric
        The metric of the scores: losses are shown without the negative sign.
    """

    def __init__(
        self,
        verbose: int,
        n_trials: int | None,
        clock: Clock,
        write: Callable[[str], Any] | None = None,
        metric: Metric = UNKNOWN,
    ):
        self._verbose = verbose
        self._n_trials = n_trials
        self._clock = clock
        self._metric = metric
        self._live = make_live_line() if verbose == 1 and write is None else None
        self._write = write or partial(print, end="")
        self._best = -np.inf
        self._default: float | None = None
        self._n_ended = self._n_failed = self._n_late = self._n_compared = 0

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        self._n_compared += evaluation.phase == COMPARISON
        if self._live is not None:
            fold = "" if evaluation.fold is None else f" fold {evaluation.fold}"
            self._live.show(f"{self._state()} | #{evaluation.trial}{fold}")

    def ended(self, trial: Trial, history: History) -> None:
        score = history.score(trial)
        self._n_ended += 1
        self._n_failed += trial.status in (CRASHED, FAILED)
        self._n_late += trial.status == TIMEOUT
        if trial.origin == "default" and self._default is None and np.isfinite(score):
            self._default = score
        improved = trial.can_win and score > self._best
        if improved:
            self._best = score
        if self._verbose > 1:
            self._write(f"{self._state()}  {describe_trial(trial, score, self._metric)}\n")
        elif improved and self._live is None:
            self._write(f"{self._state()}\n")

    def close(self) -> None:
        """End the line that was being rewritten, or print the final comparison on one."""
        if self._live is not None:
            self._live.close(self._state())
        elif self._n_compared:
            self._write(f"{self._state()}\n")

    def _state(self) -> str:
        """Return the search in one line."""
        trials = f"{self._n_ended}" + (f"/{self._n_trials}" if self._n_trials else "")
        seconds = f"{self._clock.elapsed():.1f}"
        seconds += f"/{self._clock.seconds:g} s" if self._clock.seconds else " s"
        best, default = "no score yet", ""
        if np.isfinite(self._best):
            name = f"{self._metric.name} " if self._metric.sign < 0 else ""  # lower is better
            best = f"best {name}{self._metric.value(self._best):.4f}"
        if self._default is not None:
            default = f" | default {self._metric.value(self._default):.4f}"
        failed = f" | {self._n_failed} failed" if self._n_failed else ""
        failed += f" | {self._n_late} too slow" if self._n_late else ""
        compared = (
            f" | final comparison: {self._n_compared} evaluations" if self._n_compared else ""
        )
        return f"{NAME}trial {trials} | {seconds} | {best}{default}{failed}{compared}"


def describe_trial(trial: Trial, score: float, metric: Metric = UNKNOWN) -> str:
    """Return a trial in one line: number, outcome, configuration."""
    params = ", ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
    name = metric.name if metric.sign < 0 else "score"
    value = f"{name} {metric.value(score):.4f}"
    outcome = value if trial.status == COMPLETE else trial.status
    origin = " (default)" if trial.origin == "default" else ""
    return f"#{trial.number}{origin} {outcome}: {params}"


def _short(value: Any) -> str:
    """Return a parameter's value in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else choice_text(value, 40)
