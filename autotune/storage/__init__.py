"""The SQLite file with all evaluations."""

from ._journal import Journal
from ._read import read_history

__all__ = ["Journal", "read_history"]
