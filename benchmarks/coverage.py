"""The bias of the expected score, and how often its interval holds the truth.

    python benchmarks/coverage.py --out draws.jsonl --minutes 15     continues the file
    python benchmarks/coverage.py --data tuning --label before --out draws.jsonl
    python benchmarks/coverage.py --report draws.jsonl               runs nothing

A draw takes 200, 500 or 2,000 rows at random from a large set, tunes a cheap model on them with
the whole ``fit`` (the default strategy, five folds, a budget in trials), and scores the final
model on the rest of the set: the truth. Half of the draws are from a set whose labels were
permuted, where nothing can be learnt and all of ``best_score_`` above chance is selection bias.

``best_score_`` differs from the truth for two reasons: the winner was selected by it, and its
models were fitted on four fifths of the rows. So the winner's models of the five folds are scored
on the rest of the set, too: the *optimism* is what ``best_score_`` is above their mean, and the
bias of either score is given against both truths.

The sets are KEEL's with more than 5,000 rows and at most ten classes, and generators of
scikit-learn; what is chosen is chosen on the half ``tuning``. A round is one draw of every cell
(data set, model, rows, kind of labels), in random order.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import keel
import numpy as np
from race_report import read
from scipy.stats import binomtest
from sklearn.base import ClassifierMixin, clone
from sklearn.datasets import make_classification, make_gaussian_quantiles, make_hastie_10_2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from versions import versions

from autotune import AutoTunedClassifier

TUNING = ("magic", "marketing", "penbased", "satimage", "classification", "noisy")
REPORT = ("banana", "optdigits", "phoneme", "ring", "twonorm", "hastie", "quantiles")
GENERATED = 20_000  # rows
GENERATORS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "classification": lambda: make_classification(GENERATED, 20, n_informative=5, random_state=0),
    "noisy": lambda: make_classification(
        GENERATED, 20, n_informative=5, n_classes=3, flip_y=0.4, random_state=1
    ),
    "hastie": lambda: make_hastie_10_2(GENERATED, random_state=0),
    "quantiles": lambda: make_gaussian_quantiles(
        n_samples=GENERATED, n_features=10, n_classes=3, random_state=0
    ),
}
MODELS: dict[str, tuple[ClassifierMixin, dict[str, Any]]] = {  # and the space
    "tree": (
        DecisionTreeClassifier(random_state=0),
        {
            "max_depth": (1, 20),
            "min_samples_leaf": (1, 50, "log-uniform"),
            "max_features": (0.1, 1.0),
            "criterion": ["gini", "entropy"],
        },
    ),
    "neighbors": (
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        {
            "kneighborsclassifier__n_neighbors": (1, 50, "log-uniform"),
            "kneighborsclassifier__weights": ["uniform", "distance"],
            "standardscaler": [StandardScaler(), None],
        },
    ),
    "logistic": (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=50, tol=1e-3)),
        {
            "logisticregression__C": (1e-4, 1.0, "log-uniform"),
            "logisticregression__class_weight": [None, "balanced"],
        },
    ),
}
ROWS = (200, 500, 2000)
FOLDS = 5
TRIALS = 30
SCORED = 5000  # rows of the rest at most

HEADER = (
    "draws",
    "optimism",
    "bias of best_score_",
    "bias of expected_score_",
    "bias against the folds' models",
    "coverage",
    "truth below / above",
)

Record = dict[str, Any]
KEYS = ("label", "data", "model", "rows", "permuted", "seed")


@cache
def load(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the features and the classes of a whole set."""
    if data in GENERATORS:
        return GENERATORS[data]()
    X, y = keel.load(data)
    return X.to_numpy(dtype=float), y.to_numpy(dtype=str)


def seed_of(cell: Record) -> int:
    """Return the seed of a draw, which the versions that are compared share."""
    return crc32(json.dumps([cell[name] for name in KEYS[1:]]).encode())


