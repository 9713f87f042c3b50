"""Predictions of a saved model, and what is told of it."""

from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, read_history
from autotune.cli._main import main
from autotune.cli._models import MODELS


def run(*words):
    return main([str(word) for word in words])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    rng = np.random.RandomState(0)
    x, z = rng.randn(2, 80)
    words = np.array(["good", "bad", "awful", "great", "slow"])
    pd.DataFrame(
        {
            "number": [7000 + i for i in range(80)],
            "age": np.where(rng.rand(80) < 0.1, np.nan, x.round(3)),
            "city": rng.choice(["Oslo", "Bern", None], 80),
            "price": [f"${1000 * abs(value):,.2f}" for value in z],
            "joined": pd.date_range("2020-01-01", periods=80).strftime("%Y-%m-%d"),
            "text": [" ".join(rng.choice(words, 6)) for _ in range(80)],
            "churn": np.where(x + z > 0, "yes", "no"),
            "amount": (3 * x + z).round(2),
        }
    ).to_csv("data.csv", index=False)
    return tmp_path


@pytest.fixture
def model(folder):
    """Return a file with a model of two columns."""
    frame = pd.read_csv("data.csv")[["age", "amount"]].fillna(0.0)
    target = pd.read_csv("data.csv")["churn"]
    skops.io.dump(LogisticRegression().fit(frame, target), "model.skops")
    return "model.skops"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (name, target)
        for name, entry in MODELS.items()
        for target in ("churn", "amount")
        if entry is None or entry.classifier
        if target == "churn" or name != "nb"
    ],
)
@pytest.mark.slow
def test_what_is_saved_predicts(name, target, folder):
    """Check that each model of the command line predicts from the file that it came from."""
    words = ("--model", name, "--budget", 2, "--cv", 2, "--quiet", "--save", "own.skops")
    assert run("fit", "data.csv", "--target", target, *words) == 0
    assert run("predict", "own.skops", "data.csv", "--output", "out.csv") == 0
    found = pd.read_csv("out.csv")
    assert list(found) == ["prediction"]
    saved = skops.io.load("own.skops", skops.io.get_untrusted_types(file="own.skops"))
    frame = pd.read_csv("data.csv").astype({"city": object, "price": object})
    expected = saved.predict(frame[list(saved.feature_names_in_)])
    assert found["prediction"].tolist() == pytest.approx(expected.tolist())


def test_predictions(model, capsys):
    """Check that predictions stand beside columns of the data, with probabilities on request."""
    assert run("predict", model, "data.csv", "--keep", "number,city", "--proba") == 1
    assert "NaN" in capsys.readouterr().err
    pd.read_csv("data.csv").fillna({"age": 0.0}).to_csv("whole.csv", index=False)
    assert run("predict", model, "whole.csv", "--keep", "number,city", "--proba") == 0
    Path("seen.csv").write_text(capsys.readouterr().out)
    assert run("predict", model, "whole.csv", "-o", "out.parquet", "--proba") == 0
    assert capsys.readouterr().out == ""
    seen, written = pd.read_csv("seen.csv"), pd.read_parquet("out.parquet")
    new = ["prediction", "probability_no", "probability_yes"]
    assert list(seen) == ["number", "city", *new]
    assert list(written) == new
    loaded, X = skops.io.load(model), pd.read_csv("whole.csv")[["age", "amount"]]
    assert (seen["prediction"] == loaded.predict(X)).all()
    np.testing.assert_allclose(seen[new[1:]], loaded.predict_proba(X))
    assert (seen["number"] == pd.read_csv("data.csv")["number"]).all()


def test_a_model_without_names(folder):
    """Check a model of an array: the columns must be as many, and all numbers."""
    X, y = load_iris(return_X_y=True)
    joblib.dump(DecisionTreeClassifier(random_state=0).fit(X, y), "tree.joblib")
    pd.DataFrame(X, columns=list("abcd")).to_csv("iris.csv", index=False)
    assert run("predict", "tree.joblib", "iris.csv", "-o", "out.csv.gz", "--trust") == 0
    assert (pd.read_csv("out.csv.gz")["prediction"] == y).all()


