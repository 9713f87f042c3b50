"""Parsing of text as numbers, times of day and dates."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import numpy as np

# Markers of missing values in a text column that otherwise holds numbers or dates.
_MARKS = {
    *("", "?", "-", "--", ".", ".."),
    *("na", "n/a", "n.a.", "#n/a", "<na>", "nan", "nat", "null", "none", "missing", "unknown"),
}
_CURRENCY = r"(?:[$€£¥₹]|US\$|USD|EUR|GBP|CHF)"
_MINUS = {"-", "\u2212"}
_SPACES = r" \u00a0\u2009\u202f"
_NUMBER = (
    r"\s*(?P<open>\()?\s*(?P<sign>[-+\u2212]?)\s*{currency}?\s*(?P<inner>[-+\u2212]?)"
    r"(?P<digits>(?:[1-9]\d{{0,2}}(?:[{group}{spaces}']\d{{3}})+|\d+)(?:{point}\d*)?|{point}\d+)"
    r"(?P<power>[eE][-+]?\d+)?\s*(?P<scale>[kKMB])?\s*(?P<unit>%|{currency})?\s*(?P<close>\))?\s*"
)
# By the mark before the decimals.
_NUMBERS = {
    ".": re.compile(_NUMBER.format(currency=_CURRENCY, spaces=_SPACES, group=",", point=r"\.")),
    ",": re.compile(_NUMBER.format(currency=_CURRENCY, spaces=_SPACES, group=r"\.", point=",")),
}
_SCALES = {None: 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
_UNIT = re.compile(r"\d\.?\s*([^\d\s.,:'%$€£¥₹()+-][^\d()]*)$")  # what follows the last digit
_UNITS = 0.95  # the share of a column's texts that end with the same unit
_CODE = re.compile(r"\s*0\d+\s*")  # a number would lose its zeros
_TIME_OF_DAY = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?"
_CLOCK = re.compile(rf"\s*(?:(-?\d+) days?,? \+?)?(-?){_TIME_OF_DAY.replace('1,2', '1,3')}\s*")
_REST = rf"(?:(?:\s*T\s*|,?\s+){_TIME_OF_DAY}\s*(?:Z|UTC|GMT|[-+]\d{{2}}:?\d{{2}})?)?\s*"
_WEEKDAY = r"\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]*\s+)?"
_YEAR_FIRST = re.compile(rf"\s*(\d{{4}})([-/.])(\d{{1,2}})(?:\2(\d{{1,2}}))?{_REST}")
# A year of two digits only in 1/31/24 and 31.01.24: 1.2.24 may be a version.
_LAST = r"(\d{4}|(?<=/)\d\d|(?<=\d\d\.\d\d\.)\d\d)"
_YEAR_LAST = re.compile(rf"\s*(\d{{1,2}})([-/.])(\d{{1,2}})\2{_LAST}{_REST}")
_DAY_NAME = re.compile(
    rf"{_WEEKDAY}(\d{{1,2}})[-\s.]*([A-Z]{{3,9}})[-\s.,]*(\d{{4}}){_REST}", re.IGNORECASE
)
_NAME_DAY = re.compile(
    rf"{_WEEKDAY}([A-Z]{{3,9}})[-\s.]*(\d{{1,2}})[-\s,]+(\d{{4}}){_REST}", re.IGNORECASE
)
_COMPACT = re.compile(rf"\s*((?:19|20)\d\d)(\d\d)(\d\d){_REST}")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
NO_TIME = np.datetime64("NaT", "us")


def is_mark(text: str) -> bool:
    """Return whether a text is a missing-value marker."""
    return text.strip().lower() in _MARKS


def parse_number(text: str, point: str = ".", unit: str = "") -> float:
    """Parse a text as a number; NaN if it is none.

    Groups of three digits, a currency, a percent sign, k, M and B for thousands, millions and
    billions, and parentheses around what is negative are understood, and ``unit`` at the end.
    """
    if unit:
        text = text.rstrip().removesuffix(unit)
    match = _NUMBERS[point].fullmatch(text)
    if (
        match is None
        or bool(match["open"]) != bool(match["close"])
        or (match["sign"] and match["inner"])
    ):
        return _parse_infinity(text)
    digits = re.sub(rf"[^\d{point}]", "", match["digits"]).replace(",", ".")
    number = float(digits + (match["power"] or "")) * _SCALES[match["scale"]]
    if match["unit"] == "%":
        number /= 100
    is_negative = match["open"] or {match["sign"], match["inner"]} & _MINUS
    return -number if is_negative else number


def _parse_infinity(text: str) -> float:
    """Parse a text as infinity; NaN if it is none."""
    return {"inf": np.inf, "infinity": np.inf, "-inf": -np.inf, "-infinity": -np.inf}.get(
        text.strip().lower().lstrip("+"), np.nan
    )


def parse_clock(text: str) -> float:
    """Parse a text such as 13:45, 1:30:05.5 or 2 days 01:30 as seconds; NaN if that fails."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return np.nan
    days, sign, *clock = match.groups()
    seconds = _seconds(*clock)
    return int(days or 0) * 24 * 3600 + (-seconds if sign else seconds)


