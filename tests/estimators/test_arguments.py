"""Arguments that there are not: what is said, and what stays as scikit-learn expects it."""

from __future__ import annotations

from inspect import signature

import pytest
from sklearn.base import clone
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import make_pipeline

from autotune import AutoTunedClassifier, AutoTunedRegressor, Grid

UNKNOWN = [
    ("n_iter", "use budget, as in budget=40"),
    ("n_trials", "use budget, as in budget=40"),
    ("max_iter", "use budget, as in budget=40"),
    ("time_budget", "use budget, as in budget='60s'"),
    ("time_limit", "use budget, as in budget='60s'"),
    ("timeout", "use budget, as in budget='60s'"),
    (
        "per_run_time_limit",
        "use budget, as in budget=Budget(trials=40, seconds_per_trial='60s')",
    ),
    ("memory_limit", "use budget, as in budget=Budget(trials=40, memory='2GB')"),
    ("param_distributions", "use space"),
    ("param_grid", "use space"),
    ("search_spaces", "use space"),
    ("metric", "use scoring"),
    ("base_estimator", "use estimator"),
    ("factor", "use strategy, as in strategy=Halving(factor=3)"),
    ("n_initial_points", "use strategy, as in strategy=Bayes(n_initial=10)"),
    ("seed", "use random_state"),
    ("pre_dispatch", "leave it out"),
    ("budgets", "did you mean 'budget'?"),
    ("random_sate", "did you mean 'random_state'?"),
]


@pytest.mark.parametrize(("name", "advice"), UNKNOWN)
def test_unknown_names(name, advice):
    """Check that a name from elsewhere is refused, with what to write instead."""
    with pytest.raises(TypeError) as raised:
        AutoTunedClassifier(Ridge(), **{name: 1})
    assert str(raised.value) == f"AutoTunedClassifier has no parameter {name!r}: {advice}"
    with pytest.raises(ValueError, match="AutoTunedRegressor has no parameter") as raised:
        AutoTunedRegressor(Ridge()).set_params(budget=3, **{name: 1})
    assert str(raised.value).endswith(advice)


def test_a_name_that_nobody_knows():
    """Check that all parameters are listed, and each unknown name is spoken of."""
    with pytest.raises(TypeError) as raised:
        AutoTunedRegressor(n_iter=5, budget=3, nonsense=1)
    assert str(raised.value) == (
        "AutoTunedRegressor has no parameter 'n_iter': use budget, as in budget=40; no parameter "
        "'nonsense': it has estimator, space, strategy, budget, scoring, cv, refit, final_model, "
        "keep_predictions, include_default, error_score, return_train_score, n_jobs, "
        "random_state, verbose, warm_start, storage"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: AutoTunedClassifier(Ridge(), {}, 40),
            "AutoTunedClassifier() takes from 1 to 3 positional arguments but 4 were given",
        ),
        (
            lambda: AutoTunedRegressor(Ridge(), estimator=Ridge()),
            "AutoTunedRegressor() got multiple values for argument 'estimator'",
        ),
    ],
)
def test_wrong_calls(call, message):
    """Check that other wrong calls are refused in the name of the class."""
    with pytest.raises(TypeError) as raised:
        call()
    assert str(raised.value) == message


class Extended(AutoTunedRegressor):
    def __init__(self, estimator=None, *, budget=None, extra=0):
        super().__init__(estimator, budget=budget)
        self.extra = extra


def test_subclasses():
    """Check that parameters of a subclass are known, and that it can be cloned."""
    copy = clone(Extended(Ridge(), budget=3).set_params(extra=2, estimator__alpha=4))
    assert (copy.budget, copy.extra, copy.estimator.alpha) == (3, 2, 4)
    with pytest.raises(ValueError, match="Extended has no parameter 'n_calls': use budget"):
        copy.set_params(n_calls=3)


def test_a_name_in_a_pipeline():
    """Check that a name from elsewhere is explained however deep the estimator is."""
    model = make_pipeline(AutoTunedRegressor(Ridge()))
    with pytest.raises(ValueError, match="has no parameter 'max_evals': use budget"):
        model.set_params(autotunedregressor__max_evals=3)


@pytest.mark.parametrize(
    ("model", "name", "advice"),
    [
        (Ridge(), "time_budget", "use budget, as in budget='60s'"),
        (make_pipeline(Ridge()), "n_iter", "use budget, as in budget=40"),
        ([Ridge(), Lasso()], "metric", "use scoring"),
        (None, "budget", "use budget"),
    ],
)
def test_arguments_of_fit(model, name, advice):
    """Check that an argument of the constructor is refused by fit, before anything is fitted."""
    search = AutoTunedRegressor(model)
    with pytest.raises(TypeError) as raised:
        search.fit([[0.0], [1.0]], [0.0, 1.0], **{name: 1})
    assert str(raised.value) == (
        f"AutoTunedRegressor.fit has no parameter {name!r}: in AutoTunedRegressor(...) {advice}"
    )
    assert not hasattr(search, "history_")


class Verbose(Ridge):
    def fit(self, X, y, verbose=0, **others):
        self.given_ = verbose, others
        return super().fit(X, y)


def test_arguments_that_the_model_has():
    """Check that an argument reaches a model whose fit has it, whatever it means here."""
    search = AutoTunedRegressor(Verbose(), {"alpha": [1.0]}, strategy="grid", cv=2)
    search.fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0], verbose=2, metric="l1")
    assert search.given_ == (2, {"metric": "l1"})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"strategy__factor": 3}, "strategy__factor cannot be set, because strategy='auto' has"),
        ({"strategy": "grid", "strategy__points": 3}, "because strategy='grid' has no parameters"),
        ({"estimator__alpha": 3}, r"estimator__alpha cannot be set, because estimator=\[Ridge"),
    ],
)
def test_parameters_of_what_has_none(params, message):
    """Check that the parameter of a name or of a list is refused in words."""
    with pytest.raises(ValueError, match=message):
        AutoTunedRegressor([Ridge()]).set_params(**params)
    search = AutoTunedRegressor([Ridge()]).set_params(strategy=Grid(), strategy__points=3)
    assert search.strategy.points == 3


def test_the_signature_stays():
    """Check that the signature is that of explicit parameters, as scikit-learn reads it."""
    names = list(signature(AutoTunedClassifier).parameters)
    assert names == list(signature(AutoTunedRegressor.__init__).parameters)[1:]
    assert sorted(names) == sorted(AutoTunedClassifier().get_params(deep=False))
