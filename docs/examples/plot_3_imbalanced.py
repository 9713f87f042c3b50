"""
Imbalanced classes
==================

For a rare class, tune a metric that ranks probabilities, then calibrate and choose the threshold.
Each step uses rows that the step before has not seen.
"""

# %%
# Six per cent of the rows belong to the positive class.
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score, brier_score_loss
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

from autotune import AutoTunedClassifier, TuningDisplay

X, y = make_classification(
    1500,
    n_informative=4,
    n_clusters_per_class=1,
    weights=[0.95],
    flip_y=0.02,
    random_state=0,
)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
X_fit, X_rest, y_fit, y_rest = train_test_split(
    X, y, test_size=0.3, stratify=y, random_state=0
)
print(f"{np.mean(y):.1%} positive")

# %%
# Average precision does not depend on a threshold.
model = AutoTunedClassifier(
    ExtraTreesClassifier(30),
    scoring="average_precision",
    budget=15,
    random_state=0,
).fit(X_fit, y_fit)
print(f"average precision {model.default_score_:.3f} -> {model.best_score_:.3f}")
print(model.best_params_)

# %%
TuningDisplay.from_estimator(model, kind="parameters")

# %%
# Calibration makes the probabilities agree with the frequencies of the class.
# ``FrozenEstimator`` keeps the tuned model as it is while the steps on top are fitted.
frozen = FrozenEstimator(model)
calibrated = CalibratedClassifierCV(frozen, method="sigmoid").fit(X_rest, y_rest)
loss = brier_score_loss(y_test, calibrated.predict_proba(X_test)[:, 1])
print(f"Brier score {loss:.4f}, of constant probabilities {np.var(y_test):.4f}")

# %%
thresholded = TunedThresholdClassifierCV(
    FrozenEstimator(calibrated), scoring="balanced_accuracy", cv="prefit", refit=False
).fit(X_rest, y_rest)
print(f"threshold {thresholded.best_threshold_:.2f}")
for name, classifier in {"at 0.5": calibrated, "at the threshold": thresholded}.items():
    score = balanced_accuracy_score(y_test, classifier.predict(X_test))
    print(f"{name:16} balanced accuracy {score:.3f}")
