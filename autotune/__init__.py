"""An estimator that wraps any scikit-learn model and tunes it inside ``fit``."""

from ._budget import Budget
from ._estimators import AutoTunedClassifier, AutoTunedRegressor
from ._version import __version__
from .storage import read_history
from .strategies import Auto, Bayes, Grid, Racing, Random

__all__ = [
    "Auto",
    "AutoTunedClassifier",
    "AutoTunedRegressor",
    "Bayes",
    "Budget",
    "Grid",
    "Racing",
    "Random",
    "__version__",
    "read_history",
]
