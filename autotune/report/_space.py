"""Findings about a search space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compat import stated_ends
from ..evaluation import Models
from ..pictures import FAILED, ImportancePicture, Scale, Search, read_search, scales_of
from ._texts import number_text

BOUND, UNIMPORTANT, FAILING = "bound", "unimportant", "failing"
_LEAST_SHARE = 0.01  # of the variance that an important parameter explains
_LEAST_QUALITY, _FEWEST_TRIALS = 0.3, 10  # below which importance tells nothing
_FEWEST_FAILURES = 3
_PARTS = ("lower", "middle", "upper")  # of a range of numbers
_BY_DATA = ("k", "max_features", "n_components", "n_features_to_select")  # at most the columns


@dataclass(frozen=True)
class Finding:
    """A finding about a parameter of the search space.

    Attributes
    ----------
    parameter : str
        Its name in ``best_params_``.
    kind : {"bound", "unimportant", "failing"}
        The best value lies on a bound of the range that is not the model's own limit; the
        parameter makes no difference; or most trials with some of its values failed.
    text : str
        The finding in words.
    advice : str
        What to do about it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from autotune import AutoTunedClassifier
    >>> model = AutoTunedClassifier(SVC(), {"C": [0.01, 0.1, 1]}, strategy="grid")
    >>> (finding,) = model.fit(*load_iris(return_X_y=True)).space_report_
    >>> finding.parameter, finding.kind
    ('C', 'bound')
    """

    parameter: str
    kind: str
    text: str
    advice: str

    def __str__(self) -> str:
        return f"{self.text} {self.advice}"


def space_report(tuned: Any) -> list[Finding]:
    """Return the findings about the space of a fitted estimator."""
    search = read_search(tuned)
    return find(tuned, search, varying(search), importance_of(search))


def find(
    tuned: Any, search: Search, scales: list[Scale], importance: ImportancePicture | None
) -> list[Finding]:
    """Return the findings about the parameters; their importance may be unknown.

    Without the estimator (``tuned=None``), which bounds could be moved is not known.
    """
    return [
        *(() if tuned is None else _at_bounds(tuned, search, scales)),
        *_failing(search, scales),
        *_unimportant(scales, importance),
    ]


def varying(search: Search) -> list[Scale]:
    """Return the parameters that vary."""
    try:
        return scales_of(search)
    except ValueError:  # a space with a single configuration
        return []


def importance_of(search: Search) -> ImportancePicture | None:
    """Return the importance of all parameters, None where there is too little to learn it from."""
    try:
        return ImportancePicture.of(search, top=len(search.space.names) ** 2)
    except ValueError:
        return None


def effects(importance: ImportancePicture | None) -> dict[str, float]:
    """Return the share of the variance in which each parameter takes part, if it is known."""
    if (
        importance is None
        or importance.quality < _LEAST_QUALITY
        or importance.n_trials < _FEWEST_TRIALS
    ):
        return {}
    total: dict[str, float] = {}
    for names, share in zip(importance.names, importance.shares, strict=True):
        for name in names:
            total[name] = total.get(name, 0.0) + float(share)
    return total


def _at_bounds(tuned: Any, search: Search, scales: list[Scale]) -> Iterator[Finding]:
    """Yield the parameters whose chosen value lies on a bound that could be moved."""
    best = best_trials(search)
    if search.winner is None or not best.any():
        return
    for scale in scales:
        bound = scale.at_bound(scale.numbers[search.winner])
        if bound is None or scale.bounds is None or _is_limit(tuned, search, scale.name, bound):
            continue
        if any(scale.at_bound(number) != bound for number in scale.numbers[best]):
            continue  # it is no better than within the range
        low, high = map(number_text, scale.bounds)
        is_low = bound == scale.bounds[0]
        yield Finding(
            scale.name,
            BOUND,
            f"The best value of {scale.name}, {number_text(bound)}, is the "
            f"{'lowest' if is_low else 'highest'} that was allowed ({low} to {high}).",
            f"Allow values {'below' if is_low else 'above'} it: a better one may lie there.",
        )


def best_trials(search: Search) -> np.ndarray:
    """Return which trials have the score of the chosen one, or a better one; none without it."""
    trials = search.trials()
    if search.winner is None:
        return np.zeros(len(trials.values), dtype=bool)
    goodness = trials.sign * trials.values
    least = goodness[search.winner]
    reaches = (goodness >= least) | np.isclose(goodness, least, rtol=1e-9, atol=0.0)
    return reaches & trials.competes


def _is_limit(tuned: Any, search: Search, name: str, bound: float) -> bool:
    """Return whether nothing lies beyond a bound, by the model's rules or the data's."""
    assert search.winner is not None
    models = Models.of(tuned.estimator, tuned.space)
    fitted = vars(tuned).get("best_estimator_")
    model = models.first if fitted is None else fitted
    if models.is_choice:
        model, _ = models.split(search.history[search.winner].params)
    path, _, own = name.removeprefix(models.prefix).rpartition("__")
    owner = model if not path or model is None else model.get_params().get(path)
    ends = stated_ends(owner, own)
    if ends is None:
        ends = {0.0, 1.0}  # of shares and penalties
    if own in _BY_DATA:
        ends = {*ends, float(getattr(fitted, "n_features_in_", np.nan))}
    return bool(np.isclose(list(ends), bound, rtol=1e-9, atol=0.0).any())


def _failing(search: Search, scales: list[Scale]) -> Iterator[Finding]:
    """Yield the parameters with a value, or a part of their range, where most trials failed."""
    failed = search.trials().states == FAILED
    for scale in scales:
        for group, text in _groups(scale):
            n, n_failed = int(group.sum()), int(failed[group].sum())
            rest = failed[~group & (scale.codes >= -1)]
            if n_failed < _FEWEST_FAILURES or n_failed <= n / 2:
                continue
            if not len(rest) or rest.mean() > n_failed / n / 2:
                continue  # it is not this that makes trials fail
            yield Finding(
                scale.name,
                FAILING,
                f"{n_failed} of {n} trials with {text} failed.",
                "Leave these values out of the space, or look into the errors.",
            )


def _groups(scale: Scale) -> Iterator[tuple[np.ndarray, str]]:
    """Yield which trials have a value, or one in a part of the range, and what that is."""
    for code, symbol in enumerate(scale.symbols):
        yield scale.codes == code, f"{scale.name} = {symbol}"
    if scale.low < scale.high:
        place = scale.unit(scale.numbers)
        ends = np.linspace(0.0, 1.0, len(_PARTS) + 1)
        for part, low, high in zip(_PARTS, ends[:-1], ends[1:], strict=True):
            inside = (place >= low) & ((place < high) | (high == 1.0))
            yield inside, f"{scale.name} in the {part} third of its range"


def _unimportant(scales: list[Scale], importance: ImportancePicture | None) -> Iterator[Finding]:
    """Yield the parameters that make no difference."""
    shares = effects(importance)
    for scale in scales:
        if shares.get(scale.name, 1.0) < _LEAST_SHARE:
            yield Finding(
                scale.name,
                UNIMPORTANT,
                f"{scale.name} made no difference: it explains less than 1 % of the differences "
                "between the scores.",
                "Leave it at its default, so that the budget goes to the others.",
            )
