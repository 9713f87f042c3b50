"""The public estimators."""

from ._auto_tuned import AutoTunedClassifier, AutoTunedRegressor

__all__ = ["AutoTunedClassifier", "AutoTunedRegressor"]
