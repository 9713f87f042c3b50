"""The command line: files, models, options, screens and exit codes."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from estimators import Faulty
from fakes import add_trial
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import autotune
from autotune import AutoTunedClassifier
from autotune.cli._demo import make_demo
from autotune.cli._errors import CliError, one_line
from autotune.cli._job import _troubles
from autotune.cli._main import main
from autotune.cli._models import make_model
from autotune.cli._names import ALIASES, MODELS, check_names
from autotune.cli._report import leaderboard, make_console, summary
from autotune.cli._table import detect_task, read_table
from autotune.cli._untuned import most_seconds, score_untuned
from autotune.evaluation import Job, Task
from autotune.history import (
    COMPLETE,
    CRASHED,
    DROPPED,
    FAILED,
    INTERRUPTED,
    TIMEOUT,
    History,
    Key,
)
from autotune.results._metric import UNKNOWN, Metric
from autotune.results._progress import Progress
from autotune.results._texts import score_text
from autotune.strategies import STRATEGIES
from autotune.timing._clock import Clock

N_ROWS = 60


def make_frame():
    rng = np.random.RandomState(0)
    x, z = rng.randn(N_ROWS), rng.randn(N_ROWS)
    return pd.DataFrame(
        {
            "age": np.where(rng.rand(N_ROWS) < 0.1, np.nan, x.round(3)),
            "city": rng.choice(["Oslo", "Bern, BE", None], N_ROWS),
            "member": rng.choice([True, False], N_ROWS),
            "vip": rng.choice([True, False, None], N_ROWS),
            "joined": pd.date_range("2020-01-01", periods=N_ROWS).strftime("%Y-%m-%d"),
            "empty": np.nan,
            "churn": np.where(x + z > 0, "yes", "no"),
            "amount": (3 * x + z).round(2),
        }
    )


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    make_frame().to_csv("data.csv", index=False)
    return "data.csv"


def run(*words):
    return main([str(word) for word in words])


def write(text):
    Path("own.csv").write_text(text)
    return "own.csv"


def load_skops(path):
    return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


def load_pickle(path):
    return pickle.loads(Path(path).read_bytes())


def numbers_file(target, n_rows=40, header="x,y"):
    rng = np.random.RandomState(0)
    return write("\n".join([header, *(f"{rng.rand():.3f},{target(i)}" for i in range(n_rows))]))


def test_main_job(table, capsys):
    """Check that a run shows what it does, a leaderboard and the comparison, without colours."""
    assert run(table, "--target", "churn", "--model", "svc", "--budget", 4) == 0
    out, err = capsys.readouterr()
    for pattern in (
        r"data +60 rows, 12 held out, 6 columns",
        r"task +classification with 2 classes",
        r"search +auto, 5-fold accuracy",
        r"budget +4 trials \(for seconds: --budget 4s\)",
        r"numbers +age, member, vip, amount",
        r"dates +joined",
        r"categories +city",
        r"'empty' is left out: no values",
        r"Best of \d trials",
        r" untuned 0 +0\.\d{4} ± 0\.\d{4} +\d+ ms +C=1",
        r"\n4 trials in \d",
        r"5-fold cross-validation +0\.\d{4} +0\.\d{4} +[+-]0\.\d{4}",
        r"12 held-out rows +[01]\.\d{4} +[01]\.\d{4} +[+-]0\.\d{4}",
        r"On new data expect about 0\.\d{4} \(95 % interval: 0\.\d{4} to [01]\.\d{4}\)\.",
    ):
        assert re.search(pattern, out), pattern
    assert "\x1b" not in out + err
    assert "trial 1/4" in err
    assert "[autotune]" not in out


@pytest.mark.parametrize(("compared", "text"), [((1,), "0.5000 "), ((0, 1), "0.3000 ± 0.2000 ")])
def test_the_deviation_of_one_fold_is_not_told(compared, text, capsys):
    """Check the leaderboard of a search that had time for one fold only."""
    history = History(2)
    history.compared_folds = compared
    add_trial(history, {"C": 1.0}, [0.1, 0.5])
    make_console().print(leaderboard(history, Metric("accuracy"), None, 100))
    out = capsys.readouterr().out
    assert text in out
    assert ("±" in out.splitlines()[-2]) == (len(compared) > 1)


def make_history(n_trials=3, several=False):
    """Return a history of trials with long configurations."""
    history = History(2)
    for number in range(n_trials):
        params = {
            "model__learning_rate": 0.0123 * (number + 1),
            "model__min_samples_leaf": 20 + number,
            "model__l2_regularization": 3.21e-5 * (number + 1),
            "model__max_features": 0.123 * (number + 1),
        }
        if several:
            params = {f"estimator__{name}": value for name, value in params.items()}
            params["estimator"] = [SVC(), GaussianNB()][number % 2]
        add_trial(history, params, [0.8 - number / 10, 0.9 - number / 10])
    return history


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_leaderboard_suits_the_screen(width, several, monkeypatch):
    """Check that no line is too long, no number is cut, and configurations stay readable."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    metric = Metric("root mean squared error" if width > 60 else "accuracy")
    make_console().print(leaderboard(make_history(several=several), metric, None, width))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()
    assert max(map(len, lines)) <= width
    board = "\n".join(lines)
    for text in ("0.8500 ± 0.0500", "learning_rate=0.0123", "max_features=0.369"):
        assert text in board
    assert ("GaussianNB" in board) == several
    assert len(lines) < 25


