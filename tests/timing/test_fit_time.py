"""The fit-time model: how the seconds of a fit grow with the rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune._budget import FASTEST
from autotune.timing import FitTime

seconds = st.floats(1e-3, 1e4)
exponents = st.floats(0.8, 2.5)


@st.composite
def models(draw):
    """Draw a model, and the largest number of rows that was measured."""
    rows = draw(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=4, unique_by=round))
    measured = [(n, draw(seconds)) for n in sorted(rows)]
    return FitTime(measured, draw(exponents)), measured[-1]


@given(models(), st.floats(1.0, 1e7), st.floats(1.01, 100.0))
def test_more_rows_never_take_less(drawn, rows, factor):
    """Check that both predictions rise with the rows, whatever was measured."""
    model, _ = drawn
    assert model.cautious(rows) <= model.cautious(factor * rows) * (1 + 1e-9)
    assert model.expected(rows) <= model.expected(factor * rows) * (1 + 1e-9)


@given(models(), st.floats(0.01, 100.0))
def test_the_rows_for_some_seconds_take_them(drawn, factor):
    """Check that the number of rows that is affordable is the inverse of the seconds."""
    model, (reached, _) = drawn
    rows = factor * reached
    assert model.rows(model.cautious(rows)) == pytest.approx(rows, rel=1e-6)


@given(models())
def test_what_was_measured_is_predicted(drawn):
    """Check that both predictions go through the largest fit."""
    model, (reached, took) = drawn
    assert model.cautious(reached) == pytest.approx(took)
    assert model.expected(reached) == pytest.approx(took)


@given(models(), st.floats(1.0, 1000.0))
def test_caution_never_expects_less(drawn, factor):
    """Check which of the two predictions is the larger one beyond what was measured."""
    model, (reached, _) = drawn
    assert model.expected(factor * reached) <= model.cautious(factor * reached) * (1 + 1e-9)


@given(st.floats(1.0, 1e6), seconds, exponents, st.floats(1.0, 100.0))
def test_one_fit_grows_with_a_power(rows, took, exponent, factor):
    """Check that the power is that which is assumed, but at least one to be cautious."""
    model = FitTime([(rows, took)], exponent)
    assert model.expected(factor * rows) == pytest.approx(took * factor**exponent)
    assert model.cautious(factor * rows) == pytest.approx(took * factor ** max(exponent, 1.0))


@given(models(), st.floats(1.0, 1e6), st.floats(1.01, 100.0))
def test_the_power_between_two_numbers_of_rows(drawn, fewer, factor):
    """Check that it leads from the seconds of the one to those of the other, if above 0.8."""
    model, _ = drawn
    power, more = model.exponent_between(fewer, factor * fewer), factor * fewer
    grown = model.cautious(fewer) * factor**power
    assert 0.8 <= power <= 2.5 + 1e-9
    assert grown >= model.cautious(more) * (1 - 1e-9)
    assert power == 0.8 or grown == pytest.approx(model.cautious(more))


@pytest.mark.parametrize(
    ("measured", "rows", "expected", "cautious"),
    [
        ([(10, 1.0), (20, 2.0)], 100, 10.0, 10.0),
        ([(10, 1.0), (20, 4.0)], 40, 16.0, 16.0),
        ([(10, 1.0), (20, 99.0)], 40, 99.0 * 2**2.5, 99.0 * 2**2.5),  # as steep as it gets
        ([(10, 1.0), (40, 2.0)], 160, 6.0**0.4 * 4.0**0.6, 6.0),  # a line, and the square root
        ([(10, 2.0), (40, 2.0)], 160, 2.6**0.4 * 2.0**0.6, 2.6),  # a tenth grows at least
        ([(10, 3.0), (40, 2.0)], 160, 2.6**0.4 * 2.0**0.6, 2.6),  # the first one warmed up
        ([(10, 1.0), (20, 2.0), (40, 4.0)], 400, 40.0, 40.0),  # no bend
        ([(10, 1.0), (20, 4.0), (40, 16.0)], 80, 64.0, 64.0),  # steeper and steeper
        ([(10, 1.0), (40, 2.0), (160, 3.0)], 160, 3.0, 3.0),
    ],
)
def test_predicted_seconds(measured, rows, expected, cautious):
    """Check both predictions of models whose growth can be told by hand."""
    model = FitTime(measured)
    assert model.expected(rows) == pytest.approx(expected)
    assert model.cautious(rows) == pytest.approx(cautious)


def test_seconds_that_rise_less_and_less():
    """Check that logarithmic times are taken for neither straight nor quite as bent."""
    model = FitTime([(rows, math.log(rows)) for rows in (500, 2000, 8000)])
    straight = math.log(8000) + math.log(4) / 6000 * 92_000
    assert math.log(100_000) < model.expected(100_000) < 0.6 * straight
    assert model.cautious(100_000) == pytest.approx(straight)


def test_no_time_at_all():
    """Check that there are no rows for less than what does not depend on them."""
    model = FitTime([(10, 1.0), (20, 1.5)])
    assert model.rows(0.4) == model.rows(0.0) == 0.0
    assert FitTime([(10, 0.0)]).expected(10) == FASTEST
