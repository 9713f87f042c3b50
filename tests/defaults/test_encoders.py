"""Tests of the transformers of raw columns."""

from __future__ import annotations

import datetime as dt
import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from autotune.defaults import (
    ColumnNamer,
    DateEncoder,
    LabelReader,
    NumberReader,
    NumberScaler,
    TermReducer,
    TextEncoder,
)


def frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


ALL = [NumberReader(), NumberScaler(), DateEncoder(), TextEncoder(), TermReducer()]


@pytest.mark.parametrize("encoder", ALL)
def test_checks(encoder):
    """Check that scikit-learn's checks of transformers pass."""
    results = check_estimator(encoder, on_skip=None, on_fail=None)
    assert not [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"]
    assert sum(r["status"] == "passed" for r in results) > 30


ENCODERS = {
    "numbers": (NumberReader(), [["1"], ["?"], ["$2"]]),
    "scaled": (NumberScaler(), [[1], [None], [3]]),
    "dates": (DateEncoder(), [["2024-01-01"], [None], [dt.date(2025, 2, 3)]]),
    "labels": (LabelReader(), [["a"], [None], [b"b"]]),
    "texts": (TextEncoder(), [["red wine"], [None], ["white wine"]]),
}


@pytest.mark.parametrize(("encoder", "values"), ENCODERS.values(), ids=ENCODERS)
def test_any_container(encoder, values):
    """Check that lists, arrays and frames give the same, and one name for each column."""
    pd = pytest.importorskip("pandas")
    array = np.array(values, dtype=object)
    expected = clone(encoder).fit_transform(values)
    for X in (array, pd.DataFrame(array, columns=["c"])):
        fitted = clone(encoder).fit(X)
        np.testing.assert_equal(fitted.transform(X).tolist(), expected.tolist())
        names = fitted.get_feature_names_out()
        assert len(names) == len(set(names)) == expected.shape[1]
    assert all(name.startswith("c") for name in names)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_equal(again.transform(X).tolist(), expected.tolist())


@pytest.mark.parametrize(("encoder", "values"), ENCODERS.values(), ids=ENCODERS)
def test_nothing_to_learn_from(encoder, values):
    """Check that a column without any value in fit is read, whatever comes later."""
    encoder = clone(encoder).fit([[None], [None]])
    assert len(encoder.transform(values)) == 3


@pytest.mark.parametrize("encoder", [NumberReader(), DateEncoder()])
def test_empty_columns_become_zeros(encoder):
    """Check that a column without any value in fit is constant, as the model needs it."""
    assert encoder.fit([["?"], [None]]).transform([["7"], [None]]).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(("encoder", "values"), ENCODERS.values(), ids=ENCODERS)
def test_lists_in_new_rows(encoder, values):
    """Check that lists among the values of new rows are refused."""
    X = np.empty((2, 1), dtype=object)
    X[0, 0] = X[1, 0] = [1, 2]
    encoder = clone(encoder).fit(values)
    with pytest.raises(TypeError, match="a column of X holds values of type list, but each value"):
        encoder.transform(X)


def test_decimal_point_is_that_of_fit():
    """Check that new rows are read with the decimal mark that the column had in fit."""
    assert NumberReader().fit([["1,5"], ["0,25"]]).transform([["1,234"]]) == 1.234
    assert NumberReader().fit([["1.5"], ["0.25"]]).transform([["1,234"]]) == 1234


def test_infinite_numbers_are_the_largest():
    """Check that infinite numbers, which the model cannot tell from others, become finite."""
    read = NumberReader().fit_transform([["inf"], [-np.inf], [10**400], [1]]).ravel()
    assert np.isfinite(read).all()
    assert read[0] == read[2] == -read[1] > 1e38


def test_scaled_numbers():
    """Check the quartiles, outliers and infinite numbers, rare values and missing ones."""
    X = np.column_stack(
        [[0.0, 2, 4, 6, 8], [1, 2, 3, 4, np.inf], [0, 0, 0, 0, 5], [7] * 5, [1, 2, 3, np.nan, 4]]
    )
    scaler = NumberScaler().fit(X)
    Z = scaler.transform(X)
    squeezed = np.array([-1, -0.5, 0, 0.5, 1])
    squeezed /= np.sqrt(1 + (squeezed / 3) ** 2)
    np.testing.assert_allclose(Z[:, 0], squeezed)
    np.testing.assert_allclose(Z[:, 1], [*squeezed[:4], 3.0], rtol=1e-6)
    assert 1 < Z[4, 2] < 3
    assert not Z[:, 3].any()
    assert (Z[3, 4:] == [0, 1]).all()
    assert np.isfinite(scaler.transform(np.full((1, 5), -np.inf))).all()


def test_days_between_dates():
    """Check that the days from each date to each other one follow the parts."""
    X = [["2024-01-01", None, "2024-01-11"], ["2024-01-02", None, "2024-01-31 12:00"]]
    encoder = DateEncoder().fit(X)
    encoded = encoder.transform([*X, [None, "2024-01-01", "2024-01-11"]])
    assert encoder.get_feature_names_out()[-1] == "x0_to_x2_days"
    np.testing.assert_allclose(encoded[:, -1], [10, 29.5, np.nan])


def test_emoji_are_words():
    """Check that emoji are terms, also where they touch a word."""
    names = TextEncoder().fit([["red wine😀"], ["red 🎉 wine"]] * 2).get_feature_names_out()
    assert names.tolist() == ["x0_words", "x0_red", "x0_wine", "x0_🎉", "x0_😀"]


def test_durations_are_seconds():
    """Check durations in every form."""
    pd = pytest.importorskip("pandas")
    values = [dt.timedelta(minutes=1), np.timedelta64(2, "m"), dt.time(0, 3), "0:04", None]
    expected = [60, 120, 180, 240, np.nan]
    array = np.array(values, dtype=object).reshape(-1, 1)
    np.testing.assert_array_equal(NumberReader().fit_transform(array).ravel(), expected)
    column = pd.to_timedelta([60, None], "s")
    np.testing.assert_array_equal(NumberReader().fit_transform(frame(c=column)), [[60], [np.nan]])
    days = np.array([[1], ["NaT"]], dtype="m8[D]")
    np.testing.assert_array_equal(NumberReader().fit_transform(days), [[86400], [np.nan]])


def test_parts_of_dates():
    """Check every part, days before the first date and missing dates."""
    encoder = DateEncoder().fit([["2024-02-29 12:30:15"], ["2025-03-01"]])
    assert encoder.get_feature_names_out(["d"]).tolist() == [
        *("d_year", "d_month", "d_day", "d_weekday", "d_hour", "d_minute", "d_second", "d_days")
    ]
    encoded = encoder.transform([["2024-02-28 12:30:15"], [None]])
    assert encoded[0].tolist() == [2024, 2, 28, 2, 12, 30, 15, -1]
    assert np.isnan(encoded[1]).all()


def test_only_parts_that_vary():
    """Check that parts that are the same in all rows are left out."""
    encoder = DateEncoder().fit([["2024-01-01"], ["2024-01-08"]])
    assert encoder.get_feature_names_out().tolist() == ["x0_day", "x0_days"]


def test_dates_keep_their_zone():
    """Check that new dates of another zone are read by the clock of the zone in fit."""
    pd = pytest.importorskip("pandas")
    dates = pd.Series(pd.date_range("2024", periods=3, freq="7h", tz="Asia/Tokyo"))
    encoder = DateEncoder().fit(frame(c=dates))
    expected = encoder.transform(frame(c=dates))
    np.testing.assert_array_equal(encoder.transform(frame(c=dates.dt.tz_convert("UTC"))), expected)


def test_forms_of_dates_agree():
    """Check that dates of every type give the same numbers."""
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    days = [dt.datetime(2024, 1, 31), dt.datetime(2024, 2, 29), dt.datetime(2025, 2, 1)]
    expected = DateEncoder().fit_transform(frame(c=days))
    forms = [
        frame(c=pd.Series(days).astype("datetime64[s]")),
        frame(c=pd.Series(days).dt.tz_localize("Europe/Berlin")),
        frame(c=pd.Series(days).astype("timestamp[us][pyarrow]")),
        frame(c=pd.Series([day.date() for day in days]).astype("date32[pyarrow]")),
        frame(c=pd.Series(days).dt.to_period("D")),
        frame(c=pd.Series(days).dt.to_period("D").astype(object)),
        frame(c=pd.Series(days).dt.strftime("%d.%m.%Y")),
        pl.DataFrame({"c": days}),
        pl.DataFrame({"c": [day.date() for day in days]}),
        pl.DataFrame({"c": days}).with_columns(pl.col("c").dt.replace_time_zone("Asia/Tokyo")),
        np.array(days, dtype="M8[D]").reshape(-1, 1),
    ]
    for X in forms:
        np.testing.assert_array_equal(DateEncoder().fit_transform(X), expected)


def test_labels_are_uniform():
    """Check that labels are all text or all numbers, and stay so for new rows."""
    assert LabelReader().fit_transform([["a"], [1], [1.0], [b"b"]]).ravel().tolist() == [
        *("a", "1", "1", "b")
    ]
    numbers = LabelReader().fit([[1], [2]])
    assert numbers.transform([["2"], [2.0], [True]]).ravel().tolist() == [2.0, 2.0, 1.0]
    assert LabelReader().fit([["1"], ["b"]]).transform([[1], [2.5]]).ravel().tolist() == [
        "1",
        "2.5",
    ]


VOCABULARY = [f"{a}{b}a" for a in "bcdfghjklm" for b in "aeiouywxvz"]


def texts(n_rows=300, n_words=8, seed=0):
    """Return texts of random words, one word in each row a rare one."""
    rng = np.random.RandomState(seed)
    return np.array([[" ".join(rng.choice(VOCABULARY, n_words))] for _ in range(n_rows)], object)


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [0.0, 1e9]])
def test_terms_that_go_with_the_target(labels):
    """Check that the word that decides is kept, for targets of any type."""
    X = texts()
    y = np.array(labels)[[int("koa" in text.split()) for (text,) in X]]
    encoder = TextEncoder(n_terms=3, n_components=2).fit(X, y)
    names = encoder.get_feature_names_out().tolist()
    assert "x0_koa" in names
    assert len(names) == 1 + 3 + 2
    assert TextEncoder().fit_transform(X, y).shape == (len(X), 1 + 50 + 30)


