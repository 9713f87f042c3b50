"""The report of a search: what it tells, its code, its page, and what a notebook shows."""

from __future__ import annotations

import math
import pickle
import re
import sqlite3
import sys
from contextlib import closing
from functools import partial
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import add_trial
from sklearn import config_context
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, AutoTunedRegressor, AveragedClassifier, Budget
from autotune.cli import main
from autotune.history import DROPPED, INTERRUPTED, TIMEOUT, History
from autotune.pictures import read_search, read_study
from autotune.pictures._search import _class_in
from autotune.report import Finding, code_of, essence, space_report
from autotune.report import _words as words
from autotune.report._facts import Facts
from autotune.report._markup import Markup, tag
from autotune.report._page import make_page, range_bar
from autotune.report._parameters import Parameter, parameters_of
from autotune.report._space import varying
from autotune.report._texts import value_text
from autotune.results import Cause, group_failures
from autotune.space import Space
from autotune.storage import read_studies

X, Y = load_iris(return_X_y=True)
VOID = {"br", "img", "input", "meta", "source"}
HOSTILE = "</td><script>alert(1)</script> & \"quoted\" 'text' $x$ \udcff"


@pytest.fixture(autouse=True)
def _no_pictures(request, monkeypatch):
    """Leave out the pictures, which take seconds, unless a test asks for the fixture `drawn`."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture
def drawn():
    """Tell that a test needs pictures."""


def make_tuned(space, trials, *, estimator=None, winner=None, scoring="accuracy", **fitted):
    """Return what looks like a fitted estimator; a trial is parameters, fold scores, status."""
    history = History(2, "score", metrics=("score",))
    for number, (params, scores, *status) in enumerate(trials):
        trial = add_trial(history, params, scores, "default" if number == 0 else "random")
        if status:
            history.set_status(trial, *status)
    for number, evaluation in enumerate(history.evaluations()):
        evaluation.started, evaluation.ended = float(number), number + 1.0
    if winner is not None:
        fitted = {"best_index_": winner, "best_params_": dict(trials[winner][0]), **fitted}
    return SimpleNamespace(
        history_=history,
        space_=Space.parse(space),
        scorer_=get_scorer(scoring),
        estimator=SVC() if estimator is None else estimator,
        space="auto",
        strategy="random",
        budget=len(trials),
        **fitted,
    )


def simple_tuned(**settings):
    """Return a search with a trial of each kind."""
    trials = [
        ({"C": 1.0}, [0.5, 0.7]),
        ({"C": 100.0}, [0.9, 0.7]),
        ({"C": 10.0}, [0.2], DROPPED),
        ({"C": 20.0}, [], TIMEOUT),
        ({"C": 30.0}, [0.6], INTERRUPTED),
        ({"C": 50.0}, [0.8, 0.6]),
    ]
    expected = {"expected_score_": 0.7, "expected_score_interval_": (0.55, 1.0)}
    settings = {"winner": 1, "refit_time_": 2.0, **expected, **settings}
    return make_tuned({"C": (1.0, 100.0, "log-uniform")}, trials, **settings)


# Texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.123456, "0.1235"),
        (1e9, "1e+09"),
        (True, "True"),
        (None, "None"),
        (SVC(), "SVC"),
        (SVC, "SVC"),
        (len, "len"),
        ("rbf", "rbf"),
        ("a" * 100, "a" * 59 + "…"),
        ((1, 2), "(1, 2)"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_value_text(value, text):
    """Check what is written for a parameter's value."""
    assert value_text(value) == text


def test_markup():
    """Check that texts and attributes are escaped once, and markup is not."""
    inner = tag("b", "<&>", title='"x"', hidden=True, class_="a", data_v=None, id=False)
    assert inner == '<b title="&quot;x&quot;" hidden class="a">&lt;&amp;&gt;</b>'
    assert tag("p", inner, None, 3) == f"<p>{inner}3</p>"
    assert tag("br") == "<br>"
    assert isinstance(tag("p"), Markup)
    assert tag("p", "\udcff") == "<p>?</p>"


# Code


def _square(X):
    return X**2


