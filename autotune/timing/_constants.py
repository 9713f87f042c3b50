"""The constants of all rules about time.

The comment above each constant gives its unit, its meaning and its source: "chosen" means that
it was not measured; file names refer to the repository. Only ``FASTEST`` is elsewhere, in
``_budget.py``, because searchers need it too. The timeouts of processes and clusters are
internal to the executors.
"""

from __future__ import annotations

# The fit-time model

# power; of the rows, assumed with one measurement; chosen, above a straight line
USUAL_EXPONENT = 1.2
# power; of the rows, assumed without measurements; chosen, between a straight line and a kernel
UNMEASURED_EXPONENT = 1.5
# power; that of kernel methods, which hardly any model exceeds; their matrix is n by n
KERNEL_EXPONENT = 2.0
# power; the largest to extrapolate from two measurements; chosen, above that of kernel methods
STEEPEST = 2.5
# power; the smallest to extrapolate from two measurements, whose fixed part may grow; chosen
FLATTEST = 0.8
# share of a fit's seconds; the largest part assumed independent of the rows; chosen
MOST_FIXED = 0.9
# weight; of the power law against a straight line, with two fits; benchmarks/promises.py
POWER_WEIGHT = 0.6
# share of a bend; that is extrapolated if three fits show it; tests/timing/test_first.py, boosting
BEND_WEIGHT = 0.5
# fits; the fewest that can show a bend; three points
BEND_FITS = 3

# Fits of the default before the search, on increasing numbers of rows

# training rows; with fewer, the search uses all of them; chosen
SMALL_ROWS = 3000
# share of the fewest rows of a search; for the first trial fit; chosen
TRIAL_START = 0.25
# times the rows; from a trial fit to the next; chosen
TRIAL_FACTOR = 4.0
# times the rows of a trial fit; the fewest rows at which subsampling is tried; chosen
TRIAL_ROOM = 1.5
# share of the budget; after which a trial fit is killed; chosen
TRIAL_LIMIT = 0.1
# share of the budget; the expected limit of any trial fit after the second; chosen
TRIAL_EXPENSIVE = 0.05
# share of the budget; two fits suffice if the second takes at least that; chosen
TRIAL_INFORMATIVE = 0.01
# share of the budget; if the first model takes longer, there are no trial fits; chosen
TRIAL_SCORED = 0.03
# share of a fit's limit; a longer fit is not explained by imports; chosen
WARM_UP = 0.2

# The rows of a search

# evaluations; if fewer are affordable, a search uses fewer rows; the default and another
LEAST_EVALUATIONS = 2
# share of the rows; above which subsampling saves too little; chosen
NEARLY_ALL = 0.7
# share of the seconds left; reserved for the search; chosen
LEAST_SEARCH = 0.4
# rows; the most of a validation fold that are scored in a search on a subsample; chosen
MOST_VALIDATION_ROWS = 10_000

# The first model: the default, fitted on all rows before the search if there is time

# share of the budget; a shorter fit on all rows is left to the search; chosen
CHEAP_FIT = 0.02
# share of the seconds left; below it, a prediction from one fit is trusted; chosen
SURE_FIT = 0.5
# share of the seconds left; the least for an informative fit on more rows; chosen
LEAST_STEP = 0.15
# share of the seconds left; the limit of a fit on more rows; tests/timing/test_first.py
MOST_STEP = 0.35
# times the rows of the fit before; that are informative enough; tests/timing/test_first.py
STEP_FACTOR = 8.0
# share of all rows; that is informative enough; tests/timing/test_first.py
STEP_ROWS = 0.125
# fits; the most to decide if there is time for all rows; tests/timing/test_first.py
MOST_STEPS = 2
# times the rows; of a second fit, while the growth of the time is unknown; benchmarks/promises.py
BLIND_FACTOR = 10.0
# share of the seconds left; the limit of such a fit; benchmarks/promises.py
BLIND_LIMIT = 0.25
# share of the seconds left; the most that the first fit may have taken; benchmarks/promises.py
BLIND_MOST = 0.1
# times the seconds of the first fit; after which its repetition is killed; chosen
REPEAT_LIMIT = 2.0
# times the seconds left; a fit that is expected to take more is not tried; chosen
HOPELESS = 3.0
# seconds; by which that fit may exceed the budget; below what benchmarks/promises.py allows
FIRST_TOLERANCE = 0.3
# share of the seconds left; after which the smallest fit is killed; chosen
FIRST_LIMIT = 0.9
# times the rows of the fit before; the fewest for another one; chosen
FIRST_STEP = 1.5

# The folds of a search

# trials; that a search must have time for; chosen, the default and two others
LEAST_TRIALS = 3

# One evaluation

# power; of its seconds by which the expected improvement is divided; chosen, between 0 and 1
COST_EXPONENT = 0.5
# seconds; for an executor to kill an evaluation in time; chosen
EVALUATION_GRACE = 0.05
# times the longest evaluation so far; before which none is killed; benchmarks/promises.py
USUAL_FACTOR = 3.0
# times its share of the seconds left; after which an evaluation is killed; chosen
PATIENCE = 1.5
# share of the budget; for the first trials of all models but the first, one in so many; chosen
FIRST_TRIALS_SHARE = 0.3
# share of the budget; for defaults that cannot win; a twentieth, less the time to kill one
REFERENCE_SHARE = 0.04
# times the expected seconds; assumed for an evaluation of such a default; chosen
REFERENCE_MARGIN = 1.5

# The final comparison

# share of the budget; its limit; chosen, promised in the notes of Auto
COMPARISON_SHARE = 0.1

# The last fit

# times the expected seconds; assumed for the last fit and the final comparison; chosen
MARGIN = 1.25
# times the expected seconds; reserved for the last fit during the search; chosen
RESERVE_MARGIN = 1.1
# share of the budget; reserved while no fit has ended; chosen
RESERVE_UNKNOWN = 0.2
# share of the budget; the most reserved if the last fit may use fewer rows; chosen
MOST_RESERVE = 0.5
# seconds; for an executor to kill the last fit in time; chosen
LAST_FIT_GRACE = 0.1
# share of the budget; by which last fits may exceed it; below the 5 % of benchmarks/promises.py
TOLERANCE_SHARE = 0.04
# seconds; the same for small budgets; below the second of benchmarks/promises.py
TOLERANCE = 0.6
# share of the winner's seconds; below which a stand-in is considered fast; chosen
STAND_IN_SPEED = 0.1
# share of the rows; the least for the last fit of a stand-in; chosen
FEWEST_ROWS = 0.05
# times the seconds of a fit in the search; reserved to repeat it; chosen
REPEAT_MARGIN = 1.5
# share of the budget; the least reserved for it, as a process must start; chosen
RESTART_SHARE = 0.1
# times the rows of the fit before; the fewest for another last fit; chosen
LARGER_STEP = 1.3
# times the rows of another fit; from which two fits can be extrapolated; chosen
TELLING_STEP = 1.5

# The ensemble

# share of the budget; kept for its selection and for fits of its members on all rows; chosen
SELECTION_SHARE = 0.1

# The untuned model that the command line fits for comparison

# seconds; shorter fits run in the main process; chosen
QUICK_FIT = 1.0
# seconds; for the start of a process in which the fit can be killed; chosen
START_LIMIT = 10.0