def test_targets_of_several_kinds():
    """Check amounts, several outputs, and no target at all."""
    X = texts()
    hit = np.array([float("koa" in text.split()) for (text,) in X])
    amounts = hit * 1000 + np.arange(len(X))
    for y in (amounts, np.column_stack([np.arange(len(X)), amounts])):
        names = TextEncoder(n_terms=3).fit(X, y).get_feature_names_out()
        assert "x0_koa" in names
    assert len(TextEncoder(n_terms=3).fit(X).get_feature_names_out()) == 1 + 3 + 30


def test_texts_without_words_or_spaces():
    """Check that characters are used where there are no spaces, and that none may be left."""
    names = TextEncoder().fit([["今天很好"], ["明天很好"]]).get_feature_names_out()
    assert "x0_很好" in names
    assert TextEncoder().fit_transform([["?!"], [None]]).shape[0] == 2
    alike = np.array([[" ".join(VOCABULARY)]] * 4, dtype=object)
    assert np.isfinite(TextEncoder().fit_transform(alike)).all()


def test_words_are_counted():
    """Check the number of words, missing where there is no text."""
    encoded = TextEncoder().fit_transform([["red wine"], [None], ["wine"]])
    np.testing.assert_array_equal(encoded[:, 0], [2, np.nan, 1])