def test_a_table_or_a_list():
    """Check that configurations stand beside the scores where there is room, else below."""
    narrow, wide = (leaderboard(make_history(), UNKNOWN, None, width) for width in (60, 120))
    assert not hasattr(narrow, "columns")
    assert wide.columns[-1].header == "parameters that differ"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([COMPLETE], "1 trial in 2.0 s."),
        ([COMPLETE] * 3, "3 trials in 2.0 s."),
        ([COMPLETE, DROPPED, DROPPED], "3 trials in 2.0 s: 1 complete, 2 dropped early."),
        ([COMPLETE, TIMEOUT], "2 trials in 2.0 s: 1 complete, 1 too slow."),
        ([COMPLETE, INTERRUPTED], "1 trial in 2.0 s; 1 more cut short."),
        ([FAILED, CRASHED], "2 trials in 2.0 s: 1 failed, 1 crashed."),
        ([FAILED], "1 trial in 2.0 s: 1 failed."),
        ([INTERRUPTED], "0 trials in 2.0 s; 1 more cut short."),
    ],
)
def test_summary(statuses, expected):
    """Check that trials are counted in plain words, and as the live line counts them."""
    history, written = History(1), []
    progress = Progress(2, None, Clock(None), written.append)
    for status in statuses:
        trial = add_trial(history, {}, [1.0])
        history.set_status(trial, status)
        if status != INTERRUPTED:  # no listener is told of those
            progress.ended(trial, history)
    assert summary(history, 2.0) == expected
    counted = re.search(r"trial (\d+)", (written or ["trial 0"])[-1])
    assert counted is not None
    assert summary(history, 2.0).startswith(f"{counted[1]} trial")


def test_what_the_clock_ended_is_no_error():
    """Check that only failures count as errors."""
    history = History(1)
    for status in (TIMEOUT, INTERRUPTED, FAILED):
        trial = add_trial(history, {}, [1.0])
        history.set_status(trial, status)
        trial.evaluations[Key(0)].error = f"ValueError: {status}"
    assert _troubles(history) == ["1 x error, mostly (1): ValueError: failed"]


