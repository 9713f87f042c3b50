"""A search as a study of Optuna."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from .._texts import choice_text
from ._trial import COMPLETE, DROPPED, SEARCH, Trial

_PLAIN = (bool, int, float, str, type(None))  # what Optuna stores as a choice
_LOG_RATIO = 100  # of the largest to the smallest value, from which an axis is logarithmic
_MOST_CHOICES = 10  # of numbers and other values together
_INFEASIBLE = {"constraints": [1.0]}  # Optuna's mark of a trial that cannot be the best
_OUTSIDE = object()  # stands for a value that does not fit the distribution of its parameter


def make_study(history: Any, storage: Any, name: str | None) -> Any:
    """Add a study with all trials of a history to a storage of Optuna, and return it."""
    try:
        import optuna
    except ImportError as error:
        raise ImportError("History.to_optuna needs Optuna: pip install optuna") from error
    tried: dict[str, list[Any]] = {}
    for trial in history:
        for parameter, value in trial.params.items():
            tried.setdefault(parameter, []).append(value)
    distributions = {parameter: _distribution(values) for parameter, values in tried.items()}
    ended = max((evaluation.ended for evaluation in history.evaluations()), default=0.0)
    begun = datetime.now() - timedelta(seconds=ended)
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    study.set_user_attr("metric", history.metric)
    study.add_trials([_trial(history, trial, distributions, begun) for trial in history])
    return study


def _trial(history: Any, trial: Trial, distributions: dict[str, Any], begun: datetime) -> Any:
    """Return a trial as one of Optuna's."""
    from optuna.trial import TrialState, create_trial

    score = history.score(trial)
    is_complete = trial.status == COMPLETE and not math.isnan(score)
    state = TrialState.PRUNED if trial.status == DROPPED else TrialState.FAIL
    params = {name: _fitting(value, distributions[name]) for name, value in trial.params.items()}
    fitting = {name: value for name, value in params.items() if value is not _OUTSIDE}
    frozen = create_trial(
        state=TrialState.COMPLETE if is_complete else state,
        value=score if is_complete else None,
        params=fitting,
        distributions={name: distributions[name] for name in fitting},
        user_attrs=_attributes(trial, params),
        system_attrs=None if trial.eligible else _INFEASIBLE,
        intermediate_values={
            fold: float(score)
            for fold, score in enumerate(history.fold_scores(trial))
            if not np.isnan(score)
        },
    )
    times = [(e.started, e.ended) for e in trial.evaluations.values() if e.phase == SEARCH]
    if times:
        started, ended = zip(*times, strict=True)
        frozen.datetime_start = begun + timedelta(seconds=min(started))
        frozen.datetime_complete = begun + timedelta(seconds=max(ended))
    return frozen


def _distribution(values: list[Any]) -> Any:
    """Return the distribution of Optuna's over some values of a parameter.

    Where there are many, mostly numbers, it holds the numbers only.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    known = [value for value in values if _is_number(value)]
    choices = list(dict.fromkeys(map(_choice, values)))
    is_mixed = len(known) < len(values)
    if is_mixed and (len(choices) <= _MOST_CHOICES or 2 * len(known) <= len(values)):
        return CategoricalDistribution(choices)
    low, high = min(known), max(known)
    log = bool(low > 0 and high / low >= _LOG_RATIO)
    if all(isinstance(value, int | np.integer) for value in known):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _fitting(value: Any, distribution: Any) -> Any:
    """Return a value as its distribution has it."""
    if hasattr(distribution, "choices"):
        return _choice(value)
    return type(distribution.low)(value) if _is_number(value) else _OUTSIDE


def _attributes(trial: Trial, params: dict[str, Any]) -> dict[str, Any]:
    """Return what else there is to know of a trial."""
    attributes = {"origin": trial.origin, "status": trial.status}
    if trial.error:
        attributes["error"] = trial.error
    outside = [name for name, value in params.items() if value is _OUTSIDE]
    return attributes | {f"param_{name}": _choice(trial.params[name]) for name in outside}


def _is_number(value: Any) -> bool:
    """Return whether a value is a finite number, which True is not."""
    is_real = isinstance(value, int | float | np.integer | np.floating)
    return is_real and not isinstance(value, bool | np.timedelta64) and math.isfinite(value)


def _choice(value: Any) -> Any:
    """Return a value if Optuna can store it, the text of any other."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if type(value) in _PLAIN else choice_text(value)
