"""The face that scikit-learn sees."""

from ._auto_tuned import AutoTunedClassifier, AutoTunedRegressor

__all__ = ["AutoTunedClassifier", "AutoTunedRegressor"]
