"""The command line as a process: what it imports, signals, pipes and missing streams."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import get_scorer_names

import autotune
from autotune.cli._main import main
from autotune.cli._names import METRICS
from autotune.cli._names import STRATEGIES as NAMES
from autotune.strategies import STRATEGIES

PATIENCE = 120  # seconds that a process may take on a busy machine
HEAVY = {"numpy", "pandas", "rich", "scipy", "sklearn"}


def python(code, *argv, **settings):
    """Start Python on some code."""
    command = [sys.executable, "-W", "error", "-c", code, *map(str, argv)]
    return subprocess.Popen(command, text=True, **settings)


def ended(code, *argv, **settings):
    """Return the exit code, the output and the errors of Python on some code."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = python(code, *argv, **pipes | settings)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Return a file of 60 rows in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    rows = [f"{x:.3f},{z:.3f},{int(x > z)}" for x, z in rng.randn(60, 2)]
    Path("data.csv").write_text("\n".join(["x,z,y", *rows]))
    return "data.csv"


IMPORTED = """
import json, sys
from autotune.cli import main
try:
    code = main(json.loads(sys.argv[1]))
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.__stdout__)
"""


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["demo", "--help"], 0),
        ([], 2),
        (["data.csv", "--target", "y", "--taks", "regression"], 2),
        (["data.csv", "--target", "y", "--budget", "soon"], 2),
        (["data.csv", "--target", "y", "--strategy", "bayse"], 2),
        (["data.csv", "--target", "y", "--model", "forrest"], 2),
        (["data.csv", "--target", "y", "--scoring", "acuracy"], 2),
        (["data.csv", "--target", "y", "--save", "model.h5"], 2),
        (["data.csv", "--target", "yy"], 2),
        (["other.csv", "--target", "y"], 2),
    ],
    ids=str,
)
def test_answers_without_the_libraries(argv, code, data):
    """Check that help and mistakes are answered before anything large is imported."""
    returned, out, err = ended(IMPORTED, json.dumps(argv))
    assert returned == 0, err
    assert json.loads(out.splitlines()[-1])[0] == code
    assert not HEAVY.intersection(json.loads(out.splitlines()[-1])[1])


