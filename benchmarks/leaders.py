"""What it brings to compare the best trials of a search again, by repeats of the folds.

    python benchmarks/leaders.py --out leaders.jsonl                   ten minutes
    python benchmarks/leaders.py --data report --out report.jsonl      continues the file

From each data set of ``keel.py`` a few rows are drawn for a search of 50 trials by
``strategy="auto"``; its ten best trials and the default are then evaluated on two repeats of
the folds. The table shows what each rule to choose the winner gains over the best mean of the
search, on all the other rows. *Guarded* rules keep the default unless the winner is better on
the repeated folds too. *Longer search* has as many more evaluations as a comparison of the best
three takes. The cells of a data set count as one observation for the standard errors.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import keel
import numpy as np
from race_tasks import make_pipeline
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import Auto, AutoTunedClassifier
from autotune.history import COMPLETE, SEARCH, History, Trial

ROWS = (150, 400)
MODELS = {
    "SVC": (SVC(random_state=0), "accuracy"),
    "tree": (DecisionTreeClassifier(random_state=0), "neg_log_loss"),
}
SEEDS = (0, 1)
TRIALS, MOST_TRIALS, FOLDS, FINALISTS, REPEATS = 50, 75, 5, 10, 2
MOST_NEW_ROWS = 5000

Cell = dict[str, Any]


def run(cell: Cell) -> Cell:
    """Return a cell with the score on the other rows by each rule."""
    rows, seed = cell["rows"], cell["seed"]
    X, y = keel.load(cell["data"])
    X, X_new, y, y_new = train_test_split(X, y, train_size=rows, stratify=y, random_state=seed)
    prepare = make_pipeline("SVC")[:1].fit(X)  # once, to save time
    X, X_new = prepare.transform(X), prepare.transform(X_new)[:MOST_NEW_ROWS]
    estimator, metric = MODELS[cell["model"]]

    def truth(trial: Trial) -> float:
        model = clone(estimator).set_params(**trial.params).fit(X, y)
        return float(get_scorer(metric)(model, X_new, y_new[:MOST_NEW_ROWS]))

    def search(n_trials: int, n_repeats: int) -> History:
        model = AutoTunedClassifier(
            estimator,
            strategy=Auto(n_finalists=FINALISTS, n_repeats=n_repeats),
            budget=n_trials,
            cv=StratifiedKFold(FOLDS, shuffle=True, random_state=seed),
            scoring=metric,
            random_state=seed,
        )
        return model.fit(X, y).history_

    history = search(TRIALS, REPEATS)
    best = leaders(history, TRIALS)
    scores = {"default": truth(history[0]), "best mean": truth(best[0])}
    for n, n_repeats, guarded in product((3, FINALISTS), (1, REPEATS), (True, False)):
        name = f"best {n}, {n_repeats} x {FOLDS} folds{', guarded' * guarded}"
        scores[name] = truth(winner(history, best[:n], n_repeats, guarded=guarded))
    longer = search(MOST_TRIALS, 0)
    n_wanted = n_searched(history) + len({*map(id, best[:3]), id(history[0])}) * REPEATS * FOLDS
    enough = (n for n in range(TRIALS, MOST_TRIALS) if n_searched(longer, n) >= n_wanted)
    scores["longer search"] = truth(leaders(longer, next(enough, MOST_TRIALS))[0])
    return {**cell, "scores": scores}


def leaders(history: History, n_trials: int) -> list[Trial]:
    """Return the complete ones of the first trials, the best first."""
    complete = [t for t in history.trials[:n_trials] if t.eligible and t.status == COMPLETE]
    return sorted(complete, key=history.score, reverse=True)


def winner(history: History, field: list[Trial], n_repeats: int, *, guarded: bool) -> Trial:
    """Return the trial with the best mean of all folds."""
    repeats = {t.number: history.repeat_scores(t)[: n_repeats * FOLDS] for t in history}
    means = [
        np.hstack([history.compared_scores(trial), repeats[trial.number]]).mean() for trial in field
    ]
    best, default = field[int(np.nanargmax(means))], history[0]
    keeps = guarded and repeats[best.number].mean() <= repeats[default.number].mean()
    return default if keeps else best


def n_searched(history: History, n_trials: int | None = None) -> int:
    """Return the number of evaluations in the first trials of a search."""
    return sum(e.phase == SEARCH for t in history.trials[:n_trials] for e in t.evaluations.values())


def cells(data: tuple[str, ...]) -> Iterator[Cell]:
    """Yield all cells."""
    for seed, rows, model, name in product(SEEDS, ROWS, MODELS, data):
        if rows <= 0.75 * len(keel.load(name)[1]):
            yield {"data": name, "model": model, "rows": rows, "seed": seed}


def table(results: list[Cell]) -> Iterator[str]:
    """Yield the lines of the table: gains over the best mean, times 1000."""
    groups = list(product(ROWS, MODELS))
    yield "| rule | " + " | ".join(f"{model}, {rows} rows" for rows, model in groups) + " |"
    yield "| --- " * (len(groups) + 1) + "|"
    for rule in results[0]["scores"]:
        columns = []
        for rows, model in groups:
            gains: dict[str, list[float]] = {}
            for cell in results:
                if (cell["rows"], cell["model"]) == (rows, model):
                    gain = cell["scores"][rule] - cell["scores"]["best mean"]
                    gains.setdefault(cell["data"], []).append(1000 * gain)
            means = [np.mean(each) for each in gains.values()]
            error = np.std(means, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
            columns.append(f"{np.mean(means):+.1f} ± {error:.1f}" if means else "")
        yield f"| {rule} | " + " | ".join(columns) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", choices=("tuning", "report"), default="tuning")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    lines = arguments.out.read_text().splitlines() if arguments.out.exists() else []
    results = [json.loads(line) for line in lines]
    done = [{name: cell[name] for name in ("data", "model", "rows", "seed")} for cell in results]
    for cell in cells(keel.TUNING if arguments.data == "tuning" else keel.REPORT):
        if cell in done:
            continue
        results.append(run(cell))
        with arguments.out.open("a") as file:
            file.write(json.dumps(results[-1]) + "\n")
    print("\n".join(table(results)))


if __name__ == "__main__":
    main()