@pytest.mark.parametrize(
    ("scoring", "target", "name"),
    [
        ("neg_log_loss", "churn", "log loss"),
        ("neg_root_mean_squared_error", "amount", "root mean squared error"),
    ],
)
def test_losses(scoring, target, name, table, monkeypatch):
    """Check that a loss is shown as people know it, everywhere, and less of it as a gain."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    words = ["--model", "tree", "--budget", 6, "--scoring", scoring, "--cv", 3]
    assert run(table, "--target", target, *words) == 0
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", screen.getvalue())
    assert re.search(rf"3-fold {name} *\n", text)
    assert f"| best {name} " in text
    assert f"Tuned against untuned: {name}, lower is better" in text
    assert "neg_" not in text
    assert not re.search(r"(?<![\de])-\d", text.partition("difference")[0])
    found = re.search(r"cross-validation +(\S+) +(\S+) +(\S+)", text)
    assert found is not None
    untuned, tuned, difference = map(float, found.groups())
    assert tuned < untuned
    assert difference == pytest.approx(tuned - untuned, abs=2e-4)
    assert re.search(r"\x1b\[1;32m *-\d", screen.getvalue())  # a bold green minus
    low, high = map(float, re.findall(r"interval: (\S+) to (\d+\.\d+)", text)[0])
    assert 0 <= low < high


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [
        (0.12345, "", "0.1235"),
        (0.0, "+", "+0.0000"),
        (0.00012345, "+", "+0.00012"),
        (-3.3e-7, "", "-3.3e-07"),
        (123456.7, "", "123,456.7"),
        (np.nan, "+", "-"),
        (-np.inf, "", "-inf"),
    ],
)
def test_scores_in_few_characters(value, sign, text):
    """Check that a score is short, and never zero unless it is."""
    assert score_text(value, sign) == text


def untuned_task(model, n_rows=90):
    """Return a task with one fold, whose test rows are the last third."""
    rng = np.random.RandomState(0)
    X = rng.randn(n_rows, 2)
    y = (X[:, 0] > 0).astype(int)
    rows = np.arange(n_rows)
    fold = rows[: 2 * n_rows // 3], rows[2 * n_rows // 3 :]
    return Task(model, X, y, [fold], check_scoring(model))


@pytest.mark.parametrize("seconds", [None, 60.0])
@pytest.mark.parametrize("most", [np.inf, 0.01])
def test_untuned_on_all_rows(seconds, most):
    """Check that the untuned model is fitted on all training rows, wherever that is done."""
    task = untuned_task(DecisionTreeClassifier(random_state=0))
    (train, test), (X, y) = task.folds[0], (task.X, task.y)
    score, reason = score_untuned(task, Job(0, 0, {}, 0, seconds=seconds), most, tell=False)
    assert score == task.estimator.fit(X[train], y[train]).score(X[test], y[test])
    assert reason == ""


def test_untuned_without_a_score(capsys):
    """Check that what takes too long, or fails, is a reason instead of a score."""
    for model, seconds, reason in (
        (Faulty("hang_in_c"), 0.5, "a fit on all rows takes more than 500 ms"),
        (Faulty("raise"), None, "ValueError: this configuration does not work"),
    ):
        job = Job(0, 0, {}, 0, seconds=seconds)
        score, why = score_untuned(untuned_task(model), job, np.inf, tell=True)
        assert np.isnan(score)
        assert why == reason
    told = "[autotune] fitting the untuned model on all rows, for at most 500 ms\n"
    assert capsys.readouterr().out == told


def test_seconds_of_the_untuned_model():
    """Check that the time of a fit on all rows follows from that of fits on fewer."""
    history = History(5)
    history.share = 0.25
    trial = add_trial(history, {}, [1.0] * 5)
    for evaluation in trial.evaluations.values():
        evaluation.fit_time = 2.0 + evaluation.fold
    assert most_seconds(history, trial, 1000, 500) == 6 * 8**2
    assert most_seconds(history, None, 1000, 500) == np.inf


def test_the_untuned_row_after_a_search_on_few_rows(table, capsys, monkeypatch):
    """Check that the comparison's untuned model has seen all rows, though the tuned has not."""
    rng = np.random.RandomState(0)
    rows = "\n".join(f"{x:.3f},{z:.3f},{int(x + z > 0)}" for x, z in rng.randn(400, 2))
    path = write(f"x,z,y\n{rows}")

    whole_fit = AutoTunedClassifier.fit

    def fit(self, X, y):
        whole_fit(self, X, y)
        self.history_.share = 0.05
        for evaluation in list(self.history_.evaluations()):
            evaluation.fidelity = 0.05
            self.history_.record(evaluation)
        self.best_index_, self.best_score_ = 0, self.history_.score(self.history_[0])
        self.best_estimator_ = clone(self.best_estimator_).fit(X.iloc[:20], y[:20])
        return self

    monkeypatch.setattr(AutoTunedClassifier, "fit", fit)
    assert run(path, "--target", "y", "--model", "svc", "--budget", "2,60s") == 0
    out = capsys.readouterr().out
    assert re.search(r"5-fold cross-validation, 0\.05 of the rows +- +0\.\d{4} +- ", out)
    found = re.search(r"80 held-out rows +(\S+) +(\S+) +(\S+)", out)
    assert found is not None
    untuned, tuned, difference = map(float, found.groups())
    assert untuned > tuned
    assert difference == pytest.approx(tuned - untuned, abs=1e-4)


