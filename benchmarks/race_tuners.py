"""The tuners that ``race.py`` compares; each takes a task and seconds, and fits a model.

What a peer can be told it is told in the way of its own manual:

- RandomizedSearchCV: candidates are drawn and evaluated one by one until the time is over,
  which is what it does, without knowing the number of candidates before. Then the refit.
- HalvingRandomSearchCV: some fits are timed first, in a tenth of the budget or a little more;
  then come as many candidates as should fit, the last rung on all rows, the first on at least
  50 rows a class.
- BayesSearchCV: ends by a callback. It searches sub-spaces one after the other: each gets an
  equal share of the time. It refuses tuples as choices: it gets them as texts.
- OptunaSearchCV: ``timeout``. It cannot express sub-spaces: there it is a study of Optuna with
  the same sampler (TPE) and ``timeout``, the sub-space suggested first, and a refit.
- FLAML: ``tune.run`` (BlendSearch) with ``time_budget_s`` around ``cross_val_score``, and a refit.
  Tuples as choices make it fail: it gets them as texts, too.
- SMAC3: its facade for hyperparameters with ``walltime_limit``, the same way.
- ours: ``budget`` in seconds, strategy ``"auto"``; ``ours-racing`` or ``ours-bayes`` for another.

Only ours keeps time for the refit by itself; the others get the whole budget for their search.
"""

from __future__ import annotations

import math
import tempfile
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
from race_spaces import (
    TextPipeline,
    decode_tuples,
    for_flaml,
    for_optuna,
    for_sampler,
    for_skopt,
    for_smac,
    from_flaml,
    from_smac,
    suggest,
)
from race_tasks import FOLDS, Task
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler, cross_val_score

from autotune.strategies import STRATEGIES

ENDLESS = 1_000_000  # trials, where only time shall end the search
FAILED = -100.0  # the score of a configuration that cannot be fitted, for those who need one
FACTOR = 3  # of halving
ROWS_PER_CLASS = 50  # in its first rung


@dataclass
class Log:
    """What a search has found, with the time of each improvement.

    ``improvements``: seconds since the start, parameters, and score in cross-validation.
    """

    began: float = field(default_factory=time.perf_counter)
    trials: int = 0
    evaluations: int = 0
    improvements: list[tuple[float, dict[str, Any], float]] = field(default_factory=list)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    @property
    def cv_score(self) -> float:
        """The best score so far."""
        return self.improvements[-1][2] if self.improvements else -math.inf

    @property
    def best(self) -> dict[str, Any]:
        """The best parameters."""
        if not self.improvements:
            raise ValueError("no configuration could be fitted")
        return self.improvements[-1][1]

    def add(
        self, params: dict[str, Any], score: float, seconds: float | None = None, folds: int = FOLDS
    ) -> None:
        """Note a trial that has ended now, or after some seconds."""
        self.trials += 1
        self.evaluations += folds
        if score > self.cv_score:
            self.improvements.append((self.elapsed if seconds is None else seconds, params, score))

    def evaluate(self, task: Task, params: dict[str, Any]) -> float:
        """Cross-validate a configuration and note it."""
        candidate = clone(task.pipeline).set_params(**params)
        scores = cross_val_score(candidate, task.X, task.y, cv=task.folds, scoring=task.scoring)
        score = float(np.mean(scores))
        self.add(params, score)
        return score if math.isfinite(score) else FAILED


Found = tuple[Any, Log]  # the fitted model


def random_search(task: Task, seconds: float, log: Log) -> Any:
    """Do what RandomizedSearchCV does until the time is over."""
    sampler = ParameterSampler(for_sampler(task.space), ENDLESS, random_state=task.seed)
    for params in sampler:
        log.evaluate(task, params)
        if log.elapsed >= seconds:
            break
    return task.fit(log.best)


