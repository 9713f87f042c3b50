"""Saving and loading models, and writing predictions."""

from __future__ import annotations

import os
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

from ._errors import FAILED, CliError, check_installed, one_line

SUFFIXES = (".skops", ".joblib", ".pkl")
_PREDICTIONS = (".csv", ".csv.gz", ".parquet")
_REPORTS = (".html", ".htm")
# What runs no code of a file's choice: classes of these packages, and some things more.
_KNOWN_PACKAGES = ("autotune", "sklearn")
_KNOWN = ("functools.partial", "numpy.dtype", "sklearn.utils.validation.check_array")


def check_model_file(path: str) -> None:
    """Check, before anything is searched, that a model can be saved there."""
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise CliError(f"--save must end in {', '.join(SUFFIXES)}; got {path!r}")
    if suffix == ".skops":
        check_installed("skops", "--save *.skops")
    check_writable("--save", path)


def is_model_file(path: str) -> bool:
    """Return whether a file's name is that of a model."""
    return Path(path).suffix in SUFFIXES


def check_loadable(path: str, *, trust: bool) -> None:
    """Check, without loading it, that a model can be loaded."""
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise CliError(f"MODEL must end in {', '.join(SUFFIXES)}; got {path!r}")
    if not Path(path).is_file():
        raise CliError(f"cannot read {path}: No such file")
    if suffix == ".skops":
        check_installed("skops", "a model in skops' format")
    elif not trust:
        raise CliError(
            f"{path} is a pickle, which can run any code when it is loaded: add --trust if you "
            "know where it comes from"
        )


def check_predictions_file(path: str) -> None:
    """Check, before anything is predicted, that predictions can be written there."""
    if not path.endswith(_PREDICTIONS):
        raise CliError(f"--output must end in {', '.join(_PREDICTIONS)}; got {path!r}")
    if path.endswith(".parquet"):
        check_installed("pyarrow", "--output *.parquet", extra="files")
    check_writable("--output", path)


def check_report_file(path: str) -> None:
    """Check, before anything is searched, that a report can be written there."""
    if Path(path).suffix not in _REPORTS:
        raise CliError(f"--report must end in {' or '.join(_REPORTS)}; got {path!r}")
    check_writable("--report", path)


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

    skops.io.dump(model, path, compression=ZIP_DEFLATED)
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


def load_model(path: str, *, trust: bool) -> Any:
    """Return the model in a file.

    Parameters
    ----------
    path : str
    trust : bool
        Load what could run code, too.
    """
    check_loadable(path, trust=trust)
    try:
        return _load_skops(path, trust) if Path(path).suffix == ".skops" else _load_pickle(path)
    except CliError:
        raise
    except Exception as error:  # whatever the file makes its reader raise
        raise CliError(f"cannot load the model from {path}: {one_line(str(error))}") from error


def _load_skops(path: str, trust: bool) -> Any:
    """Return the model in a file of skops, if all that it is made of is known or trusted."""
    import skops.io

    foreign = skops.io.get_untrusted_types(file=path)
    unknown = [name for name in foreign if not _is_known(name)]
    if unknown and not trust:
        raise CliError(
            f"{path} holds objects of {', '.join(unknown)}, which could run any code: add --trust "
            "if you know where it comes from"
        )
    return skops.io.load(path, trusted=foreign)


def _is_known(name: str) -> bool:
    """Return whether what bears a name cannot be made to run code by a file that uses it."""
    module, _, attribute = name.rpartition(".")
    if name in _KNOWN or module.partition(".")[0] not in _KNOWN_PACKAGES:
        return name in _KNOWN
    try:
        return isinstance(getattr(import_module(module), attribute, None), type)
    except ImportError:
        return False


def _load_pickle(path: str) -> Any:
    """Return the model in a pickle, joblib's or Python's."""
    import joblib

    return joblib.load(path)


_SAVERS = dict(zip(SUFFIXES, (_save_skops, _save_joblib, _save_pickle), strict=True))
