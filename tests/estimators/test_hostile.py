"""Bad parameters, data, folds, scorers and models: each ends in a result or one clear error."""

from __future__ import annotations

import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, AutoTunedRegressor

rng = np.random.RandomState(0)
X = rng.rand(40, 3)
y = (X[:, 0] > 0.5).astype(int)
SPACE = {"max_depth": [1, 2]}
FAILED = "all of the 3 trials failed(.|\n)*"


def tree(**parameters) -> AutoTunedClassifier:
    parameters = {"strategy": "grid", "cv": 2, **parameters}
    space = parameters.pop("space", SPACE)
    return AutoTunedClassifier(DecisionTreeClassifier(), space, **parameters)


def replaced(values, value, dtype=float):
    copy = np.array(values, dtype=dtype)
    copy.flat[3] = value
    return copy


DATA = {  # X, y, error, message
    "no rows": (X[:0], y[:0], ValueError, "0 sample"),
    "no features": (X[:, :0], y, ValueError, FAILED + "0 feature"),
    "one row": (X[:1], y[:1], ValueError, "greater than the number of samples: n_samples=1"),
    "infinite": (replaced(X, np.inf), y, ValueError, FAILED + "contains infinity"),
    "text": (np.full((40, 2), "a", object), y, ValueError, FAILED + "could not convert string"),
    "ragged": ([[1], [1, 2]] * 20, y, ValueError, FAILED + "inhomogeneous"),
    "huge integers": ([[10**400]] * 40, y, ValueError, FAILED + "too large"),
    "one dimension": (X[:, 0], y, ValueError, FAILED + "Reshape your data"),
    "three dimensions": (X[:, :, None], y, ValueError, FAILED + "dim 3"),
    "complex": (X + 1j, y, ValueError, FAILED + "Complex data not supported"),
    "a string": ("hello", y, ValueError, r"inconsistent numbers of samples: \[5, 40\]"),
    "None": (None, y, TypeError, "Expected sequence or array-like"),
    "a number": (3, y, TypeError, "at least 1 dimension"),
    "a generator": ((row for row in X), y, TypeError, "at least 1 dimension"),
    "y too short": (X, y[:-1], ValueError, r"inconsistent numbers of samples: \[40, 39\]"),
    "y missing": (X, None, ValueError, "requires y to be passed"),
    "y continuous": (X, X[:, 0], ValueError, "y must hold classes .* continuous"),
    "y of one class": (X, np.zeros(40), ValueError, "at least two classes; got one class: 0.0"),
}


@pytest.mark.parametrize("case", DATA)
def test_bad_data(case):
    """Check that unusable data end in one error of the right type, which says why."""
    X, y, error, message = DATA[case]
    with pytest.raises(error, match=message):
        tree().fit(X, y)


def test_two_columns_of_one_name():
    """Check that columns of one name are refused or used just as the model itself does it.

    It refuses them since scikit-learn 1.9 and goes by their positions before.
    """
    frame = pd.DataFrame(X, columns=["a", "a", "b"])
    try:
        DecisionTreeClassifier().fit(frame, y)
    except ValueError as error:
        with pytest.raises(ValueError, match=rf"{FAILED}{type(error).__name__}"):
            tree().fit(frame, y)
    else:
        by_position = tree(random_state=0).fit(X, y).predict(X)
        np.testing.assert_array_equal(
            tree(random_state=0).fit(frame, y).predict(frame), by_position
        )


