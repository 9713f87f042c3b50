"""
Continue after an interruption
==============================

With ``storage`` every evaluation is in a file before the next configuration is proposed.
This search is interrupted, continued and extended.
"""

# %%
# The metric counts how often it is called, and interrupts the first search after 18 evaluations.
# A process that is killed leaves the same file behind.
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, TuningDisplay, read_history

X, y = load_breast_cancer(return_X_y=True)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "tuning.db"
calls = []


class Tree(DecisionTreeClassifier):
    def fit(self, X, y):
        calls.append(len(X))
        if len(calls) == 18:
            raise KeyboardInterrupt
        return super().fit(X, y)


def tune(budget):
    model = AutoTunedClassifier(
        Tree(),
        {"max_depth": (1, 12), "min_samples_leaf": (1, 40, "log-uniform")},
        strategy="random",
        budget=budget,
        storage=path,
        random_state=0,
    )
    return model.fit(X, y)


try:
    tune(budget=10)
except KeyboardInterrupt:
    print(f"interrupted, with {len(read_history(path))} evaluations in the file")

# %%
# The same call continues. It repeats no evaluation that had ended.
calls_before = len(calls)
model = tune(budget=10)
print(f"{len(calls) - calls_before} more fits, the last one on all rows")
print(f"{len(read_history(path))} evaluations of {len(model.history_)} trials")

# %%
# A larger budget adds trials to the same search.
model = tune(budget=15)
print(f"{len(model.history_)} trials, best score {model.best_score_:.4f}")
TuningDisplay.from_estimator(model, kind="parameters")

# %%
# The file can be read at any time, also while a search is writing it.
history = read_history(path)
print(history.groupby("trial")["score_score"].mean().round(4).nlargest(5).to_string())
folder.cleanup()
