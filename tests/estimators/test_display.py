"""Progress: what is written, and when."""

from __future__ import annotations

import io
import os
import re
import sys
import termios
from contextlib import contextmanager
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeTime, add_trial
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from autotune import AutoTunedClassifier
from autotune.history import CRASHED, DROPPED, FAILED, TIMEOUT, History
from autotune.results._metric import UNKNOWN, Metric
from autotune.results._progress import Progress, describe_trial
from autotune.timing._clock import Clock

# params, score or status, origin, eligible
TRIALS = [
    ({"C": 1.0, "kernel": "rbf"}, 0.5, "default", True),
    ({"C": 0.000123456, "kernel": "poly"}, 0.25, "random", True),
    ({"C": 2}, FAILED, "random", True),
    ({"C": 3}, 0.75, "random", True),
    ({"C": 4}, TIMEOUT, "random", True),
    ({"C": 5}, CRASHED, "random", True),
    ({"C": 6}, DROPPED, "random", True),
    ({}, 0.75, "random", True),
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def play(trials, verbose, *, n_trials=None, seconds=None, write=None, metric=UNKNOWN):
    """Tell a Progress of trials, each of which takes 1.5 seconds."""
    now = FakeTime()
    progress = Progress(verbose, n_trials, Clock(seconds, now), write, metric)
    history = History(1)
    for params, answer, origin, eligible in trials:
        now.seconds += 1.5
        scores = [] if isinstance(answer, str) else [answer]
        trial = add_trial(history, params, scores, origin, eligible=eligible)
        if isinstance(answer, str):
            history.set_status(trial, answer)
        for evaluation in trial.evaluations.values():
            progress.evaluated(evaluation, history)
        progress.ended(trial, history)
    progress.close()


def lines(*args, **settings):
    """Return what was written without a terminal."""
    written = []
    play(*args, write=written.append, **settings)
    return "".join(written).splitlines()


def test_without_a_terminal_only_improvements_are_written():
    """Check the lines of ``verbose=1`` in a log."""
    assert lines(TRIALS, 1, n_trials=9) == [
        "[autotune] trial 1/9 | 1.5 s | best 0.5000 | default 0.5000",
        "[autotune] trial 4/9 | 6.0 s | best 0.7500 | default 0.5000 | 1 failed",
    ]


def test_a_loss_is_shown_as_itself():
    """Check that the negative of a loss, which is what is maximized, is not shown."""
    trials = [({"C": 1}, -0.5, "default", True), ({"C": 2}, -0.25, "random", True)]
    assert lines(trials, 2, metric=Metric("log loss", -1)) == [
        "[autotune] trial 1 | 1.5 s | best log loss 0.5000 | default 0.5000"
        "  #0 (default) log loss 0.5000: C=1",
        "[autotune] trial 2 | 3.0 s | best log loss 0.2500 | default 0.5000"
        "  #1 log loss 0.2500: C=2",
    ]


def test_a_line_for_each_trial():
    """Check the lines of ``verbose=2``: outcome and configuration of each trial."""
    default = " | default 0.5000"
    late, both = " | 1 failed | 1 too slow", " | 2 failed | 1 too slow"
    assert lines(TRIALS, 2, seconds=60) == [
        f"[autotune] trial 1 | 1.5/60 s | best 0.5000{default}"
        "  #0 (default) score 0.5000: C=1, kernel='rbf'",
        f"[autotune] trial 2 | 3.0/60 s | best 0.5000{default}"
        "  #1 score 0.2500: C=0.0001235, kernel='poly'",
        f"[autotune] trial 3 | 4.5/60 s | best 0.5000{default} | 1 failed  #2 failed: C=2",
        f"[autotune] trial 4 | 6.0/60 s | best 0.7500{default} | 1 failed  #3 score 0.7500: C=3",
        f"[autotune] trial 5 | 7.5/60 s | best 0.7500{default}{late}  #4 timeout: C=4",
        f"[autotune] trial 6 | 9.0/60 s | best 0.7500{default}{both}  #5 crashed: C=5",
        f"[autotune] trial 7 | 10.5/60 s | best 0.7500{default}{both}  #6 dropped: C=6",
        f"[autotune] trial 8 | 12.0/60 s | best 0.7500{default}{both}  #7 score 0.7500: ",
    ]


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([({}, FAILED, "random", True)], []),
        ([({}, np.nan, "random", True)], []),
        ([({}, np.inf, "random", True)], []),
        ([({}, -np.inf, "default", True)], []),
        (
            [({}, 0.9, "default", False), ({}, 0.1, "random", True)],
            ["[autotune] trial 2 | 3.0 s | best 0.1000 | default 0.9000"],
        ),
        (
            [({}, np.nan, "random", True), ({}, -1e-9, "random", True)],
            ["[autotune] trial 2 | 3.0 s | best -0.0000 | 1 failed"],
        ),
    ],
)
def test_only_what_may_win_is_the_best(trials, expected):
    """Check that unusable scores and the reference row are no improvement."""
    assert lines(trials, 1) == expected


