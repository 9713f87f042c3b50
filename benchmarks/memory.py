"""Peak memory of a search on one large array, against GridSearchCV.

    python benchmarks/memory.py             one array of 1 GB
    python benchmarks/memory.py --gb 0.2    a smaller one

Both searchers run the same candidates on the same two folds with two workers; ours under a budget
in seconds, so that its evaluations run in processes that can be killed. The model looks at a few
rows only: what is measured is what the searcher itself keeps and copies. Memory is the sum of the
proportional set sizes (pages that n processes share count 1/n in each) over all processes of the
search, sampled every 50 ms. Linux only.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

from autotune import AutoTunedClassifier, Budget

COLUMNS = 1000
CANDIDATES = 8
INTERVAL = 0.05  # seconds between two samples
LIMIT = 600.0  # seconds for one search
READY = "the data are there"
SEARCHERS = ("GridSearchCV", "autotune")


class FewRows(ClassifierMixin, BaseEstimator):
    """A classifier that looks at the sums of a few rows, and takes its time."""

    def __init__(self, a=0):
        self.a = a

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.mean_ = X[:10].sum() / 10
        time.sleep(0.3)  # so that both workers hold their folds at the same time
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def child(name: str, gigabytes: float) -> None:
    """Make the data, say so, and search."""
    warnings.simplefilter("ignore")
    rows = int(gigabytes * 1e9 / 8 / COLUMNS)
    X, y = np.random.default_rng(0).random((rows, COLUMNS)), np.arange(rows) % 2
    time.sleep(1.0)  # for some samples of the data alone
    print(READY, flush=True)
    space = {"a": list(range(CANDIDATES))}
    search: Any = GridSearchCV(FewRows(), space, cv=2, n_jobs=2)
    if name == "autotune":
        search = AutoTunedClassifier(
            FewRows(),
            space,
            strategy="grid",
            include_default=False,
            cv=2,
            n_jobs=2,
            budget=Budget(seconds=LIMIT),
        )
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).sum() == CANDIDATES


def processes_of(session: int, known: set[int]) -> set[int]:
    """Return the live processes of a session, and the descendants of those and of known ones."""
    parents = {}
    family = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        number = int(entry.name)
        parents[number] = int(fields[1])
        if number in known or int(fields[3]) == session:
            family.add(number)
    grown = True
    while grown:
        children = {child for child, parent in parents.items() if parent in family} - family
        family |= children
        grown = bool(children)
    return family


def proportional_size(process: int) -> int:
    """Return the bytes of a process, shared pages counted in parts; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def measure(name: str, gigabytes: float) -> tuple[float, float, float]:
    """Return gigabytes before the search, gigabytes at its peak, and its seconds."""
    command = [sys.executable, __file__, "--gb", str(gigabytes), "--child", name]
    before = peak = began = 0.0
    known: set[int] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        while process.poll() is None:
            known = processes_of(process.pid, known)
            size = sum(map(proportional_size, known)) / 1e9
            if not began and process.stdout.read():
                began = time.perf_counter()
            if began:
                peak = max(peak, size)
            else:
                before = size
            time.sleep(INTERVAL)
        if process.returncode:
            raise RuntimeError(f"the search with {name} ended with code {process.returncode}")
    return before, peak, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=1.0, help="size of the array")
    parser.add_argument("--rounds", type=int, default=3, help="searches of each kind")
    parser.add_argument("--child", choices=SEARCHERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, args.gb)
        return
    print(f"\n## Peak memory on an array of {args.gb:g} GB (n_jobs=2, two folds)\n")
    print("| searcher | before GB | median peak GB | highest peak GB | wall s |")
    print("| --- | --- | --- | --- | --- |")
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SEARCHERS}
    for _ in range(args.rounds):  # in turns, so that a busy machine is busy for both
        for name in SEARCHERS:
            rows[name].append(measure(name, args.gb))
    for name, measured in rows.items():
        before, peak, wall = (statistics.median(values) for values in zip(*measured, strict=True))
        highest = max(row[1] for row in measured)
        print(f"| {name} | {before:.2f} | {peak:.2f} | {highest:.2f} | {wall:.1f} |")
    ours, peers = (statistics.median(row[1] for row in rows[n]) for n in reversed(SEARCHERS))
    print(f"\nautotune's peak is {ours / peers:.2f} of GridSearchCV's.")


if __name__ == "__main__":
    main()
