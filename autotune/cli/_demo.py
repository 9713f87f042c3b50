"""The demo: a data set of scikit-learn, and a model that benefits from tuning."""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_diabetes
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from ._names import REGRESSION
from ._table import Table

TEXT = (
    "Predicts how far diabetes has progressed after a year, from 10 measurements of 442 patients.",
    "SVR's own C=1 is far too small for a target between 25 and 346, so tuning has work to do.",
    "R² is 1 for perfect predictions and 0 for guessing the mean. Half of the rows are held out.",
)
TEST_SIZE = 0.5  # the score on 221 rows varies less than that on 88


def make_demo() -> tuple[Table, Any]:
    """Return the data and the model."""
    X, y = load_diabetes(return_X_y=True)
    return Table(X, y, REGRESSION), Pipeline([("scale", StandardScaler()), ("svr", SVR())])
