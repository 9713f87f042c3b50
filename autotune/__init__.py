"""A scikit-learn estimator that tunes any classifier or regressor inside ``fit``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from ._budget import Budget
    from .defaults import default_space, register_space
    from .ensembles import AveragedClassifier, AveragedRegressor
    from .estimators import AutoTunedClassifier, AutoTunedRegressor
    from .pictures import TuningDisplay, nested_report
    from .storage import read_history
    from .strategies import Auto, Bayes, Grid, Halving, Hyperband, Racing, Random

__all__ = [
    "Auto",
    "AutoTunedClassifier",
    "AutoTunedRegressor",
    "AveragedClassifier",
    "AveragedRegressor",
    "Bayes",
    "Budget",
    "Grid",
    "Halving",
    "Hyperband",
    "Racing",
    "Random",
    "TuningDisplay",
    "__version__",
    "default_space",
    "nested_report",
    "read_history",
    "register_space",
]

# What is imported when it is first asked for: the command line answers `--help`, and reports
# most mistakes, without scikit-learn.
_EXPORTS = {
    **dict.fromkeys(("AutoTunedClassifier", "AutoTunedRegressor"), "estimators"),
    **dict.fromkeys(("AveragedClassifier", "AveragedRegressor"), "ensembles"),
    "Budget": "_budget",
    **dict.fromkeys(("default_space", "register_space"), "defaults"),
    **dict.fromkeys(("TuningDisplay", "nested_report"), "pictures"),
    "read_history": "storage",
    **dict.fromkeys(
        ("Auto", "Bayes", "Grid", "Halving", "Hyperband", "Racing", "Random"), "strategies"
    ),
}
_SUBPACKAGES = (
    "defaults",
    "evaluation",
    "execution",
    "history",
    "integrations",
    "pictures",
    "report",
    "schedule",
    "search",
    "space",
    "storage",
    "strategies",
    "testing",
)


def __getattr__(name: str) -> Any:
    """Import what is exported, or a subpackage, when it is first asked for."""
    if name in _SUBPACKAGES:
        return import_module(f".{name}", __name__)
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names that can be asked for, imported or not."""
    return sorted({*globals(), *_EXPORTS, *_SUBPACKAGES})