MODELS = [
    SVC(),
    SVC(C=0.1, gamma=math.inf, kernel="poly", random_state=3),
    SVC(class_weight={0: 1, 1: 2.5}),
    make_pipeline(StandardScaler(), PCA(2), LogisticRegression(C=10.0)),
    Pipeline([("only", Ridge(alpha=np.array([1.0, 2.0])))]),
    ColumnTransformer([("c", OneHotEncoder(dtype=np.int8), ["a'b", "x"]), ("r", "drop", slice(3))]),
    FunctionTransformer(_square),
    FunctionTransformer(np.log1p),
    KNeighborsClassifier(metric_params={"w": (1,)}, n_neighbors=7),
    RandomForestClassifier(n_estimators=3, max_features=0.5),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_code_of(model):
    """Check that the code makes a model with the same parameters, and imports no private name."""
    code = code_of(model, "")
    namespace = {}
    exec(code, namespace)
    made = namespace["model"]
    assert type(made) is type(model)
    assert repr(made.get_params()) == repr(model.get_params())
    assert "sklearn._" not in code
    assert max(map(len, code.splitlines())) <= 100


class Parent(SVC):
    def __init__(self, C=3.0, **options):
        super().__init__(C=C, **options)

    @classmethod
    def _get_param_names(cls):
        return SVC._get_param_names()


def test_code_of_parameters_of_a_base():
    """Check that what a class hands to its base is left out where it is as usual there."""
    assert "model = Parent()\n" in code_of(Parent())
    assert "model = Parent(C=1.0, gamma=2.0)" in code_of(Parent(C=1.0, gamma=2.0))


def test_code_of_numpy_numbers():
    """Check that numbers of numpy are written as Python's."""
    assert "SVC(C=2.0, max_iter=7)" in code_of(SVC(C=np.float64(2.0), max_iter=np.int64(7)))


def test_code_in_full():
    """Check how the code looks."""
    model = make_pipeline(
        StandardScaler(with_mean=False), LogisticRegression(C=10.0, max_iter=1000)
    )
    assert code_of(model) == (
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import Pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "\n"
        "model = Pipeline(\n"
        "    steps=[\n"
        "        ('standardscaler', StandardScaler(with_mean=False)),\n"
        "        ('logisticregression', LogisticRegression(C=10.0, max_iter=1000)),\n"
        "    ],\n"
        ")\n"
        "model.fit(X, y)"
    )


@pytest.mark.parametrize(
    "value", [lambda X: X, partial(_square), object(), np.array([None]), sys.stdout]
)
def test_no_code(value):
    """Check that a value that is no code is not guessed at."""
    assert code_of(FunctionTransformer(value)) is None


def test_the_code_of_a_winner_runs():
    """Check that the code fits a model that predicts as the tuned one does."""
    model = AutoTunedClassifier(
        RandomForestClassifier(n_estimators=3), {"max_depth": [1, 2, 3]}, strategy="grid", cv=2
    ).fit(X, Y)
    namespace = {"X": X, "y": Y}
    exec(model.to_code(), namespace)
    np.testing.assert_array_equal(namespace["model"].predict(X), model.predict(X))


def test_no_code_of_a_winner():
    """Check that asking for code that cannot be written, or before a fit, raises."""
    pipeline = make_pipeline(FunctionTransformer(lambda X: X), LogisticRegression(max_iter=500))
    model = AutoTunedClassifier(pipeline, budget=1, cv=2)
    with pytest.raises(NotFittedError):
        model.to_code()
    with pytest.raises(ValueError, match="best_estimator_ cannot be written as code"):
        model.fit(X, Y).to_code()


# Findings about the space


@pytest.mark.parametrize(
    ("estimator", "space", "value", "text"),
    [
        (SVC(), {"C": (1.0, 50.0)}, 50.0, "C, 50, is the highest that was allowed (1 to 50)."),
        (SVC(), {"C": (0.5, 50.0)}, 0.5, "C, 0.5, is the lowest that was allowed (0.5 to 50)."),
        (SVC(), {"C": [1, 10, 100]}, 100, "C, 100, is the highest that was allowed (1 to 100)."),
        (SVC(), {"C": (1.0, 50.0)}, 49.0, None),
        (SVC(), {"kernel": ["rbf", "poly"]}, "rbf", None),
        (KNeighborsClassifier(), {"n_neighbors": (1, 9)}, 1, None),
        (KNeighborsClassifier(), {"n_neighbors": (2, 9)}, 2, "n_neighbors, 2, is the lowest that"),
        (ElasticNet(), {"l1_ratio": (0.1, 1.0)}, 1.0, None),
        (ElasticNet(), {"l1_ratio": (0.1, 0.9)}, 0.9, "l1_ratio, 0.9, is the highest that was"),
        (make_pipeline(PCA(), ElasticNet()), {"elasticnet__l1_ratio": (0.1, 1.0)}, 1.0, None),
        (
            make_pipeline(PCA(), ElasticNet()),
            {"pca__n_components": (1, 3)},
            3,
            "pca__n_components,",
        ),
        (make_pipeline(PCA(), ElasticNet()), {"pca__n_components": (1, 4)}, 4, None),
        (SimpleNamespace(), {"subsample": (0.1, 1.0)}, 1.0, None),
        (SimpleNamespace(), {"subsample": (0.1, 0.9)}, 0.9, "subsample, 0.9, is"),
    ],
)
def test_at_a_bound(estimator, space, value, text):
    """Check that the best value on a bound is told, unless the model or the data end there."""
    first = estimator[0] if isinstance(estimator, Pipeline) else estimator
    first.n_features_in_ = 4
    (name,) = space
    trials = [({name: value}, [0.5, 0.6])]
    tuned = make_tuned(space, trials, estimator=estimator, winner=0, best_estimator_=estimator)
    found = space_report(tuned)
    assert [finding.kind for finding in found] == ([] if text is None else ["bound"])
    assert all(finding.text.startswith(f"The best value of {text}") for finding in found)
    assert all(finding.parameter == name for finding in found)


@pytest.mark.parametrize(("scores", "n"), [([0.5, 0.6], 0), ([0.5, 0.5], 1), ([0.5, 0.7], 0)])
def test_a_bound_among_equals(scores, n):
    """Check that a bound is not told where a value within the range is as good."""
    trials = [({"C": 1.0}, [0.5, 0.6]), ({"C": 9.0}, [0.5, 0.5]), ({"C": 5.0}, scores)]
    assert len(space_report(make_tuned({"C": (1.0, 9.0)}, trials, winner=0))) == n


def test_a_bound_of_the_default_model():
    """Check that a search without a model of the user's has findings, fitted or not."""
    tuned = make_tuned({"model__C": (0.5, 2.0)}, [({"model__C": 2.0}, [0.5, 0.6])], winner=0)
    tuned.estimator = "boosting"
    assert [finding.kind for finding in space_report(tuned)] == ["bound"]
    tuned.best_estimator_ = Pipeline([("model", SVC())])
    assert [finding.kind for finding in space_report(tuned)] == ["bound"]


def test_a_bound_of_one_of_several_models():
    """Check that the limits are those of the model that was chosen."""
    models = [SVC(), KNeighborsClassifier()]
    space = [
        {"estimator": [models[0]], "estimator__C": (1.0, 9.0)},
        {"estimator": [models[1]], "estimator__n_neighbors": (1, 9)},
    ]
    for number, (name, value, n) in enumerate(
        [("estimator__C", 9.0, 1), ("estimator__n_neighbors", 1, 0)]
    ):
        trial = ({"estimator": models[number], name: value}, [0.5, 0.6])
        tuned = make_tuned(space, [trial], estimator=models, winner=0)
        assert len(space_report(tuned)) == n


def test_failing_values():
    """Check that the values are told with which most trials failed, if they are what fails."""
    bad = [({"C": 2.0 + n, "kernel": "poly"}, [math.nan, math.nan]) for n in range(3)]
    good = [({"C": 2.5 + n, "kernel": "rbf"}, [0.5, 0.6]) for n in range(4)]
    space = {"C": (1.0, 9.0), "kernel": ["rbf", "poly"]}
    assert space_report(make_tuned(space, good + bad)) == [
        Finding(
            "kernel",
            "failing",
            "3 of 3 trials with kernel = poly failed.",
            "Leave these values out of the space, or look into the errors.",
        )
    ]
    assert space_report(make_tuned(space, bad)) == []
    high = [({"C": 8.0 + n / 10, "kernel": "rbf"}, [math.nan] * 2) for n in range(3)]
    (finding,) = space_report(make_tuned(space, good + high))
    assert finding.text == "3 of 3 trials with C in the upper third of its range failed."


def test_unimportant():
    """Check that a parameter without an effect is told, and the others are not."""
    rng = np.random.RandomState(0)
    points = rng.uniform(size=(60, 2))
    trials = [({"C": a, "coef0": b}, [a, a]) for a, b in points.tolist()]
    tuned = make_tuned({"C": (0.0, 1.0), "coef0": (0.0, 1.0)}, trials)
    assert [(one.parameter, one.kind) for one in space_report(tuned)] == [("coef0", "unimportant")]


# What is told


def test_group_failures():
    """Check that what differs in numbers only is one cause, and the most frequent comes first."""
    history = History(1)
    errors = ["E: no", "Traceback\n  x\nE: C=1.5 of 3", "E: C=2e-05 of 14", None]
    for error in errors:
        trial = add_trial(history, {}, [math.nan if error else 1.0])
        for evaluation in trial.evaluations.values():
            evaluation.error = error
    assert group_failures(history) == [
        Cause("failed", "E: C=1.5 of 3", errors[1], (1, 2)),
        Cause("failed", "E: no", "E: no", (0,)),
    ]


def test_facts():
    """Check the numbers of a report."""
    facts = Facts.of(simple_tuned())
    outcome = facts.outcome
    assert (outcome.tuned, outcome.untuned) == (pytest.approx(0.8), pytest.approx(0.6))
    assert outcome.gain == pytest.approx(0.2)
    assert (outcome.n_better, outcome.n_folds) == (1, 2)
    assert (outcome.expected, outcome.low, outcome.high) == (0.7, 0.55, 1.0)
    assert (facts.n_ended, facts.since_best, facts.seconds) == (5, 1, 10.0)
    assert facts.statuses == {"complete": 3, "dropped": 1, "timeout": 1, "interrupted": 1}
    assert (facts.chosen, facts.models) == ("SVC", ("SVC",))


def test_losses_are_told_as_themselves():
    """Check a metric of which less is better."""
    trials = [({"C": 1.0}, [-3.0, -3.0]), ({"C": 2.0}, [-2.0, -2.0])]
    interval = {"expected_score_": -2.5, "expected_score_interval_": (-4.0, -1.0)}
    tuned = make_tuned(
        {"C": (1.0, 9.0)}, trials, winner=1, scoring="neg_mean_squared_error", **interval
    )
    outcome = Facts.of(tuned).outcome
    assert (outcome.tuned, outcome.untuned, outcome.gain) == (2.0, 3.0, 1.0)
    assert (outcome.expected, outcome.low, outcome.high) == (2.5, 1.0, 4.0)
    page = make_page(tuned)
    assert "-1.0000" in page
    assert "lower is better" in page


def test_words():
    """Check what is said of a gain that may be chance."""
    facts = Facts.of(simple_tuned())
    assert words.verdict(facts) == (
        "Tuning made the SVC better: accuracy 0.8000 instead of 0.6000 without tuning."
    )
    assert words.certainty(facts)[1:] == [
        "Every model was trained and tested on 2 different splits of the data (folds). The tuned "
        "model was better than the untuned one on 1 of 2.",
        "The gain is small beside the uncertainty: it may be chance.",
    ]
    assert words.effort(facts)[0] == (
        "6 configurations of SVC in 10.0 s, by the strategy 'random': 3 complete, 1 stopped early, "
        "1 too slow and 1 cut short. The measure is accuracy."
    )
    assert words.limits(facts) == [
        "The best value of C, 100, is the highest that was allowed (1 to 100).",
        "1 trial took too long for the budget.",
        "The end of the budget cut 1 trial short.",
    ]
    assert words.advice(facts)[0] == "C: Allow values above it: a better one may lie there."


def averaging_tuned(weights, n_models):
    """Return a search whose final model averages some models."""
    average = AveragedClassifier([SVC()])
    average.estimators_ = [SVC()] * n_models
    return simple_tuned(ensemble_weights_=weights, best_estimator_=average)


def test_an_ensemble():
    """Check that page, table and notebook tell the members of an ensemble and their weights."""
    tuned = averaging_tuned({5: 0.25, 1: 0.75}, 4)
    (text,) = words.final_model(Facts.of(tuned))
    assert text.startswith(
        "The final model is a weighted average of 2 trials, each the average of the models of its "
        "folds: 75% SVC (trial 1) and 25% SVC (trial 5). On rows that were left out, it did better "
        "than trial 1 alone, whose scores are shown here."
    )
    assert (
        "each the average"
        not in words.final_model(Facts.of(averaging_tuned({5: 0.5, 1: 0.5}, 2)))[0]
    )
    page = check_page(make_page(tuned))
    assert "Tuning report: SVC and 1 more" in page.texts
    assert {text, "weight", "75%", "25%"} <= set(page.texts)
    assert "final model: 75% SVC (trial 1) and 25% SVC (trial 5)" in essence(tuned)


def test_other_final_models():
    """Check what is told of an average of folds, and that nothing is of a single model."""
    told = words.final_model(Facts.of(averaging_tuned({1: 1.0}, 5)))
    assert told == [
        "The final model is the average of the 5 models that were fitted on the folds of trial 1."
    ]
    assert words.final_model(Facts.of(simple_tuned(best_estimator_=SVC()))) == []


def test_another_model_than_the_untuned():
    """Check that the tuned model is not said to be the untuned one where these differ."""
    models = [SVC(), KNeighborsClassifier()]
    space = [{"estimator": [model]} for model in models]
    for scores, text in (
        (
            [0.7, 0.8],
            "The tuned KNeighborsClassifier is better than the untuned SVC: accuracy 0.75",
        ),
        (
            [0.5, 0.4],
            "The chosen KNeighborsClassifier is worse than the untuned SVC: accuracy 0.45",
        ),
        ([0.5, 0.6], "The tuned KNeighborsClassifier is as good as the untuned SVC: accuracy 0.55"),
    ):
        trials = [({"estimator": models[0]}, [0.5, 0.6]), ({"estimator": models[1]}, scores)]
        tuned = make_tuned(space, trials, estimator=models, winner=1)
        assert words.verdict(Facts.of(tuned)).startswith(text)
    (parameter,) = parameters_of(read_search(tuned), [], {})
    assert parameter.searched == "[SVC, KNeighborsClassifier]"
    assert words.effort(Facts.of(tuned))[0].startswith(
        "2 configurations of SVC or KNeighborsClassifier in"
    )


def test_as_good_as_an_earlier_one():
    """Check that a last trial that only equals an earlier one is no reason for more trials."""
    trials = [({"C": 1.0 + n}, [0.5 + (n > 0) / 10] * 2) for n in range(8)]
    facts = Facts.of(make_tuned({"C": (0.5, 90.0)}, trials, winner=7))
    assert facts.since_best == 6
    assert any("the last 6 trials brought nothing better" in text for text in words.advice(facts))


@pytest.mark.parametrize(
    ("single", "text"),
    [
        (2e-6, "Predicting a row takes about 20 µs, with a single model 2 µs."),
        (2e-5, "Predicting a row takes about 20 µs."),
    ],
)
def test_prediction_time(single, text):
    """Check that the time of the final model is told beside that of a single one."""
    times = {"final": 2e-5, "single": single}
    assert text in words.effort(Facts.of(simple_tuned(predict_seconds_per_row_=times)))


def test_a_limit_on_each_trial():
    """Check that a trial over its own limit is a failure, not the end of the budget."""
    tuned = simple_tuned()
    tuned.budget = Budget(trials=6, seconds_per_trial=3)
    facts = Facts.of(tuned)
    assert [(cause.status, cause.trials) for cause in facts.causes] == [("timeout", (3,))]
    assert "1 of 6 trials had errors; see the failures below." in words.limits(facts)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"winner": 0},
            "Nothing that was tried beat the untuned SVC, so it was kept: accuracy 0.6000.",
        ),
        ({"winner": 5}, "Tuning made the SVC better: accuracy 0.7000 instead of 0.6000 without"),
        ({"winner": None}, "No trial was chosen, because refit does not say which metric decides."),
    ],
)
def test_verdict(settings, text):
    """Check the sentence with which a report begins."""
    assert words.verdict(Facts.of(simple_tuned(**settings))).startswith(text)


