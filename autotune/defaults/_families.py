"""Models of several families, each behind the preparation that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compat import num_samples, target_encoder
from ._columns import DATE, DURATION, NUMBER, TEXT
from ._model import (
    FEW,
    MANY,
    ONE_HOT,
    Encoder,
    boosting_for,
    category_encoders,
    default_model,
    read_table,
    sparse_step,
)

_WIDE = 1000  # columns; of more, a fit of boosting takes longer than most others; chosen


@dataclass(frozen=True)
class _Family:
    """A model with the parameters that it begins with.

    Attributes
    ----------
    classifier, regressor : callable
        Each returns the steps that follow the preparation.
    one_hot : bool
        Whether categories need columns of their own.
    least_rows : int
        With fewer, there is nothing to tune.
    most_rows : float
        Beyond these, one fit takes longer than most searches.
    weighs : bool
        Whether its ``fit`` has ``sample_weight``.
    """

    classifier: Callable[[], list[Any]]
    regressor: Callable[[], list[Any]]
    one_hot: bool
    least_rows: int = 0
    most_rows: float = np.inf
    weighs: bool = True


def default_models(X: Any, *, classifier: bool, weighted: bool = False) -> list[Any]:
    """Return the models that are tuned for ``estimator=None``.

    The first is gradient boosting, as `default_model` returns it; with more than 1000 columns,
    on which it is slow, it is the last. The others are Pipelines:
    linear and kernel models, extra trees, a random forest, a neural network and nearest
    neighbours. Numbers are scaled to their quartiles, outliers drawn in and missing values
    replaced by the median (see `NumberScaler`). Categories are ordinal for trees; for the others
    those of up to 30 values are one-hot encoded, and of more replaced by the mean of the target.
    The models begin with parameters that did well on other data.

    Models that take too long for the rows are left out: kernel models beyond 10,000 rows,
    nearest neighbours beyond 20,000, neural networks beyond 100,000. Only scikit-learn's models
    are among them, so that results do not depend on what else is installed.

    Parameters
    ----------
    X : array-like, sparse matrix or dataframe of shape (n_samples, n_features)
        The training data.
    classifier : bool
        Whether to return classifiers or regressors.
    weighted : bool, default=False
        Whether to leave out the models whose ``fit`` has no ``sample_weight``.

    Returns
    -------
    list of estimators
        Unfitted.

    Raises
    ------
    TypeError, ValueError
        As for `default_model`.

    Examples
    --------
    >>> import numpy as np
    >>> from autotune.defaults import default_models
    >>> [type(model).__name__ for model in default_models(np.zeros((9, 2)), classifier=True)][:2]
    ['HistGradientBoostingClassifier', 'Pipeline']
    """
    from scipy.sparse import issparse
    from sklearn.pipeline import Pipeline

    from ._encoders import NumberScaler

    if issparse(X):
        first, is_wide = default_model(X, classifier=classifier), False
        ordinal = one_hot = [sparse_step(X), ("scale", NumberScaler())]
    else:
        table = read_table(X, classifier=classifier)
        first = boosting_for(table, classifier=classifier)
        if table is None:
            return [first]
        is_wide, scaled = len(table.columns) > _WIDE, _scaled_encoders()
        ordinal = table.first_steps([*category_encoders(classifier), *scaled])
        one_hot = table.first_steps([*_scaled_categories(classifier), *scaled])
    n_rows = num_samples(X)
    others = [
        Pipeline([*(one_hot if family.one_hot else ordinal), *_steps(family, classifier)])
        for family in _families(n_rows)
        if family.least_rows <= n_rows <= family.most_rows and (family.weighs or not weighted)
    ]
    return [*others, first] if is_wide else [first, *others]


def _steps(family: _Family, classifier: bool) -> list[tuple[str, Any]]:
    """Return the steps of a family by their names; the last one is the model."""
    *before, model = (family.classifier if classifier else family.regressor)()
    return [*((type(step).__name__.lower(), step) for step in before), ("model", model)]


def _families(n_rows: int) -> list[_Family]:
    """Return the families in the order in which they are tried; fast ones come first."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.svm import SVR

    few = max(1, n_rows // 2)  # a fold has as many rows
    return [
        _Family(lambda: [LogisticRegression(max_iter=300)], lambda: [Ridge()], one_hot=True),
        _Family(
            lambda: [ExtraTreesClassifier(max_features=0.546, min_samples_leaf=3)],
            lambda: [ExtraTreesRegressor(max_features=0.713)],
            one_hot=False,
        ),
        _Family(
            lambda: [
                Nystroem(n_components=min(200, few)),
                LogisticRegression(max_iter=300),
            ],
            lambda: [_standardised(SVR())],
            one_hot=True,
            most_rows=10_000,
        ),
        _Family(
            lambda: [RandomForestClassifier(max_features=0.467, min_samples_leaf=3)],
            lambda: [RandomForestRegressor(max_features=0.75)],
            one_hot=False,
        ),
        _Family(
            lambda: [MLPClassifier((32,), activation="tanh", alpha=0.046, max_iter=300)],
            lambda: [_standardised(MLPRegressor(alpha=0.000361, learning_rate_init=0.00311))],
            one_hot=True,
            most_rows=100_000,
        ),
        _Family(
            lambda: [KNeighborsClassifier(min(16, few), weights="distance")],
            lambda: [KNeighborsRegressor(min(16, few), weights="distance")],
            one_hot=True,
            least_rows=10,
            most_rows=20_000,
            weighs=False,
        ),
    ]


def _standardised(model: Any) -> Any:
    """Return a regressor that learns the target in units of its deviation."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(model, transformer=StandardScaler())


def _scaled_categories(classifier: bool) -> list[Encoder]:
    """Return the encoders of categories for models that are not trees."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from ._encoders import LabelReader, NumberScaler

    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=ONE_HOT, sparse_output=False
    )
    means = target_encoder("auto" if classifier else "continuous")
    return [
        ("few", {FEW}, make_pipeline(LabelReader(), one_hot)),
        ("many", {MANY}, make_pipeline(LabelReader(), means, NumberScaler())),
    ]


def _scaled_encoders() -> list[Encoder]:
    """Return the encoders of all other columns, with scaled numbers."""
    from sklearn.pipeline import make_pipeline

    from ._encoders import DateEncoder, NumberReader, NumberScaler
    from ._texts import TextEncoder

    return [
        ("numbers", {NUMBER}, make_pipeline(NumberReader(), NumberScaler())),
        ("durations", {DURATION}, make_pipeline(NumberReader(), NumberScaler())),
        ("dates", {DATE}, make_pipeline(DateEncoder(), NumberScaler())),
        ("texts", {TEXT}, make_pipeline(TextEncoder(), NumberScaler())),
    ]
