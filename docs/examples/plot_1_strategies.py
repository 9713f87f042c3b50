"""
Compare strategies
==================

Four strategies tune the same model over the same space, on the same folds, with 25 trials each.
They differ in which configurations they try and in how many evaluations they need.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), SVC())
space = {
    "svc__C": (1e-2, 1e3, "log-uniform"),
    "svc__gamma": (1e-5, 1e1, "log-uniform"),
}
searches = {
    strategy: AutoTunedClassifier(
        model, space, strategy=strategy, budget=25, random_state=0
    ).fit(X, y)
    for strategy in ("random", "bayes", "racing", "auto")
}

# %%
# ``"random"`` and ``"bayes"`` evaluate every trial on all five folds.
# ``"racing"`` and ``"auto"`` stop a trial that can no longer win, so they need fewer evaluations.
print("strategy  evaluations  best score")
for strategy, search in searches.items():
    n_evaluations = len(search.history_.to_frame())
    print(f"{strategy:8}  {n_evaluations:11}  {search.best_score_:10.4f}")

# %%
# The best complete trial so far, against the number of evaluations.
# On a problem as easy as this one the strategies end close together; what differs is the way there.
# The `benchmarks <../benchmarks.html>`__ compare them, and other tuners, on many data sets.
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for strategy, search in searches.items():
    frame = search.history_.to_frame()
    folds = frame.groupby("trial")["score_score"].agg(["size", "mean"])
    complete = folds["mean"].where(folds["size"] == search.n_splits_)
    ax.step(
        folds["size"].cumsum(), complete.cummax().ffill(), where="post", label=strategy
    )
ax.set(xlabel="evaluations", ylabel="best accuracy so far")
ax.legend(frameon=False)
plt.show()
