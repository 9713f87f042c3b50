"""How many more evaluations two Dask workers give than one, for fits of one second.

The fit sleeps, so the processor is no limit. Starts real worker processes on this machine and
prints, for one and two workers, the evaluations of a search of ``--seconds`` seconds, then their
ratio; the exit code is 1 if it is below 1.8.

    python benchmarks/dask_scaling.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.base import BaseEstimator, ClassifierMixin

from autotune import AutoTunedClassifier

REQUIRED = 1.8


class Sleeper(ClassifierMixin, BaseEstimator):
    """Sleeps for a second in ``fit``; ``C`` has no effect."""

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, X: Any, y: Any) -> Sleeper:
        time.sleep(1.0)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        return np.full(len(X), self.classes_[0])


def count_evaluations(n_workers: int, seconds: float) -> int:
    """Return how many evaluations a search ends within a number of seconds."""
    X, y = np.zeros((1000, 100)), np.arange(1000) % 2
    budget = int(seconds) * n_workers  # more trials than can end in time, with their two folds
    model = AutoTunedClassifier(
        Sleeper(), {"C": (0.0, 1.0)}, strategy="random", budget=budget, cv=2, refit=False
    )
    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        model.fit(X, y)
    return sum(e.ended <= seconds for e in model.history_.evaluations())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    counts = {n: count_evaluations(n, seconds) for n in (1, 2)}
    for n_workers, count in counts.items():
        print(f"{n_workers} worker(s): {count} evaluations of 1 s in {seconds:g} s")
    ratio = counts[2] / counts[1]
    print(f"ratio: {ratio:.2f} (at least {REQUIRED})")
    return 0 if ratio >= REQUIRED else 1


if __name__ == "__main__":
    sys.exit(main())
