"""Build the portfolios of starting points from the tuning half of the KEEL data sets.

    python benchmarks/portfolios.py --out points.jsonl               all models, most of an hour
    python benchmarks/portfolios.py --models SVC --out points.jsonl  one; continues that file

For each model the candidates are its default, published configurations and random draws of its
built-in space; the same ones are scored on every data set by 3-fold cross-validation, with
log loss where the model has probabilities and with the error rate otherwise. The loss of a
candidate on a data set becomes its regret: 0 for the best candidate there, 1 for the default,
never more than 1.5; gains of less than 5 % of the default's loss count as noise.

A portfolio is chosen greedily for the mean regret of its best member, the default being the
first: what reduces it most per unit of time comes next. With this few data sets a single one
could decide, so for each candidate the one on which it gains most does not count.
Candidates that take more than four times the default's time are left out. Whether this holds on
other data is estimated by leaving out one data set at a time, beside as many random candidates.

Only ``keel.TUNING`` is read, so that ``keel.REPORT`` stays unseen. ``class_weight`` is not
drawn: which value wins follows from the metric more than from the data.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import resource
import sys
import time
import warnings
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import keel
import numpy as np
from sklearn import ensemble, linear_model, neighbors, neural_network, svm, tree
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from autotune.defaults import auto_space
from autotune.space import Space

FOLDS = 3
SIZE = 6  # entries besides the default
LEAST_GAIN = 0.03  # without the data set of the largest; less is not seen on data left out
WORST = 1.5  # regret
SLOWEST = 4.0  # times the default's seconds
CHEAPEST = 0.5  # below it something else than the fit costs the time
NOISE = 0.05  # of the default's loss
LEAST_LIMIT = 2  # seconds
PATIENCE = 20  # times the limit, should a process get no processor

Params = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A model, how many random candidates it can afford, on how many rows and classes."""

    model: Any
    draws: int
    rows: int = 2000
    classes: int = 100
    published: list[Params] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self.model).__name__


# Published: portfolios and winners of AutoGluon 2023 (forests), auto-sklearn 2 (boosting and
# perceptron) and auto-sklearn 1 (quartiles and medians of the rest), moved into the spaces.
_BOOSTING = [
    {"learning_rate": rate, "max_leaf_nodes": leaves, "min_samples_leaf": least}
    | {"l2_regularization": penalty, "max_features": 1.0}
    for rate, leaves, least, penalty in [
        (0.0915, 21, 1, 0.015),
        (0.219, 4, 9, 0.001),
        (0.0157, 10, 1, 0.001),
        (0.182, 27, 5, 0.295),
        (0.0659, 18, 12, 0.001),
        (0.101, 53, 87, 0.008),
    ]
]
_FOREST = [
    {"max_features": share, "min_samples_leaf": least, "max_samples": 1.0}
    for share, least in [(0.75, 1), (0.75, 2), (1.0, 5), (0.75, 40)]
]
_EXTRA_TREES = [
    {"max_features": share, "min_samples_leaf": least}
    for share, least in [(0.75, 1), (1.0, 1), (1.0, 4), (1.0, 20)]
]
_SVC = [
    {"C": penalty, "gamma": gamma}
    for penalty in (1.6, 291.0, 1445.0)
    for gamma in (0.015, 0.08, 0.54)
] + [{"C": penalty, "gamma": "scale"} for penalty in (1.6, 10.0, 100.0)]
_PERCEPTRON = [
    {"activation": kind, "alpha": penalty, "hidden_layer_sizes": layers, "learning_rate_init": rate}
    for kind, penalty, layers, rate in [
        ("relu", 0.0525, (128, 128, 128), 4.9e-4),
        ("relu", 0.0177, (100,), 1.5e-4),
        ("tanh", 1.5e-7, (256, 128), 2.1e-4),
    ]
]
_LOGISTIC = [{"C": 10.0**exponent} for exponent in (-3, -2, -1, 1, 2, 3)]
_NEIGHBORS = [
    {"n_neighbors": count, "weights": weights}
    for weights in ("distance", "uniform")
    for count in (1, 2, 5, 10, 20)
]