def test_nothing_tuned(table, capsys, monkeypatch):
    """Check that a model that is used as it is, because trials were cut short, is no success."""
    whole_fit = AutoTunedClassifier.fit

    def fit(self, X, y):
        whole_fit(self, X, y)
        for trial in self.history_:
            self.history_.set_status(trial, INTERRUPTED)
        return self

    monkeypatch.setattr(AutoTunedClassifier, "fit", fit)
    words = ["--model", "nb", "--budget", 1, "--save", "model.pkl"]
    assert run(table, "--target", "churn", *words) == 1
    out, err = capsys.readouterr()
    assert "0 trials in " in out
    assert "12 held-out rows" in out
    assert "Nothing beat" not in out
    assert "autotune: error: no trial ended within the budget, so the model is untuned" in err
    assert os.path.exists("model.pkl")


def test_what_cannot_be_saved(table, capsys, monkeypatch):
    """Check that a model that cannot be saved is compared all the same."""
    monkeypatch.setattr("autotune.cli._job.save_model", fail_to_save)
    words = ["--model", "nb", "--budget", 2, "--save", "model.pkl"]
    assert run(table, "--target", "churn", *words) == 1
    out, err = capsys.readouterr()
    assert "12 held-out rows" in out
    assert "To use it" not in out
    assert err.splitlines()[-1] == "autotune: error: cannot save the model"


def fail_to_save(model, path):
    raise CliError("cannot save the model", 1)


def test_quiet(table, capsys):
    """Check that --quiet leaves the comparison and nothing else."""
    assert run(table, "--target", "churn", "--model", "nb", "--budget", 2, "--quiet") == 0
    out, err = capsys.readouterr()
    assert out.startswith("Tuned against untuned: accuracy")
    assert "Best of" not in out
    assert err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_live_progress(table, monkeypatch):
    """Check that on a terminal one line is rewritten, and never longer than the terminal."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "30")
    words = ["--model", "nb", "--strategy", "random", "--budget", 2]
    assert run(table, "--target", "churn", *words) == 0
    start, *states = screen.getvalue().split("\r\x1b[2K")
    assert start == ""
    assert len(states) == 2 * 5 + 1
    assert states[0].startswith("trial 0/2 | ")  # the name gives way
    assert max(map(len, states[:-1])) <= 29
    assert screen.getvalue().endswith("\n")


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colours(no_color, table, monkeypatch):
    """Check that a terminal gets colours, unless NO_COLOR is set."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    assert run(table, "--target", "churn", "--model", "nb", "--budget", 2) == 0
    assert ("\x1b[32m" in screen.getvalue()) == (not no_color)


def test_the_seed_decides(table, capsys):
    """Check that the same call prints the same twice, and another seed something else."""
    words = [table, "--target", "churn", "--model", "tree", "--budget", 3, "--quiet", "--seed"]
    screens = []
    for seed in (1, 1, 2):
        assert run(*words, seed) == 0
        screens.append(capsys.readouterr().out)
    assert screens[0] == screens[1] != screens[2]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strategies(strategy, table, capsys):
    """Check that every strategy can be named."""
    words = ["--model", "nb", "--strategy", strategy, "--budget", "4,30s", "--test-size", 0]
    assert run(table, "--target", "churn", *words) == 0
    out = capsys.readouterr().out
    assert re.search(rf"search +{strategy}, ", out)
    assert re.search(r"budget +4 trials or 30 s", out)
    assert "none held out" in out
    assert "held-out rows" not in out


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, "churn") for name in MODELS if name != "families"]
    + [(name, "amount") for name in MODELS if name not in ("families", "nb")],
)
def test_models_fit_a_messy_table(name, target, table):
    """Check that every model fits text, booleans and missing values, and predicts new ones."""
    data = read_table(table, target)
    model = make_model([name], data.X, data.columns, classifier=data.classifier)
    if name == "mlp":
        (max_iter,) = [name for name in model.get_params() if name.endswith("max_iter")]
        model.set_params(**{max_iter: 5})
        with pytest.warns(ConvergenceWarning):
            model.fit(data.X, data.y)
    else:
        model.fit(data.X, data.y)
    unseen = data.X.assign(city="Rome", age=np.nan)
    assert model.predict(unseen).shape == (N_ROWS,)


def test_svr_scales_its_target(table):
    """Check that the unit of the target does not decide how well SVR does."""
    data = read_table(table, "amount")
    model = make_model(["svc"], data.X, data.columns, classifier=False)
    small = model.fit(data.X, data.y).predict(data.X)
    large = model.fit(data.X, data.y * 1000).predict(data.X)
    np.testing.assert_allclose(large, small * 1000, rtol=1e-6)


