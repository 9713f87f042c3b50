"""The pictures of one search, by name."""

from __future__ import annotations

from ._contract import Picture
from ._folds import FoldsPicture
from ._history import HistoryPicture
from ._importance import ImportancePicture
from ._parallel import ParallelPicture
from ._parameters import ParametersPicture
from ._schedule import SchedulePicture

KINDS: dict[str, type[Picture]] = {
    "history": HistoryPicture,
    "folds": FoldsPicture,
    "parameters": ParametersPicture,
    "importance": ImportancePicture,
    "parallel": ParallelPicture,
    "schedule": SchedulePicture,
}