def test_on_a_terminal_one_line_is_rewritten(monkeypatch):
    """Check that the state replaces itself, and ends with a line of its own."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    play(TRIALS[:2], 1, n_trials=2)
    states = terminal.getvalue().split("\r\x1b[2K")
    assert states[0] == ""
    assert states[-1] == "[autotune] trial 2/2 | 3.0 s | best 0.5000 | default 0.5000\n"
    assert len(states) == 4
    assert all("\n" not in state for state in states[:-1])


def test_a_terminal_tells_what_was_evaluated_last(monkeypatch):
    """Check that the line ends with the trial and the fold, until it is closed."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    play(TRIALS[:2], 1, n_trials=2)
    states = terminal.getvalue().split("\r\x1b[2K")
    assert states[2].endswith(" | best 0.5000 | default 0.5000 | #1 fold 0")


@contextmanager
def pseudo_terminal(monkeypatch, columns):
    """Make a pseudo-terminal the standard output; yield what is read from it, whole at the end."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    read = []

    def listen():
        try:
            while content := os.read(ours, 4096):
                read.append(content.decode())
        except OSError:  # how Linux says that the other end is closed
            pass

    listener = Thread(target=listen)
    listener.start()
    with monkeypatch.context() as patch, open(theirs, "w") as stream:
        patch.delenv("COLUMNS", raising=False)
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "__stdout__", stream)  # which is asked for its size
        yield read
    listener.join()
    os.close(ours)


def rows_on_screen(written, columns):
    """Return the rows that a terminal of some width shows after what was written to it."""
    rows, column = [""], 0
    for piece in re.findall(r"\x1b\[2K|[\r\n]|[^\x1b\r\n]", written):
        if piece == "\x1b[2K":
            rows[-1] = ""
        elif piece == "\r":
            column = 0
        elif piece == "\n" or column == columns:
            rows.append("")
            column = 0
        if len(piece) == 1 and piece not in "\r\n":
            rows[-1] = rows[-1][:column].ljust(column) + piece
            column += 1
    return rows


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("verbose", [0, 1])
def test_a_fit_in_a_pseudo_terminal(columns, verbose, monkeypatch):
    """Check that a fit has one line, which never wraps and says all; and none if it is quiet."""
    model = AutoTunedClassifier(GaussianNB(), budget=4, cv=2, random_state=0, verbose=verbose)
    with pseudo_terminal(monkeypatch, columns) as read:
        model.fit(*load_iris(return_X_y=True))
    written = "".join(read)
    if not verbose:
        assert written == ""
        return
    states = written.split("\r\x1b[2K")
    for n_states in range(2, len(states)):
        (row,) = rows_on_screen("\r\x1b[2K".join(states[:n_states]), columns)
        assert re.match(r"(\[autotune\] )?trial \d/4 \| \d+\.\d s \| (no score yet|best 0\.)", row)
    assert any(re.search(r"best 0\.\d+ \| default 0\.\d+ \| #\d fold", state) for state in states)
    last = f"[autotune] trial 4/4 | .* s | best {model.best_score_:.4f} | default 0.\\d+"
    *shown, end = rows_on_screen(written, columns)
    assert end == ""
    assert re.fullmatch(
        last.replace("[autotune]", "\\[autotune\\]").replace("|", "\\|"), "".join(shown)
    )


class Handle(list):
    """Stands for an output of a notebook; holds what it showed."""

    def update(self, data, *, raw):
        assert raw
        self.append(data["text/plain"])


@pytest.mark.parametrize("interval", [0.0, 3600.0])
def test_in_a_notebook_one_output_is_updated(interval, monkeypatch, capsys):
    """Check that a cell has one output that changes, at most every so often, and at the end."""
    handles = []

    def display(data, *, raw, display_id):
        assert display_id
        handles.append(Handle())
        handles[-1].update(data, raw=raw)
        return handles[-1]

    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("autotune.results._live._INTERVAL", interval)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    play(TRIALS[:2], 1, n_trials=2)
    (shown,) = handles
    assert shown[0] == "[autotune] trial 0/2 | 1.5 s | no score yet | #0 fold 0"
    assert shown[-1] == "[autotune] trial 2/2 | 3.0 s | best 0.5000 | default 0.5000"
    assert len(shown) == (2 if interval else 3)
    assert stream.getvalue() == ""


def test_a_narrow_terminal(monkeypatch):
    """Check that the line that is rewritten never wraps."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    play(TRIALS, 1, n_trials=2)
    *live, _ = terminal.getvalue().split("\r\x1b[2K")
    assert max(map(len, live)) == 19
    assert live[-1] == "trial 7/2 | 12.0 s "  # the name gives way


def test_a_log_is_written_to_the_output_of_the_moment(capsys):
    """Check that without a terminal no control characters are written."""
    play(TRIALS, 1)
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert "\x1b" not in out
    assert "\r" not in out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-10, "1e-10"),
        (123456.0, "1.235e+05"),
        (True, "True"),
        ((50, 50), "(50, 50)"),
        ("a\nb", "'a\\nb'"),
        (np.arange(3), "array([0, 1, 2])"),
        ("x" * 60, "'" + "x" * 36 + "..."),
        (np.zeros((3, 2)), "array([[0., 0.], [0., 0.], [0., 0.]])"),
    ],
)
def test_values_are_short(value, text):
    """Check that any value is one short piece of a line."""
    history = History(1)
    trial = add_trial(history, {"C": value}, [0.5])
    assert describe_trial(trial, 0.5, Metric()) == f"#0 score 0.5000: C={text}"