def _seconds(hour: str, minute: str, second: str, fraction: str, half: str) -> float:
    """Return the seconds since midnight, NaN for more than 59 minutes or seconds."""
    hours = int(hour)
    if half:
        hours = hours % 12 + 12 * (half.lower() == "pm")
    if int(minute) > 59 or int(second or 0) > 59:
        return np.nan
    return hours * 3600 + int(minute) * 60 + int(second or 0) + float(f"0.{fraction or 0}")


def number_format(texts: list[str]) -> tuple[str, str]:
    """Return the decimal separator that more of the texts agree with, and their unit."""
    unit = _common_unit(texts)
    counts = {
        point: sum(not np.isnan(parse_number(text, point, unit)) for text in texts)
        for point in _NUMBERS
    }
    return max(counts, key=lambda point: counts[point]), unit  # the first of equals


def _common_unit(texts: list[str]) -> str:
    """Return what follows the last digit of nearly all texts, "" if nothing does."""
    ends = [_UNIT.search(text.rstrip()) for text in texts if not is_mark(text)]
    counts = Counter(end[1] for end in ends if end)
    unit, n = max(counts.items(), key=lambda item: item[1], default=("", 0))
    return unit if n >= _UNITS * len(ends) and unit not in _SCALES else ""


def is_code(text: str) -> bool:
    """Return whether a text is a number that begins with a zero, as postal codes do."""
    return _CODE.fullmatch(text) is not None


def parse_time(text: str, day_first: bool = False) -> Any:
    """Parse a text as a date and time of day; NaT if that fails."""
    for pattern, order in (
        (_YEAR_FIRST, _by_year),
        (_YEAR_LAST, _by_day if day_first else _by_month),
        (_DAY_NAME, _by_day_and_name),
        (_NAME_DAY, _by_name),
        (_COMPACT, _by_parts),
    ):
        match = pattern.fullmatch(text)
        if match is not None:
            groups = match.groups()
            return _to_moment(order(*groups[:-5]), groups[-5:])
    return NO_TIME


def _by_year(year: str, _: str, month: str, day: str | None) -> tuple[int, int, int]:
    return int(year), int(month), int(day or 1)


def _by_month(month: str, _: str, day: str, year: str) -> tuple[int, int, int]:
    return _full_year(year), int(month), int(day)


def _by_day(day: str, _: str, month: str, year: str) -> tuple[int, int, int]:
    return _full_year(year), int(month), int(day)


def _full_year(year: str) -> int:
    """Return a year, one of two digits in the century that POSIX has for it."""
    return int(year) + (len(year) == 2) * (2000 if int(year) < 69 else 1900)


def _by_parts(year: str, month: str, day: str) -> tuple[int, int, int]:
    return int(year), int(month), int(day)


def _by_day_and_name(day: str, name: str, year: str) -> tuple[int, int, int]:
    return int(year), _month(name), int(day)


def _month(name: str) -> int:
    """Return the number of the month that a name begins, 0 if it is none."""
    position = _MONTHS.find(name[:3].lower())
    return 0 if position % 4 else position // 4 + 1


def _by_name(name: str, day: str, year: str) -> tuple[int, int, int]:
    return _by_day_and_name(day, name, year)


def _to_moment(date: tuple[int, int, int], clock: tuple[Any, ...]) -> Any:
    """Return a date and a time of day as a time of numpy, NaT if there is no such day."""
    try:
        day = np.datetime64(dt.date(*date), "us")
    except ValueError:
        return NO_TIME
    if clock[0] is None:
        return day
    seconds = _seconds(*clock)
    if not seconds < 24 * 3600 + 1:
        return NO_TIME
    return day + np.timedelta64(round(seconds * 1e6), "us")


def is_day_first(texts: list[str]) -> bool:
    """Return whether dates like 31/01/2024 begin with the day."""
    n_first, n_last = (
        sum(not np.isnat(parse_time(text, day_first)) for text in texts)
        for day_first in (True, False)
    )
    # Where all fit both ways: dots are used where the day comes first.
    return n_first > n_last or (n_first == n_last and all("/" not in text for text in texts))