@pytest.mark.parametrize(
    "odd",
    [
        replaced(X, np.nan),
        X.astype(object),
        X.tolist(),
        pd.DataFrame({"when": pd.date_range("2020", periods=40)}),
        scipy.sparse.csr_array(X),
        scipy.sparse.coo_array(X),
        scipy.sparse.dok_array(X),
        np.asfortranarray(X),
        np.ma.masked_array(X),
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_odd_data_that_the_model_takes(odd):
    """Check that what the model can fit can be tuned."""
    assert tree().fit(odd, y).predict(odd).shape == y.shape


def test_odd_targets():
    """Check that several outputs are left to the model, and what is no number is refused."""
    assert tree().fit(X, np.c_[y, 1 - y]).predict(X).shape == (40, 2)
    with pytest.raises(ValueError, match="Input y contains infinity"):
        AutoTunedRegressor(budget=2).fit(X, replaced(X[:, 0], np.inf))
    with pytest.raises(ValueError, match="y must hold numbers for a regressor; got 'a', 'a', 'a'"):
        AutoTunedRegressor(budget=2).fit(X, ["a"] * 40)


class Folds:
    """A splitter that yields what it was given, and says what it was told."""

    def __init__(self, folds, n_splits=None):
        self.folds = folds
        self.n_splits = len(folds) if n_splits is None else n_splits

    def split(self, X, y=None, groups=None):
        yield from self.folds

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n_splits


FIRST, LAST = np.arange(20), np.arange(20, 40)
ROWS = "cv must yield row numbers of X, from 0 to 39, or masks of its rows; fold 0 "
FOLDS = {  # cv, message
    "none": ([], "cv must yield at least one fold"),
    "no training rows": ([([], LAST)], "fold 0 has 0 and 20"),
    "no test rows": ([(FIRST, [])], "fold 0 has 20 and 0"),
    "beyond the end": ([(FIRST, [99])], ROWS + "does not: index 99 is out of bounds"),
    "before the beginning": ([(FIRST, [-99])], ROWS + "does not: index -99"),
    "fractions": ([(FIRST + 0.5, LAST)], ROWS + "does not: arrays used as indices"),
    "labels": ([(["a"], ["b"])], ROWS + "does not"),
    "a short mask": ([(np.ones(5, bool), LAST)], ROWS + "does not: boolean index"),
    "a matrix": ([(FIRST[:, None], LAST)], ROWS + "has an array of 2 dimensions"),
    "not a pair": (Folds([(FIRST,)]), "cv must yield pairs of training and test rows; fold 0"),
    "nothing": (Folds([None]), "cv must yield pairs .* fold 0 is None"),
    "fewer than said": (Folds([(FIRST, LAST)], 2), "got 1 folds, get_n_splits says 2"),
    "exhausted": (iter([]), "which yields none"),
    "one split": (1, "n_splits=1"),
    "negative": (-1, "n_splits=-1"),
    "more than rows": (100, "n_splits=100"),
    "a word": ("five", "Expected `?cv`? as an integer"),
    "a fraction": (2.5, "Expected `?cv`? as an integer"),
    "an object": (object(), "Expected `?cv`? as an integer"),
}


@pytest.mark.parametrize("case", FOLDS)
def test_bad_folds(case):
    """Check that unusable folds are refused before anything is fitted."""
    cv, message = FOLDS[case]
    with pytest.raises(ValueError, match=message):
        tree(cv=cv).fit(X, y)


@pytest.mark.parametrize(
    "fold",
    [
        (slice(0, 20), slice(20, 40)),
        (np.arange(40) < 20, np.arange(40) >= 20),
        (range(20), list(range(20, 40))),
        (np.arange(-40, -20), np.arange(-20, 0)),
    ],
    ids=["slices", "masks", "sequences", "negative"],
)
def test_every_way_to_name_rows(fold):
    """Check that folds may be all that numpy takes as row numbers."""
    expected = tree(cv=[(FIRST, LAST)]).fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(
        tree(cv=[fold]).fit(X, y).cv_results_["mean_test_score"], expected
    )


def test_a_splitter_that_raises():
    """Check that a splitter's own error reaches the user as it is."""

    class Broken(Folds):
        def split(self, X, y=None, groups=None):
            yield FIRST, LAST
            raise RuntimeError("the splitter broke")

    with pytest.raises(RuntimeError, match="the splitter broke"):
        tree(cv=Broken([], 2)).fit(X, y)


NUMBER = "scoring must return a number, or a dict of numbers; got "
SCORES = {  # what the scorer returns, the error
    "None": (None, NUMBER + "None"),
    "text": ("good", NUMBER + "'good'"),
    "an array": (np.arange(2), NUMBER + r"array\(\[0, 1\]\)"),
    "a list": ([1.0], NUMBER + r"\[1.0\]"),
    "complex": (1j, NUMBER + "1j"),
    "a dict of None": ({"score": None}, NUMBER + "None"),
    "NaN": (np.nan, "the score 'score' is nan"),
    "infinite": (np.inf, "the score 'score' is inf"),
    "minus infinite": (-np.inf, "the score 'score' is -inf"),
    "too large": (10**400, "OverflowError"),
}


@pytest.mark.parametrize("case", SCORES)
def test_bad_scores(case):
    """Check that a scorer that returns no finite number is told so."""
    score, message = SCORES[case]
    with pytest.raises(ValueError, match=FAILED + message):
        tree(scoring=lambda estimator, X, y: score).fit(X, y)


@pytest.mark.parametrize("error", [RuntimeError("it broke"), SystemExit("it broke")])
def test_scorers_that_raise(error):
    """Check that a scorer that raises makes failed evaluations."""

    def scorer(estimator, X, y):
        raise error

    with pytest.raises(ValueError, match=FAILED + "it broke"):
        tree(scoring=scorer).fit(X, y)


@pytest.mark.parametrize("score", [1, True, np.float32(1), np.array(1.0), np.array([1.0])])
def test_scores_that_are_numbers(score):
    """Check that whatever stands for one number is one."""
    assert tree(scoring=lambda estimator, X, y: score).fit(X, y).best_score_ == 1.0


def test_a_scorer_that_spoils_all_it_sees(capfd):
    """Check that a scorer can neither change the data nor the models of others."""

    def scorer(estimator, X, y):
        print("a word from the scorer")
        X[:], y[:] = 0, 0
        estimator.tree_ = None
        return 1.0

    data, target = X.copy(), y.copy()
    model = tree(scoring=scorer, cv=[(range(40), range(40))]).fit(data, target)
    np.testing.assert_array_equal(data, X)
    np.testing.assert_array_equal(model.predict(X), model.best_estimator_.predict(data))
    assert "a word from the scorer" in capfd.readouterr().out


SETTINGS = [  # parameter, value, error, message
    ("n_jobs", 0, ValueError, "n_jobs must be .* other than 0; got 0"),
    ("n_jobs", 1.5, TypeError, "n_jobs must be .*; got 1.5"),
    ("n_jobs", "all", TypeError, "n_jobs must be .*; got 'all'"),
    ("verbose", -1, ValueError, "verbose must be .*; got -1"),
    ("random_state", -1, ValueError, "random_state must be .*; got -1"),
    ("random_state", "x", ValueError, "random_state must be .*; got 'x'"),
    ("random_state", 1.5, ValueError, "random_state must be .*; got 1.5"),
    ("budget", "ten", ValueError, "budget must be .*; got 'ten'"),
    ("budget", 0, ValueError, "budget must be .*; got 0"),
    ("budget", -1, ValueError, "budget must be .*; got -1"),
    ("budget", float("nan"), TypeError, "budget must be .*; got nan"),
    ("budget", "5 parsecs", ValueError, "budget must be .*; got '5 parsecs'"),
    ("budget", True, TypeError, "budget must be .*; got True"),
    ("refit", 3, TypeError, "refit must be .*; got 3"),
    ("error_score", "nan", TypeError, "error_score must be .*; got 'nan'"),
    ("storage", 3, TypeError, "storage must be .*; got 3"),
    ("strategy", "best", ValueError, "strategy must be .*; got 'best'"),
    ("strategy", 3, TypeError, "strategy must be .*; got 3"),
    ("include_default", None, TypeError, "include_default must be .*; got None"),
    ("warm_start", "yes", TypeError, "warm_start must be .*; got 'yes'"),
    ("scoring", 42, TypeError, "scoring must be .*; got 42"),
    ("scoring", [], ValueError, r"scoring must name at least one metric; got \[\]"),
    ("space", None, TypeError, "space must be .*, got None"),
    ("space", "other", TypeError, "space must be .*, got 'other'"),
    ("space", {"nope": [1]}, ValueError, r"space\['nope'\]: .* has no such parameter"),
    ("space", {"max_depth": []}, ValueError, r"space\['max_depth'\] must have at least one"),
    ("estimator", DecisionTreeClassifier, TypeError, r"write DecisionTreeClassifier\(\)"),
    ("estimator", "svc", TypeError, "estimator must be an instance .*; got 'svc'"),
    ("estimator", [], ValueError, "estimator must be .*; got an empty list"),
]


@pytest.mark.parametrize(("name", "value", "error", "message"), SETTINGS)
def test_bad_settings(name, value, error, message):
    """Check that an unusable parameter is refused with its name, the rule and the value."""
    with pytest.raises(error, match=message):
        tree().set_params(**{name: value}).fit(X, y)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([b"x", [], {}, (), object(), np.nan, 1j, [None], {"max_depth": 3}, int]),
)


PARAMETERS = sorted(set(AutoTunedClassifier().get_params()) - {"storage"})


@settings(max_examples=40)
@given(
    name=st.sampled_from(PARAMETERS),
    value=ANYTHING,
)
def test_any_value_of_any_parameter(name, value):
    """Check that a parameter's value gives a model or an error that a user can catch."""
    if name == "n_jobs" and value not in (0, 1, None):
        value = str(value)  # worker processes are tested elsewhere
    model = tree(budget=2).set_params(**{name: value})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y)
        except (TypeError, ValueError):
            return
    assert model.history_.trials


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts the first class; subclasses misbehave."""

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = float(np.sum(X)) + float(np.sum(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def score(self, X, y):
        return self.seen_ + float(np.sum(X)) + float(np.sum(y))


class Mutating(Constant):
    def fit(self, X, y):
        super().fit(X, y)
        X[:], y[:] = -1, -1
        return self


class Stateful(Constant):
    calls = ()

    def fit(self, X, y):
        self.calls = (*self.calls, len(X))
        if len(self.calls) > 1:
            raise RuntimeError("fitted twice")
        return super().fit(X, y)


class Threaded(Constant):
    def fit(self, X, y):
        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
        return super().fit(X, y)


class ReturnsNone(Constant):
    def fit(self, X, y):
        super().fit(X, y)


class Odd(Constant):
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    def __bool__(self):
        raise RuntimeError("neither true nor false")

    def __len__(self):
        return 0

    def __repr__(self, *args):
        raise RuntimeError("not to be shown")


class Printing(Constant):
    def fit(self, X, y):
        print("x" * 100_000)
        return super().fit(X, y)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", [Mutating, Stateful, Threaded, ReturnsNone, Odd, Printing])
def test_models_that_misbehave_and_work(kind, n_jobs):
    """Check that a model's bad manners change neither its scores nor those of others."""
    expected = AutoTunedClassifier(Constant(), {"C": [1.0, 2.0]}, strategy="grid", cv=2).fit(X, y)
    model = AutoTunedClassifier(kind(), {"C": [1.0, 2.0]}, strategy="grid", cv=2, n_jobs=n_jobs)
    model.fit(X.copy(), y.copy())
    if kind is not Mutating:  # which spoils the folds that it is scored on as training rows
        scores = expected.cv_results_["mean_test_score"]
        np.testing.assert_array_equal(model.cv_results_["mean_test_score"], scores)
    assert model.best_estimator_.seen_ == expected.best_estimator_.seen_
    assert model.predict(X).shape == y.shape