def test_nothing_ended():
    """Check a search whose budget ended before anything was known."""
    tuned = make_tuned({"C": (1.0, 9.0)}, [({"C": 1.0}, [0.5], INTERRUPTED)], winner=0)
    facts = Facts.of(tuned)
    assert words.verdict(facts) == "No trial ended within the budget, so the untuned SVC was kept."
    assert words.certainty(facts)[0].startswith("What to expect on new data is not known")
    assert words.advice(facts) == ["Nothing in particular."]
    check_page(make_page(tuned))


def test_infinite_scores():
    """Check that scores without a mean or a difference are no error."""
    infinite = [math.inf, -math.inf]
    trials = [({"C": 1.0}, infinite), ({"C": 2.0}, [1e308, 1e308]), ({"C": 3.0}, infinite)]
    for winner in range(3):
        check_page(make_page(make_tuned({"C": (1.0, 9.0)}, trials, winner=winner)))


def test_a_larger_budget():
    """Check that one is advised where the best trial was one of the last."""
    trials = [({"C": 1.0 + n}, [n / 10, n / 10]) for n in range(8)]
    tuned = make_tuned({"C": (0.5, 90.0)}, trials, winner=7)
    facts = Facts.of(tuned)
    assert "Allow a larger budget: the search was still finding better ones." in words.advice(facts)
    assert any("budget (8 trials) may have ended" in text for text in words.limits(facts))


