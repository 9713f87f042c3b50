"""One run of the command: split, search, compare, save."""

from __future__ import annotations

import shlex
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import train_test_split

from .. import AutoTunedClassifier, AutoTunedRegressor, Budget
from .._texts import model_name
from ..defaults import Column
from ..evaluation import Job as EvaluationJob
from ..evaluation import Models, Task
from ..history import COMPLETE, CRASHED, FAILED, History, Trial
from ..results import count
from ._errors import FAILED as SEARCH_FAILED
from ._errors import INTERRUPTED, OK, USAGE, CliError, one_line
from ._interrupt import ending_at_interrupt
from ._names import FAMILIES
from ._report import comparison, expectation, facts, leaderboard, params_text, summary
from ._save import save_model
from ._scoring import shown_metric
from ._table import KINDS, Table, listed
from ._untuned import most_seconds, score_untuned

_UNTUNED = (
    "no trial ended within the budget, so the model is untuned; allow more seconds, or fewer "
    "folds (--cv)"
)


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
    report: str | None = None
    na_values: tuple[str, ...] = ()
    space: Any = "auto"
    storage: str | None = None


class Job:
    """Tunes a model on a table and tells how it went.

    Parameters
    ----------
    table : Table
    model : estimator, list of estimators or "families"
    settings : Settings
    console : rich.console.Console
    """

    def __init__(self, table: Table, model: Any, settings: Settings, console: Any):
        self.table = table
        self.models = Models.of(model)
        self.settings = settings
        self.console = console
        self.notes: list[str] = list(table.notes)
        self.interrupted = False
        self.metric = shown_metric(settings.scoring, classifier=table.classifier)
        cls = AutoTunedClassifier if table.classifier else AutoTunedRegressor
        self.search = cls(
            model,
            settings.space,
            strategy=settings.strategy,
            budget=settings.budget,
            scoring=settings.scoring,
            cv=settings.cv,
            n_jobs=settings.jobs,
            random_state=settings.seed,
            verbose=0 if settings.quiet else 1,
            storage=settings.storage,
        )

    def run(self) -> int:
        """Carry the job out and return the exit code."""
        train, test = self._split()
        X, y = _take(self.table.X, train), self.table.y[train]
        self._introduce(len(train), len(test))
        start = time.perf_counter()
        with ExitStack() as stack:
            try:
                self._fit(self.search.fit, X, y)
            except KeyboardInterrupt:
                self._tell_interrupted()
                stack.enter_context(ending_at_interrupt())
                self._fit(self.search.finish, X, y)
            return self._report(train, test, time.perf_counter() - start)

    def _tell_interrupted(self) -> None:
        """Say what follows an interrupted search, or end the run if nothing is known."""
        self.interrupted = True
        self._write_history()
        if not self._has_winner():
            raise CliError("interrupted before any model was complete", INTERRUPTED)
        print(
            "autotune: interrupted; the best model so far is fitted (Ctrl-C again: exit)",
            file=sys.stderr,
            flush=True,
        )

    def _has_winner(self) -> bool:
        """Return whether any trial that may win is complete."""
        history = getattr(self.search, "history_", ())
        return any(trial.can_win for trial in history)

    def _report(self, train: np.ndarray, test: np.ndarray, seconds: float) -> int:
        """Keep what was found, then tell of it; return the exit code."""
        code = error = None
        try:
            self._write_history()
            if self.settings.save is not None:
                code = save_model(self.search, self.settings.save)
            self._write_report()
        except CliError as failure:
            error = failure
        self._tell_search(seconds)
        self._compare(train, test)
        if error is not None:
            raise error
        if self.settings.history is not None:
            self.console.print(f"Every evaluation is in {self.settings.history}", soft_wrap=True)
        if self.settings.report is not None:
            self.console.print(f"The report is in {self.settings.report}", soft_wrap=True)
        if code is not None:
            self._tell_saved(code)
        if not self._has_winner():
            raise CliError(_UNTUNED, SEARCH_FAILED)
        return INTERRUPTED if self.interrupted else OK

    def _split(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows to tune on and those held out, none for a test size of 0."""
        y, size = self.table.y, self.settings.test_size
        rows = np.arange(len(y))
        train, test = self._hold_out(rows, y, size) if size else (rows, rows[:0])
        if len(train) < self.settings.cv:
            raise CliError(
                f"--cv must be at most the number of rows to tune on, which is {len(train)}; "
                f"got {self.settings.cv}"
            )
        return train, test

    def _hold_out(
        self, rows: np.ndarray, y: np.ndarray, size: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows without those that are held out, and these."""
        stratify = None
        if self.table.classifier:
            smallest = min(Counter(y.tolist()).values())
            if smallest > 1:
                stratify = y
            else:
                self.notes.append("a class has a single row, so the classes were not stratified")
        try:
            train, test = train_test_split(
                rows, test_size=size, random_state=self.settings.seed, stratify=stratify
            )
        except ValueError as error:
            message = f"cannot hold out {size:g} of {len(y)} rows: {error}"
            raise CliError(f"--test-size: {one_line(message)}") from error
        return train, test

    def _introduce(self, n_rows: int, n_test: int) -> None:
        """Say what is about to be done."""
        if self.settings.quiet:
            return
        settings = self.settings
        held_out = f", {n_test:,} held out" if n_test else ", none held out"
        task = self.table.task
        if self.table.classifier:
            task += f" with {len(np.unique(self.table.y))} classes"
        data = f"{n_rows + n_test:,} rows{held_out}, {count(self.table.X.shape[1], 'column')}"
        rows = [
            ("data", data),
            ("task", task),
            ("model", " or ".join(map(model_name, self.models.members)) or FAMILIES),
            ("search", f"{settings.strategy}, {settings.cv}-fold {self.metric.name}"),
            ("budget", _budget_text(settings.budget)),
            *_kinds(self.table.columns),
            *(("note", note) for note in self.notes),
        ]
        self.console.print(facts(rows))
        self.notes.clear()
        self.console.print()

    def _fit(self, fit: Callable[[Any, Any], Any], X: Any, y: Any) -> None:
        """Search and refit; what is printed meanwhile goes to the standard error."""
        with warnings.catch_warnings(record=True) as caught, redirect_stdout(sys.stderr):
            warnings.simplefilter("default")
            try:
                fit(X, y)
            except Exception as error:
                # Before the first trial it is the call that is wrong, after it the search.
                searched = hasattr(self.search, "history_")
                self._write_history()
                code = SEARCH_FAILED if searched else USAGE
                raise CliError(one_line(str(error)), code) from error
            finally:
                print(end="", flush=True)  # there may be no stream
                told = (w for w in caught if not issubclass(w.category, FitFailedWarning))
                self.notes += dict.fromkeys(map(_warning_text, told))

    def _tell_search(self, seconds: float) -> None:
        """Print the best trials and what else is to be known of the search."""
        history: History | None = getattr(self.search, "history_", None)
        if history is None or self.settings.quiet:
            return
        if any(trial.status == COMPLETE for trial in history):
            if self.console.is_terminal:  # below the line of progress
                self.console.print()
            width = self.console.width
            board = leaderboard(history, self.metric, find_untuned(history), width)
            self.console.print(board)
        self.console.print(summary(history, seconds))
        for note in [*_troubles(history), *dict.fromkeys(self.notes)]:
            self.console.print(f"note: {note}", style="yellow")
        self.console.print()

    def _compare(self, train: np.ndarray, test: np.ndarray) -> None:
        """Print the tuned model's scores next to the untuned model's."""
        search, history = self.search, self.search.history_
        untuned = find_untuned(history)
        best = history[search.best_index_]
        same = best is untuned and history.share < 1.0  # on a share of the rows
        before = np.nan if untuned is None or same else history.score(untuned)
        rows = [(self._folds_text(), before, search.best_score_)]
        reason = ""
        if len(test):
            after = search.score(_take(self.table.X, test), self.table.y[test])
            before, reason = after, ""
            if best is not untuned or self.settings.budget.seconds is not None:
                before, reason = self._score_untuned(train, test, best is untuned)
            rows.append((f"{len(test):,} held-out rows", before, after))
        self.console.print(comparison(self.metric, rows))
        if reason:
            self.console.print(f"note: the untuned model has no score there: {reason}")
        if np.isfinite(search.expected_score_):
            interval = search.expected_score_interval_
            self.console.print(expectation(self.metric, search.expected_score_, interval))
        if not self._has_winner():
            pass  # an error will say so
        elif best is untuned:
            self.console.print("Nothing beat the model's own parameters, so they were kept.")
        else:
            if self.models.is_choice and untuned is not None:
                model, _ = self.models.split(untuned.params)
                self.console.print(f"Untuned: {model_name(model)}")
            self.console.print(f"Tuned: {params_text(search.best_params_)}")
        if len(test):
            self.console.print("The held-out rows took no part in the search.", style="dim")

    def _folds_text(self) -> str:
        """Return on what the scores of the search were measured."""
        search, history = self.search, self.search.history_
        n_folds, n_compared = search.n_splits_, len(history.compared_folds)
        fewer = n_compared < n_folds
        text = f"{n_compared} of {n_folds} folds" if fewer else f"{n_folds}-fold cross-validation"
        return text if history.share == 1.0 else f"{text}, {history.share:.2g} of the rows"

    def _score_untuned(
        self, train: np.ndarray, test: np.ndarray, is_best: bool
    ) -> tuple[float, str]:
        """Return the held-out score of the untuned model, or NaN and the reason.

        It is fitted on all training rows, also where the tuned model is not.
        """
        search, untuned = self.search, find_untuned(self.search.history_)
        if is_best:
            model = search.best_estimator_
        elif untuned is None and self.models.is_choice:
            return np.nan, "none of the models was tried with its own parameters"
        else:
            model, _ = self.models.split({} if untuned is None else untuned.params)
        task = Task(model, self.table.X, self.table.y, [(train, test)], search.scorer_)
        limit = self.settings.budget.seconds
        job = EvaluationJob(0, 0, {}, self.settings.seed, seconds=limit)
        n_fold = len(train) * (1 - 1 / search.n_splits_)
        most = most_seconds(search.history_, untuned, len(train), n_fold)
        try:
            with redirect_stdout(sys.stderr):
                return score_untuned(task, job, most, tell=not self.settings.quiet)
        except KeyboardInterrupt:
            if self.interrupted:
                raise
            self.interrupted = True
            return np.nan, "its fit was interrupted"

    def _write_history(self) -> None:
        """Write every evaluation to the file that was asked for."""
        path, history = self.settings.history, getattr(self.search, "history_", None)
        if path is None or history is None:
            return
        write_evaluations(history.to_frame(), path)

    def _write_report(self) -> None:
        """Write the report that was asked for."""
        if self.settings.report is not None:
            write_report(self.search.report, self.settings.report)

    def _tell_saved(self, code: str) -> None:
        """Print where the tuned model is, and how it is loaded."""
        model = self.search.best_estimator_
        columns = "[list(model.feature_names_in_)]" if hasattr(model, "feature_names_in_") else ""
        if self.settings.na_values:
            code += f"\n# frame: read with na_values={list(self.settings.na_values)}"
        code += f"\nmodel.predict(frame{columns})"
        path = str(self.settings.save)
        command = f", for '{self._predict_command(path)}'" if self.table.columns else ""
        self.console.print(f"\nThe tuned model is in {path}{command}. To use it:", soft_wrap=True)
        for line in code.splitlines():
            self.console.print(f"    {line}", style="cyan", soft_wrap=True)

    def _predict_command(self, path: str) -> str:
        """Return what predicts for the rows of a file."""
        trust = [] if path.endswith(".skops") else ["--trust"]
        words = ["autotune", "predict", path, "DATA.csv", *trust]
        if self.settings.na_values:
            words.append(f"--na-values={','.join(self.settings.na_values)}")
        return shlex.join(words)


def write_evaluations(frame: Any, path: str) -> None:
    """Write a frame of evaluations to a CSV file."""
    try:
        frame.to_csv(path, index=False)
    except OSError as error:
        raise CliError(f"cannot write the history to {path}: {error}", SEARCH_FAILED) from error


def write_report(write: Callable[[str], None], path: str) -> None:
    """Write a report to an HTML file."""
    try:
        write(path)
    except OSError as error:
        raise CliError(f"cannot write the report to {path}: {error}", SEARCH_FAILED) from error


def _warning_text(warning: warnings.WarningMessage) -> str:
    """Return what a warning says, and its kind where there is more to it than that."""
    message = one_line(str(warning.message))
    return message if warning.category is UserWarning else f"{warning.category.__name__}: {message}"


def _take(X: Any, rows: np.ndarray) -> Any:
    """Return some rows of a frame or an array."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def _kinds(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return what columns were taken for, a fact for each kind."""
    names = {
        label: [column.name for column in columns if column.kind == kind]
        for kind, label in KINDS.items()
    }
    return [(label, listed(alike)) for label, alike in names.items() if alike]


def _budget_text(budget: Budget) -> str:
    """Return a budget with its units."""
    limits = []
    if budget.trials:
        limits.append(count(budget.trials, "trial"))
    if budget.seconds:
        limits.append(f"{budget.seconds:g} s")
    else:
        limits[0] += f" (for seconds: --budget {budget.trials}s)"
    return " or ".join(limits)


def find_untuned(history: History) -> Trial | None:
    """Return the best of the models with their own parameters."""
    defaults = [trial for trial in history if trial.origin == "default"]
    scores = [history.score(t) if t.status == COMPLETE else -np.inf for t in defaults]
    return defaults[int(np.argmax(np.nan_to_num(scores, nan=-np.inf)))] if defaults else None


def _troubles(history: History) -> list[str]:
    """Return what most failures and most warnings of the evaluations were."""
    broken = [trial for trial in history if trial.status in (CRASHED, FAILED)]  # not cut short
    errors = Counter(one_line(trial.error) for trial in broken if trial.error)
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