class LiesMore(Constant):
    def get_params(self, deep=True):
        return {**super().get_params(deep), "ghost": 1}


class LiesLess(Constant):
    def get_params(self, deep=True):
        return {}


class TellsNothing(Constant):
    def get_params(self, deep=True):
        return None


class WillNotTell(Constant):
    def get_params(self, deep=True):
        raise RuntimeError("mind your own business")


class CloneUnsafe(Constant):
    def __init__(self, C=1.0):
        self.C = C + 1


class WrongShape(Constant):
    score = ClassifierMixin.score

    def predict(self, X):
        return np.zeros(3)


class PredictsNothing(Constant):
    score = ClassifierMixin.score

    def predict(self, X):
        return None


class Exits(Constant):
    def fit(self, X, y):
        raise SystemExit("I quit")


class Recursive(Constant):
    def fit(self, X, y):
        return self.fit(X, y)


class _Unspeakable(Exception):
    def __init__(self, one, two):
        super().__init__("unspeakable")
        self.lock = threading.Lock()

    def __str__(self):
        raise RuntimeError("no words")


class RaisesTheUnspeakable(Constant):
    def fit(self, X, y):
        raise _Unspeakable(1, 2)


class RaisesOddText(Constant):
    def fit(self, X, y):
        raise ValueError("half a letter \udc80 and a \x00")


