"""The HTML report, findings about the space, models as code, the summary in notebooks."""

from ._code import code_of
from ._notebook import essence
from ._page import write_report
from ._space import Finding, space_report

__all__ = ["Finding", "code_of", "essence", "space_report", "write_report"]
