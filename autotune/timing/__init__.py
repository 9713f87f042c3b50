"""All rules about time: the clock, the fit-time model, what a search can afford."""

from ._allowance import Allowance
from ._clock import Clock
from ._comparison import ComparisonTime
from ._constants import (
    COST_EXPONENT,
    EVALUATION_GRACE,
    FIRST_TRIALS_SHARE,
    KERNEL_EXPONENT,
    LAST_FIT_GRACE,
    MARGIN,
    QUICK_FIT,
    REFERENCE_SHARE,
    SELECTION_SHARE,
    START_LIMIT,
)
from ._first_model import FirstModel, Fitted
from ._fit_time import FitTime
from ._fold_subset import (
    FewerFolds,
    compare_as_far_as_known,
    one_fold_counts,
    sound_folds,
    warn_of_default,
)
from ._last_fit import LastFitTime, Measured, stand_in, usable_fits
from ._reference import Reference
from ._reserve import Reserve, longest_fit
from ._subsample import Subsample, measure_subsample, validation_rows

__all__ = [
    "COST_EXPONENT",
    "EVALUATION_GRACE",
    "FIRST_TRIALS_SHARE",
    "KERNEL_EXPONENT",
    "LAST_FIT_GRACE",
    "MARGIN",
    "QUICK_FIT",
    "REFERENCE_SHARE",
    "SELECTION_SHARE",
    "START_LIMIT",
    "Allowance",
    "Clock",
    "ComparisonTime",
    "FewerFolds",
    "FirstModel",
    "FitTime",
    "Fitted",
    "LastFitTime",
    "Measured",
    "Reference",
    "Reserve",
    "Subsample",
    "compare_as_far_as_known",
    "longest_fit",
    "measure_subsample",
    "one_fold_counts",
    "sound_folds",
    "stand_in",
    "usable_fits",
    "validation_rows",
    "warn_of_default",
]