def halving_search(task: Task, seconds: float, log: Log) -> Any:
    """Search with HalvingRandomSearchCV, as large as the budget allows."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # it enables the next
    from sklearn.model_selection import HalvingRandomSearchCV

    n_classes = 1 if task.is_regression else len(np.unique(task.y))
    n_rows, smallest = len(task.X), ROWS_PER_CLASS * n_classes
    cost = _calibrate(task, seconds, log, min(n_rows, smallest))
    n_candidates, resources = 1, n_rows
    for n in range(2, 2000):
        rungs = _rungs(n, smallest, n_rows)
        total = sum(count * FOLDS * cost(rows) for count, rows in rungs) + cost(1.25 * n_rows)
        if total <= seconds - log.elapsed:  # not monotone: one more may open a cheaper rung
            n_candidates, resources = n, rungs[0][1]
    search = HalvingRandomSearchCV(
        task.pipeline,
        for_sampler(task.space),
        n_candidates=n_candidates,
        min_resources=resources,
        factor=FACTOR,
        cv=task.folds,
        scoring=task.scoring,
        random_state=task.seed,
        n_jobs=1,
    ).fit(task.X, task.y)
    log.trials, log.evaluations = n_candidates, FOLDS * len(search.cv_results_["params"])
    log.improvements.append((log.elapsed, search.best_params_, float(search.best_score_)))
    return search.best_estimator_


def _calibrate(task: Task, seconds: float, log: Log, smallest: int) -> Callable[[float], float]:
    """Time fits of random candidates; return the seconds for a number of training rows."""
    train, test = task.folds[0]
    few = np.random.RandomState(task.seed).permutation(train)[: int(0.8 * smallest)]
    times: dict[int, list[float]] = {len(few): [], len(train): []}
    for params in ParameterSampler(for_sampler(task.space), ENDLESS, random_state=task.seed + 1):
        for rows in (few, train):
            began = time.perf_counter()
            candidate = clone(task.pipeline).set_params(**params)
            candidate.fit(task.X.iloc[rows], task.y[rows]).predict(task.X.iloc[test])
            times[len(rows)].append(time.perf_counter() - began)
        share = log.elapsed / seconds
        if share > 0.25 or (share > 0.1 and len(times[len(train)]) >= 3):
            break
    # Without the slowest, which would decide alone; most searches then take a little longer.
    points = sorted((n, float(np.mean(sorted(v)[: max(len(v) - 1, 1)]))) for n, v in times.items())
    if len(points) == 1:
        return lambda rows: points[0][1] * rows / points[0][0]
    (low, fast), (high, slow) = points
    slope = max(slow - fast, 0.0) / (high - low)
    return lambda rows: fast + slope * (0.8 * rows - low)


def _rungs(n: int, smallest: int, n_rows: int) -> list[tuple[int, int]]:
    """Return candidates and rows of each rung; the last has all rows."""
    count = 1
    while FACTOR**count <= n and n_rows // FACTOR**count >= smallest:
        count += 1
    rungs = []
    for i in reversed(range(count)):
        rungs.append((n, n_rows // FACTOR**i))
        n = math.ceil(n / FACTOR)
    return rungs


def bayes_search(task: Task, seconds: float, log: Log) -> Any:
    """Search with BayesSearchCV; a callback ends it."""
    from skopt import BayesSearchCV

    spaces = for_skopt(task.space)
    finished = 0

    def stop(result: Any) -> bool:
        nonlocal finished
        params = dict(zip(sorted(spaces[finished]), result.x_iters[-1], strict=True))
        log.add(decode_tuples(params), -float(result.func_vals[-1]))
        if log.elapsed < seconds * (finished + 1) / len(spaces):
            return False
        finished += 1
        return True

    steps = task.pipeline.steps
    search = BayesSearchCV(
        TextPipeline(steps),
        spaces if len(spaces) > 1 else spaces[0],
        n_iter=ENDLESS,
        cv=task.folds,
        scoring=task.scoring,
        n_jobs=1,
        random_state=task.seed,
    ).fit(task.X, task.y, callback=stop)
    return search.best_estimator_


def optuna_search(task: Task, seconds: float, log: Log) -> Any:
    """Search with OptunaSearchCV, or with a study where the space has sub-spaces."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if len(task.space.subspaces) > 1:
        sampler = optuna.samplers.TPESampler(seed=task.seed)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(lambda t: log.evaluate(task, suggest(task.space, t)), timeout=seconds)
        return task.fit(log.best)
    from optuna_integration import OptunaSearchCV

    began = datetime.now()
    search = OptunaSearchCV(
        task.pipeline,
        for_optuna(task.space),
        cv=task.folds,
        scoring=task.scoring,
        n_trials=None,
        timeout=seconds,
        n_jobs=1,
        random_state=task.seed,
    ).fit(task.X, task.y)
    for trial in search.trials_:
        ended = (trial.datetime_complete - began).total_seconds()
        log.add(trial.params, -math.inf if trial.value is None else trial.value, ended)
    return search.best_estimator_


