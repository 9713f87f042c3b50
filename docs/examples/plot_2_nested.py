"""
Nested cross-validation
=======================

The best cross-validated score of a search is optimistic.
Nested cross-validation tunes anew within each outer fold, and scores on the other rows.
"""

# %%
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, TuningDisplay, nested_report

X, y = load_breast_cancer(return_X_y=True)
tuned = AutoTunedClassifier(
    make_pipeline(StandardScaler(), SVC()), budget=12, random_state=0
)
results = cross_validate(tuned, X, y, cv=5, return_estimator=True)

# %%
# ``outer_score`` is the score to report. ``optimism`` is the inner score minus the outer one.
report = nested_report(results)
report.folds.filter(regex="score|optimism").round(3)

# %%
# If the chosen values differ a lot between outer folds, the score hardly depends on them,
# or there are too few data to tell.
report.parameters.round(2)

# %%
TuningDisplay.from_cv_results(results)
