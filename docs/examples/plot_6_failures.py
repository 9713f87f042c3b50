"""
Configurations that fail
========================

Some combinations of parameters are invalid.
They are rows of the results, with their errors, and the search goes on.
"""

# %%
import warnings

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autotune import AutoTunedClassifier, TuningDisplay

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
space = {
    "logisticregression__C": (1e-3, 1e2, "log-uniform"),
    "logisticregression__solver": ["lbfgs", "liblinear", "newton-cholesky"],
    "logisticregression__l1_ratio": [0.0, 1.0],
}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    tuned = AutoTunedClassifier(model, space, budget=20, random_state=0).fit(X, y)

# %%
# ``lbfgs`` and ``newton-cholesky`` do not support an L1 penalty.
results = pd.DataFrame(tuned.cv_results_)
columns = {f"param_{name}": name.split("__")[1] for name in space}
results[[*columns, "mean_test_score", "status"]].rename(columns=columns).head(8)

# %%
# The whole traceback is kept; this is the last line of each.
failed = results.loc[results["status"] == "failed", "error"]
for trial, error in failed.head(4).items():
    print(trial, error.strip().splitlines()[-1])

# %%
# Failed trials are crosses at the bottom of the plot.
TuningDisplay.from_estimator(tuned, kind="parameters")
