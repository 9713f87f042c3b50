"""The first steps of a pipeline: fitted once per fold, and the results do not tell."""

from __future__ import annotations

import pickle
import random
import warnings
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge, RidgeClassifier, SGDClassifier
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from autotune import AutoTunedClassifier, AutoTunedRegressor, Budget
from autotune.compat._sklearn import only_predicts
from autotune.evaluation import PrefixCache, Task, _prefix
from autotune.evaluation._cache import Entry, EntryCache
from autotune.history import Evaluation, History
from autotune.timing._reserve import Reserve

X, Y = (data[::2].copy() for data in load_iris(return_X_y=True))
X_REG, Y_REG = (data[:60] for data in load_diabetes(return_X_y=True))
WORDS = np.array(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"])
TEXTS = [
    " ".join(np.roll(WORDS, label)[row.astype(int) % 6])
    for label, row in zip(Y, X * 7, strict=True)
]
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(e=np.where(X[:, 0] > 6, "big", "small"))
SPARSE = sparse.csr_matrix(np.where(X > 1, X, 0))
GRID = {"ridgeclassifier__alpha": [0.1, 1.0, 10.0]}


class Noted(TransformerMixin, BaseEstimator):
    """Scales by a factor and notes in a file what is done; misbehaves on demand.

    Parameters
    ----------
    log : str
        Path of the file.
    factor : float, default=1.0
    manner : {"good", "in place", "same object", "random", "fail", "warn"}, default="good"
    """

    def __init__(self, log, factor=1.0, manner="good"):
        self.log = log
        self.factor = factor
        self.manner = manner

    def fit(self, X, y=None):
        note(self.log, "fit")
        if self.manner == "fail":
            raise ValueError("no fit")
        if self.manner == "warn":
            warnings.warn("mind the step", stacklevel=2)
        self.shift_ = np.random.rand() if self.manner == "random" else 0.0  # the point
        return self

    def transform(self, X):
        note(self.log, "transform")
        if self.manner == "in place":
            X *= self.factor
            X += 1
            return X.copy()
        return X if self.manner == "same object" else X * self.factor + self.shift_


class CrossFitted(TransformerMixin, BaseEstimator):
    """Makes something else of the rows that it is fitted on, as a target encoder does."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X) ** 2

    def transform(self, X):
        return X - self.mean_


class Counting(ClassifierMixin, BaseEstimator):
    """A classifier that notes its predictions in a file, and may write to its input."""

    def __init__(self, log="", C=1.0, writes=False):
        self.log = log
        self.C = C
        self.writes = writes

    def fit(self, X, y):
        self.model_ = GaussianNB(var_smoothing=self.C * 1e-9).fit(X, y)
        self.classes_ = self.model_.classes_
        if self.writes:
            X[:] = 0
        return self

    def predict(self, X):
        if self.log:
            note(self.log, "predict")
        labels = self.model_.predict(X)
        if self.writes:
            X[:] = 0
        return labels


def note(log, event):
    with Path(log).open("a") as file:
        file.write(f"{event}\n")


def counts(log):
    """Return how often each event is in a log."""
    return Counter(Path(log).read_text().split())


def search(model, space, **options):
    """Return an unfitted grid search."""
    cls = AutoTunedRegressor if is_regressor(model) else AutoTunedClassifier
    options = {"cv": 3, "random_state": 0, "refit": False, **options}
    return cls(model, space, strategy="grid", include_default=False, **options)


def results(found):
    """Return the results of a search without the times, errors as their last line."""
    table = {k: v for k, v in found.cv_results_.items() if not k.endswith("_time")}
    errors = [e and e.strip().splitlines()[-1] for e in table.pop("error")]
    columns = {k: v if k == "params" else v.tolist() for k, v in table.items()}  # None: masked
    return repr(columns), errors, [e.warnings for e in found.history_.evaluations()]


def assert_unnoticed(make, data, target):
    """Fit with and without reuse, and compare; return the first search."""
    with_reuse = make().fit(data, target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_prefix, "CAPACITY", 0)
        without = make().fit(data, target)
    assert not any(e.saved_time for e in without.history_.evaluations())
    assert results(with_reuse) == results(without)
    return with_reuse


def n_reused(found):
    """Return how many evaluations reused something."""
    return sum(e.saved_time > 0 for e in found.history_.evaluations())


SGD = SGDClassifier(random_state=0, max_iter=20, tol=None)
TUNED_PREFIX = {"polynomialfeatures__degree": [1, 2], **GRID}
# name: model, space, X, y, evaluations that reuse something
CASES = {
    "text": (make_pipeline(TfidfVectorizer(), RidgeClassifier()), GRID, TEXTS, Y, 6),
    "text, bigrams": (
        make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), SGD),
        {"sgdclassifier__alpha": [1e-4, 1e-3]},
        np.array(TEXTS, dtype=object),
        Y,
        3,
    ),
    "polynomials": (
        make_pipeline(PolynomialFeatures(2), StandardScaler(), Ridge()),
        {"ridge__alpha": [0.1, 1.0]},
        X_REG,
        Y_REG,
        3,
    ),
    "Fortran order": (
        make_pipeline(PolynomialFeatures(2, order="F"), RidgeClassifier()),
        GRID,
        X,
        Y,
        6,
    ),
    "supervised": (make_pipeline(SelectKBest(k=2), RidgeClassifier()), GRID, X, Y, 6),
    "column transformer": (
        make_pipeline(
            ColumnTransformer(
                [("n", StandardScaler(), list("abcd")), ("c", OneHotEncoder(), ["e"])]
            ),
            RidgeClassifier(),
        ),
        GRID,
        FRAME,
        Y,
        6,
    ),
    "frames all the way": (
        make_pipeline(StandardScaler(), RidgeClassifier()).set_output(transform="pandas"),
        GRID,
        FRAME.drop(columns="e"),
        Y,
        6,
    ),
    "cross-fitted": (
        make_pipeline(CrossFitted(), RidgeClassifier()),
        GRID,
        X,
        Y,
        6,
    ),
    "sparse": (
        make_pipeline(TruncatedSVD(2, random_state=0), RidgeClassifier()),
        GRID,
        SPARSE,
        Y,
        6,
    ),
    "seed of its own": (make_pipeline(TruncatedSVD(2), RidgeClassifier()), GRID, X, Y, 0),
    "seed of its own, later": (
        make_pipeline(StandardScaler(), PCA(2), RidgeClassifier()),
        GRID,
        X,
        Y,
        6,
    ),
    "tuned first step": (
        make_pipeline(PolynomialFeatures(), RidgeClassifier()),
        TUNED_PREFIX,
        X / 8,
        Y,
        12,
    ),
    "tuned second step": (
        make_pipeline(StandardScaler(), PolynomialFeatures(), RidgeClassifier()),
        TUNED_PREFIX,
        X,
        Y,
        15,
    ),
    "tuned step": (
        Pipeline([("a", StandardScaler()), ("b", None), ("c", RidgeClassifier())]),
        {"a": [StandardScaler(), MinMaxScaler(), "passthrough"], "c__alpha": [1, 2]},
        X,
        Y,
        6,
    ),
    "union": (
        Pipeline([("a", StandardScaler()), ("b", PolynomialFeatures(2)), ("c", SGD)]),
        [{"c__alpha": [1e-4, 1e-3]}, {"b__degree": [1, 2]}, {"a": ["passthrough"]}],
        X,
        Y,
        6,
    ),
    "only a model": (Pipeline([("c", SGD)]), {"c__alpha": [1e-4, 1e-3]}, X, Y, 0),
    "fails": (
        make_pipeline(FunctionTransformer(np.linalg.inv), RidgeClassifier()),
        GRID,
        X,
        Y,
        None,
    ),
    "no transformer": (Pipeline([("a", SGD), ("c", SGD)]), {"c__alpha": [1, 2]}, X, Y, None),
    "one name twice": (
        Pipeline([("c", StandardScaler()), ("c", SGD)]),
        {"c__alpha": [1, 2]},
        X,
        Y,
        None,
    ),
}


@pytest.mark.parametrize("train_scores", [False, True])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[-1] is not None])
def test_nothing_changes(name, train_scores):
    """Check that the results are those without reuse, to the last bit, and that there is some."""
    model, space, data, target, expected = CASES[name]
    found = assert_unnoticed(
        lambda: search(model, space, return_train_score=train_scores), data, target
    )
    assert n_reused(found) == expected


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[-1] is None])
def test_errors(name):
    """Check that what fails does so with the same error."""
    model, space, data, target, _ = CASES[name]

    def last_line():
        with pytest.raises((TypeError, ValueError)) as caught:
            search(model, space).fit(data, target)
        return str(caught.value).strip().splitlines()[-1]

    found = last_line()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_prefix, "CAPACITY", 0)
        assert last_line() == found


def test_equals_grid_search():
    """Check that the scores are those of GridSearchCV, with and without its memory."""
    model, space, data, target, _ = CASES["text"]
    ours = search(model, space).fit(data, target).cv_results_
    theirs = GridSearchCV(model, space, cv=3, refit=False).fit(data, target).cv_results_
    for fold in range(3):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.parametrize("name", ["text", "column transformer", "tuned second step"])
def test_workers(backend, name):
    """Check that nothing changes in threads and in worker processes, and that they reuse."""
    model, space, data, target, expected = CASES[name]
    with joblib.parallel_config(backend=backend, n_jobs=2):
        found = assert_unnoticed(lambda: search(model, space), data, target)
    assert 0 < n_reused(found) <= expected


def test_fitted_once_per_fold(tmp_path):
    """Check that the first step is fitted, and the validation rows transformed, once a fold."""
    log = tmp_path / "log"
    model = make_pipeline(Noted(log), RidgeClassifier())
    found = search(model, GRID, refit=True).fit(X, Y)
    # fit_transform transforms too; the last of each belongs to the refit
    assert counts(log) == {"fit": 3 + 1, "transform": 3 + 3 + 1}
    assert n_reused(found) == 6
    assert type(found.best_estimator_) is Pipeline
    assert type(found.best_estimator_[0]) is Noted


def test_memory_limit(tmp_path):
    """Check that nothing is kept where the memory of an evaluation is limited."""
    log = tmp_path / "log"
    budget = Budget(memory="4GB")
    search(make_pipeline(Noted(log), RidgeClassifier()), GRID, budget=budget).fit(X, Y)
    assert counts(log)["fit"] == 9


PLAIN = {
    "memory": (lambda folder: {"memory": str(folder)}, {}),
    "verbose": (lambda folder: {"verbose": True}, {}),
    "metadata": (lambda folder: {}, {"select__sample_weight": np.ones(len(Y))}),
}


class Weighted(SelectKBest):
    """Takes weights, and ignores them."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


@pytest.mark.parametrize("name", PLAIN)
def test_left_alone(name, tmp_path):
    """Check that nothing is reused where a pipeline has its own ways, or metadata for a step."""
    settings_of, metadata = PLAIN[name]
    steps = [("select", Weighted(k=2)), ("c", RidgeClassifier())]
    model = Pipeline(steps, **settings_of(tmp_path))
    found = search(model, {"c__alpha": [1, 2]}).fit(X, Y, **metadata)
    assert n_reused(found) == 0


def test_metadata_for_the_last_step():
    """Check that metadata for the model does not keep the first steps from being reused."""
    model = make_pipeline(StandardScaler(), RidgeClassifier())
    weights = {"ridgeclassifier__sample_weight": np.arange(len(Y), dtype=float)}
    found = search(model, GRID).fit(X, Y, **weights)
    theirs = GridSearchCV(model, GRID, cv=3, refit=False).fit(X, Y, **weights)
    expected = theirs.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], expected)
    assert n_reused(found) == 6


