"""What makes two fits the same study, and what is kept of one for a fit that continues it."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from .._budget import Budget
from .._texts import warn
from ..history import COMPLETE, RUNNING, TIMEOUT, History, Trial
from ..space import describe, digest
from ..storage import Journal
from ..timing import Subsample
from ._candidates import Candidates

# The fingerprint, None where no later fit can go on; the seed; the fields of the scale.
Kept = tuple[str | None, int, dict[str, Any] | None]


def fingerprint(settings: dict[str, Any], data: Any) -> str:
    """Return a text that two fits share exactly when one can continue the other.

    Parameters
    ----------
    settings : dict
        Everything that decides what the search does, but its budget.
    data : object
        X, y, metadata and folds.

    Raises
    ------
    TypeError
        If pickle cannot write the data.
    """
    content = digest((settings, data))
    if content is None:
        raise TypeError("storage and warm_start need X, y and metadata that pickle can write")
    return content


class Study:
    """What earlier fits have found, and what this one keeps for later ones.

    It is in the file that ``storage`` names, and with ``warm_start`` in the owner.

    Parameters
    ----------
    owner : AutoTunedClassifier or AutoTunedRegressor
    settings : dict
        Everything that decides what the search does, but its budget, as texts.
    data : object
        X, y, metadata and folds.
    seed : int
        The seed of a study that is new.
    history : History
        An empty one; it gets what earlier fits have found.
    candidates : Candidates

    Attributes
    ----------
    seed : int
    scale : Subsample or None
        On what the earlier fits searched, as far as it was measured.
    journal : Journal or None
        Writes to the file.
    """

    def __init__(
        self,
        owner: Any,
        settings: dict[str, Any],
        data: Any,
        seed: int,
        history: History,
        candidates: Candidates,
    ):
        self.seed = seed
        self.scale: Subsample | None = None
        self.journal: Journal | None = None
        self._owner = owner
        self._history = history
        self._fingerprint = fingerprint(settings, data)
        self._known: list[Trial] = []
        if owner.warm_start:
            self._take_last_fit(owner.__dict__.get("_study"))
        if owner.storage is not None:
            codec = Codec(candidates)
            self.journal = Journal(
                owner.storage,
                self._fingerprint,
                settings,
                self.seed,
                history,
                codec.encode,
                codec.decode,
            )

    def resume(self) -> None:
        """Take over what is known: from the file, or else from the last fit.

        The file is open by then, so that whoever made the study can close it if this fails.
        """
        if self.journal is not None:
            self.seed = self.journal.seed
            scale = self.journal.description.get("scale")
            if scale is not None or len(self._history):
                self.scale = None if scale is None else Subsample(**scale)
        self._owner._study = (self._fingerprint, self.seed, None)
        if self.scale is not None:
            self.keep(self.scale)
        if self._known and not len(self._history):
            self._history.trials.extend(self._known)
            if self.journal is not None:
                self.journal.save()

    def _take_last_fit(self, kept: Kept | None) -> None:
        """Take seed, scale and trials of the last fit, if it was of the same study."""
        history = self._owner.__dict__.get("history_")
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
                f"warm_start=True continues the last fit, but {reason}: the search begins anew",
            )
            return
        _, self.seed, scale = kept
        self.scale = None if scale is None else Subsample(**scale)
        self._known = known_trials(history)

    def keep(self, scale: Subsample) -> None:
        """Write down on what the search is done."""
        if self.journal is not None:
            self.journal.describe("scale", asdict(scale))
        self._owner._study = (self._fingerprint, self.seed, asdict(scale))

    def close(self) -> None:
        """Leave the file to whoever opens it next."""
        if self.journal is not None:
            self.journal.close()


class Codec:
    """Writes a trial's configuration as JSON and reads it back.

    Parameters
    ----------
    candidates : Candidates
    """

    def __init__(self, candidates: Candidates):
        self._space = candidates.space
        self._defaults = candidates.defaults

    def encode(self, trial: Trial) -> dict[str, Any]:
        """Return what ``json`` can write; a default outside the space only for readers."""
        if trial.params in self._space:
            return self._space.to_json(trial.params)
        return {name: {"repr": describe(value)} for name, value in trial.params.items()}

    def decode(self, number: int, origin: str, written: Any) -> dict[str, Any]:
        """Return the configuration of a trial."""
        if origin == "default":
            return dict(self._defaults[number][0])
        return self._space.from_json(written)


def known_trials(history: History) -> list[Trial]:
    """Return the trials up to the last one with an evaluation; the others begin anew."""
    n_known = max((trial.number + 1 for trial in history if trial.evaluations), default=0)
    return history.trials[:n_known]


def reopen(history: History, budget: Budget, *, raise_errors: bool) -> None:
    """Forget the evaluations of an earlier run that this one has to repeat.

    These are the evaluations that were cut short by an end of the budget that is now later,
    and, where an error ends the search, those with an error.
    """
    limit = math.inf if budget.seconds_per_trial is None else budget.seconds_per_trial
    for trial in history:
        spent = {fold: history.seconds_spent(trial, fold) for fold, _ in trial.evaluations}
        for key, evaluation in list(trial.evaluations.items()):
            cut_short = evaluation.status == TIMEOUT and spent[evaluation.fold] < limit
            if cut_short or (raise_errors and evaluation.status != COMPLETE):
                del trial.evaluations[key]
                if evaluation.fold < history.n_folds:  # the others decide of no status
                    history.set_status(trial, RUNNING)