def test_terms_come_from_fit_alone():
    """Check that terms that only new rows have change nothing."""
    encoder = TextEncoder().fit([["red wine"], ["red wine"]])
    new = encoder.transform([["red beer"], ["red cider"]])
    np.testing.assert_array_equal(new[0], new[1])


def test_reduction_of_a_matrix():
    """Check the columns that are kept and the reduced ones, with fewer rows than asked for."""
    X = sparse.random_array((6, 500), density=0.2, rng=np.random.RandomState(0), format="csr")
    reducer = TermReducer(n_terms=4, n_components=30)
    reduced = reducer.fit_transform(X, np.arange(6))
    assert reduced.shape == (6, 4 + 6)
    np.testing.assert_array_equal(reduced[:, :4], X.toarray()[:, reducer.kept_])
    np.testing.assert_allclose(reduced[:, 4:], reducer.svd_.transform(X))
    few = X[:, :20]
    np.testing.assert_array_equal(
        TermReducer().fit(few).transform(few),
        few.toarray()[:, few.count_nonzero(axis=0) > 1],
    )


def test_namer():
    """Check that names become different texts, and that the columns must stay as they were."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", 7, "a_2"])
    namer = ColumnNamer().fit(X)
    assert list(namer.transform(X).columns) == ["a", "a_2", "7", "a_2_2"]
    assert list(X.columns) == ["a", "a", 7, "a_2"]
    with pytest.raises(ValueError, match="X must have the columns that it had in fit, in the same"):
        namer.transform(X[[7]])
    assert namer.transform(X.to_numpy()).shape == (1, 4)