def test_several_models(table, capsys):
    """Check that a list of models is one search, and that the board says which is which."""
    assert run(table, "--target", "churn", "--model", "svm, nb", "--budget", 5) == 0
    out = capsys.readouterr().out
    assert re.search(r"model +SVC or GaussianNB", out)
    assert re.search(r"\d ms +GaussianNB", out)
    assert re.search(r"\d ms +SVC, C=", out)


def test_families(table, capsys):
    """Check that the built-in families are tuned, and their average saved."""
    words = ["--model", "families", "--budget", 8, "--cv", 3, "--save", "model.skops"]
    assert run(table, "--target", "amount", *words) == 0
    out = capsys.readouterr().out
    assert re.search(r"model +families", out)
    assert "Ridge" in out
    assert np.isfinite(load_skops("model.skops").predict(pd.read_csv(table))).all()
    assert run(table, "--target", "amount", "--model", "families,svc") == 2
    assert "--model families stands for several models already" in capsys.readouterr().err


def test_names_of_models():
    """Check that aliases are replaced and repetitions dropped, and that all classes exist."""
    assert check_names("SVM,svc,logistic") == ["svc", "linear"]
    assert set(ALIASES.values()) <= set(MODELS)


@pytest.mark.parametrize(
    ("name", "suffix", "load"),
    [
        ("svc", ".skops", load_skops),
        ("svc", ".joblib", joblib.load),
        ("svc", ".pkl", load_pickle),
        ("boosting", ".skops", load_skops),  # the only format to which the kind of model matters
        pytest.param("boosting", ".joblib", joblib.load, marks=pytest.mark.slow),
        pytest.param("boosting", ".pkl", load_pickle, marks=pytest.mark.slow),
    ],
)
def test_save(name, suffix, load, table, capsys):
    """Check that the saved model comes back, and that the printed lines are those that load it."""
    path = f"model{suffix}"
    words = ["--model", name, "--budget", 1, "--cv", 2, "--save", path]
    assert run(table, "--target", "amount", *words) == 0
    frame = pd.read_csv(table)
    namespace = {"frame": frame}
    code = capsys.readouterr().out.partition("To use it:\n")[2]
    lines = [line.strip() for line in code.splitlines()]
    lines[-1] = f"predicted = {lines[-1]}"
    exec("\n".join(lines), namespace)
    model = load(path)
    expected = model.predict(frame[list(model.feature_names_in_)])
    np.testing.assert_array_equal(namespace["predicted"], expected)
    assert np.corrcoef(expected, frame["amount"])[0, 1] > 0.5


def test_history_file(table):
    """Check that --history writes one row for each evaluation."""
    words = ["--model", "nb", "--strategy", "random", "--budget", 3, "--cv", 4]
    words += ["--history", "all.csv"]
    assert run(table, "--target", "churn", *words) == 0
    assert len(pd.read_csv("all.csv")) == 3 * 4


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("data.csv", {"sep": "\t"}),
        ("data.csv", {"sep": ";"}),
        ("data.csv", {"sep": ";", "decimal": ","}),
        ("data.csv.gz", {}),
        ("data.csv.xz", {"sep": ";", "decimal": ","}),
        ("data.csv", {"encoding": "utf-8-sig"}),
    ],
    ids=["tabs", "semicolons", "decimal commas", "gzip", "xz with commas", "byte order mark"],
)
def test_dialects_of_csv(name, options, table, tmp_path):
    """Check that the way in which a file is written does not change what is read."""
    expected = read_table(table, "amount")
    path = tmp_path / "other" / name
    path.parent.mkdir()
    make_frame().to_csv(path, index=False, **options)
    data = read_table(str(path), "amount")
    pd.testing.assert_frame_equal(data.X, expected.X)
    np.testing.assert_array_equal(data.y, expected.y)


def test_what_is_left_out(table):
    """Check that rows without a target and a written index go, with a note each."""
    frame = make_frame()
    frame.loc[[3, 5], "churn"] = None
    frame.to_csv(table)
    data = read_table(table, "churn")
    assert list(data.X) == ["age", "city", "member", "vip", "joined", "amount"]
    assert len(data.y) == N_ROWS - 2
    assert data.notes == (
        "left out 2 of 60 rows, whose target is missing",
        "'Unnamed: 0' is left out as an identifier: no two rows have the same value",
        "'empty' is left out: no values",
    )


