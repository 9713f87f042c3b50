"""
One model, averaged folds or an ensemble
========================================

After the search, the winner is fitted on all rows by default.
``final_model`` can average models that the search has fitted anyway.
"""

# %%
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
for final_model, model in models.items():
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{final_model:9} log loss on held-out rows {loss:.3f}")

# %%
# The ensemble draws on these trials, with these weights:
models["ensemble"].ensemble_weights_
