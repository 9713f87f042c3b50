"""WHAT IS HANDED ON: a report of a search as a file, findings about its space, code."""

from ._code import code_of
from ._notebook import essence
from ._page import write_report
from ._space import Finding, space_report

__all__ = ["Finding", "code_of", "essence", "space_report", "write_report"]
