"""Tests of what columns are taken for, and of how their values are read."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pytest

from autotune.defaults import Column, read_columns
from autotune.defaults._parsing import (
    is_day_first,
    number_format,
    parse_clock,
    parse_number,
    parse_time,
)
from autotune.defaults._values import as_numbers, as_times

N = 60
UNIQUE = "left out as an identifier: no two rows have the same value"
EMPTY = "left out: no values"


def objects(*values):
    """Return a column of N objects, the values over and over."""
    column = np.empty(N, dtype=object)
    for i in range(N):
        column[i] = values[i % len(values)]
    return column


def frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def read(values, name="c", **options):
    """Return the kind and the note of a column of pandas."""
    (column,) = read_columns(frame(**{name: values}), **options)
    return column.kind, column.note


def sentences(n_words):
    """Return N texts, nearly all different, of a few words each."""
    rng = np.random.RandomState(0)
    words = ["red", "green", "blue", "cat", "dog", "house", "tree", "sun", "moon"]
    return [" ".join(rng.choice(words, n_words)) for _ in range(N)]


def times(**options):
    return pytest.importorskip("pandas").date_range("2024-01-31", periods=N, **options)


KINDS = {
    "numbers": (lambda: np.arange(N) / 7, "number"),
    "numbers and None": (lambda: objects(1, None, 2.5, True), "number"),
    "decimals": (lambda: objects(Decimal("1.5"), Decimal("sNaN"), 10**400), "number"),
    "text of numbers": (lambda: objects("1", "2.5", "-3"), "number"),
    "money": (lambda: objects("$1,234.50", "$950", "-$3.20"), "number"),
    "shares": (lambda: objects("45.3%", "7 %"), "number"),
    "losses": (lambda: objects("(3.2)", "4"), "number"),
    "decimal comma": (lambda: objects("1 234,5", "0,25", "7"), "number"),
    "units": (lambda: [f"{i / 7:.1f} km/h" for i in range(N)], "number"),
    "thousands": (lambda: objects("1.5k", "2M", "300"), "number"),
    "one mark": (lambda: ["#REF!" if i % 3 == 0 else str(i / 7) for i in range(N)], "number"),
    "bytes of numbers": (lambda: objects(b"1", b"2"), "number"),
    "dates": (times, "date"),
    "dates of a zone": (lambda: times(tz="Asia/Tokyo"), "date"),
    "periods": (lambda: times().to_period("M"), "date"),
    "dates of Python": (lambda: objects(dt.date(2024, 1, 1), dt.datetime(2024, 2, 1)), "date"),
    "times of numpy": (lambda: objects(np.datetime64("2024-01-01", "D"), None), "date"),
    "text of dates": (lambda: times().strftime("%Y-%m-%d"), "date"),
    "day first": (lambda: times().strftime("%d/%m/%Y %H:%M"), "date"),
    "short years": (lambda: times().strftime("%m/%d/%y"), "date"),
    "dates as numbers": (lambda: times().strftime("%Y%m%d").astype(int), "date"),
    "dates as digits": (lambda: times().strftime("%Y%m%d"), "date"),
    "dates of mail": (lambda: times().strftime("%a, %d %b %Y %H:%M:%S GMT"), "date"),
    "names of months": (lambda: times().strftime("%b %d, %Y"), "date"),
    "durations": (lambda: times() - times()[0], "duration"),
    "durations of Python": (lambda: objects(dt.timedelta(1), None), "duration"),
    "times of day": (lambda: objects(dt.time(1, 2), dt.time(3)), "duration"),
    "text of times of day": (lambda: objects("13:45", "1:30:05"), "duration"),
    "text of days and times": (lambda: [f"{i} days 01:30:00" for i in range(N)], "duration"),
    "words": (lambda: objects("red", "green", None), "category"),
    "text and numbers": (lambda: objects("a", 1, 2.5, None), "category"),
    "few sentences": (lambda: objects("a cat and a dog", "a dog and a cat"), "category"),
    "codes with zeros": (lambda: objects("00501", "10001", "02134"), "category"),
    "numbered items": (lambda: objects(*(f"item no {i}" for i in range(N // 2))), "category"),
    "kinds of nothing": (lambda: objects("none", "unknown"), "category"),
    "nothing, or missing": (lambda: objects("none", None), "category"),
    "open ends": (lambda: objects("0", "1", "2", "3+"), "category"),
    "objects with a text": (lambda: objects(uuid.UUID(int=1), uuid.UUID(int=2)), "category"),
    "sentences": (lambda: sentences(6), "text"),
    "words with digits": (lambda: [f"w{i} w{i + 1} w{i % 7} w3" for i in range(N)], "text"),
    "long words": (lambda: [f"{'ab' * 20}{chr(97 + i % 26)}{'c' * i}" for i in range(N)], "text"),
    "no spaces": (lambda: [f"我今天去市场{chr(0x4E00 + i)}很好吃" for i in range(N)], "text"),
    "mail": (lambda: [f"{i}@{'abc'[i % 3]}.com" for i in range(N)], "text"),
    "codes of groups": (lambda: [f"{'XY'[i % 2]}{i:05}" for i in range(N)], "text"),
    "lists of tags": (lambda: [f"{i % 5};{'pool;' * (i % 2)}{i % 9}" for i in range(N)], "text"),
    "unique codes": (lambda: [f"C-{i:04}" for i in range(N)], "identifier"),
    "unique hashes": (lambda: [str(uuid.UUID(int=i**9)) for i in range(N)], "identifier"),
    "numbered customers": (lambda: [f"customer no {i}" for i in range(N)], "identifier"),
    "no values": (lambda: np.full(N, np.nan), "empty"),
    "None": (lambda: objects(None), "empty"),
    "no date": (lambda: objects(np.datetime64("NaT", "D")), "empty"),
    "marks": (lambda: objects("?"), "empty"),
    "blanks": (lambda: objects("", "  "), "empty"),
}


@pytest.mark.parametrize(("make", "kind"), KINDS.values(), ids=KINDS)
def test_kinds(make, kind):
    """Check what columns of pandas are taken for."""
    note = {"identifier": UNIQUE, "empty": EMPTY}.get(kind, "")
    found, noted = read(make())
    assert (found, noted[: len(note)]) == (kind, note)


@pytest.mark.parametrize("make", [make for make, _ in KINDS.values()], ids=KINDS)
def test_arrays_are_read_as_frames_are(make):
    """Check that a column of an array of objects is taken for the same thing."""
    values = frame(c=make())["c"]
    array = values.astype(object).to_numpy().reshape(-1, 1)
    assert read_columns(array)[0].kind == read(values)[0]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["1.5", "2", "?"], "read as numbers, with missing values '?'"),
        (["1.5", "2", " N/A "], "read as numbers, with missing values ' N/A '"),
        (
            ["1", "?", "-", "null", "NONE"],
            "read as numbers, with missing values '?', '-', 'null', ...",
        ),
        (["1", "2", "", " "], ""),
        (["1"] * 29 + ["ill"], "read as numbers, with missing values 'ill'"),
        (["2024-01-01", "2024-02-01", "?"], "read as dates, with missing values '?'"),
        (["1:30", "12:45", "nan"], "read as durations, with missing values 'nan'"),
    ],
)
def test_marks_of_missing_values(values, note):
    """Check that a note names the texts that count as missing, but for blanks."""
    kind, noted = read(objects(*values))
    assert kind in ("number", "date", "duration")
    assert noted == note


WHOLE = np.arange(N)


@pytest.mark.parametrize(
    ("name", "values", "classifier", "kind"),
    [
        ("id", WHOLE[::-1] * 3, True, "identifier"),
        ("customer_no", WHOLE[::-1] * 3, True, "identifier"),
        ("Invoice Number", WHOLE[::-1] * 3, False, "identifier"),
        ("rooms_no", WHOLE[::-1] * 3, True, "number"),
        ("PassengerId", WHOLE[::-1] * 3, False, "identifier"),
        ("user_id", [str(i * 7 + 10) for i in WHOLE], True, "identifier"),
        ("user_id", WHOLE // 2, True, "number"),
        ("user_id", WHOLE / 7, True, "number"),
        ("paid", WHOLE[::-1] * 3, True, "number"),
        ("rides", WHOLE + 1, True, "identifier"),
        ("rides", WHOLE + 1, False, "number"),
        ("rides", WHOLE[::-1], True, "number"),
        ("rides", WHOLE + 5, True, "number"),
        ("day", WHOLE, True, "number"),
        ("time_step", WHOLE, True, "number"),
    ],
)
def test_whole_numbers_as_identifiers(name, values, classifier, kind):
    """Check that only names and, for classes, counted rows make whole numbers identifiers."""
    X = frame(**{name: values, "x": WHOLE / 7})
    assert read_columns(X, classifier=classifier)[0].kind == kind
    assert read_columns(X[:10], classifier=classifier)[0].kind == "number"
    # What would be the only column is kept.
    assert read_columns(X[[name]], classifier=classifier)[0].kind == "number"


COMPLEX = (
    "Complex data not supported: column 'c' holds complex numbers; replace it by two columns of "
    "real numbers, or leave it out"
)
HOLDS = (
    "column 'c' holds values of type {}, but each value of this argument must be a single "
    "string, number, date or duration; replace the column by such columns, or leave it out"
)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.full(N, 1j), ValueError, COMPLEX),
        (objects("a", 1j), ValueError, COMPLEX),
        (objects([1, 2], None), TypeError, HOLDS.format("list")),
        (objects("a", {"b": 1}), TypeError, HOLDS.format("dict")),
        (objects((1, 2)), TypeError, HOLDS.format("tuple")),
        (objects(np.zeros(3)), TypeError, HOLDS.format("ndarray")),
        (objects(object()), TypeError, HOLDS.format("object")),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_columns_that_cannot_be_read(values, error, message):
    """Check that one sentence names the column, what it holds and what to do."""
    with pytest.raises(error) as caught:
        read_columns(frame(x=WHOLE, c=values))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[1.5], [None]], "number"),
        ([["?"], ["7"]], "number"),
        ([["red"], ["green"], ["red"]], "category"),
        ([[dt.date(2024, 1, 1)], [None]], "date"),
        ([[dt.timedelta(1)], [None]], "duration"),
        ([[dt.time(1)], [None]], "duration"),
        ([[Decimal("1.5")], [None]], "number"),
        ([[b"red"], [b"red"]], "category"),
        ([[None], [None]], "empty"),
    ],
)
def test_polars(values, kind):
    """Check what columns of polars are taken for."""
    pl = pytest.importorskip("polars")
    (column,) = read_columns(pl.DataFrame(values * 20, schema=["c"], orient="row"))
    assert (column.name, column.kind) == ("c", kind)


def test_categories_that_cannot_be_read():
    """Check that categories are told apart by their types before anything is fitted."""
    pd = pytest.importorskip("pandas")
    X = frame(x=WHOLE, c=pd.Categorical(objects(("a", 1), ("b", 2))))
    with pytest.raises(TypeError) as caught:
        read_columns(X)
    assert str(caught.value) == HOLDS.format("tuple")


def test_polars_holds_lists():
    """Check that lists in a frame of polars are refused by the column's name."""
    pl = pytest.importorskip("polars")
    with pytest.raises(TypeError, match="column 'c' holds values of type list"):
        read_columns(pl.DataFrame({"c": [[1], [2]]}))


