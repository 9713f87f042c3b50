"""Starts the tests in ``array_api.py`` where SciPy computes with arrays of other libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_array_api():
    """Check that all works with arrays of another library, on devices other than the CPU too."""
    tests = Path(__file__).with_name("array_api.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "", "-p", "no:cacheprovider", str(tests)],
        cwd=tests.parents[2],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
