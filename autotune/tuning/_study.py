"""Studies: what identifies one, and what is kept for a fit that continues it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from typing import Any

from .._budget import Budget
from .._texts import choice_text, model_name, warn
from ..evaluation import Models
from ..history import COMPLETE, RUNNING, SEARCH, TIMEOUT, History, Trial
from ..space import describe, digest
from ..storage import Journal
from ..timing import Subsample
from ._candidates import Candidates
from ._problem import Problem

# The fingerprint, None where no later fit can go on; the seed; the fields of the subsample.
Kept = tuple[str | None, int, dict[str, Any] | None]
Earlier = tuple[Kept | None, History | None]

# The parameters by which settings are told apart, where these have other names.
_NAMES = {"metric": "refit", "n_folds": "cv", "repeated_folds": "cv"}


def fingerprint(settings: dict[str, Any], data: Any) -> str:
    """Return a hash that two fits share if and only if one can continue the other.

    Parameters
    ----------
    settings : dict
        Everything that determines the search except its budget.
    data : object
        X, y, metadata and folds.

    Raises
    ------
    TypeError
        If the data cannot be pickled.
    """
    content = digest((settings, data))
    if content is None:
        raise TypeError("storage and warm_start need X, y and metadata that pickle can write")
    return content


class Study:
    """The results of earlier fits, and those that this one leaves to later fits.

    With ``storage`` they are in a file, with ``warm_start`` in the fitted estimator.

    Parameters
    ----------
    problem : Problem
    storage : str, path-like or None
        The file.
    last_fit : (kept, history) or None
        The state of the estimator's last fit, if this one may continue it.

    Attributes
    ----------
    history : History
        Starts with the trials of earlier fits, once they are loaded.
    seed : int
        The seed of the first fit.
    subsample : Subsample or None
        The subsample of the search, once measured.
    seconds_spent : float
        The duration of earlier fits.
    journal : Journal or None
        Writes to the file.
    """

    def __init__(self, problem: Problem, storage: Any = None, last_fit: Earlier | None = None):
        self.history = problem.new_history()
        self.seed = problem.seed
        self.subsample: Subsample | None = None
        self.seconds_spent = 0.0
        self.journal: Journal | None = None
        self._problem = problem
        self._fingerprint: str | None = None
        self._known: list[Trial] = []
        if storage is None and last_fit is None:
            return
        settings = settings_of(problem)
        self._fingerprint = fingerprint(settings, data_of(problem))
        if last_fit is not None:
            self._take_last_fit(*last_fit)
        if storage is not None:
            codec = Codec(problem.candidates)
            self.journal = Journal(
                storage,
                self._fingerprint,
                settings | outlook_of(problem),
                self.seed,
                self.history,
                codec.encode,
                codec.decode,
            )

    def resume(self) -> None:
        """Load earlier results from the file or, without one, from the last fit."""
        if self.journal is not None:
            self._tell_of(self.journal.passed_over)
            self.seed = self.journal.seed
            subsample = self.journal.description.get("scale")
            if subsample is not None or len(self.history):
                self.subsample = None if subsample is None else Subsample(**subsample)
        if self.subsample is not None:
            self.keep(self.subsample)
        if self._known and not len(self.history):
            self.history.trials.extend(self._known)
            if self.journal is not None:
                self.journal.save()
        self.seconds_spent = max((e.ended for e in self.history.evaluations()), default=0.0)
        reopen(self.history, self._problem.budget, raise_errors=self._problem.raises_errors)

    def _take_last_fit(self, kept: Kept | None, history: History | None) -> None:
        """Load seed, subsample and trials of the last fit if it belongs to the same study."""
        if history is None:
            return
        if kept is None or kept[0] != self._fingerprint:
            reason = (
                "that fit ran without it"
                if kept is None or kept[0] is None
                else "the data, the model, the space, the folds, the scoring or the strategy "
                "differ from that fit's"
            )
            warn(
                f"warm_start=True continues the last fit, but {reason}: a new search begins",
            )
            return
        _, self.seed, subsample = kept
        self.subsample = None if subsample is None else Subsample(**subsample)
        self._known = known_trials(history)

    def _tell_of(self, other: dict[str, Any] | None) -> None:
        """Say why a new search begins instead of continuing the newest one of the file.

        It is a warning if that one was interrupted and tuned the same kind of model.
        """
        if other is None or self.journal is None:
            return
        known, settings = other["description"], settings_of(self._problem)
        differ = [_NAMES.get(name, name) for name in settings if known.get(name) != settings[name]]
        what = ", ".join(dict.fromkeys(differ)) or "the data, the metadata or the folds"
        state = "interrupted" if other["interrupted"] else "ended"
        message = (
            f"storage={str(self.journal.path)!r}: search {other['study']} (trials: "
            f"{other['n_trials']}, {state}) is not continued, because this fit differs in {what}: "
            "a new search begins"
        )
        if other["interrupted"] and known.get("models") == outlook_of(self._problem)["models"]:
            warn(message)
        elif self._problem.verbose:
            print(f"[autotune] {message}")

    @property
    def problem(self) -> Problem:
        """The problem, with the seed of the first fit."""
        return replace(self._problem, seed=self.seed)

    @property
    def kept(self) -> Kept:
        """What a later call needs from this fit besides its history."""
        return (
            self._fingerprint,
            self.seed,
            None if self.subsample is None else asdict(self.subsample),
        )

    def keep(self, subsample: Subsample) -> None:
        """Save the subsample of the search."""
        self.subsample = subsample
        if self.journal is not None:
            self.journal.describe("scale", asdict(subsample))

    def how_to_go_on(self) -> str:
        """Return how to continue an interrupted search, and prepare for that."""
        if self.journal is not None:
            self.journal.describe("interrupted", True)
        n_complete = sum(t.can_win for t in self.history)
        notes = [f"{n_complete} of {len(self.history)} trials were complete"]
        if n_complete:
            notes.append("finish(X, y) ends the fit with the best of them")
        again = "fit(X, y)"
        try:
            if self._fingerprint is None:
                again = f"set_params(warm_start=True).{again}"
                problem = self._problem
                self._fingerprint = fingerprint(settings_of(problem), data_of(problem))
        except Exception as error:
            notes.append(f"the search cannot be continued ({type(error).__name__}: {error})")
        else:
            notes.append(f"{again} continues the search")
        return f"The search was interrupted: {'; '.join(notes)}."

    def close(self) -> None:
        """Release the file."""
        if self.journal is not None:
            self.journal.close()


@contextmanager
def open_study(problem: Problem, storage: Any, last_fit: Earlier | None) -> Iterator[Study]:
    """Continue from the storage or the last fit, and release the file at the end."""
    with closing(Study(problem, storage, last_fit)) as study:
        study.resume()
        yield study


def settings_of(problem: Problem) -> dict[str, Any]:
    """Return everything that determines the search except the budget, as strings."""
    model = problem.candidates.estimator
    return {
        # Not `or`: the truth value of an unfitted ensemble raises.
        "estimator": describe(problem.estimator if model is None else model),
        "space": problem.candidates.wide.fingerprint(),
        "strategy": describe(problem.strategy),
        "scoring": describe(problem.scoring_param),
        "metric": problem.scoring.metric,
        "error_score": repr(problem.error_score),
        "include_default": bool(problem.include_default),
        "return_train_score": bool(problem.return_train_score),
        "n_folds": len(problem.folds),
        "repeated_folds": repr(problem.repeats),
        "random_state": problem.seed if problem.seeded else None,
    }


def outlook_of(problem: Problem) -> dict[str, Any]:
    """Return what readers of the file need to know beside the settings."""
    models = Models.of(problem.estimator).members
    return {
        "models": list(dict.fromkeys(map(model_name, models))),
        "measure": {"name": problem.metric.name, "sign": problem.metric.sign},
    }


def data_of(problem: Problem) -> tuple:
    """Return the data that identify a search."""
    return problem.X, problem.y, problem.routed.fit, problem.routed.score, problem.folds


class Codec:
    """Writes a trial's configuration as JSON and reads it back.

    Parameters
    ----------
    candidates : Candidates
    """

    def __init__(self, candidates: Candidates):
        self._space = candidates.wide
        self._defaults = candidates.defaults

    def encode(self, trial: Trial) -> dict[str, Any]:
        """Return a JSON object; a default outside the space is written for readers only."""
        if trial.params in self._space:
            return self._space.to_json(trial.params)
        return {name: {"repr": _text(value)} for name, value in trial.params.items()}

    def decode(self, number: int, origin: str, written: Any) -> dict[str, Any]:
        """Return the configuration of a trial."""
        if origin == "default":
            return dict(self._defaults[number][0])
        return self._space.from_json(written)


def _text(value: Any) -> str:
    """Return a value as text for readers, from which numbers and strings can be read again."""
    return choice_text(value) if hasattr(value, "get_params") else describe(value)


def known_trials(history: History) -> list[Trial]:
    """Return the trials up to the last one with an evaluation; the others start again."""
    n_known = max((trial.number + 1 for trial in history if trial.evaluations), default=0)
    return history.trials[:n_known]


def reopen(history: History, budget: Budget, *, raise_errors: bool) -> None:
    """Discard the evaluations of an earlier run that this one has to repeat.

    These are the evaluations that were interrupted by the end of a smaller budget and, if an
    error ends the search, those with an error.
    """
    limit = math.inf if budget.seconds_per_trial is None else budget.seconds_per_trial
    for trial in history:
        spent = {key: history.seconds_spent(trial, key) for key in trial.evaluations}
        for key, evaluation in list(trial.evaluations.items()):
            cut_short = evaluation.status == TIMEOUT and spent[key] < limit
            if cut_short or (raise_errors and evaluation.status != COMPLETE):
                del trial.evaluations[key]
                if evaluation.phase == SEARCH:  # the others decide of no status
                    history.set_status(trial, RUNNING)