REFUSED = {  # model: error, message
    LiesMore: (TypeError, "estimator must be .*clone.*'ghost'"),
    LiesLess: (ValueError, r"space\['C'\]: LiesLess has no such parameter; it has none"),
    TellsNothing: (TypeError, "get_params returns a dict; that of TellsNothing returns None"),
    WillNotTell: (TypeError, "get_params.*RuntimeError: mind your own business"),
    CloneUnsafe: (TypeError, "estimator must be .*clone.*modifies parameter C"),
}
ALL_FAIL = {
    WrongShape: r"inconsistent numbers of samples: \[20, 3\]",
    PredictsNothing: "Got None instead",
    Exits: "SystemExit: I quit",
    Recursive: "maximum recursion depth exceeded",
    RaisesTheUnspeakable: "_Unspeakable",
    RaisesOddText: "half a letter",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_models_that_are_refused(kind):
    """Check that a model that lies about its parameters is refused before anything is fitted."""
    error, message = REFUSED[kind]
    with pytest.raises(error, match=message):
        AutoTunedClassifier(kind(), {"C": [1.0, 2.0]}, strategy="grid", cv=2).fit(X, y)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ALL_FAIL)
def test_models_that_fail(kind, n_jobs):
    """Check that a model that always fails gives one error, with the first reason."""
    model = AutoTunedClassifier(kind(), {"C": [1.0, 2.0]}, strategy="grid", cv=2, n_jobs=n_jobs)
    with pytest.raises(ValueError, match="all of the 2 trials failed(.|\n)*" + ALL_FAIL[kind]):
        model.fit(X, y)
    assert [trial.status for trial in model.history_] == ["failed"] * 2