# As many candidates and rows as an hour on one core allows for all. A boosted model fits
# one tree per class and round: for it data sets are cut to their largest classes.
CASES = [
    Case(ensemble.HistGradientBoostingClassifier(random_state=0), 60, 2000, 3, _BOOSTING),
    Case(svm.SVC(), 30, published=_SVC),
    Case(linear_model.LogisticRegression(), 0, published=_LOGISTIC),
    Case(neural_network.MLPClassifier(random_state=0), 20, published=_PERCEPTRON),
    Case(ensemble.RandomForestClassifier(random_state=0), 30, published=_FOREST),
    Case(neighbors.KNeighborsClassifier(), 8, published=_NEIGHBORS),
    Case(tree.DecisionTreeClassifier(random_state=0), 24),
    Case(svm.LinearSVC(random_state=0), 10),
    Case(ensemble.ExtraTreesClassifier(random_state=0), 30, published=_EXTRA_TREES),
    Case(ensemble.GradientBoostingClassifier(random_state=0), 14, 600, 3),
    Case(linear_model.SGDClassifier(random_state=0), 20),
    Case(linear_model.RidgeClassifier(), 10),
    Case(ensemble.AdaBoostClassifier(random_state=0), 12, 600),
]


def candidates(case: Case) -> list[Params]:
    """Return the default, what was published and random draws of the built-in space."""
    spec = auto_space(case.model)
    parts = spec if isinstance(spec, list) else [spec]
    space = Space.parse([{k: v for k, v in part.items() if k != "class_weight"} for part in parts])
    outside = [params for params in case.published if params not in space]
    if outside:
        raise ValueError(f"published configurations must lie in the space, got {outside}")
    rng = np.random.RandomState(0)
    drawn = [rounded(space.sample(rng)) for _ in range(case.draws)]
    return [{}, *case.published, *drawn]


def rounded(params: Params) -> Params:
    """Return a configuration whose floats have three digits: nobody needs to read more."""
    return {k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in params.items()}


def data(name: str, rows: int, classes: int) -> tuple[Any, Any]:
    """Return a data set, cut to its largest classes and then, in proportion, to some rows."""
    X, y = keel.load(name)
    kept = y.isin(y.value_counts().sort_index().nlargest(classes).index)
    X, y = X[kept], y[kept]
    if len(y) > rows:
        X, _, y, _ = train_test_split(X, y, train_size=rows, stratify=y, random_state=0)
    return X, y


def pipeline(model: Any) -> Any:
    """Return the model behind what its kind needs: numbers for trees, scaled ones for others."""
    texts = make_column_selector(dtype_include="category")
    if hasattr(model, "max_leaf_nodes") or hasattr(model, "n_estimators"):
        encoder: Any = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        return make_pipeline(
            make_column_transformer((encoder, texts), remainder="passthrough"), model
        )
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = make_column_transformer((encoder, texts), remainder="passthrough")
    return make_pipeline(columns, StandardScaler(), model)


def measure(sender: Any, limit: int, model: Any, params: Params, X: Any, y: Any) -> None:
    """Send the mean loss over the folds and the processor seconds of one cross-validation."""
    warnings.simplefilter("ignore")  # an unfinished solver is judged by its score
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    scoring = "neg_log_loss" if hasattr(model, "predict_proba") else "accuracy"
    candidate = pipeline(clone(model).set_params(**params))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    began = time.process_time()
    with threadpool_limits(1):
        scores = cross_val_score(candidate, X, y, cv=folds, scoring=scoring)
    best = 0.0 if scoring == "neg_log_loss" else 1.0
    sender.send((best - float(np.mean(scores)), time.process_time() - began))


def limited(limit: int, *args: Any) -> tuple[float, float] | None:
    """Return what `measure` finds in a process of its own, None if that fails or is too slow.

    The time that counts is the processor's, so that a busy machine changes nothing.
    """
    context = multiprocessing.get_context("fork")  # this process never fits, so it has no threads
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(sender, limit, *args))
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(PATIENCE * limit) else None
    except EOFError:
        return None
    finally:
        process.kill()
        process.join()


class Records:
    """The evaluations that are done, in memory and in a file."""

    def __init__(self, path: str | None):
        self.path = Path(path) if path else None
        self.known: dict[str, Any] = {}
        if self.path and self.path.exists():
            entries = map(json.loads, self.path.read_text().splitlines())
            self.known = {entry["of"]: entry["found"] for entry in entries}

    def get(self, case: Case, name: str, params: Params, limit: int, X: Any, y: Any) -> Any:
        """Return the loss and the seconds of a candidate on a data set, measured if need be."""
        of = json.dumps([case.name, name, case.rows, case.classes, params])
        if of not in self.known:
            self.known[of] = limited(limit, case.model, params, X, y)
            if self.path:
                with self.path.open("a") as file:
                    file.write(json.dumps({"of": of, "found": self.known[of]}) + "\n")
        return self.known[of]


