"""Random search over the built-in spaces and over published ones: held-out scores by trials.

    python benchmarks/spaces.py --out cells.jsonl                        continues the file
    python benchmarks/spaces.py --data tuning --families SVC --out cells.jsonl
    python benchmarks/spaces.py --report cells.jsonl                     runs nothing

The published spaces are those of mlr3tuningspaces: ``default`` (Bischl et al. 2021) and ``rbv2``
(Binder et al. 2020), written as parameters of scikit-learn and XGBoost; what a space does not
search stays as the model has it. A cell is a family of models, a data set of KEEL (``keel.py``)
and a seed. From each space as many configurations are drawn as the most trials; each is fitted on
three folds of at most 400 rows, and scored on the rest of the fold and on the rows held out.
A search of n trials takes the configuration with the best mean over the folds; its score
is the mean over all choices of n of the drawn ones, so that their order is no noise. With
``--used``, *used* is ``strategy="auto"`` over our space: one search, which begins with the
starting points.

Scores are normalised per cell by the drawn configurations of all three spaces on the rows held
out: 0 is their median, 1 the best of them, and -1 the least. Trials are counted, not seconds, so
that other load on the machine changes nothing. Every finished cell goes to the file given by
``--out`` at once.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keel
import numpy as np
import race_report
from portfolios import data
from race import note
from race_tasks import make_pipeline
from sklearn import set_config
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from versions import versions

from autotune import AutoTunedClassifier
from autotune.defaults import auto_space
from autotune.space import Space

FOLDS = 3
ROWS = 400
HELD_OUT = 600  # rows at most
TRIALS = (10, 25, 50)
HALVES = {
    "tuning": keel.TUNING + keel.MORE_TUNING,
    "report": keel.REPORT + keel.MORE_REPORT,
}
OURS, USED, DEFAULT = "ours", "used", "default"
PUBLISHED = ("bischl", "binder")
COLUMNS = (DEFAULT, *PUBLISHED, OURS, USED)
DIFFERENCES = ((OURS, "bischl"), (OURS, "binder"), (USED, OURS))
ROUNDS = 500  # at most; published are 5000, which no small machine can afford
TREES = 30

Params = dict[str, Any]
Key = tuple[str, str, int]  # data, family, seed


def log(low: float, high: float) -> tuple[float, float, str]:
    """Return a range on a logarithmic scale."""
    return (low, high, "log-uniform")


def svc(cost: float, kernels: tuple[str, ...]) -> Callable[[int], list[Params]]:
    """Return the space of a support vector machine: gamma not for linear, degree only for poly."""
    own = {"linear": {}, "poly": {"gamma": log(1e-4, cost), "degree": (2, 5)}}
    usual = {"gamma": log(1e-4, cost)}
    spaces = [{"kernel": [k], "C": log(1e-4, cost), **own.get(k, usual)} for k in kernels]
    return lambda n_rows: spaces


def forest(**more: Any) -> Callable[[int], list[Params]]:
    """Return the space of a forest: a sample of the rows only with bootstrap."""
    shared = {"max_features": (0.001, 1.0), **more}
    spaces = [
        {**shared, "bootstrap": [True], "max_samples": (0.1, 1.0)},
        {**shared, "bootstrap": [False]},
    ]
    return lambda n_rows: spaces


def linear(most: float) -> Callable[[int], list[Params]]:
    """Return the space of glmnet, whose penalty counts per row: C is 1 / (rows * penalty)."""

    def spaces(n_rows: int) -> list[Params]:
        penalty = log(1 / (most * n_rows), 1 / (1e-4 * n_rows))
        return [{"C": penalty, "l1_ratio": (0.0, 1.0), "solver": ["saga"], "max_iter": [300]}]

    return spaces


def fixed(**space: Any) -> Callable[[int], list[Params]]:
    """Return a space that does not depend on the rows."""
    return lambda n_rows: [space]


@dataclass(frozen=True)
class Family:
    """A model and its published spaces.

    Attributes
    ----------
    model : estimator
    bischl, binder : callable
        Return a space for a number of rows.
    scoring : {"accuracy", "neg_log_loss"}
        Accuracy where there are no probabilities, or where most of them are 0 and 1.
    classes : int
        The data sets are cut to as many of their largest classes.
    """

    model: Any
    bischl: Callable[[int], list[Params]]
    binder: Callable[[int], list[Params]]
    scoring: str = "neg_log_loss"
    classes: int = 10

    @property
    def is_tree(self) -> bool:
        """Whether the model takes columns as they are."""
        return hasattr(self.model, "max_depth")

    def spaces(self, X: np.ndarray, y: np.ndarray) -> dict[str, Space]:
        """Return the spaces by their names."""
        n_rows = len(y) * (FOLDS - 1) // FOLDS
        return {
            OURS: Space.parse(auto_space(self.model, X=X, y=y)),
            "bischl": Space.parse(self.bischl(n_rows)),
            "binder": Space.parse(self.binder(n_rows)),
        }


def xgboost() -> Any:
    """Return the model, which the other families do not need."""
    from xgboost import XGBClassifier

    return XGBClassifier(n_jobs=1, random_state=0, verbosity=0)


# kknn has nine kernels, scikit-learn two of them, and p in 1..5, of which all but 1 and 2 take
# scikit-learn many times as long; cp of rpart is relative to the root, whose impurity is below 1.
_XGBOOST = {
    "learning_rate": log(1e-4, 1.0),
    "subsample": (0.1, 1.0),
    "reg_lambda": log(1e-3, 1e3),
    "reg_alpha": log(1e-3, 1e3),
}
FAMILIES: dict[str, Callable[[], Family]] = {
    "SVC": lambda: Family(
        SVC(max_iter=20_000, random_state=0),
        svc(1e4, ("poly", "rbf", "sigmoid", "linear")),
        svc(1e3, ("linear", "poly", "rbf")),
        "accuracy",
    ),
    "LogisticRegression": lambda: Family(
        LogisticRegression(random_state=0), linear(1e4), linear(1e3)
    ),
    "KNeighbors": lambda: Family(
        KNeighborsClassifier(),
        fixed(n_neighbors=log(1, 50), p=[1, 2], weights=["uniform", "distance"]),
        fixed(n_neighbors=(1, 30)),
        "accuracy",
    ),
    "DecisionTree": lambda: Family(
        DecisionTreeClassifier(random_state=0),
        fixed(min_samples_split=log(2, 128), min_samples_leaf=log(1, 64), ccp_alpha=log(1e-4, 0.1)),
        fixed(
            min_samples_split=(2, 100),
            min_samples_leaf=(1, 100),
            ccp_alpha=log(1e-4, 1.0),
            max_depth=(1, 30),
        ),
        "accuracy",
    ),
    "RandomForest": lambda: Family(
        RandomForestClassifier(TREES, random_state=0), forest(), forest(min_samples_leaf=(1, 100))
    ),
    "ExtraTrees": lambda: Family(
        ExtraTreesClassifier(TREES, random_state=0), forest(), forest(min_samples_leaf=(1, 100))
    ),
    "XGBoost": lambda: Family(
        xgboost(),
        fixed(
            n_estimators=(1, ROUNDS),
            max_depth=(1, 20),
            colsample_bytree=(0.1, 1.0),
            colsample_bylevel=(0.1, 1.0),
            **_XGBOOST,
        ),
        fixed(
            n_estimators=log(7, ROUNDS),
            max_depth=(1, 15),
            colsample_bytree=(0.01, 1.0),
            colsample_bylevel=(0.01, 1.0),
            min_child_weight=log(1.0, 100.0),
            gamma=log(1e-5, 7.0),
            **_XGBOOST | {"reg_lambda": log(1e-4, 1e3), "reg_alpha": log(1e-4, 1e3)},
        ),
        classes=3,
    ),
}


class Cell:
    """A family on the rows of a data set.

    Parameters
    ----------
    name, family : str
    seed : int
    """

    def __init__(self, name: str, family: str, seed: int):
        self.seed, self.family = seed, FAMILIES[family]()
        X, y = data(name, 10**9, self.family.classes)
        rows = min(ROWS, int(0.6 * len(y)))
        X, rest, y, truth = train_test_split(X, y, train_size=rows, stratify=y, random_state=seed)
        prepare = make_pipeline("HistGradientBoosting" if self.family.is_tree else "SVC")[0]
        self.X, self.rest = prepare.fit_transform(X), prepare.transform(rest[:HELD_OUT])
        classes, codes = np.unique(y, return_inverse=True)
        self.y, self.truth = codes, np.searchsorted(classes, truth[:HELD_OUT])

    @cached_property
    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The rows for training and for validation."""
        splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        return list(splitter.split(self.X, self.y))

    def losses(self, params: Params) -> tuple[float, float]:
        """Return the mean loss of a configuration over the folds and on the rows held out."""
        found = []
        for train, test in self.folds:
            model = clone(self.family.model).set_params(**params)
            model.fit(self.X[train], self.y[train])
            pairs = (self.X[test], self.y[test]), (self.rest, self.truth)
            found.append([self._loss(model, *pair) for pair in pairs])
        inner, outer = np.mean(found, axis=0)
        return float(inner), float(outer)

    def _loss(self, model: Any, X: np.ndarray, y: np.ndarray) -> float:
        """Return the loss of a fitted model on some rows."""
        if self.family.scoring == "neg_log_loss":
            return log_loss(y, model.predict_proba(X), labels=model.classes_)
        return 1 - accuracy_score(y, model.predict(X))

    def searched(self) -> list[tuple[float, float]]:
        """Return the losses of what a search as users run it has found after some trials."""
        search = AutoTunedClassifier(
            self.family.model,
            budget=TRIALS[-1],
            scoring=self.family.scoring,
            cv=self.folds,
            n_jobs=1,
            refit=False,
            random_state=self.seed,
        )
        results = search.fit(self.X, self.y).cv_results_
        scores = np.array(results["mean_test_score"])
        best = [int(np.nanargmax(scores[:n])) for n in TRIALS]
        losses = {trial: self.losses(results["params"][trial]) for trial in set(best)}
        return [losses[trial] for trial in best]