def test_parameters():
    """Check where the chosen values lie on their ranges."""
    tuned = make_tuned(
        {"C": (1.0, 100.0, "log-uniform"), "kernel": ["rbf", "poly"]},
        [({"C": 1.0, "kernel": "rbf"}, [0.5, 0.5]), ({"C": 10.0, "kernel": "poly"}, [0.6, 0.6])],
        winner=1,
    )
    search = read_search(tuned)
    first, second = parameters_of(search, varying(search), {"C": 0.5})
    assert first == Parameter("C", "10", "1", "1 to 100, logarithmic", pytest.approx(0.5), 0.5)
    assert (second.value, second.untuned, second.searched) == ("poly", "rbf", "[rbf, poly]")
    assert math.isnan(second.place)
    assert math.isnan(second.share)
    assert range_bar(second.place) is None
    assert "50%" in range_bar(first.place)


# The page


class Page(HTMLParser):
    """Checks that elements are closed, and collects what a test looks at."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.names, self.attributes, self.texts = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.names.append(name)
        self.attributes += attributes
        self.ids += [value for key, value in attributes if key == "id"]
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def check_page(text):
    """Check what holds for every page, and return it."""
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    assert not re.search(r"https?:|//[a-z]", re.sub(r"base64,[\w+/=]+", "", text))
    assert page.names.count("script") == 1
    for key, value in page.attributes:
        assert not key.startswith("on")
        if key == "href":
            assert value[1:] in page.ids
        elif key in ("src", "srcset"):
            assert value.startswith("data:image/png;base64,")
    return page


def test_page(drawn):
    """Check the whole page of a search, and that its pictures leave nothing behind."""
    from matplotlib import pyplot as plt

    before = dict(plt.rcParams), plt.get_fignums()
    page = check_page(make_page(simple_tuned()))
    assert (dict(plt.rcParams), plt.get_fignums()) == before
    assert page.names.count("tr") == 1 + 1 + 1 + 6
    assert page.names.count("img") == 6
    assert page.names.count("source") == 6
    assert "Tuning report: SVC" in page.texts
    assert "1 ★" in page.texts


def test_everything_is_escaped():
    """Check that hostile values, errors and names stay texts."""
    space = {"kernel": ["rbf", HOSTILE], "label": [HOSTILE, None, HOSTILE * 9]}
    trials = [({"kernel": HOSTILE, "label": None}, [0.5, 0.6])]
    trials += [({"kernel": "rbf", "label": HOSTILE}, [math.nan, 0.1])] * 3
    tuned = make_tuned(space, trials, winner=0, best_estimator_=SVC(kernel=HOSTILE))
    tuned.strategy = SimpleNamespace(text=HOSTILE)
    for evaluation in tuned.history_.evaluations():
        if not math.isfinite(evaluation.scores["score"]):
            evaluation.error = f"Traceback\n{HOSTILE}"
    for text in (make_page(tuned), essence(tuned)):
        text.encode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    check_page(make_page(tuned))
    Page(essence(tuned))


@pytest.mark.parametrize(
    "settings",
    [
        {"winner": None},
        {"winner": 0},
        {"expected_score_": math.nan, "expected_score_interval_": (math.nan, math.nan)},
        {"best_estimator_": FunctionTransformer(lambda X: X)},
    ],
)
def test_pages_of_other_searches(settings):
    """Check that what is not known is left out."""
    page = check_page(make_page(simple_tuned(**settings)))
    assert not any("nan" in text for text in page.texts if "random" not in text)


def test_a_space_of_one_configuration(drawn):
    """Check that where there is nothing to show, this is said."""
    tuned = make_tuned({"C": [1.0]}, [({"C": 1.0}, [0.5, 0.6])], winner=0)
    page = check_page(make_page(tuned))
    missing = [text for text in page.texts if text.startswith("No picture of the importance")]
    assert missing == [
        "No picture of the importance: importance needs 4 trials with a score; got 1."
    ]
    assert space_report(tuned) == []


def test_without_matplotlib():
    """Check that the report is complete but for its pictures, and says so."""
    page = check_page(make_page(simple_tuned()))
    assert "img" not in page.names
    assert 'Pictures need matplotlib: pip install "autotune-sklearn[plot]"' in page.texts


# A search in a storage file


def stored(path, estimator, *args, **settings):
    """Return a fitted estimator, and its study as the file has it."""
    settings = {"strategy": "random", "budget": 12, "cv": 3, "random_state": 0, **settings}
    model = AutoTunedClassifier(estimator, *args, storage=path, **settings).fit(X, Y)
    (study,) = read_studies(path)
    return model, study


@pytest.mark.parametrize("scoring", [None, "neg_log_loss", ["f1_macro", "accuracy"]])
def test_the_facts_in_a_file(scoring, tmp_path):
    """Check that a file tells what the estimator does, but for what takes the model."""
    space = {"C": (0.1, 100.0, "log-uniform"), "l1_ratio": [0, 0.5, 1], "fit_intercept": [True]}
    refit = "accuracy" if isinstance(scoring, list) else True
    estimator = LogisticRegression(solver="saga", max_iter=20, tol=0.1)
    model, study = stored(tmp_path / "t.db", estimator, space, scoring=scoring, refit=refit)
    own, read = Facts.of(model), Facts.of(study)
    for name in ("tuned", "untuned", "gain", "is_default", "n_better", "n_folds"):
        assert getattr(read.outcome, name) == getattr(own.outcome, name)
    for name in ("models", "chosen", "params", "statuses", "since_best", "causes"):
        assert getattr(read, name) == getattr(own, name)
    assert read.search.label == own.search.label
    assert np.array_equal(read.importance.shares, own.importance.shares)
    for parameter, other in zip(read.scales, own.scales, strict=True):
        assert (parameter.name, parameter.bounds) == (other.name, other.bounds)
    assert math.isnan(read.outcome.expected)
    page = check_page(make_page(study))
    assert "the-model-as-code" not in page.ids
    assert any("The file holds trials but no model" in text for text in page.texts)


def test_the_ranges_in_a_file(tmp_path):
    """Check that ranges are those of the values that were tried where the space is no literal."""
    models = [SVC(), make_pipeline(StandardScaler(), LogisticRegression())]
    model, study = stored(tmp_path / "t.db", models, error_score=0.0)
    search = read_study(study)
    assert not search.bounded
    assert {t.params["estimator"] for t in search.history} == {"SVC", "LogisticRegression"}
    tried = [t.params["estimator__C"] for t in model.history_ if "estimator__C" in t.params]
    (interval,) = {sub["estimator__C"] for sub in search.space.subspaces if "estimator__C" in sub}
    assert (interval.low, interval.high) == (min(tried), max(tried))
    assert all(scale.bounds is None for scale in Facts.of(study).scales)
    text = make_page(study)
    check_page(text)
    assert "The ranges are those of the values that were tried." in text


def test_long_models_in_a_file(tmp_path):
    """Check that models whose text is long are told by their classes, also outside the space."""
    columns = ColumnTransformer([(f"column_{i}", StandardScaler(), [i]) for i in range(4)])
    models = [make_pipeline(columns, SVC(C=1e9)), make_pipeline(columns, RandomForestClassifier(2))]
    assert len(repr(models[0])) > 200
    _, study = stored(tmp_path / "t.db", models, budget=4, cv=2)
    assert {t.params["estimator"] for t in study.history} == {"SVC", "RandomForestClassifier"}
    facts = Facts.of(study)
    assert set(facts.models) == {"SVC", "RandomForestClassifier"}
    assert facts.chosen in facts.models
    assert "Pipeline(" not in make_page(study)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SVC(kernel=RBF())", "SVC"),
        ("sklearn.svm.SVC()", "SVC"),
        ("Pipeline(steps=[('a', PCA()), ('b', SVC(C=1))])", "SVC"),
        (
            "Pipeline(steps=[('a', TransformedTargetRegressor(regressor=SVR(), transformer=Q()))])",
            "SVR",
        ),
        ("RegressorChain(estimator=Ridge())", "RegressorChain"),
        ("Pipeline(steps=[('a', Pi...", "Pipeline(steps=[('a', Pi..."),
        ("Pipeline()", "Pipeline()"),
        ("SVC", "SVC"),
        ("<function f>", "<function f>"),
    ],
)
def test_the_class_of_a_model_in_a_file(text, name):
    """Check that the text of a model is read as the name of the class that counts."""
    assert _class_in(text) == name


def test_a_file_without_a_complete_trial(tmp_path):
    """Check the report of a search that was interrupted at once, in a file of an older release."""
    _, study = stored(tmp_path / "t.db", SVC(), budget=2)
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection, connection:
        connection.execute("DELETE FROM evaluations")
        connection.execute("UPDATE trials SET status = 'running'")
        connection.execute(
            "UPDATE studies SET description = json_remove(description, '$.models', '$.measure')"
        )
    (study,) = read_studies(tmp_path / "t.db")
    page = check_page(make_page(study))
    assert "No trial that may win is complete." in page.texts
    assert "2 trials had not ended when the file was read." in page.texts


# The estimator


@pytest.fixture(scope="module")
def model():
    """Return a fitted estimator."""
    space = {"C": [0.1, 1.0, 10.0], "kernel": ["linear", "rbf"]}
    return AutoTunedClassifier(SVC(), space, strategy="grid", cv=3).fit(X, Y)


def test_report(model, tmp_path):
    """Check the report of a fit, also after a trip through a file."""
    for number, tuned in enumerate([model, pickle.loads(pickle.dumps(model))]):
        path = tmp_path / f"{number}.html"
        assert tuned.report(path if number else str(path)) is None
        page = check_page(path.read_text(encoding="utf-8"))
        assert any(text.startswith("from sklearn.svm import SVC") for text in page.texts)


def test_the_space_report_of_a_fit(model):
    """Check that findings are an attribute of what is fitted."""
    assert all(isinstance(finding, Finding) for finding in model.space_report_)
    assert not hasattr(AutoTunedClassifier(SVC()), "space_report_")


def test_without_refit(tmp_path):
    """Check that a search whose winner nobody has fitted has a report and a repr."""
    grid = {"strategy": "grid", "cv": 2}
    one = AutoTunedRegressor(Ridge(), {"alpha": [1, 2]}, refit=False, **grid)
    several = AutoTunedRegressor(
        Ridge(), {"alpha": [1, 2]}, refit=False, scoring=["r2", "neg_max_error"], **grid
    )
    chosen = AutoTunedRegressor(Ridge(), {"alpha": [1, 2]}, refit=lambda results: 0, **grid)
    for tuned in (one, several, chosen):
        tuned.fit(X, Y).report(tmp_path / "tuning.html")
        check_page((tmp_path / "tuning.html").read_text(encoding="utf-8"))
        assert "Ridge" in tuned._repr_html_()


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (None, TypeError, "path must be a str or a path of an HTML file; got None"),
        (3, TypeError, "path must be a str or a path of an HTML file; got 3"),
        ("no/such/folder.html", FileNotFoundError, "no/such/folder.html"),
    ],
)
def test_bad_paths(model, path, error, message):
    """Check that what is no path, or cannot be written, is refused."""
    with pytest.raises(error, match=re.escape(message)):
        model.report(path)


def test_before_fit(tmp_path):
    """Check that there is no report of nothing."""
    with pytest.raises(NotFittedError):
        AutoTunedClassifier(SVC()).report(tmp_path / "tuning.html")


# The notebook


def test_notebook(model):
    """Check what a notebook shows of a fitted estimator, and that it is the same in both forms."""
    html = model._repr_html_()
    text = html.partition("<style>")[0]
    assert f"<b>{model.best_score_:.4f}</b> tuned, {model.default_score_:.4f} untuned" in text
    assert f"expected on new data: {model.expected_score_:.4f}" in text
    assert "[linear, rbf]" in text
    assert "best_estimator_: SVC" in html
    assert model._repr_mimebundle_()["text/html"].startswith(text)
    with config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert list(model._repr_mimebundle_()) == ["text/plain"]


def test_notebook_before_fit():
    """Check that scikit-learn's diagram stands alone before there is a search."""
    html = AutoTunedClassifier(SVC())._repr_html_()
    assert html.startswith("<style>")


