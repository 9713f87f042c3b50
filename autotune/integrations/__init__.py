"""Tools of MLflow, ONNX and skore for fitted estimators."""

from ._mlflow import log_to_mlflow
from ._onnx import register_onnx
from ._skore import SpaceCheck

__all__ = ["SpaceCheck", "log_to_mlflow", "register_onnx"]