def run_cell(name: str, family: str, seed: int, used: bool) -> dict[str, Any]:
    """Return the losses of the untuned model and of the configurations from each space."""
    cell = Cell(name, family, seed)
    losses: dict[str, Any] = {DEFAULT: cell.losses({})}
    for label, space in cell.family.spaces(cell.X, cell.y).items():
        rng = np.random.RandomState(seed)
        losses[label] = [cell.losses(space.sample(rng)) for _ in range(TRIALS[-1])]
    if used:
        losses[USED] = cell.searched()
    return {"data": name, "family": family, "seed": seed, "losses": losses}


def expected(losses: np.ndarray, n_trials: int) -> float:
    """Return the mean held-out loss of the best by folds of any ``n_trials`` configurations."""
    outer = losses[np.argsort(losses[:, 0], kind="stable"), 1]
    total = math.comb(len(outer), n_trials)
    chances = [math.comb(len(outer) - 1 - i, n_trials - 1) / total for i in range(len(outer))]
    return float(np.dot(chances, outer))


def scores(record: dict[str, Any]) -> dict[str, list[float]]:
    """Return the normalised score of every space by the number of trials."""
    losses = {name: np.array(found) for name, found in record["losses"].items()}
    drawn = np.concatenate([losses[name][:, 1] for name in (OURS, *PUBLISHED)])
    after = {name: [expected(losses[name], n) for n in TRIALS] for name in (OURS, *PUBLISHED)}
    after[USED] = [outer for _, outer in losses.get(USED, [(0.0, np.nan)] * len(TRIALS))]
    after[DEFAULT] = [losses[DEFAULT][1]] * len(TRIALS)
    zero, scale = np.median(drawn), max(np.median(drawn) - drawn.min(), 1e-12)
    return {name: list(np.clip((zero - np.array(v)) / scale, -1, 1)) for name, v in after.items()}


