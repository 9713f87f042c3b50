"""The SQLite file with all evaluations."""

from ._journal import Journal
from ._read import StoredStudy, read_history, read_studies

__all__ = ["Journal", "StoredStudy", "read_history", "read_studies"]
