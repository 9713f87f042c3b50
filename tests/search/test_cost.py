"""What searchers make of the time that evaluations took, and starting points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes import add_trial
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune.history import COMPLETE, CRASHED, FAILED, FULL, TIMEOUT, Evaluation, History
from autotune.search import GPSearcher, PortfolioSearcher, RandomSearcher
from autotune.search._cost import Costs, seconds_of
from autotune.search._design import design_point
from autotune.search._embedding import Embedding
from autotune.space import Space

LINE = Space.parse({"n": (1, 1000, "log-uniform")})
N_FOLDS = 2


def history_of(space, seconds, score=lambda params: 0.5, n=8):
    """Return a history of ``n`` points of a grid whose evaluations took what a function says."""
    history = History(N_FOLDS, "score")
    for params in space.grid(n):
        add_trial(history, params, [score(params)] * N_FOLDS)
        for evaluation in history[-1].evaluations.values():
            evaluation.fit_time = seconds(params)
    return history


def timed(units, seconds, space=LINE):
    return Costs(Embedding(space)).fit(np.asarray(units), np.asarray(seconds))


def test_costs_follow_what_was_measured():
    """Check that times that grow with a parameter are predicted between the measurements."""
    units = np.linspace(0, 1, 9)[:, None]
    costs = timed(units, 0.01 * 1000 ** units[:, 0])
    between = units[:-1] + 1 / 16
    expected = np.log(0.01 * 1000 ** between[:, 0])
    np.testing.assert_allclose(costs.predict(between)[0], expected, atol=0.1)
    assert costs.fits(np.array([[0.1], [0.9]]), 0.3).tolist() == [True, False]


def test_unknown_costs_fit_everywhere():
    """Check that without any time nothing is excluded, and the unknown is ignored."""
    assert timed([[0.5]], [np.nan]).fits(np.array([[0.1], [0.9]]), 1e-9).all()
    some = timed([[0.1], [0.5]], [1.0, np.nan]).predict(np.array([[0.5]]))
    np.testing.assert_array_equal(some, timed([[0.1]], [1.0]).predict(np.array([[0.5]])))


def test_what_is_far_from_everything_gets_the_benefit_of_the_doubt():
    """Check that one slow trial does not exclude the rest of the space."""
    costs = timed([[1.0]], [10.0])
    assert costs.fits(np.array([[0.0]]), 6.0).all()
    assert not costs.fits(np.array([[1.0]]), 6.0).any()


@pytest.mark.parametrize(
    ("statuses", "times", "expected"),
    [
        ([COMPLETE, COMPLETE], [1.0, 3.0], 2.0),
        ([COMPLETE, TIMEOUT], [1.0, 3.0], 3.5),  # a killed one counts double
        ([TIMEOUT], [3.0], 6.0),
        ([FAILED, CRASHED], [0.1, 0.2], math.nan),
        ([], [], math.nan),
    ],
)
def test_seconds_of_a_trial(statuses, times, expected):
    """Check what is known about the time of a trial, by how its evaluations ended."""
    history = History(N_FOLDS, "score")
    trial = history.add({"n": 1}, "random")
    for fold, (status, time) in enumerate(zip(statuses, times, strict=True)):
        history.record(Evaluation(0, fold, status=status, fit_time=time))
    history.record(Evaluation(0, 0, fidelity=0.1, fit_time=100.0))
    np.testing.assert_equal(seconds_of(trial, FULL), expected)


def test_nothing_is_proposed_that_cannot_end():
    """Check that proposals take no longer than they may, though longer ones look better."""
    history = history_of(LINE, lambda p: p["n"] / 100, score=lambda p: math.log(p["n"]))
    searcher = GPSearcher(LINE, 0, n_initial=3)
    assert searcher.ask(history)["n"] > 500
    assert searcher.ask(history, 1.0)["n"] < 150
    assert searcher.affords({"n": 50}, history, 1.0)
    assert not searcher.affords({"n": 900}, history, 1.0)
    assert searcher.ask(history, 1e-4) is None


def test_the_first_proposals_end_in_time_too():
    """Check that the points of the design that would take too long are passed over."""
    history = history_of(LINE, lambda p: p["n"] / 100)
    for seed in range(5):
        searcher = GPSearcher(LINE, seed, n_initial=20)
        assert searcher.ask(history, 1.0)["n"] < 150


def test_gain_per_second():
    """Check that of two equal gains the cheap one is proposed where seconds count."""
    plane = Space.parse({"x": (0.0, 1.0), "n": (1, 1000, "log-uniform")})
    history = history_of(plane, lambda p: p["n"] / 100, lambda p: -((p["x"] - 0.6) ** 2), n=5)
    proposals = [
        GPSearcher(plane, seed, n_initial=3, cost_exponent=1.0).ask(history) for seed in range(8)
    ]
    careless = [GPSearcher(plane, seed, n_initial=3).ask(history) for seed in range(8)]
    assert np.median([p["n"] for p in proposals]) < np.median([p["n"] for p in careless]) / 4


@given(seconds=st.floats(1e-6, 1e6), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_time_does_not_matter_without_a_limit(seconds, seed):
    """Check that without a cost exponent or limit it is the same what is proposed."""
    proposals = []
    for factor in (seconds, 1.0):
        history = history_of(LINE, lambda p, factor=factor: factor * p["n"])
        proposals.append(GPSearcher(LINE, seed, n_initial=3).ask(history))
    assert proposals[0] == proposals[1]


def test_the_portfolio_comes_first_and_once():
    """Check order, origins, and that tried or unaffordable points are passed over."""
    points = [{"n": 10}, {"n": 900}, {"n": 20}]
    searcher = PortfolioSearcher(points, GPSearcher(LINE, 0, n_initial=3))
    history = history_of(LINE, lambda p: p["n"] / 100)
    assert searcher.ask(history) == {"n": 10}
    assert searcher.origin({"n": 10}) == "portfolio"
    add_trial(history, {"n": 10}, [0.5, 0.5])
    assert searcher.ask(history) == {"n": 900}
    assert searcher.ask(history, 1.0) == {"n": 20}
    for point in points[1:]:
        add_trial(history, point, [0.5, 0.5])
    proposal = searcher.ask(history)
    assert proposal not in points
    assert searcher.origin(proposal) == "bayes"
    assert proposal == GPSearcher(LINE, 0, n_initial=3).ask(history)


def test_starting_points_take_the_place_of_the_design():
    """Check that the model proposes after three trials, unless the user says after how many."""
    points = [{"n": 10}, {"n": 900}]
    history = History(2)
    for number, params in enumerate([{"n": 100}, *points]):
        add_trial(history, params, [0.5, 0.5 + number], "portfolio" if number else "default")
    design = design_point(LINE, 0, 0)
    assert GPSearcher(LINE, 0).ask(history) != design
    assert GPSearcher(LINE, 0, n_initial=4).ask(history) == design


def test_a_proposal_does_not_share_the_portfolio_s_dict():
    """Check that changing a proposal leaves the portfolio as it is."""
    searcher = PortfolioSearcher([{"n": 10}], RandomSearcher(LINE, 0))
    searcher.ask(History(N_FOLDS, "score"))["n"] = 1
    assert searcher.ask(History(N_FOLDS, "score")) == {"n": 10}