def print_tables(records: list[dict[str, Any]]) -> None:
    """Print a row for each family and number of trials."""
    for line in dict.fromkeys(r["versions"] for r in records if "versions" in r):
        print(line)
    cells = [record for record in records if "family" in record]
    print(f"\n| family (sets) | trials | {' | '.join(COLUMNS)} | ", end="")
    print(" | ".join(f"{one} - {other}" for one, other in DIFFERENCES), "|")
    print("| --- |" + " --- |" * (1 + len(COLUMNS) + len(DIFFERENCES)))
    for family in FAMILIES:
        own = [record for record in cells if record["family"] == family]
        if own:
            _print_family(family, own)


def _print_family(family: str, records: list[dict[str, Any]]) -> None:
    """Print the means of a family, and what ours is ahead, with intervals over the data sets."""
    tasks = [(record["data"], family, record["seed"]) for record in records]
    found = [scores(record) for record in records]
    for place, n_trials in enumerate(TRIALS):
        by_space = {name: np.array([each[name][place] for each in found]) for name in found[0]}
        means = {name: by_space[name].mean() for name in COLUMNS}
        texts = ["" if np.isnan(mean) else f"{mean:.2f}" for mean in means.values()]
        texts += [_difference(by_space[one] - by_space[other], tasks) for one, other in DIFFERENCES]
        head = f"{family} ({len({task[0] for task in tasks})})" if not place else ""
        print(f"| {head} | {n_trials} | " + " | ".join(texts) + " |")


def _difference(values: np.ndarray, tasks: list[Key]) -> str:
    """Return a mean difference and its interval."""
    if np.isnan(values).any():
        return ""  # not run
    low, high = race_report.interval(values, tasks)
    return f"{values.mean():+.2f} ({low:+.2f} to {high:+.2f})"


def cells_of(args: argparse.Namespace) -> Iterator[Key]:
    """Yield the cells."""
    for seed in args.seeds:
        for family in args.families:
            for name in args.data:
                for data_set in HALVES.get(name, (name,)):
                    yield data_set, family, seed


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the cells that the file does not have, and return all that it has in the end."""
    path = Path(args.out) if args.out else None
    records = race_report.read([path]) if path and path.exists() else []
    known = {(r["data"], r["family"], r["seed"]) for r in records if "family" in r}
    note(path, records, {"versions": versions("autotune-sklearn", "scikit-learn", "xgboost")})
    for cell in cells_of(args):
        if cell not in known:
            note(path, records, run_cell(*cell, args.used))
            print(*cell, file=sys.stderr, flush=True)
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["report"], help="halves or data sets")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--used", action="store_true", help="run the search of users, too")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", help="JSON lines: cells found there are not run again")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="tables of such files only")
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    set_config(assume_finite=True, skip_parameter_validation=True)  # most fits take milliseconds
    if args.report:
        print_tables(race_report.read([Path(name) for name in args.report]))
    else:
        print_tables(run(args))


if __name__ == "__main__":
    main()
