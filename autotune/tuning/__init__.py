"""One ``fit``: the validated problem, the search, the conclusion, the last fit."""

from ._callbacks import Callbacks
from ._conclusion import conclude
from ._final_model import make_final_model
from ._kept import FoldResults, make_fold_results, out_of_fold
from ._problem import Problem, make_problem
from ._rescore import Rescorer
from ._runtime import Runtime, open_runtime
from ._scoring import make_router, make_scoring
from ._search import SearchResult, search, take_over
from ._speed import PredictionTime, measure_final_model
from ._study import Study, open_study
from ._validation import asks_for_average
from ._winner import Winner, choose_winner

__all__ = [
    "Callbacks",
    "FoldResults",
    "PredictionTime",
    "Problem",
    "Rescorer",
    "Runtime",
    "SearchResult",
    "Study",
    "Winner",
    "asks_for_average",
    "choose_winner",
    "conclude",
    "make_final_model",
    "make_fold_results",
    "make_problem",
    "make_router",
    "make_scoring",
    "measure_final_model",
    "open_runtime",
    "open_study",
    "out_of_fold",
    "search",
    "take_over",
]