def test_latin_1(table):
    """Check that a file in an older encoding is read, with a note."""
    Path(table).write_bytes("größe,y\n".encode("latin-1") + b"1,2\n3,4\n5.5,6.5\n")
    data = read_table(table, "y")
    assert list(data.X) == ["größe"]
    assert data.notes == ("the file is not UTF-8, so it was read as Latin-1",)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 20, "classification"),
        ([True, False] * 20, "classification"),
        ([0, 1] * 2, "classification"),
        ([1.0, 2.0, 3.0] * 10, "classification"),
        (list(range(10)) * 5, "classification"),
        (list(range(10)) * 4, "regression"),
        (list(range(11)) * 10, "regression"),
        ([0.5, 1.5] * 20, "regression"),
        ([0.0, float("inf")] * 20, "regression"),
    ],
)
def test_detected_task(values, task):
    """Check that text, booleans and few whole numbers are classes, other numbers amounts."""
    assert detect_task(pd.Series(values)) == task


def test_task_can_be_chosen(table, capsys):
    """Check that --task overrides what the target looks like."""
    path = numbers_file(lambda i: i % 3)
    words = ["--target", "y", "--model", "linear", "--budget", 2, "--task", "regression"]
    assert run(path, *words) == 0
    assert re.search(r"task +regression", capsys.readouterr().out)


BAD_INPUT = [
    (["data.csv"], "the following arguments are required: --target"),
    ([], "the following arguments are required: DATA.csv, --target"),
    (["none.csv", "--target", "y"], "cannot read none.csv: No such file or directory"),
    ([".", "--target", "y"], "cannot read .: Is a directory"),
    (["data.csv", "--target", "Chrun"], "--target must be a column of the file; got 'Chrun': did"
     " you mean 'churn'?"),
    (["data.csv", "--target", "xyz"], "got 'xyz': the columns are 'age', 'city', 'member', "),
    (["data.csv", "--target", "churn", "--model", "forrest"], "--model must be among boosting, "
     "families, forest, extratrees, tree, svc, linear, knn, mlp, nb; got 'forrest' (did you mean "
     "'forest'?)"),
    (["data.csv", "--target", "churn", "--model", "svc,"], "--model must be among"),
    (["data.csv", "--target", "amount", "--model", "nb"], "--model nb is for classification; the "
     "target calls for regression"),
    (["data.csv", "--target", "churn", "--strategy", "magic"], "argument --strategy: invalid"
     " choice: 'magic'"),
    *[
        (["data.csv", "--target", "churn", "--budget", budget], "argument --budget: must be a"
         " positive number of trials (40), a duration (90s, 5min, 1h30min), or both (40,90s); got"
         f" {budget!r}")
        for budget in ("ten", "-1", "0", "nan", "5 parsecs", "0s", "1.5", "", "4,5", "4s,5s")
    ],
    (["data.csv", "--target", "churn", "--scoring", "acuracy"], "argument --scoring: must be a "
     "metric of scikit-learn; got 'acuracy': did you mean 'accuracy'?"),
    (["data.csv", "--target", "churn", "--cv", "1"], "argument --cv: must be a whole number of at "
     "least 2; got '1'"),
    (["data.csv", "--target", "churn", "--test-size", "1"], "argument --test-size: must be a number"
     " from 0 to below 1; got '1'"),
    (["data.csv", "--target", "churn", "--test-size", "0.001"], "--test-size: cannot hold out 0.001"
     " of 60 rows: "),
    (["data.csv", "--target", "churn", "--jobs", "0"], "argument --jobs: must be a whole number "
     "other than 0; got '0'"),
    (["data.csv", "--target", "churn", "--seed", "x"], "argument --seed: must be a whole number of "
     "at least 0; got 'x'"),
    (["data.csv", "--target", "churn", "--save", "model.h5"], "--save must end in .skops, .joblib,"
     " .pkl; got 'model.h5'"),
    (["data.csv", "--target", "churn", "--save", "no/model.pkl"], "--save no/model.pkl: there is no"
     " folder "),
    (["data.csv", "--target", "churn", "--history", "."], "--history .: is a folder"),
    (["data.csv", "--target", "churn", "--task", "regression"], "regression needs a target of"
     " numbers; 'churn' holds 'yes'"),
    (["data.csv", "--target", "amount", "--task", "classification"], "classification needs a target"
     " of text, true/false or whole numbers; 'amount' holds "),
    (["data.csv", "--target", "joined"], "the target 'joined' has 60 different values in 60 rows, "
     "too many for classes; one of them is '2020-01-01'"),
    (["data.csv", "--target", "churn", "--cv", "40"], "n_splits=40 cannot be greater than"),
    (["data.csv", "--target", "churn", "--wrong"], "unrecognized arguments: --wrong"),
    (["data.csv", "--target", "churn", "--bugdet", "5"], "unrecognized arguments: --bugdet 5; did"
     " you mean --budget? (see"),
    (["data.csv", "--target", "churn", "--strategy", "halfing"], "did you mean halving? (see"),
    (["demo", "--target", "y"], "unrecognized arguments: --target y (see 'autotune demo --help')"),
    (["data.csv", "--target", "churn", "--scoring", "f1"], "--scoring f1 does not suit this target;"
     " these do: f1_macro, f1_micro, f1_weighted"),
    (["data.csv", "--target", "churn", "--scoring", "r2"], "--scoring r2 does not suit this target "
     "(could not convert string to float"),
    (["data.csv", "--target", "amount", "--scoring", "accuracy"], "--scoring accuracy does not suit"
     " this target (continuous is not supported)"),
    (["data.csv", "--target", "amount", "--scoring", "neg_mean_squared_log_error"], "does not suit "
     "this target (Mean Squared Logarithmic Error cannot be used"),
    (["data.csv", "--target", "amount", "--scoring", "roc_auc"], "--scoring roc_auc does not suit "
     "this target (it needs a classifier, which predicts probabilities)"),
    (["data.csv", "--target", "amount", "--scoring", "neg_log_loss"], "(it needs a classifier, "),
    (["data.csv", "--targt", "amount"], "required: --target; did you mean --target? (see"),
    (["dmo", "--budget", "3"], "required: --target; did you mean demo? (see"),
    (["data.csv", "--target", "amount", "--cv", "5000", "-q"], "--cv must be at most the number of "
     "rows to tune on, which is "),
    (["demo", "--budget", "soon"], "argument --budget: must be a positive number of trials"),
]  # fmt: skip


