"""Checks of the contracts, for third-party searchers, schedulers and executors."""

from ._executors import check_executor, executor_checks
from ._schedulers import check_scheduler, scheduler_checks
from ._searchers import check_searcher, searcher_checks

__all__ = [
    "check_executor",
    "check_scheduler",
    "check_searcher",
    "executor_checks",
    "scheduler_checks",
    "searcher_checks",
]