def test_many_parameters():
    """Check that a notebook is not flooded."""
    names = [f"p{number}" for number in range(30)]
    trials = [(dict.fromkeys(names, value), [0.5, 0.6]) for value in (1.0, 2.0)]
    tuned = make_tuned(dict.fromkeys(names, (0.5, 9.0)), trials, winner=1)
    html = essence(tuned)
    assert html.count("<tr>") == 12
    assert "and 18 more in best_params_" in html


# The command line


def test_command_line(tmp_path, monkeypatch, capsys):
    """Check that --report writes the file and says where it is."""
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(",".join(map(str, row)) for row in np.c_[X, Y][::2])
    (tmp_path / "iris.csv").write_text(f"a,b,c,d,kind\n{rows}\n")
    call = ["iris.csv", "--target", "kind", "--model", "nb", "--budget", "3", "--quiet"]
    assert main([*call, "--report", "tuning.html"]) == 0
    assert "The report is in tuning.html" in capsys.readouterr().out
    check_page((tmp_path / "tuning.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tuning.pdf", "--report must end in .html or .htm; got 'tuning.pdf'"),
        ("no/tuning.html", "--report no/tuning.html: there is no folder"),
    ],
)
def test_command_line_refuses(path, message, tmp_path, monkeypatch, capsys):
    """Check that a report that cannot be written is refused before the search."""
    monkeypatch.chdir(tmp_path)
    assert main(["data.csv", "--target", "y", "--report", path]) == 2
    assert message in capsys.readouterr().err
