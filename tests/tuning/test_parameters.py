"""Which parameters a model has, also where it takes any name."""

from __future__ import annotations

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from autotune import AutoTunedClassifier, Halving
from autotune.tuning._parameters import find_parameter, suggest


class TakesAnything(ClassifierMixin, BaseEstimator):
    """Lists nothing, has two parameters by name, and hands on whatever else it gets."""

    def __init__(self, rounds=10, learning_rate=0.1, **kwargs):
        self.given = {"rounds": rounds, "learning_rate": learning_rate, **kwargs}

    def get_params(self, deep=True):
        return {k: v for k, v in self.given.items() if v not in (10, 0.1)}

    def set_params(self, **params):
        self.given.update(params)
        return self

    def fit(self, X, y):
        raise AssertionError("nothing is fitted before the parameters are checked")


class TakesAnythingLater(TakesAnything):
    """Has a constructor that lists all, and a ``set_params`` that takes anything."""

    def __init__(self, rounds=10, learning_rate=0.1):
        super().__init__(rounds, learning_rate)


class NamesBySetting(BaseEstimator):
    """Has parameters that only ``set_params`` knows."""

    def set_params(self, **params):
        if params.keys() - {"hidden"}:
            raise ValueError("unknown")
        return self


NESTED = make_pipeline(StandardScaler(), TakesAnything())


@pytest.mark.parametrize(
    ("model", "name", "found"),
    [
        (SVC(), "C", True),
        (SVC(), "c", False),
        (TakesAnything(), "rounds", True),
        (TakesAnything(), "roundz", False),
        (TakesAnything(), "rate", True),
        (TakesAnything(), "learnin_rate", False),
        (TakesAnything(), "shrinkage", True),
        (TakesAnything(), "a__b", False),
        (TakesAnythingLater(), "rounds", True),
        (TakesAnythingLater(), "shrinkage", False),
        (NamesBySetting(), "hidden", True),
        (NamesBySetting(), "other", False),
        (NESTED, "takesanything__shrinkage", True),
        (NESTED, "takesanything__roundz", False),
        (NESTED, "takesanything", True),
        (NESTED, "shrinkage", False),
    ],
)
def test_names(model, name, found):
    """Check which names a model has, and that a nested one's belong to it."""
    result = find_parameter(model, name)
    assert (result is not None) == found
    if found and "__" in name:
        assert isinstance(result[0], TakesAnything)
        assert result[1] == "shrinkage"


@pytest.mark.parametrize(
    ("library", "cls", "names", "misspelt"),
    [
        ("catboost", "CatBoostClassifier", ["iterations", "n_estimators", "eta"], "dpth"),
        ("lightgbm", "LGBMRegressor", ["num_iterations", "boosting", "lambda_l1"], "num_leafs"),
        ("lightgbm", "LGBMClassifier", ["shrinkage_rate", "max_bin"], "dpth"),
        ("xgboost", "XGBRegressor", ["eta", "lambda", "reg_lambda", "n_estimators"], "max_dpth"),
        ("xgboost", "XGBClassifier", ["sample_type", "top_k", "max_cached_hist_node"], "max_depht"),
        ("xgboost", "XGBRFClassifier", ["max_depth", "subsample"], "n_estimatrs"),
    ],
)
def test_boosting_libraries(library, cls, names, misspelt):
    """Check that aliases are parameters and misspelt names are none."""
    model = getattr(pytest.importorskip(library), cls)()
    assert [name for name in names if find_parameter(model, name) is None] == []
    assert find_parameter(model, misspelt) is None
    assert suggest(model, misspelt).startswith("did you mean ")


def test_names_without_their_step():
    """Check that a parameter of a pipeline's step, written without the step, is suggested."""
    pipeline = make_pipeline(StandardScaler(), SVC())
    assert suggest(pipeline, "C") == suggest(pipeline, "c") == "did you mean 'svc__C'?"
    assert suggest(SVC(), "svc__C") == suggest(SVC(), "c") == "did you mean 'C'?"


def test_unlisted_resource():
    """Check that halving may use a parameter that ``get_params`` does not list."""
    rule = "strategy__resource must be 'n_samples' or an integer parameter of the model; got "
    strategies = {
        Halving(resource="roundz"): rule + "'roundz', which .* 'rounds'",
        Halving(resource="rounds"): "max_resources must be .* model's rounds is none; got 'auto'",
    }
    for strategy, message in strategies.items():
        search = AutoTunedClassifier(TakesAnything(), {"learning_rate": [0.2]}, strategy=strategy)
        with pytest.raises(ValueError, match=message):
            search.fit([[0], [1]] * 10, [0, 1] * 10)
