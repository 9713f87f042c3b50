"""The contract of a picture.

A picture is a frozen dataclass: its fields are the plotted values, so that they can be read and
tested without matplotlib.

- ``of`` computes the fields from a ``Search`` (see ``_search``) or, for nested cross-validation,
  from its results. It raises ValueError if there is nothing to show.
- ``options`` are the arguments of ``TuningDisplay.from_estimator`` that it supports. ``of`` takes
  them as keywords, except ``metric``, which the ``Search`` has.
- ``size`` is the size of a new figure, in inches.
- ``draw`` draws the fields on a ``Canvas`` (see ``_canvas``), which has the colours, light or
  dark. It sees no estimator and imports matplotlib, if at all, inside the function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ._canvas import Canvas


class Picture(ABC):
    """What is shown, and how it is drawn; see the module's text for the rules."""

    options: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def of(cls, *source: Any, **options: Any) -> Any:
        """Compute what is shown."""

    @property
    @abstractmethod
    def size(self) -> tuple[float, float]:
        """Width and height of a figure of its own, in inches."""

    @abstractmethod
    def draw(self, canvas: Canvas) -> None:
        """Draw it."""
