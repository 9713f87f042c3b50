"""Checks of searchers."""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from ..search import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    RUNNING,
    TIMEOUT,
    Evaluation,
    History,
    Searcher,
    Space,
    Trial,
)
from ._checks import Check, named, require

MakeSearcher = Callable[[Space, int, int | None], Searcher]

N_FOLDS = 2
METRIC = "score"
USUAL = (0.5, 0.1, 0.9)  # scores of trials, in turn
UNION = [
    {"kernel": ["rbf"], "gamma": (1e-4, 1.0, "log-uniform"), "C": (0.1, 10.0)},
    {"kernel": ["poly"], "degree": [2, 3, 4], "C": (0.1, 10.0)},
    {"kernel": ["linear"]},
]
SPACES: dict[str, Any] = {
    "mixed": {"C": (1e-3, 1e3, "log-uniform"), "n": (1, 6), "kernel": ["rbf", "poly", "linear"]},
    "union": UNION,
    "one point": {"C": [1]},
    "no parameter": {},
    "constants and a range": {"C": [1], "kernel": ["rbf"], "gamma": (0.0, 1.0)},
    "a point and a range": [{"kernel": ["linear"]}, {"gamma": (0.0, 1.0)}],
    "lists of numbers": {"C": [100, 1, 10, 1000], "depth": [None, 5, 20, 10]},
    "odd values": {"size": [(50, 50), (100,), None, True, 1, "1", len]},
    "same name, other range": [{"C": (0.0, 1.0)}, {"C": (2, 9)}, {"C": ["auto"]}],
    "distributions": {"C": stats.loguniform(0.01, 10), "n": stats.randint(1, 4)},
}
FINITE: tuple[Any, ...] = (
    {},
    {"C": [1, 2, 3]},
    {"a": [1, 2, 3], "b": [True, False], "c": ["x", None]},
    [{"kernel": ["linear"]}, {"kernel": ["poly"], "degree": [2, 3, 4]}],
)
ENDINGS: tuple[tuple[Any, ...], ...] = (
    (RUNNING,),
    (FAILED,),
    (0.3, 0.4, RUNNING, RUNNING),
    (0.3, 0.4, FAILED, TIMEOUT, CRASHED, DROPPED, INTERRUPTED),
    (0.5, 0.5, 0.5),
    (-1e308, 1e308, 0.0),
    (-1e300, -1.0),
    (math.nan, 0.1, math.inf, 0.2, -math.inf),
    (5e-324, 0.0),
)


def check_searcher(make_searcher: MakeSearcher) -> None:
    """Check that a searcher keeps the contract of :class:`autotune.search.Searcher`.

    Parameters
    ----------
    make_searcher : callable
        ``make_searcher(space, seed, n_trials)`` returns a new searcher for a
        :class:`~autotune.space.Space`, an int, and the number of trials that the budget
        allows or None; the class itself, if these are the arguments of its ``__init__``.

    Raises
    ------
    AssertionError
        With the name of the first check that fails, and the reason.

    Notes
    -----
    Nothing is fitted. Most histories have six trials, so configure a model-based searcher to
    use its model after two or three.
    In a space of choices only, all configurations must be proposed; a searcher may propose any
    number of values of an interval or a distribution.

    Examples
    --------
    >>> from autotune.search import RandomSearcher
    >>> from autotune.testing import check_searcher
    >>> check_searcher(RandomSearcher)
    """
    for _, check in searcher_checks():
        check(make_searcher)


def searcher_checks() -> Iterator[tuple[str, Check]]:
    """Yield the checks of :func:`check_searcher` one by one.

    Yields
    ------
    name : str
    check : callable
        ``check(make_searcher)`` raises an AssertionError if the searcher does not pass.

    Examples
    --------
    One test for each check:

    >>> import pytest
    >>> from autotune.search import RandomSearcher
    >>> from autotune.testing import searcher_checks
    >>> @pytest.mark.parametrize(("name", "check"), searcher_checks())
    ... def test_my_searcher(name, check):
    ...     check(RandomSearcher)
    """
    return named(_CHECKS)


def search(
    searcher: Searcher, n_trials: int, answers: Sequence[Any] = USUAL, history: Any = None
) -> History:
    """Ask for trials, which get the given scores or statuses in turn."""
    history = History(N_FOLDS) if history is None else history
    for answer in itertools.islice(itertools.cycle(answers), n_trials):
        params = searcher.ask(history)
        if params is None:
            break
        add_trial(history, params, answer, searcher.origin(params))
    return history


