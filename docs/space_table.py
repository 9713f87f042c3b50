"""Write the tables of built-in spaces: what `spaces.md` includes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklearn.utils import all_estimators

from autotune.defaults._facts import resolved
from autotune.defaults._registry import FAMILIES, default_params
from autotune.defaults._untuned import REASONS

PREFIX = "Built-in search spaces: "


def space_tables() -> str:
    """Return a table for each family of models, and one of the models without a space."""
    classes = {f"sklearn.{name}": cls for name, cls in all_estimators()}
    parts = []
    for family in FAMILIES:
        heading = (
            (family.__doc__ or "").splitlines()[0].removeprefix(PREFIX).rstrip(".")
        )
        rows = [
            f"| {name} | {describe(entry, classes.get(name))} |"
            for name, entry in sorted(family.SPACES.items())
        ]
        parts.append(table(heading[0].upper() + heading[1:], "searched", rows))
    reasons = [f"| {name} | {reason} |" for name, reason in REASONS.items()]
    return "\n".join([*parts, table("Without a space of their own", "why", reasons)])


def table(heading: str, column: str, rows: list[str]) -> str:
    """Return a table with two columns under a heading."""
    return "\n".join(
        [f"## {heading}", "", f"| class | {column} |", "| --- | --- |", *rows, ""]
    )


def describe(entry: Any, cls: type | None) -> str:
    """Return the ranges of a class with its default parameters; conditional ones are left out."""
    found = (
        entry({} if cls is None else default_params(cls)) if callable(entry) else entry
    )
    spaces = found if isinstance(found, list) else [found]
    texts = [
        ", ".join(
            f"`{name}` {show(values)}" for name, values in resolved(space, None).items()
        )
        for space in spaces
    ]
    return " *or* ".join(dict.fromkeys(texts))


def show(values: Any) -> str:
    """Return a range for a reader."""
    if isinstance(values, list):
        return " / ".join(f"`{value!r}`" for value in values)
    low, high, *prior = values
    return f"{low:.4g} to {high:.4g}{' (log)' if prior else ''}"


def write(folder: Path) -> None:
    """Write the tables into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "spaces.md").write_text(space_tables(), encoding="utf-8")
