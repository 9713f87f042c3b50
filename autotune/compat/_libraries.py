"""Adaptations for models of XGBoost, LightGBM and CatBoost, and for MLflow.

Models are recognised by the names of their classes, so that no library is imported.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from ._iterations import hold_out_rows
from ._xgboost import encoding_class

_BASES = {("catboost", "CatBoost"), ("lightgbm", "LGBMModel"), ("xgboost", "XGBModel")}
_LIBRARIES = {library for library, _ in _BASES}

# What is set where the user has set none of some parameters, which mean the same or include it.
_QUIET: dict[str, list[tuple[tuple[str, ...], dict[str, Any]]]] = {
    "catboost": [
        (
            ("verbose", "silent", "logging_level", "verbose_eval", "metric_period"),
            {"verbose": False},  # which an argument of fit overrides
        ),
        (
            ("allow_writing_files", "train_dir", "save_snapshot", "snapshot_file"),
            {"allow_writing_files": False},
        ),
    ],
    "lightgbm": [(("verbosity", "verbose"), {"verbosity": -1})],
}
# The names of the number of threads where a library counts the cores of the machine; XGBoost
# asks OpenMP.
_THREADS: dict[str, tuple[str, ...]] = {
    "catboost": ("thread_count",),
    "lightgbm": ("n_jobs", "num_threads", "num_thread", "nthread", "nthreads"),
}


def library_of(model: Any) -> str | None:
    """Return the boosting library whose estimator a model is, None if it is none of one."""
    for base in type(model).__mro__:
        library = base.__module__.partition(".")[0]
        if (library, base.__qualname__) in _BASES:
            return library
    return None


def make_ready(estimator: Any, y: Any, *, beside_others: bool) -> None:
    """Change an estimator so that models of boosting libraries can be fitted to ``y``.

    Where the user has not said otherwise, they print nothing and write no files. Classifiers of
    XGBoost encode the labels if they would refuse them. Models that should stop early hold out
    rows for it.

    Parameters
    ----------
    estimator : estimator
        A copy of the user's.
    y : array-like
        The target of the fit.
    beside_others : bool
        Whether other fits run at the same time: then they use no more threads than OpenMP.
    """
    if not any(name in sys.modules for name in _LIBRARIES):
        return
    for model in _models(estimator):
        model.set_params(**_settings(model, beside_others))
        if library_of(model) == "xgboost":
            _accept_any_labels(model, y)
    hold_out_rows(estimator)


def _models(estimator: Any) -> list[Any]:
    """Return the models of boosting libraries in an estimator, itself among them."""
    values = [estimator, *estimator.get_params(deep=True).values()]
    return [value for value in values if hasattr(value, "get_params") and library_of(value)]


def _settings(model: Any, beside_others: bool) -> dict[str, Any]:
    """Return the parameters of a model that are set because the user has not set them."""
    library = library_of(model) or ""
    params = model.get_params()
    rules = list(_QUIET.get(library, ()))
    if beside_others and library in _THREADS:
        names = _THREADS[library]
        rules.append((names, {names[0]: _openmp_effective_n_threads()}))
    settings: dict[str, Any] = {}
    for names, values in rules:
        if all(params.get(name) is None for name in names):
            settings.update(values)
    return settings


def _accept_any_labels(model: Any, y: Any) -> None:
    """Have a classifier of XGBoost encode the labels of ``y`` where these are no codes."""
    encoding = encoding_class(type(model))
    if encoding is not None and not _are_codes(y):
        model.__class__ = encoding


def _are_codes(y: Any) -> bool:
    """Return whether labels are the numbers from 0 on, or something else than one label a row."""
    labels = np.asarray(y)
    if labels.ndim != 1 and labels.shape[1:] != (1,):
        return True
    labels = np.unique(labels)
    return labels.dtype.kind in "iuf" and np.array_equal(labels, np.arange(len(labels)))


def autologging_off() -> Any:
    """Return a context in which MLflow, if it is in use, logs no fit by itself."""
    switch = sys.modules.get("mlflow.utils.autologging_utils")
    # Where it is off already, the end of another context would switch it on.
    if getattr(switch, "_AUTOLOGGING_GLOBALLY_DISABLED", True):
        return nullcontext()
    return switch.disable_autologging()  # type: ignore[union-attr]  # it has the attribute
