"""How one evaluation runs: job, task, build, fidelity, prefix cache."""

from ._build import build, final_params, train_share
from ._fidelity import class_labels, count_classes, count_rows, count_units
from ._job import Fold, Job, Keeps, Kept, Outcome
from ._models import CHOSEN, Models, is_built_in, is_families
from ._prefix import PrefixCache
from ._speed import MOST_TIMED, predict_seconds
from ._task import Task, note_scores, note_warnings

__all__ = [
    "CHOSEN",
    "MOST_TIMED",
    "Fold",
    "Job",
    "Keeps",
    "Kept",
    "Models",
    "Outcome",
    "PrefixCache",
    "Task",
    "build",
    "class_labels",
    "count_classes",
    "count_rows",
    "count_units",
    "final_params",
    "is_built_in",
    "is_families",
    "note_scores",
    "note_warnings",
    "predict_seconds",
    "train_share",
]
