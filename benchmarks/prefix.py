"""What it saves to fit the first steps of a pipeline once per fold, against GridSearchCV.

    python benchmarks/prefix.py            three repetitions, a few minutes
    python benchmarks/prefix.py --quick    one repetition

The model at the end of each pipeline is tuned on a grid of 20 points with 5 folds and without
a refit; what comes before it is the same for all points. GridSearchCV runs as it is and with
the pipeline's own ``memory`` in an empty folder. All take turns in the same run, on one thread
of this process; the ratios are those of processor time, which a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier

N_POINTS = 20
FOLDS = 5
N_TEXTS, N_WORDS, LENGTH = 1000, 20_000, 120


def texts() -> tuple[list[str], np.ndarray]:
    """Return texts of words whose frequencies fall as in natural language, and four topics.

    A fifth of the words of a text are drawn from those of its topic.
    """
    rng = np.random.default_rng(0)
    words = np.array([f"w{rank}" for rank in range(N_WORDS)])
    frequencies = 1.0 / np.arange(1, N_WORDS + 1)
    cumulated = np.cumsum(frequencies / frequencies.sum())
    topics = rng.integers(4, size=N_TEXTS)
    drawn = np.searchsorted(cumulated, rng.random((N_TEXTS, LENGTH)))
    shifted = (drawn * 4 + topics[:, None]) % N_WORDS  # a topic's own share of the words
    drawn = np.where(rng.random(drawn.shape) < 0.2, shifted, drawn)
    return [" ".join(words[row]) for row in drawn], topics


def text_case() -> tuple[Pipeline, dict[str, list], Any, Any]:
    """Return a pipeline for texts, its grid, and data."""
    model = SGDClassifier(loss="log_loss", random_state=0)
    steps = [("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2)), ("model", model)]
    return Pipeline(steps), {"model__alpha": list(np.geomspace(1e-6, 1e-3, N_POINTS))}, *texts()


def polynomial_case(
    model: Any, name: str, values: np.ndarray
) -> tuple[Pipeline, dict[str, list], Any, Any]:
    """Return a pipeline that chooses among 5455 products of features, its grid, and data."""
    steps = [
        ("scale", StandardScaler()),
        ("products", PolynomialFeatures(3, include_bias=False)),
        ("rescale", StandardScaler()),
        ("best", SelectKBest(k=100)),
        ("model", model),
    ]
    return Pipeline(steps), {f"model__{name}": list(values)}, *load_breast_cancer(return_X_y=True)


CASES: dict[str, Callable] = {
    "tf-idf of words and pairs, SGDClassifier": text_case,
    "products of three, the best 100, RidgeClassifier": partial(
        polynomial_case, RidgeClassifier(), "alpha", np.geomspace(1e-1, 1e3, N_POINTS)
    ),
    "products of three, the best 100, LogisticRegression": partial(
        polynomial_case, LogisticRegression(), "C", np.geomspace(1e-4, 1e-1, N_POINTS)
    ),
}


def grid_search(model: Pipeline, grid: dict, X: Any, y: Any) -> Any:
    """Search as scikit-learn does."""
    return GridSearchCV(model, grid, cv=FOLDS, refit=False).fit(X, y)


def grid_search_memory(model: Pipeline, grid: dict, X: Any, y: Any) -> Any:
    """Search as scikit-learn does, with what is fitted kept on disk."""
    with tempfile.TemporaryDirectory() as folder:
        return grid_search(clone(model).set_params(memory=folder), grid, X, y)


def ours(model: Pipeline, grid: dict, X: Any, y: Any) -> Any:
    """Search the same grid with this package."""
    tuned = AutoTunedClassifier(
        model, grid, strategy="grid", include_default=False, cv=FOLDS, refit=False
    )
    return tuned.fit(X, y)


SEARCHES: dict[str, Callable] = {
    "GridSearchCV": grid_search,
    "GridSearchCV, memory": grid_search_memory,
    "autotune grid": ours,
}


def compare(make_case: Callable, rounds: int) -> dict[str, tuple[float, float, np.ndarray]]:
    """Return the median wall and processor times and the scores of each search."""
    model, grid, X, y = make_case()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in SEARCHES}
    scores = {}
    for _ in range(rounds):
        for name, search in SEARCHES.items():
            wall, processor = time.perf_counter(), time.process_time()
            found = search(model, grid, X, y)
            spent = time.perf_counter() - wall, time.process_time() - processor
            times[name].append(spent)
            columns = [found.cv_results_[f"split{fold}_test_score"] for fold in range(FOLDS)]
            scores[name] = np.array(columns)
    medians = {name: map(statistics.median, zip(*times[name], strict=True)) for name in SEARCHES}
    return {name: (*medians[name], scores[name]) for name in SEARCHES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one repetition")
    rounds = 1 if parser.parse_args().quick else 3
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    print(", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy", "scipy")))
    print(f"\n## Seconds of a grid of {N_POINTS} points, {FOLDS} folds\n")
    print("| pipeline | search | wall s | processor s | times faster | best score | same scores |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with threadpool_limits(1):
        for case, make_case in CASES.items():
            found = compare(make_case, rounds)
            _, reference, expected = found["GridSearchCV"]
            for name, (wall, processor, scores) in found.items():
                best, same = scores.mean(axis=0).max(), np.array_equal(scores, expected)
                speed = f"{reference / processor:.1f}"
                print(
                    f"| {case} | {name} | {wall:.1f} | {processor:.1f} | {speed} | {best:.4f} "
                    f"| {'yes' if same else 'no'} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