def evaluate(case: Case, tried: list[Params], records: Records) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses and the seconds, each of shape (candidates, data sets)."""
    found = np.full((2, len(tried), len(keel.TUNING)), np.nan)
    for j, name in enumerate(keel.TUNING):
        X, y = data(name, case.rows, case.classes)
        default = records.get(case, name, tried[0], 120, X, y)
        if default is None:
            raise RuntimeError(f"the default of {case.name} fails or takes two minutes on {name}")
        limit = max(LEAST_LIMIT, math.ceil(SLOWEST * default[1]))
        for i, params in enumerate(tried):
            known = records.get(case, name, params, limit, X, y)
            found[:, i, j] = (np.nan, limit) if known is None else known
    return found[0], found[1]


def regrets(losses: np.ndarray) -> np.ndarray:
    """Return the regret of each candidate on each data set; the default is the first row."""
    best = np.nanmin(losses, axis=0)
    scale = np.maximum(losses[0] - best, NOISE * losses[0])
    scaled = np.where(np.isnan(losses), np.inf, losses - best) / np.maximum(scale, 1e-12)
    return np.minimum(scaled, WORST)


def portfolio(regret: np.ndarray, cost: np.ndarray) -> list[tuple[int, float]]:
    """Return candidates to try after the default, the best first, and what each gains."""
    chosen: list[tuple[int, float]] = []
    current = np.minimum(regret[0], 1.0)
    while len(chosen) < SIZE:
        gains = current - np.minimum(regret, current)
        usual = np.sort(gains, axis=1)[:, :-1].mean(axis=1)
        enough = (usual >= LEAST_GAIN) & (cost <= SLOWEST)
        best = int(np.where(enough, usual / np.maximum(cost, CHEAPEST), 0.0).argmax())
        if not enough[best]:
            break
        chosen.append((best, float(gains[best].mean())))
        current = np.minimum(current, regret[best])
    return chosen


def left_out(regret: np.ndarray, ratios: np.ndarray) -> tuple[list[float], list[float]]:
    """Return the mean regret on data left out after 1, 2, ... entries: portfolio and random."""
    rng = np.random.RandomState(0)
    n_tried, n_data = regret.shape
    size = min(SIZE, n_tried - 1)
    chosen = np.empty((n_data, size))
    drawn = np.empty((n_data, size))
    for j in range(n_data):
        others = np.arange(n_data) != j
        order = [i for i, _ in portfolio(regret[:, others], ratios[:, others].mean(axis=1))]
        best = np.minimum.accumulate([regret[0, j], *regret[order, j]])
        # A portfolio that ends early stays what it is.
        chosen[j] = np.append(best, np.full(size, best[-1]))[1 : size + 1]
        draws = [rng.permutation(np.arange(1, n_tried))[:size] for _ in range(500)]
        values = np.minimum(regret[np.array(draws), j], regret[0, j])
        drawn[j] = np.minimum.accumulate(values, axis=1).mean(axis=0)
    return chosen.mean(axis=0).tolist(), drawn.mean(axis=0).tolist()


def report(case: Case, records: Records) -> None:
    """Print how good a model's portfolio is, and the portfolio as Python source."""
    tried = candidates(case)
    losses, seconds = evaluate(case, tried, records)
    regret = regrets(losses)
    ratios = seconds / seconds[0]
    cost = ratios.mean(axis=1)
    chosen, drawn = left_out(regret, ratios)
    print(
        f"\n    # {len(tried)} candidates, {np.isnan(losses).sum()} evaluations failed or too slow"
    )
    print(
        f"    # Regret of the default {regret[0].mean():.2f}; on data left out, after each entry:"
    )
    print(f"    # {_text(chosen)}; of random candidates: {_text(drawn)}.")
    kernel = {"kernel": case.model.kernel} if hasattr(case.model, "kernel") else {}
    names = (*kernel, *sorted(tried[-1]))
    print(f'    "sklearn.{case.name}": _entries(')
    print(f"        {names},")
    for i, gain in portfolio(regret, cost):
        entry = kernel | tried[i]
        values = tuple(entry[name] for name in names)
        print(f"        {values},  # gain {gain:.2f}, time {cost[i]:.1f}")
    print("    ),", flush=True)


def _text(numbers: list[float]) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", help="names of classes; all by default")
    parser.add_argument("--out", help="JSON lines: evaluations found there are not run again")
    args = parser.parse_args()
    records = Records(args.out)
    print(f"# {date.today()}: python benchmarks/portfolios.py {' '.join(sys.argv[1:])}")
    for case in CASES:
        if not args.models or case.name in args.models:
            report(case, records)


if __name__ == "__main__":
    main()
