"""Models of several families for raw columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import eye_array
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from autotune.defaults import auto_space, default_model, default_models
from autotune.space import Space

N = 60
RNG = np.random.RandomState(0)
EVEN = np.arange(N) % 2 == 0


def raw_frame():
    """Return columns of every kind, some of them useless."""
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(
        {
            "number": RNG.standard_normal(N),
            "infinite": np.where(EVEN, np.inf, RNG.standard_normal(N)),
            "missing": np.where(EVEN, np.nan, RNG.standard_normal(N)),
            "nullable": pd.array([1, None, 3] * (N // 3), dtype="Int64"),
            "boolean": EVEN,
            "price": [f"${1000 + i:,}" for i in RNG.permutation(N)],
            "few": pd.Categorical(["x", None, "y"] * (N // 3)),
            "many": [f"town {i % 40}" for i in range(N)],
            "date": pd.date_range("2024", periods=N),
            "duration": pd.to_timedelta(RNG.random_sample(N), unit="h"),
            "text": [f"{w} wine, {'dry' * (i % 2)} and good {i}" for i, w in enumerate("rw" * 30)],
            "constant": 1,
            "again": RNG.standard_normal(N),
            "id": [f"a{i:04}" for i in range(N)],
            "empty": None,
        }
    )


def models_for(X, **kind):
    """Return the models without the warning of an identifier."""
    with pytest.warns(UserWarning, match="interprets columns"):
        return default_models(X, **kind)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("classifier", [True, False])
def test_every_family_fits_raw_columns(classifier):
    """Check models with their own and with random parameters on columns of every kind."""
    X = raw_frame()
    y = np.where(EVEN, "yes", "no") if classifier else RNG.standard_normal(N)
    models = models_for(X, classifier=classifier)
    assert len(models) == 7
    for model in models:
        params = Space.parse(auto_space(model, X=X, y=y)).sample(np.random.RandomState(0))
        for fitted in (clone(model), clone(model).set_params(**params)):
            fitted.fit(X, y)
            answers = fitted.predict_proba(X) if classifier else fitted.predict(X.iloc[::-1])
            assert np.isfinite(answers).all()


def test_the_first_is_the_default_model():
    """Check that boosting comes first, as it is tuned by itself, and each model once."""
    X = np.arange(20.0).reshape(10, 2)
    models = default_models(X, classifier=True)
    assert repr(models[0]) == repr(default_model(X, classifier=True))
    names = [type(model.steps[-1][1]).__name__ for model in models[1:]]
    assert names == [
        "LogisticRegression",
        "ExtraTreesClassifier",
        "LogisticRegression",
        "RandomForestClassifier",
        "MLPClassifier",
        "KNeighborsClassifier",
    ]


def test_sparse_matrices():
    """Check that sparse matrices are made dense for all."""
    X = eye_array(12, format="csr")
    with pytest.warns(ConvergenceWarning):  # of the network
        fitted = [m.fit(X, [0, 1] * 6) for m in default_models(X, classifier=True)]
    assert [model.predict(X).shape for model in fitted] == [(12,)] * 7


@pytest.mark.parametrize(
    ("n_rows", "n_models"), [(10_000, 7), (10_001, 6), (20_001, 5), (100_001, 4)]
)
def test_what_cannot_finish_is_left_out(n_rows, n_models):
    """Check that models that are slow on many rows are not among those for many rows."""
    assert len(default_models(np.zeros((n_rows, 1)), classifier=False)) == n_models


def test_unknown_data_are_for_boosting_alone():
    """Check that data of which no columns are known are passed to the model that takes most."""
    assert len(default_models(None, classifier=True)) == 1


def test_categories_of_many_values_are_not_one_hot():
    """Check that they are a column, and those of few values one each."""
    X = raw_frame()[["few", "many"]]
    linear = default_models(X, classifier=False)[1]
    encoded = linear[:-1].fit(X, RNG.standard_normal(N)).get_feature_names_out()
    assert encoded.tolist() == ["few__few_x", "few__few_y", "few__few_nan", "many__many"]
