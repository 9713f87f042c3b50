"""Conversion to ONNX by skl2onnx."""

from __future__ import annotations

from typing import Any

from ..estimators import AutoTunedClassifier, AutoTunedRegressor


def register_onnx() -> None:
    """Teach skl2onnx to convert fitted estimators, alone or within a pipeline.

    What is converted is ``best_estimator_``; options, such as ``zipmap``, are passed on to it.

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
    for cls in (AutoTunedClassifier, AutoTunedRegressor):
        update_registered_converter(
            cls, cls.__name__, _calculate_shapes, _convert, parser=_parse, options="passthrough"
        )


def _parse(scope: Any, model: Any, inputs: list[Any], custom_parsers: Any = None) -> list[Any]:
    """Add the operators of the tuned model in place of the estimator; return their outputs."""
    from skl2onnx._parse import parse_sklearn

    tuned = model.best_estimator_
    options = scope.get_options(model)
    if options:
        scope.add_options(id(tuned), options)
    return parse_sklearn(scope, tuned, inputs, custom_parsers=custom_parsers)


def _calculate_shapes(operator: Any) -> None:
    """Stand in for a calculator: the parser leaves no operator of the estimator itself."""
    raise AssertionError


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Stand in for a converter, which is not needed either."""
    raise AssertionError
