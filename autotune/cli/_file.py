"""Detection of file formats, and reading files as frames.

Whatever can be checked without pandas is checked without it, so that a wrong file or column
name is reported at once.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from ._errors import CliError, closest, one_line, require

CSV, PARQUET, EXCEL, OLD_EXCEL = "CSV", "Parquet", "Excel", "old Excel"

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error, lzma.LZMAError)
_SAMPLE = 1 << 16  # bytes from which the separator is told
_DECIMAL_COMMA = re.compile(r"(^|;)\"?-?\d+,\d+\"?(;|\s*$)", re.MULTILINE)
_MAGIC = {b"PAR1": PARQUET, b"PK\x03\x04": EXCEL, b"\xd0\xcf\x11\xe0": OLD_EXCEL}
_MARKS = {  # the longer ones first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_UTF8 = "utf-8-sig"
_HEADLESS = "the first line, taken for the columns' names, looks like data"
_RAGGED = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")  # as pandas says it


@dataclass(frozen=True)
class File:
    """A file whose kind is known.

    Attributes
    ----------
    path : str
    kind : {"CSV", "Parquet", "Excel", "old Excel"}
    encoding, separator, decimal : str
        Of a CSV file.
    header : tuple of str
        The columns' names; empty where only reading the file tells them.
    """

    path: str
    kind: str
    encoding: str = _UTF8
    separator: str = ","
    decimal: str = "."
    header: tuple[str, ...] = ()

    def check_target(self, target: str) -> None:
        """Check that the target is one column of the header."""
        if self.header.count(target) > 1:
            raise CliError(
                f"--target must be one column; {self.header.count(target)} are named {target!r}: "
                "rename or remove the others"
            )
        if not self._repeats_names():  # else the names are not those that pandas gives
            self.check_column("--target", target, self.header)

    def check_column(self, option: str, name: str, columns: Sequence[str]) -> None:
        """Check that what an option names is a column."""
        if columns and name not in columns:
            doubtful = self._repeats_names() or any(map(_is_number, self.header))
            raise CliError(_no_such_column(option, name, columns, doubtful))

    def _repeats_names(self) -> bool:
        """Return whether two columns have the same name."""
        return len(set(self.header)) < len(self.header)


def inspect(path: str) -> File:
    """Return what a file is, or say why it cannot be read."""
    try:
        with _OPENERS.get(Path(path).suffix, open)(path, "rb") as file:
            sample = file.read(_SAMPLE)
        if not sample.strip():
            raise ValueError("it is empty")
        if sample[:4] in _MAGIC:
            return _check_packed(File(path, _MAGIC[sample[:4]]))
        encoding = _encoding(sample)
        text = sample.removeprefix(codecs.BOM_UTF8).decode(
            "latin-1" if encoding == _UTF8 else encoding, errors="ignore"
        )
        return _inspect_text(path, encoding, text, whole=len(sample) < _SAMPLE)
    except (*_UNREADABLE, csv.Error) as error:
        raise _unreadable(path, error) from error


def _check_packed(file: File) -> File:
    """Refuse archives, which begin like the files of Excel."""
    if Path(file.path).suffix == ".zip":
        raise ValueError("it is a zip archive; unpack it first")
    return file


def _encoding(sample: bytes) -> str:
    """Return the encoding of a text; of UTF-8 and Latin-1, which only reading tells, the first."""
    for mark, encoding in _MARKS.items():
        if sample.startswith(mark):
            return encoding
    if b"\0" not in sample:
        return _UTF8
    # In UTF-16 every second byte of Western text is zero.
    for encoding, high, low in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        if sample[high::2].count(0) > 0.5 * len(sample[high::2]) and 0 not in sample[low::2]:
            return encoding
    raise ValueError("it is not a text file")


def _inspect_text(path: str, encoding: str, text: str, *, whole: bool) -> File:
    """Return how the columns of a text are separated, and their names."""
    lines = [line for line in text.splitlines() if line.strip()]
    lines = lines if whole else lines[:-1]  # the last one is cut
    separator = max(",;\t|", key=lambda mark: _n_columns(lines[:100], mark))
    comma = separator == ";" and _DECIMAL_COMMA.search(text)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator)
    header = tuple(name.strip() for name in next((row for row in rows if row), ()))
    # Read as Latin-1, a header of UTF-8 would be wrong.
    known = encoding != _UTF8 or all(map(str.isascii, header))
    return File(path, CSV, encoding, separator, "," if comma else ".", header if known else ())


def _n_columns(lines: list[str], separator: str) -> int:
    """Return the number of columns if all lines agree on it, else 1."""
    widths = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
    return widths.pop() if len(widths) == 1 else 1


def read(file: File, na_values: tuple[str, ...] = ()) -> tuple[Any, list[str]]:
    """Return a file as a frame whose columns' names are text, and what there is to say about it.

    Parameters
    ----------
    file : File
    na_values : tuple of str
        What stands for a missing value, beside what pandas takes for one.
    """
    pandas = require("pandas", f"reading {file.path}")
    readers = {CSV: _read_csv, PARQUET: _read_parquet}
    try:
        frame, notes = readers.get(file.kind, _read_excel)(pandas, file, list(na_values))
    except ImportError as error:
        raise CliError(_missing_reader(file, str(error))) from error
    except _UNREADABLE as error:
        raise _unreadable(file.path, error) from error
    # Plain objects are what every release of pandas and skops can encode, save and load.
    texts = [name for name in frame.columns if pandas.api.types.is_string_dtype(frame[name])]
    frame = frame.astype(dict.fromkeys(texts, object))
    names = [str(name).strip() for name in frame.columns]
    if len(set(names)) < len(names):  # only stripping makes names equal
        names = [str(name) for name in frame.columns]
    frame.columns = names
    return frame, notes


def _read_csv(pandas: Any, file: File, na_values: list[str]) -> tuple[Any, list[str]]:
    """Return a CSV file as a frame, and notes."""
    options: dict[str, Any] = {
        "sep": file.separator,
        "decimal": file.decimal,
        "skipinitialspace": True,
        "low_memory": False,  # one type for each column, whatever its length
        "na_values": na_values,
    }
    notes = []
    try:
        frame = pandas.read_csv(file.path, encoding=file.encoding, **options)
    except UnicodeDecodeError:
        frame = pandas.read_csv(file.path, encoding="latin-1", **options)
        notes.append("the file is not UTF-8, so it was read as Latin-1")
    if sum(map(_is_number, file.header)) * 2 >= len(file.header) > 0:
        notes.append(f"{_HEADLESS}: if it is not a header, put a line of names above it")
    return frame, notes


def _read_parquet(pandas: Any, file: File, na_values: list[str]) -> tuple[Any, list[str]]:
    """Return a Parquet file as a frame, and notes."""
    return _without(pandas.read_parquet(file.path), na_values), []


def _read_excel(pandas: Any, file: File, na_values: list[str]) -> tuple[Any, list[str]]:
    """Return the first sheet of an Excel file as a frame, and notes."""
    engine = "xlrd" if file.kind == OLD_EXCEL else None  # None: what the file calls for
    with pandas.ExcelFile(file.path, engine=engine) as book:
        first, *others = book.sheet_names
        frame = _without(pandas.read_excel(book, sheet_name=first), na_values)
    return frame, [f"read the first of {1 + len(others)} sheets, {first!r}"] if others else []


def _without(frame: Any, na_values: list[str]) -> Any:
    """Return a frame in which some texts, and the numbers that they are, are missing."""
    if not na_values:
        return frame
    numbers = [float(mark) for mark in na_values if _is_number(mark)]
    return frame.mask(frame.isin([*na_values, *numbers]))


def _missing_reader(file: File, reason: str) -> str:
    """Return the message for a library that pandas needs and does not find."""
    known = ("pyarrow", "openpyxl")
    library = next((name for name in known if name in reason), None)
    install = "'autotune-sklearn[files]'"
    if library is None:  # of older formats
        library = install = next((name for name in ("xlrd", "odfpy") if name in reason), "pandas")
    return (
        f"reading {file.path} needs {library}, which is not installed: pip install {install}; "
        "or save the file as .csv"
    )


def _unreadable(path: str, error: Exception) -> CliError:
    """Return the error for a file that cannot be read."""
    reason = getattr(error, "strerror", None) or one_line(str(error))
    if ragged := _RAGGED.search(reason):
        expected, line, found = ragged.groups()
        reason = f"line {line} has {found} values, but the lines above have {expected}"
    return CliError(f"cannot read {path}: {reason}")


def _is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _no_such_column(option: str, name: str, columns: Sequence[str], doubtful: bool) -> str:
    """Return the message for a name that is no column; the header may be doubtful."""
    message = f"{option} must be a column of the file; got {name!r}"
    close = closest(name, columns)
    if close is not None:
        return f"{message}: did you mean {close!r}?"
    more = f", and {len(columns) - 10} more" if len(columns) > 10 else ""
    hint = f" ({_HEADLESS}: has the file no header?)" if doubtful else ""
    return f"{message}: the columns are {', '.join(map(repr, columns[:10]))}{more}{hint}"
