"""An estimator that wraps any scikit-learn classifier or regressor and tunes it inside ``fit``."""

from ._budget import Budget
from ._estimators import AutoTunedClassifier, AutoTunedRegressor
from ._version import __version__
from .storage import read_history
from .strategies import Auto, Bayes, Grid, Halving, Hyperband, Racing, Random

__all__ = [
    "Auto",
    "AutoTunedClassifier",
    "AutoTunedRegressor",
    "Bayes",
    "Budget",
    "Grid",
    "Halving",
    "Hyperband",
    "Racing",
    "Random",
    "__version__",
    "read_history",
]