def flaml_search(task: Task, seconds: float, log: Log) -> Any:
    """Search with flaml.tune, then refit."""
    from flaml import BlendSearch, tune

    def objective(config: dict[str, Any]) -> dict[str, float]:
        return {"score": log.evaluate(task, from_flaml(task.space, config))}

    search = BlendSearch(
        metric="score", mode="max", space=for_flaml(task.space), seed=task.seed, num_samples=-1
    )
    tune.run(
        objective,
        search_alg=search,
        metric="score",
        mode="max",
        time_budget_s=seconds,
        num_samples=-1,
        verbose=0,
    )
    return task.fit(log.best)


def smac_search(task: Task, seconds: float, log: Log) -> Any:
    """Search with SMAC3, then refit."""
    from smac import HyperparameterOptimizationFacade, Scenario

    def objective(config: Any, seed: int = 0) -> float:
        return -log.evaluate(task, from_smac(task.space, config))

    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            for_smac(task.space, task.seed),
            deterministic=True,
            walltime_limit=seconds,
            n_trials=ENDLESS,
            seed=task.seed,
            output_directory=folder,
        )
        HyperparameterOptimizationFacade(scenario, objective, logging_level=50).optimize()
    return task.fit(log.best)


def our_search(task: Task, seconds: float, log: Log, strategy: str = "auto") -> Any:
    """Search with AutoTunedClassifier, or AutoTunedRegressor."""
    from autotune import AutoTunedClassifier, AutoTunedRegressor

    search = (AutoTunedRegressor if task.is_regression else AutoTunedClassifier)(
        task.pipeline,
        task.written,
        strategy=strategy,
        budget=f"{seconds}s",
        cv=task.splitter,  # it makes the same folds, and fresh ones for the finalists
        scoring=task.scoring,
        n_jobs=1,
        random_state=task.seed,
    ).fit(task.X, task.y)
    history = search.history_
    ended = {
        trial.number: max(
            (e.ended for e in trial.evaluations.values() if e.fold < FOLDS), default=0
        )
        for trial in history
    }
    for trial in sorted(history, key=lambda trial: ended[trial.number]):
        competes = trial.eligible and trial.status == "complete"
        score = history.score(trial) if competes else -math.inf
        log.add(trial.params, score, ended[trial.number], len(trial.evaluations))
    return search.best_estimator_


def no_search(task: Task, seconds: float, log: Log) -> Any:
    """Fit the model as it is."""
    return task.fit({})


DEFAULT = "default"
OURS = "ours"
TUNERS: dict[str, tuple[Callable[[Task, float, Log], Any], str]] = {  # and the module it needs
    OURS: (our_search, "autotune"),
    "random": (random_search, "sklearn"),
    "halving": (halving_search, "sklearn"),
    "bayes": (bayes_search, "skopt"),
    "optuna": (optuna_search, "optuna_integration.sklearn"),
    "flaml": (flaml_search, "flaml.tune"),
    "smac": (smac_search, "smac"),
}


def check_tuner(name: str) -> str:
    """Return a tuner's name if there is such a tuner."""
    known = [*TUNERS, *(f"{OURS}-{strategy}" for strategy in STRATEGIES)]
    if name.partition("@")[0] in known:
        return name
    raise ArgumentTypeError(f"must be one of {', '.join(known)}, got {name!r}")


def is_installed(name: str) -> bool:
    """Return whether the packages of a tuner are there."""
    kind = name.partition("@")[0].partition("-")[0]
    return find_spec(TUNERS[kind][1].partition(".")[0]) is not None


def tuner(name: str) -> Callable[[Task, float, Log], Any]:
    """Return the function of a tuner, with its package imported."""
    kind, _, strategy = name.partition("@")[0].partition("-")
    if kind == DEFAULT:
        return no_search
    function, module = TUNERS[kind]
    __import__(module)
    if strategy:
        return lambda task, seconds, log: our_search(task, seconds, log, strategy)
    return function
