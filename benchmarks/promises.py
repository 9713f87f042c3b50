"""What searchers promise about time, crashes and dead workers, and what they keep.

    python benchmarks/promises.py                          everything, about an hour
    python benchmarks/promises.py --budgets 5 15           smaller budgets only
    python benchmarks/promises.py --quick                  budgets of 5 s, one kill
    python benchmarks/promises.py --tables large           large data only, hours
    python benchmarks/promises.py --tables large --cases "100,000 x 30" --multiples 1.5 5
    python benchmarks/promises.py --out cells.jsonl        continues what that file has begun

Six tables. Overrun: wall time of the whole fit, refit included, against a budget in seconds,
for three models; one of them is a support vector machine that hangs for some configurations.
Kill: evaluations that had ended before SIGKILL and are run again by the same call. Dead worker:
what becomes of a search, two at a time, in which one configuration ends its process. Large: the
default model's own search on large data, for classification and regression, one and two
evaluations at a time, with budgets of a multiple of what a plain fit on all rows takes: the
seconds over the budget, the held-out score less the plain fit's, and the rows that the model has
seen. Start: a model that fits in milliseconds, where workers are slow to start: beside a thread,
in a notebook kernel, and with a boosting library imported. Cluster: a search on two Dask workers
that are killed, or whose scheduler is killed or frozen, after half of the budget.

All searchers get the same space, the same three folds and one core; each cell is a process of
its own, killed when it takes more than four times its budget and a minute. FLAML is its
``tune.run`` around ``cross_val_score`` and a refit, since only that takes any model. Peers that
are not installed are left out. Every finished cell goes to the file given by ``--out`` at once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from versions import versions

from autotune import Auto, AutoTunedClassifier, AutoTunedRegressor, Budget

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
        strategy=Auto(eps=0.02 if budget.trials is None else 0.0),  # evaluations are counted
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


LARGE = {  # rows, columns
    "100,000 x 30": (100_000, 30),
    "1,000,000 x 30": (1_000_000, 30),
    "4,000 x 20,000": (4_000, 20_000),
}
TASKS = ("classification", "regression")
HELD_OUT = 0.1  # share of the rows


def large_data(case: str, task: str) -> list[Any]:
    """Return X, y and the held-out X, y; a function of ten columns decides."""
    n_rows, n_columns = LARGE[case]
    n_test = int(HELD_OUT * n_rows)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows + n_test, n_columns), dtype=np.float32)
    target = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + np.abs(X[:, 3]) + X[:, 4:10].sum(axis=1) / 2
    y = target + rng.standard_normal(len(X))
    if task == "classification":
        y = np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))
    return [X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:]]


def large_model(case: str, task: str) -> Any:
    """Return a boosting model, or a forest where there are too many columns for that."""
    boosting = LARGE[case][1] < 1000
    if task == "classification":
        return HistGradientBoostingClassifier() if boosting else RandomForestClassifier(50)
    kind = HistGradientBoostingRegressor if boosting else RandomForestRegressor
    return kind() if boosting else kind(50, max_features="sqrt")


def large_fit(cell: dict[str, Any]) -> dict[str, Any]:
    """Fit a plain model, or search for a multiple of the seconds that takes."""
    case, task = cell["case"], cell["task"]
    X, y, X_test, y_test = large_data(case, task)
    model = large_model(case, task).set_params(random_state=0)
    if "seconds" in cell:
        cls = AutoTunedClassifier if task == "classification" else AutoTunedRegressor
        budget = Budget(seconds=cell["seconds"])
        model = cls(model, budget=budget, n_jobs=cell["n_jobs"], random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        model.fit(X, y)
        wall = time.perf_counter() - began
    told = [re.search(r"it was fitted on (\d+) of", str(one.message)) for one in caught]
    n_rows = next((int(match[1]) for match in told if match), len(X))
    found = {"wall": wall, "score": model.score(X_test, y_test), "rows": n_rows}
    if "seconds" in cell:
        history = model.history_
        found |= {"trials": sum(trial.status in ENDED for trial in history)}
        found |= {"best": model.best_index_, "told": [str(one.message) for one in caught]}
    return found


ENDED = ("complete", "dropped")
SLOW_STARTS = {
    "a script": "",
    "beside a thread": "from threading import Thread, Event\n"
    "Thread(target=Event().wait, daemon=True).start()",
    "in a notebook": "",
    **{f"{name} imported": f"import {name}" for name in ("xgboost", "lightgbm", "catboost")},
}
START_CODE = """
import time
{before}
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from autotune import AutoTunedClassifier
X, y = load_iris(return_X_y=True)
began = time.perf_counter()
try:
    model = AutoTunedClassifier(DecisionTreeClassifier(), budget="{seconds}s", random_state=0)
    found = dict(score=model.fit(X, y).best_score_, trials=len(model.history_))
