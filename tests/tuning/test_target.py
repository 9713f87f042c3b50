"""Whether a target suits the task and the scoring is said before anything is fitted."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from estimators import Silent
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    make_scorer,
    precision_score,
    zero_one_loss,
)

from autotune import AutoTunedClassifier, AutoTunedRegressor

X = np.arange(40.0).reshape(20, 2)
TEXT = np.array(["no", "yes"] * 10)
THREE = np.array(["low", "mid", "top", "mid"] * 5)
NUMBERS = np.arange(20) * 1.5


class Unfitted(ClassifierMixin, BaseEstimator):
    """Must never be fitted."""

    def __init__(self, level=1):
        self.level = level

    def fit(self, X, y):
        raise AssertionError("nothing is fitted before the target is checked")


class UnfittedRegressor(RegressorMixin, Unfitted):
    """The same for regression."""


def swapped(values, place, value):
    """Return a list with one value replaced."""
    return [value if i == place else old for i, old in enumerate(values)]


BAD_CLASSES = {
    "continuous": (NUMBERS + 0.1, "y must hold classes for a classifier. Unknown label type: cont"),
    "continuous Series": (pd.Series(NUMBERS + 0.1), "Unknown label type: continuous"),
    "one class": (["a"] * 20, "y must have at least two classes; got one class: 'a'"),
    "one class in a column": (np.ones((20, 1)), "got one class: 1.0"),
    "NaN": (swapped([0.0, 1.0] * 10, 3, np.nan), "Input y contains NaN"),
    "infinity": (swapped([0.0, 1.0] * 10, 3, np.inf), "Input y contains infinity"),
    "None": (swapped(TEXT.tolist(), 7, None), "y must have no missing values; got None in row 7"),
    "NaN among text": (
        np.array(swapped(TEXT.tolist(), 2, np.nan), dtype=object),
        "y must have no missing values; got nan in row 2",
    ),
    "NA": (pd.Series(swapped(TEXT.tolist(), 5, pd.NA), dtype="string"), "got (<NA>|nan) in row 5"),
    "lists of all lengths": (swapped([[1], [2]] * 10, 4, [1, 2]), "y must be one value per row"),
    "mixed": (
        np.array(swapped(TEXT.tolist(), 1, 3), dtype=object),
        "y must hold classes of one kind, numbers or text; got 'no', 3, 'no', 'yes', 'no', ...",
    ),
    "objects": ([Silent() for _ in range(20)], "y must hold classes of one kind.*<Silent without"),
}

BAD_NUMBERS = {
    "text": (TEXT, "y must hold numbers for a regressor; got 'no', 'yes', 'no', 'yes', 'no', ..."),
    "text as objects": (TEXT.astype(object), "could not convert string to float: 'no'.*Classifier"),
    "text as categories": (pd.Series(TEXT, dtype="category"), "y must hold numbers for a regress"),
    "dates": (
        pd.Series(pd.date_range("2024", periods=20)),
        "y must hold numbers.*its type is date",
    ),
    "NaN": (swapped(NUMBERS.tolist(), 3, np.nan), "Input y contains NaN"),
    "None": (
        swapped(NUMBERS.tolist(), 3, None),
        "y must have no missing values; got None in row 3",
    ),
    "NaN in a column": (np.column_stack([NUMBERS, NUMBERS * np.nan]), "Input y contains NaN"),
    "objects": ([Silent() for _ in range(20)], "y must hold numbers for a regressor; got <Silent"),
    "lists of all lengths": (swapped([[1], [2]] * 10, 4, [1, 2]), "y must be one value per row"),
    "huge integers": ([10**400] * 20, "y must hold numbers for a regressor.*too large to convert"),
}


@pytest.mark.parametrize(("y", "message"), BAD_CLASSES.values(), ids=BAD_CLASSES)
def test_bad_classes(y, message):
    """Check that each target that a classifier cannot learn is refused in words that help."""
    with pytest.raises(ValueError, match=message):
        AutoTunedClassifier(Unfitted(), {"level": [1, 2]}).fit(X, y)


@pytest.mark.parametrize(("y", "message"), BAD_NUMBERS.values(), ids=BAD_NUMBERS)
def test_bad_numbers(y, message):
    """Check that each target that a regressor cannot learn is refused in words that help."""
    with pytest.raises(ValueError, match=message):
        AutoTunedRegressor(UnfittedRegressor(), {"level": [1, 2]}).fit(X, y)


class Takes(Unfitted):
    """Takes any target, and remembers of what type it was."""

    def fit(self, X, y):
        self.target_ = y
        self.classes_ = np.array([0, 1])
        return self

    def score(self, X, y):
        return 0.5


class TakesRegression(RegressorMixin, Takes):
    """The same for regression."""

    score = Takes.score


MULTILABEL = np.tile([[0, 1, 1], [1, 0, 1]], (10, 1))

GOOD = {
    "several columns": (AutoTunedClassifier, np.tile([[0, 1], [2, 0]], (10, 1))),
    "multilabel": (AutoTunedClassifier, MULTILABEL),
    "sparse multilabel": (AutoTunedClassifier, sparse.csr_matrix(MULTILABEL)),
    "objects that are numbers": (AutoTunedClassifier, np.array([1, 2] * 10, dtype=object)),
    "objects that are numpy's booleans": (
        AutoTunedClassifier,
        np.array([np.True_, np.False_] * 10, dtype=object),
    ),
    "objects that are text": (AutoTunedClassifier, TEXT.astype(object)),
    "booleans": (AutoTunedClassifier, [True, False] * 10),
    "categories": (AutoTunedClassifier, pd.Series(TEXT, dtype="category")),
    "integers of pandas": (AutoTunedClassifier, pd.Series([1, 2] * 10, dtype="Int64")),
    "many classes": (AutoTunedClassifier, np.repeat(np.arange(10), 2)),
    "numbers as objects": (AutoTunedRegressor, NUMBERS.astype(object)),
    "decimals": (AutoTunedRegressor, [Decimal(i) for i in range(20)]),
    "fractions": (AutoTunedRegressor, [Fraction(i, 3) for i in range(20)]),
    "frame": (AutoTunedRegressor, pd.DataFrame({"a": NUMBERS, "b": -NUMBERS})),
    "records": (AutoTunedRegressor, np.zeros(20, dtype=[("event", bool), ("time", float)])),
    "one value": (AutoTunedRegressor, np.ones(20)),
}


@pytest.mark.parametrize(("cls", "y"), GOOD.values(), ids=GOOD)
def test_good_targets(cls, y):
    """Check that what models may take reaches them as it is."""
    model = Takes() if cls is AutoTunedClassifier else TakesRegression()
    search = cls(model, {"level": [1]}, cv=2, strategy="grid", include_default=False).fit(X, y)
    assert type(search.best_estimator_.target_) is type(y)


@pytest.mark.parametrize("values", [TEXT, NUMBERS])
def test_polars(values):
    """Check that a series of polars is taken, and one with a gap refused."""
    pl = pytest.importorskip("polars")
    cls, model = AutoTunedClassifier, Takes()
    if values is NUMBERS:
        cls, model = AutoTunedRegressor, TakesRegression()
    search = cls(model, {"level": [1]}, cv=2, strategy="grid")
    search.fit(X, pl.Series(values.tolist()))
    with pytest.raises(ValueError, match=r"missing values; got None in row 4|y contains NaN"):
        search.fit(X, pl.Series(swapped(values.tolist(), 4, None)))


POSITIVE = "does not know which class is the positive one, and y has 'no', 'yes': write "
TWO_SCORERS = {"scoring": {"a": "accuracy", "p": "precision"}, "refit": "a"}
UNSURE = [
    ({"scoring": "f1"}, f"scoring='f1' {POSITIVE}make_scorer(f1_score, "),
    ({"scoring": "jaccard"}, f"scoring='jaccard' {POSITIVE}make_scorer(jaccard_score, "),
    (
        {"scoring": "average_precision"},
        "make_scorer(average_precision_score, response_method=('decision_function', "
        "'predict_proba'), pos_label='yes')",
    ),
    (
        {"scoring": "neg_brier_score"},
        "make_scorer(brier_score_loss, greater_is_better=False, response_method='predict_proba', "
        "pos_label='yes')",
    ),
    ({"scoring": ["accuracy", "recall"], "refit": "recall"}, f"scoring['recall'] {POSITIVE}"),
    (TWO_SCORERS, f"scoring['p'] {POSITIVE}make_scorer(precision_score, "),
    (
        {"scoring": make_scorer(f1_score)},
        f"scoring {POSITIVE}make_scorer(f1_score, pos_label='yes')",
    ),
    ({"scoring": make_scorer(f1_score, pos_label="maybe")}, "scoring does not know which class"),
]


@pytest.mark.parametrize(("settings", "message"), UNSURE)
def test_scorers_that_know_no_positive_class(settings, message):
    """Check that the error says how to name the positive class, before anything is fitted."""
    search = AutoTunedClassifier(Unfitted(), {"level": [1]}, **settings)
    for target in (TEXT, pd.Series(TEXT), TEXT.tolist(), TEXT.astype(object), TEXT[:, None]):
        with pytest.raises(ValueError, match="make_scorer") as caught:
            search.fit(X, target)
        assert message in str(caught.value)
        assert "pos_label='yes'" in str(caught.value)


def test_roc_auc_of_three_classes():
    """Check that the error says how to score the probabilities of several classes."""
    search = AutoTunedClassifier(Unfitted(), {"level": [1]}, scoring="roc_auc")
    with pytest.raises(ValueError, match=r"y has 3: write make_scorer.*multi_class='ovr'\), for"):
        search.fit(X, THREE)


@pytest.mark.parametrize("scoring", ["f1", "precision", "recall", make_scorer(precision_score)])
def test_scorers_of_two_classes(scoring):
    """Check that a score of one class is refused where there are three."""
    message = "and y has 3: write make_scorer\\(.*_score, .*average='macro'\\), for example"
    with pytest.raises(ValueError, match=message):
        AutoTunedClassifier(Unfitted(), {"level": [1]}, scoring=scoring).fit(X, THREE)


def test_scorers_of_one_label():
    """Check that a score of one label is refused where rows have several."""
    y = np.array([[0, 1], [1, 1], [0, 0], [1, 0]] * 5)
    rule = r"scoring='recall' scores one label, and y has 2 in each row: write .*average='macro'"
    with pytest.raises(ValueError, match=rule):
        AutoTunedClassifier(Unfitted(), {"level": [1]}, scoring="recall").fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "y", "reason"),
    [
        ("accuracy", NUMBERS, "continuous is not supported"),
        ("neg_mean_squared_log_error", NUMBERS - 9, "Mean Squared Logarithmic Error cannot"),
        ("neg_mean_poisson_deviance", NUMBERS - 9, "Mean Tweedie deviance .* non-negative y"),
        ("neg_max_error", np.c_[NUMBERS, NUMBERS], "Multioutput not supported"),
    ],
)
def test_scorers_that_cannot_score_numbers(scoring, y, reason):
    """Check that they are refused, for a score of several as well."""
    search = AutoTunedRegressor(UnfittedRegressor(), {"level": [1]}, scoring=scoring)
    with pytest.raises(
        ValueError, match=f"^scoring='{scoring}' cannot score this target y: {reason}"
    ):
        search.fit(X, y)
    search.set_params(scoring={"a": "r2", "b": scoring}, refit="a")
    with pytest.raises(ValueError, match=r"^scoring\['b'\] cannot score this target y"):
        search.fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "y"),
    [
        ("neg_mean_poisson_deviance", NUMBERS),  # of which one is 0
        ("accuracy", np.arange(20) % 3),  # for regression on ranks
        ("r2", np.c_[NUMBERS, NUMBERS]),
    ],
)
def test_scorers_of_some_numbers(scoring, y):
    """Check that a score that some predictions of these numbers have is not refused."""
    model = DummyRegressor(strategy="median")
    search = AutoTunedRegressor(model, {"constant": [None]}, scoring=scoring, cv=2)
    assert search.fit(X, y).best_params_ == {"constant": None}


@pytest.mark.parametrize("cls", [AutoTunedClassifier, AutoTunedRegressor])
@pytest.mark.parametrize("arguments", [("boosting",), (None, {"max_iter": [2]})])
def test_columns_for_boosting(cls, arguments):
    """Check that boosting alone refuses a target of several columns."""
    with pytest.raises(ValueError, match=r"y must have one column .*; got shape \(20, 2\): pass"):
        cls(*arguments).fit(X, np.c_[np.arange(20) % 2, np.arange(20) % 2])


KNOWING = [
    ("f1_macro", TEXT),
    ("f1", np.array([0, 1] * 10)),
    ("f1", np.array([-1, 1] * 10)),
    ("f1", [True, False] * 10),
    ("roc_auc", TEXT),
    ("roc_auc_ovr", THREE),
    ("accuracy", THREE),
    ("neg_log_loss", THREE),
    ("neg_brier_score", THREE),
    ("balanced_accuracy", TEXT),
    ("matthews_corrcoef", TEXT),
    ("f1_weighted", THREE),
    (make_scorer(f1_score, pos_label="no"), TEXT),
    (make_scorer(average_precision_score, pos_label="no", response_method="predict_proba"), TEXT),
    (make_scorer(brier_score_loss, pos_label="no", response_method="predict_proba"), TEXT),
    (make_scorer(zero_one_loss, greater_is_better=False), THREE),
    (lambda estimator, X, y: 0.5, THREE),
    ({"a": "accuracy", "f": "f1_macro"}, THREE),
]


class Guesses(Takes):
    """Predicts the first class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        shares = np.linspace(1, 2, len(X) * len(self.classes_)).reshape(len(X), -1)
        return shares / shares.sum(axis=1, keepdims=True)

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.mark.filterwarnings("ignore:.*ill-defined")  # scikit-learn's
@pytest.mark.parametrize(("scoring", "y"), KNOWING)
def test_scorers_that_know_all(scoring, y):
    """Check that scorers that can score these labels are not refused."""
    search = AutoTunedClassifier(Guesses(), {"level": [1]}, scoring=scoring, cv=2, strategy="grid")
    search.set_params(refit="a" if isinstance(scoring, dict) else True)
    assert np.isfinite(search.fit(X, y).best_score_)