def runs_code(X):
    Path("ran").touch()
    return X


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.skops"], "the following arguments are required: DATA.csv"),
        (["model.txt", "data.csv"], "MODEL must end in .skops, .joblib, .pkl; got 'model.txt'"),
        (["none.skops", "data.csv"], "cannot read none.skops: No such file"),
        (["model.pkl", "data.csv"], "model.pkl is a pickle, which can run any code when it is"),
        (["data.skops", "data.csv"], "cannot load the model from data.skops: "),
        (["model.skops", "none.csv"], "cannot read none.csv: No such file or directory"),
        (["model.skops", "few.csv"], "few.csv lacks what the model was fitted on: 'age' (is it"),
        (["model.skops", "data.csv", "--keep", "town"], "data.csv has no column for --keep: 'town"),
        (["model.skops", "data.csv", "-o", "a.txt"], "--output must end in .csv, .csv.gz, .parque"),
        (["model.skops", "data.csv", "-o", "no/a.csv"], "--output no/a.csv: there is no folder "),
        (
            ["svc.pkl", "iris.csv", "--trust", "--proba"],
            "--proba: SVC does not predict",
        ),
        (["svc.pkl", "data.csv", "--trust"], "data.csv must have the 4 columns that the model wa"),
        (["code.skops", "data.csv"], "code.skops holds objects of "),
    ],
)
def test_mistakes(words, message, model, capsys):
    """Check that what cannot be used is said in one line, before any code of a file is run."""
    Path("data.skops").write_text("no archive")
    pd.read_csv("data.csv").rename(columns={"age": "Ages"}).to_csv("few.csv", index=False)
    X, y = load_iris(return_X_y=True)
    pd.DataFrame(X).to_csv("iris.csv", index=False)
    for name in ("svc.pkl", "model.pkl"):
        joblib.dump(SVC().fit(X, y), name)
    code = FunctionTransformer(functools.partial(runs_code))
    skops.io.dump(make_pipeline(code, SVC()).fit(X, y), "code.skops")
    Path("ran").unlink()
    assert run("predict", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"autotune: error: {message}")
    assert err.count("\n") == 1
    assert not os.path.exists("ran")


@pytest.mark.parametrize("option", ["--drop", "--space"])
def test_columns_and_spaces(option, folder, capsys):
    """Check that columns are left out, and that a space needs no names of steps."""
    words = ["data.csv", "--target", "churn", "--model", "svc", "--budget", "3", "--cv", "2"]
    more = {"--drop": ["amount,text"], "--space": ["{'C': [0.5, 2.0], 'kernel': ['linear']}"]}
    Path("space.py").write_text(more["--space"][0])
    assert run(*words, option, *more[option], "--history", "h.csv", "--quiet") == 0
    history = pd.read_csv("h.csv")
    if option == "--space":
        assert run(*words, option, "space.py", "--history", "h2.csv", "--quiet") == 0
        assert pd.read_csv("h2.csv")["param_model__C"].equals(history["param_model__C"])
        assert set(history["param_model__C"][history["origin"] != "default"]) <= {0.5, 2.0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--drop", "ammount"],
            "--drop must be a column of the file; got 'ammount': did you me",
        ),
        (["--drop", "churn"], "--drop must leave the target; got 'churn'"),
        (["--space", "{'c': [1, 2]}"], "--space: 'c' is not a parameter of SVC: did you mean 'C'?"),
        (["--space", "{'C': [1, 2"], "--space must be a dict as Python writes it: "),
        (["--space", "{}"], "--space must be a dict of parameters, or a list of dicts; got {}"),
        (["--space", "none.py"], "cannot read --space none.py: No such file or directory"),
        (["--space", "{'C': [1]}", "--model", "svc,tree"], "--space needs a single --model; got "),
        (["--storage", "no/t.db"], "--storage no/t.db: there is no folder "),
        (["--storage", "data.csv"], "storage"),
    ],
)
def test_mistakes_in_a_call(words, message, folder, capsys):
    """Check that mistakes are said in one line, before anything is searched."""
    assert run("data.csv", "--target", "churn", "--model", "svc", *words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"autotune: error: {message}")
    assert err.count("\n") == 1


def test_storage(folder, capsys):
    """Check that the same call with a larger budget goes on with what the file has."""
    words = ["data.csv", "--target", "churn", "--model", "tree", "--cv", "2", "--storage", "t.db"]
    for budget in ("3", "5"):
        assert run(*words, "--budget", budget, "--strategy", "random", "--history", "h.csv") == 0
        assert f"{budget} trials in" in capsys.readouterr().out
        assert len(read_history("t.db")) == 2 * int(budget)


