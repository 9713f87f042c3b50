"""
One model, averaged folds or an ensemble
========================================

After the search, the winner is fitted on all rows by default.
``final_model`` can average models that the search has fitted anyway.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
models = {
    final_model: AutoTunedClassifier(
        DecisionTreeClassifier(),
        strategy="random",
        budget=25,
        scoring="neg_log_loss",
        final_model=final_model,
        random_state=0,
    ).fit(X_train, y_train)
    for final_model in ("refit", "folds", "ensemble")
}

# %%
# A single tree varies a lot with its rows, so averages are better here.
# They take as long to predict as all of their models together.
losses = {
    final_model: log_loss(y_test, model.predict_proba(X_test))
    for final_model, model in models.items()
}
fig, ax = plt.subplots(figsize=(6, 2.2), layout="constrained")
ax.bar_label(ax.barh(list(losses), list(losses.values())), fmt="%.3f", padding=4)
ax.set(xlabel="log loss on held-out rows (lower is better)", xlim=(0, 0.35))
ax.invert_yaxis()
plt.show()

# %%
# The ensemble draws on these trials, with these weights:
models["ensemble"].ensemble_weights_
