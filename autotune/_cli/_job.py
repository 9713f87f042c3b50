"""One run of the command: split, search, compare, save."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import train_test_split

from .. import AutoTunedClassifier, AutoTunedRegressor, Budget
from .._history import COMPLETE, History, Trial
from ..execution import CHOSEN, build
from ._errors import FAILED, INTERRUPTED, OK, CliError, one_line
from ._models import model_name
from ._report import comparison, expectation, facts, leaderboard, params_text, seconds_text
from ._save import save_model
from ._table import Table


@dataclass(frozen=True)
class Settings:
    """How a model is tuned and what is done with it; the options of the command line."""

    budget: Budget
    strategy: str = "auto"
    scoring: str | None = None
    cv: int = 5
    test_size: float = 0.2
    jobs: int | None = None
    seed: int = 0
    quiet: bool = False
    save: str | None = None
    history: str | None = None


class Job:
    """Tunes a model on a table and tells how it went.

    Parameters
    ----------
    table : Table
    model : estimator or list of estimators
    settings : Settings
    console : rich.console.Console
    """

    def __init__(self, table: Table, model: Any, settings: Settings, console: Any):
        self.table = table
        self.model = model
        self.settings = settings
        self.console = console
        self.notes: list[str] = list(table.notes)
        self.metric = settings.scoring or ("accuracy" if table.classifier else "R²")
        cls = AutoTunedClassifier if table.classifier else AutoTunedRegressor
        self.search = cls(
            model,
            strategy=settings.strategy,
            budget=settings.budget,
            scoring=settings.scoring,
            cv=settings.cv,
            n_jobs=settings.jobs,
            random_state=settings.seed,
            verbose=0 if settings.quiet else 1,
        )

    def run(self) -> int:
        """Carry the job out and return the exit code."""
        X, X_test, y, y_test = self._split()
        self._introduce(len(y), len(y_test))
        start = time.perf_counter()
        try:
            self._fit(X, y)
        except KeyboardInterrupt:
            self._tell_search(time.perf_counter() - start)
            self._write_history()
            raise CliError("interrupted, so there is no tuned model", INTERRUPTED) from None
        except CliError:
            self._write_history()
            raise
        self._tell_search(time.perf_counter() - start)
        self._compare(X, y, X_test, y_test)
        self._write_history()
        if self.settings.save is not None:
            self._save(self.settings.save)
        return OK

    def _split(self) -> tuple[Any, Any, Any, Any]:
        """Return the rows to tune on and those held out, none for a test size of 0."""
        X, y, size = self.table.X, self.table.y, self.settings.test_size
        if not size:
            return X, X[:0], y, y[:0]
        stratify = None
        if self.table.classifier:
            smallest = min(Counter(y.tolist()).values())
            if smallest > 1:
                stratify = y
            else:
                self.notes.append("a class has a single row, so the classes were not stratified")
        try:
            X, X_test, y, y_test = train_test_split(
                X, y, test_size=size, random_state=self.settings.seed, stratify=stratify
            )
        except ValueError as error:
            message = f"cannot hold out {size:g} of {len(y)} rows: {error}"
            raise CliError(f"--test-size: {one_line(message)}") from error
        return X, X_test, y, y_test

    def _introduce(self, n_rows: int, n_test: int) -> None:
        """Say what is about to be done."""
        if self.settings.quiet:
            return
        models = self.model if isinstance(self.model, list) else [self.model]
        held_out = f", {n_test} held out" if n_test else ", none held out"
        task = self.table.task
        if self.table.classifier:
            task += f" with {len(np.unique(self.table.y))} classes"
        budget = self.settings.budget
        limits = [f"{budget.trials} trials" if budget.trials else ""]
        limits += [f"{budget.seconds:g} s" if budget.seconds else ""]
        self.console.print(
            facts(
                [
                    ("data", f"{n_rows + n_test} rows{held_out}, {self.table.X.shape[1]} columns"),
                    ("task", task),
                    ("model", " or ".join(map(model_name, models))),
                    ("search", f"{self.settings.strategy}, {self.settings.cv}-fold {self.metric}"),
                    ("budget", " or ".join(filter(None, limits))),
                    *(("note", note) for note in self.notes),
                ]
            )
        )
        self.notes.clear()
        self.console.print()

    def _fit(self, X: Any, y: Any) -> None:
        """Search and refit; what is printed meanwhile goes to the standard error."""
        with warnings.catch_warnings(record=True) as caught, redirect_stdout(sys.stderr):
            warnings.simplefilter("default")
            try:
                self.search.fit(X, y)
            except Exception as error:
                # Before the first trial it is the call that is wrong, after it the search.
                searched = hasattr(self.search, "history_")
                raise CliError(one_line(str(error)), FAILED if searched else 2) from error
            finally:
                print(end="", flush=True)  # there may be no stream
        told = (w for w in caught if not issubclass(w.category, FitFailedWarning))
        self.notes += dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in told)

    def _tell_search(self, seconds: float) -> None:
        """Print the best trials and what else is to be known of the search."""
        history: History | None = getattr(self.search, "history_", None)
        if history is None or self.settings.quiet:
            return
        if any(trial.status == COMPLETE for trial in history):
            if self.console.is_terminal:  # below the line of progress
                self.console.print()
            self.console.print(leaderboard(history, self.metric, _untuned(history)))
        counts = Counter(trial.status for trial in history)
        n_complete = counts.pop(COMPLETE, 0)
        words = [f"{n_complete} trials"]
        words += [f"{count} {status}" for status, count in sorted(counts.items())]
        self.console.print(f"{', '.join(words)} in {seconds_text(seconds)}.")
        for note in [*_troubles(history), *map(one_line, self.notes)]:
            self.console.print(f"note: {note}", style="yellow")
        self.console.print()

    def _compare(self, X: Any, y: Any, X_test: Any, y_test: Any) -> None:
        """Print the tuned model's scores next to the untuned model's."""
        search, history = self.search, self.search.history_
        untuned = _untuned(history)
        best = history[search.best_index_]
        before = np.nan if untuned is None else history.score(untuned)
        n_compared, folds = len(history.compared_folds), f"{search.n_splits_}-fold cross-validation"
        where = folds if n_compared == search.n_splits_ else f"{n_compared} of {folds}"
        rows = [(where, before, search.best_score_)]
        if len(y_test):
            after = search.score(X_test, y_test)
            before = after if best is untuned else self._score_untuned(X, y, X_test, y_test)
            rows.append((f"{len(y_test)} held-out rows", before, after))
        self.console.print(comparison(self.metric, rows))
        if np.isfinite(search.expected_score_):
            interval = search.expected_score_interval_
            self.console.print(expectation(search.expected_score_, interval))
        if best is untuned:
            self.console.print("Nothing beat the model's own parameters, so they were kept.")
        else:
            if isinstance(self.model, list) and untuned is not None:
                self.console.print(f"Untuned: {model_name(untuned.params[CHOSEN])}")
            self.console.print(f"Tuned: {params_text(search.best_params_)}")
        if len(y_test):
            self.console.print("The held-out rows took no part in the search.", style="dim")

    def _score_untuned(self, X: Any, y: Any, X_test: Any, y_test: Any) -> float:
        """Return the held-out score of the untuned model, NaN if it fails."""
        trial = _untuned(self.search.history_)
        several = isinstance(self.model, list)
        params = trial.params if several and trial is not None else {}
        model = build(None if several else self.model, params, self.settings.seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it is there to be compared with
                return float(self.search.scorer_(model.fit(X, y), X_test, y_test))
        except Exception as error:
            self.console.print(f"note: the untuned model failed: {one_line(str(error))}")
            return np.nan

    def _write_history(self) -> None:
        """Write every evaluation to the file that was asked for."""
        path, history = self.settings.history, getattr(self.search, "history_", None)
        if path is None or history is None:
            return
        try:
            history.to_frame().to_csv(path, index=False)
        except OSError as error:
            raise CliError(f"cannot write the history to {path}: {error}", FAILED) from error
        self.console.print(f"Every evaluation is in {path}", soft_wrap=True)

    def _save(self, path: str) -> None:
        """Save the tuned model and print how it is loaded."""
        model = self.search.best_estimator_
        code = save_model(model, path)
        columns = "[list(model.feature_names_in_)]" if hasattr(model, "feature_names_in_") else ""
        code += f"\nmodel.predict(frame{columns})"
        self.console.print(f"\nThe tuned model is in {path}. To use it:", soft_wrap=True)
        for line in code.splitlines():
            self.console.print(f"    {line}", style="cyan", soft_wrap=True)


def _untuned(history: History) -> Trial | None:
    """Return the best of the models with their own parameters."""
    defaults = [trial for trial in history if trial.origin == "default"]
    scores = [history.score(t) if t.status == COMPLETE else -np.inf for t in defaults]
    return defaults[int(np.argmax(np.nan_to_num(scores, nan=-np.inf)))] if defaults else None


def _troubles(history: History) -> list[str]:
    """Return what most failures and most warnings of the evaluations were."""
    errors = Counter(one_line(trial.error) for trial in history if trial.error)
    told = [warning for evaluation in history.evaluations() for warning in evaluation.warnings]
    troubles = []
    for kind, counter in (("error", errors), ("warning", Counter(map(one_line, told)))):
        if counter:
            text, count = counter.most_common(1)[0]
            troubles.append(f"{counter.total()} x {kind}, mostly ({count}): {_shortened(text)}")
    return troubles


def _shortened(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= 160 else text[:157] + "..."
