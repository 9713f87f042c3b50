"""Conversion to ONNX by skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..ensembles import SMALLEST, AveragedClassifier, AveragedRegressor
from ..estimators import AutoTunedClassifier, AutoTunedRegressor


def register_onnx() -> None:
    """Teach skl2onnx to convert fitted estimators, alone or within a pipeline.

    What is converted is ``best_estimator_``; options, such as ``zipmap``, are passed on to it.
    An average of models (``final_model="folds"`` or ``"ensemble"``) becomes the weighted mean of
    their predictions; classifiers in it need ``predict_proba`` and must know all classes.

    Raises
    ------
    ImportError
        Without skl2onnx.

    Examples
    --------
    >>> from autotune.integrations import register_onnx
    >>> register_onnx()  # doctest: +SKIP
    >>> content = skl2onnx.to_onnx(model, X[:1]).SerializeToString()  # doctest: +SKIP
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError("register_onnx needs skl2onnx: pip install skl2onnx") from error
    tuned, averaged = (_parse, _no_shapes, _no_nodes), (_parse_average, _set_shape, _add_average)
    for cls, (parse, set_shapes, convert) in {
        AutoTunedClassifier: tuned,
        AutoTunedRegressor: tuned,
        AveragedClassifier: averaged,
        AveragedRegressor: averaged,
    }.items():
        update_registered_converter(
            cls, cls.__name__, set_shapes, convert, parser=parse, options="passthrough"
        )


def _parse(scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None) -> list[Any]:
    """Add the operators of the tuned model in place of the estimator; return their outputs."""
    from skl2onnx._parse import parse_sklearn

    tuned = model.best_estimator_
    options = scope.get_options(model)
    if options:
        scope.add_options(id(tuned), options)
    return parse_sklearn(scope, tuned, inputs, custom_parsers=custom_parsers)


def _no_shapes(operator: Any) -> None:
    """Stand in for a calculator: the parser leaves no operator of the estimator itself."""
    raise AssertionError


def _no_nodes(scope: Any, operator: Any, container: Any) -> None:
    """Stand in for a converter, which is not needed either."""
    raise AssertionError


def _parse_average(
    scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None
) -> list[Any]:
    """Add the operators of the averaged models, and one for their average; return its outputs."""
    from skl2onnx._parse import _apply_zipmap, parse_sklearn
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType, guess_tensor_type

    operator = scope.declare_local_operator(type(model).__name__, model)
    for member in model.estimators_:
        if is_classifier(model):
            _check_member(model, member)
            scope.add_options(id(member), {"zipmap": False})
        outputs = parse_sklearn(scope, member, inputs, custom_parsers=custom_parsers)
        for output in outputs:
            output.init_status(is_leaf=False)
        operator.inputs.append(outputs[-1])
    if is_classifier(model):
        kind = Int64TensorType if model.classes_.dtype.kind in "biuf" else StringTensorType
        operator.outputs.append(scope.declare_local_variable("label", kind([None])))
    values = scope.declare_local_variable("average", guess_tensor_type(inputs[0].type))
    operator.outputs.append(values)
    outputs = list(operator.outputs)
    zipmap = is_classifier(model) and scope.get_options(model, {"zipmap": True})["zipmap"]
    return _apply_zipmap(zipmap, scope, model, inputs[0].type, outputs) if zipmap else outputs


def _check_member(model: Any, member: Any) -> None:
    """Raise if a model votes, or its probabilities are of other classes."""
    if not hasattr(member, "predict_proba") or not np.array_equal(member.classes_, model.classes_):
        raise ValueError(
            "the averaged models must have predict_proba and know all classes to be converted to "
            f"ONNX; got {type(member).__name__} with the classes {list(member.classes_)}"
        )


def _set_shape(operator: Any) -> None:
    """Set the shape of the average, which is that of each model's predictions."""
    operator.outputs[-1].type.shape = list(operator.inputs[0].type.shape)


def _add_average(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of the weighted mean and, for classifiers, of the most probable class."""
    from skl2onnx.common._apply_operation import apply_mul
    from skl2onnx.common.data_types import guess_proto_type
    from skl2onnx.common.utils_classifier import _finalize_converter_classes

    model, name = operator.raw_operator, scope.get_unique_variable_name
    number = guess_proto_type(operator.outputs[-1].type)
    powers = model.powers_ if is_classifier(model) else np.ones(len(model.weights_))
    parts = []
    for weight, power, values in zip(model.weights_, powers, operator.inputs, strict=True):
        sharpened = _add_power(scope, container, values.full_name, power, number)
        parts.append(name("part"))
        container.add_initializer(factor := name("weight"), number, [1], [float(weight)])
        apply_mul(scope, [sharpened, factor], parts[-1], container, broadcast=1)
    container.add_node("Sum", parts, mean := name("mean"), name=_unique(scope, "Sum"))
    if is_classifier(model):
        mean = _add_power(scope, container, mean, model.power, number)
    average = operator.outputs[-1].full_name
    container.add_node("Identity", mean, average, name=_unique(scope, "Identity"))
    if is_classifier(model):
        best, label = name("best"), operator.outputs[0].full_name
        container.add_node("ArgMax", average, best, name=_unique(scope, "ArgMax"), axis=1)
        _finalize_converter_classes(scope, best, label, container, model.classes_, number)


def _add_power(scope: Any, container: Any, values: str, power: float, number: int) -> str:
    """Add the nodes that raise probabilities to a power; return the name of their output."""
    from skl2onnx.common._apply_operation import apply_normalization, apply_pow

    if power == 1.0:
        return values
    name = scope.get_unique_variable_name
    container.add_initializer(least := name("least"), number, [1], [SMALLEST])
    container.add_initializer(exponent := name("power"), number, [1], [float(power)])
    container.add_node("Max", [values, least], able := name("able"), name=_unique(scope, "Max"))
    apply_pow(scope, [able, exponent], raised := name("raised"), container, broadcast=1)
    apply_normalization(scope, raised, sharpened := name("sharpened"), container, axis=1, p=1)
    return sharpened


def _unique(scope: Any, operation: str) -> str:
    """Return a name for a node."""
    return scope.get_unique_operator_name(operation)
