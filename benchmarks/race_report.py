"""The tables and the picture of ``race.py``.

The score of a run is normalised per task (data set, model and seed): 0 is the untuned default, 1
the best final model of any tuner and budget in the file, and -1 the least. Tasks on which nothing
beats the default cannot be normalised; they are left out and counted. A table is made of the
tasks that all its tuners have finished. Intervals hold 95 % of 10,000 bootstrap samples of the
pairs (data set, model), with all seeds of each, since seeds of a pair are not independent.
*Worse* is the share of runs whose model is below the default by more than two standard errors of
the paired differences on the rows held out. *In time*: where a run took over 5 % longer than its
budget, the score of the best candidate that it had found when the budget ended, as if fitting it
took no time; 0, the default, if there was none. A run that failed or was killed scores 0, with its
seconds unknown. The mean over the time is that of the best candidate so far, 0 until there is one.
The time that ours needs is read off its mean score over all tasks, in which a
task counts 0 until there is a first candidate.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

Record = dict[str, Any]
TaskKey = tuple[str, str, int]  # data, model, seed
Runs = dict[TaskKey, dict[str, Record]]  # of one budget, by tuner

SAMPLES = 10_000
TINY = 1e-12
TOLERANCE = 0.05  # of the budget, by which a run may take longer
DEFAULT = "default"
LABELS = {
    "ours": "autotune",
    "random": "RandomizedSearchCV",
    "halving": "HalvingRandomSearchCV",
    "bayes": "BayesSearchCV",
    "optuna": "Optuna, TPE",
    "flaml": "FLAML tune",
    "smac": "SMAC3",
}


def read(paths: Iterable[Path]) -> list[Record]:
    """Return the lines of several files; one that was cut short by a kill is left out."""
    records = []
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                print(f"{path}: one line is not whole and is left out")
    return records


def chosen(records: list[Record], args: argparse.Namespace) -> list[Record]:
    """Return the cells that were asked for; the defaults always."""
    filters = {"model": args.models, "seed": args.seeds, "data": args.data_sets}
    cells = []
    for record in records:
        if "tuner" not in record:
            continue
        is_default = record["tuner"] == DEFAULT
        wanted = all(values is None or record[name] in values for name, values in filters.items())
        if not is_default:
            wanted &= args.tuners is None or record["tuner"] in args.tuners
            wanted &= args.budgets is None or record["budget"] in args.budgets
        if wanted:
            cells.append(record)
    return cells


class Scores:
    """The runs by budget and task, and what their scores mean.

    Attributes
    ----------
    runs : dict of float to dict
        Budget to task to tuner to record.
    degenerate : set of tuple
        Tasks on which nothing beats the default.
    """

    def __init__(self, cells: list[Record]):
        self._defaults: dict[TaskKey, float] = {}
        best: dict[TaskKey, float] = defaultdict(lambda: -np.inf)
        every: dict[float, Runs] = defaultdict(lambda: defaultdict(dict))
        for cell in cells:
            task = (cell["data"], cell["model"], cell["seed"])
            if cell["tuner"] != DEFAULT:
                every[cell["budget"]][task][cell["tuner"]] = cell
                best[task] = max(best[task], cell.get("held_out", -np.inf))
            elif "held_out" in cell:
                self._defaults[task] = cell["held_out"]
        self._scale = {task: best[task] - score for task, score in self._defaults.items()}
        tasks = {task for runs in every.values() for task in runs if task in self._defaults}
        self.degenerate = {task for task in tasks if self._scale[task] <= TINY}
        usable = tasks - self.degenerate
        self.runs = {
            budget: {task: every[budget][task] for task in every[budget] if task in usable}
            for budget in sorted(every)
        }

    def normalised(self, task: TaskKey, held_out: float) -> float:
        """Return a score between -1 and 1."""
        score = (held_out - self._defaults[task]) / self._scale[task]
        return float(np.clip(score, -1.0, 1.0))  # a candidate may be better than any final model

    def final(self, task: TaskKey, run: Record) -> float:
        """Return the normalised score of a run."""
        return self.normalised(task, run["held_out"]) if "held_out" in run else 0.0

    def in_time(self, task: TaskKey, run: Record) -> float:
        """Return the normalised score of what a run had when its budget ended."""
        if "held_out" not in run or run["wall"] <= (1 + TOLERANCE) * run["budget"]:
            return self.final(task, run)
        found = [held_out for seconds, held_out in run["trace"][:-1] if seconds <= run["budget"]]
        return self.normalised(task, found[-1]) if found else 0.0

    def over_time(self, task: TaskKey, run: Record) -> float:
        """Return the normalised score of a run's best candidate, on average until the budget."""
        trace = run.get("trace", [])[:-1]  # the last point is that of the final model
        points = [(min(seconds, run["budget"]), found) for seconds, found in trace]
        ends = [seconds for seconds, _ in points[1:]] + [run["budget"]]
        area = sum(
            (end - seconds) * self.normalised(task, found)
            for (seconds, found), end in zip(points, ends, strict=False)
        )
        return area / run["budget"]

    def curve(self, runs: Runs, tuner: str, times: np.ndarray) -> np.ndarray:
        """Return the mean normalised score of a tuner's best candidate at some times."""
        total = np.zeros(len(times))
        for task, by_tuner in runs.items():
            points = by_tuner[tuner].get("trace", [])
            places = np.searchsorted([seconds for seconds, _ in points], times, side="right")
            steps = [0.0] + [self.normalised(task, held_out) for _, held_out in points]
            total += np.array(steps)[places]
        return total / max(len(runs), 1)