def test_the_module_answers_without_the_libraries():
    """Check the same of ``python -m autotune``."""
    command = [sys.executable, "-X", "importtime", "-m", "autotune", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "autotune.cli" in imported
    assert not HEAVY.intersection(imported)


def test_the_names_are_those_that_there_are():
    """Check that the names that are known without an import are all that there are."""
    assert sorted(NAMES) == sorted(STRATEGIES)
    assert set(get_scorer_names()) <= set(METRICS)


def test_metrics_of_other_releases(data, monkeypatch, capsys):
    """Check that a release that is not known is asked for its metrics."""
    monkeypatch.setattr("autotune.cli._names.METRICS", ["r2"])
    assert main([data, "--target", "y", "--scoring", "accuracy"]) == 2
    monkeypatch.setattr("autotune.cli._names.version", lambda package: "2.0.1")
    words = ["--target", "y", "--model", "nb", "--budget", "1"]
    assert main([data, *words, "--scoring", "accuracy"]) == 0
    assert main([data, *words, "--scoring", "acuracy"]) == 2
    assert "got 'acuracy': did you mean 'accuracy'?" in capsys.readouterr().err


def test_exports_on_demand():
    """Check that the package imports what is asked for, and nothing before."""
    code = (
        "import sys, autotune\nassert 'sklearn' not in sys.modules\n"
        "from autotune import *\nassert AutoTunedClassifier and Budget and read_history\n"
        "import autotune.space\nassert autotune.strategies.STRATEGIES and autotune.defaults\n"
        "assert set(autotune.__all__) <= set(dir(autotune))"
    )
    returned, _, err = ended(code)
    assert returned == 0, err
    with pytest.raises(AttributeError, match="module 'autotune' has no attribute 'Baeys'"):
        autotune.Baeys  # noqa: B018  # the attribute is asked for
    with pytest.raises(ImportError, match="cannot import name 'AutoTuned'"):
        exec("from autotune import AutoTuned")


@pytest.mark.parametrize(("given", "expected"), [(None, "passive"), ("active", "active")])
def test_idle_threads_sleep(given, expected):
    """Check that the process sets OpenMP's wait policy, unless the user has."""
    code = (
        "import os, sys\nfrom autotune.cli import main\nsys.argv[1:] = ['--bad']\n"
        "main()\nprint(os.environ['OMP_WAIT_POLICY'])"
    )
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    env |= {} if given is None else {"OMP_WAIT_POLICY": given}
    returned, out, err = ended(code, env=env)
    assert (returned, out.strip()) == (0, expected), err


def test_a_call_from_python_leaves_the_environment(monkeypatch, capsys):
    """Check that only a process of its own changes its environment."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert main(["--bad"]) == 2
    assert "OMP_WAIT_POLICY" not in os.environ


@pytest.mark.parametrize("streams", [["stdout"], ["stderr"], ["stdout", "stderr"]])
def test_missing_streams(streams, data, monkeypatch):
    """Check that a process without standard output or errors does its work."""
    for stream in streams:
        monkeypatch.setattr(sys, stream, None)
    words = ["--target", "y", "--model", "nb", "--budget", "2", "--save", "model.pkl"]
    assert main([data, *words]) == 0
    assert Path("model.pkl").exists()
    assert main([data, "--target", "yy"]) == 2
    assert all(getattr(sys, stream) is None for stream in streams)


RUN = "import sys\nfrom autotune.cli import main\nsys.exit(main())"


@pytest.mark.parametrize("argv", [["demo"], ["data.csv", "--target", "y"]])
def test_a_closed_pipe(argv, data):
    """Check that a process whose output nobody reads ends in silence."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as closed:
        process = python(RUN, *argv, stdout=closed, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 141
    assert err == ""


def test_a_full_disk(data, monkeypatch):
    """Check that output that cannot be written is one line that says why."""
    with open("/dev/full", "w") as full:
        process = python(
            RUN, data, "--target", "y", "--model", "nb", stdout=full, stderr=subprocess.PIPE
        )
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err == "autotune: error: [Errno 28] No space left on device\n"


INTERRUPTED = """
import os, signal, sys, time
from autotune import AutoTunedClassifier
from autotune.results._progress import Progress
from autotune.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # under nohup it is ignored
ended = Progress.ended

def interrupt(self, trial, history):
    ended(self, trial, history)
    if trial.number == 2:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

def hang(self, X, y):
    print("hanging", flush=True)
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:  # as a long call into a library does not notice it
            pass

Progress.ended = interrupt
if "--hang" in sys.argv:
    sys.argv.remove("--hang")
    AutoTunedClassifier.finish = hang
sys.exit(main())
"""
TOLD = "autotune: interrupted; the best model so far is fitted (Ctrl-C again: exit)\n"


@pytest.mark.parametrize("budget", ["1000", pytest.param("1000s", marks=pytest.mark.slow)])
def test_ctrl_c(budget, data):
    """Check that Ctrl-C ends the search with a model, whatever the budget was counted in."""
    words = ["--target", "y", "--model", "nb", "--budget", budget, "--save", "model.pkl"]
    returned, out, err = ended(INTERRUPTED, data, *words)
    assert returned == 130
    assert err.endswith(TOLD)
    assert "Best of 3 trials" in out
    assert "12 held-out rows" in out
    assert "To use it:" in out
    assert Path("model.pkl").exists()


def test_a_second_ctrl_c(data):
    """Check that a second Ctrl-C ends the process even in a call that does not notice it."""
    words = ["--target", "y", "--model", "nb", "--budget", "1000", "--save", "model.pkl", "--hang"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = python(INTERRUPTED, data, *words, **pipes)
    assert process.stderr is not None
    lines = iter(process.stderr.readline, "")
    assert any(line == "hanging\n" for line in lines)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert not Path("model.pkl").exists()


IN_TERMINAL = (
    "import fcntl, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that it hears Ctrl-C\n"
    + INTERRUPTED.replace("os.kill(os.getpid(), signal.SIGINT)", "print('waiting', flush=True)")
)


def typed_along(width, answers, code, *argv):
    """Return the exit code of Python in a terminal, and what was written there.

    Each answer is typed when its mark is on the screen.
    """
    outer, inner = os.openpty()
    termios.tcsetwinsize(inner, (24, width))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), inner)
    process = python(
        code, *argv, env=env | {"TERM": "xterm-256color"}, start_new_session=True, **streams
    )
    os.close(inner)
    written, left = b"", dict(answers)
    while select.select([outer], [], [], PATIENCE)[0]:
        try:
            written += os.read(outer, 1 << 16)
        except OSError:  # no process has the terminal any more
            break
        for mark in [mark for mark in left if mark in written]:
            os.write(outer, left.pop(mark))
    os.close(outer)
    return process.wait(timeout=PATIENCE), written.decode()


@pytest.mark.parametrize("width", [60, pytest.param(80, marks=pytest.mark.slow)])
def test_a_session_in_a_terminal(width, data):
    """Check that a search that Ctrl-C ends fits the screen, and rewrites one line meanwhile."""
    words = ["--target", "y", "--model", "svc", "--budget", "1000", "--cv", "3"]
    code, text = typed_along(width, {b"waiting": b"\x03"}, IN_TERMINAL, data, *words)
    assert code == 130, text
    assert "\x1b[1;32m" in text or "\x1b[32m" in text  # colours
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    states = text.split("\r\x1b[2K")[1:]
    assert len(states) > 3 * 2
    assert max(len(state.partition("waiting")[0]) for state in states[:-1]) < width
    assert "autotune: interrupted; the best model so far is fitted" in text
    before = text.partition("\r\x1b[2K")[0].splitlines()
    result = text.partition("Best of 3 trials")[2].splitlines()
    assert any("held-out rows" in line for line in result)
    assert max(map(len, [*before, *result])) <= width
