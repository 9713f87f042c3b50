"""Plots of a search; a new one is a file here and a line in ``_kinds``."""

from ._contract import Picture
from ._display import TuningDisplay
from ._importance import ImportancePicture
from ._kinds import KINDS
from ._nested import NestedReport, nested_report
from ._render import render_png
from ._scales import Scale, scales_of, short_names
from ._search import FAILED, Search, read_search, read_study

__all__ = [
    "FAILED",
    "KINDS",
    "ImportancePicture",
    "NestedReport",
    "Picture",
    "Scale",
    "Search",
    "TuningDisplay",
    "nested_report",
    "read_search",
    "read_study",
    "render_png",
    "scales_of",
    "short_names",
]