@pytest.mark.parametrize(("argv", "message"), BAD_INPUT, ids=lambda value: str(value)[:40])
def test_bad_input(argv, message, table, capsys):
    """Check that a call that cannot work ends with 2 and one line that says why."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert err.startswith("autotune: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert "Best of" not in out


BAD_FILES = [
    (b"", "cannot read own.csv: it is empty"),
    (b"\xef\xbb\xbf\r\n", "cannot read own.csv: "),
    (b"x\n1\n2\n", "--target must be a column of the file; got 'y': the columns are 'x'"),
    (b"\x89PNG\0\0", "cannot read own.csv: it is not a text file"),
    (b"x,y\n", "own.csv has no rows with a value of 'y'"),
    (b"x,y\n1,\n2,\n", "own.csv has no rows with a value of 'y'"),
    (b"y\n1\n2\n", "own.csv has no columns to learn from beside the target 'y'"),
    (b"x,y\n1,a\n2,a\n", "the target 'y' must have at least two different values; all of its 2 "
     "rows are 'a'"),
    (b"x,y\n1,3\n2,3\n", "all of its 2 rows are 3"),
    (b"x,y\n1,3\n", "the target 'y' must have at least two different values; its only row is 3"),
    (b"y,x,y\n1,3,1\n2,3,1\n", "--target must be one column; 2 are named 'y'"),
    (b"x,y\n1,2\n3,4,5,6\n", "cannot read own.csv: line 3 has 4 values, but the lines above "
     "have 2"),
    (b"x,y\n1,2.5\n3,inf\n4,1.5\n", "regression needs a target of finite numbers; 'y' holds inf"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_FILES, ids=lambda value: str(value)[:30])
def test_bad_files(content, message, table, capsys):
    """Check that a file that cannot be used ends the run with 2 and one line that says why."""
    Path("own.csv").write_bytes(content)
    assert run("own.csv", "--target", "y", "--budget", 2) == 2
    err = capsys.readouterr().err
    assert err.startswith("autotune: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_truncated_archive(table, capsys):
    """Check that a damaged compressed file is bad input."""
    packed = gzip.compress(Path(table).read_bytes())
    Path("own.csv.gz").write_bytes(packed[: len(packed) // 2])
    assert run("own.csv.gz", "--target", "churn") == 2
    assert capsys.readouterr().err.startswith("autotune: error: cannot read own.csv.gz: ")


def test_failed_search(table, capsys):
    """Check that a search without any success ends with 1, its cause, and its history."""
    words = ["--model", "svc", "--strategy", "random", "--budget", 3, "--history", "all.csv"]
    words += ["--scoring", "neg_log_loss"]
    assert run(table, "--target", "churn", *words) == 1
    out, err = capsys.readouterr()
    last = err.splitlines()[-1]
    assert last.startswith("autotune: error: all of the 3 trials failed")
    assert "predict_proba" in last
    assert "Traceback" not in out + err
    assert "Tuned against" not in out
    assert len(pd.read_csv("all.csv")) == 3 * 5


def test_failures_are_told(table, capsys):
    """Check that some failed trials are counted and quoted, and do not end the search."""
    path = numbers_file(lambda i: i % 2, n_rows=16)
    words = ["--model", "knn", "--strategy", "random", "--budget", 8, "--cv", 2]
    space = "{'n_neighbors': (1, 12)}"  # there are six training rows
    assert run(path, "--target", "y", *words, "--space", space) == 0
    out = capsys.readouterr().out
    assert re.search(r"8 trials in .*: [1-7] complete, [1-7] failed\.", out)
    assert "x error, mostly (" in out
    assert "n_neighbors" in out


@pytest.mark.parametrize("after", [0, 2])
def test_interruption(after, table, capsys, monkeypatch):
    """Check that Ctrl-C ends with 130 and prints what is known so far."""
    from autotune.results._progress import Progress

    def ended(self, trial, history):
        if trial.number == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "ended", ended)
    words = ["--model", "nb", "--budget", 5, "--save", "model.pkl", "--history", "all.csv"]
    assert run(table, "--target", "churn", *words) == 130
    out, err = capsys.readouterr()
    told = "autotune: interrupted; the best model so far is fitted (Ctrl-C again: exit)"
    assert err.splitlines()[-1] == told
    assert f"Best of {after + 1} trial" in out
    assert "var_smoothing=1e-09" in out
    assert "Tuned against untuned" in out
    assert "12 held-out rows" in out
    assert len(load_pickle("model.pkl").predict(make_frame())) == N_ROWS
    assert len(pd.read_csv("all.csv")) >= 5 * (after + 1)


def test_interruption_while_reading(table, capsys, monkeypatch):
    """Check that Ctrl-C outside the search ends with 130 too."""

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("autotune.cli._table.read_table", interrupt)
    assert run(table, "--target", "churn") == 130
    assert capsys.readouterr().err == "autotune: error: interrupted\n"


@pytest.mark.parametrize("module", ["pandas", "rich.console", "skops"])
def test_missing_extra(module, table, capsys, monkeypatch):
    """Check that a missing library is named with the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    assert run(table, "--target", "churn", "--save", "model.skops") == 2
    err = capsys.readouterr().err
    name = module.partition(".")[0]
    assert f"needs {name}, which is not installed: pip install 'autotune-sklearn[cli]'" in err