@pytest.mark.parametrize("manner", ["in place", "same object", "random"])
@pytest.mark.parametrize("train_scores", [False, True])
def test_surprising_steps(manner, train_scores, tmp_path):
    """Check that steps that leave a trace beyond their result are fitted each time."""
    model = make_pipeline(Noted(tmp_path / "log", 2.0, manner), Counting(writes=True))
    space = {"counting__C": [1.0, 10.0, 100.0]}

    def make():
        random.seed(0)
        np.random.seed(0)  # what the step draws from
        return search(model, space, return_train_score=train_scores)

    assert n_reused(assert_unnoticed(make, X.copy(), Y)) == 0


def test_model_that_writes(tmp_path):
    """Check that a model that writes to its input does not spoil what is kept."""
    model = make_pipeline(Noted(tmp_path / "log", 2.0), Counting(writes=True))
    space = {"counting__C": [1.0, 1e9, 100.0]}
    options = {"scoring": ["accuracy", "f1_macro"], "return_train_score": True}
    found = assert_unnoticed(lambda: search(model, space, **options), X, Y)
    assert n_reused(found) == 6


@pytest.mark.filterwarnings("default:mind the step")
def test_warnings(tmp_path):
    """Check that the warnings of a step are noted for each evaluation that reuses it."""
    model = make_pipeline(Noted(tmp_path / "log", manner="warn"), RidgeClassifier())
    found = assert_unnoticed(lambda: search(model, GRID), X, Y)
    assert n_reused(found) == 6
    noted = {e.warnings for e in found.history_.evaluations()}
    assert noted == {("UserWarning: mind the step",)}


