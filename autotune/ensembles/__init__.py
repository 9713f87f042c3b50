"""Averages of fitted models, and the choice of the models to average."""

from ._averaged import AveragedClassifier, AveragedRegressor, class_numbers, class_votes
from ._constants import LIBRARY_SIZE, MOST_BYTES, MOST_ROWS
from ._greedy import blend, count_scores, select_greedily

__all__ = [
    "LIBRARY_SIZE",
    "MOST_BYTES",
    "MOST_ROWS",
    "AveragedClassifier",
    "AveragedRegressor",
    "blend",
    "class_numbers",
    "class_votes",
    "count_scores",
    "select_greedily",
]