def draw(cell: Record) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the features and the classes of the rows drawn, and of the rest."""
    X, y = load(cell["data"])
    rng = np.random.RandomState(seed_of(cell))
    order = rng.permutation(len(y))
    if cell["permuted"]:
        y = rng.permutation(y)
    rows, rest = order[: cell["rows"]], order[cell["rows"] :][:SCORED]
    return X[rows], y[rows], X[rest], y[rest]


def tune(cell: Record) -> Record:
    """Tune on the rows drawn; return what was said of new data and what is true."""
    X, y, X_rest, y_rest = draw(cell)
    model, space = MODELS[cell["model"]]
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed_of(cell))
    folds = list(splitter.split(X, y))
    tuned = AutoTunedClassifier(
        model, space, budget=TRIALS, cv=folds, random_state=seed_of(cell)
    ).fit(X, y)
    winner = clone(model).set_params(**tuned.best_params_)
    low, high = tuned.expected_score_interval_
    return {
        "best": tuned.best_score_,
        "expected": tuned.expected_score_,
        "low": low,
        "high": high,
        "truth": tuned.score(X_rest, y_rest),
        "fold_truth": float(
            np.mean([winner.fit(X[train], y[train]).score(X_rest, y_rest) for train, _ in folds])
        ),
        "dropped": sum(trial.status == "dropped" for trial in tuned.history_),
    }


def cells(args: argparse.Namespace) -> Iterator[Record]:
    """Yield the cells of each round in random order, so that a part of a round is a sample."""
    for seed in range(args.rounds):
        every = list(product([args.label], args.data_sets, MODELS, ROWS, (False, True), [seed]))
        for place in np.random.RandomState(seed).permutation(len(every)):
            yield dict(zip(KEYS, every[place], strict=True))


def key(cell: Record) -> tuple[Any, ...]:
    """Return what tells cells apart."""
    return tuple(cell[name] for name in KEYS)


def run(args: argparse.Namespace) -> list[Record]:
    """Tune on draws that the file does not have; return all that it has in the end."""
    path = Path(args.out)
    path.touch()
    records = read([path])
    known = {key(record) for record in records}
    start = time.monotonic()
    for cell in cells(args):
        if time.monotonic() - start > 60 * args.minutes:
            break
        if key(cell) not in known:
            records.append(cell | tune(cell))
            with path.open("a") as file:
                file.write(json.dumps(records[-1]) + "\n")
    return records
    return records


def mean(values: Iterable[float]) -> str:
    """Return a mean of independent draws with its 95 % interval."""
    array = np.array(list(values))
    half = 1.96 * array.std(ddof=1) / math.sqrt(len(array)) if len(array) > 1 else math.nan
    return f"{array.mean():+.4f} ± {half:.4f}"


def share(hits: list[bool]) -> str:
    """Return a share with Wilson's 95 % interval.

    Draws are independent given the cells, and shares that differ between cells make the binomial
    interval wider than it need be.
    """
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{np.mean(hits):.3f} ({low:.3f} to {high:.3f})"


def row(name: str, records: list[Record]) -> str:
    """Return a line of a table."""
    below = [r["truth"] < r["low"] for r in records]
    above = [r["truth"] > r["high"] for r in records]
    entries = (
        str(len(records)),
        mean(r["best"] - r["fold_truth"] for r in records),
        mean(r["best"] - r["truth"] for r in records),
        mean(r["expected"] - r["truth"] for r in records),
        mean(r["expected"] - r["fold_truth"] for r in records),
        share([not (b or a) for b, a in zip(below, above, strict=True)]),
        f"{np.mean(below):.3f} / {np.mean(above):.3f}",
    )
    return f"| {name} | " + " | ".join(entries) + " |"


def print_tables(records: list[Record]) -> None:
    """Print a table for each label and kind of labels."""
    for label in dict.fromkeys(record["label"] for record in records):
        for permuted in (False, True):
            chosen = [r for r in records if (r["label"], r["permuted"]) == (label, permuted)]
            if not chosen:
                continue
            title = "permuted labels" if permuted else "real labels"
            print(f"\n### {title}" + (f", {label}" if label else "") + "\n")
            print("|  | " + " | ".join(HEADER) + " |")
            print("| --- " * (len(HEADER) + 1) + "|")
            for name in ("rows", "model", "data"):
                for value in sorted({r[name] for r in chosen}):
                    unit = " rows" if name == "rows" else ""
                    print(row(f"{value}{unit}", [r for r in chosen if r[name] == value]))
            print(row("all", chosen))


def data_sets(names: list[str]) -> list[str]:
    """Return the data sets that were named, those of a half for its name."""
    halves = {"tuning": TUNING, "report": REPORT}
    return [data for name in names for data in halves.get(name, (name,))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["report"], help="tuning, report, or names")
    parser.add_argument("--label", default="", help="tells versions apart within one file")
    parser.add_argument("--minutes", type=float, default=math.inf, help="starts no draw after")
    parser.add_argument("--rounds", type=int, default=10, help="draws of each cell")
    parser.add_argument("--out", help="JSON lines: draws found there are not made again")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="tables of such files only")
    args = parser.parse_args()
    args.data_sets = data_sets(args.data)
    if not (args.out or args.report):
        parser.error("--out or --report is needed")
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    records = read([Path(name) for name in args.report]) if args.report else run(args)
    print(f"Python {sys.version.split()[0]}, {versions('autotune-sklearn', 'scikit-learn')}")
    print_tables(records)


if __name__ == "__main__":
    main()
