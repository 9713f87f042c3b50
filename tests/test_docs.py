"""The code in README.md and docs/ runs, and prints what the page says it prints."""

from __future__ import annotations

import doctest
import importlib.util
import re
import shlex
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from sklearn.datasets import load_wine

import autotune
from autotune.cli._main import main
from autotune.cli._parsers import COMMANDS, make_parser
from autotune.defaults._registry import known_models

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]*)(?:#(?P<anchor>[^)]+))?\)")
COMMAND = re.compile(r"^(?:python -m )?autotune (.+)$", re.MULTILINE)
LANGUAGES = ("python", "pycon", "output")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block of code and the line on which it starts, counted from 0."""

    language: str
    code: str
    line: int


def blocks_of(text, languages=LANGUAGES):
    return [
        Block(match["language"], match["code"], text.count("\n", 0, match.start("code")))
        for match in FENCE.finditer(text)
        if match["language"] in languages
    ]


def run_block(block, page, namespace):
    """Run a block and return what it prints.

    Its names stay in the namespace, as they would for a reader who types along.
    """
    if ">>>" not in block.code:
        code = "\n" * block.line + block.code
        with redirect_stdout(StringIO()) as printed:
            exec(compile(code, str(page), "exec"), namespace)
        return printed.getvalue()
    test = doctest.DocTestParser().get_doctest(
        block.code, namespace, page.name, str(page), block.line
    )
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    assert not runner.failures, "".join(report)
    return ""


def run_page(text, page, languages=LANGUAGES):
    namespace, printed = {"__name__": "__main__"}, ""
    for block in blocks_of(text, languages):
        if block.language == "output":  # of the block before
            assert doctest.OutputChecker().check_output(block.code, printed, OPTIONS), printed
        else:
            printed = run_block(block, page, namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page, tmp_path, monkeypatch):
    """Check that every block of a page runs, in order, as one session."""
    monkeypatch.chdir(tmp_path)
    run_page(page.read_text(encoding="utf-8"), page)


@pytest.mark.slow
def test_recipes_with_libraries(tmp_path, monkeypatch):
    """Check that the recipes that need other libraries run, too."""
    for library in ("lightgbm", "xgboost"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    page = DOCS / "recipes.md"
    run_page(page.read_text(encoding="utf-8"), page, (*LANGUAGES, "py"))


def commands_of(lines):
    """Return the arguments of the lines that call the command line."""
    return [shlex.split(call) for call in COMMAND.findall(lines.replace("\\\n", " "))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_of_commands(page):
    """Check that the command line has the commands and options that a page names."""
    quoted = re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))
    for call in commands_of("\n".join(quoted)):
        command, words = (call[0], call[1:]) if call[0] in COMMANDS else ("fit", call)
        if words and words != ["--help"]:
            make_parser(command).parse_args(words)


def test_commands(tmp_path, monkeypatch):
    """Check that the blocks of the page on the command line run, with a budget of three trials."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # pictures take seconds
    wine = load_wine(as_frame=True).frame
    wine.rename(columns={"target": "COLUMN"}).to_csv("DATA.csv", index=False)
    wine.rename(columns={"target": "quality"}).to_csv("wine.csv", index=False)
    wine.assign(id=range(len(wine))).to_csv("new_wine.csv", index=False)
    text = (DOCS / "command_line.md").read_text(encoding="utf-8")
    calls = commands_of("".join(block.code for block in blocks_of(text, ("bash",))))
    assert len(calls) == 3
    for call in calls:
        assert main([re.sub(r"^\d+(s|min)$", "3", word) for word in call]) == 0
    header, *rows = Path("predictions.csv").read_text(encoding="utf-8").splitlines()
    assert header == "id,prediction,probability_0,probability_1,probability_2"
    assert len(rows) == len(wine)
    assert Path("tuning.html").is_file()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("```pycon\n>>> 1 + 1\n3\n```\n", AssertionError, r"Expected:\s+3\s+Got:\s+2"),
        ("```python\n>>> x = 1\n```\n\n```python\n>>> x\n2\n```\n", AssertionError, "line 6"),
        ("```python\nprint(2)\n```\n\n```output\n3\n```\n", AssertionError, "2"),
        ("```python\nraise OSError('no')\n```\n", OSError, "no"),
        ("```python\nx = 1\n```\n\n```python\ny\n```\n", NameError, "'y'"),
    ],
    ids=[
        "wrong output",
        "wrong output of a shared name",
        "wrong print",
        "failing plain code",
        "unknown name",
    ],
)
def test_a_wrong_page_fails(text, error, message, tmp_path):
    """Check that a page whose code fails or prints something else is noticed."""
    with pytest.raises(error, match=message):
        run_page(text, tmp_path / "page.md")


def test_other_languages_are_left_alone():
    """Check that only Python is run, and that its line numbers are those of the page."""
    text = "# Title\n\n```bash\nexit 1\n```\n\n```python\nx = 1\n```\n"
    assert blocks_of(text) == [Block("python", "x = 1\n", 7)]


def test_pages_are_found():
    """Check that the list of pages is not empty by accident."""
    names = {page.name for page in PAGES}
    assert {"README.md", "getting_started.md", "recipes.md"} <= names


def anchors_of(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    """Check that links inside the repository lead to a file and to a heading of it."""
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        path = link["path"].replace("auto_examples/index.rst", "examples/README.rst")
        path = re.sub(r"^auto_examples/(\w+)\.rst", r"examples/\1.py", path)
        target = (page.parent / path) if path else page
        assert target.is_file(), link[0]
        assert link["anchor"] is None or link["anchor"] in anchors_of(target), link[0]


def wide_lines(text, width):
    """Return the lines of code that are wider than so many characters."""
    code = [match["code"] for match in FENCE.finditer(text) if match["language"] != "text"]
    return [line for line in "".join(code).splitlines() if len(line) > width]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_code_fits_its_column(page):
    """Check that no line of code on the site is wider than the column that shows it."""
    text = page.read_text(encoding="utf-8")
    halves = re.findall(r"^:::\{container\} side$(.*?)^:::$", text, re.MULTILINE | re.DOTALL)
    assert not wide_lines(text, 88)
    assert not wide_lines("".join(halves), 41)


def test_the_citation():
    """Check that CITATION.cff has what the format requires, and the package's version."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == autotune.__version__


def test_the_number_of_built_in_spaces():
    """Check that README.md counts the models with a built-in space as the package does."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    count = re.search(r"Built-in search spaces\*\* for (\d+) of scikit-learn's", text)
    assert count is not None
    assert int(count[1]) == sum(name.startswith("sklearn.") for name in known_models())


def test_the_tables_of_spaces():
    """Check that the tables in the documentation have a row for each model that is known."""
    spec = importlib.util.spec_from_file_location("space_table", ROOT / "docs" / "space_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.space_tables()
    rows = dict(re.findall(r"^\| (\w+\.\w+) \| (.+) \|$", text, re.MULTILINE))
    assert sorted(rows) == list(known_models())
    assert rows["sklearn.Lasso"] == "`alpha` 0.0001 to 1e+04 (log)"
    assert " *or* " in rows["sklearn.SVC"]
    assert "| VotingRegressor | through its models |" in text