def test_names_may_be_anything():
    """Check that columns are told by their places, whatever their names."""
    X = frame(a=WHOLE / 7, b=objects("u", "v"), c=times())
    X.columns = ["a", "a", 3]
    assert [(column.name, column.kind) for column in read_columns(X)] == [
        ("a", "number"),
        ("a", "category"),
        (3, "date"),
    ]


def test_use():
    """Check that identifiers and columns without values are those that are not used."""
    kinds = ["number", "duration", "date", "category", "text", "identifier", "empty"]
    assert [Column("c", kind).is_used for kind in kinds] == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        (" -1.5e3 ", -1500),
        ("+.5", 0.5),
        ("5.", 5),
        ("\u22127", -7),
        ("1,234,567.8", 1234567.8),
        ("1'234", 1234),
        ("12 345", 12345),
        ("$1,234.50", 1234.5),
        ("-$3.20", -3.2),
        ("$-3.20", -3.2),
        ("(3.2)", -3.2),
        ("(€1,200)", -1200),
        ("9 EUR", 9),
        ("50%", 0.5),
        ("$1.5k", 1500),
        ("2M", 2e6),
        ("-inf", -np.inf),
        ("Infinity", np.inf),
    ],
)
def test_numbers_in_text(text, number):
    """Check numbers with signs, groups, currencies, shares and parentheses."""
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "a", "12a", "1,23", "1.2.3", "(3", "1-2", "$", "--1", "0,250"]
)
def test_no_numbers_in_text(text):
    """Check that what only begins like a number is none."""
    assert np.isnan(parse_number(text))