except Exception as error:
    found = dict(error=type(error).__name__ + ": " + str(error)[:200])
found["wall"] = time.perf_counter() - began
"""


def start_fit(cell: dict[str, Any]) -> dict[str, Any]:
    """Search where workers are slow to start."""
    code = START_CODE.format(before=SLOW_STARTS[cell["start"]], seconds=cell["seconds"])
    if cell["start"] != "in a notebook":
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(code, names)  # what a user's script would do
        return names["found"]
    import nbformat
    from nbclient import NotebookClient

    cells = map(nbformat.v4.new_code_cell, [code, "import json; print(json.dumps(found))"])
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    NotebookClient(notebook).execute()
    return json.loads(notebook.cells[1].outputs[0].text)


LOST = {  # what is sent to the scheduler or to the workers of a cluster
    "workers killed": ("workers", signal.SIGKILL),
    "scheduler killed": ("scheduler", signal.SIGKILL),
    "scheduler frozen": ("scheduler", getattr(signal, "SIGSTOP", 0)),
}


@contextmanager
def machines(folder: Path) -> Iterator[tuple[str, dict[str, list[subprocess.Popen]]]]:
    """Start a scheduler and two workers as processes; yield the address file and all of them."""
    address = str(folder / "scheduler.json")

    def start(name: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{name}", "--no-dashboard"]
        command += ["--host", "127.0.0.1", "--scheduler-file", address, *options]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder)

    processes = {"scheduler": [start("scheduler", "--port", "0")]}
    try:
        processes["workers"] = [start("worker", "--nthreads", "1") for _ in range(2)]
        yield address, processes
    finally:
        for process in [*processes["scheduler"], *processes.get("workers", [])]:
            process.kill()
            process.wait()


def cluster_fit(cell: dict[str, Any]) -> dict[str, Any]:
    """Search on a cluster that goes away after half of the budget."""
    import joblib
    from distributed import Client

    victims, number = LOST[cell["lost"]]
    X, y = load_digits(return_X_y=True)
    with tempfile.TemporaryDirectory() as folder, machines(Path(folder)) as (address, processes):
        client = Client(scheduler_file=address)
        client.wait_for_workers(2)
        harm = [(process.pid, number) for process in processes[victims]]
        timer = threading.Timer(cell["seconds"] / 2, lambda: [os.kill(*one) for one in harm])
        model = AutoTunedClassifier(SVC(), budget=f"{cell['seconds']}s", random_state=0)
        began = time.perf_counter()
        timer.start()
        try:
            with joblib.parallel_config("dask"):
                model.fit(X, y)
            found = {"score": model.best_score_, "trials": len(model.history_)}
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        found["wall"] = time.perf_counter() - began
        Path(cell["result"]).write_text(json.dumps(found))
        os._exit(_end(processes))  # a client without a scheduler takes long to close


def _end(processes: dict[str, list[subprocess.Popen]]) -> int:
    """Kill what is left of a cluster; return an exit code."""
    for process in [*processes["scheduler"], *processes["workers"]]:
        process.kill()
    return 0


def child(cell: dict[str, Any]) -> None:
    """Run one search in this process and write what came of it to a file."""
    warnings.simplefilter("ignore")  # what the peers warn of is not the subject
    special = {"task": large_fit, "start": start_fit, "lost": cluster_fit}
    if kind := next((name for name in special if name in cell), None):
        try:
            found = special[kind](cell)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
        Path(cell["result"]).write_text(json.dumps(found))
        return
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


def plain(case: str, task: str, folder: Path) -> dict[str, Any]:
    """Fit the model on all rows."""
    return run({"case": case, "task": task, "result": str(folder / "result")}, 3600)


def large(
    case: str, task: str, n_jobs: int, multiple: float, seconds: float, folder: Path
) -> dict[str, Any]:
    """Search for a multiple of the seconds of a plain fit."""
    cell = {"case": case, "task": task, "n_jobs": n_jobs, "seconds": multiple * seconds}
    return run(cell | {"result": str(folder / "result")}, 2 * multiple * seconds + 300)


def start(where: str, budget: float, folder: Path) -> dict[str, Any]:
    """Search for some seconds where workers are slow to start."""
    cell = {"start": where, "seconds": budget, "result": str(folder / "result")}
    return run(cell, 4 * budget + 60)


def cluster(lost: str, budget: float, folder: Path) -> dict[str, Any]:
    """Run a search on a cluster that goes away."""
    cell = {"lost": lost, "seconds": budget, "result": str(folder / "result")}
    return run(cell, 4 * budget + 60)


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


def large_table(cells: Cells, cases: list[str], jobs: list[int], multiples: list[float]) -> None:
    """Print the fourth table."""
    print(
        "\n## Large data: seconds over the budget, held-out score less a plain fit's, rows seen\n"
    )
    print("| data | task | n_jobs | plain s (score) |", end="")
    print("".join(f" {multiple:g} x |" for multiple in multiples))
    print("| --- " * (4 + len(multiples)) + "|")
    for case, task in product(cases, TASKS):
        known = cells.get(plain, case, task)
        if "score" not in known:
            print(f"| {case} | {task} | | failed |")
            continue
        for n_jobs in jobs:
            found = [
                cells.get(large, case, task, n_jobs, multiple, round(known["wall"], 1))
                for multiple in multiples
            ]
            texts = [
                _large_text(entry, multiple * round(known["wall"], 1), known["score"])
                for entry, multiple in zip(found, multiples, strict=True)
            ]
            reference = f"{known['wall']:.1f} ({known['score']:.3f})"
            print(f"| {case} | {task} | {n_jobs} | {reference} | {' | '.join(texts)} |", flush=True)


def _large_text(found: dict[str, Any], budget: float, score: float) -> str:
    """Return a cell of the fourth table."""
    if "score" not in found:
        return str(found.get("error", found))
    return f"{found['wall'] - budget:+.1f} s, {found['score'] - score:+.3f} ({found['rows']:,})"


def start_table(cells: Cells, budgets: list[float]) -> None:
    """Print the fifth table."""
    print("\n## Seconds over the budget where workers are slow to start (trials, best score)\n")
    print(f"| where | {' | '.join(f'{budget:g} s' for budget in budgets)} |")
    print(f"| --- |{' --- |' * len(budgets)}")
    for where in SLOW_STARTS:
        needed = "nbclient" if where == "in a notebook" else where.split()[0]
        if (where.endswith("imported") or needed == "nbclient") and find_spec(needed) is None:
            continue
        texts = [_overrun_text(cells.get(start, where, budget), budget) for budget in budgets]
        print(f"| {where} | {' | '.join(texts)} |", flush=True)


def cluster_table(cells: Cells, budget: float) -> None:
    """Print the sixth table."""
    if find_spec("distributed") is None:
        return
    print(f"\n## Seconds over a budget of {budget:g} s where a Dask cluster goes away\n")
    print("| what is lost | seconds over (trials, best score) |\n| --- | --- |")
    for lost in LOST:
        print(f"| {lost} | {_overrun_text(cells.get(cluster, lost, budget), budget)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=float, nargs="+", default=[5, 15, 60], help="seconds")
    parser.add_argument("--models", nargs="*", default=["SVC", "boosting", "MLP"])
    parser.add_argument("--tables", nargs="+", default=["overrun", "kill", "worker"])
    parser.add_argument("--cases", nargs="+", default=list(LARGE), help="of the table large")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="of the table large")
    parser.add_argument(
        "--multiples", type=float, nargs="+", default=[0.3, 1.5, 2.5, 5, 20], help="of a plain fit"
    )
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
    if "large" in args.tables:
        large_table(cells, args.cases, args.jobs, args.multiples)
    if "start" in args.tables:
        start_table(cells, [3.0, 10.0])
    if "cluster" in args.tables:
        cluster_table(cells, 10.0)


if __name__ == "__main__":
    main()