def test_show_a_model(model, capsys, monkeypatch):
    """Check what is told of a model, with and without the search that found it."""
    assert run("show", model) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "model       LogisticRegression",
        "parameters  its defaults",
        "2 columns   age, amount",
        "2 classes   no, yes",
    ]
    tuned = AutoTunedClassifier(SVC(), {"C": [0.1, 10.0]}, strategy="grid", cv=2)
    joblib.dump(tuned.fit(*load_iris(return_X_y=True)), "tuned.joblib")
    assert run("show", "tuned.joblib", "--trust") == 0
    out = capsys.readouterr().out
    assert "parameters  C=10" in out
    assert "columns     4" in out
    assert "Best of 3 trials" in out
    assert "On new data expect about" in out
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # pictures take seconds
    assert run("show", "tuned.joblib", "--trust", "--report", "tuning.html") == 0
    assert "The report is in tuning.html" in capsys.readouterr().out
    assert "What was gained" in Path("tuning.html").read_text(encoding="utf-8")


def test_show_what_fit_has_saved(folder, capsys):
    """Check that a saved model comes with the search that found it."""
    words = ("--model", "nb", "--budget", 2, "--cv", 2, "--quiet", "--save", "own.skops")
    assert run("fit", "data.csv", "--target", "churn", *words) == 0
    capsys.readouterr()
    assert run("show", "own.skops") == 0
    assert "Best of 2 trials" in capsys.readouterr().out


def test_no_report_without_a_search(model, capsys):
    """Check that a report of what does not hold its search is refused, and none is made of none."""
    assert run("show", model, "--report", "tuning.html") == 2
    assert "holds only a model" in capsys.readouterr().err
    Path("t.db").touch()
    assert run("show", "t.db", "--report", "tuning.html") == 0
    assert capsys.readouterr().out == "t.db holds no trials yet.\n"
    assert run("show", "t.db", "--search", "3") == 2
    assert "--search: t.db has no search 3" in capsys.readouterr().err
    assert not Path("tuning.html").exists()


def test_show_a_storage_file(folder, capsys):
    """Check that the searches of a file are listed with their best trials, and written."""
    words = ["data.csv", "--target", "churn", "--budget", "3", "--cv", "2", "--storage", "t.db"]
    for model in ("tree", "nb"):
        assert run(*words, "--model", model, "--quiet") == 0
    capsys.readouterr()
    assert run("show", "t.db", "--top", "2", "--history", "all.csv") == 0
    out = capsys.readouterr().out
    frame = read_history("t.db")
    assert pd.read_csv("all.csv").shape == frame.shape
    for number, model in ((1, "DecisionTreeClassifier"), (2, "GaussianNB")):
        shown = out.partition(f"search  {number}, begun ")[2].partition("search  ")[0]
        assert model in shown
        rows = frame[(frame["study"] == number) & (frame["trial_status"] == "complete")]
        best = rows.groupby("trial")["score_score"].mean().nlargest(2)
        for score in best:
            assert f"{score:.4f} ± " in shown
        assert shown.count(" ± ") in (3, 4)  # the heading, two trials, and the untuned model
        assert re.search(r"\n +accuracy *\n", shown)
    assert "var_smoothing=" in out


def test_a_report_of_a_storage_file(folder, capsys, monkeypatch):
    """Check that the report is that of the last search, or of the one that is asked for."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # pictures take seconds
    X, y = load_iris(return_X_y=True)
    for model in (SVC(), GaussianNB()):
        settings = {"strategy": "random", "budget": 3, "cv": 2, "random_state": 0}
        AutoTunedClassifier(model, storage="t.db", **settings).fit(X, y)
    for words, number, name in (([], 2, "GaussianNB"), (["--search", "1"], 1, "SVC")):
        assert run("show", "t.db", "--report", "tuning.html", *words) == 0
        out = capsys.readouterr().out
        assert f"The report of search {number} is in tuning.html" in out
        assert out.count("search  ") == (1 if words else 2)
        assert f"<h1>Tuning report: {name}</h1>" in Path("tuning.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.db"], "cannot read none.db: No such file"),
        (["data.csv"], "storage"),
        (["none.skops"], "cannot read none.skops: No such file"),
        (["t.db", "--top", "0"], "argument --top: must be a whole number of at least 1; got '0'"),
        (["t.db", "--history", "no/h.csv"], "--history no/h.csv: there is no folder "),
    ],
)
def test_what_cannot_be_shown(words, message, folder, capsys):
    """Check that what is neither a model nor a storage file is said so."""
    assert run("show", *words) == 2
    assert capsys.readouterr().err.startswith(f"autotune: error: {message}")
