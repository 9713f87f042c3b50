"""Draws the pictures of README.md and the documentation anew; needs the extra ``plot``."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from autotune import AutoTunedClassifier, AutoTunedRegressor, TuningDisplay

FOLDER = Path(__file__).parent / "images"
RESULTS = Path(__file__).parents[1] / "benchmarks" / "RESULTS.md"
KINDS = ("history", "parameters", "importance", "parallel")


def main() -> None:
    """Write a file for each picture but that of the race, which ``benchmarks/race.py`` draws."""
    mpl.use("Agg")
    displays = {**tuning(), **searches()}
    figures = {name: display.figure_ for name, display in displays.items()}
    for name, figure in {**figures, "proposals": proposals()}.items():
        path = FOLDER / f"{name}.png"
        figure.savefig(path, dpi=90)
        Image.open(path).convert("RGB").quantize(96).save(
            path, optimize=True
        )  # a third as large


def tuning() -> dict[str, TuningDisplay]:
    """Return the plots of the page "Getting started"."""
    X, _, y, _ = train_test_split(
        *load_diabetes(return_X_y=True, as_frame=True), random_state=0
    )
    svr = make_pipeline(StandardScaler(), SVR())
    model = AutoTunedRegressor(svr, budget=30, random_state=0).fit(X, y)
    kinds = {"tuning": "history", "tuning_parameters": "parameters"}
    return {
        name: TuningDisplay.from_estimator(model, kind) for name, kind in kinds.items()
    }


def searches() -> dict[str, TuningDisplay]:
    """Tune one model, and return a plot of each kind."""
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), SVC())
    tuned = AutoTunedClassifier(pipeline, budget=60, random_state=0)
    results = cross_validate(tuned, X, y, return_estimator=True)
    tuned.fit(X, y)
    displays = {kind: TuningDisplay.from_estimator(tuned, kind) for kind in KINDS}
    return {**displays, "nested": TuningDisplay.from_cv_results(results)}


def proposals() -> Figure:
    """Plot the first block of the table "Proposals" in RESULTS.md: regret against trials."""
    text = RESULTS.read_text(encoding="utf-8").split("\n## Proposals\n")[1]
    rows = re.findall(
        r"^\| (?:6 seeds)? ?\| (.+?) \|((?: [\d.]+ \|){5})$", text, re.MULTILINE
    )[:3]
    figure, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
    for method, cells in rows:
        regrets = [float(cell) for cell in cells.split("|")[:4]]
        ax.plot([10, 20, 50, 100], regrets, marker="o", label=method.replace("`", ""))
    ax.set(xscale="log", xlabel="trials", ylabel="regret", ylim=(0, None))
    ax.set_xticks([10, 20, 50, 100], ["10", "20", "50", "100"])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()
