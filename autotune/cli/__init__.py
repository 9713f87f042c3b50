"""What the command line is made of: the table, the models, the run, the report, the saving."""

from ._main import main

__all__ = ["main"]
