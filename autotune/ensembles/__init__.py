"""Averages of fitted models, and the choice of the models to average."""

from ._averaged import AveragedClassifier, AveragedRegressor, class_numbers, class_votes
from ._calibration import SMALLEST, find_power, sharpen
from ._constants import (
    FEWEST_FOLDS,
    LEAST_SHARE,
    LIBRARY_SIZE,
    MOST_BYTES,
    MOST_FOLDS,
    MOST_ROWS,
)
from ._greedy import blend, count_scores, select_greedily

__all__ = [
    "FEWEST_FOLDS",
    "LEAST_SHARE",
    "LIBRARY_SIZE",
    "MOST_BYTES",
    "MOST_FOLDS",
    "MOST_ROWS",
    "SMALLEST",
    "AveragedClassifier",
    "AveragedRegressor",
    "blend",
    "class_numbers",
    "class_votes",
    "count_scores",
    "find_power",
    "select_greedily",
    "sharpen",
]
