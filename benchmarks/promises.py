"""What searchers promise about time, crashes and dead workers, and what they keep.

    python benchmarks/promises.py                          everything, about an hour
    python benchmarks/promises.py --budgets 5 15           smaller budgets only
    python benchmarks/promises.py --quick                  budgets of 5 s, one kill
    python benchmarks/promises.py --out cells.jsonl        continues what that file has begun

Three tables. Overrun: wall time of the whole fit, refit included, against a budget in seconds,
for three models; one of them is a support vector machine that hangs for some configurations.
Kill: evaluations that had ended before SIGKILL and are run again by the same call. Dead worker:
what becomes of a search, two at a time, in which one configuration ends its process.

All searchers get the same space, the same three folds and one core; each cell is a process of
its own, killed when it takes more than four times its budget and a minute. FLAML is its
``tune.run`` around ``cross_val_score`` and a refit, since only that takes any model. Peers that
are not installed are left out. Every finished cell goes to the file given by ``--out`` at once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from versions import versions

from autotune import AutoTunedClassifier, Budget

COMPARED = ("scikit-learn", "scikit-optimize", "optuna", "optuna-integration", "flaml", "numpy")

FOLDS = 3
TRIALS = 20  # of a search that is killed or loses a worker
ENDLESS = 100_000  # trials, where only time shall end the search
FATAL = 2  # the choice that ends its process
LIMIT = 120.0  # seconds for a cell without a budget

Space = dict[str, tuple[Any, ...]]  # name: ("log" or "int", low, high) or ("choice", *values)
Search = Callable[[Any, Any], dict[str, Any]]


class Logged(ClassifierMixin, BaseEstimator):
    """A classifier that notes the end of each evaluation in a file.

    ``fatal``: the value of ``a`` with which fit ends the process it runs in.
    """

    def __init__(self, log="", fatal=None, a=0, b=1.0):
        self.log = log
        self.fatal = fatal
        self.a = a
        self.b = b

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        time.sleep(0.03)
        if self.a == self.fatal:
            self._note("fatal")
            os._exit(1)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        self._note("ended")
        return 1.0 - 0.1 * self.a - (np.log10(self.b) - 1.0) ** 2

    def _note(self, word):
        with open(self.log, "a") as file:
            file.write(word + "\n")


def problem(case: str) -> tuple[Any, Space, Any, Any]:
    """Return the model, the space and the data of one of the three models."""
    if case == "SVC":  # unscaled: libsvm does not end in reasonable time with most polynomials
        X, y = load_breast_cancer(return_X_y=True)
        space: Space = {
            "C": ("log", 1e-2, 1e3),
            "gamma": ("log", 1e-4, 1e1),
            "kernel": ("choice", "rbf", "poly"),
        }
        return SVC(), space, X, y
    if case == "boosting":
        X, y = make_classification(50_000, 20, n_informative=10, random_state=0)
        space = {
            "learning_rate": ("log", 1e-2, 1.0),
            "max_leaf_nodes": ("int", 7, 127),
            "l2_regularization": ("log", 1e-6, 1e2),
            "max_iter": ("int", 50, 300),
        }
        return HistGradientBoostingClassifier(random_state=0), space, X, y
    X, y = load_digits(return_X_y=True)
    space = {
        "hidden_layer_sizes": ("int", 16, 256),
        "alpha": ("log", 1e-6, 1e0),
        "learning_rate_init": ("log", 1e-4, 1e-1),
    }
    return MLPClassifier(random_state=0), space, X, y


def toy(log: str, fatal: int | None = None) -> tuple[Any, Space, Any, Any]:
    """Return the same of a model that costs 30 ms."""
    space: Space = {"a": ("choice", *range(3)), "b": ("log", 1.0, 1e2)}
    return Logged(log, fatal), space, np.zeros((60, 2)), np.arange(60) % 2


# One function per searcher. ``seconds`` or ``trials`` limits it; what it returns is reported.


def auto_tuned(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with AutoTunedClassifier."""
    makers: dict[str, Callable[..., Any]] = {
        "choice": lambda *values: list(values),
        "int": lambda low, high: (low, high),
        "log": lambda low, high: (low, high, "log-uniform"),
    }
    native = {name: makers[kind](*rest) for name, (kind, *rest) in space.items()}
    budget = Budget(trials=limits.get("trials"), seconds=limits.get("seconds"))
    search = AutoTunedClassifier(
        model,
        native,
        cv=FOLDS,
        budget=budget,
        n_jobs=limits.get("n_jobs"),
        random_state=0,
        storage=limits.get("storage"),
    ).fit(X, y)
    failed = [trial.status for trial in search.history_ if trial.status in ("crashed", "timeout")]
    return {"trials": len(search.history_), "failed": len(failed), "score": search.best_score_}


