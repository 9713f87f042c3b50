"""How the interpreter was started: without docstrings, without streams, with all warnings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_python(code, *options, folder=None, env=None):
    """Run a program in a fresh interpreter and return it when it has ended."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


IMPORT_ALL = """
import importlib, pkgutil, sys
import autotune
for module in pkgutil.walk_packages(autotune.__path__, "autotune."):
    importlib.import_module(module.name)
assert sys.flags.optimize == 2 and autotune.__doc__ is None
"""

FIT = """
import sys
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from autotune import AutoTunedClassifier, Budget

class Model(GaussianNB):
    def fit(self, X, y):
        self.level_ = sys.flags.optimize
        return super().fit(X, y)

X, y = load_iris(return_X_y=True)
for budget in (2, Budget(trials=2, seconds="60s")):
    model = AutoTunedClassifier(Model(), {"var_smoothing": [1e-9, 1e-3]}, budget=budget, cv=2)
    if model.fit(X, y).level_ != 2:
        raise SystemExit("a worker runs under other options")
"""


@pytest.mark.parametrize(
    "code",
    [pytest.param(IMPORT_ALL, id="import"), pytest.param(FIT, id="fit", marks=pytest.mark.slow)],
)
def test_without_docstrings(code):
    """Check that the package is imported, and fits in workers too, under ``python -OO``."""
    done = run_python(code, "-OO")
    assert done.returncode == 0, done.stderr


SILENT = """
import os, sys
sys.stdout = sys.stderr = None
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from autotune import AutoTunedClassifier, Budget

class Model(GaussianNB):
    def fit(self, X, y):
        print("from the model")
        return super().fit(X, y)

X, y = load_iris(return_X_y=True)
for verbose in (1, 2):
    for budget in (2, Budget(trials=2, seconds="60s")):
        model = AutoTunedClassifier(
            Model(), {"var_smoothing": [1e-9, 1e-3]}, budget=budget, cv=2, verbose=verbose
        )
        model.fit(X, y)
"""

SILENT_COMMAND = """
import sys
from sklearn.datasets import load_iris
load_iris(as_frame=True).frame.to_csv("iris.csv", index=False)
sys.stdout = sys.stderr = None
from autotune.cli import main
good = ["iris.csv", "--target", "target", "--budget", "2", "--model", "tree", "--save", "m.joblib"]
sys.exit(10 * main(good) + main(["iris.csv", "--target", "nothing"]))
"""


def test_without_streams():
    """Check that progress goes nowhere where there are no standard streams."""
    done = run_python(SILENT)
    assert done.returncode == 0


def test_command_without_streams(tmp_path):
    """Check that the command works and returns its codes without standard streams."""
    assert run_python(SILENT_COMMAND, folder=tmp_path).returncode == 2
    assert (tmp_path / "m.joblib").exists()


TIDY = """
import joblib
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from autotune import AutoTunedClassifier, Budget, read_history

for backend, settings in [
    ("loky", {"budget": 3}),
    ("threading", {"budget": 3, "n_jobs": 2}),
    ("loky", {"budget": 3, "storage": "tuning.db"}),
    ("loky", {"budget": Budget(trials=3, seconds="60s"), "n_jobs": 2}),
]:
    with joblib.parallel_config(backend):
        AutoTunedClassifier(GaussianNB(), cv=2, **settings).fit(*load_iris(return_X_y=True))
read_history("tuning.db")
"""


def test_nothing_is_left_open(tmp_path):
    """Check that development mode, also in what a fit starts, finds nothing that was not closed."""
    env = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error::ResourceWarning"}
    done = run_python(TIDY, folder=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
