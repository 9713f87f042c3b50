"""What tuning costs beyond the fits, against scikit-learn's and other searchers.

    python benchmarks/overhead.py            everything, some minutes
    python benchmarks/overhead.py --quick    fewer repetitions

Three tables: milliseconds of processor time per trial for a model that costs nothing; the
share of wall time not spent in fits for a real model; what a budget in seconds, under which
evaluations run in processes that can be killed, loses against the same loop in this process.
All searchers of a table take turns in the same run, so that a busy machine is busy for all.
Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from versions import versions

from autotune import AutoTunedClassifier, Budget

COMPARED = ("scikit-learn", "scikit-optimize", "optuna", "optuna-integration", "numpy", "scipy")

N_TRIALS = 50
FOLDS = 5


class Free(ClassifierMixin, BaseEstimator):
    """A classifier whose fit and score cost nothing."""

    def __init__(self, a=0.5, b=0.5):
        self.a = a
        self.b = b

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def score(self, X, y):
        return 1.0 - (self.a - 0.3) ** 2 - (self.b - 0.6) ** 2


def free_searchers() -> dict[str, Callable[[], Any]]:
    """Return one maker per searcher, all with the same number of trials."""
    a, b = list(np.linspace(0, 1, 10)), list(np.linspace(0, 1, 5))
    choices, ranges = {"a": a, "b": b}, {"a": (0.0, 1.0), "b": (0.0, 1.0)}
    ours = partial(AutoTunedClassifier, Free(), include_default=False, random_state=0, cv=FOLDS)
    makers: dict[str, Callable[[], Any]] = {
        "GridSearchCV": partial(GridSearchCV, Free(), choices, cv=FOLDS),
        "autotune grid": partial(ours, choices, strategy="grid"),
        "RandomizedSearchCV": partial(
            RandomizedSearchCV,
            Free(),
            {"a": uniform(), "b": uniform()},
            n_iter=N_TRIALS,
            cv=FOLDS,
            random_state=0,
        ),
        "autotune random": partial(ours, ranges, strategy="random", budget=N_TRIALS),
        "autotune bayes": partial(ours, ranges, strategy="bayes", budget=N_TRIALS),
    }
    return makers | bayesian_peers()


def bayesian_peers() -> dict[str, Callable[[], Any]]:
    """Return the makers of those model-based searchers that are installed."""
    makers: dict[str, Callable[[], Any]] = {}
    try:
        from skopt import BayesSearchCV

        makers["BayesSearchCV"] = partial(
            BayesSearchCV,
            Free(),
            {"a": (0.0, 1.0), "b": (0.0, 1.0)},
            n_iter=N_TRIALS,
            cv=FOLDS,
            random_state=0,
        )
    except ImportError:
        print("(BayesSearchCV is left out: scikit-optimize is not installed)")
    try:
        import optuna
        from optuna_integration import OptunaSearchCV

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        distributions = {name: optuna.distributions.FloatDistribution(0, 1) for name in "ab"}
        makers["OptunaSearchCV"] = partial(
            OptunaSearchCV, Free(), distributions, n_trials=N_TRIALS, cv=FOLDS, random_state=0
        )
    except ImportError:
        print("(OptunaSearchCV is left out: pip install optuna-integration[sklearn])")
    return makers


def per_trial(rounds: int) -> None:
    """Print the first table."""
    X, y = np.zeros((200, 5)), np.arange(200) % 2
    makers = free_searchers()
    slow = {"autotune bayes", "BayesSearchCV"}
    spent: dict[str, list[float]] = {name: [] for name in makers}
    for turn in range(rounds + 1):  # the first turn warms up
        for name, make in makers.items():
            if name in slow and turn > max(1, rounds // 4):
                continue
            start = time.process_time()
            make().fit(X, y)
            if turn:
                spent[name].append((time.process_time() - start) / N_TRIALS * 1e3)
    medians = {name: statistics.median(times) for name, times in spent.items()}
    references = {"bayes": "BayesSearchCV", "grid": "GridSearchCV", "random": "GridSearchCV"}
    print(f"\n## Milliseconds of processor time per trial ({N_TRIALS} trials, {FOLDS} folds)\n")
    print("| searcher | ms per trial | ratio |\n| --- | --- | --- |")
    for name, median in medians.items():
        reference = references.get(name.removeprefix("autotune "))
        ratio = ""
        if reference in medians:
            ratio = f"{median / medians[reference]:.2f} of {reference}'s"
        print(f"| {name} | {median:.2f} | {ratio} |")


def parallel(rounds: int) -> None:
    """Print the second table."""
    X, y = load_digits(return_X_y=True)
    space = {"C": list(np.geomspace(0.1, 10, 4)), "gamma": list(np.geomspace(3e-4, 3e-3, 5))}
    print("\n## Wall time beyond the fits (SVC on digits, 20 trials, 5 folds)\n")
    print("| searcher | n_jobs | wall s | fits and scores s | beyond (fits / n_jobs) |")
    print("| --- | --- | --- | --- | --- |")
    rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for n_jobs in (1, 2):
            ours = AutoTunedClassifier(
                SVC(), space, strategy="grid", include_default=False, n_jobs=n_jobs, refit=False
            )
            peer = GridSearchCV(SVC(), space, n_jobs=n_jobs, refit=False)
            for name, searcher in (("GridSearchCV", peer), ("autotune grid", ours)):
                start = time.perf_counter()
                searcher.fit(X, y)
                wall = time.perf_counter() - start
                results = searcher.cv_results_
                busy = results["mean_fit_time"].sum() + results["mean_score_time"].sum()
                rows.setdefault((name, n_jobs), []).append((wall, FOLDS * busy))
                if name == "autotune grid" and n_jobs == 2:
                    rows.setdefault(("autotune grid, workers up", 2), []).append(_after_start(ours))
    for (name, n_jobs), pairs in sorted(rows.items()):
        wall = statistics.median(w for w, _ in pairs)
        busy = statistics.median(b for _, b in pairs)
        beyond = statistics.median(n_jobs * w / b - 1 for w, b in pairs)
        print(f"| {name} | {n_jobs} | {wall:.2f} | {busy:.2f} | {beyond:+.1%} |")


def _after_start(searcher: AutoTunedClassifier) -> tuple[float, float]:
    """Return wall time and work from the first evaluation's start to the last one's end."""
    evaluations = list(searcher.history_.evaluations())
    wall = max(e.ended for e in evaluations) - min(e.started for e in evaluations)
    return wall, sum(e.fit_time + e.score_time for e in evaluations)


def killable(rounds: int) -> None:
    """Print the third table."""
    X, y = load_digits(return_X_y=True)
    print("\n## A budget in seconds against the same loop in this process (SVC on digits)\n")
    print("| rows | ms per evaluation | evaluations lost once workers run | first result after s |")
    print("| --- | --- | --- | --- |")
    for n_rows in (300, 800, 1797):
        lost, start, cost = [], [], []
        for _ in range(rounds):
            rates = []
            for budget in (Budget(trials=30), Budget(trials=30, seconds="10min")):
                model = AutoTunedClassifier(
                    SVC(), strategy="random", random_state=0, budget=budget, refit=False
                ).fit(X[:n_rows], y[:n_rows])
                wall, work = _after_start(model)
                rates.append(len(list(model.history_.evaluations())) / wall)
            lost.append(1 - rates[1] / rates[0])
            first = min(model.history_.evaluations(), key=lambda e: e.ended)
            start.append(first.ended - first.fit_time - first.score_time)
            cost.append(1e3 * work / len(list(model.history_.evaluations())))
        medians = [statistics.median(values) for values in (cost, lost, start)]
        print(f"| {n_rows} | {medians[0]:.1f} | {medians[1]:+.1%} | {medians[2]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    rounds = 3 if parser.parse_args().quick else 9
    warnings.simplefilter("ignore")  # what the peers warn of is not the subject
    print(versions(*COMPARED))
    with threadpool_limits(1):
        per_trial(rounds)
        parallel(max(1, rounds // 3))
        killable(max(1, rounds // 3))


if __name__ == "__main__":
    main()
