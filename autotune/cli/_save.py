"""Where the tuned model goes, and how it comes back."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from ._errors import FAILED, CliError, check_installed

SUFFIXES = (".skops", ".joblib", ".pkl")


def check_model_file(path: str) -> None:
    """Check, before anything is searched, that a model can be saved there."""
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise CliError(f"--save must end in {', '.join(SUFFIXES)}; got {path!r}")
    if suffix == ".skops":
        check_installed("skops", "--save *.skops")
    check_writable("--save", path)


def check_writable(option: str, path: str) -> None:
    """Check that a file can be written."""
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise CliError(f"{option} {path}: there is no folder {str(folder)!r}")
    if Path(path).is_dir():
        raise CliError(f"{option} {path}: is a folder")
    if not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise CliError(f"{option} {path}: permission denied")


def save_model(model: Any, path: str) -> str:
    """Save a fitted model; return the lines of Python that load it."""
    try:
        return _SAVERS[Path(path).suffix](model, path)
    except (OSError, TypeError, AttributeError, pickle.PicklingError) as error:
        raise CliError(f"cannot save the model to {path}: {error}", FAILED) from error


def _save_skops(model: Any, path: str) -> str:
    """Save in skops' format, which runs no code when it is loaded."""
    import skops.io

    skops.io.dump(model, path)
    foreign = skops.io.get_untrusted_types(file=path)
    trusted = f", trusted={foreign!r}" if foreign else ""
    return f"from skops.io import load\nmodel = load({path!r}{trusted})"


def _save_joblib(model: Any, path: str) -> str:
    """Save in joblib's format."""
    import joblib

    joblib.dump(model, path)
    return f"import joblib\nmodel = joblib.load({path!r})"


def _save_pickle(model: Any, path: str) -> str:
    """Save as a pickle."""
    Path(path).write_bytes(pickle.dumps(model))
    return (
        "import pickle\nfrom pathlib import Path\n"
        f"model = pickle.loads(Path({path!r}).read_bytes())"
    )


_SAVERS = dict(zip(SUFFIXES, (_save_skops, _save_joblib, _save_pickle), strict=True))
