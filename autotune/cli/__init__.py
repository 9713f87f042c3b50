"""The command line: tables, models, runs, reports and saving."""

from ._main import main

__all__ = ["main"]
