"""Which library has the best model for a raw table after the same seconds on one core.

    python benchmarks/default_model.py --out cells.jsonl             all that is installed: hours
    python benchmarks/default_model.py --data tuning --budgets 10 --tuners ours boosting
    python benchmarks/default_model.py --peers /path/to/python --out cells.jsonl
    python benchmarks/default_model.py --report cells.jsonl          runs nothing

The tables are those of KEEL (``keel.py``) with one value in twenty missing, for both tasks as
``race_users.py`` makes them: 60 % of the rows for a library, the rest held out, scored by log
loss or root mean squared error. A library gets the table as it is, the metric and the seconds,
in a process of its own with one thread on one core; it is killed after four times its budget and
a minute. ``--peers`` names the interpreter of another environment, for AutoGluon and skrub.

A name may carry a label, ``ours@before``. Every finished cell goes to the file given by ``--out``
at once, and is not run again; what failed counts as the untuned default model.
"""

from __future__ import annotations

import argparse
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import race_report
import race_users
from race import Cell, Runner, data_sets, key, note, run_child, write
from scipy.stats import rankdata
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split
from versions import versions

BUDGETS = (10.0, 30.0, 60.0)
CLASS, NUMBER = "class", "number"
DEFAULT = "default"
SHARE = 0.6  # of the rows, for the libraries
PREDICTED = 1000  # rows of which the prediction is timed
COMPARED = ("autotune-sklearn", "scikit-learn", "flaml", "autogluon.tabular", "skrub", "lightgbm")


class Table:
    """A data set for one task.

    Parameters
    ----------
    data : str
    task : {"class", "number"}
    seed : int
    """

    def __init__(self, data: str, task: str, seed: int):
        self.is_regression, self.seed = task == NUMBER, seed
        X, y = race_users.load(data, race_users.Setup(None, "", {}, self.is_regression))
        strata = None if self.is_regression else y
        parts = train_test_split(X, y, train_size=SHARE, stratify=strata, random_state=seed)
        self.X, self.X_held_out = (part.reset_index(drop=True) for part in parts[:2])
        self.y, self.y_held_out = (part.to_numpy() for part in parts[2:])

    def loss(self, model: Any) -> float:
        """Return the log loss or the root mean squared error on the rows held out."""
        if self.is_regression:
            return float(root_mean_squared_error(self.y_held_out, model.predict(self.X_held_out)))
        probabilities = np.asarray(model.predict_proba(self.X_held_out), dtype=float)
        return float(log_loss(self.y_held_out, probabilities, labels=np.unique(self.y)))

    def seconds(self, model: Any) -> float:
        """Return the seconds of a prediction for a thousand rows."""
        rows = self.X_held_out.sample(PREDICTED, replace=True, random_state=0)
        began = time.perf_counter()
        model.predict(rows)
        return time.perf_counter() - began


def untuned(table: Table, seconds: float) -> Any:
    """Fit our default model as it is."""
    from autotune.defaults import default_model

    return default_model(table.X, classifier=not table.is_regression).fit(table.X, table.y)


def ours(estimator: Any = None, final_model: str = "auto") -> Callable[[Table, float], Any]:
    """Return what tunes our default models, or boosting alone."""

    def fit(table: Table, seconds: float) -> Any:
        from autotune import AutoTunedClassifier, AutoTunedRegressor

        cls = AutoTunedRegressor if table.is_regression else AutoTunedClassifier
        search = cls(
            estimator,
            budget=f"{seconds}s",
            final_model=final_model,
            scoring="neg_root_mean_squared_error" if table.is_regression else "neg_log_loss",
            n_jobs=1,
            random_state=table.seed,
        )
        return search.fit(table.X, table.y)

    return fit


def flaml(ensemble: bool = False) -> Callable[[Table, float], Any]:
    """Return what fits FLAML's AutoML."""

    def fit(table: Table, seconds: float) -> Any:
        from flaml import AutoML

        model = AutoML()
        model.fit(
            table.X,
            table.y,
            task="regression" if table.is_regression else "classification",
            metric="rmse" if table.is_regression else "log_loss",
            time_budget=seconds,
            ensemble=ensemble,
            n_jobs=1,
            seed=table.seed,
            verbose=0,
        )
        return model

    return fit


