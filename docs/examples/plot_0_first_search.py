"""
Tune a model and look at the search
===================================

Support vector regression needs a suitable ``C`` for the scale of its target.
Here 30 trials raise the cross-validated R² from 0.12 to 0.54.
"""

# %%
# The data are 442 patients; the target is the progress of diabetes after a year.
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from autotune import AutoTunedRegressor, TuningDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# The search space, the strategy and the cross-validation have defaults.
model = AutoTunedRegressor(
    make_pipeline(StandardScaler(), SVR()), budget=30, random_state=0
).fit(X_train, y_train)

print(f"untuned  {model.default_score_:.3f}")
print(f"tuned    {model.best_score_:.3f}")
print(f"expected {model.expected_score_:.3f} on new data")
print(f"measured {model.score(X_test, y_test):.3f} on the held-out rows")

# %%
# ``expected_score_`` is lower than ``best_score_`` because the best of 30 scores is optimistic.
# Each panel shows one parameter: the default as a dashed line, the chosen trial as a star.
TuningDisplay.from_estimator(model, kind="parameters")

# %%
# Which parameters does the score depend on?
TuningDisplay.from_estimator(model, kind="importance")

# %%
# The scores of the best trials on each fold show how much of a difference is noise.
TuningDisplay.from_estimator(model, kind="folds", top=5)
