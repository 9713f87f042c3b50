"""From files to tables: formats, encodings, kinds of columns and missing values."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from autotune.cli._main import main
from autotune.cli._models import make_model
from autotune.cli._names import MODELS
from autotune.cli._table import read_table

N_ROWS = 80


def make_dirty():
    """Return a frame with the usual dirt, and what can be learnt from it in three columns."""
    rng = np.random.RandomState(0)
    age, price, share = rng.randint(18, 80, N_ROWS), rng.lognormal(7, 1, N_ROWS), rng.rand(N_ROWS)
    words = ["late", "early", "broken", "red", "heavy", "quiet"]
    return pd.DataFrame(
        {
            "Order ID": [f"A-{n:05d}" for n in rng.permutation(N_ROWS)],
            "age": np.where(rng.rand(N_ROWS) < 0.1, "?", age.astype(str)),
            "price": [f"${value:,.2f}" for value in price],
            "share": [f"{100 * value:.1f}%" for value in share],
            "city": rng.choice(["Oslo", "Bern, BE"], N_ROWS),
            "when": pd.date_range("2024-01-30", periods=N_ROWS, freq="37h").strftime("%d.%m.%Y"),
            "said": [" ".join(rng.choice(words, 7)) for _ in range(N_ROWS)],
            "blank": np.nan,
            "level": np.where(rng.rand(N_ROWS) < 0.1, -999, rng.randint(0, 9, N_ROWS)),
            "churn": np.where(age / 80 + share > 1.1, "yes", "no"),
        }
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dirty(folder):
    make_dirty().to_csv("dirty.csv", index=False)
    return "dirty.csv"


WRITERS = {
    "a.parquet": lambda f, path: f.to_parquet(path),
    "a.xlsx": lambda f, path: f.to_excel(path, index=False),
    "excel named.csv": lambda f, path: f.to_excel(path, index=False, engine="openpyxl"),
    "utf16.csv": lambda f, path: f.to_csv(path, index=False, encoding="utf-16"),
    "utf16 le.csv": lambda f, path: f.to_csv(path, index=False, encoding="utf-16-le"),
    "utf16 be.csv": lambda f, path: f.to_csv(path, index=False, encoding="utf-16-be"),
    "utf32.csv": lambda f, path: f.to_csv(path, index=False, encoding="utf-32"),
    "utf16 tabs.txt": lambda f, path: f.to_csv(path, index=False, encoding="utf-16", sep="\t"),
    "utf16.csv.gz": lambda f, path: f.to_csv(path, index=False, encoding="utf-16"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_formats(name, folder):
    """Check that the format of a file does not change what is read."""
    frame = load_wine(as_frame=True).frame.rename(columns={"alcohol": "größe"})
    frame["colour"] = np.where(frame["hue"] > 1, "bright", "dark")
    frame.to_csv("plain.csv", index=False)
    with open(name, "wb"):  # the writer of Excel files must know the suffix
        pass
    if name.startswith("excel"):
        frame.to_excel("renamed.xlsx", index=False)
        Path("renamed.xlsx").rename(name)
    else:
        WRITERS[name](frame, name)
    expected, data = read_table("plain.csv", "target"), read_table(name, "target")
    pd.testing.assert_frame_equal(data.X, expected.X, check_dtype=False)  # Excel knows one number
    np.testing.assert_array_equal(data.y, expected.y)
    assert data.columns == expected.columns


def test_sheets(folder):
    """Check that the first of several sheets is read, with a note."""
    with pd.ExcelWriter("book.xlsx") as writer:
        make_dirty().to_excel(writer, sheet_name="Orders", index=False)
        pd.DataFrame({"x": [1]}).to_excel(writer, sheet_name="Other", index=False)
    data = read_table("book.xlsx", "churn")
    assert "read the first of 2 sheets, 'Orders'" in data.notes


def make_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x,y\n1,2\n")


BAD_FILES = {
    "a.zip": (make_zip, "cannot read a.zip: it is a zip archive; unpack it first"),
    "a.xlsx": (make_zip, "cannot read a.xlsx: "),
    "a.parquet": (lambda path: path.write_bytes(b"PAR1nonsense"), "cannot read a.parquet: "),
    "a.xls": (
        lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600)),
        "reading a.xls needs xlrd, which is not installed: pip install xlrd; or save the file as",
    ),
    "a.csv": (lambda path: path.write_bytes(bytes(range(256))), "it is not a text file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(name, folder, capsys, monkeypatch):
    """Check that a file that cannot be read is one line that says why."""
    monkeypatch.setitem(sys.modules, "xlrd", None)
    write, message = BAD_FILES[name]
    write(folder / name)
    assert main([name, "--target", "y"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("autotune: error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("name", "library"), [("a.parquet", "pyarrow"), ("a.xlsx", "openpyxl")])
def test_missing_reader(name, library, folder, capsys, monkeypatch):
    """Check that the library for a format is named with the extra that brings it."""
    WRITERS[name](make_dirty(), name)
    for module in (library, "fastparquet"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main([name, "--target", "churn"]) == 2
    message = f"reading {name} needs {library}, which is not installed: pip install 'autotune-sk"
    assert message in capsys.readouterr().err


HEADLESS = "the first line, taken for the columns' names, looks like data"


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("species", 2, f"and 4 more ({HEADLESS}: has the file no header?)"),
        ("0", 0, f"{HEADLESS}: if it is not a header, put a line of names above it"),
    ],
)
def test_no_header(target, code, message, folder, capsys):
    """Check that a file without names is noticed, whether or not the target is a column."""
    frame = load_wine(as_frame=True).frame
    frame.to_csv("iris.csv", header=False, index=False)
    assert main(["iris.csv", "--target", target, "--model", "nb", "--budget", "1"]) == code
    out, err = capsys.readouterr()
    assert message.replace(" ", "") in "".join((out + err).split()).replace("note", "")


@pytest.mark.parametrize("first", ["b,u,u,t,x", "b,3083,u,t,x"])
def test_a_first_line_that_may_be_data(first, folder, capsys):
    """Check that a name twice, or a single number, makes a header doubtful."""
    Path("plain.csv").write_text(f"{first}\na,1,v,f,y\n" * 30)
    assert main(["plain.csv", "--target", "class"]) == 2
    assert f"({HEADLESS}: has the file no header?)" in capsys.readouterr().err


def test_a_header_of_names_is_no_cause_for_a_hint(dirty, capsys):
    """Check that a mistake in a name is no reason to doubt the header."""
    assert main([dirty, "--target", "outcome"]) == 2
    assert "header" not in capsys.readouterr().err


def test_kinds(dirty):
    """Check what each column is taken for, and what is said of it."""
    data = read_table(dirty, "churn")
    assert {column.name: column.kind for column in data.columns} == {
        "age": "number",
        "price": "number",
        "share": "number",
        "city": "category",
        "when": "date",
        "said": "text",
        "level": "number",
    }
    assert list(data.X) == [column.name for column in data.columns]
    notes = "; ".join(data.notes)
    assert "'Order ID' is left out as an identifier" in notes
    assert "'blank' is left out: no values" in notes
    assert "'age' is read as numbers" in notes
    assert "'?'" in notes


def test_notes_on_many_columns_are_one(folder):
    """Check that what is true of many columns is said once."""
    frame = pd.DataFrame({f"empty{n}": [None] * 40 for n in range(30)})
    frame.assign(x=[3, 1, 2, 5] * 10, y=[0.5, 1.5] * 20).to_csv("wide.csv", index=False)
    (note,) = [note for note in read_table("wide.csv", "y").notes if "empty" in note]
    assert note.startswith("'empty0', 'empty1', ")
    assert note.endswith("'empty7' and 22 more are each left out: no values")


@pytest.mark.parametrize("name", [name for name in MODELS if name != "families"])
def test_models_read_what_the_default_reads(name, dirty):
    """Check that every model gets numbers for what is written as numbers."""
    data = read_table(dirty, "churn", na_values=["-999"])
    model = make_model([name], data.X, data.columns, classifier=True)
    if name == "mlp":
        model.set_params(model__solver="lbfgs", model__max_iter=500, model__random_state=0)
    model.fit(data.X, data.y)
    new = data.X.assign(age=["?", "n/a"] * 40, price="€1.00", city=None, when="unknown", said=None)
    assert model.predict(new).shape == (N_ROWS,)
    # Ages that count as categories are all different, and nothing is learnt from them.
    assert model.score(data.X, data.y) > 0.75


def test_na_values(dirty, capsys):
    """Check that further marks are missing values, in numbers and in texts."""
    plain, marked = (
        read_table(dirty, "churn", na_values=marks) for marks in ((), ("-999", "Oslo"))
    )
    assert (plain.X["level"] == -999).any()
    assert plain.X["level"].notna().all()
    assert marked.X["level"].isna().sum() == (plain.X["level"] == -999).sum()
    assert marked.X["city"].isna().sum() == (plain.X["city"] == "Oslo").sum()
    words = ["--target", "churn", "--model", "tree", "--budget", "2", "--na-values=-999, Oslo"]
    assert main([dirty, *words, "--save", "model.pkl"]) == 0
    assert "# frame: read with na_values=['-999', 'Oslo']\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet"])
def test_na_values_of_other_formats(name, folder):
    """Check that further marks are missing values in every format."""
    WRITERS[name](make_dirty(), name)
    data = read_table(name, "churn", na_values=["-999", "Oslo"])
    assert data.X["level"].isna().any()
    assert set(data.X["city"].dropna()) == {"Bern, BE"}


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        (["$1,200.50", "$950"] * 15 + ["?"], [1200.5, 950.0], "with missing values '?'"),
        (["12.5%", "7%"] * 15, [0.125, 0.07], "the target 'y' is read as numbers"),
        (["none", "mild", "?"] * 10, ["mild", "none"], "left out 10 of 30 rows"),
        (["unknown", "-"] * 10 + ["known"] * 9, ["known", "unknown"], "left out 10 of 29 rows"),
    ],
)
def test_targets(values, expected, note, folder):
    """Check that a target is read as columns are, but that words are classes."""
    frame = pd.DataFrame({"x": np.arange(len(values)) % 7, "y": values})
    frame.to_parquet("target.parquet")  # which takes "none" for no missing value
    data = read_table("target.parquet", "y")
    assert set(data.y.tolist()) == set(expected)
    assert note in "; ".join(data.notes)


def test_dates_are_no_target(dirty, capsys):
    """Check that a date is refused as a target, with what to do."""
    assert main([dirty, "--target", "when"]) == 2
    assert "too many for classes" in capsys.readouterr().err
    make_dirty().assign(when=lambda frame: list(frame["when"][:40]) * 2).to_csv(dirty, index=False)
    assert main([dirty, "--target", "when"]) == 2
    assert "the target 'when' holds dates, which are neither classes nor numbers" in (
        capsys.readouterr().err
    )


def test_values_that_no_model_takes(folder, capsys):
    """Check that a column of lists is refused by its name."""
    pd.DataFrame({"tags": [["a"], ["b", "c"]] * 20, "y": [0, 1] * 20}).to_parquet("a.parquet")
    assert main(["a.parquet", "--target", "y"]) == 2
    assert "column 'tags' holds " in capsys.readouterr().err


def test_the_screen_says_what_columns_are(dirty, capsys):
    """Check the lines for each kind, and that nothing is said twice."""
    assert main([dirty, "--target", "churn", "--budget", "1", "--cv", "2"]) == 0
    out, err = capsys.readouterr()
    words = " ".join(out.split())
    assert "numbers age, price, share, level dates when categories city texts said note" in words
    assert words.count("identifier") == 1
    assert "The default model takes" not in out + err
