"""What racing saves, and what it loses, on real matrices of fold scores.

    python benchmarks/racing.py             about a quarter of an hour on one core
    python benchmarks/racing.py --quick     two data sets, two minutes

For each data set and model, 40 random configurations of the built-in space are evaluated on
all folds once. Then the scheduler of ``strategy="racing"`` is run on the stored scores, trial
after trial, in many random orders: what it asks for is counted, the rest is known. A *false
drop* is a dropped trial whose mean over all folds is above that of the trial that it was
dropped for. The data sets are those of ``keel.REPORT``; the rule was taken from sweeps on
others.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from importlib.metadata import version

import keel
import numpy as np
from race_tasks import make_pipeline
from sklearn.base import clone
from sklearn.model_selection import (
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)

from autotune.defaults import auto_space
from autotune.history import COMPLETE, DROPPED, Evaluation, History
from autotune.schedule import Racing
from autotune.space import Space

DATA = ("contraceptive", "german", "mammographic", "segment", "tic-tac-toe", "vowel")
MODELS = {"SVC": "accuracy", "LogisticRegression": "neg_log_loss", "RandomForest": "neg_log_loss"}
CONFIGURATIONS = 40
ORDERS = 50
MAX_ROWS = 1000
EPS = (0.0, 0.02, 0.05)


def splitters() -> dict[str, object]:
    """Return what makes the folds."""
    return {
        "3 folds": StratifiedKFold(3, shuffle=True, random_state=0),
        "5 folds": StratifiedKFold(5, shuffle=True, random_state=0),
        "10 folds": StratifiedKFold(10, shuffle=True, random_state=0),
        "2 x 5 folds": RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0),
    }


def matrix(name: str, model: str, splitter: object) -> np.ndarray:
    """Return the scores of random configurations, shape (n_configurations, n_folds)."""
    X, y = keel.load(name)
    if len(y) > MAX_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=MAX_ROWS, stratify=y, random_state=0)
    pipeline = make_pipeline(model)
    space, rng = Space.parse(auto_space(pipeline)), np.random.RandomState(0)
    rows = []
    for _ in range(CONFIGURATIONS):
        candidate = clone(pipeline).set_params(**space.sample(rng))
        rows.append(cross_val_score(candidate, X, y, cv=splitter, scoring=MODELS[model]))
    scores = np.array(rows)
    return scores[np.isfinite(scores).all(axis=1)]


def race(scores: np.ndarray, seed: int, eps: float) -> tuple[int, int, int, bool]:
    """Return evaluations, drops, false drops, and whether the winner is the best of all."""
    n_trials, n_folds = scores.shape
    order = np.random.RandomState(seed).permutation(n_trials)
    history, scheduler = History(n_folds, "score"), Racing(n_folds, seed, eps)
    means = scores.mean(axis=1)
    n_evaluations = n_false = 0
    for row in order:
        trial = history.add({"row": int(row)}, "random")
        scheduler.begin(trial)
        while (request := scheduler.next()) is not None:
            score = {"score": float(scores[row, request.fold])}
            evaluation = Evaluation(trial.number, request.fold, scores=score)
            history.record(evaluation)
            n_evaluations += 1
            for ended, status in scheduler.report(evaluation, history):
                history.set_status(ended, status)
        if trial.status == DROPPED:
            complete = [t for t in history if t.status == COMPLETE]
            n_false += means[row] > max(means[t.params["row"]] for t in complete)
    n_dropped = sum(trial.status == DROPPED for trial in history)
    best = max(means[t.params["row"]] for t in history if t.status == COMPLETE)
    return n_evaluations, n_dropped, int(n_false), bool(best >= means.max())


def report(matrices: list[np.ndarray]) -> Iterator[str]:
    """Yield a cell for each rule."""
    for eps in EPS:
        found = [race(scores, seed, eps) for scores in matrices for seed in range(ORDERS)]
        evaluations, dropped, false, best = np.array(found, dtype=float).sum(axis=0)
        whole = sum(scores.size for scores in matrices) * ORDERS
        share = false / dropped if dropped else 0.0
        yield f"{whole / evaluations:.2f} / {share:.3f} / {best / len(found):.2f}"


def main() -> None:
    """Print a row for each kind of folds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two data sets")
    data = DATA[2:4] if parser.parse_args().quick else DATA
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    print(f"scikit-learn {version('scikit-learn')}, {', '.join(data)}, {ORDERS} orders each\n")
    print("Speed-up / false drops of all drops / share of races won by the best of all\n")
    print("| folds | " + " | ".join("off" if not eps else f"eps={eps:g}" for eps in EPS) + " |")
    print("| --- " * (len(EPS) + 1) + "|")
    for name, splitter in splitters().items():
        matrices = [matrix(each, model, splitter) for each in data for model in MODELS]
        print(f"| {name} | " + " | ".join(report(matrices)) + " |", flush=True)


if __name__ == "__main__":
    main()
