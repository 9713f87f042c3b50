"""Plots of a search; a new one is a file here and a line in ``_kinds``."""

from ._contract import Picture
from ._display import TuningDisplay
from ._nested import NestedReport, nested_report

__all__ = ["NestedReport", "Picture", "TuningDisplay", "nested_report"]
