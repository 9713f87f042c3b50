"""Building an unfitted estimator from a configuration."""

from __future__ import annotations

import numbers
from typing import Any

from sklearn.pipeline import Pipeline

from ..compat import clone, fixed_iterations, num_samples, output_of, routing_enabled
from ..history import Trial, seed_estimator
from ._job import Fold
from ._models import CHOSEN, split_choice


def build(estimator: Any, params: dict[str, Any], seed: int) -> Any:
    """Return an unfitted copy of ``estimator`` with a configuration and a seed.

    ``estimator=None`` means that the configuration selects the model.
    """
    model, own = split_choice(estimator, params)
    built = clone(model)
    params = {name: _copy(value) for name, value in own.items()}
    if params:
        outputs = _chosen_outputs(built, params)
        built.set_params(**params)
        for name, output in outputs.items():
            params[name].set_output(transform=output)
    seed_estimator(built, seed)
    return built


def for_last_step(estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return metadata of ``fit`` under the names by which a pipeline's last step gets it."""
    if routing_enabled() or not isinstance(estimator, Pipeline):
        return params
    last = estimator.steps[-1][0]
    return {n if "__" in n else f"{last}__{n}": value for n, value in params.items()}


def final_params(estimator: Any, trial: Trial, share: float) -> dict[str, Any]:
    """Return a trial's configuration with the iterations that its folds have found.

    Their mean grows in proportion to the rows, of which the folds had a share for training.
    ``estimator=None`` means that the configuration selects the model.
    """
    if trial.iterations is None:
        return trial.params
    found = fixed_iterations(build(estimator, trial.params, 0), trial.iterations / share)
    prefix = "" if estimator is not None else f"{CHOSEN}__"
    return {**trial.params, **{f"{prefix}{name}": value for name, value in found.items()}}


def train_share(X: Any, folds: list[Fold]) -> float:
    """Return the mean share of the rows that are for training in folds."""
    return sum(len(train) for train, _ in folds) / (len(folds) * num_samples(X))


def _chosen_outputs(estimator: Any, params: dict[str, Any]) -> dict[str, str]:
    """Return the output that chosen transformers get from those that they replace.

    One that takes the place of ``"passthrough"`` gets that of the steps around it.
    """
    chosen = [name for name, value in params.items() if _takes_output(value)]
    own = {"": estimator, **estimator.get_params(deep=True)} if chosen else {}
    outputs = {}
    for name in chosen:
        replaced = own.get(name)
        around = own.get(name.rpartition("__")[0])
        output = output_of(replaced if hasattr(replaced, "transform") else around)
        if output is not None:
            outputs[name] = output
    return outputs


def _takes_output(value: Any) -> bool:
    """Return whether a value is a transformer without a configured output."""
    if isinstance(value, type) or not hasattr(value, "transform"):
        return False
    return hasattr(value, "set_output") and output_of(value) is None


def _copy(value: Any) -> Any:
    """Return a copy of a parameter's value, so that a fit cannot change the space."""
    if value is None or isinstance(value, str | numbers.Number):
        return value
    return clone(value, safe=False)
