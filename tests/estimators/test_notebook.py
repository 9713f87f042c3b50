"""The progress line and the summary in a real Jupyter kernel."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
PATIENCE = 600  # seconds that a kernel may take on a busy machine

# In a process of its own, because the libraries warn, and leave sockets to be collected.
RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient

class Counting(NotebookClient):
    n_updates = 0
    def process_message(self, message, cell, cell_index):
        self.n_updates += message["msg_type"] == "update_display_data"
        return super().process_message(message, cell, cell_index)

cells = [nbformat.v4.new_code_cell(cell) for cell in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
client = Counting(notebook, timeout=None, startup_timeout=300, kernel_name="python3")
client.execute()
json.dump([client.n_updates, [cell.outputs for cell in cells]], sys.stdout)
"""
CELLS = [
    """
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from autotune import AutoTunedClassifier
from autotune.results import _live
_live._INTERVAL = 0.0
data = load_iris(return_X_y=True)
model = AutoTunedClassifier(GaussianNB(), budget=4, cv=2, random_state=0, verbose=1)
""",
    "model = model.fit(*data)",
    "quiet = model.set_params(verbose=0).fit(*data)",
    "quiet",
]


def test_a_kernel(tmp_path, monkeypatch):
    """Check one output that is updated in place, silence with verbose=0, and the summary."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    answer = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(CELLS),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert answer.returncode == 0, answer.stderr
    n_updates, (prepared, loud, quiet, summary) = json.loads(answer.stdout)
    assert prepared == quiet == []
    (line,) = loud
    assert line["output_type"] == "display_data"
    assert line["data"]["text/plain"].startswith("[autotune] trial 4/4 | ")
    assert "| best 0." in line["data"]["text/plain"]
    assert n_updates >= 2 * 4  # after each evaluation
    (shown,) = summary
    assert shown["output_type"] == "execute_result"
    assert "tuned, " in shown["data"]["text/html"]
    assert "best_estimator_: GaussianNB" in shown["data"]["text/html"]
    assert shown["data"]["text/plain"].startswith("AutoTunedClassifier(")