@pytest.mark.parametrize(
    ("texts", "point", "numbers"),
    [
        (["1 234,5", "1.234", "7"], ",", [1234.5, 1234, 7]),
        (["1,234", "5,678"], ".", [1234, 5678]),
        (["1,234", "0.5"], ".", [1234, 0.5]),
        (["0,123", "0,456"], ",", [0.123, 0.456]),
        (["1.234,5 €", "2,5 €"], ",", [1234.5, 2.5]),
    ],
)
def test_decimal_point(texts, point, numbers):
    """Check that the column tells whether a comma stands before decimals or thousands."""
    assert number_format(texts) == (point, "")
    assert as_numbers(np.array(texts, dtype=object), point).tolist() == numbers


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["12 kg", "7.5kg ", "?"], "kg"),
        (["20 °C"], "°C"),
        (["1 m", "2 km"], ""),
        (["2k", "3k"], ""),
        (["$1", "$2"], ""),
    ],
)
def test_units(texts, unit):
    """Check that what follows all numbers of a column is their unit, but for thousands."""
    assert number_format(texts) == (".", unit)
    numbers = as_numbers(np.array(texts, dtype=object), ".", unit)
    assert not np.isnan(numbers[: 2 if unit else 0]).any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31", "2024-01-31"),
        ("20240131", "2024-01-31"),
        ("1/2/24 10:30", "2024-01-02T10:30"),
        ("12/31/69", "1969-12-31"),
        ("01.31.24", "2024-01-31"),
        ("Sat, 5 Jan 2024 10:00:00 GMT", "2024-01-05T10:00"),
        ("Saturday, January 5, 2024", "2024-01-05"),
        ("1.2.24", "NaT"),
        ("20241301", "NaT"),
        ("17760704", "NaT"),
        ("2024/1/3 5:06 PM", "2024-01-03T17:06"),
        ("2024-03", "2024-03-01"),
        ("2024-01-01T12:30:15.25Z", "2024-01-01T12:30:15.250"),
        ("2024-01-01 12:30 +02:00", "2024-01-01T12:30"),
        ("1/2/2024", "2024-01-02"),
        ("Jan 5, 2024", "2024-01-05"),
        ("5 January 2024", "2024-01-05"),
        ("05-Dec-2024 10:00", "2024-12-05T10:00"),
        ("2024-02-30", "NaT"),
        ("1999-00", "NaT"),
        ("Foo 5, 2024", "NaT"),
        ("2024-01-01 25:00", "NaT"),
        ("2024-01-01 10:61", "NaT"),
        ("12-3", "NaT"),
    ],
)
def test_dates_in_text(text, expected):
    """Check dates in their usual forms, and that there must be such a day."""
    np.testing.assert_equal(parse_time(text), np.datetime64(expected, "us"))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1/2/2024", "31/1/2024"], True),
        (["1/2/2024", "1/31/2024"], False),
        (["1/2/2024"], False),
        (["1.2.2024"], True),
    ],
)
def test_day_first(texts, expected):
    """Check that the column tells whether the day or the month comes first."""
    assert is_day_first(texts) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *[("13:45", 49500), ("1:30:05.5", 5405.5), ("-0:10", -600), ("9:05 pm", 75900)],
        *[("2 days, 1:00:00", 176400), ("-1 days +23:00:00", -3600)],
    ],
)
def test_times_of_day_in_text(text, seconds):
    """Check that times of day are read as seconds."""
    assert parse_clock(text) == seconds
    assert np.isnan(parse_clock(text.replace(":", ":9")))


def test_the_clock_is_that_of_the_zone():
    """Check that times of a zone keep the clock of the zone that they are to be read in."""
    column = frame(c=times(tz="UTC"))["c"]
    assert as_times(column)[0] == np.datetime64("2024-01-31T00:00")
    assert as_times(column, "Asia/Tokyo")[0] == np.datetime64("2024-01-31T09:00")


def test_dates_beyond_nanoseconds():
    """Check that the first and the last day of the calendar are dates."""
    column = np.array([dt.date.min, dt.date.max], dtype=object)
    assert as_times(column).astype("M8[D]").astype(object).tolist() == column.tolist()
