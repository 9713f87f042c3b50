"""Predictions of a saved model for the rows of a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._texts import model_name
from ._errors import FAILED, CliError, closest, one_line
from ._file import inspect, read
from ._save import load_model

PREDICTION, PROBABILITY = "prediction", "probability"


def predict(
    model_path: str,
    data_path: str,
    output: str | None = None,
    *,
    proba: bool = False,
    keep: Sequence[str] = (),
    na_values: Sequence[str] = (),
    trust: bool = False,
) -> None:
    """Write what a model predicts for each row of a file.

    Parameters
    ----------
    model_path, data_path : str
    output : str or None, default=None
        None: as CSV to the standard output.
    proba : bool, default=False
        Add a column for each class.
    keep : sequence of str, default=()
        Columns of the data that stand before the predictions.
    na_values : sequence of str, default=()
        What stands for a missing value, beside the usual marks.
    trust : bool, default=False
        Load a model that could run code, too.
    """
    frame, notes = read(inspect(data_path), tuple(na_values))
    kept = _columns(frame, keep, f"{data_path} has no column for --keep")
    model = load_model(model_path, trust=trust)
    X = _features(model, frame, data_path)
    table = kept.assign(**_predictions(model, X, proba=proba))
    for note in notes:
        print(f"autotune: {note}", file=sys.stderr)
    _write(table, output)


def _features(model: Any, frame: Any, path: str) -> Any:
    """Return the columns that a model was fitted on."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return _columns(frame, list(names), f"{path} lacks what the model was fitted on")
    n_columns = getattr(model, "n_features_in_", frame.shape[1])
    if n_columns != frame.shape[1]:
        raise CliError(
            f"{path} must have the {n_columns} columns that the model was fitted on, whose names "
            f"it does not know; got {frame.shape[1]}"
        )
    return frame.to_numpy()


def _columns(frame: Any, names: Sequence[str], problem: str) -> Any:
    """Return some columns of a frame, or say which there are not."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        told = []
        for name in missing:
            close = closest(name, frame.columns)
            told.append(f"{name!r}" + (f" (is it {close!r}?)" if close is not None else ""))
        raise CliError(f"{problem}: {', '.join(told)}")
    return frame[list(names)]


def _predictions(model: Any, X: Any, *, proba: bool) -> dict[str, Any]:
    """Return the new columns by name."""
    if proba and not hasattr(model, "predict_proba"):
        raise CliError(f"--proba: {model_name(model)} does not predict probabilities")
    try:
        columns = {PREDICTION: model.predict(X)}
        if proba:
            shares = np.asarray(model.predict_proba(X)).T
            names = (f"{PROBABILITY}_{label}" for label in model.classes_)
            columns.update(zip(names, shares, strict=True))
    except Exception as error:  # whatever the model raises
        raise CliError(f"the model cannot predict: {one_line(str(error))}", FAILED) from error
    return columns


def _write(table: Any, output: str | None) -> None:
    """Write the predictions."""
    if output is None:
        table.to_csv(sys.stdout, index=False)
        return
    try:
        if Path(output).suffix == ".parquet":
            table.to_parquet(output, index=False)
        else:
            table.to_csv(output, index=False)
    except OSError as error:
        raise CliError(f"cannot write the predictions to {output}: {error}", FAILED) from error