def test_failing_step(tmp_path):
    """Check that a first step that fails does so in each trial that has it."""
    log = tmp_path / "log"
    model = make_pipeline(Noted(log), RidgeClassifier())
    space = {"noted__manner": ["fail", "good"], **GRID}
    with pytest.warns(FitFailedWarning, match="3 of 6 trials failed"):
        found = search(model, space).fit(X, Y)
    assert [error is None for error in found.cv_results_["error"]] == [False] * 3 + [True] * 3
    assert counts(log)["fit"] == 9 + 3


def steps_seen(estimator, X, y):
    """Score a pipeline by its steps, as only a callable can."""
    assert [type(step) for _, step in estimator.steps] == [StandardScaler, RidgeClassifier]
    return float(estimator[0].mean_.sum() + estimator.score(X, y))


def test_callable_scoring():
    """Check that a callable sees the fitted pipeline as it is."""
    model = make_pipeline(StandardScaler(), RidgeClassifier())
    found = assert_unnoticed(lambda: search(model, GRID, scoring=steps_seen), X, Y)
    assert n_reused(found) == 6


def test_shared_predictions(tmp_path):
    """Check that several scorers share one prediction, after one transformation per fold."""
    steps, model = tmp_path / "steps", tmp_path / "model"
    pipeline = make_pipeline(Noted(steps), Counting(model))
    space = {"counting__C": [1.0, 10.0]}
    search(pipeline, space, scoring=["accuracy", "f1_macro", "precision_macro"], refit=False).fit(
        X, Y
    )
    assert counts(model) == {"predict": 6}
    assert counts(steps) == {"fit": 3, "transform": 6}


