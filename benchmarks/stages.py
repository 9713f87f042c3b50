"""Boosting rounds that the folds find against a fixed number: held-out log loss and seconds.

Each model is tuned twice in the same number of trials on the same rows, once as it is and once
with early stopping below a higher limit. Where a model holds out rows by itself, the winner is
also fitted in two other ways: with early stopping on all rows, and with the folds' mean as it
is, not in proportion to the rows. The data are the tuning half of KEEL; categories are codes.

    python benchmarks/stages.py hist --rows 2000 --trials 15
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
from keel import TUNING, load
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from autotune import AutoTunedClassifier

FOLDS = 3
MOST_TEST_ROWS = 5000


def models(name: str, limit: int) -> tuple[Any, Any]:
    """Return a model as it is, and one that stops early below a number of rounds."""
    if name == "hist":
        model = HistGradientBoostingClassifier()
        return model, clone(model).set_params(early_stopping=True, max_iter=limit)
    if name == "gradient":
        model = GradientBoostingClassifier()
        return model, clone(model).set_params(n_iter_no_change=10, n_estimators=limit)
    if name == "xgboost":
        from xgboost import XGBClassifier

        return XGBClassifier(), XGBClassifier(early_stopping_rounds=20, n_estimators=limit)
    if name == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(), LGBMClassifier(early_stopping_round=20, n_estimators=limit)
    from catboost import CatBoostClassifier

    return CatBoostClassifier(), CatBoostClassifier(early_stopping_rounds=50, iterations=limit)


def compare(name: str, data: str, n_rows: int, n_trials: int, limit: int) -> list[float]:
    """Return the log loss and the seconds of both, and the losses of the other last fits."""
    X, y = load(data)
    texts = X.select_dtypes("category").columns
    X = X.assign(**{column: X[column].cat.codes for column in texts}).to_numpy(dtype=float)
    n_rows = min(n_rows, int(0.6 * len(y)))
    X, rest, y, truth = train_test_split(X, y, train_size=n_rows, stratify=y, random_state=0)
    rest, truth = rest[:MOST_TEST_ROWS], truth[:MOST_TEST_ROWS]
    found = []
    for model in models(name, limit):
        start = time.process_time()
        search = AutoTunedClassifier(
            model, budget=n_trials, scoring="neg_log_loss", cv=FOLDS, n_jobs=1, random_state=0
        ).fit(X, y)
        found += [loss(search, rest, truth), time.process_time() - start]
    if name in ("hist", "gradient"):
        name = "max_iter" if name == "hist" else "n_estimators"
        searched = search.cv_results_["params"][search.best_index_]
        mean = round(search.cv_results_["mean_iterations"][search.best_index_])
        for params in (searched, {**search.best_params_, name: mean}):
            other = clone(model).set_params(random_state=0, **params).fit(X, y)
            found.append(loss(other, rest, truth))
    return found


def loss(model: Any, X: np.ndarray, y: Any) -> float:
    """Return the log loss of a fitted classifier."""
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", choices=("hist", "gradient", "xgboost", "lightgbm", "catboost"))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=15)
    parser.add_argument("--limit", type=int, default=500, help="of rounds, with early stopping")
    parser.add_argument("--data", nargs="+", choices=TUNING, default=TUNING)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| data | fixed | s | found | s | last fit stopped early | mean as it is |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for data in args.data:
        rows.append(compare(args.model, data, args.rows, args.trials, args.limit))
        print(f"| {data} |", " | ".join(f"{value:.4g}" for value in rows[-1]), "|", flush=True)
    fixed, fixed_seconds, stopped, seconds, *others = np.array(rows).T
    print(f"found / fixed: log loss {_mean_ratio(stopped, fixed)}", end=", ")
    print(f"seconds {_mean_ratio(seconds, fixed_seconds)}")
    for label, other in zip(("last fit stopped early", "mean as it is"), others, strict=False):
        print(f"found / {label}: log loss {_mean_ratio(stopped, other)}")


def _mean_ratio(values: np.ndarray, base: np.ndarray) -> str:
    """Return the geometric mean of ratios, with its standard error as a factor."""
    logs = np.log(values / base)
    error = logs.std(ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else np.nan
    return f"{np.exp(logs.mean()):.3f} (+-{error:.3f}), lower on {(logs < 0).sum()} of {len(logs)}"


if __name__ == "__main__":
    main()