def common(runs: Runs) -> tuple[list[str], Runs]:
    """Return all tuners, and the tasks that each of them has finished."""
    tuners = list(dict.fromkeys(name for by_tuner in runs.values() for name in by_tuner))
    return tuners, {task: r for task, r in runs.items() if len(r) == len(tuners)}


def interval(values: np.ndarray, tasks: list[TaskKey]) -> tuple[float, float]:
    """Return the bootstrap interval of a mean; whole pairs of data set and model are drawn."""
    pairs = list(dict.fromkeys(task[:2] for task in tasks))
    place = {pair: i for i, pair in enumerate(pairs)}
    groups = np.array([place[task[:2]] for task in tasks])
    sums = np.bincount(groups, values)
    counts = np.bincount(groups)
    draws = np.random.default_rng(0).integers(len(pairs), size=(SAMPLES, len(pairs)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def print_tables(records: list[Record], cells: list[Record], ours: str) -> None:
    """Print all tables."""
    for versions in dict.fromkeys(r["versions"] for r in records if "versions" in r):
        print(versions)
    scores = Scores(cells)
    if scores.degenerate:
        print(f"\nLeft out, nothing beats the default: {len(scores.degenerate)} tasks")
    for budget, runs in scores.runs.items():
        tuners, tasks = common(runs)
        print(f"\n## {budget:g} s: {len(tasks)} tasks ({len(runs) - len(tasks)} unfinished)")
        if tasks:
            _print_scores(scores, tasks, tuners, ours, budget)
            _print_models(scores, tasks, tuners)
            _print_over_time(scores, tasks, tuners, ours)
            if ours in tuners:
                _print_times(scores, tasks, tuners, ours, budget)


def _print_scores(scores: Scores, runs: Runs, tuners: list[str], ours: str, budget: float) -> None:
    """Print what came of a budget, a row for each tuner."""
    keys = list(runs)
    table = np.array([[scores.final(task, runs[task][t]) for t in tuners] for task in keys])
    ranks = np.array([rankdata(-np.round(row, 12)) for row in table]).mean(axis=0)
    punctual = np.array([[scores.in_time(task, runs[task][t]) for t in tuners] for task in keys])
    heads = f"tuner | score | {ours} minus it | in time | {ours} minus that | rank | worse | failed"
    heads += " | seconds over: median | worst | trials | evaluations"
    print(f"\n| {heads} |\n|" + " --- |" * 12)
    for i in np.argsort(-table.mean(axis=0)):
        cells = [runs[task][tuners[i]] for task in keys]
        entries = [tuners[i]]
        for values in (table, punctual):
            entries += [_mean_text(values[:, i], keys), ""]
            if ours in tuners and tuners[i] != ours:
                entries[-1] = _mean_text(values[:, tuners.index(ours)] - values[:, i], keys, "+")
        done = [cell for cell in cells if "held_out" in cell]
        worse = sum(cell["gain"] < -max(2 * cell["gain_se"], TINY) for cell in done)
        entries += [f"{ranks[i]:.2f}", f"{worse / len(cells):.0%}", str(len(cells) - len(done))]
        over = [cell["wall"] - budget for cell in done] or [np.nan]
        entries += [f"{np.median(over):+.1f}", f"{max(over):+.1f}"]
        for name in ("trials", "evaluations"):
            entries.append(f"{np.median([cell[name] for cell in done] or [np.nan]):g}")
        print("| " + " | ".join(entries) + " |")


def _mean_text(values: np.ndarray, tasks: list[TaskKey], sign: str = "") -> str:
    """Return a mean and its interval."""
    low, high = interval(values, tasks)
    return f"{values.mean():{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def _print_models(scores: Scores, runs: Runs, tuners: list[str]) -> None:
    """Print the mean score of each tuner for each model."""
    by_model: dict[str, list[TaskKey]] = defaultdict(list)
    for task in runs:
        by_model[task[1]].append(task)
    heads = " | ".join(f"{model} ({len(tasks)})" for model, tasks in by_model.items())
    print(f"\n| score by model (tasks) | {heads} |\n|" + " --- |" * (len(by_model) + 1))
    for name in tuners:
        means = [
            np.mean([scores.final(task, runs[task][name]) for task in tasks])
            for tasks in by_model.values()
        ]
        print(f"| {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")


def _print_over_time(scores: Scores, runs: Runs, tuners: list[str], ours: str) -> None:
    """Print the mean score until the budget of each tuner's best candidate."""
    keys = list(runs)
    table = np.array([[scores.over_time(task, runs[task][t]) for t in tuners] for task in keys])
    print(f"\n| mean score over the time | score | {ours} minus it |\n| --- | --- | --- |")
    for i in np.argsort(-table.mean(axis=0)):
        difference = ""
        if ours in tuners and tuners[i] != ours:
            difference = _mean_text(table[:, tuners.index(ours)] - table[:, i], keys, "+")
        print(f"| {tuners[i]} | {_mean_text(table[:, i], keys)} | {difference} |")


def _print_times(scores: Scores, runs: Runs, tuners: list[str], ours: str, budget: float) -> None:
    """Print how long ours needs for the final score of each tuner."""
    times = np.array(
        sorted({point[0] for by in runs.values() for point in by[ours].get("trace", [])})
    )
    curve = scores.curve(runs, ours, times)
    print(
        f"\n| final score after {budget:g} s | score | {ours} has it after |\n| --- | --- | --- |"
    )
    for name in tuners:
        if name != ours:
            final = float(np.mean([scores.final(task, by[name]) for task, by in runs.items()]))
            reached = np.flatnonzero(curve >= final)
            after = f"{times[reached[0]]:.1f} s" if len(reached) else "never"
            print(f"| {name} | {final:.2f} | {after if final > 0 else 'the start'} |")


def plot(cells: list[Record], path: str) -> None:
    """Draw the mean score of each tuner against time, a panel for each budget."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    scores = Scores(cells)
    panels = {budget: common(runs) for budget, runs in scores.runs.items()}
    panels = {budget: (tuners, tasks) for budget, (tuners, tasks) in panels.items() if tasks}
    if not panels:
        print("no task is finished: there is nothing to draw")
        return
    figure, axes = plt.subplots(
        1, len(panels), figsize=(6 * len(panels), 4), sharey=True, squeeze=False
    )
    found = dict.fromkeys(name for tuners, _ in panels.values() for name in tuners)
    names = [name for name in LABELS if name in found]
    names += [name for name in found if name not in LABELS]
    for ax, (budget, (tuners, tasks)) in zip(axes[0], panels.items(), strict=True):
        times = np.geomspace(0.1, 2 * budget, 400)
        for number, name in enumerate(names):
            if name in tuners:
                ax.plot(
                    times,
                    scores.curve(tasks, name, times),
                    label=LABELS.get(name, name),
                    linewidth=2.5 if name.startswith("ours") else 1.2,
                    color=f"C{number}",
                    zorder=3 if name.startswith("ours") else 2,
                )
        ax.axvline(budget, color="0.6", linestyle=":")
        ax.set(xscale="log", xlabel="seconds", title=f"budget {budget:g} s, {len(tasks)} tasks")
    axes[0][0].set_ylabel("mean normalised score on held-out rows")
    axes[0][0].legend(frameon=False, loc="upper left")
    figure.tight_layout()
    figure.savefig(path)
