"""How good proposals are and what they cost: regret by number of trials, CPU time.

    python benchmarks/proposals.py --problems report --seeds 5

prints, for each method, the mean regret over problems and seeds after 10, 20, 50 and 100
trials (0 = best configuration known, 1 = median of random configurations), the mean of the
regret's logarithm, which weighs small regrets more, and milliseconds of CPU for a proposal
at three lengths of the history, on one thread.

Every search starts with the same default configuration. The development problems are those
on which the searcher's settings were chosen; the report problems were not looked at before.
The first run makes the tables (about half an hour on one core). Tables and finished searches
are kept in ``--folder``, so a run that was interrupted continues, and more seeds can be added.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from proposal_problems import DEVELOPMENT, REPORT, Params, Problem, load
from threadpoolctl import threadpool_limits

from autotune.history import COMPLETE, FAILED, Evaluation, History
from autotune.search import RandomSearcher, Searcher
from autotune.search._model import GPSearcher
from autotune.space import Feature, Space

LENGTHS = (10, 20, 50, 100)
TIMED = (10, 50, 100)
FLOOR = 1e-3  # regrets below count as this in logarithms


class SkoptSearcher(Searcher):
    """scikit-optimize's ``Optimizer``, told about every trial once and asked for one."""

    name = "skopt"
    options: dict[str, Any] = {}  # noqa: RUF012  # a constant of the class

    def __init__(self, space: Space, seed: int, n_trials: int | None = None):
        from skopt import Optimizer
        from skopt.space import Categorical, Real

        super().__init__(space, seed, n_trials)
        dimensions = [
            Categorical(list(range(f.n))) if is_unordered(f) else Real(0.0, 1.0)
            for f in space.features
        ]
        self._optimizer = Optimizer(
            dimensions, random_state=seed, model_queue_size=1, **self.options
        )

    def ask(self, history: History) -> Params:
        last = history[len(history) - 1]
        units = np.nan_to_num(self.space.encode(last.params), nan=0.5)
        pairs = list(zip(self.space.features, units, strict=True))
        point = [int(u * f.n) if is_unordered(f) else float(u) for f, u in pairs]
        scores = [history.score(t) for t in history if t.status == COMPLETE]
        score = history.score(last) if last.status == COMPLETE else min(scores)
        self._optimizer.tell(point, -score)
        asked = zip(self.space.features, self._optimizer.ask(), strict=True)
        chosen = [(x + 0.5) / f.n if is_unordered(f) else float(x) for f, x in asked]
        return self.space.decode(np.array(chosen))


class SkoptEI(SkoptSearcher):
    """The same with expected improvement alone and fewer candidates: faster."""

    name = "skopt-ei"
    options = {  # noqa: RUF012  # a constant of the class
        "acq_func": "EI",
        "acq_optimizer_kwargs": {"n_points": 1000, "n_restarts_optimizer": 2},
    }


class TPESearcher(Searcher):
    """Optuna's default sampler, which sees choices as choices and conditions as conditions."""

    name = "tpe"

    def __init__(self, space: Space, seed: int, n_trials: int | None = None):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        super().__init__(space, seed, n_trials)
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._trial: Any = None

    def ask(self, history: History) -> Params:
        last = history[len(history) - 1]
        if self._trial is None:
            units = self.space.encode(last.params)
            pairs = zip(self.space.features, units, strict=True)
            present = [(f, u) for f, u in pairs if not np.isnan(u)]
            self._study.enqueue_trial(
                {label(f): int(u * f.n) if f.kind == "choice" else float(u) for f, u in present}
            )
            self._suggest()
        if last.status == COMPLETE:
            self._study.tell(self._trial, history.score(last))
        else:
            self._study.tell(self._trial, state=_failed_state())
        return self._suggest()

    def _suggest(self) -> Params:
        """Start a trial and return its configuration."""
        self._trial, subspace, units = self._study.ask(), 0, []
        for f in self.space.features:
            if subspace not in f.subspaces:
                units.append(np.nan)
            elif f.kind == "choice":
                choice = self._trial.suggest_categorical(label(f), list(range(f.n)))
                subspace = subspace if f.name else choice
                units.append((choice + 0.5) / f.n)
            else:
                units.append(self._trial.suggest_float(label(f), 0.0, 1.0))
        return self.space.decode(np.array(units))


def _failed_state() -> Any:
    """Return Optuna's name for a failure."""
    import optuna

    return optuna.trial.TrialState.FAIL


def label(feature: Feature) -> str:
    """Return a name that is unique among the features."""
    return f"{feature.name} in {feature.subspaces}"


def is_unordered(feature: Feature) -> bool:
    """Return whether a feature is a choice among more than two."""
    return feature.kind == "choice" and feature.n > 2


METHODS: dict[str, Callable[..., Searcher]] = {
    "ours": GPSearcher,
    "skopt": SkoptSearcher,
    "skopt-ei": SkoptEI,
    "tpe": TPESearcher,
    "random": RandomSearcher,
}


