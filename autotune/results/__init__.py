"""What a search reports: `cv_results_`, selection, estimate, failures, progress."""

from ._cv_results import cv_results
from ._estimate import expect
from ._failures import SameError, check_any_success, warn_of_failures
from ._metric import Metric, describe_metric
from ._progress import Progress, is_terminal
from ._selection import rank, select, stands

__all__ = [
    "Metric",
    "Progress",
    "SameError",
    "check_any_success",
    "cv_results",
    "describe_metric",
    "expect",
    "is_terminal",
    "rank",
    "select",
    "stands",
    "warn_of_failures",
]