def test_only_predicts():
    """Check which scorers need not see the steps."""
    assert only_predicts(make_scorer(accuracy_score))
    assert not only_predicts(accuracy_score)
    assert not only_predicts(steps_seen)


@settings(max_examples=10, deadline=None)
@given(
    degrees=st.lists(st.sampled_from([1, 2]), min_size=1, max_size=2),
    scalers=st.lists(
        st.sampled_from(["passthrough", None, StandardScaler(), MinMaxScaler()]),
        min_size=1,
        max_size=2,
    ),
    smoothing=st.lists(st.sampled_from([1e-9, 1e-3, 1.0]), min_size=1, max_size=3),
    capacity=st.sampled_from([10, 3_000, 10_000, 10**9]),
)
def test_any_space(degrees, scalers, smoothing, capacity):
    """Check that nothing changes, whatever is tuned and however little is kept."""
    model = Pipeline([("s", StandardScaler()), ("p", PolynomialFeatures()), ("c", GaussianNB())])
    space = {"s": scalers, "p__degree": degrees, "c__var_smoothing": smoothing}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_prefix, "CAPACITY", capacity)
        assert_unnoticed(lambda: search(model, space), X, Y)


def test_steps_with_callbacks_are_fitted():
    """Check that what has callbacks of its own, however deep, is fitted every time."""
    scaler = StandardScaler()
    model = make_pipeline(ColumnTransformer([("a", scaler, [0])]), GaussianNB())
    varied = _prefix._Varied(frozenset(), frozenset())
    assert len(_prefix._plan(model, varied)) == 1
    scaler._skl_callbacks = [object()]
    assert _prefix._plan(model, varied) == []