class Predictor:
    """AutoGluon's predictor under the names of scikit-learn."""

    def __init__(self, predictor: Any):
        self._predictor = predictor

    def predict(self, X: Any) -> np.ndarray:
        """Return classes or numbers."""
        return self._predictor.predict(X).to_numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return a column for each class."""
        return self._predictor.predict_proba(X, as_multiclass=True).to_numpy()


def autogluon(presets: str) -> Callable[[Table, float], Any]:
    """Return what fits AutoGluon with a preset."""

    def fit(table: Table, seconds: float) -> Any:
        from autogluon.tabular import TabularPredictor

        kind = "regression" if table.is_regression else None
        predictor = TabularPredictor(
            "target",
            problem_type=kind,
            eval_metric="root_mean_squared_error" if kind else "log_loss",
            path=tempfile.mkdtemp(),
            verbosity=0,
        )
        rows = table.X.assign(target=table.y)
        return Predictor(predictor.fit(rows, time_limit=seconds, presets=presets, num_cpus=1))

    return fit


def skrub(table: Table, seconds: float) -> Any:
    """Fit skrub's pipeline, which tunes nothing."""
    from skrub import tabular_pipeline

    kind = "regressor" if table.is_regression else "classifier"
    return tabular_pipeline(kind).fit(table.X, table.y)


TUNERS: dict[str, tuple[Callable[[Table, float], Any], str]] = {  # and the module it needs
    "ours": (ours(), "autotune"),
    "ours-single": (ours(None, "refit"), "autotune"),
    "boosting": (ours("boosting"), "autotune"),
    "boosting-single": (ours("boosting", "refit"), "autotune"),
    "flaml": (flaml(), "flaml"),
    "flaml-ensemble": (flaml(ensemble=True), "flaml"),
    "autogluon-medium": (autogluon("medium_quality"), "autogluon"),
    "autogluon-best": (autogluon("best_quality"), "autogluon"),
    "skrub": (skrub, "skrub"),
    DEFAULT: (untuned, "autotune"),
}
PEERS = ("autogluon", "skrub")  # which may be in another environment


def child(cell: Cell, result: Path) -> None:
    """Run one cell in this process, and write what was found."""
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    table = Table(cell["data"], cell["model"], cell["seed"])
    fit, module = TUNERS[cell["tuner"].partition("@")[0]]
    __import__(module)
    began = time.perf_counter()
    try:
        model = fit(table, cell["budget"])
        wall = time.perf_counter() - began
        found = {"wall": wall, "loss": table.loss(model), "predict": table.seconds(model)}
    except Exception as error:
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        found = {"error": text, "wall": time.perf_counter() - began}
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    found["memory"] = max(each.ru_maxrss for each in usage) / 1024
    found["cpu"] = sum(each.ru_utime + each.ru_stime for each in usage)
    write(result, found)


class PeerRunner(Runner):
    """Runs cells of this script, some of them by another interpreter.

    Parameters
    ----------
    jobs : int
    peers : str
        The interpreter.
    """

    def __init__(self, jobs: int, peers: str):
        super().__init__(jobs)
        self._peers = peers

    def command(self, cell: Cell) -> list[str]:
        """Return the interpreter and the script for a cell."""
        is_peer = cell["tuner"].startswith(PEERS)
        return [self._peers if is_peer else sys.executable, __file__]


