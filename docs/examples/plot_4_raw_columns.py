"""
A table as it comes, without a model
====================================

Without a model, autotune reads the columns of a table, tunes several kinds of models, and averages
the best if that is better than one alone.
Numbers may be text, dates become features, and codes that only identify rows are left out.
"""

# %%
# A table with prices as text, dates, categories and missing values:
import warnings

import numpy as np
import pandas as pd

from autotune import AutoTunedRegressor, TuningDisplay
from autotune.defaults import read_columns

rng = np.random.default_rng(0)
n = 400
area = rng.gamma(9, 10, n).round()
built = pd.to_datetime("1950-01-01") + pd.to_timedelta(
    rng.integers(0, 25_000, n), unit="D"
)
district = rng.choice(["north", "harbour", "old town"], n, p=[0.5, 0.3, 0.2])
rent = (
    area
    * pd.Series(district).map({"north": 9, "harbour": 14, "old town": 12}).to_numpy()
)
rent = rent + 0.1 * (built.year - 1950) * area + rng.normal(0, 60, n)
frame = pd.DataFrame(
    {
        "listing_id": [f"L-{i:05}" for i in rng.permutation(n)],
        "area": [f"{a:.0f}" if rng.random() > 0.05 else "?" for a in area],
        "deposit": [f"${3 * r:,.2f}" for r in rent * rng.uniform(0.7, 1.3, n)],
        "built": built.strftime("%Y-%m-%d"),
        "district": district,
    }
)
frame.head()

# %%
# One warning names the column that is left out, and the markers that are treated as missing.
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = AutoTunedRegressor(budget=16, cv=3, random_state=0).fit(frame, rent)
for warning in caught:
    print(warning.message)

# %%
# How each column was interpreted:
for column in read_columns(frame):
    print(f"{column.name:12} {column.kind}")

# %%
# The R² of each kind of model with its own parameters (NaN if it was stopped early), and of the
# best trial:
for trial in model.history_:
    if trial.origin == "default":
        step = trial.params["estimator"][-1]
        name = type(getattr(step, "regressor", step)).__name__
        print(f"{name:30} {model.history_.score(trial):.3f}")
print(f"{'tuned':30} {model.best_score_:.3f}")
TuningDisplay.from_estimator(model)

# %%
# The final model is an average only if that is better than the best trial alone; its weights:
model.ensemble_weights_

# %%
# It predicts from tables with the same columns.
model.predict(frame.head(3)).round()