# The cache of entries.


def put(entries, key, n_bytes, *, evictable=False):
    """Put something of about a size in a cache; return whether it stays there."""
    entries.visit()
    entries.put(Entry(key, [], None, 1.0, evictable), "rows", np.zeros(n_bytes, dtype=np.uint8), [])
    return has(entries, key, evictable=evictable)


def has(entries, key, *, evictable=False):
    return entries.find(key, evictable=evictable) is not None


def test_cache_is_bounded():
    """Check that what is in use is not given up for what is new."""
    entries = EntryCache(10_000, patience=3)
    assert put(entries, "a", 4000)
    assert put(entries, "b", 4000)
    assert not put(entries, "c", 4000)
    assert not put(entries, "d", 20_000)
    assert 8000 < entries.size <= 10_000
    assert len(entries) == 2


def test_cache_forgets_the_unused():
    """Check that what was not used for long makes room, the oldest first."""
    entries = EntryCache(10_000, patience=3)
    for key in "ab":
        put(entries, key, 4000)
    for _ in range(3):
        entries.visit()
        has(entries, "b")
    assert put(entries, "c", 4000)
    assert [has(entries, key) for key in "abc"] == [False, True, True]


def test_cache_prefers_what_all_trials_share():
    """Check that evictable entries make room for others, never the other way round."""
    entries = EntryCache(10_000, patience=100)
    assert put(entries, "a", 4000, evictable=True)
    assert put(entries, "b", 4000)
    assert put(entries, "c", 4000)
    assert not put(entries, "d", 4000, evictable=True)
    assert [has(entries, key) for key in "abc"] == [False, True, True]


def test_what_cannot_be_copied_exactly():
    """Check that arrays with gaps are not kept: sums over a copy may differ."""
    entries = EntryCache(10_000, patience=3)
    rows = np.zeros((10, 10))
    for key, part in {"rows": rows, "transposed": rows.T, "gaps": rows[:, ::2]}.items():
        entries.put(Entry(key, [], None, 1.0, evictable=False), "rows", part, [])
    assert [has(entries, key) for key in ("rows", "transposed", "gaps")] == [True, True, False]
    assert entries.find("transposed", evictable=False).results["rows"].unpack().flags.f_contiguous


def test_does_not_travel():
    """Check that a worker begins with nothing, and with the same limit."""
    cache = PrefixCache(5000)
    put(cache.entries, "a", 100)
    copied = pickle.loads(pickle.dumps(cache))
    assert (copied.capacity, len(copied.entries)) == (5000, 0)


def test_refit_is_reserved_whole():
    """Check that the time for the refit counts the steps that an evaluation did not fit."""
    folds = [(np.arange(50), np.arange(50, 75))]
    task = Task(None, X, Y, folds, None)
    history = History(1)
    trial = history.add({}, "random")
    reserve = Reserve(task, 100.0, refit=True)
    evaluation = Evaluation(0, 0, scores={"score": 1.0}, fit_time=1.0, saved_time=9.0)
    history.record(evaluation)
    history.set_status(trial, "complete")
    reserve.evaluated(evaluation, history)
    guessed = reserve(history)
    reserve.ended(trial, history)
    assert guessed == reserve(history) == pytest.approx(1.1 * 1.5**1.5 * 10)
