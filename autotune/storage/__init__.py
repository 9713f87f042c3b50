"""The SQLite file in which every evaluation is kept."""

from ._journal import Journal
from ._read import read_history

__all__ = ["Journal", "read_history"]