def search(
    problem: Problem, make: Callable[..., Searcher], seed: int, n_trials: int
) -> tuple[list[float], list[float]]:
    """Run one search; return the true score of the incumbent and the CPU time, by trial."""
    searcher, history = make(problem.space, seed, n_trials), History(1)
    rng = np.random.RandomState(seed)
    truths, observed, seconds, incumbents = [], [], [], []
    for number in range(n_trials):
        start = time.process_time()
        params = searcher.ask(history) if number else problem.default
        seconds.append(time.process_time() - start)
        if params is None:
            break
        trial, truth = history.add(params, searcher.name if number else "default"), 0.0
        truth = problem.truth(params)
        score = truth + problem.noise * rng.standard_normal()
        history.set_status(trial, COMPLETE if np.isfinite(truth) else FAILED)
        scores = {"score": score} if np.isfinite(truth) else {}
        history.record(Evaluation(number, 0, scores=scores, status=trial.status))
        truths.append(truth)
        observed.append(score if np.isfinite(truth) else -np.inf)
        incumbents.append(truths[int(np.argmax(observed))])
    return incumbents, seconds


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run_all(
    entries: Iterable[tuple[str, float]],
    methods: list[str],
    seeds: int,
    n_trials: int,
    folder: Path,
) -> tuple[list[dict[str, Any]], dict[str, tuple[float, float]]]:
    """Run what is missing; return the results, and median and best score of each problem."""
    path, references = folder / f"searches-{n_trials}.jsonl", {}
    for entry in entries:
        problem = load(entry, folder)
        cached = folder / f"reference-{problem.name.replace(' ', '')}.json"
        if not cached.exists():
            cached.write_text(json.dumps(problem.reference()))
        references[problem.name] = tuple(json.loads(cached.read_text()))
        done = {(row["method"], row["problem"], row["seed"]) for row in read(path)}
        for seed in range(seeds):
            for method in methods:
                if (method, problem.name, seed) in done:
                    continue
                incumbents, seconds = search(problem, METHODS[method], seed, n_trials)
                row = {"method": method, "problem": problem.name, "seed": seed}
                row |= {
                    "scores": [incumbents[min(n, len(incumbents)) - 1] for n in LENGTHS],
                    "ms": [1e3 * float(np.mean(seconds[n - 5 : n])) for n in TIMED],
                }
                with path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    return read(path), references


def regrets(
    rows: list[dict[str, Any]],
    references: dict[str, tuple[float, float]],
    method: str,
    seeds: int,
) -> np.ndarray:
    """Return normalised regrets, shape (n_problems, n_seeds, n_lengths)."""
    result = []
    for problem, (median, best) in references.items():
        related = [r for r in rows if r["problem"].split()[0] == problem.split()[0]]
        best = max([best, *(max(row["scores"]) for row in related)])
        own = [r for r in related if (r["method"], r["problem"]) == (method, problem)]
        scores = np.array([r["scores"] for r in sorted(own, key=lambda r: r["seed"])[:seeds]])
        result.append(np.clip((best - scores) / (best - median), 0.0, 2.0))
    return np.array(result)


def report(
    rows: list[dict[str, Any]],
    references: dict[str, tuple[float, float]],
    methods: list[str],
    seeds: int,
) -> None:
    """Print a table of all methods and one of the regret by problem."""
    found = {method: regrets(rows, references, method, seeds) for method in methods}
    head = [f"regret@{n}" for n in LENGTHS] + [f"log10@{n}" for n in LENGTHS]
    head += [f"ms@{n}" for n in TIMED]
    print("| method | " + " | ".join(head) + " |\n|" + " --- |" * (len(head) + 1))
    for method, values in found.items():
        times = [r["ms"] for r in rows if r["method"] == method and r["problem"] in references]
        cells = [f"{x:.3f}" for x in values.mean(axis=(0, 1))]
        cells += [f"{x:.2f}" for x in np.log10(values + FLOOR).mean(axis=(0, 1))]
        cells += [f"{x:.1f}" for x in np.median(times, axis=0)]
        print(f"| {method} | " + " | ".join(cells) + " |")
    if "ours" in found:
        print("\nDifference in log10(regret) to ours, with its standard error:\n")
        logs = {method: np.log10(values + FLOOR) for method, values in found.items()}
        for method in methods:
            if method != "ours":
                gaps = (logs[method] - logs["ours"]).reshape(-1, len(LENGTHS))
                errors = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
                pairs = zip(LENGTHS, gaps.mean(axis=0), errors, strict=True)
                print(f"- {method}: " + ", ".join(f"@{n} {g:+.2f}+-{e:.2f}" for n, g, e in pairs))
    print("\n| regret@50 | " + " | ".join(methods) + " |\n|" + " --- |" * (len(methods) + 1))
    for i, problem in enumerate(references):
        cells = [f"{found[m][i, :, LENGTHS.index(50)].mean():.3f}" for m in methods]
        print(f"| {problem} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", choices=("development", "report"), default="report")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100)
    default_folder = Path(tempfile.gettempdir()) / "autotune-proposals"
    parser.add_argument("--folder", type=Path, default=default_folder)
    arguments = parser.parse_args()
    entries = DEVELOPMENT if arguments.problems == "development" else REPORT
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-optimize's notes on duplicates
        rows, references = run_all(
            entries, arguments.methods, arguments.seeds, arguments.trials, arguments.folder
        )
    report(rows, references, arguments.methods, arguments.seeds)


if __name__ == "__main__":
    main()