def bayes_search(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with BayesSearchCV; a callback of scikit-optimize's ends it."""
    from skopt import BayesSearchCV
    from skopt.callbacks import DeadlineStopper
    from skopt.space import Categorical, Integer, Real

    makers: dict[str, Callable[..., Any]] = {
        "choice": lambda *values: Categorical(values),
        "int": Integer,
        "log": lambda low, high: Real(low, high, "log-uniform"),
    }
    native = {name: makers[kind](*rest) for name, (kind, *rest) in space.items()}
    n_iter, n_jobs = limits.get("trials", ENDLESS), limits.get("n_jobs", 1)
    search = BayesSearchCV(
        model, native, n_iter=n_iter, cv=FOLDS, n_jobs=n_jobs, n_points=n_jobs, random_state=0
    )
    callback = DeadlineStopper(limits["seconds"]) if "seconds" in limits else None
    search.fit(X, y, callback=callback)
    return {"trials": len(search.cv_results_["params"]), "score": search.best_score_}


def optuna_search(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with OptunaSearchCV, in a study of the user's own if there is storage."""
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna_integration import OptunaSearchCV

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    makers: dict[str, Callable[..., Any]] = {
        "choice": lambda *values: CategoricalDistribution(values),
        "int": IntDistribution,
        "log": lambda low, high: FloatDistribution(low, high, log=True),
    }
    study, n_trials = None, limits.get("trials")
    if limits.get("storage"):
        study = optuna.create_study(
            storage=f"sqlite:///{limits['storage']}",
            study_name="study",
            direction="maximize",
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=0),
        )
        complete = (optuna.trial.TrialState.COMPLETE,)
        n_trials = limits["trials"] - len(study.get_trials(states=complete))  # the user's task
    search = OptunaSearchCV(
        model,
        {name: makers[kind](*rest) for name, (kind, *rest) in space.items()},
        cv=FOLDS,
        n_trials=n_trials,
        timeout=limits.get("seconds"),
        n_jobs=limits.get("n_jobs", 1),
        random_state=0,
        study=study,
    ).fit(X, y)
    return {"trials": len(search.trials_), "score": search.best_score_}


def flaml_tune(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with flaml.tune.run (one evaluation at a time without Ray or Spark), then refit."""
    from flaml import tune

    makers: dict[str, Callable[..., Any]] = {
        "choice": lambda *values: tune.choice(list(values)),
        "int": lambda low, high: tune.randint(low, high + 1),
        "log": tune.loguniform,
    }

    def evaluate(params: dict[str, Any]) -> dict[str, float]:
        candidate = clone(model).set_params(**params)
        return {"score": float(cross_val_score(candidate, X, y, cv=FOLDS).mean())}

    time_limit = {"time_budget_s": limits["seconds"]} if "seconds" in limits else {}
    analysis = tune.run(
        evaluate,
        {name: makers[kind](*rest) for name, (kind, *rest) in space.items()},
        metric="score",
        mode="max",
        num_samples=limits.get("trials", -1),
        verbose=0,
        **time_limit,
    )
    clone(model).set_params(**analysis.best_config).fit(X, y)
    return {"trials": len(analysis.results), "score": analysis.best_result["score"]}


def grid_search(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with GridSearchCV; only for the toy."""
    values = np.geomspace(space["b"][1], space["b"][2], TRIALS // 3)
    choices = {"a": list(space["a"][1:]), "b": list(values)}
    search = GridSearchCV(model, choices, cv=FOLDS, n_jobs=limits.get("n_jobs")).fit(X, y)
    return {"trials": len(search.cv_results_["params"]), "score": search.best_score_}


def randomized_search(model: Any, space: Space, X: Any, y: Any, **limits: Any) -> dict[str, Any]:
    """Search with RandomizedSearchCV; only for the toy."""
    ranges = {"a": list(space["a"][1:]), "b": loguniform(space["b"][1], space["b"][2])}
    search = RandomizedSearchCV(
        model, ranges, n_iter=TRIALS, cv=FOLDS, n_jobs=limits.get("n_jobs"), random_state=0
    ).fit(X, y)
    return {"trials": len(search.cv_results_["params"]), "score": search.best_score_}


SEARCHERS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {  # and the module it needs
    "autotune": (auto_tuned, "autotune"),
    "OptunaSearchCV": (optuna_search, "optuna_integration"),
    "FLAML tune.run": (flaml_tune, "flaml"),
    "BayesSearchCV": (bayes_search, "skopt"),
    "GridSearchCV": (grid_search, "sklearn"),
    "RandomizedSearchCV": (randomized_search, "sklearn"),
}
TIMED = ("autotune", "OptunaSearchCV", "FLAML tune.run", "BayesSearchCV")


def child(cell: dict[str, Any]) -> None:
    """Run one search in this process and write what came of it to a file."""
    warnings.simplefilter("ignore")  # what the peers warn of is not the subject
    search, module = SEARCHERS[cell["searcher"]]
    __import__(module)  # not part of the fit
    data = toy(cell["log"], cell.get("fatal")) if "log" in cell else problem(cell["case"])
    began = time.perf_counter()
    try:
        found = search(*data, **cell["limits"])
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
    found["wall"] = time.perf_counter() - began
    Path(cell["result"]).write_text(json.dumps(found))


@contextmanager
def started(cell: dict[str, Any]) -> Iterator[subprocess.Popen]:
    """Start a child in a session of its own; end all of it on leaving."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", json.dumps(cell)],
        env=os.environ | threads,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:  # the leader still stands for its group, so the number is ours
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(cell: dict[str, Any], limit: float) -> dict[str, Any]:
    """Return what a child reports, or how it ended instead."""
    with started(cell) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return {"killed": limit}
    result = Path(cell["result"])
    return json.loads(result.read_text()) if result.exists() else {"died": code}


def overrun(searcher: str, case: str, budget: float, folder: Path) -> dict[str, Any]:
    """Run a search with a budget in seconds."""
    cell = {"searcher": searcher, "case": case, "limits": {"seconds": budget}}
    return run(cell | {"result": str(folder / "result")}, 4 * budget + 60)


def kill(searcher: str, stored: bool, share: float, folder: Path) -> dict[str, Any]:
    """Kill a search when a share of its evaluations has ended, start it again, and count."""
    log = folder / "log"
    limits = {"trials": TRIALS} | ({"storage": str(folder / "study.db")} if stored else {})
    cell = {"searcher": searcher, "log": str(log), "limits": limits}
    cell["result"] = str(folder / "result")
    with started(cell) as process:
        deadline = time.monotonic() + LIMIT
        while _ended(log) < share * TRIALS * FOLDS and time.monotonic() < deadline:
            if process.poll() is not None:
                return {"error": "ended before it could be killed"}
            time.sleep(0.005)
        process.kill()
    before = _ended(log)
    found = run(cell, LIMIT)
    return found | {"before": before, "lost": _ended(log) - TRIALS * FOLDS}


def _ended(log: Path, word: str = "ended") -> int:
    return log.read_text().split().count(word) if log.exists() else 0


def worker(searcher: str, folder: Path) -> dict[str, Any]:
    """Run a search, two at a time, in which one choice ends the process it is fitted in."""
    log = folder / "log"
    limits = {"trials": TRIALS, "n_jobs": 2}
    cell = {"searcher": searcher, "log": str(log), "fatal": FATAL, "limits": limits}
    found = run(cell | {"result": str(folder / "result")}, LIMIT)
    return found | {"ended": _ended(log), "deaths": _ended(log, "fatal")}


class Cells:
    """The cells that are finished, in memory and in a file."""

    def __init__(self, path: str | None):
        self.path = Path(path) if path else None
        self.known: dict[str, dict[str, Any]] = {}
        if self.path and self.path.exists():
            entries = map(json.loads, self.path.read_text().splitlines())
            self.known = {entry["cell"]: entry["found"] for entry in entries}

    def get(self, measure: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
        """Return a cell, measured unless it is known."""
        name = json.dumps([measure.__name__, *args])
        if name not in self.known:
            with tempfile.TemporaryDirectory() as folder:
                found = self.known[name] = measure(*args, Path(folder))
            if self.path:
                with self.path.open("a") as file:
                    file.write(json.dumps({"cell": name, "found": found}) + "\n")
            print(f"{name}: {found}", file=sys.stderr)
        return self.known[name]


def installed(names: Any) -> list[str]:
    """Return those searchers whose packages are there."""
    return [name for name in names if find_spec(SEARCHERS[name][1]) is not None]


def overrun_table(cells: Cells, cases: list[str], budgets: list[float]) -> None:
    """Print the first table."""
    print("\n## Seconds over the budget, refit included (trials, best score)\n")
    names = installed(TIMED)
    print(f"| model | budget s | {' | '.join(names)} |\n| --- | --- |{' --- |' * len(names)}")
    for case in cases:
        for budget in budgets:
            found = [cells.get(overrun, name, case, budget) for name in names]
            texts = " | ".join(_overrun_text(entry, budget) for entry in found)
            print(f"| {case} | {budget:g} | {texts} |", flush=True)


def _overrun_text(found: dict[str, Any], budget: float) -> str:
    """Return a cell of the first table."""
    if "killed" in found:
        return f"> {found['killed'] - budget:.0f} s, killed"
    if "died" in found:
        return f"died (exit code {found['died']})"
    over = f"{found['wall'] - budget:+.1f}"
    if "error" in found:
        return f"{over}, raised {found['error'].split(':')[0]}"
    return f"{over} ({found['trials']}, {found['score']:.3f})"


def kill_table(cells: Cells, shares: list[float]) -> None:
    """Print the second table."""
    total = TRIALS * FOLDS
    print(f"\n## Evaluations of {total} that a SIGKILL loses (of those that had ended)\n")
    print(f"| searcher | {' | '.join(f'after {share:.0%}' for share in shares)} |")
    print(f"| --- |{' --- |' * len(shares)}")
    rows = [(name, stored) for name in installed(TIMED) for stored in (False, True)]
    for name, stored in rows:
        if stored and name not in ("autotune", "OptunaSearchCV"):
            continue  # has nowhere to store anything
        texts = []
        for share in shares:
            found = cells.get(kill, name, stored, share)
            error = found.get("error") or ("died" in found and "died") or ("killed" in found)
            texts.append(str(error) if error else f"{found['lost']} (of {found['before']})")
        where = {"autotune": ", storage", "OptunaSearchCV": ", study in SQLite, trials counted"}
        print(f"| {name}{where[name] if stored else ''} | {' | '.join(texts)} |", flush=True)


def worker_table(cells: Cells) -> None:
    """Print the third table."""
    print("\n## One choice in three ends its process (n_jobs=2)\n")
    print("| searcher | outcome | evaluations ended | processes lost |\n| --- | --- | --- | --- |")
    for name in installed(SEARCHERS):
        found = cells.get(worker, name)
        if "killed" in found:
            outcome = f"hung, killed after {found['killed']:.0f} s"
        elif "died" in found:
            outcome = "the user's process died"
        elif "error" in found:
            outcome = f"fit raised {found['error'].split(':')[0]}"
        else:
            outcome = (
                f"finished {found['trials']} trials, {found.get('failed', 0)} marked as failed"
            )
        print(f"| {name} | {outcome} | {found['ended']} | {found['deaths']} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=float, nargs="+", default=[5, 15, 60], help="seconds")
    parser.add_argument("--models", nargs="*", default=["SVC", "boosting", "MLP"])
    parser.add_argument("--tables", nargs="+", default=["overrun", "kill", "worker"])
    parser.add_argument("--quick", action="store_true", help="budgets of 5 s, one kill")
    parser.add_argument("--out", help="JSON lines: cells found there are not run again")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(json.loads(args.child))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a child is ended, too
    cells = Cells(args.out)
    print(f"{versions(*COMPARED)}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if "overrun" in args.tables:
        overrun_table(cells, args.models, [5.0] if args.quick else args.budgets)
    if "kill" in args.tables:
        kill_table(cells, [0.5] if args.quick else [0.2, 0.5, 0.8])
    if "worker" in args.tables:
        worker_table(cells)


if __name__ == "__main__":
    main()