def add_trial(
    history: History, params: dict[str, Any], answer: Any, origin: str = "test", **settings: Any
) -> Trial:
    """Append a trial with a score or a status; some have a fold before they end."""
    trial = history.add(params, origin, **settings)
    if not isinstance(answer, str):
        for fold in range(history.n_folds):
            _record(history, trial, fold, scores={METRIC: answer - fold / 100})
        sound = math.isfinite(history.score(trial))
        history.set_status(trial, COMPLETE if sound else FAILED)
        return trial
    history.set_status(trial, answer)
    if answer in (FAILED, TIMEOUT, CRASHED):
        _record(history, trial, 0, status=answer, error=f"it {answer}")
    elif trial.number % 2:
        _record(history, trial, 0, scores={METRIC: 0.3})
    return trial


def _record(history: History, trial: Trial, fold: int, **result: Any) -> None:
    """Record an evaluation; later trials take longer."""
    seconds = 0.1 * (1 + trial.number)
    history.record(Evaluation(trial.number, fold, fit_time=seconds, **result))


def keys(space: Space, history: History) -> list[Any]:
    """Return the identities of the trials' configurations."""
    return [space.key(trial.params) for trial in history]


def beginning(history: History, n_trials: int) -> History:
    """Return a history with only the first trials."""
    cut = History(history.n_folds)
    cut.trials = copy.deepcopy(history.trials[:n_trials])
    return cut


def require_valid(space: Space, history: History) -> None:
    """Fail unless all proposals lie in the space and differ."""
    for trial in history:
        require(
            isinstance(trial.params, dict) and trial.params in space,
            f"ask returned {trial.params!r} for trial {trial.number}, which is not in {space!r}",
        )
    repeated = [key for key, n in Counter(keys(space, history)).items() if n > 1]
    require(not repeated, f"ask proposed {repeated!r} more than once, of {space!r}")


def require_resumable(
    make: MakeSearcher, space: Space, seed: int, answers: Sequence[Any], n_trials: int = 6
) -> None:
    """Fail unless a new searcher makes the same next proposal from any part of a history."""
    history = search(make(space, seed, None), n_trials, answers)
    for n, trial in enumerate(history):
        params = make(space, seed, None).ask(beginning(history, n))
        _require_same(space, params, trial.params, f"a new searcher with the first {n} trials")


def _require_same(space: Space, found: Any, expected: Any, who: str) -> None:
    """Fail unless two proposals are the same."""
    require(
        (found is None) == (expected is None)
        and (found is None or space.key(found) == space.key(expected)),
        f"{who} proposed {found!r} instead of {expected!r}, of {space!r}",
    )


def _spaces() -> Iterator[Space]:
    """Yield spaces of all kinds."""
    yield from map(Space.parse, SPACES.values())


def check_attributes(make: MakeSearcher) -> None:
    """Check that it is a searcher with its space and a name."""
    space = Space.parse(SPACES["mixed"])
    for n_trials in (None, 10):
        searcher = make(space, 1, n_trials)
        require(isinstance(searcher, Searcher), f"{searcher!r} is no Searcher")
        require(searcher.space is space, f"its space is {searcher.space!r}")
        name = searcher.name
        require(isinstance(name, str) and name not in ("", "default"), f"its name is {name!r}")


def check_proposals_lie_in_the_space_and_differ(make: MakeSearcher) -> None:
    """Check that each proposal is in the space, and none is repeated while others are left."""
    for space in _spaces():
        for n_trials in (None, 6):
            history = search(make(space, 0, n_trials), 6)
            require(len(history), f"ask returned None for an empty history and {space!r}")
            require_valid(space, history)


def check_a_finite_space_is_exhausted(make: MakeSearcher) -> None:
    """Check that a finite space is exhausted whatever the outcomes, then None is returned."""
    for space in map(Space.parse, FINITE):
        for answers in (USUAL, (0.5, RUNNING, FAILED, INTERRUPTED)):
            searcher = make(space, 3, None)
            history = search(searcher, int(space.size) + 3, answers)
            require_valid(space, history)
            require(
                len(history) == space.size,
                f"{len(history)} of {space.size} configurations of {space!r} were proposed",
            )
            for _ in range(2):
                found = searcher.ask(history)
                require(found is None, f"ask returned {found!r} when {space!r} was exhausted")


def check_the_same_seed_gives_the_same_proposals(make: MakeSearcher) -> None:
    """Check that proposals depend on no generator but the searcher's own."""
    for space in _spaces():
        histories = []
        for other in (1, 2):
            with _shared_generators(other):
                histories.append(search(make(space, 7, None), 5))
        one, two = histories
        require(
            keys(space, one) == keys(space, two),
            f"with the same seed it proposed {_params(one)!r}, then {_params(two)!r}",
        )