@pytest.mark.parametrize("argv", [["--help"], ["demo", "--help"], ["--version"]])
def test_help_and_version(argv, capsys):
    """Check that help and version print and end with 0."""
    with pytest.raises(SystemExit) as exit_info:
        main(argv)
    assert exit_info.value.code == 0
    out = capsys.readouterr().out
    expected = f"autotune {autotune.__version__}" if argv == ["--version"] else "usage: autotune "
    assert out.startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines", "two lines"),
        (
            "All failed:\nTraceback (most recent call last):\n  File 'x', line 1\n    f()\n"
            "ValueError: Input contains NaN.\nSee the page.\n",
            "All failed: ValueError: Input contains NaN. See the page.",
        ),
        (
            "Traceback (most recent call last):\nKeyError: 1\n\nDuring handling:\n\n"
            "Traceback (most recent call last):\n  File 'x'\nmy.OwnError: why\n",
            "my.OwnError: why",
        ),
    ],
)
def test_one_line(text, expected):
    """Check that of a traceback only the last exception is left."""
    assert one_line(text) == expected


def test_demo_data_need_no_download():
    """Check that the demo's data are complete and its model is unfitted."""
    table, model = make_demo()
    assert table.X.shape == (442, 10)
    assert not table.classifier
    assert not hasattr(model[-1], "support_")


def test_demo_as_a_process():
    """Check that the demo runs as a command, in the plainest of terminals."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "TERM": "dumb"}
    command = [sys.executable, "-W", "error", "-m", "autotune", "demo", "--budget", "25"]
    result = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "Best of " in result.stdout
    gain = re.search(r"221 held-out rows[ |]+\S+[ |]+\S+[ |]+(\S+)", result.stdout)
    assert gain is not None
    assert float(gain[1]) > 0.1
    assert "Traceback" not in result.stderr
