"""What a search reports: `cv_results_`, selection, estimate, failures, progress."""

from ._cv_results import cv_results
from ._estimate import expect
from ._failures import Cause, SameError, check_any_success, group_failures, warn_of_failures
from ._live import is_terminal
from ._metric import Metric, clip, describe_metric
from ._progress import Progress
from ._selection import default_may_match, rank, select
from ._texts import count, score_text, seconds_text

__all__ = [
    "Cause",
    "Metric",
    "Progress",
    "SameError",
    "check_any_success",
    "clip",
    "count",
    "cv_results",
    "default_may_match",
    "describe_metric",
    "expect",
    "group_failures",
    "is_terminal",
    "rank",
    "score_text",
    "seconds_text",
    "select",
    "warn_of_failures",
]
