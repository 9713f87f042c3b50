"""On how many rows a search trains when it has little time."""

from __future__ import annotations

import math

import pytest
from fakes import FakeExecutor, FakeTime, as_outcome
from hypothesis import given
from hypothesis import strategies as st

from autotune.schedule import Plan
from autotune.timing import Clock, Subsample, measure_subsample

N_FOLDS = 5


def trial_fits(n_rows, seconds, score=None, *, budget=10.0, n_classes=2, n_workers=1, status=None):
    """Return what trial fits tell whose seconds are a function of the rows, and the rows."""
    now = FakeTime()

    def answer(job):
        rows = round(job.fidelity * n_rows)
        outcome = as_outcome(job, (score(rows) if score else 1.0) if status is None else status)
        time = seconds(rows)
        if time > job.seconds:
            outcome = as_outcome(job, "timeout")
            time = job.seconds
        outcome.evaluation.fit_time = time
        now.seconds += time
        return outcome

    executor = FakeExecutor(answer, n_workers)
    plan = Plan(N_FOLDS, n_rows, n_classes, n_rows)
    subsample = measure_subsample(executor, {}, 0, Clock(budget, now), plan, "score")
    return subsample, [round(job.fidelity * n_rows) for job in executor.jobs]


def test_few_rows_are_all_used():
    """Check that on small data nothing is tried, however slow the model is."""
    assert trial_fits(2999, lambda rows: 100.0) == (Subsample(), [])


def test_fast_models_use_all_rows():
    """Check that a search that can afford it trains on all rows."""
    subsample, rows = trial_fits(20_000, lambda n: n * 1e-6)
    assert subsample.share == 1.0
    assert rows == [500, 500, 2000, 8000]


def test_time_that_does_not_depend_on_the_rows():
    """Check that a model with a fixed cost gets more rows than its growth by powers allows."""
    n_rows = 300_000
    subsample, _ = trial_fits(n_rows, lambda n: 0.5 + 10.0 * n / n_rows, budget=20.0)
    one = 0.5 + 10.0 * subsample.share
    assert 6.0 / 2 < one <= 8.0 / 2
    whole = one / subsample.share**subsample.exponent
    assert 8.0 < whole <= 10.6


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_slow_models_use_a_share(exponent):
    """Check that the share is what leaves time for two evaluations."""
    n_rows = 300_000
    subsample, rows = trial_fits(n_rows, lambda n: 10.0 * (n / n_rows) ** exponent, budget=20.0)
    assert subsample.exponent == pytest.approx(exponent, abs=0.01)
    one = 10.0 * subsample.share**exponent
    assert 7.0 / 2 < one <= 8.0 / 2
    assert rows[0] == 500


def test_more_workers_afford_more_rows():
    """Check that two evaluations side by side count, and more workers end none sooner."""
    shares = [trial_fits(300_000, lambda n: n * 1e-4, n_workers=n)[0].share for n in (1, 2, 8)]
    assert shares[1] == pytest.approx(2 * shares[0], rel=0.05)
    assert shares[2] == shares[1]
    assert shares[2] * 300_000 * 1e-4 < 0.5 * 10.0


def test_classes_need_rows():
    """Check that there are fifty rows a class at least."""
    subsample, rows = trial_fits(20_000, lambda n: n * 1.0, n_classes=100)
    assert rows == [1250]
    assert subsample.share == 5000 / 20_000


def test_a_trial_fit_that_is_killed_is_the_last():
    """Check that a fit that takes too long is given up, and the fewest rows are used."""
    subsample, rows = trial_fits(20_000, lambda n: 50.0)
    assert rows == [500]
    assert subsample.share == 2000 / 20_000


def test_a_second_trial_fit_that_is_killed_stands_alone():
    """Check that seconds after which a fit was killed do not pass for those that it takes."""
    subsample, rows = trial_fits(20_000, lambda n: 9.0 * (n / 500), budget=100.0)
    assert rows == [500, 2000]
    assert subsample.share * 20_000 < 10_000


def test_a_model_that_fails_is_left_to_the_search():
    """Check that a failing default does not change what the search does."""
    assert trial_fits(20_000, lambda n: 1.0, status="failed")[0] == Subsample()


@pytest.mark.parametrize(
    ("score", "slope"),
    [
        (lambda n: 0.1 * math.log(n), 0.1),
        (lambda n: -0.1 * math.log(n), 0.0),
        (lambda n: math.nan, 0.0),
    ],
)
def test_what_the_default_gains_with_all_rows(score, slope):
    """Check the extrapolation from the rows of the search, and that a fall does not count."""
    subsample, rows = trial_fits(20_000, lambda n: n * 3e-4, score)
    assert rows == [500, 500, 2000]
    assert 2000 / 20_000 < subsample.share < 0.5
    assert subsample.rise == pytest.approx(slope * math.log(1 / subsample.share))


def test_one_trial_fit_tells_no_gain():
    """Check that nothing is said of the gain where the second trial fit was killed."""
    assert trial_fits(20_000, lambda n: 9.0 * (n / 500), budget=100.0)[0].rise == 0.0


@given(
    n_rows=st.integers(1, 10**6),
    n_classes=st.integers(0, 500),
    factor=st.floats(1e-9, 1.0),
    exponent=st.floats(0.0, 3.0),
    budget=st.floats(0.5, 1e4),
)
def test_trial_fits_are_cheap(n_rows, n_classes, factor, exponent, budget):
    """Check that trial fits cost little of the budget, and the share makes sense."""
    spent = []

    def seconds(rows):
        spent.append(min(factor * rows**exponent, 0.1 * budget))
        return factor * rows**exponent

    subsample, _ = trial_fits(n_rows, seconds, budget=budget, n_classes=n_classes)
    assert 0 < subsample.share <= 1
    assert subsample.share * n_rows >= min(n_rows, 2000) - 1e-6
    assert 0.8 <= subsample.exponent <= 2.5 + 1e-9
    assert sum(spent) <= 0.2 * budget
