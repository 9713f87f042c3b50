"""Time and memory of what folds leave behind, as ratios to a search that keeps nothing.

    python benchmarks/kept.py                  100,000 rows, three searches of each kind
    python benchmarks/kept.py --rows 20000     fewer rows

Each search runs in a process of its own, the kinds in turns; a second one there counts the memory
that Python and numpy allocate at most at the same time. "Last fit" is what makes the final model.
"""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import SGDClassifier

from autotune import AutoTunedClassifier

MODELS: dict[str, Any] = {
    "boosting": HistGradientBoostingClassifier(max_iter=20),
    "linear": SGDClassifier(max_iter=5, tol=None),
}
KINDS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "predictions": {"keep_predictions": True},
    "predictions, in a file": {"keep_predictions": True, "storage": "tuning.db"},
    "models of folds": {"final_model": "folds"},
    "for an ensemble": {"final_model": "ensemble"},
}


def child(model: str, kind: str, n_rows: int, n_trials: int) -> None:
    """Search, and print what it took as JSON."""
    warnings.simplefilter("ignore")
    X, y = make_classification(n_rows, 20, n_informative=8, flip_y=0.1, random_state=0)
    settings = dict(KINDS[kind])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tuning.db"
        if "storage" in settings:
            settings["storage"] = path
        tuned = AutoTunedClassifier(
            MODELS[model], strategy="random", budget=n_trials, random_state=0, **settings
        )
        start = time.perf_counter()
        tuned.fit(X, y)
        seconds = time.perf_counter() - start
        file = path.stat().st_size if path.exists() else 0
        path.unlink(missing_ok=True)
        tracemalloc.start()
        clone(tuned).fit(X, y)
        memory = tracemalloc.get_traced_memory()[1]
    found = {
        "time": seconds,
        "memory": memory,
        "pickle": len(pickle.dumps(tuned)) - len(pickle.dumps(tuned.best_estimator_)),
        "file": file,
        "last": tuned.refit_time_,
    }
    print(json.dumps(found))


def measure(model: str, kind: str, args: argparse.Namespace) -> dict[str, float]:
    """Return what a search in a process of its own takes."""
    command = [sys.executable, __file__, "--child", model, kind]
    command += ["--rows", str(args.rows), "--trials", str(args.trials)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3, help="searches of each kind")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(*args.child, args.rows, args.trials)
        return
    print(f"\n## What is kept of folds ({args.rows:,} rows, {args.trials} trials)\n")
    print("| model | kept | time ratio | memory ratio | pickle MB | file MB | last fit ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for model in MODELS:
        rounds = [{k: measure(model, k, args) for k in KINDS} for _ in range(args.rounds)]
        medians = {
            kind: {
                name: statistics.median(each[kind][name] for each in rounds)
                for name in rounds[0][kind]
            }
            for kind in KINDS
        }
        plain = medians["nothing"]
        for kind, found in medians.items():
            ratios = [f"{found[name] / plain[name]:.2f}" for name in ("time", "memory")]
            sizes = [f"{found[name] / 1e6:.1f}" for name in ("pickle", "file")]
            last = f"{found['last'] / plain['last']:.2f}"
            print("| " + " | ".join([model, kind, *ratios, *sizes, last]) + " |", flush=True)


if __name__ == "__main__":
    main()