@contextmanager
def _shared_generators(seed: int) -> Iterator[None]:
    """Seed the global random generators temporarily."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # those are meant
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _params(history: History) -> list[dict[str, Any]]:
    """Return the configurations of a history."""
    return [trial.params for trial in history]


def check_a_search_that_was_cut_goes_on_as_before(make: MakeSearcher) -> None:
    """Check that a searcher has no state beyond the history."""
    for space in _spaces():
        for answers in (USUAL, (0.2, FAILED, 0.4, RUNNING)):
            require_resumable(make, space, 5, answers)


def check_another_history_is_another_search(make: MakeSearcher) -> None:
    """Check that a used searcher handles another history like a new searcher."""
    for space in _spaces():
        used = make(space, 3, None)
        search(used, 6)
        again, fresh = search(used, 5), search(make(space, 3, None), 5)
        require(
            keys(space, again) == keys(space, fresh),
            f"after another search it proposed {_params(again)!r} instead of {_params(fresh)!r}",
        )


def check_asking_changes_nothing(make: MakeSearcher) -> None:
    """Check that ``ask`` does not change the history, and repeats its proposal."""
    for space in _spaces():
        searcher, history = make(space, 3, None), History(N_FOLDS)
        for params, answer in zip(
            _params(search(searcher, 3)), (0.5, RUNNING, FAILED), strict=False
        ):
            add_trial(history, params, answer)
        before = repr(vars(history))
        first, second = searcher.ask(history), searcher.ask(history)
        require(repr(vars(history)) == before, f"ask changed the history of {space!r}")
        _require_same(space, second, first, "asked again about the same history, it")


def check_the_order_of_evaluations_does_not_matter(make: MakeSearcher) -> None:
    """Check that a proposal does not depend on which fold of a trial has ended first."""
    for space in _spaces():
        history = search(make(space, 3, None), 5)
        turned = beginning(history, len(history))
        turned.trials = [
            replace(trial, evaluations=dict(reversed(trial.evaluations.items())))
            for trial in turned
        ]
        expected, found = make(space, 3, None).ask(history), make(space, 3, None).ask(turned)
        _require_same(space, found, expected, "when other folds had ended first, it")


def check_no_outcome_stops_the_search(make: MakeSearcher) -> None:
    """Check that pending, failed, equal, huge and infinite scores still lead to proposals."""
    cases = [(UNION, answers) for answers in ENDINGS]
    cases += [(spec, (0.1, 0.2, FAILED, RUNNING)) for spec in SPACES.values()]
    for spec, answers in cases:
        space = Space.parse(spec)
        history = search(make(space, 0, None), 5, answers)
        expected = len(search(make(space, 0, None), 5))
        require(
            len(history) >= expected,
            f"ask returned None after {len(history)} trials that came to {answers!r}, but not "
            f"after those that came to {USUAL!r}",
        )
        require_valid(space, history)


def check_defaults_count_as_proposed(make: MakeSearcher) -> None:
    """Check that a default in the space is not proposed, and one outside is tolerated."""
    space = Space.parse({"C": [1, 2, 3]})
    outside = {"C": object(), "other": [1]}
    for default, expected in (({"C": 2}, [1, 3]), (outside, [1, 2, 3])):
        history = History(N_FOLDS)
        add_trial(history, default, 0.5, "default", eligible=default in space)
        search(make(space, 0, None), 9, history=history)
        found = sorted(trial.params["C"] for trial in history.trials[1:])
        require(
            found == expected,
            f"with the default {default!r} it proposed {found!r} for C instead of {expected!r}",
        )


def check_proposals_are_affordable(make: MakeSearcher) -> None:
    """Check that proposals for a number of seconds are affordable by the searcher's estimate."""
    for space in _spaces():
        searcher = make(space, 2, None)
        history = search(searcher, 5)
        for seconds in (math.inf, 10.0, 0.35, 0.15, 1e-6):
            params = searcher.ask(history, seconds)
            require(
                params is None or searcher.affords(params, history, seconds),
                f"ask returned {params!r} for {seconds} s, in which it is not affordable",
            )
            require(params is None or params in space, f"{params!r} is not in {space!r}")
        for trial in history:
            require(
                searcher.affords(trial.params, history, math.inf),
                f"{trial.params!r} is said to take more than any number of seconds",
            )


def check_origins_are_reported(make: MakeSearcher) -> None:
    """Check that each proposal has an origin, which is not that of the default."""
    for space in _spaces():
        for trial in search(make(space, 0, None), 4):
            require(
                isinstance(trial.origin, str) and trial.origin not in ("", "default"),
                f"the origin of {trial.params!r} is {trial.origin!r}",
            )


_CHECKS = (
    check_attributes,
    check_proposals_lie_in_the_space_and_differ,
    check_a_finite_space_is_exhausted,
    check_the_same_seed_gives_the_same_proposals,
    check_a_search_that_was_cut_goes_on_as_before,
    check_another_history_is_another_search,
    check_asking_changes_nothing,
    check_the_order_of_evaluations_does_not_matter,
    check_no_outcome_stops_the_search,
    check_defaults_count_as_proposed,
    check_proposals_are_affordable,
    check_origins_are_reported,
)
