"""A search as runs of MLflow."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

from sklearn.utils.validation import check_is_fitted

from .._texts import choice_text
from ..compat import import_pandas
from ..history import COMPLETE

_DETAILS = ("param", "split")  # what columns of `cv_results_` begin with that are no summary


def log_to_mlflow(model: Any, n_children: int = 5) -> str:
    """Log a search to MLflow: a run, in which runs of the best trials are nested.

    The names are those of MLflow's autologging of ``GridSearchCV``: the parameters
    ``best_<name>``, the metric ``best_cv_score`` and the file ``cv_results.csv``. The run also
    has the parameters of the estimator, ``ensemble_weights`` of an ensemble, and the metrics
    ``expected_score`` with the ends of its interval and ``default_score``. The nested runs have
    the parameters of a trial, and the means and deviations of its scores and times.

    MLflow's autologging is off while ``fit`` runs, because it would log every evaluation in
    this process as a run of its own.

    Parameters
    ----------
    model : AutoTunedClassifier or AutoTunedRegressor
        A fitted one. The tuned model itself is logged by
        ``mlflow.sklearn.log_model(model.best_estimator_)``.
    n_children : int, default=5
        The largest number of nested runs.

    Returns
    -------
    run_id : str
        The active run or, if there is none, a new one that has ended.

    Raises
    ------
    ImportError
        Without MLflow, of which ``mlflow-skinny`` is enough, or pandas.
    NotFittedError
        Before ``fit``.

    Examples
    --------
    >>> from autotune.integrations import log_to_mlflow
    >>> with mlflow.start_run():  # doctest: +SKIP
    ...     run_id = log_to_mlflow(model.fit(X, y))
    """
    try:
        import mlflow
    except ImportError as error:
        raise ImportError("log_to_mlflow needs MLflow: pip install mlflow-skinny") from error
    check_is_fitted(model, "cv_results_")
    active = mlflow.active_run()
    if active is None:
        with mlflow.start_run():
            return log_to_mlflow(model, n_children)
    table = import_pandas("log_to_mlflow").DataFrame(model.cv_results_)
    best = {f"best_{name}": value for name, value in vars(model).get("best_params_", {}).items()}
    if "ensemble_weights_" in vars(model):
        best["ensemble_weights"] = model.ensemble_weights_
    mlflow.log_params(_texts(model.get_params(deep=False) | best))
    mlflow.log_metrics(_finite(_scores(vars(model)).items()))
    mlflow.log_text(table.to_csv(index=False), "cv_results.csv")
    complete = table[table["status"] == COMPLETE]
    best_rows = complete.nsmallest(n_children, f"rank_test_{model.history_.metric}")
    for _, row in best_rows.iterrows():
        with mlflow.start_run(nested=True):
            mlflow.log_params(_texts(row["params"]))
            summary = ((name, row[name]) for name in row.index if not name.startswith(_DETAILS))
            mlflow.log_metrics(_finite(summary))
    return str(active.info.run_id)


def _texts(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters for readers: models whose text is long by the names of their classes."""
    return {
        name: choice_text(value) if hasattr(value, "get_params") else value
        for name, value in params.items()
    }


def _scores(fitted: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of a search among the fitted attributes, as far as they are known."""
    low, high = fitted.get("expected_score_interval_", (None, None))
    return {
        "best_cv_score": fitted.get("best_score_"),
        "expected_score": fitted.get("expected_score_"),
        "expected_score_low": low,
        "expected_score_high": high,
        "default_score": fitted.get("default_score_"),
    }


def _finite(values: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """Return the finite numbers among named values."""
    return {
        name: float(value)
        for name, value in values
        if isinstance(value, numbers.Real) and math.isfinite(value)
    }