def cells_of(args: argparse.Namespace) -> Iterator[Cell]:
    """Yield the cells, those of one table next to each other."""
    for seed in args.seeds:
        for data in args.data_sets:
            for task in args.tasks:
                if task == NUMBER and data in race_users.WITHOUT_NUMBERS:
                    continue
                for budget in args.budgets:
                    for name in args.tuners:
                        fixed = name in (DEFAULT, "skrub")
                        yield {
                            "tuner": name,
                            "data": data,
                            "model": task,
                            "seed": seed,
                            "budget": 0.0 if fixed else budget,
                        }


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run the cells that the file does not have, and return all that it has in the end."""
    path = Path(args.out) if args.out else None
    records = race_report.read([path]) if path and path.exists() else []
    known = {key(record) for record in records if "tuner" in record}
    missing = {key(cell): cell for cell in cells_of(args) if key(cell) not in known}
    note(path, records, {"versions": versions(*COMPARED)})
    runner = PeerRunner(args.jobs, args.peers)
    try:
        for number, record in enumerate(runner.map(list(missing.values())), 1):
            note(path, records, record)
            found = record.get("error") or f"{record['loss']:.4f} in {record['wall']:.1f} s"
            names = "{data} {model} seed {seed}, {budget:g} s, {tuner}: ".format(**record)
            print(f"{number}/{len(missing)} {names}{found}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted: the tables show what is there", file=sys.stderr)
    return records


def print_tables(records: list[dict[str, Any]], reference: str) -> None:
    """Print a table for each budget: of the tasks that all libraries have done."""
    for line in dict.fromkeys(r["versions"] for r in records if "versions" in r):
        print(line)
    cells = [record for record in records if "tuner" in record]
    for budget in sorted({cell["budget"] for cell in cells} - {0.0}):
        runs: dict[tuple, dict[str, dict]] = defaultdict(dict)
        for cell in cells:
            if cell["budget"] in (0.0, budget):
                runs[cell["data"], cell["model"], cell["seed"]][cell["tuner"]] = cell
        names, whole = race_report.common(runs)
        whole = {task: run for task, run in whole.items() if "loss" in run.get(DEFAULT, {})}
        if whole:
            _print_table(names, whole, reference, budget)


def _print_table(names: list[str], runs: dict, reference: str, budget: float) -> None:
    """Print a row for each library."""
    tasks = list(runs)
    losses = np.array([[_loss(runs[task], name) for name in names] for task in tasks])
    default = losses[:, [names.index(DEFAULT)]]
    scores = (default - losses) / np.maximum(default - losses.min(1, keepdims=True), 1e-12)
    scores = np.maximum(scores, -1.0)
    ranks = np.array([rankdata(row) for row in losses]).mean(axis=0)
    print(f"\n{budget:g} s, {len(tasks)} tasks; score: 0 is {DEFAULT}, 1 the best of all\n")
    print(f"| library | rank | score | {reference} minus it | slowest | predict ms | MB | failed |")
    print("| --- |" + " --- |" * 7)
    for i in np.argsort(ranks):
        own = [runs[task][names[i]] for task in tasks]
        difference = ""
        if reference in names and names[i] != reference:
            difference = _mean_text(scores[:, names.index(reference)] - scores[:, i], tasks, "+")
        slowest = max(cell["wall"] or 0.0 for cell in own) / budget
        predict = np.median([cell.get("predict", np.nan) for cell in own]) * 1000
        memory = np.median([cell.get("memory", np.nan) for cell in own])
        failed = sum("error" in cell for cell in own)
        print(
            f"| {names[i]} | {ranks[i]:.2f} | {_mean_text(scores[:, i], tasks)} | {difference} | "
            f"{slowest:.2f} | {predict:.0f} | {memory:.0f} | {failed} |"
        )


def _loss(run: dict[str, dict], name: str) -> float:
    """Return the loss of a library, that of the default where it failed."""
    return run[name].get("loss", run[DEFAULT]["loss"])


def _mean_text(values: np.ndarray, tasks: list[tuple], sign: str = "") -> str:
    """Return a mean and its interval."""
    low, high = race_report.interval(values, tasks)
    return f"{values.mean():{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=float, nargs="+", default=BUDGETS, help="seconds")
    parser.add_argument(
        "--data", nargs="+", default=["report"], help="tuning, report, or names of data sets"
    )
    parser.add_argument("--tasks", nargs="+", choices=(CLASS, NUMBER), default=(CLASS, NUMBER))
    parser.add_argument("--tuners", nargs="+", help=f"of {', '.join(TUNERS)}, with labels or not")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time, a core each")
    parser.add_argument("--peers", default=sys.executable, help="their interpreter")
    parser.add_argument("--out", help="JSON lines: cells found there are not run again")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="tables of such files only")
    parser.add_argument("--reference", default="ours", help="compared with the rest")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        run_child(args.child, child)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a child is ended, too
    args.data_sets = data_sets(args.data, "built-in")
    args.tuners = [*(args.tuners or filter(lambda n: _is_installed(n, args.peers), TUNERS))]
    if DEFAULT not in args.tuners:
        args.tuners.insert(0, DEFAULT)
    if args.report:
        records = race_report.read([Path(name) for name in args.report])
    else:
        records = run(args)
    print_tables(records, args.reference)


def _is_installed(name: str, peers: str) -> bool:
    """Return whether the package of a library is there."""
    module = TUNERS[name][1]
    if not name.startswith(PEERS) or peers == sys.executable:
        return find_spec(module) is not None
    code = f"from importlib.util import find_spec; raise SystemExit(not find_spec({module!r}))"
    return subprocess.run([peers, "-c", code], check=False).returncode == 0


if __name__ == "__main__":
    main()