class Interrupted(Constant):
    def fit(self, X, y):
        if self.C == 2.0:
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_keyboard_interrupt():
    """Check that an interrupt stops a search here, and is a failed evaluation in a worker."""
    model = AutoTunedClassifier(Interrupted(), {"C": [1.0, 2.0]}, strategy="grid", cv=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert [trial.status for trial in model.history_] == ["complete", "interrupted"]
    with pytest.warns(FitFailedWarning, match="KeyboardInterrupt"):
        model.set_params(n_jobs=2).fit(X, y)
    assert [trial.status for trial in model.history_] == ["complete", "failed"]


class Warning1000(Constant):
    def fit(self, X, y):
        for number in range(1000):
            warnings.warn(f"warning {number}", stacklevel=1)
        return super().fit(X, y)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_thousand_warnings(n_jobs):
    """Check that warnings of the refit alone are shown, once each, and those of trials kept."""
    model = AutoTunedClassifier(Warning1000(), {"C": [1.0]}, strategy="grid", cv=2, n_jobs=n_jobs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert len(caught) == 1000
    assert all(len(e.warnings) == 1000 for e in model.history_.evaluations())


class Locked(Constant):
    def __init__(self, C=1.0):
        super().__init__(C)
        self.lock = threading.Lock()


class LockedByFit(Constant):
    def fit(self, X, y):
        self.lock_ = threading.Lock()
        return super().fit(X, y)


class Callable(Constant):
    def __init__(self, C=1.0, function=None):
        super().__init__(C)
        self.function = function


def test_models_that_cannot_be_pickled():
    """Check that what cannot travel is tuned, or refitted, in this process."""
    space = {"C": [1.0, 2.0]}
    model = AutoTunedClassifier(Locked(), space, strategy="grid", cv=2, n_jobs=2)
    with pytest.warns(UserWarning, match="run in this process.*cannot pickle"):
        model.fit(X, y)
    model = AutoTunedClassifier(LockedByFit(), space, strategy="grid", cv=2, n_jobs=2).fit(X, y)
    assert not model.best_estimator_.lock_.locked()
    lambdas = Callable(function=lambda row: row)
    model = AutoTunedClassifier(lambdas, space, strategy="grid", cv=2, n_jobs=2).fit(X, y)
    assert model.best_estimator_.function(3) == 3


def test_sparse_data_where_the_model_refuses_them():
    """Check that the model's own words about sparse data reach the user."""
    from sklearn.naive_bayes import GaussianNB

    model = AutoTunedClassifier(GaussianNB(), {"var_smoothing": [1e-9, 1e-8]}, strategy="grid")
    with pytest.raises(TypeError, match="Sparse data was passed"):
        model.fit(scipy.sparse.csr_array(X), y)


@settings(max_examples=15)
@given(
    rows=st.integers(0, 12),
    columns=st.integers(0, 3),
    values=st.sampled_from([0.0, 1e308, -1e-320, np.nan, np.inf, 1e40]),
    classes=st.integers(1, 4),
)
def test_any_small_table(rows, columns, values, classes):
    """Check that a table of any shape and any values gives a model or a clear error."""
    table, target = np.full((rows, columns), values), np.arange(rows) % classes
    model = AutoTunedClassifier(SVC(), {"C": [0.1, 1.0]}, strategy="grid", cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(table, target)
        except ValueError:
            return
    assert model.predict(table).shape == (rows,)
