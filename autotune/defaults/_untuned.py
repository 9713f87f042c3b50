"""Models of scikit-learn without a built-in space, and why."""

from __future__ import annotations

_MODELS = "through its models"
_ITSELF = "tunes itself in fit"
_NOTHING = "has nothing to tune"

REASONS: dict[str, str] = {
    "CalibratedClassifierCV": _MODELS,
    "ClassifierChain": _MODELS,
    "DummyClassifier": _NOTHING,
    "DummyRegressor": _NOTHING,
    "ElasticNetCV": _ITSELF,
    "FixedThresholdClassifier": _MODELS,
    "GaussianProcessClassifier": "finds the parameters of its kernel in fit",
    "IsotonicRegression": _NOTHING,
    "LarsCV": _ITSELF,
    "LassoCV": _ITSELF,
    "LassoLarsCV": _ITSELF,
    "LinearRegression": _NOTHING,
    "LogisticRegressionCV": _ITSELF,
    "MultiOutputClassifier": _MODELS,
    "MultiOutputRegressor": _MODELS,
    "MultiTaskElasticNetCV": _ITSELF,
    "MultiTaskLassoCV": _ITSELF,
    "OneVsOneClassifier": _MODELS,
    "OneVsRestClassifier": _MODELS,
    "OrthogonalMatchingPursuitCV": _ITSELF,
    "OutputCodeClassifier": _MODELS,
    "PassiveAggressiveClassifier": "is deprecated since scikit-learn 1.8: use SGDClassifier",
    "PassiveAggressiveRegressor": "is deprecated since scikit-learn 1.8: use SGDRegressor",
    "RANSACRegressor": _MODELS,
    "RegressorChain": _MODELS,
    "RidgeCV": _ITSELF,
    "RidgeClassifierCV": _ITSELF,
    "SelfTrainingClassifier": _MODELS,
    "StackingClassifier": _MODELS,
    "StackingRegressor": _MODELS,
    "TheilSenRegressor": _NOTHING,
    "TransformedTargetRegressor": _MODELS,
    "TunedThresholdClassifierCV": _MODELS,
    "VotingClassifier": _MODELS,
    "VotingRegressor": _MODELS,
}
