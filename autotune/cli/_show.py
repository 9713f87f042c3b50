"""What is in a saved model, or in a storage file."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..results import count, describe_metric
from ._job import find_untuned
from ._models import model_name, own_params
from ._report import expectation, facts, leaderboard, make_console, value_text
from ._save import load_model
from ._table import listed


def show_model(path: str, *, trust: bool) -> None:
    """Tell what a model is, what it was fitted on, and how it was found if it knows."""
    model = load_model(path, trust=trust)
    console = make_console()
    fitted = getattr(model, "best_estimator_", model)
    console.print(facts(_facts(fitted)))
    if fitted is model or not hasattr(model, "history_"):
        return
    history, metric = model.history_, describe_metric(model.scorer_, [fitted])
    console.print(leaderboard(history, metric, find_untuned(history), console.width))
    if np.isfinite(model.expected_score_):
        interval = model.expected_score_interval_
        console.print(expectation(metric, model.expected_score_, interval))


def _facts(model: Any) -> list[tuple[str, str]]:
    """Return what there is to know of a fitted model."""
    steps = [name for name, _ in getattr(model, "steps", ())]
    rows = [("model", model_name(model))]
    if steps:
        rows.append(("steps", ", ".join(steps)))
    own = (f"{name}={value_text(value)}" for name, value in own_params(model).items())
    rows.append(("parameters", ", ".join(own) or "its defaults"))
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        rows.append((count(len(names), "column"), listed(list(map(str, names)))))
    elif hasattr(model, "n_features_in_"):
        rows.append(("columns", f"{model.n_features_in_:,}"))
    classes = getattr(model, "classes_", ())  # of several outputs a list
    if is_classifier(model) and isinstance(classes, np.ndarray):
        rows.append((f"{len(classes)} classes", listed(list(map(str, classes)))))
    return rows
