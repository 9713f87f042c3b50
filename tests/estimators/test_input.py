"""Every kind of data that the wrapped model accepts reaches it as it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.preprocessing import LabelEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from autotune import AutoTunedClassifier, AutoTunedRegressor

X, y = (data[::3] for data in load_iris(return_X_y=True))
NAMES = ["a", "b", "c", "d"]
FEW = {"max_iter": [3, 5]}


def tuned(model, space, **settings):
    return AutoTunedClassifier(
        model, space, **{"strategy": "grid", "cv": 3, "random_state": 0, **settings}
    )


def pandas_frame():
    return pytest.importorskip("pandas").DataFrame(X, columns=NAMES)


def polars_frame():
    return pytest.importorskip("polars").DataFrame(X, schema=NAMES)


CONTAINERS = {
    "list": X.tolist,
    "pandas": pandas_frame,
    "polars": polars_frame,
    "csr": lambda: sparse.csr_array(X),
    "csc matrix": lambda: sparse.csc_matrix(X),
    "coo": lambda: sparse.coo_array(X),
    "float32": lambda: X.astype(np.float32),
    "fortran": lambda: np.asfortranarray(X),
}


CASES = [(kind, None) for kind in CONTAINERS] + [("pandas", 2), ("polars", 2), ("csr", 2)]


@pytest.mark.parametrize(("kind", "n_jobs"), CASES)
def test_containers(kind, n_jobs):
    """Check that each kind of container gives the result of the plain array."""
    data = CONTAINERS[kind]()
    space = {"alpha": [0.1, 1.0]}
    search = tuned(RidgeClassifier(solver="sparse_cg"), space, n_jobs=n_jobs).fit(data, y)
    expected = tuned(RidgeClassifier(solver="sparse_cg"), space).fit(X, y)
    np.testing.assert_array_equal(search.predict(data), expected.predict(X))
    assert search.n_features_in_ == 4
    named = kind in ("pandas", "polars")
    assert getattr(search, "feature_names_in_", np.array([])).tolist() == NAMES * named


class NeedsFrame(ClassifierMixin, BaseEstimator):
    """Refuses what is no frame of the expected library."""

    def __init__(self, library="pandas", level=0):
        self.library = library
        self.level = level

    def fit(self, X, y):
        assert type(X).__module__.startswith(self.library), type(X)
        assert list(X.columns) == NAMES
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        assert type(X).__module__.startswith(self.library), type(X)
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(("library", "make"), [("pandas", pandas_frame), ("polars", polars_frame)])
def test_frames_stay_frames(library, make):
    """Check that the model sees frames in fit, in scoring and in the refit."""
    search = tuned(NeedsFrame(library), {"level": [0, 1]}, return_train_score=True)
    assert search.fit(make(), y).predict(make()).shape == y.shape


@pytest.mark.parametrize("kind", ["pandas", "polars", "strings", "list"])
def test_targets(kind):
    """Check targets that are series, strings or lists."""
    targets = {
        "pandas": lambda: pytest.importorskip("pandas").Series(y, index=y.astype(str)),
        "polars": lambda: pytest.importorskip("polars").Series(y),
        "strings": lambda: np.array(["setosa", "versicolor", "virginica"])[y],
        "list": y.tolist,
    }
    target = targets[kind]()
    search = tuned(SVC(), {"C": [1.0, 2.0]}).fit(X, target)
    np.testing.assert_array_equal(LabelEncoder().fit_transform(search.predict(X)), search_y(X))


def search_y(data):
    return tuned(SVC(), {"C": [1.0, 2.0]}).fit(X, y).predict(data)


def test_several_targets():
    """Check targets of several columns."""
    both = np.column_stack([y, y > 0])
    search = tuned(DecisionTreeClassifier(), {"max_depth": [2, 3]}, scoring=exact).fit(X, both)
    assert search.predict(X).shape == both.shape
    search = AutoTunedRegressor(Ridge(), {"alpha": [1.0, 2.0]}, strategy="grid").fit(X, X[:, :2])
    assert search.predict(X).shape == (len(X), 2)


def exact(estimator, X, y):
    return (estimator.predict(X) == y).all(axis=1).mean()


def test_precomputed_kernel():
    """Check that a kernel matrix is cut in rows and columns."""
    kernel = X @ X.T
    search = tuned(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}).fit(kernel, y)
    plain = tuned(SVC(kernel="linear"), {"C": [0.1, 1.0]}).fit(X, y)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(search.cv_results_[name], plain.cv_results_[name])


def test_wrong_data():
    """Check the errors for data that do not fit together."""
    search = tuned(SVC(), {"C": [1.0]})
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[50, 49\]"):
        search.fit(X, y[:-1])
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        search.fit(X)
    untagged = AutoTunedRegressor(PLSRegression(), {"n_components": [1]})
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        untagged.fit(X)
    with pytest.raises(NotFittedError):
        search.score(X, y)


def mixed_frame(library):
    """Return real measurements with categories, text and missing values beside them."""
    texts = np.array(["red", "green", "blue"], dtype=object)[(y + np.arange(len(y)) % 2) % 3]
    texts[::9] = None
    numbers = np.where(np.arange(len(y)) % 7 == 0, np.nan, X[:, 2])
    if library == "polars":
        pl = pytest.importorskip("polars")
        columns = {"number": numbers, "text": texts.tolist(), "category": texts.tolist()}
        return pl.DataFrame(columns).with_columns(pl.col("category").cast(pl.Categorical))
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"number": numbers, "text": texts, "category": pd.Categorical(texts)})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_default_model(library):
    """Check that nothing needs to be chosen for frames with text, categories and gaps."""
    frame = mixed_frame(library)
    search = tuned(None, FEW, include_default=False, strategy="random", budget=2).fit(frame, y)
    assert search.score(frame, y) > 0.5
    assert search.feature_names_in_.tolist() == ["number", "text", "category"]
    assert list(search.best_params_) == ["model__max_iter"]
    regressor = AutoTunedRegressor(None, FEW, strategy="grid", include_default=False, cv=2)
    assert regressor.fit(frame, X[:, 2]).predict(frame).shape == y.shape


def test_default_model_on_arrays():
    """Check that arrays with missing values go straight to the default model."""
    data = np.where(X > 6, np.nan, X)
    search = tuned(None, FEW, include_default=False).fit(data, y)
    assert list(search.best_params_) == ["max_iter"]
    with pytest.raises(ValueError, match=r"no such parameter; did you mean '(model__)?max_iter'"):
        tuned(None, {"max_itre": [1]}).fit(data, y)


def test_default_model_on_sparse_matrices():
    """Check that a sparse matrix gives the scores of the array."""
    settings = {"include_default": False, "strategy": "grid"}
    matrix = tuned(None, FEW, **settings).fit(sparse.csr_array(X), y)
    array = tuned(None, FEW, **settings).fit(X, y)
    assert matrix.score(sparse.csr_array(X), y) == array.score(X, y)
    assert matrix.best_score_ == array.best_score_


def test_default_model_tells_what_it_reads():
    """Check that what surprises is told once, at the line that calls fit, and nothing refused."""
    pd = pytest.importorskip("pandas")
    texts = [f"{'?' if i % 9 == 0 else value}" for i, value in enumerate(X[:, 2])]
    frame = pd.DataFrame({"number": texts, "day": pd.date_range("2024", periods=len(y))})
    search = tuned(None, FEW, include_default=False)
    with pytest.warns(UserWarning, match="'number' is read as numbers, with missing values") as w:
        search.fit(frame, y)
    assert [warning.filename for warning in w] == [__file__]
    assert search.score(frame, y) > 0.9


@pytest.mark.parametrize("name", ["a", 7])
def test_default_model_refuses_columns(name):
    """Check that a column that cannot be read is refused before anything is fitted."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({name: [[1]] * len(y)})
    search = tuned(None, FEW)
    with pytest.raises(TypeError, match=f"^column {name!r} holds values of type list"):
        search.fit(frame, y)
    assert not hasattr(search, "history_")
