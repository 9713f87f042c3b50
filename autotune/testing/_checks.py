"""What all checks share: their names, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One rule of a contract; to be called with what makes the object under test.

    Attributes
    ----------
    name : str
    function : callable
        Raises an AssertionError with the reason.
    """

    name: str
    function: Callable[[Any], None]

    def __call__(self, make: Any) -> None:
        """Carry the check out; an error that the object raises fails it, too."""
        try:
            self.function(make)
        except AssertionError as error:
            raise AssertionError(f"{self.name}: {error}") from error
        except Exception as error:
            raise AssertionError(f"{self.name}: {type(error).__name__}: {error}") from error


def named(functions: Iterable[Callable[[Any], None]]) -> Iterator[tuple[str, Check]]:
    """Yield checks with their names."""
    for function in functions:
        yield function.__name__, Check(function.__name__, function)


def require(condition: Any, found: str) -> None:
    """Fail the check unless a condition holds, also where Python skips its own assertions."""
    if not condition:
        raise AssertionError(found)
