"""A search space in the words of each peer of ``race.py``.

The space is a union of sub-spaces for some models. Where a peer knows such unions it gets one;
else it gets the sub-space as a choice and each parameter only where that choice has it.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from autotune.space import Choice, Dimension, Interval, Space


class Range:
    """A dimension as ``ParameterSampler`` takes it."""

    def __init__(self, dimension: Dimension):
        self.dimension = dimension

    def rvs(self, random_state: np.random.RandomState) -> Any:
        return self.dimension.sample(random_state)


def for_sampler(space: Space) -> list[dict[str, Any]]:
    """Return the space for scikit-learn's random and halving searches."""
    return [
        {n: list(d.values) if isinstance(d, Choice) else Range(d) for n, d in subspace.items()}
        for subspace in space.subspaces
    ]


def for_skopt(space: Space) -> list[dict[str, Any]]:
    """Return the space for ``BayesSearchCV``, with tuples written as texts."""
    from skopt.space import Categorical, Integer, Real

    def translate(dimension: Any) -> Any:
        if isinstance(dimension, Choice):
            return Categorical([encode_tuple(value) for value in dimension.values])
        kind = Integer if dimension.integer else Real
        return kind(dimension.low, dimension.high, "log-uniform" if dimension.log else "uniform")

    return [{n: translate(d) for n, d in subspace.items()} for subspace in space.subspaces]


def _are_mixed(dimension: Choice) -> bool:
    """Say whether texts stand among numbers, which FLAML turns into texts too."""
    return len({isinstance(value, str) for value in dimension.values}) > 1


def encode_tuple(value: Any) -> Any:
    """Write a tuple, which skopt refuses as a choice and FLAML turns into an array, as text."""
    return repr(value) if isinstance(value, tuple) else value


def decode_tuples(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with the tuples that ``encode_tuple`` wrote as texts."""
    return {
        name: ast.literal_eval(value) if isinstance(value, str) and value[:1] == "(" else value
        for name, value in params.items()
    }


class TextPipeline(Pipeline):
    """A pipeline that also takes tuples written as texts."""

    def set_params(self, **params: Any) -> TextPipeline:
        """Set parameters."""
        return super().set_params(**decode_tuples(params))


def for_optuna(space: Space) -> dict[str, Any]:
    """Return a space without sub-spaces for ``OptunaSearchCV``."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def translate(dimension: Any) -> Any:
        if isinstance(dimension, Choice):
            return CategoricalDistribution(dimension.values)
        kind = IntDistribution if dimension.integer else FloatDistribution
        return kind(dimension.low, dimension.high, log=dimension.log)

    return {name: translate(dimension) for name, dimension in space.subspaces[0].items()}


def suggest(space: Space, trial: Any) -> dict[str, Any]:
    """Return a configuration by asking an Optuna trial for the sub-space first."""
    number = trial.suggest_categorical("subspace", list(range(len(space.subspaces))))
    params = {}
    for name, dimension in space.subspaces[number].items():
        label = _label(space, number, name)
        if isinstance(dimension, Interval):
            kind = trial.suggest_int if dimension.integer else trial.suggest_float
            params[name] = kind(label, dimension.low, dimension.high, log=dimension.log)
        elif dimension.constant:
            params[name] = dimension.choices[0]
        else:
            params[name] = trial.suggest_categorical(label, dimension.choices)
    return params


def for_flaml(space: Space) -> dict[str, Any]:
    """Return the space for ``flaml.tune``: a choice among nested spaces if there are several."""
    from flaml import tune

    def translate(dimension: Any) -> Any:
        if isinstance(dimension, Choice):
            if _are_mixed(dimension):
                return tune.choice([f"choice {place}" for place in range(dimension.n)])
            return tune.choice([encode_tuple(value) for value in dimension.values])
        if dimension.integer:
            return (tune.lograndint if dimension.log else tune.randint)(
                dimension.low, dimension.high + 1
            )
        return (tune.loguniform if dimension.log else tune.uniform)(dimension.low, dimension.high)

    nested: list[dict[str, Any]] = []
    for number, subspace in enumerate(space.subspaces):
        # BlendSearch takes one name for one range, so names are told apart as elsewhere.
        named = {_label(space, number, name): d for name, d in subspace.items() if not d.constant}
        nested.append({label: translate(d) for label, d in named.items()} | {"number": number})
    return nested[0] if len(nested) == 1 else {"subspace": tune.choice(nested)}


def from_flaml(space: Space, config: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters in what ``flaml.tune`` proposes."""
    config = config.get("subspace", config)
    number = config["number"]

    def read(name: str, dimension: Any) -> Any:
        if dimension.constant:
            return dimension.choices[0]
        value = config[_label(space, number, name)]
        if isinstance(dimension, Choice) and _are_mixed(dimension):
            return dimension.choices[int(value.removeprefix("choice "))]
        return value

    return decode_tuples({n: read(n, d) for n, d in space.subspaces[number].items()})


def for_smac(space: Space, seed: int) -> Any:
    """Return the space for SMAC3; choices by their position, sub-spaces as conditions."""
    from ConfigSpace import (
        CategoricalHyperparameter,
        ConfigurationSpace,
        InCondition,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    def translate(label: str, dimension: Any) -> Any:
        if isinstance(dimension, Choice):
            return CategoricalHyperparameter(label, list(range(dimension.n)))
        kind = UniformIntegerHyperparameter if dimension.integer else UniformFloatHyperparameter
        return kind(label, dimension.low, dimension.high, log=dimension.log)

    result = ConfigurationSpace(seed=seed)
    subspace = CategoricalHyperparameter("subspace", list(range(len(space.subspaces))))
    result.add(subspace)
    members: dict[str, list[int]] = {}
    for number, dimensions in enumerate(space.subspaces):
        for name, dimension in dimensions.items():
            if not dimension.constant:
                label = _label(space, number, name)
                if label not in members:
                    result.add(translate(label, dimension))
                members.setdefault(label, []).append(number)
    for label, numbers in members.items():
        if len(numbers) < len(space.subspaces):
            result.add(InCondition(result[label], subspace, numbers))
    return result


def from_smac(space: Space, config: Any) -> dict[str, Any]:
    """Return the parameters in what SMAC3 proposes."""
    number = int(config["subspace"])
    params = {}
    for name, dimension in space.subspaces[number].items():
        if dimension.constant:
            params[name] = dimension.choices[0]
        else:
            value = config[_label(space, number, name)]
            if isinstance(dimension, Interval):
                params[name] = int(value) if dimension.integer else float(value)
            else:
                params[name] = dimension.choices[int(value)]
    return params


def _label(space: Space, number: int, name: str) -> str:
    """Return a parameter's name, with the sub-space's number if others range differently."""
    others = {s[name] for s in space.subspaces if name in s and not s[name].constant}
    return name if len(others) == 1 else f"{name}@{number}"
