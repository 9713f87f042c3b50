"""What the benchmarks say of the software that they compare."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version


def versions(*names: str) -> str:
    """Return names and versions of those distributions that are installed."""
    found = []
    for name in names:
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)
