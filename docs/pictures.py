"""Draws the pictures of README.md and the user guide anew; needs the extra ``plot``."""

from pathlib import Path

import matplotlib as mpl
from PIL import Image
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, TuningDisplay

FOLDER = Path(__file__).parent / "images"
KINDS = ("history", "parameters", "importance", "parallel")


def main() -> None:
    """Tune one model, and write a file for each kind."""
    mpl.use("Agg")
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), SVC())
    tuned = AutoTunedClassifier(pipeline, budget=60, random_state=0)
    results = cross_validate(tuned, X, y, return_estimator=True)
    tuned.fit(X, y)
    displays = {kind: TuningDisplay.from_estimator(tuned, kind) for kind in KINDS}
    displays["nested"] = TuningDisplay.from_cv_results(results)
    for name, display in displays.items():
        path = FOLDER / f"{name}.png"
        display.figure_.savefig(path, dpi=90)
        Image.open(path).convert("RGB").quantize(96).save(path, optimize=True)  # a third as large


if __name__ == "__main__":
    main()
