"""Imports point down only: a package imports from lower layers and from itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import autotune

ROOT = Path(autotune.__file__).parent
FLOORS = [  # from the top; what shares a floor does not import each other
    {"__main__"},
    {"cli"},
    {"__init__"},
    {"integrations"},
    {"estimators"},
    {"report", "tuning"},
    {"pictures", "testing"},
    {"results", "storage", "strategies"},
    {"timing"},
    {"execution"},
    {"evaluation"},
    {"defaults", "ensembles", "schedule", "search"},
    {"history", "space"},
    {"compat"},
    {"_budget"},
    {"_texts", "_version"},
]
HEIGHT = {room: -floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> tuple[str, ...]:
    """Return a module's name in parts, without the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def imported(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the package's modules that a module imports from, with the name that it takes."""
    package = path.relative_to(ROOT).parent.parts
    tree = ast.parse(path.read_text())
    for node in _without_type_checking(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            module = package[: len(package) - node.level + 1] + module
        elif module[:1] == ("autotune",):
            module = module[1:]
        else:
            continue
        yield from ((module, alias.name) for alias in node.names)


def _without_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those that only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _without_type_checking(child)


def room_of(module: tuple[str, ...], name: str = "") -> str:
    """Return the room of a module, or of what is imported from the package itself."""
    if module:
        return module[0]
    return name if name in HEIGHT else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(name_of(path)))
def test_imports_point_down(path):
    """Check that a module imports from lower floors and its own room only."""
    room = room_of(name_of(path))
    assert room in HEIGHT, f"{room} has no floor"
    for module, name in imported(path):
        other = room_of(module, name)
        assert other == room or HEIGHT[other] < HEIGHT[room], f"{room} imports {name} of {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(name_of(path)))
def test_rooms_are_entered_by_the_door(path):
    """Check that nobody imports the private modules of another room."""
    room = room_of(name_of(path))
    for module, name in imported(path):
        private = [part for part in module[1:] if part.startswith("_")]
        assert module[:1] == (room,) or not private, f"{name} of {'.'.join(module)}"


PRIVATE_ELSEWHERE = {  # of other packages, or documented for use outside
    "_ConfigAliases": "lightgbm",
    "_exit": "os",
    "_get_all_param_aliases": "lightgbm",
    "_getframe": "sys",
    "_option_string_actions": "argparse",
    "_rand": "numpy",
}


def _private_attributes(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the private attributes that are read, also by ``getattr`` and ``hasattr``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr"):
            name = getattr(node.args[1], "value", "")
        else:
            continue
        if isinstance(name, str) and name.startswith("_") and not name.startswith("__"):
            yield name, node.lineno


def _defined(tree: ast.AST) -> Iterator[str]:
    """Yield the names that a module gives to functions, classes, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def test_private_attributes_are_read_in_compat():
    """Check that only `compat` reads private attributes that the package does not define."""
    trees = {path: ast.parse(path.read_text()) for path in MODULES}
    known = {name for tree in trees.values() for name in _defined(tree)} | set(PRIVATE_ELSEWHERE)
    found = [
        f"{'.'.join(name_of(path))}:{line}: {name}"
        for path, tree in trees.items()
        if name_of(path)[0] != "compat"
        for name, line in _private_attributes(tree)
        if name not in known
    ]
    assert not found


def test_private_names_are_in_compat():
    """Check that only `compat` imports private names of scikit-learn and joblib."""
    found = []
    for path in MODULES:
        if name_of(path)[0] == "compat":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                parts = node.module.split(".")
                names = [alias.name for alias in node.names]
                if parts[0] in ("sklearn", "joblib") and any(
                    part.startswith("_") for part in (*parts, *names)
                ):
                    found.append(f"{'.'.join(name_of(path))}: {node.module} {names}")
    assert not found


def test_only_the_estimator_sets_its_attributes():
    """Check that `tuning` reads the estimator that is fitted, and neither keeps nor changes it."""
    found = []
    for path in sorted((ROOT / "tuning").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
                continue
            if node.attr.strip("_") == "owner" or ast.unparse(node.value).endswith("owner"):
                found.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    assert not found


def test_tests_mirror_the_rooms():
    """Check that each folder of tests is named after a room, and that each room has one."""
    tests = {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")}
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert tests == rooms - {"compat"}  # what is tested with those that need it
