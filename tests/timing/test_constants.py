"""The table of constants of all rules about seconds, and that there is no other; the one clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import autotune
from autotune.timing import _constants

ROOT = Path(autotune.__file__).parent
TABLE = ROOT / "timing" / "_constants.py"
LINES = TABLE.read_text().splitlines()
NAMES = [name for name in vars(_constants) if name.isupper()]
OTHERS = [
    path
    for room in ("timing", "tuning")
    for path in sorted((ROOT / room).glob("*.py"))
    if path != TABLE
]
NO_SECONDS = {"_SIMILAR", "_INSIDE"}  # of misspelt names, and where a range is checked


def name_of(path: Path) -> str:
    return f"{path.parent.name}.{path.stem}"


def numbers_in(node: ast.AST) -> Iterator[int | float]:
    """Yield the numbers in some code, but booleans."""
    for child in ast.walk(node):
        if isinstance(child, ast.Constant) and type(child.value) in (int, float):
            yield child.value


def assigned(tree: ast.Module) -> Iterator[tuple[set[str], ast.expr]]:
    """Yield the names of a module that are assigned to, with the expression."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}, node.value


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_line(name):
    """Check that a line above a constant says its unit, what it means, and where it is from."""
    (number,) = (n for n, line in enumerate(LINES) if line.startswith(f"{name} = "))
    parts = LINES[number - 1].removeprefix("# ").split("; ")
    assert LINES[number - 1].startswith("# ")
    assert len(parts) == 3
    assert all(parts)


def test_each_is_used():
    """Check that no constant is left that no rule needs."""
    used = {
        node.id
        for path in ROOT.rglob("*.py")
        if any(name in path.read_text() for name in NAMES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert used >= set(NAMES)


def test_two_constants_never_have_one_meaning():
    """Check that each line of the table is there once."""
    told = [line for line in LINES if line.startswith("# ") and ";" in line]
    assert len(told) == len(set(told)) == len(NAMES)


@pytest.mark.parametrize("path", OTHERS, ids=name_of)
def test_no_other_module_has_constants(path):
    """Check that a number with a name of its own is in the table; `tuning` may count things."""
    kinds = (int, float) if path.parent.name == "timing" else float
    for names, value in assigned(ast.parse(path.read_text())):
        assert names <= NO_SECONDS or not any(isinstance(n, kinds) for n in numbers_in(value))


@pytest.mark.parametrize("path", OTHERS, ids=name_of)
def test_no_rule_hides_a_number(path):
    """Check that functions have no numbers with a fraction but those of the table."""
    hidden = [
        number
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for number in numbers_in(node)
        if isinstance(number, float) and number not in (0.0, 1.0)
    ]
    assert not hidden


def test_there_is_one_clock():
    """Check that nothing but the clock asks for the time."""
    asking = {
        name_of(path)
        for path in OTHERS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "time" in (getattr(node, "module", None), *(alias.name for alias in node.names))
    }
    assert asking == {"timing._clock"}
